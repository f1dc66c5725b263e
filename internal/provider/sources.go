package provider

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/aliyun/credentials-go/credentials/providers"
)

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

func (c *Chain) fromInstance() (*source, error) {
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
func isNoInstance(err error) bool { return !MayPass(err) || strings.Contains(err.Error(), ": dial ") }

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
