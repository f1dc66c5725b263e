package cams

import (
	"cmp"
	"errors"
	"time"
)

// RetryPolicy sets how often a failed attempt is retried, and after what pauses. A zero
// field means its default. Too many requests are no failure with the default limiter: they
// count as no attempt, and the service may name a wait of up to two minutes. The package
// documentation has the rules.
type RetryPolicy struct {
	MaxAttempts int           // attempts per call, including the first; default 3
	BaseDelay   time.Duration // upper limit of the first pause, doubled with each retry; default 200 ms
	MaxDelay    time.Duration // upper limit of pauses, and of a wait that the service asks for; default 20 s
	Budget      int           // retries that all calls of an identity share; default 100, negative means no limit
}

// NoRetry returns a policy with which each call makes one request.
func NoRetry() RetryPolicy { return RetryPolicy{MaxAttempts: 1} }

func (p RetryPolicy) withDefaults() RetryPolicy {
	p.MaxAttempts = cmp.Or(p.MaxAttempts, 3)
	p.BaseDelay = cmp.Or(p.BaseDelay, 200*time.Millisecond)
	p.MaxDelay = cmp.Or(p.MaxDelay, 20*time.Second)
	p.Budget = cmp.Or(p.Budget, 100)
	return p
}

// RetryAfter returns how long the service asked the caller to wait, if err is or wraps an
// error with such a wait. Otherwise it returns false.
func RetryAfter(err error) (time.Duration, bool) {
	var wait time.Duration
	held, refused, answer := new(CallError), new(APIError), new(ResponseError)
	switch {
	case errors.As(err, &held) && held.retryAfter > 0:
		wait = held.retryAfter
	case errors.As(err, &refused):
		wait = refused.RetryAfter
	case errors.As(err, &answer):
		wait = answer.RetryAfter
	}
	return wait, wait > 0
}
