package cams

import (
	"context"
	"sync"
	"time"

	"github.com/cams-go/cams/internal/limiter"
	"github.com/cams-go/cams/internal/retry"
)

// limiters are the adaptive limiters of a client, one for each operation.
type limiters struct {
	mu sync.Mutex
	of map[string]*limiter.Adaptive
}

func (l *limiters) get(operation string) *limiter.Adaptive {
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

// wait waits for the limiter, outside the attempt timeout.
func (c *Client) wait(ctx context.Context, call *call, r *outcome) error {
	start := time.Now()
	var err error
	if c.limiter != nil {
		err = c.limiter.Wait(ctx)
	} else {
		r.ticket, err = call.pace.Wait(ctx, call.retries.refusals)
	}
	if waited := time.Since(start); waited >= time.Millisecond { // less does not count as a wait
		r.waited = waited
		call.info.Waited += waited
	}
	if err != nil {
		return newCallError(ctx, call, ReasonNotLimited, err)
	}
	return nil
}

// informLimiter reports an attempt's outcome to the adaptive limiter.
func (c *Client) informLimiter(call *call, r *outcome) {
	throttled := !r.final && is(r.err, ErrThrottled)
	if throttled {
		call.retries.refusals++
	}
	switch {
	case c.limiter != nil || r.status == 0:
	case throttled:
		call.pace.Refused(r.ticket, askedWait(r.err))
	default:
		remain, reset := retry.Remaining(r.header)
		call.pace.Succeeded(r.ticket, remain, reset)
	}
}
