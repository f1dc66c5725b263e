package cams

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/cams-go/cams/internal/retry"
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

// verdict is what follows an attempt: another one after a pause, or the end.
type verdict struct {
	again  bool
	pause  time.Duration
	reason string // why it is repeated, or why a failure is the end
}

// retries is the memory of one call's retries.
type retries struct {
	clockCorrected bool
	tokenRefreshed bool
	last           error // of the last attempt that the caller did not stop
	stopped        bool  // the caller's context ended an attempt
}

// judge decides what follows an attempt. The first rule that fits counts.
func (c *Client) judge(ctx context.Context, call *call, r *result) verdict {
	if r.err == nil {
		c.budget.Succeeded()
		return verdict{}
	}
	if failed, ok := r.err.(*CallError); ok && failed.Reason == stoppedByCaller {
		call.retries.stopped = true
		return verdict{reason: stoppedByCaller}
	}
	call.retries.last = r.err

	next := c.repair(call, r)
	if !next.again {
		next = c.retryable(call, r.err)
	}
	asked := askedFor(r.err)
	if asked > 0 {
		next.pause = asked
	}
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
	case !c.budget.Withdraw():
		return verdict{reason: "retry budget used up"}
	}
	return next
}

// conclude makes the call's error of the last attempt's. If the caller's
// context ended the call, during an attempt or before the next one, it says so
// and still carries what went wrong before.
func (c *Client) conclude(ctx context.Context, call *call, next verdict) error {
	if next.again { // it was not: the caller's context ended the pause
		c.budget.Refund()
	}
	if !call.retries.stopped && !next.again {
		return call.retries.last
	}
	causes := contextCauses(ctx)
	if call.retries.last != nil {
		causes = append(causes, call.retries.last)
	}
	return &CallError{Operation: call.name, Reason: stoppedByCaller, Attempts: call.info.Attempts, causes: causes}
}

// repair is a retry that mends what was refused, once a call for each kind: a
// wrong clock, expired temporary credentials.
func (c *Client) repair(call *call, r *result) verdict {
	api, ok := r.err.(*APIError)
	if !ok {
		return verdict{}
	}
	if !call.retries.clockCorrected && c.correctClock(api, r.header) {
		call.retries.clockCorrected = true
		return verdict{again: true, reason: "clock corrected"}
	}
	shared, ok := c.credentials.(*sharedProvider) // others are static
	if ok && !call.retries.tokenRefreshed && api.Code == "InvalidSecurityToken.Expired" {
		call.retries.tokenRefreshed = true
		shared.reject(r.credentials)
		return verdict{again: true, reason: "credentials expired"}
	}
	return verdict{}
}

// maxClockSkew is half of what the service tolerates, roughly.
const maxClockSkew = 5 * time.Minute

// correctClock sets the client's clock by the answer's Date if the service
// called the time invalid, or if they are far apart. It reports whether it did.
func (c *Client) correctClock(api *APIError, header http.Header) bool {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil || date.Sub(c.now()).Abs() <= maxClockSkew && !strings.HasPrefix(api.Code, "InvalidTimeStamp") {
		return false
	}
	c.clockOffset.Store(int64(time.Until(date)))
	return true
}

// retryable says whether a failure may pass by itself, and when to try again.
func (c *Client) retryable(call *call, err error) verdict {
	again := verdict{again: true, pause: retry.Jitter(retry.Backoff(call.info.Attempts, c.retry.BaseDelay, c.retry.MaxDelay))}
	refused, answer, failed := new(APIError), new(ResponseError), new(CallError)
	switch {
	case errors.Is(err, ErrThrottled):
		again.reason = "throttled"
	case errors.As(err, &refused) && isServerError(refused.StatusCode) && !isPermanent(refused),
		errors.As(err, &answer) && isServerError(answer.StatusCode):
		again.reason = "server error"
	case errors.As(err, &answer) && answer.cut:
		again.reason = "answer cut off"
	case errors.As(err, &failed) && failed.hasTimedOut():
		again.reason = "attempt timed out"
	case errors.As(err, &failed) && failed.Reason == noAnswer && !isHopeless(failed):
		again.reason = "connection failed"
	default:
		return verdict{reason: "not retryable"}
	}
	return again
}

func isServerError(status int) bool { return status >= 500 && status <= 599 }

// isPermanent tells the codes of a 5xx that no repetition changes.
func isPermanent(api *APIError) bool {
	return errors.Is(api, ErrUnauthenticated) || errors.Is(api, ErrAccessDenied) ||
		strings.HasPrefix(api.Code, "Invalid") || strings.HasPrefix(api.Code, "Missing") ||
		strings.HasPrefix(api.Code, "Product.Unsubscript") || strings.HasPrefix(api.Code, "Unknown.ResourceOwnerId")
}

// isHopeless tells transport failures that no repetition changes: a
// certificate that does not verify, a server that does not speak TLS.
func isHopeless(err error) bool {
	return errors.As(err, new(*tls.CertificateVerificationError)) ||
		errors.As(err, new(tls.RecordHeaderError)) || errors.Is(err, http.ErrSchemeMismatch)
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
