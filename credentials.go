package cams

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/aliyun/credentials-go/credentials"

	"github.com/cams-go/cams/internal/flight"
)

// Credentials are what a request is signed with: an AccessKey pair, with a
// SecurityToken if it is temporary, or a BearerToken alone.
//
// However it is printed, logged or marshalled, it shows no more than the start
// of the AccessKey ID. The limit: package fmt calls no methods of what is in an
// unexported field, and prints all of it, behind a pointer too. So keep a
// [CredentialsProvider] there, for instance [StaticCredentials], which shows nothing.
type Credentials struct {
	AccessKeyID     string
	AccessKeySecret string
	SecurityToken   string // of temporary credentials (STS)
	BearerToken     string // instead of the AccessKey pair

	// Expires is when a provider of yours has to be asked again. A client keeps the
	// credentials until shortly before, and uses them up to that moment if the
	// provider fails then. Zero: unknown, so that the provider is asked each time.
	Expires time.Time
}

// CredentialsProvider tells the credentials for a request. It is asked before
// each attempt, so it may rotate them, unless it says when they expire.
//
// A client calls a provider of yours from one goroutine at a time and shares
// the answer with the calls that wait for it. ctx ends when none of them waits
// any more; it carries no values of theirs, because the answer is not one
// call's. A provider that two clients use must be safe for concurrent use.
//
// An error ends the call, unless it may pass: a failed connection, or one whose
// method Timeout or Temporary reports true, has the attempt repeated.
type CredentialsProvider interface {
	Credentials(ctx context.Context) (Credentials, error)
}

// StaticCredentials provides an AccessKey pair that does not change.
// securityToken is "" for a long-term AccessKey.
func StaticCredentials(accessKeyID, accessKeySecret, securityToken string) CredentialsProvider {
	return newStaticProvider(Credentials{AccessKeyID: accessKeyID, AccessKeySecret: accessKeySecret, SecurityToken: securityToken})
}

// CredentialsFrom bridges any credential of Alibaba Cloud's credentials-go:
// RAM roles, OIDC, ECS metadata, a credentials URI, a bearer token and so on.
//
// That library takes no context and most of its providers are not safe for
// concurrent use. Behind this bridge one goroutine at a time uses c, and a call
// that waits for it gives up with its own context. Share the returned provider,
// not c, between clients.
//
// While c cannot renew a session for a passing failure, the session before is used,
// for three minutes at most.
//
// When the service calls a security token expired, c is asked once more, but it
// may keep the token until its own clock tells it otherwise. [DefaultCredentials]
// starts over.
func CredentialsFrom(c credentials.Credential) CredentialsProvider {
	if isNil(c) {
		return newStaticProvider(Credentials{}) // NewClient refuses it, as it refuses empty credentials
	}
	var last Credentials
	var good time.Time // until when last is good
	return newSharedProvider(func(_ context.Context, rejected rejected) (Credentials, flight.Lifetime, error) {
		creds, lifetime, err := resolve(c)
		switch now := time.Now(); {
		case err == nil:
			last, good = creds, now.Add(renewedEarly)
		case mayPass(err) && now.Before(good) && (rejected == nil || !rejected(last)):
			soon := now.Add(10 * time.Second)
			return last, flight.Lifetime{Refresh: soon, End: soon}, nil
		}
		return creds, lifetime, err
	})
}

// renewedEarly is how long before its end credentials-go renews a session: what it
// returns is good for at least as long.
const renewedEarly = 3 * time.Minute

var errNothing = errors.New("the provider returned nothing")

// resolve asks a credential of credentials-go. What cannot change is kept.
func resolve(c credentials.Credential) (Credentials, flight.Lifetime, error) {
	model, err := c.GetCredential()
	if err != nil {
		return Credentials{}, flight.Lifetime{}, ofCredentialsGo(err)
	}
	if model == nil {
		return Credentials{}, flight.Lifetime{}, errNothing
	}
	creds := Credentials{
		AccessKeyID:     deref(model.AccessKeyId),
		AccessKeySecret: deref(model.AccessKeySecret),
		SecurityToken:   deref(model.SecurityToken),
		BearerToken:     deref(model.BearerToken),
	}
	var lifetime flight.Lifetime
	switch deref(model.ProviderName) {
	case "static_ak", "static_sts", "bearer":
		lifetime.Refresh = time.Now().AddDate(100, 0, 0)
		lifetime.End = lifetime.Refresh
	}
	return creds, lifetime, nil
}

func deref(s *string) string { return *cmp.Or(s, new(string)) }

// isNil tells nil and what an interface makes of a nil pointer.
func isNil(c credentials.Credential) bool {
	v := reflect.ValueOf(c)
	return c == nil || v.Kind() == reflect.Pointer && v.IsNil()
}

// staticProvider is the fast path: no goroutine, no lock. It has a function, for
// fmt prints the fields of whatever is nested in a struct, but no function's.
type staticProvider struct{ get func() Credentials }

func newStaticProvider(creds Credentials) *staticProvider {
	return &staticProvider{func() Credentials { return creds }}
}

func (p *staticProvider) Credentials(context.Context) (Credentials, error) { return p.get(), nil }

// validate refuses credentials that could not sign anything.
func (c *Credentials) validate() error {
	bad := func(field, reason string) error {
		return &ValidationError{Field: "Credentials." + field, Reason: reason}
	}
	for _, part := range []struct{ field, value string }{
		{"AccessKeyID", c.AccessKeyID}, {"AccessKeySecret", c.AccessKeySecret},
		{"SecurityToken", c.SecurityToken}, {"BearerToken", c.BearerToken},
	} {
		if reason := notPrintable(part.value); reason != "" {
			return bad(part.field, reason)
		}
	}
	switch {
	case c.isEmpty():
		return bad("AccessKeyID", "is empty, and so are all other credentials")
	case c.BearerToken != "" && c.AccessKeyID+c.AccessKeySecret+c.SecurityToken != "":
		return bad("BearerToken", "cannot be used together with an AccessKey")
	case c.BearerToken != "":
		return nil
	case c.AccessKeyID == "":
		return bad("AccessKeyID", "is empty")
	case c.AccessKeySecret == "":
		return bad("AccessKeySecret", "is empty")
	}
	return nil
}

// notPrintable says what a value holds that no key and no token has: what a file,
// a variable or a copied text has around it.
func notPrintable(value string) string {
	for _, r := range value {
		switch {
		case r < ' ' || r == 0x7f:
			return "holds a line break or another control character"
		case unicode.IsSpace(r):
			return "holds a space"
		case r == '\ufeff':
			return "holds a byte order mark"
		case r > '~':
			return "holds a character that is not ASCII"
		}
	}
	if value != strings.Trim(value, "\"'`") {
		return "begins or ends with a quote"
	}
	return ""
}

// isEmpty reports whether there is nothing to sign with.
func (c *Credentials) isEmpty() bool { return c.sameAs(Credentials{}) }

// sameAs reports whether other signs the same way, whenever it expires.
func (c *Credentials) sameAs(other Credentials) bool {
	other.Expires = c.Expires
	return *c == other
}

// String shows what kind of credentials these are and the start of the AccessKey ID.
func (c Credentials) String() string {
	shown := ""
	if len(c.AccessKeyID) >= 12 { // as long as real ones, whose first letters tell their kind
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

// GoString is String: %#v shows no more than %v.
func (c Credentials) GoString() string { return "cams." + c.String() }

// Format makes every verb show what String shows: without it %d, for one,
// would print the fields.
func (c Credentials) Format(f fmt.State, verb rune) {
	if verb == 'v' && f.Flag('#') {
		io.WriteString(f, c.GoString())
		return
	}
	io.WriteString(f, c.String())
}

// LogValue implements [slog.LogValuer].
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON writes what String shows, as a JSON string: credentials are not
// for storing.
func (c Credentials) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// MarshalText is String, for the encoders of XML, YAML and others that would
// write the fields.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// MarshalBinary is String too, for encoding/gob.
func (c Credentials) MarshalBinary() ([]byte, error) { return []byte(c.String()), nil }
