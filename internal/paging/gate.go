package paging

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/cams-go/cams/internal/retry"
)

// The pauses between two probes of a service that is away: the first, doubled each time,
// up to the longest.
const (
	firstPause   = time.Second
	longestPause = 30 * time.Second
)

// Gate lets all requests of a run outlast an outage together. While no request succeeds,
// those that failed wait, and one after the other asks again. The first success lets all
// go on.
type Gate struct {
	Patience time.Duration // how long an outage may last
	// Tries is how often a request is made that fails while the service is there; 0 means
	// no limit.
	Tries int
	// Passes reports whether a failure may pass, and the wait that the service asked for.
	Passes func(error) (wait time.Duration, passes bool)
	// Unsent reports whether a failure is of a request that was not made.
	Unsent func(error) bool

	mu     sync.Mutex
	outage *outage                     // nil while requests may go
	known  func(context.Context) error // the latest request that succeeded: made again, it tells whether the service is there
	ended  error                       // set when patience has ended
}

// outage is a time without a success.
type outage struct {
	turn  chan struct{} // holds one token; who takes it asks next
	over  chan struct{} // closes with the outage
	since time.Time
	err   error         // of the latest request
	pause time.Duration // before the next probe
	next  time.Time     // when that is due
}

// ImpatientError is the error of a run whose patience has ended.
type ImpatientError struct {
	Patience time.Duration
	Err      error // of the last request
}

func (e *ImpatientError) Error() string {
	return fmt.Sprintf("cams: gave up after %v without a success: %v", e.Patience, e.Err)
}

// Unwrap returns the error of the last request.
func (e *ImpatientError) Unwrap() error { return e.Err }

// Outlast makes a request until it succeeds or fails for good, the gate's patience ends, or
// ctx ends. It returns what the last request returned, or an [*ImpatientError].
func Outlast[R any](ctx context.Context, g *Gate, request func(context.Context) (R, error)) (R, error) {
	again := func(ctx context.Context) error { _, err := request(ctx); return err }
	for tries := 1; ; tries++ {
		probed, err := g.pass(ctx)
		if err != nil {
			return *new(R), err
		}
		ctx := ctx
		if probed != nil {
			ctx = context.WithValue(ctx, probe{}, true)
		}
		var value R
		last := g.Tries > 0 && tries >= g.Tries
		more, err := g.once(ctx, probed, last, func() (err error) {
			value, err = request(ctx)
			return err
		}, again)
		if !more {
			return value, err
		}
		if last {
			tries = 0 // the service was away, so the failures were not this request's
		}
		if probed == nil { // a probe waits for its turn
			retry.Pause(ctx, retry.Backoff(tries, firstPause, longestPause))
		}
	}
}

type probe struct{}

// IsProbe reports whether a request only asks whether the service is there, so that a
// client does not repeat it by itself.
func IsProbe(ctx context.Context) bool { return ctx.Value(probe{}) != nil }

// once makes the request once. more means that it failed in a way that may pass. last
// means that it is not made again if the service is there. again makes it again for a
// request that fails later.
func (g *Gate) once(ctx context.Context, probed *outage, last bool, request func() error, again func(context.Context) error) (more bool, err error) {
	if probed != nil { // the channel is first come, first served: the others probe before this request does
		defer func() { probed.turn <- struct{}{} }()
	}
	err = request()
	switch {
	case err == nil:
		g.succeeded(again)
		return false, nil
	case ctx.Err() != nil:
		return false, err
	}
	wait, passes := g.Passes(err)
	if passes && last && g.isThere(ctx) { // perhaps only since the request failed
		if err = request(); err == nil {
			g.succeeded(again)
			return false, nil
		}
		passes = false
	}
	if !passes {
		if !g.Unsent(err) { // a refusal shows that the service is there, too
			g.succeeded(nil)
		}
		return false, err
	}
	if ended := g.failed(probed, wait, err); ended != nil {
		return false, ended
	}
	return true, err
}

// isThere reports whether a request that succeeded before does so again.
func (g *Gate) isThere(ctx context.Context) bool {
	g.mu.Lock()
	known := g.known
	g.mu.Unlock()
	if known == nil {
		return false
	}
	err := known(ctx)
	if err == nil {
		return true
	}
	_, passes := g.Passes(err)
	return ctx.Err() == nil && !passes // a refusal is an answer, too
}

// pass waits until a request may go. During an outage it waits for the turn to ask, and
// returns the outage.
func (g *Gate) pass(ctx context.Context) (*outage, error) {
	for {
		g.mu.Lock()
		o, ended := g.outage, g.ended
		g.mu.Unlock()
		if o == nil || ended != nil {
			return nil, ended
		}
		select {
		case <-o.over:
			continue
		case <-ctx.Done():
			return nil, nil // the request returns at once, with the context's error
		case <-o.turn:
		}
		g.mu.Lock()
		next := o.next
		g.mu.Unlock()
		select {
		case <-o.over:
		case <-ctx.Done():
			o.turn <- struct{}{}
		case <-time.After(time.Until(next)):
			return o, nil
		}
	}
}

// Failure returns the error of the latest request in the current outage, nil if there is
// none.
func (g *Gate) Failure() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.outage == nil {
		return nil
	}
	return g.outage.err
}

// succeeded ends an outage. again makes again what succeeded; it is nil for a refusal.
func (g *Gate) succeeded(again func(context.Context) error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if again != nil && g.Tries > 0 {
		g.known = again
	}
	if g.outage != nil {
		close(g.outage.over)
		g.outage = nil
	}
}

// failed notes a failure that may pass. It returns the error of a run whose patience has
// ended.
func (g *Gate) failed(probed *outage, wait time.Duration, err error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	o := g.outage
	isNew := o == nil
	if isNew {
		o = &outage{turn: make(chan struct{}, 1), over: make(chan struct{}), since: now, pause: firstPause}
		o.turn <- struct{}{}
	}
	limit := o.since.Add(g.Patience)
	at := now.Add(wait)
	if at.After(limit) {
		at = now // a wait beyond the patience says nothing of when to ask
	}
	switch {
	case g.ended != nil:
		return g.ended
	case isNew:
		g.outage = o
	case probed == o:
		o.pause = min(2*o.pause, longestPause)
	default: // it began before the outage was noticed
		o.next = later(o.next, at)
		return nil
	}
	o.err = err
	if !now.Before(limit) {
		g.ended = &ImpatientError{g.Patience, err}
		g.outage = nil
		close(o.over)
		return g.ended
	}
	o.next = later(at, now.Add(o.pause))
	if o.next.After(limit) {
		o.next = limit // the last try
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
