package cams

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/cams-go/cams/internal/flight"
	"github.com/cams-go/cams/internal/redact"
	"github.com/cams-go/cams/internal/refusal"
	"github.com/cams-go/cams/internal/transport"
)

// sharedProvider makes a provider safe for concurrent use. The provider may be slow,
// ignore its context or panic, and is never called concurrently.
type sharedProvider struct {
	fetch fetcher
	group flight.Group[Credentials]
}

// fetcher asks a provider. It also returns how long to cache the credentials.
type fetcher func(context.Context, rejected) (Credentials, flight.Lifetime, error)

// rejected reports whether the service has refused these credentials; nil means none.
type rejected = func(Credentials) bool

func newSharedProvider(fetch fetcher) *sharedProvider {
	p := &sharedProvider{fetch: fetch}
	p.group.Fetch = p.ask
	return p
}

// shareable wraps a user's provider. The package's own are already safe for concurrent
// use.
func shareable(p CredentialsProvider) CredentialsProvider {
	switch p.(type) {
	case *staticProvider, *sharedProvider:
		return p
	}
	return newSharedProvider(func(ctx context.Context, _ rejected) (Credentials, flight.Lifetime, error) {
		creds, err := p.Credentials(ctx)
		return creds, untilShortlyBefore(creds.Expires), err
	})
}

// untilShortlyBefore returns a lifetime that ends at expires. The refresh starts three
// minutes before, or after nine tenths of the time if that is later.
func untilShortlyBefore(expires time.Time) flight.Lifetime {
	if expires.IsZero() {
		return flight.Lifetime{}
	}
	early := min(3*time.Minute, time.Until(expires)/10)
	return flight.Lifetime{Refresh: expires.Add(-early), End: expires}
}

// Credentials implements [CredentialsProvider].
func (p *sharedProvider) Credentials(ctx context.Context) (Credentials, error) {
	return p.group.Get(ctx)
}

// reject notes that the service refused these credentials.
func (p *sharedProvider) reject(creds Credentials) { p.group.Reject(creds.sameAs) }

// ask calls the provider. Panics, errors and invalid credentials become errors that show
// no secret.
func (p *sharedProvider) ask(ctx context.Context, rejected rejected) (creds Credentials, lifetime flight.Lifetime, err error) {
	defer func() {
		if r := recover(); r != nil {
			creds, err = Credentials{}, fmt.Errorf("the provider panicked: %s", redact.Unknown(fmt.Sprint(r)))
		}
	}()
	creds, lifetime, err = p.fetch(ctx, rejected)
	if err != nil {
		if mayPass(err) {
			err = passing{err}
		}
		text := redact.Values(err.Error(), creds.AccessKeySecret, creds.SecurityToken, creds.BearerToken)
		return Credentials{}, lifetime, redact.NewError(redact.Unknown(text), err)
	}
	if err := creds.validate(); err != nil {
		text := "the provider returned unusable credentials: " + strings.TrimPrefix(err.Error(), "cams: ")
		return Credentials{}, lifetime, redact.NewError(text, err)
	}
	return creds, lifetime, nil
}

// passing marks a provider's failure as temporary, so that the attempt is retried.
type passing struct{ error }

func (e passing) Unwrap() error { return e.error }

// mayPass reports whether a provider's failure may be temporary: no connection, no answer
// to an HTTP request, or an error that says so itself. err must be unmasked, because
// masking hides methods.
func mayPass(err error) bool {
	var timeout interface{ Timeout() bool }
	var temporary interface{ Temporary() bool }
	var request *url.Error
	switch {
	case transport.Hint(err) != "", strings.Contains(err.Error(), "unsupported protocol scheme"):
		return false
	case errors.As(err, new(passing)), errors.As(err, new(*net.OpError)),
		errors.As(err, &timeout) && timeout.Timeout(), errors.As(err, &temporary) && temporary.Temporary():
		return true
	}
	return errors.As(err, &request) && request.Op != "parse"
}

// ofCredentialsGo marks an error of credentials-go as temporary if its text says so. Most
// errors of that library have nothing but a text.
func ofCredentialsGo(err error) error {
	if err != nil && libraryTexts().mayPass(err.Error()) {
		return passing{err}
	}
	return err
}

// libraryErrors are patterns for the texts of credentials-go's temporary errors.
type libraryErrors struct{ unreachable, answer, code, gateway *regexp.Regexp }

// libraryTexts is compiled at its first use, so that programs start fast.
var libraryTexts = sync.OnceValue(func() libraryErrors {
	const passingStatus = `(?:429|5\d\d)\b`
	return libraryErrors{
		unreachable: regexp.MustCompile(`^(?:` +
			`(?:refresh Ecs sts token err|get role name failed|get metadata token failed): (?:Get|Put) "` + // of net/http
			`|refresh Ecs sts token err, httpStatus: ` + passingStatus +
			`|get role name failed: GET \S+ ` + passingStatus +
			`|failed to refresh token, status code: ` + passingStatus + `)`),
		// These texts go on with the body of an answer, but do not have its status.
		answer:  regexp.MustCompile(`^(?:refresh session token failed|get session token(?: from \w+)? failed|get credentials from GET \S+ failed): `),
		code:    regexp.MustCompile(`"(?:Error)?[Cc]ode"\s*:\s*"([\w.-]+)"`),
		gateway: regexp.MustCompile(`(?i)(?:service (?:temporarily )?unavailable|bad gateway|gateway time-?out|internal server error|too many requests)`),
	}
})

func (e libraryErrors) mayPass(text string) bool {
	if !e.answer.MatchString(text) {
		return e.unreachable.MatchString(text)
	}
	if code := e.code.FindStringSubmatch(text); code != nil {
		return refusal.IsThrottling(code[1]) || refusal.IsPassing(code[1])
	}
	return e.gateway.MatchString(text)
}
