package cams

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/cams-go/cams/internal/limiter"
)

// adaptiveLimiters are the default limiters of an identity, one for each operation.
type adaptiveLimiters struct {
	mu sync.Mutex
	of map[string]*limiter.Adaptive
}

func (l *adaptiveLimiters) get(operation string) *limiter.Adaptive {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = make(map[string]*limiter.Adaptive)
	}
	if l.of[operation] == nil {
		l.of[operation] = new(limiter.Adaptive)
	}
	return l.of[operation]
}

// longestHold is how long a wait that the service names may hold an operation: what is
// longer looks like a mistake, and only a success could end it.
const longestHold = 24 * time.Hour

// wait waits for the limiter, outside the attempt timeout. It returns when that was done.
func (c *call) wait(ctx context.Context, r *outcome) (done time.Time, err error) {
	start := time.Now()
	if ctx.Err() != nil {
		r.held = true
		return start, newCallError(ctx, c, ReasonNotLimited, ctx.Err())
	}
	if c.adaptive == nil {
		err = c.limiter.Wait(ctx)
	} else {
		r.ticket, err = c.adaptive.Wait(ctx, c.came)
	}
	done = time.Now()
	if waited := done.Sub(start); waited >= time.Millisecond { // less does not count as a wait
		r.waited = waited
		c.info.Waited += waited
	}
	if err == nil {
		return done, nil
	}
	r.held = true
	return done, c.held(ctx, err)
}

// held returns the error of a call that a limiter did not let through.
func (c *call) held(ctx context.Context, err error) *CallError {
	failed := &CallError{Operation: c.name, Reason: ReasonNotLimited, Attempts: c.info.Attempts, causes: []error{err}, throttled: true}
	var named *limiter.Held
	_, hasDeadline := ctx.Deadline()
	switch {
	case ctx.Err() != nil:
		failed.Reason, failed.detail, failed.causes = ReasonStopped, " while it waited for the quota", contextCauses(ctx)
	case errors.As(err, &named):
		failed.Reason, failed.retryAfter = ReasonThrottled, named.Left
	case errors.Is(err, limiter.ErrStarved):
		failed.Reason = ReasonThrottled
	default: // golang.org/x/time/rate refuses before the deadline, and says so only in a text
		failed.pastDeadline = hasDeadline
	}
	return failed
}

// informLimiter reports an attempt's outcome to the adaptive limiter. A failure is not a
// grant, but any other refusal is one.
func (c *call) informLimiter(r *outcome) {
	_, isRefusal := r.err.(*APIError)
	switch {
	case c.adaptive == nil || r.held:
	case c.mayWait(r.err):
		c.adaptive.Refused(r.ticket, min(askedWait(r.err), longestHold))
	case r.err == nil || isRefusal && !is(r.err, ErrUnavailable):
		c.adaptive.Granted(r.ticket)
	default:
		c.adaptive.Failed(r.ticket)
	}
}

// mayWait reports whether an attempt was refused for the quota that the adaptive limiter
// finds. WhatsApp's limit of a business number is another one.
func (c *call) mayWait(err error) bool {
	refused, ok := err.(*APIError)
	return c.adaptive != nil && is(err, ErrThrottled) && !(ok && refused.refusal().LimitsNumber())
}
