package cams

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/cams-go/cams/internal/retry"
)

// RetryPolicy says how often and how patiently a failed attempt is repeated.
// A zero field means its default. The rules are in the package documentation.
type RetryPolicy struct {
	MaxAttempts   int           // requests a call may make, the first included; default 3
	BaseDelay     time.Duration // the longest first pause; it doubles with each retry; default 200 ms
	MaxDelay      time.Duration // the longest pause of all; default 20 s
	ThrottleDelay time.Duration // the longest first pause after a refusal for too many requests; default 1 s
	Budget        int           // retries that a client may have outstanding; 0 means 100, negative no limit
}

// NoRetry makes each call one request.
func NoRetry() RetryPolicy { return RetryPolicy{MaxAttempts: 1} }

func (p RetryPolicy) withDefaults() RetryPolicy {
	p.MaxAttempts = cmp.Or(p.MaxAttempts, 3)
	p.BaseDelay = cmp.Or(p.BaseDelay, 200*time.Millisecond)
	p.MaxDelay = cmp.Or(p.MaxDelay, 20*time.Second)
	p.ThrottleDelay = cmp.Or(p.ThrottleDelay, time.Second)
	p.Budget = cmp.Or(p.Budget, 100)
	return p
}

// verdict is what follows an attempt: another one after a pause, or the end.
type verdict struct {
	again  bool
	pause  time.Duration
	reason string // why it is repeated, or why a failure is the end
	free   bool   // a repair, which costs the budget nothing
}

// retries is the memory of one call's retries.
type retries struct {
	last      error // of the last attempt that the caller did not stop
	stopped   bool  // the caller's context ended an attempt
	unclear   bool  // the operation may or may not have been carried out
	withdrawn int   // from the budget
	paid      bool  // the budget paid for the attempt under way
	refusals  int   // for too many requests

	repaired   repairs       // what was mended
	refused    Credentials   // what the service did not accept
	correction time.Duration // of the clock
}

// repairs is a set of what a retry can mend, each once a call.
type repairs uint8

const (
	newNonce repairs = 1 << iota
	correctedClock
	newCredentials
)

// judge decides what follows an attempt. The first rule that fits counts.
func (c *Client) judge(ctx context.Context, call *call, r *result) verdict {
	memory := &call.retries
	if r.err == nil {
		c.budget.Succeeded(memory.withdrawn)
		if memory.repaired&correctedClock != 0 {
			c.clock.Keep(memory.correction)
		}
		return verdict{}
	}
	if r.held && memory.paid { // for a request that was not made
		c.budget.Refund()
		memory.withdrawn--
	}
	memory.paid = false
	memory.unclear = !call.repeatable && r.isUnclear()
	if failed, ok := r.err.(*CallError); ok && failed.Reason == stoppedByCaller {
		memory.stopped = true
		return verdict{reason: stoppedByCaller}
	}
	memory.last = r.err
	switch {
	case r.final:
		return verdict{} // the credentials that were refused came again
	case memory.unclear:
		return verdict{reason: "outcome unknown"}
	}
	next := c.repair(call, r)
	if !next.again {
		next = c.retryable(call, r.err)
	}
	asked := askedWait(r.err)
	deadline, hasDeadline := ctx.Deadline()
	switch {
	case !next.again:
		return next
	case call.info.Attempts >= c.retry.MaxAttempts:
		return verdict{reason: "attempts used up"}
	case asked > c.retry.MaxDelay:
		return verdict{reason: "asked to wait longer than MaxDelay"}
	case asked > 0 && hasDeadline && time.Until(deadline) <= asked:
		return verdict{reason: "asked to wait past the caller's deadline"}
	case !next.free && !c.budget.Withdraw():
		return verdict{reason: "retry budget used up"}
	}
	if asked > 0 { // a little more, so that callers told alike do not come back as one
		next.pause = asked + retry.Jitter(asked/10)
	}
	if !next.free {
		memory.withdrawn++
		memory.paid = true
	}
	return next
}

// conclude makes the call's error of the last attempt's. If the caller's
// context ended the call, during an attempt or before the next one, it says so
// and still carries what went wrong before.
func (c *Client) conclude(ctx context.Context, call *call, next verdict) error {
	memory := &call.retries
	if next.again && !next.free { // it was not: the caller's context ended the pause
		c.budget.Refund()
	}
	var causes []error
	reason := stoppedByCaller
	if memory.unclear {
		reason, causes = call.unknownOutcome(), []error{ErrOutcomeUnknown}
	}
	if memory.stopped || next.again {
		causes = append(causes, contextCauses(ctx)...)
	} else if !memory.unclear {
		return memory.last
	}
	if memory.last != nil {
		causes = append(causes, memory.last)
	}
	return &CallError{Operation: call.name, Reason: reason, Attempts: call.info.Attempts, causes: causes}
}

// isUnclear reports whether a failed attempt may have been carried out: it was
// sent, and no answer says otherwise.
func (r *result) isUnclear() bool {
	switch err := r.err.(type) {
	case *APIError:
		return !isThrottling(err.Code) && (err.Code == nonceUsed || isPassing(err))
	case *ResponseError: // a redirect and a 4xx are refusals, whoever made them
		return err.cut || err.StatusCode < 300 || err.StatusCode > 499
	}
	return !r.unsent
}

// repair is a retry that mends what was refused, once a call for each kind: a
// nonce that came twice, a wrong clock, credentials that are not accepted.
func (c *Client) repair(call *call, r *result) verdict {
	refused, ok := r.err.(*APIError)
	if !ok {
		return verdict{}
	}
	memory := &call.retries
	var mends repairs
	again := verdict{again: true, free: true}
	switch {
	case refused.Code == nonceUsed: // something on the way sent the request twice
		mends, again.reason = newNonce, "nonce used"
	case isWrongTime(refused.Code):
		mends, again.reason = correctedClock, "clock corrected"
		if !c.correctClock(call, r.header) {
			return verdict{}
		}
	case refusesIdentity(refused):
		mends, again.reason = newCredentials, "credentials asked for again"
		shared, ok := c.credentials.(*sharedProvider)
		if !ok { // others are static
			return verdict{}
		}
		memory.refused = r.credentials
		shared.reject(r.credentials)
	default:
		return verdict{}
	}
	if memory.repaired&mends != 0 {
		return verdict{}
	}
	memory.repaired |= mends
	return again
}

// correctClock sets the client's clock by the Date of an answer that called the
// time invalid; if that did not help, it sets it back. A cache's Date is no clock.
func (c *Client) correctClock(call *call, header http.Header) bool {
	if call.retries.repaired&correctedClock != 0 {
		c.clock.Undo(call.retries.correction)
		return false
	}
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil || header.Get("Age") != "" {
		return false
	}
	call.retries.correction = c.clock.Set(date)
	return true
}

// retryable says whether a failure may pass by itself, and when to try again. It
// looks at the attempt's own error only: a provider's may wrap that of another client.
func (c *Client) retryable(call *call, err error) verdict {
	again := verdict{again: true}
	base := c.retry.BaseDelay
	switch err := err.(type) {
	case *APIError:
		if isPassing(err) {
			again.reason = "server error"
		}
	case *ResponseError:
		if isServerError(err.StatusCode) {
			again.reason = "server error"
		} else if err.cut {
			again.reason = "answer cut off"
		}
	case *CallError:
		if err.hasTimedOut() {
			again.reason = "attempt timed out"
		} else if err.Reason == noAnswer && err.hint == "" {
			again.reason = "connection failed"
		} else if err.Reason == noCredentials && errors.As(err, new(passing)) {
			again.reason = "provider failed"
		}
	}
	if isThrottled(err) {
		again.reason, base = "throttled", c.retry.ThrottleDelay
	}
	if again.reason == "" {
		return verdict{reason: "not retryable"}
	}
	again.pause = retry.Jitter(retry.Backoff(call.info.Attempts, base, c.retry.MaxDelay))
	return again
}

// isThrottled reports whether an attempt was refused for too many requests.
func isThrottled(err error) bool {
	switch err := err.(type) {
	case *APIError:
		return err.Is(ErrThrottled)
	case *ResponseError:
		return err.Is(ErrThrottled)
	}
	return false
}

// askedWait is how long the answer of an attempt asked to wait.
func askedWait(err error) time.Duration {
	switch err := err.(type) {
	case *APIError:
		return err.RetryAfter
	case *ResponseError:
		return err.RetryAfter
	}
	return 0
}

// RetryAfter returns how long the service asked to wait, of whichever error of
// this package err is or wraps. It reports false if the service did not say.
func RetryAfter(err error) (time.Duration, bool) {
	var wait time.Duration
	refused, answer := new(APIError), new(ResponseError)
	switch {
	case errors.As(err, &refused):
		wait = refused.RetryAfter
	case errors.As(err, &answer):
		wait = answer.RetryAfter
	}
	return wait, wait > 0
}
