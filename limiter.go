package cams

import (
	"context"
	"sync"
	"time"

	"github.com/cams-go/cams/internal/limiter"
	"github.com/cams-go/cams/internal/retry"
)

// Limiter limits the rate of requests. A *rate.Limiter of golang.org/x/time/rate
// implements it.
//
// The default limiter is adaptive. A client has one for each operation, because the
// service has a quota for each. It limits nothing before the first refusal. Then it
// finds the quota from refusals, from waits that the service asks for, and from headers
// with the remaining quota. It removes the limit after a minute in which no call was
// refused or had to wait. The package documentation has the rules.
type Limiter interface {
	// Wait returns nil when the caller may send a request. It returns an error when the
	// caller may not, for instance because ctx has ended.
	Wait(ctx context.Context) error
}

// Unlimited returns a limiter that limits nothing. With [WithLimiter] it turns the
// default limiter off.
func Unlimited() Limiter { return unlimited{} }

type unlimited struct{}

func (unlimited) Wait(ctx context.Context) error { return ctx.Err() }

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
func (c *Client) wait(ctx context.Context, call *call, r *result) error {
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
		return newCallError(ctx, call, notLimited, err)
	}
	return nil
}

// learn reports an attempt's outcome to the adaptive limiter.
func (c *Client) learn(call *call, r *result) {
	throttled := !r.final && isThrottled(r.err)
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
