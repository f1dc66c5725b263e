package cams

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"time"

	"github.com/aliyun/credentials-go/credentials"

	"github.com/cams-go/cams/internal/provider"
	"github.com/cams-go/cams/internal/retry"
)

// Credentials sign a request: an AccessKey pair, with a SecurityToken if it is
// temporary, or a BearerToken alone.
//
// Printing, logging or marshalling Credentials shows at most the start of the AccessKey
// ID. There are two exceptions. Package fmt prints all of a value in an unexported field,
// without calling its methods. Do not keep Credentials in an unexported field; keep a
// [CredentialsProvider], for instance [StaticCredentials], which shows nothing. Do not
// encode Credentials with encoding/gob, which writes all fields.
type Credentials struct {
	AccessKeyID     string
	AccessKeySecret string
	SecurityToken   string // for temporary credentials (STS)
	BearerToken     string // used instead of an AccessKey pair

	// Expires is when the credentials end, by the service's clock. A client caches credentials from your own
	// provider and renews them shortly before Expires. If the provider then fails, the
	// client uses them until Expires. Zero means unknown: the client asks the provider
	// before each attempt.
	Expires time.Time
}

// CredentialsProvider returns the credentials for a request. A client asks it before each
// attempt, so it may rotate the credentials. Credentials with an Expires are cached until
// shortly before that time.
//
// A client calls your provider from one goroutine at a time, and shares the result with
// all calls that wait for it. So ctx has none of their values, and it ends when none of
// them waits any more. A provider that two clients use must be safe for concurrent use.
//
// While cached credentials are valid, a call waits at most two seconds for new ones, and
// then uses the cached ones. The provider may take longer: ctx does not end in the first
// minute of such a renewal, even if all calls have ended. After a renewal that failed,
// the client asks again ten seconds later. Only a renewal, or a provider that ignores
// ctx, outlives the calls.
//
// An error ends the call, unless it may be temporary. A failed connection, or an error
// whose method Timeout or Temporary returns true, causes a retry.
type CredentialsProvider interface {
	Credentials(ctx context.Context) (Credentials, error)
}

// StaticCredentials returns a provider of an AccessKey pair that does not change.
// securityToken is "" for a long-term AccessKey.
func StaticCredentials(accessKeyID, accessKeySecret, securityToken string) CredentialsProvider {
	return newStaticProvider(Credentials{AccessKeyID: accessKeyID, AccessKeySecret: accessKeySecret, SecurityToken: securityToken})
}

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
	return newSharedProvider(provider.FromChain(&provider.Chain{Check: checkKeys}))
}

// CredentialsFrom returns a provider that uses a credential of Alibaba Cloud's
// credentials-go: RAM roles, OIDC, ECS metadata, a credentials URI, a bearer token and
// so on.
//
// That library takes no context, and most of its providers are not safe for concurrent
// use. The returned provider is: it calls c from one goroutine at a time, and a call
// that waits for c stops waiting when its own context ends. Share the returned provider,
// not c, between clients.
//
// If c cannot renew a session because of a temporary failure, the previous session is
// used for up to three more minutes.
//
// If the service refuses the credentials, for instance an expired security token, c is
// asked once more. But c may return the same token until it expires by c's own clock.
// [DefaultCredentials] searches again instead.
func CredentialsFrom(c credentials.Credential) CredentialsProvider {
	if isNil(c) {
		return newStaticProvider(Credentials{}) // NewClient returns an error for empty credentials
	}
	return newSharedProvider(provider.FromLibrary(c))
}

// isNil reports whether c is nil or an interface that holds a nil pointer.
func isNil(c credentials.Credential) bool {
	v := reflect.ValueOf(c)
	return c == nil || v.Kind() == reflect.Pointer && v.IsNil()
}

// staticProvider is the fast path: no goroutine, no lock. It keeps the credentials in a
// closure, because fmt prints unexported fields but cannot print what a closure holds.
type staticProvider struct{ get func() Credentials }

func newStaticProvider(creds Credentials) *staticProvider {
	return &staticProvider{func() Credentials { return creds }}
}

func (p *staticProvider) Credentials(context.Context) (Credentials, error) { return p.get(), nil }

// sharedProvider is any other provider: one call at a time, cached, safe for concurrent
// use.
type sharedProvider struct{ shared *provider.Shared }

func newSharedProvider(fetch provider.Fetcher) sharedProvider {
	return sharedProvider{provider.NewShared(checkKeys, fetch, time.Now)}
}

func (p sharedProvider) Credentials(ctx context.Context) (Credentials, error) {
	keys, err := p.shared.Get(ctx)
	return Credentials(keys), err
}

// shareable wraps a user's provider. Its credentials end by clock, which the service's
// answers correct. The package's own providers are already safe for concurrent use.
func shareable(p CredentialsProvider, clock *retry.Clock) CredentialsProvider {
	switch p.(type) {
	case *staticProvider, sharedProvider:
		return p
	}
	fetch := provider.FromUser(func(ctx context.Context) (provider.Keys, error) {
		creds, err := p.Credentials(ctx)
		return provider.Keys(creds), err
	}, clock.Now)
	return sharedProvider{provider.NewShared(checkKeys, fetch, clock.Now)}
}

func (c *Credentials) keys() provider.Keys { return provider.Keys(*c) }

// validate returns an error for credentials that cannot sign a request.
func (c *Credentials) validate() error { return checkKeys(c.keys()) }

func checkKeys(keys provider.Keys) error {
	if field, reason := keys.Problem(); reason != "" {
		return &ValidationError{Field: "Credentials." + field, Reason: reason}
	}
	return nil
}

// sameAs reports whether c and other are equal, apart from Expires.
func (c *Credentials) sameAs(other Credentials) bool {
	return c.keys().SameAs(other.keys())
}

// String returns which fields are set, and the start of the AccessKey ID.
func (c Credentials) String() string {
	shown := ""
	if len(c.AccessKeyID) >= 12 { // real IDs are as long, and their first letters show their kind
		shown = c.AccessKeyID[:4]
	}
	var parts []string
	for _, part := range []struct{ field, value, shown string }{
		{"AccessKeyID", c.AccessKeyID, shown}, {"AccessKeySecret", c.AccessKeySecret, ""},
		{"SecurityToken", c.SecurityToken, ""}, {"BearerToken", c.BearerToken, ""},
	} {
		if part.value != "" {
			parts = append(parts, part.field+":"+part.shown+"***")
		}
	}
	return "Credentials{" + strings.Join(parts, " ") + "}"
}

// Format implements [fmt.Formatter]: every verb prints what String returns. Without it,
// some verbs such as %d would print the fields.
func (c Credentials) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer] with String.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON returns what String returns, as a JSON string. Credentials cannot be
// stored this way.
func (c Credentials) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// MarshalText returns what String returns, for encoders such as XML and YAML that would
// otherwise write the fields.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.String()), nil }
