package paging

import (
	"errors"
	"slices"
	"sync"
)

// ErrNothing is the error of an API that returned nothing, or ended the goroutine
// that it was called in.
var ErrNothing = errors.New("cams: the API returned neither a response nor an error")

// Ahead fetches pages ahead of the one that is wanted.
type Ahead[R any] struct {
	Fetch func(index int) (*R, error)

	queue   []*fetched[R] // consecutive pages, the wanted one first
	running sync.WaitGroup
}

// fetched is a page to be. The other fields are final when done closes.
type fetched[R any] struct {
	done     chan struct{}
	page     *R
	err      error
	panicked any
}

// Take returns a page: the first of the queue, or fetched here and now.
func (a *Ahead[R]) Take(index int) (*R, error) {
	if len(a.queue) == 0 {
		return a.Fetch(index)
	}
	head := a.queue[0]
	a.queue = slices.Delete(a.queue, 0, 1) // unlike queue[1:], it lets go of the page

	<-head.done // soon, when the context is done
	if head.panicked != nil {
		panic(head.panicked) // where the caller can recover it
	}
	return head.page, head.err
}

// Fill makes the queue n pages long, starting with the page at index.
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

// Wait waits for all fetches that are under way.
func (a *Ahead[R]) Wait() { a.running.Wait() }
