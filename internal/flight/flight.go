// Package flight shares a value that is slow to fetch between any number of callers. It
// runs one fetch at a time and gives the result to all callers that wait. Each caller
// waits only as long as its own context allows. The fetch says how long its value is
// cached.
package flight

import (
	"context"
	"errors"
	"sync"
	"time"
)

var (
	// ErrReentered is the error of a fetch that calls Get on its own group, which would
	// wait for itself.
	ErrReentered = errors.New("the provider called the client that waits for it: give it a client with other credentials")
	// ErrNothing is the error of a fetch that ended its goroutine with runtime.Goexit, or
	// found no value and has no error.
	ErrNothing = errors.New("the provider returned neither credentials nor an error")
)

// Lifetime says how long a value is cached. The zero Lifetime means not at all.
type Lifetime struct {
	Refresh time.Time // when to fetch it again
	End     time.Time // if that fails, the value is still used until then
}

const (
	// retryRefresh is the pause before the next refresh after one has failed.
	retryRefresh = 10 * time.Second
	// patience is how long a caller waits for a refresh while the cached value is valid.
	patience = 2 * time.Second
)

// Group shares the value that Fetch returns.
type Group[T any] struct {
	// Fetch fetches the value. It may be slow and may ignore its context, which ends
	// when no caller waits any more. It runs in one goroutine at a time. It must not
	// panic. rejected reports whether a value has been rejected; nil means that none has.
	Fetch func(ctx context.Context, rejected func(T) bool) (T, Lifetime, error)

	mu         sync.Mutex
	current    *fetching[T] // the running fetch, nil if there is none
	kept       func() T     // the cached value, nil if none; a closure, so that fmt cannot print it
	lifetime   Lifetime     // of kept
	rejected   func(T) bool
	rejections int // how often Reject was called
}

// fetchOf is the context key that marks the fetch of a group.
type fetchOf[T any] struct{ group *Group[T] }

// fetching is a running fetch. value and err are set before done closes.
type fetching[T any] struct {
	done       chan struct{}
	cancel     context.CancelFunc
	waiting    int // callers that wait, guarded by Group.mu; 0 means that it was canceled
	rejections int // the group's rejections when the fetch started
	value      T
	err        error
}

// Get returns the value, the error of the fetch, or the cause of ctx.
func (g *Group[T]) Get(ctx context.Context) (T, error) {
	var none T
	if ctx.Value(fetchOf[T]{g}) != nil {
		return none, ErrReentered
	}
	for ctx.Err() == nil {
		value, good, f, joined := g.join()
		if f == nil {
			return value, nil
		}
		var enough <-chan time.Time
		if good {
			timer := time.NewTimer(patienceWithin(ctx))
			defer timer.Stop()
			enough = timer.C
		}
		select {
		case <-enough:
			// The refresh may continue until ctx ends. The next turn of the loop returns
			// the cached value.
			context.AfterFunc(ctx, func() { g.leave(f) })
		case <-f.done:
			switch {
			case f.err != nil && !joined:
				// It was canceled before this call started, so its error does not count.
			case f.err != nil && g.stillGood():
				// The refresh failed. The next turn returns the cached value.
			case f.err == nil && g.rejectedSince(f):
				// Its value was rejected after it started. The next turn fetches again.
			default:
				return f.value, f.err
			}
		case <-ctx.Done():
			if joined {
				g.leave(f)
			}
		}
	}
	return none, context.Cause(ctx)
}

// patienceWithin returns patience, but at most half of the time until ctx's deadline.
func patienceWithin(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return min(patience, time.Until(deadline)/2)
	}
	return patience
}

// Reject removes the cached value if it is useless. The next fetch is passed useless, so
// that it can avoid such values.
func (g *Group[T]) Reject(useless func(T) bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rejections++
	g.rejected = useless
	if g.kept != nil && useless(g.kept()) {
		g.kept = nil
	}
}

// join returns the cached value, with a nil f, or a fetch to wait for. It starts one if
// none is running. good means that the cached value is still valid. joined is false if
// all callers have left the running fetch: it was canceled and must end first.
func (g *Group[T]) join() (value T, good bool, f *fetching[T], joined bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	good = g.kept != nil && now.Before(g.lifetime.End)
	if g.kept != nil && now.Before(g.lifetime.Refresh) || g.current != nil && good {
		return g.kept(), true, nil, false
	}
	if f := g.current; f != nil {
		if f.waiting == 0 {
			return value, false, f, false
		}
		f.waiting++
		return value, false, f, true
	}
	// The context is not derived from the first caller's, because other callers may wait
	// for the fetch longer.
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), fetchOf[T]{g}, true))
	f = &fetching[T]{done: make(chan struct{}), cancel: cancel, waiting: 1, rejections: g.rejections}
	g.current = f
	go g.run(ctx, f, g.rejected)
	return value, good, f, true
}

// leave cancels the fetch when no caller waits for it any more.
func (g *Group[T]) leave(f *fetching[T]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f.waiting--
	if f.waiting == 0 {
		f.cancel()
	}
}

func (g *Group[T]) run(ctx context.Context, f *fetching[T], rejected func(T) bool) {
	var lifetime Lifetime
	defer func() {
		g.mu.Lock()
		g.current = nil
		g.keep(f, lifetime)
		g.mu.Unlock()
		f.cancel()
		close(f.done)
	}()
	f.err = ErrNothing // stays if Fetch ends its goroutine
	f.value, lifetime, f.err = g.Fetch(ctx, rejected)
}

// keep caches the value of a fetch. If the fetch failed, it delays the next refresh.
func (g *Group[T]) keep(f *fetching[T], lifetime Lifetime) {
	switch {
	case f.err != nil:
		g.lifetime.Refresh = earlier(time.Now().Add(retryRefresh), g.lifetime.End)
	case f.rejections != g.rejections && g.rejected(f.value):
	default:
		value := f.value
		g.kept, g.lifetime = func() T { return value }, lifetime
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// stillGood reports whether there is a valid cached value.
func (g *Group[T]) stillGood() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.kept != nil && time.Now().Before(g.lifetime.End)
}

// rejectedSince reports whether the value of f was rejected after f started.
func (g *Group[T]) rejectedSince(f *fetching[T]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.rejections != f.rejections && g.rejected(f.value)
}
