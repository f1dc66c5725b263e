package cams

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cams-go/cams/internal/flight"
	"github.com/cams-go/cams/internal/provider"
	"github.com/cams-go/cams/internal/redact"
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
		if provider.MayPass(err) {
			err = provider.AsPassing(err)
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
