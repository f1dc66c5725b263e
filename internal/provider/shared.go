package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cams-go/cams/internal/flight"
	"github.com/cams-go/cams/internal/redact"
)

// Shared makes a provider safe for concurrent use. The provider may be slow, ignore its
// context or panic, and is never called concurrently.
type Shared struct {
	check func(Keys) error
	fetch Fetcher
	group flight.Group[Keys]
}

// Fetcher asks a provider. It also returns how long to cache the keys. rejected reports
// whether the service has refused keys; nil means none.
type Fetcher func(ctx context.Context, rejected func(Keys) bool) (Keys, flight.Lifetime, error)

// NewShared returns a shared provider. check returns an error for keys that cannot sign a
// request. now is the clock by which fetch says how long to cache keys.
func NewShared(check func(Keys) error, fetch Fetcher, now func() time.Time) *Shared {
	s := &Shared{check: check, fetch: fetch}
	s.group.Fetch, s.group.Now = s.ask, now
	return s
}

// Get returns the keys.
func (s *Shared) Get(ctx context.Context) (Keys, error) { return s.group.Get(ctx) }

// Reject notes that the service refused these keys.
func (s *Shared) Reject(keys Keys) { s.group.Reject(keys.SameAs) }

// ask calls the provider. Panics, errors and invalid keys become errors that show no
// secret.
func (s *Shared) ask(ctx context.Context, rejected func(Keys) bool) (keys Keys, lifetime flight.Lifetime, err error) {
	defer func() {
		if r := recover(); r != nil {
			keys, err = Keys{}, fmt.Errorf("the provider panicked: %s", redact.Unknown(fmt.Sprint(r)))
		}
	}()
	keys, lifetime, err = s.fetch(ctx, rejected)
	if err != nil {
		if MayPass(err) {
			err = Passing{err}
		}
		text := redact.Values(err.Error(), keys.AccessKeySecret, keys.SecurityToken, keys.BearerToken)
		return Keys{}, lifetime, redact.NewError(redact.Unknown(text), err)
	}
	if err := s.check(keys); err != nil {
		text := "the provider returned unusable credentials: " + strings.TrimPrefix(err.Error(), "cams: ")
		return Keys{}, lifetime, redact.NewError(text, err)
	}
	return keys, lifetime, nil
}

// FromUser fetches from a provider of the user's. Keys with an Expires are cached; their
// refresh starts three minutes before, or after nine tenths of the time if that is later.
// now is the service's clock, as far as the client knows it.
func FromUser(provide func(context.Context) (Keys, error), now func() time.Time) Fetcher {
	return func(ctx context.Context, _ func(Keys) bool) (Keys, flight.Lifetime, error) {
		keys, err := provide(ctx)
		if keys.Expires.IsZero() {
			return keys, flight.Lifetime{}, err
		}
		end := keys.Expires.Round(0) // wall time; see flight.Lifetime
		early := 3 * time.Minute
		if left := end.Sub(now()); left > 0 { // else the clock may be wrong, and soon corrected
			early = min(early, left/10)
		}
		return keys, flight.Lifetime{Refresh: end.Add(-early), End: end}, err
	}
}

// FromChain fetches from the default chain. A source does not say when its keys expire, and
// asking it may run a command, so the keys are cached for a minute.
func FromChain(chain *Chain) Fetcher {
	return func(_ context.Context, rejected func(Keys) bool) (Keys, flight.Lifetime, error) {
		keys, err := chain.Fetch(rejected)
		now := time.Now()
		return keys, flight.Lifetime{Refresh: now.Add(time.Minute), End: now.Add(renewedEarly)}, err
	}
}
