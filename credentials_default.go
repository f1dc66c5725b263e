package cams

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aliyun/credentials-go/credentials/providers"

	"github.com/cams-go/cams/internal/flight"
	"github.com/cams-go/cams/internal/redact"
)

// DefaultCredentials returns a provider that searches the sources of credentials-go's
// default chain, in the same order, and uses the first one that is configured:
//
//  1. ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and, for
//     temporary credentials, ALIBABA_CLOUD_SECURITY_TOKEN;
//  2. OIDC: ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN and
//     ALIBABA_CLOUD_OIDC_TOKEN_FILE;
//  3. the aliyun CLI's profile in ~/.aliyun/config.json (or ALIBABA_CLOUD_CONFIG_FILE):
//     the one that ALIBABA_CLOUD_PROFILE names, or else the current one, unless
//     ALIBABA_CLOUD_CLI_PROFILE_DISABLED is true;
//  4. the credentials file ~/.alibabacloud/credentials (or
//     ALIBABA_CLOUD_CREDENTIALS_FILE): the section that ALIBABA_CLOUD_PROFILE names, or
//     else default;
//  5. the role of the ECS instance, unless ALIBABA_CLOUD_ECS_METADATA_DISABLED is true;
//  6. ALIBABA_CLOUD_CREDENTIALS_URI.
//
// A source that is configured but does not work is an error that names the source.
// credentials-go's own chain would silently use the next identity instead. So these are
// errors too: an AccessKey ID without its secret, an incomplete set of OIDC variables
// (ALIBABA_CLOUD_ROLE_ARN alone does not count), a broken file, and a profile that does
// not exist or has an unsupported mode. There is one exception: if there is no metadata
// service, or it offers no role, the search goes on, unless ALIBABA_CLOUD_ECS_METADATA
// names a role.
//
// The supported modes of a CLI profile are AK, StsToken, RamRoleArn, EcsRamRole, OIDC,
// External, CredentialsURI, ChainableRamRoleArn, CloudSSO and OAuth. In the modes
// External and OAuth credentials-go rewrites the CLI's file with each new session and
// drops the fields that it does not know. If it cannot parse the output of a command of
// mode External, it prints the command and its output, secrets included, to standard
// output.
//
// Credentials are cached for one minute, and used for two more if they cannot be
// renewed. After a failure the search starts again, so a corrected environment takes
// effect without a new client.
func DefaultCredentials() CredentialsProvider {
	return newSharedProvider(new(defaultChain).fetch)
}

// defaultChain is the state of [DefaultCredentials]. One fetch at a time uses it.
type defaultChain struct {
	used       *source // nil means that the search has yet to find one
	onInstance bool    // the metadata service has returned credentials before
}

// source is a source of credentials that is configured.
type source struct {
	name     string // for error texts
	provider providers.CredentialsProvider
	absent   func(error) bool // reports whether an error means that the source has nothing; nil means never
}

const instanceRole = "the role of this ECS instance"

func (c *defaultChain) fetch(_ context.Context, rejected rejected) (Credentials, flight.Lifetime, error) {
	for {
		used := c.used
		c.used = nil // after any failure below, even a panic, the next fetch searches again
		fresh := used == nil
		var creds Credentials
		var err error
		if fresh {
			used, creds, err = c.find()
		} else {
			creds, err = used.credentials()
		}
		if err != nil {
			return Credentials{}, flight.Lifetime{}, err
		}
		if !fresh && rejected != nil && rejected(creds) {
			continue // the source returned the credentials that the service refused
		}
		c.used = used
		// A source does not say when its credentials expire, and asking it may run a
		// command, so the credentials are cached for a minute.
		now := time.Now()
		return creds, flight.Lifetime{Refresh: now.Add(time.Minute), End: now.Add(renewedEarly)}, nil
	}
}

// find asks the first source that is configured.
func (c *defaultChain) find() (*source, Credentials, error) {
	for _, look := range []func() (*source, error){
		fromEnvironment, fromOIDC, fromCLI, fromFile, fromNowhere, c.fromInstance, fromURI,
	} {
		found, err := look()
		if err != nil {
			return nil, Credentials{}, err
		}
		if found == nil {
			continue
		}
		creds, err := found.credentials()
		if err != nil && found.absent != nil && found.absent(err) {
			continue
		}
		c.onInstance = c.onInstance || err == nil && found.name == instanceRole
		return found, creds, err
	}
	// Kept short: with the operation before it, it fills two lines of a terminal.
	return nil, Credentials{}, errors.New("set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET (no CLI profile, file or role)")
}

// credentials asks the source. Its errors name it.
func (s *source) credentials() (Credentials, error) {
	found, err := s.provider.GetCredentials()
	if err != nil {
		return Credentials{}, fmt.Errorf("%s: %w", s.name, ofCredentialsGo(err))
	}
	creds := Credentials{AccessKeyID: found.AccessKeyId, AccessKeySecret: found.AccessKeySecret, SecurityToken: found.SecurityToken}
	if err := creds.validate(); err != nil {
		return Credentials{}, redact.NewError(s.name+": "+strings.TrimPrefix(err.Error(), "cams: "), err)
	}
	return creds, nil
}

// newSource returns a source for the result of a credentials-go builder.
func newSource(name string, provider providers.CredentialsProvider, err error) (*source, error) {
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &source{name: name, provider: provider}, nil
}

func fromEnvironment() (*source, error) {
	const idName, secretName = "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"
	id, secret := os.Getenv(idName), os.Getenv(secretName)
	switch {
	case id == "" && secret == "":
		return nil, nil
	case secret == "":
		return nil, errors.New(idName + " is set, but not " + secretName)
	case id == "":
		return nil, errors.New(secretName + " is set, but not " + idName)
	}
	provider, err := providers.NewEnvironmentVariableCredentialsProviderBuilder().Build()
	return newSource("the environment", provider, err)
}

func fromOIDC() (*source, error) {
	if os.Getenv("ALIBABA_CLOUD_OIDC_TOKEN_FILE")+os.Getenv("ALIBABA_CLOUD_OIDC_TOKEN")+os.Getenv("ALIBABA_CLOUD_OIDC_PROVIDER_ARN") == "" {
		return nil, nil
	}
	provider, err := providers.NewOIDCCredentialsProviderBuilder().Build()
	return newSource("OIDC (ALIBABA_CLOUD_OIDC_TOKEN_FILE, ALIBABA_CLOUD_OIDC_PROVIDER_ARN and ALIBABA_CLOUD_ROLE_ARN)", provider, err)
}

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
	if json.Unmarshal(content, &config) != nil {
		return nil, fmt.Errorf("the CLI's configuration %s cannot be parsed: fix it, or set ALIBABA_CLOUD_CLI_PROFILE_DISABLED=true", path)
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

func fromFile() (*source, error) {
	path := configured("ALIBABA_CLOUD_CREDENTIALS_FILE", ".alibabacloud/credentials")
	if path == "" {
		return nil, nil
	}
	provider, err := providers.NewProfileCredentialsProviderBuilder().Build()
	found, err := newSource("the credentials file "+path, provider, err)
	if found != nil {
		found.absent = func(err error) bool { return strings.Contains(err.Error(), "Can not load section") }
	}
	return found, err
}

// fromNowhere returns an error if ALIBABA_CLOUD_PROFILE is set: neither file has that
// profile, or the search would not have come here.
func fromNowhere() (*source, error) {
	if name := os.Getenv("ALIBABA_CLOUD_PROFILE"); name != "" {
		return nil, fmt.Errorf("ALIBABA_CLOUD_PROFILE is %s, but neither the CLI's configuration nor the credentials file has that profile", strconv.Quote(name))
	}
	return nil, nil
}

func (c *defaultChain) fromInstance() (*source, error) {
	if isTrue("ALIBABA_CLOUD_ECS_METADATA_DISABLED") {
		return nil, nil
	}
	provider, err := providers.NewECSRAMRoleCredentialsProviderBuilder().Build()
	found, err := newSource(instanceRole, provider, err)
	if found != nil && os.Getenv("ALIBABA_CLOUD_ECS_METADATA") == "" && !c.onInstance {
		found.absent = isNoInstance
	}
	return found, err
}

// isNoInstance reports whether an error of the metadata service means that this is not
// an ECS instance, or one without a role.
func isNoInstance(err error) bool { return !mayPass(err) || strings.Contains(err.Error(), ": dial ") }

func fromURI() (*source, error) {
	if os.Getenv("ALIBABA_CLOUD_CREDENTIALS_URI") == "" {
		return nil, nil
	}
	provider, err := providers.NewURLCredentialsProviderBuilder().Build()
	return newSource("ALIBABA_CLOUD_CREDENTIALS_URI", provider, err)
}

// configured returns the file that a variable names, or else the one in the home
// directory, or "" if there is none.
func configured(variable, atHome string) string {
	if path := os.Getenv(variable); path != "" {
		return path
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	path := filepath.Join(home, filepath.FromSlash(atHome))
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

func isTrue(variable string) bool { return strings.EqualFold(os.Getenv(variable), "true") }
