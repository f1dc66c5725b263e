package cams

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/cams-go/cams/internal/limiter"
	"github.com/cams-go/cams/internal/paging"
	"github.com/cams-go/cams/internal/provider"
	"github.com/cams-go/cams/internal/refusal"
	"github.com/cams-go/cams/internal/retry"
)

// verdict says what follows an attempt: a retry after a pause, or the end of the call.
type verdict struct {
	again  bool
	pause  time.Duration
	reason Reason // why there is a retry, or why there is none
	free   bool   // the retry takes nothing from the budget: a repair, or a wait for the quota
}

// past is what a call remembers about its earlier attempts.
type past struct {
	last      error      // of the last attempt that did not end the call by itself
	end       *CallError // the caller's context or a limiter ended the call
	unclear   bool       // the operation may or may not have been carried out, and must not be repeated
	maybeDone bool       // an attempt of a write that ends the same may have been carried out
	failures  int        // attempts that failed, not counting those that only had to wait for the quota
	withdrawn int        // retries taken from the budget
	paid      bool       // the current attempt was taken from the budget

	repaired repairs      // the repairs made so far
	renewed  *Credentials // for the next attempt, after the service refused others
}

// repairs is a set of repairs that a call makes at most once.
type repairs uint8

const (
	correctedClock repairs = 1 << iota
	newCredentials
)

// judge decides what follows an attempt. The first rule that matches applies.
func (c *Client) judge(ctx context.Context, call *call, r *outcome) verdict {
	past := &call.past
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
	past.maybeDone = past.maybeDone || !call.isRead && (r.isUnclear() || r.resent)
	if ended, ok := r.err.(*CallError); ok && (r.held || ended.Reason == ReasonStopped) {
		past.end = ended
		return verdict{reason: ended.Reason}
	}
	past.last = r.err
	if past.unclear {
		return verdict{reason: ReasonOutcomeUnknown}
	}
	next := c.repair(ctx, call, r)
	if !next.again {
		next = c.retryable(call, r.err)
	}
	if next = c.limit(ctx, call, next); next.again && !next.free {
		past.withdrawn++
		past.paid = true
	}
	return next
}

// limit ends a call that has no attempts, time or budget left for the retry next.
func (c *Client) limit(ctx context.Context, call *call, next verdict) verdict {
	waits := next.again && call.mayWait(call.past.last) && c.retry.MaxAttempts > 1
	asked, longest := askedWait(call.past.last), c.retry.MaxDelay
	if waits {
		next.free, next.pause, longest = true, 0, limiter.Longest // the limiter waits
	} else {
		call.past.failures++
	}
	deadline, hasDeadline := ctx.Deadline()
	switch {
	case !next.again:
		return next
	case call.past.failures >= c.retry.MaxAttempts, paging.IsProbe(ctx) && !next.free:
		return verdict{reason: ReasonAttempts}
	case asked > longest:
		return verdict{reason: ReasonWaitTooLong}
	case hasDeadline && max(asked, next.pause) > 0 && time.Until(deadline) <= max(asked, next.pause):
		return verdict{reason: ReasonDeadline}
	case !next.free && !c.budget.Withdraw():
		endingOf(call.past.last).note = "the retry budget of the client is used up"
		return verdict{reason: ReasonBudget}
	}
	if asked > 0 && !waits { // jitter, so that callers with the same wait do not return all at once
		next.pause = max(asked, asked+retry.Jitter(asked/10)) // the sum may overflow
	}
	return next
}

// conclude returns the error of the call, in general that of the last attempt. If the
// caller's context or a limiter ended the call, the error says so and also wraps that of
// the last attempt.
func (c *Client) conclude(ctx context.Context, call *call, next verdict) error {
	past := &call.past
	if next.again { // the caller's context ended the pause, so there was no retry
		if !next.free {
			c.budget.Refund()
		}
		past.end = &CallError{Operation: call.name, Reason: ReasonStopped, causes: contextCauses(ctx)}
	}
	if past.end == nil && !past.unclear {
		if _, ok := past.last.(*APIError); ok && past.maybeDone && reasonToRetry(past.last) == "" {
			endingOf(past.last).note = "an earlier attempt may have done it"
		}
		return past.last
	}
	failed := cmp.Or(past.end, &CallError{Operation: call.name})
	failed.Attempts = call.info.Attempts
	if past.unclear {
		failed.Reason, failed.detail = ReasonOutcomeUnknown, call.howToCheck()
		failed.causes = append([]error{ErrOutcomeUnknown}, failed.causes...)
		if past.last != nil {
			endingOf(past.last).unclear = true // so that nobody repeats the call
		}
	}
	if past.last != nil {
		failed.causes = append(failed.causes, past.last)
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
		return !err.done && (err.cut || refusal.StatusMayBeDone(err.StatusCode))
	}
	return !r.unsent
}

// repair returns a retry that fixes the cause of a refusal: a repeated nonce, a wrong
// clock, or refused credentials. A call makes each of the last two at most once.
func (c *Client) repair(ctx context.Context, call *call, r *outcome) verdict {
	refused, ok := r.err.(*APIError)
	if !ok {
		return verdict{}
	}
	switch {
	case refused.Code == refusal.NonceUsed: // a proxy or gateway sent the request twice
		return verdict{again: true, free: true, reason: ReasonNonceUsed}
	case refusal.IsWrongTime(refused.Code):
		return call.once(correctedClock, ReasonClockCorrected, func() bool { return c.correctClock(r.header) })
	case refused.refusal().RefusesIdentity():
		return call.once(newCredentials, ReasonNewCredentials, func() bool { return c.renew(ctx, call, &r.credentials) })
	}
	return verdict{}
}

// once makes a repair unless the call has made it before.
func (c *call) once(kind repairs, reason Reason, repair func() bool) verdict {
	if c.past.repaired&kind != 0 {
		return verdict{}
	}
	c.past.repaired |= kind
	if !repair() {
		return verdict{}
	}
	return verdict{again: true, free: true, reason: reason}
}

// renew asks the provider for other credentials than the refused ones, for the next
// attempt. It reports whether there may be any.
func (c *Client) renew(ctx context.Context, call *call, refused *Credentials) bool {
	own, ok := c.credentials.(sharedProvider)
	if !ok { // static credentials do not change
		return false
	}
	own.shared.Reject(refused.keys())
	if call.past.failures+1 >= c.retry.MaxAttempts { // no attempt is left to use others
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, c.attemptTimeout)
	defer cancel()
	creds, err := own.Credentials(ctx)
	switch {
	case errors.As(err, new(provider.Passing)):
		return true // the next attempt asks again
	case err != nil || creds.sameAs(*refused):
		return false
	}
	call.past.renewed = &creds
	return true
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
	again.pause = retry.Jitter(retry.Backoff(call.past.failures+1, c.retry.BaseDelay, c.retry.MaxDelay))
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
