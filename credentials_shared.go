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
)

// sharedProvider lets any number of calls use a provider that may be slow,
// may ignore its context, may panic and must not be called concurrently.
type sharedProvider struct {
	fetch fetcher
	group flight.Group[Credentials]
}

// fetcher asks a provider. It says how long the answer is kept.
type fetcher func(context.Context, rejected) (Credentials, flight.Lifetime, error)

// rejected tells credentials that the service called expired; nil tells none.
type rejected = func(Credentials) bool

func newSharedProvider(fetch fetcher) *sharedProvider {
	p := &sharedProvider{fetch: fetch}
	p.group.Fetch = p.ask
	return p
}

// shareable wraps a provider of the user's; ours are safe already.
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

// untilShortlyBefore keeps credentials until they expire, and has them refreshed
// three minutes before, or for the last tenth of a shorter life.
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

// reject says that the service called these credentials expired.
func (p *sharedProvider) reject(creds Credentials) { p.group.Reject(creds.sameAs) }

// ask turns all that a provider may do wrong into an error that shows no secret.
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

// passing marks a provider's failure that may pass by itself, so that the attempt
// is repeated.
type passing struct{ error }

func (e passing) Unwrap() error { return e.error }

// mayPass reports whether a provider's failure may pass by itself: a request of
// net/http that got no answer, no connection, or an error that says so. It wants
// the error as the provider made it: a masked one has lost some methods.
func mayPass(err error) bool {
	var timeout interface{ Timeout() bool }
	var temporary interface{ Temporary() bool }
	var request *url.Error
	switch {
	case hintOfTransport(err) != "", strings.Contains(err.Error(), "unsupported protocol scheme"):
		return false
	case errors.As(err, new(passing)), errors.As(err, new(*net.OpError)),
		errors.As(err, &timeout) && timeout.Timeout(), errors.As(err, &temporary) && temporary.Temporary():
		return true
	}
	return errors.As(err, &request) && request.Op != "parse"
}

// ofCredentialsGo marks an error of credentials-go whose text tells that it may
// pass: that library makes most errors of texts alone.
func ofCredentialsGo(err error) error {
	if err != nil && libraryTexts().mayPass(err.Error()) {
		return passing{err}
	}
	return err
}

// libraryErrors are the texts of credentials-go's errors that may pass.
type libraryErrors struct{ unreachable, answer, code, gateway *regexp.Regexp }

// libraryTexts compiles at the first need, for a quick start of the program.
var libraryTexts = sync.OnceValue(func() libraryErrors {
	const passingStatus = `(?:429|5\d\d)\b`
	return libraryErrors{
		unreachable: regexp.MustCompile(`^(?:` +
			`(?:refresh Ecs sts token err|get role name failed|get metadata token failed): (?:Get|Put) "` + // of net/http
			`|refresh Ecs sts token err, httpStatus: ` + passingStatus +
			`|get role name failed: GET \S+ ` + passingStatus +
			`|failed to refresh token, status code: ` + passingStatus + `)`),
		// The body of an answer, without its status.
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
		return isThrottling(code[1]) || isPassing(&APIError{Code: code[1]})
	}
	return e.gateway.MatchString(text)
}
