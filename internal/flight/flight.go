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

// Lifetime says how long a value is cached. The zero Lifetime means not at all. It is wall
// time: the monotonic clock may stop while a machine is suspended, but values still expire.
type Lifetime struct {
	Refresh time.Time // when to fetch it again
	End     time.Time // if that fails, the value is still used until then
}

const (
	// retryRefresh is the pause before the next refresh after one has failed.
	retryRefresh = 10 * time.Second
	// patience is how long a caller waits for a refresh while the cached value is valid.
	patience = 2 * time.Second
	// unattended is how long a refresh may run although no caller waits for it.
	unattended = time.Minute
)

// Group shares the value that Fetch returns.
type Group[T any] struct {
	// Fetch fetches the value. It may be slow and may ignore its context. It runs in one
	// goroutine at a time. It must not panic. rejected reports whether a value has been
	// rejected; nil means that none has.
	//
	// The context has no values of a caller. It ends when no caller waits any more. If the
	// cached value was valid when Fetch started, it also stays open for the first minute.
	Fetch func(ctx context.Context, rejected func(T) bool) (T, Lifetime, error)
	// Now is the clock of Lifetime. nil means this machine's.
	Now func() time.Time

	mu       sync.Mutex
	current  *fetching[T] // the running fetch, nil if there is none
	kept     func() T     // the cached value, nil if none; a closure, so that fmt cannot print it
	lifetime Lifetime     // of kept
	rejected func(T) bool // of the latest Reject
}

// fetchOf is the context key that marks the fetch of a group.
type fetchOf[T any] struct{ group *Group[T] }

// fetching is a running fetch. value and err are set before done closes. Group.mu guards
// waiting, canceled and rejected.
type fetching[T any] struct {
	done     chan struct{}
	cancel   context.CancelFunc
	waiting  int          // callers that wait, and one for the unattended minute
	canceled bool         // before the callers that wait now came, so its error is not theirs
	rejected func(T) bool // of the latest Reject since it started
	value    T
	err      error
}

// Get returns the value, the error of the fetch, or the cause of ctx.
func (g *Group[T]) Get(ctx context.Context) (T, error) {
	var none T
	if ctx.Value(fetchOf[T]{g}) != nil {
		return none, ErrReentered
	}
	for ctx.Err() == nil {
		value, good, f := g.join()
		if f == nil {
			return value, nil
		}
		var enough <-chan time.Time
		if good {
			enough = time.After(patienceWithin(ctx))
		}
		select {
		case <-f.done:
			if g.settles(f) {
				return f.value, f.err
			}
			continue
		case <-enough: // the next turn returns the cached value
		case <-ctx.Done():
		}
		g.leave(f)
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
	g.rejected = useless
	if g.current != nil {
		g.current.rejected = useless
	}
	if g.kept != nil && useless(g.kept()) {
		g.kept = nil
	}
}

// join returns the cached value, with a nil f, or a fetch to wait for. It starts one if
// none is running. good means that the cached value is still valid.
func (g *Group[T]) join() (value T, good bool, f *fetching[T]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	good = g.good()
	if good && (g.current != nil || g.now().Before(g.lifetime.Refresh)) {
		return g.kept(), good, nil
	}
	if g.current == nil {
		g.start(good)
	}
	g.current.waiting++
	return value, good, g.current
}

// start starts a fetch. Its context is not derived from the first caller's, because other
// callers may wait for the fetch longer.
func (g *Group[T]) start(refresh bool) {
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), fetchOf[T]{g}, true))
	f := &fetching[T]{done: make(chan struct{}), cancel: cancel}
	if refresh { // no caller waits for it long
		f.waiting++
		minute := time.AfterFunc(unattended, func() { g.leave(f) })
		f.cancel = func() { minute.Stop(); cancel() }
	}
	g.current = f
	go g.run(ctx, f, g.rejected)
}

// leave cancels the fetch when no caller waits for it any more.
func (g *Group[T]) leave(f *fetching[T]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f.waiting--
	if f.waiting == 0 {
		f.canceled = true
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
		g.lifetime.Refresh = g.now().Add(retryRefresh)
	case !f.isRejected():
		value := f.value
		g.kept, g.lifetime = func() T { return value }, lifetime
	}
}

// settles reports whether a caller that waited for f returns what f returned. Otherwise
// it tries again: it uses the cached value if there is a valid one, or else waits for
// another fetch.
func (g *Group[T]) settles(f *fetching[T]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f.err != nil {
		return !f.canceled && !g.good()
	}
	return !f.isRejected()
}

// isRejected reports whether the value was rejected while it was being fetched.
func (f *fetching[T]) isRejected() bool { return f.rejected != nil && f.rejected(f.value) }

// good reports whether there is a valid cached value.
func (g *Group[T]) good() bool { return g.kept != nil && g.now().Before(g.lifetime.End) }

// now returns the time without a monotonic reading, so that comparisons use wall time.
func (g *Group[T]) now() time.Time {
	if g.Now != nil {
		return g.Now().Round(0)
	}
	return time.Now().Round(0)
}
