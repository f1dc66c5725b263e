package provider

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/aliyun/credentials-go/credentials/providers"
)

// cliProfile has the fields of a CLI profile that are used here.
type cliProfile struct {
	Name            string `json:"name"`
	Mode            string `json:"mode"`
	AccessKeyID     string `json:"access_key_id"`
	AccessKeySecret string `json:"access_key_secret"`
	CredentialsURI  string `json:"credentials_uri"`
	SourceProfile   string `json:"source_profile"`
}

// isBlank reports whether a profile is as the CLI first creates it, without keys.
func (p *cliProfile) isBlank() bool {
	return (p.Mode == "" || p.Mode == "AK") && p.AccessKeyID+p.AccessKeySecret == ""
}

// cliModes are the CLI's modes that credentials-go supports.
var cliModes = []string{"AK", "StsToken", "RamRoleArn", "EcsRamRole", "OIDC", "External", "ChainableRamRoleArn", "CloudSSO", "OAuth"}

func fromCLI() (*source, error) {
	path := configured("ALIBABA_CLOUD_CONFIG_FILE", ".aliyun/config.json")
	if path == "" || isTrue("ALIBABA_CLOUD_CLI_PROFILE_DISABLED") {
		return nil, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the CLI's configuration: %w", err)
	}
	var config struct {
		Current  string       `json:"current"`
		Profiles []cliProfile `json:"profiles"`
	}
	if err := json.Unmarshal(content, &config); err != nil {
		return nil, fmt.Errorf("the CLI's configuration %s cannot be parsed: it %s: fix it, or set ALIBABA_CLOUD_CLI_PROFILE_DISABLED=true", path, jsonProblem(content, err))
	}
	chosen := os.Getenv("ALIBABA_CLOUD_PROFILE")
	name := cmp.Or(chosen, config.Current)
	i := indexOf(config.Profiles, name)
	switch {
	case i < 0 && (chosen != "" || name == "" || len(config.Profiles) == 0): // the credentials file may have the profile
		return nil, nil
	case i < 0:
		return nil, fmt.Errorf("the CLI's current profile %s does not exist: choose another with ALIBABA_CLOUD_PROFILE", strconv.Quote(name))
	case chosen == "" && config.Profiles[i].isBlank():
		return nil, nil
	}
	profile := &config.Profiles[i]
	called := fmt.Sprintf("the CLI's profile %s of mode %s", strconv.Quote(name), cmp.Or(profile.Mode, `""`))
	switch {
	case profile.Mode == "CredentialsURI" && profile.CredentialsURI != "": // credentials-go does not support this mode in a profile
		provider, err := providers.NewURLCredentialsProviderBuilder().WithUrl(profile.CredentialsURI).Build()
		return newSource(called, provider, err)
	case profile.Mode == "CredentialsURI":
		return nil, errors.New(called + " has no credentials_uri")
	case isCircular(config.Profiles, i):
		return nil, errors.New(called + " is its own source profile")
	case !slices.Contains(cliModes, profile.Mode):
		return nil, errors.New(called + " cannot be used here: choose another with ALIBABA_CLOUD_PROFILE, or pass WithCredentials")
	}
	provider, err := providers.NewCLIProfileCredentialsProviderBuilder().WithProfileFile(path).WithProfileName(name).Build()
	return newSource(called+" fails, fix it or choose another with ALIBABA_CLOUD_PROFILE", provider, err)
}

// jsonProblem says why a file is not JSON, without quoting it: it may contain a secret.
func jsonProblem(content []byte, err error) string {
	syntax, ok := err.(*json.SyntaxError)
	switch {
	case bytes.HasPrefix(content, []byte("\xff\xfe")), bytes.HasPrefix(content, []byte("\xfe\xff")):
		return "is in UTF-16, and must be in UTF-8"
	case bytes.HasPrefix(content, []byte("\xef\xbb\xbf")):
		return "begins with a byte order mark, which JSON must not"
	case len(bytes.TrimSpace(content)) == 0:
		return "is empty"
	case !ok:
		return "has a field of another type"
	}
	before := content[:min(len(content), int(syntax.Offset))]
	line := 1 + bytes.Count(before, []byte("\n"))
	rest := bytes.TrimRight(before[:max(0, len(before)-1)], " \t\r\n")
	if len(rest) > 0 && rest[len(rest)-1] == ',' && bytes.ContainsAny(before[len(before)-1:], "]}") {
		return fmt.Sprintf("has a comma before the bracket in line %d", line)
	}
	return fmt.Sprintf("is not JSON in line %d", line)
}

func indexOf(profiles []cliProfile, name string) int {
	return slices.IndexFunc(profiles, func(p cliProfile) bool { return p.Name == name })
}

// isCircular reports whether the chain of source profiles of a profile never ends.
// credentials-go would follow it until the stack overflows.
func isCircular(profiles []cliProfile, i int) bool {
	for range len(profiles) + 1 {
		if i < 0 || profiles[i].Mode != "ChainableRamRoleArn" {
			return false
		}
		i = indexOf(profiles, profiles[i].SourceProfile)
	}
	return true
}
