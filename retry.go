package cams

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"
)

// RetryPolicy says how often and how patiently a failed attempt is repeated.
// A zero field means its default. The rules are in the package documentation.
type RetryPolicy struct {
	MaxAttempts int           // requests a call may make, the first included; default 3
	BaseDelay   time.Duration // the longest first pause; it doubles with each retry; default 200 ms
	MaxDelay    time.Duration // the longest pause of all; default 20 s
}

// NoRetry makes each call one request.
func NoRetry() RetryPolicy { return RetryPolicy{MaxAttempts: 1} }

func (p RetryPolicy) withDefaults() RetryPolicy {
	if p.MaxAttempts == 0 {
		p.MaxAttempts = 3
	}
	if p.BaseDelay == 0 {
		p.BaseDelay = 200 * time.Millisecond
	}
	if p.MaxDelay == 0 {
		p.MaxDelay = 20 * time.Second
	}
	return p
}

// backoff is the longest pause before the n-th retry, counted from 1.
func (p RetryPolicy) backoff(n int) time.Duration {
	delay := p.BaseDelay
	for ; n > 1; n-- {
		if delay > p.MaxDelay/2 {
			return p.MaxDelay
		}
		delay *= 2
	}
	return min(delay, p.MaxDelay)
}

// jitter spreads the retries of many clients over the whole pause.
func jitter(longest time.Duration) time.Duration {
	if longest <= 0 {
		return 0
	}
	return time.Duration(rand.Int64N(int64(longest)))
}

// verdict is what follows an attempt: another one after a pause, or the end.
type verdict struct {
	again  bool
	wait   time.Duration
	reason string // why it is repeated, or why a failure is the end
}

// callRetries is the memory of one call's retries.
type callRetries struct {
	client         *Client
	clockCorrected bool
	tokenRefreshed bool
	last           error // of the last attempt that the caller did not stop
	stopped        bool  // the caller's context ended an attempt
}

// judge decides what follows the n-th attempt. The first rule that fits counts.
func (r *callRetries) judge(ctx context.Context, n int, result *result) verdict {
	c := r.client
	if result.err == nil {
		c.budget.deposit()
		return verdict{}
	}
	if failed, ok := result.err.(*callError); ok && failed.what == failedByCaller {
		r.stopped = true
		return verdict{reason: string(failedByCaller)}
	}
	r.last = result.err

	next := r.repair(result)
	if !next.again {
		next = c.retryable(n, result.err)
	}
	asked := askedFor(result.err)
	if asked > 0 {
		next.wait = asked
	}
	deadline, hasDeadline := ctx.Deadline()
	switch {
	case !next.again:
		return next
	case n >= c.retry.MaxAttempts:
		return verdict{reason: "attempts used up"}
	case asked > c.retry.MaxDelay:
		return verdict{reason: "asked to wait longer than MaxDelay"}
	case asked > 0 && hasDeadline && time.Until(deadline) <= asked:
		return verdict{reason: "asked to wait past the caller's deadline"}
	case !c.budget.withdraw():
		return verdict{reason: "retry budget used up"}
	}
	return next
}

// conclude makes the call's error of the last attempt's. If the caller's
// context ended the call, during an attempt or before the next one, it says so
// and still carries what went wrong before.
func (r *callRetries) conclude(ctx context.Context, call *call, attempts int, next verdict) error {
	if next.again { // it was not: the caller's context ended the pause
		r.client.budget.refund()
	}
	if r.stopped || next.again {
		causes := contextCauses(ctx)
		if r.last != nil {
			causes = append(causes, r.last)
		}
		return &callError{operation: call.operation, attempts: attempts, what: failedByCaller, causes: causes}
	}
	switch err := r.last.(type) {
	case *APIError:
		err.Attempts = attempts
	case *ResponseError:
		err.Attempts = attempts
	case *callError:
		err.attempts = attempts
	}
	return r.last
}

// repair is a retry that mends what was refused, once a call for each kind: a
// wrong clock, expired temporary credentials.
func (r *callRetries) repair(result *result) verdict {
	api, ok := result.err.(*APIError)
	if !ok {
		return verdict{}
	}
	if !r.clockCorrected && r.client.correctClock(api, result.date) {
		r.clockCorrected = true
		return verdict{again: true, reason: "clock corrected"}
	}
	shared, ok := r.client.credentials.(*sharedProvider) // others are static
	if ok && !r.tokenRefreshed && api.Code == "InvalidSecurityToken.Expired" {
		r.tokenRefreshed = true
		shared.reject(result.credentials)
		return verdict{again: true, reason: "credentials expired"}
	}
	return verdict{}
}

// maxClockSkew is half of what the service tolerates, roughly.
const maxClockSkew = 5 * time.Minute

// correctClock sets the client's clock by the answer's Date if the service
// called the time invalid, or if they are far apart. It reports whether it did.
func (c *Client) correctClock(api *APIError, date time.Time) bool {
	if date.IsZero() {
		return false
	}
	skew := date.Sub(c.now())
	if skew.Abs() <= maxClockSkew && !strings.HasPrefix(api.Code, "InvalidTimeStamp") {
		return false
	}
	c.clockOffset.Store(int64(time.Until(date)))
	return true
}

// retryable says whether a failure may pass by itself, and when to try again.
func (c *Client) retryable(n int, err error) verdict {
	pause := jitter(c.retry.backoff(n))
	switch err := err.(type) {
	case *APIError:
		switch {
		case errors.Is(err, ErrThrottled):
			return verdict{true, pause, "throttled"}
		case isServerError(err.StatusCode) && !isPermanent(err):
			return verdict{true, pause, "server error"}
		}
	case *ResponseError:
		switch {
		case errors.Is(err, ErrThrottled):
			return verdict{true, pause, "throttled"}
		case isServerError(err.StatusCode):
			return verdict{true, pause, "server error"}
		case err.cut:
			return verdict{true, pause, "answer cut off"}
		}
	case *callError:
		switch {
		case err.timedOut():
			return verdict{true, pause, "attempt timed out"}
		case err.what == failedTransport && !isHopeless(err):
			return verdict{true, pause, "connection failed"}
		}
	}
	return verdict{reason: "not retryable"}
}

func isServerError(status int) bool { return status >= 500 && status <= 599 }

// isPermanent tells the codes of a 5xx that no repetition changes.
func isPermanent(api *APIError) bool {
	return errors.Is(api, ErrUnauthenticated) || errors.Is(api, ErrAccessDenied) ||
		strings.HasPrefix(api.Code, "Invalid") || strings.HasPrefix(api.Code, "Missing") ||
		strings.HasPrefix(api.Code, "Product.Unsubscript") || strings.HasPrefix(api.Code, "Unknown.ResourceOwnerId")
}

// pause waits, unless the context ends first.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// askedFor is the wait that the service asked for with this error.
func askedFor(err error) time.Duration {
	switch err := err.(type) {
	case *APIError:
		return err.RetryAfter
	case *ResponseError:
		return err.RetryAfter
	}
	return 0
}
