package cams

import (
	"context"
	"sync"
	"time"

	"github.com/cams-go/cams/internal/limiter"
	"github.com/cams-go/cams/internal/retry"
)

// Limiter paces requests. *rate.Limiter of golang.org/x/time/rate is one.
//
// The default is adaptive, one for each operation of a client, as the service's
// quotas are. It limits nothing before the first refusal; then it finds the
// quota from refusals, from waits that the service names and from headers that
// tell what is left. It keeps callers in order, comes back to full speed by
// itself, and forgets after a minute in which nobody had to wait.
type Limiter interface {
	// Wait returns when the caller may send a request, or with an error when it
	// may not, for instance because ctx has ended.
	Wait(ctx context.Context) error
}

// Unlimited limits nothing: with [WithLimiter] it turns the default off.
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

// wait waits for the limiter. That is no part of an attempt's timeout.
func (c *Client) wait(ctx context.Context, call *call, r *result) error {
	start := time.Now()
	var err error
	if c.limiter != nil {
		err = c.limiter.Wait(ctx)
	} else {
		r.ticket, err = call.pace.Wait(ctx, call.retries.refusals)
	}
	if waited := time.Since(start); waited >= time.Millisecond { // less is no waiting
		r.waited = waited
		call.info.Waited += waited
	}
	if err != nil {
		return newCallError(ctx, call, notLimited, err)
	}
	return nil
}

// learn tells the adaptive limiter how an attempt ended.
func (c *Client) learn(call *call, r *result, throttled bool) {
	if throttled {
		call.retries.refusals++
	}
	switch {
	case c.limiter != nil || r.status == 0:
	case throttled:
		asked, _ := RetryAfter(r.err)
		call.pace.Refused(r.ticket, asked)
	default:
		remain, reset := retry.Remaining(r.header)
		call.pace.Succeeded(r.ticket, remain, reset)
	}
}
