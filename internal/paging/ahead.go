package paging

import (
	"errors"
	"slices"
	"sync"
)

// ErrNothing is the error of an API that returned neither a response nor an error, or
// ended its goroutine.
var ErrNothing = errors.New("cams: the API returned neither a response nor an error")

// Either returns what an API returned: a page or an error, or [ErrNothing] if it returned
// neither.
func Either[R any](page *R, err error) (*R, error) {
	switch {
	case err != nil:
		return nil, err
	case page == nil:
		return nil, ErrNothing
	}
	return page, nil
}

// Ahead prefetches pages.
type Ahead[R any] struct {
	Fetch func(index int) (*R, error)

	queue   []*fetched[R] // consecutive pages, the next one first
	running sync.WaitGroup
}

// fetched is a page that is being fetched. The other fields are final when done closes.
type fetched[R any] struct {
	done     chan struct{}
	page     *R
	err      error
	panicked any
}

// Take returns the page at index: the first of the queue, or if that is empty, it fetches
// the page.
func (a *Ahead[R]) Take(index int) (*R, error) {
	if len(a.queue) == 0 {
		return a.Fetch(index)
	}
	head := a.queue[0]
	a.queue = slices.Delete(a.queue, 0, 1) // unlike queue[1:], this frees the page

	<-head.done // comes soon when the context ends
	if head.panicked != nil {
		panic(head.panicked) // here the caller can recover
	}
	return head.page, head.err
}

// Fill starts fetches until the queue has n pages, of which the first is the page at
// index.
func (a *Ahead[R]) Fill(index, n int) {
	for i := len(a.queue); i < n; i++ {
		page := &fetched[R]{done: make(chan struct{}), err: ErrNothing}
		a.queue = append(a.queue, page)
		a.running.Go(func() {
			defer close(page.done)
			defer func() { page.panicked = recover() }()
			page.page, page.err = a.Fetch(index + i)
		})
	}
}

// Wait waits for all running fetches.
func (a *Ahead[R]) Wait() { a.running.Wait() }
