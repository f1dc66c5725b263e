package provider

import (
	"cmp"
	"context"
	"time"

	"github.com/aliyun/credentials-go/credentials"

	"github.com/cams-go/cams/internal/flight"
)

// FromLibrary fetches from a credential of credentials-go. If that cannot renew a session
// because of a temporary failure, it returns the previous one for three more minutes.
func FromLibrary(c credentials.Credential) Fetcher {
	var last Keys
	var good time.Time // when last stops being valid for sure
	return func(_ context.Context, rejected func(Keys) bool) (Keys, flight.Lifetime, error) {
		creds, lifetime, err := resolve(c)
		switch now := time.Now().Round(0); { // wall time; see flight.Lifetime
		case err == nil:
			last, good = creds, now.Add(renewedEarly)
		case MayPass(err) && now.Before(good) && (rejected == nil || !rejected(last)):
			soon := now.Add(min(10*time.Second, good.Sub(now)))
			return last, flight.Lifetime{Refresh: soon, End: soon}, nil
		}
		return creds, lifetime, err
	}
}

// renewedEarly is how long before a session's end credentials-go renews it. So what it
// returns is valid for at least that long.
const renewedEarly = 3 * time.Minute

// resolve asks a credential of credentials-go. Credentials that cannot change get a very
// long lifetime.
func resolve(c credentials.Credential) (Keys, flight.Lifetime, error) {
	model, err := c.GetCredential()
	if err != nil {
		return Keys{}, flight.Lifetime{}, OfLibrary(err)
	}
	if model == nil {
		return Keys{}, flight.Lifetime{}, flight.ErrNothing
	}
	creds := Keys{
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
