package paging

import (
	"context"
	"errors"
	"iter"
	"sync"
)

// errItemsGone is the error of items that ended their goroutine with runtime.Goexit.
var errItemsGone = errors.New("cams: the iterator of groups ended its goroutine")

// Ordered calls do for each item, for up to n at the same time, and passes what it returns
// to yield, in the order of the items. It takes the next item while yield works.
//
// An error of do is about all items. When its item is the next in order, it ends the run:
// the context of the others ends, and those that are complete are still passed to yield.
// Ordered then returns the error, or else that of items. When it returns or yield panics, no goroutine of it is left.
func Ordered[A, B any](ctx context.Context, items iter.Seq2[A, error], n int, do func(context.Context, A) (B, error), yield func(B) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	run := &ordered[A, B]{items: items, do: do, slots: make(chan struct{}, n), queue: make(chan chan done[B], n)}
	defer run.running.Wait()
	defer cancel()
	run.running.Go(func() { run.feed(ctx) })

	var failed error
	for next := range run.queue {
		result := <-next
		<-run.slots
		switch {
		case result.panicked != nil:
			panic(result.panicked) // here the caller can recover
		case result.err != nil:
			if failed == nil {
				failed = result.err
			}
			cancel()
		case !yield(result.value):
			return nil
		}
	}
	if run.panicked != nil {
		panic(run.panicked)
	}
	if failed != nil {
		return failed
	}
	return run.err
}

// ordered is the state of a run.
type ordered[A, B any] struct {
	items   iter.Seq2[A, error]
	do      func(context.Context, A) (B, error)
	slots   chan struct{}     // has a value for each item that is not yet passed to yield
	queue   chan chan done[B] // in the order of the items; each channel gets one value
	running sync.WaitGroup

	// How items ended. Final when queue closes.
	err      error
	panicked any
}

// done is what do returned for an item.
type done[B any] struct {
	value    B
	err      error
	panicked any // the value of a panic
}

// feed starts do for one item after the other.
func (r *ordered[A, B]) feed(ctx context.Context) {
	defer close(r.queue)
	r.err = errItemsGone // until items end in another way
	defer func() { r.panicked = recover() }()
	for item, err := range r.items {
		if err != nil {
			r.err = err
			return
		}
		select {
		case r.slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		r.start(ctx, item)
	}
	r.err = nil
}

func (r *ordered[A, B]) start(ctx context.Context, item A) {
	next := make(chan done[B], 1)
	r.queue <- next // has a place for each slot
	r.running.Go(func() {
		result := done[B]{err: ErrNothing} // if do ends its goroutine
		defer func() {
			result.panicked = recover()
			next <- result
		}()
		result.value, result.err = r.do(ctx, item)
	})
}
