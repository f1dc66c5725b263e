// Package flight lets any number of callers share a value that is slow to get:
// one fetch at a time, whose result goes to all who wait for it, each only as
// long as its own context. It keeps a value for as long as the fetch says.
package flight

import (
	"context"
	"errors"
	"sync"
	"time"
)

var (
	// ErrReentered is the error of a fetch that asks the group it runs for, and
	// would wait for itself.
	ErrReentered = errors.New("the provider called the client that waits for it: give it a client with other credentials")
	// ErrNothing is the error of a fetch that ended its goroutine.
	ErrNothing = errors.New("the provider ended its goroutine and returned nothing")
)

// Lifetime says how long a value is kept. The zero value is not kept.
type Lifetime struct {
	Refresh time.Time // from then on it is fetched anew
	End     time.Time // until then it is used if that fails
}

const (
	// retryRefresh is how long a value is kept on after its refresh failed.
	retryRefresh = 10 * time.Second
	// patience is how long a caller waits for a refresh while the value before is good.
	patience = 2 * time.Second
)

// Group shares the value that Fetch gets.
type Group[T any] struct {
	// Fetch may be slow and may ignore its context, which ends when nobody waits
	// any more; it runs in one goroutine at a time. It must not panic.
	// rejected tells the value that was rejected last; nil tells none.
	Fetch func(ctx context.Context, rejected func(T) bool) (T, Lifetime, error)

	mu         sync.Mutex
	current    *fetching[T] // nil if none is under way
	kept       func() T     // functions, because no print shows what one holds
	lifetime   Lifetime     // of kept
	rejected   func(T) bool
	rejections int // how often rejected was set
}

// fetchOf is the key of the one value in a fetch's context.
type fetchOf[T any] struct{ group *Group[T] }

// fetching is one fetch under way. value and err are set before done closes.
type fetching[T any] struct {
	done       chan struct{}
	cancel     context.CancelFunc
	waiting    int // guarded by Group.mu; 0 means that it was given up
	rejections int // of the group when it began
	value      T
	err        error
}

// Get returns the value, or the cause of ctx's end.
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
			// The refresh may go on until ctx ends. The next turn returns what is kept.
			context.AfterFunc(ctx, func() { g.leave(f) })
		case <-f.done:
			switch {
			case f.err != nil && !joined:
				// It was given up before we came: its error is not ours.
			case f.err != nil && g.stillGood():
				// A refresh failed: the next turn returns what is kept.
			case f.err == nil && g.rejectedSince(f):
				// It began before its value was rejected, and could not know.
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

// patienceWithin leaves a caller half of the time that it has.
func patienceWithin(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return min(patience, time.Until(deadline)/2)
	}
	return patience
}

// Reject says which values are of no use, so that the next fetch does not return
// one of them if it can help it.
func (g *Group[T]) Reject(useless func(T) bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rejections++
	g.rejected = useless
	if g.kept != nil && useless(g.kept()) {
		g.kept = nil
	}
}

// join returns what is kept, or starts a fetch or joins the one under way; good
// tells that what is kept may be used meanwhile. It cannot join a fetch that
// everybody has left; that one has to end first.
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
	// Nothing of the first caller's context: the value is for others too, and the
	// fetch may outlive the call.
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), fetchOf[T]{g}, true))
	f = &fetching[T]{done: make(chan struct{}), cancel: cancel, waiting: 1, rejections: g.rejections}
	g.current = f
	go g.run(ctx, f, g.rejected)
	return value, good, f, true
}

// leave stops the fetch when nobody waits for it any more.
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
	f.err = ErrNothing // stays if the fetch ends its goroutine
	f.value, lifetime, f.err = g.Fetch(ctx, rejected)
}

// keep keeps a fetch's value, or for a while longer the one before if it failed.
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

// stillGood reports whether there is a kept value that may be used.
func (g *Group[T]) stillGood() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.kept != nil && time.Now().Before(g.lifetime.End)
}

// rejectedSince tells whether a fetch's value was rejected after the fetch began.
func (g *Group[T]) rejectedSince(f *fetching[T]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.rejections != f.rejections && g.rejected(f.value)
}
