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

// DefaultCredentials looks in the places of credentials-go's default chain, in its
// order, and takes the first that is set up:
//
//  1. ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and, for
//     temporary credentials, ALIBABA_CLOUD_SECURITY_TOKEN;
//  2. OIDC: ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN and
//     ALIBABA_CLOUD_OIDC_TOKEN_FILE;
//  3. the aliyun CLI's profile in ~/.aliyun/config.json (or ALIBABA_CLOUD_CONFIG_FILE):
//     ALIBABA_CLOUD_PROFILE, else its current one, unless
//     ALIBABA_CLOUD_CLI_PROFILE_DISABLED is true;
//  4. the section ALIBABA_CLOUD_PROFILE, else default, of ~/.alibabacloud/credentials
//     (or ALIBABA_CLOUD_CREDENTIALS_FILE);
//  5. the role of the ECS instance, unless ALIBABA_CLOUD_ECS_METADATA_DISABLED is true;
//  6. ALIBABA_CLOUD_CREDENTIALS_URI.
//
// What is set up but does not work is an error that names it. credentials-go's own
// chain would go on and use whatever identity comes next. So these are errors too:
// an AccessKey ID without its secret, an OIDC variable without the others, a broken
// file, a profile that does not exist or whose mode credentials-go does not know.
// Only if the metadata service gives no role, and ALIBABA_CLOUD_ECS_METADATA names
// none, the search goes on.
//
// Of the CLI's modes AK, StsToken, RamRoleArn, EcsRamRole, OIDC, External,
// CredentialsURI, ChainableRamRoleArn, CloudSSO and OAuth work. In the modes External
// and OAuth credentials-go rewrites the CLI's file with each new session, and drops
// the fields that it does not know. If it cannot parse what a command of mode External
// printed, it prints the command and its output, secrets included, to the standard
// output.
//
// Credentials are kept for a minute, and used for two more while they cannot be
// renewed. The search starts over after a failure, so that mending the environment
// mends the client.
func DefaultCredentials() CredentialsProvider {
	return newSharedProvider(new(defaultChain).fetch)
}

// defaultChain is the state of [DefaultCredentials]. One fetch at a time uses it.
type defaultChain struct {
	used       *source // nil: to be found
	onInstance bool    // the metadata service gave credentials before
}

// source is a place that is set up.
type source struct {
	name     string // as errors call it
	provider providers.CredentialsProvider
	absent   func(error) bool // whether the error says that there is nothing after all; nil: none does
}

const instanceRole = "the role of this ECS instance"

func (c *defaultChain) fetch(_ context.Context, rejected rejected) (Credentials, flight.Lifetime, error) {
	for {
		used := c.used
		c.used = nil // whatever goes wrong below, a panic too, starts over next time
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
			continue // the source still holds what the service no longer takes
		}
		c.used = used
		// A source does not say when its credentials expire, and asking may run a command.
		now := time.Now()
		return creds, flight.Lifetime{Refresh: now.Add(time.Minute), End: now.Add(renewedEarly)}, nil
	}
}

// find asks the first source that is set up.
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
	// Short: with the operation before it, it is two lines of a terminal.
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

// newSource makes a source of what a builder of credentials-go built.
func newSource[P providers.CredentialsProvider](name string, provider P, err error) (*source, error) {
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

// cliProfile is what we need to know of a profile of the CLI.
type cliProfile struct {
	Name            string `json:"name"`
	Mode            string `json:"mode"`
	AccessKeyID     string `json:"access_key_id"`
	AccessKeySecret string `json:"access_key_secret"`
	CredentialsURI  string `json:"credentials_uri"`
	SourceProfile   string `json:"source_profile"`
}

// isBlank tells a profile that the CLI made but nobody filled in.
func (p *cliProfile) isBlank() bool {
	return (p.Mode == "" || p.Mode == "AK") && p.AccessKeyID+p.AccessKeySecret == ""
}

// cliModes are the CLI's modes that credentials-go knows.
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
		return nil, fmt.Errorf("the CLI's configuration %s is not what the CLI writes: mend it, or set ALIBABA_CLOUD_CLI_PROFILE_DISABLED=true", path)
	}
	chosen := os.Getenv("ALIBABA_CLOUD_PROFILE")
	name := cmp.Or(chosen, config.Current)
	i := indexOf(config.Profiles, name)
	switch {
	case i < 0 && (chosen != "" || name == "" || len(config.Profiles) == 0): // the credentials file may have it
		return nil, nil
	case i < 0:
		return nil, fmt.Errorf("the CLI's current profile %s does not exist: choose another with ALIBABA_CLOUD_PROFILE", strconv.Quote(name))
	case chosen == "" && config.Profiles[i].isBlank():
		return nil, nil
	}
	profile := &config.Profiles[i]
	called := fmt.Sprintf("the CLI's profile %s of mode %s", strconv.Quote(name), cmp.Or(profile.Mode, `""`))
	switch {
	case profile.Mode == "CredentialsURI" && profile.CredentialsURI != "": // credentials-go does not know it
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
	return newSource(called+" fails, mend it or choose another with ALIBABA_CLOUD_PROFILE", provider, err)
}

func indexOf(profiles []cliProfile, name string) int {
	return slices.IndexFunc(profiles, func(p cliProfile) bool { return p.Name == name })
}

// isCircular reports whether a profile's sources lead back to it: credentials-go
// would follow them until the stack overflows.
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

// fromNowhere is the error of a profile that is named and is in neither file.
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

// isNoInstance reports whether an error of the metadata service says that this is no
// ECS instance, or one without a role. A credentials URI was chosen, the role is a guess.
func isNoInstance(err error) bool {
	return os.Getenv("ALIBABA_CLOUD_CREDENTIALS_URI") != "" || !mayPass(err) || strings.Contains(err.Error(), ": dial ")
}

func fromURI() (*source, error) {
	if os.Getenv("ALIBABA_CLOUD_CREDENTIALS_URI") == "" {
		return nil, nil
	}
	provider, err := providers.NewURLCredentialsProviderBuilder().Build()
	return newSource("ALIBABA_CLOUD_CREDENTIALS_URI", provider, err)
}

// configured is the file that a variable names, else the one at home if it can be
// found: a home that is no directory, or not ours, is as good as none.
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
