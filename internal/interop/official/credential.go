package official

import "github.com/aliyun/credentials-go/credentials"

// Credential is a fixed credential that does not name its provider. If a credential names one, the core adds
// the header x-acs-credentials-provider and signs it. cams does not send that header, so the core must not
// send it in a comparison of signatures.
type Credential struct{ model credentials.CredentialModel }

// AccessKey returns a credential for an AccessKey pair. It is temporary if there is a security token.
func AccessKey(accessKeyID, accessKeySecret, securityToken string) *Credential {
	kind := "access_key"
	model := credentials.CredentialModel{AccessKeyId: &accessKeyID, AccessKeySecret: &accessKeySecret, Type: &kind}
	if securityToken != "" {
		kind = "sts"
		model.SecurityToken = &securityToken
	}
	return &Credential{model}
}

// Bearer returns a credential for a bearer token.
func Bearer(token string) *Credential {
	kind := "bearer"
	return &Credential{credentials.CredentialModel{BearerToken: &token, Type: &kind}}
}

// GetCredential returns the credential. The core calls it.
func (c *Credential) GetCredential() (*credentials.CredentialModel, error) { return &c.model, nil }

// The other methods of credentials.Credential are deprecated. The core does not call them.

func (c *Credential) GetAccessKeyId() (*string, error)     { return c.model.AccessKeyId, nil }
func (c *Credential) GetAccessKeySecret() (*string, error) { return c.model.AccessKeySecret, nil }
func (c *Credential) GetSecurityToken() (*string, error)   { return c.model.SecurityToken, nil }
func (c *Credential) GetBearerToken() *string              { return c.model.BearerToken }
func (c *Credential) GetType() *string                     { return c.model.Type }
