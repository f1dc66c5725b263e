package cams

import (
	"context"
	"fmt"
	"strings"
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
		text := redact.Values(err.Error(), creds.AccessKeySecret, creds.SecurityToken, creds.BearerToken)
		return Credentials{}, lifetime, redact.NewError(redact.Unknown(text), err)
	}
	if err := creds.validate(); err != nil {
		text := "the provider returned unusable credentials: " + strings.TrimPrefix(err.Error(), "cams: ")
		return Credentials{}, lifetime, redact.NewError(text, err)
	}
	return creds, lifetime, nil
}
