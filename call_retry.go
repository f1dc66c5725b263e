package cams

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/cams-go/cams/internal/paging"
	"github.com/cams-go/cams/internal/refusal"
	"github.com/cams-go/cams/internal/retry"
)

// verdict says what follows an attempt: a retry after a pause, or the end of the call.
type verdict struct {
	again    bool
	pause    time.Duration
	reason   Reason // why there is a retry, or why there is none
	isRepair bool   // it takes nothing from the budget
}

// retries is what a call remembers about its earlier attempts.
type retries struct {
	last      error // of the last attempt that the caller's context did not end
	stopped   bool  // the caller's context ended an attempt
	unclear   bool  // the operation may or may not have been carried out
	withdrawn int   // retries taken from the budget
	paid      bool  // the current attempt was taken from the budget
	refusals  int   // how often the call was throttled

	repaired repairs     // the repairs made so far
	refused  Credentials // the service refused these
}

// repairs is a set of repairs. A call makes each at most once.
type repairs uint8

const (
	newNonce repairs = 1 << iota
	correctedClock
	newCredentials
)

// judge decides what follows an attempt. The first rule that matches applies.
func (c *Client) judge(ctx context.Context, call *call, r *outcome) verdict {
	past := &call.retries
	if r.err == nil {
		c.budget.Succeeded(past.withdrawn)
		return verdict{}
	}
	if r.held && past.paid { // no request was made
		c.budget.Refund()
		past.withdrawn--
	}
	past.paid = false
	past.unclear = !call.repeatable && r.isUnclear()
	if failed, ok := r.err.(*CallError); ok && failed.Reason == ReasonStopped {
		past.stopped = true
		return verdict{reason: ReasonStopped}
	}
	past.last = r.err
	switch {
	case r.final:
		return verdict{} // the provider returned the refused credentials again
	case past.unclear:
		return verdict{reason: ReasonOutcomeUnknown}
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
	case call.info.Attempts >= c.retry.MaxAttempts, paging.IsProbe(ctx) && !next.isRepair:
		return verdict{reason: ReasonAttempts}
	case asked > c.retry.MaxDelay:
		return verdict{reason: ReasonWaitTooLong}
	case asked > 0 && hasDeadline && time.Until(deadline) <= asked:
		return verdict{reason: ReasonDeadline}
	case !next.isRepair && !c.budget.Withdraw():
		return verdict{reason: ReasonBudget}
	}
	if asked > 0 { // jitter, so that callers with the same wait do not return all at once
		next.pause = max(asked, asked+retry.Jitter(asked/10)) // the sum may overflow
	}
	if !next.isRepair {
		past.withdrawn++
		past.paid = true
	}
	return next
}

// conclude returns the error of the call, in general that of the last attempt. If the
// caller's context ended the call, the error says so and also wraps that of the last
// attempt.
func (c *Client) conclude(ctx context.Context, call *call, next verdict) error {
	past := &call.retries
	if next.again && !next.isRepair { // the caller's context ended the pause, so there was no retry
		c.budget.Refund()
	}
	var causes []error
	reason := ReasonStopped
	if past.unclear {
		reason, causes = ReasonOutcomeUnknown, []error{ErrOutcomeUnknown}
	}
	if past.stopped || next.again {
		causes = append(causes, contextCauses(ctx)...)
	} else if !past.unclear {
		return past.last
	}
	if past.last != nil {
		causes = append(causes, past.last)
	}
	failed := &CallError{Operation: call.name, Reason: reason, Attempts: call.info.Attempts, causes: causes}
	if past.unclear {
		failed.check = call.howToCheck()
		switch last := past.last.(type) { // so that nobody repeats the call
		case *APIError:
			last.unclear = true
		case *ResponseError:
			last.unclear = true
		case *CallError:
			last.passes = false
		}
	}
	return failed
}

// isUnclear reports whether a failed attempt may have been carried out: it was sent,
// and the answer, if any, does not rule that out.
func (r *outcome) isUnclear() bool {
	switch err := r.err.(type) {
	case *APIError:
		return err.refusal().MayBeDone()
	case *ResponseError: // a redirect or a 4xx is a refusal, even if a proxy sent it
		return err.cut || err.StatusCode < 300 || err.StatusCode > 499
	}
	return !r.unsent
}

// repair returns a retry that fixes the cause of a refusal: a repeated nonce, a wrong
// clock, or refused credentials. A call makes each repair at most once.
func (c *Client) repair(call *call, r *outcome) verdict {
	refused, ok := r.err.(*APIError)
	if !ok {
		return verdict{}
	}
	past := &call.retries
	var kind repairs
	again := verdict{again: true, isRepair: true}
	switch {
	case refused.Code == refusal.NonceUsed: // a proxy or gateway sent the request twice
		kind, again.reason = newNonce, ReasonNonceUsed
	case refusal.IsWrongTime(refused.Code):
		kind, again.reason = correctedClock, ReasonClockCorrected
		if !c.correctClock(r.header) {
			return verdict{}
		}
	case refused.refusal().RefusesIdentity():
		kind, again.reason = newCredentials, ReasonNewCredentials
		shared, ok := c.credentials.(*sharedProvider)
		if !ok { // static credentials do not change
			return verdict{}
		}
		past.refused = r.credentials
		shared.reject(r.credentials)
	default:
		return verdict{}
	}
	if past.repaired&kind != 0 {
		return verdict{}
	}
	past.repaired |= kind
	return again
}

// correctClock sets the client's clock by the Date of an answer that refused the
// request's time. It ignores the Date of a cached answer, which has an Age.
func (c *Client) correctClock(header http.Header) bool {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil || header.Get("Age") != "" {
		return false
	}
	c.clock.Set(date)
	return true
}

// retryable returns a retry with a pause if the failure may be temporary. It checks only
// the outermost error, because a provider's error may wrap that of another client.
func (c *Client) retryable(call *call, err error) verdict {
	again := verdict{again: true, reason: reasonToRetry(err)}
	if again.reason == "" {
		return verdict{reason: ReasonNotRetryable}
	}
	base := c.retry.BaseDelay
	if again.reason == ReasonThrottled {
		base = c.throttleDelay()
	}
	again.pause = retry.Jitter(retry.Backoff(call.info.Attempts, base, c.retry.MaxDelay))
	return again
}

// reasonToRetry returns why a failed attempt may be repeated, or "".
func reasonToRetry(err error) Reason {
	cut := false
	switch err := err.(type) {
	case *CallError:
		if err.passes {
			return err.Reason
		}
		return ""
	case *ResponseError:
		cut = err.cut
	}
	switch {
	case is(err, ErrThrottled):
		return ReasonThrottled
	case !is(err, ErrUnavailable):
		return ""
	case cut:
		return ReasonCutOff
	}
	return ReasonServerError
}

// is reports whether the outermost error belongs to a class.
func is(err, class error) bool {
	classed, ok := err.(interface{ Is(target error) bool })
	return ok && classed.Is(class)
}

// throttleDelay returns BaseDelay for throttled requests. With the adaptive limiter it is
// short, because that limiter decides when they go on.
func (c *Client) throttleDelay() time.Duration {
	if c.limiter == nil {
		return cmp.Or(c.retry.ThrottleDelay, 200*time.Millisecond)
	}
	return cmp.Or(c.retry.ThrottleDelay, time.Second)
}

// askedWait returns how long the answer asks to wait, 0 if it does not.
func askedWait(err error) time.Duration {
	switch err := err.(type) {
	case *APIError:
		return err.RetryAfter
	case *ResponseError:
		return err.RetryAfter
	}
	return 0
}
