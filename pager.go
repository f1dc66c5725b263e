package cams

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
)

// How a listing ends other than well.
var (
	// ErrNoMorePages is returned by NextPage after the last page: HasNext was false.
	ErrNoMorePages = errors.New("cams: no more pages")
	// ErrPagerStalled: the service sent a page that it had sent before, and
	// Total was not reached. Going on would list members twice, or for ever.
	// It comes wrapped in an error that names the page; match it with errors.Is.
	ErrPagerStalled = errors.New("cams: the service repeats a page before its Total is reached")
)

// errNoAnswer also stands for an API that ended the goroutine it was called in.
var errNoAnswer = errors.New("cams: the API returned neither a response nor an error")

// defaultPageSize is the page size where neither the request nor an option has one.
const defaultPageSize = 20

// PagerOption configures a pager. A bad one makes its first page fail.
type PagerOption func(*pagerOptions)

type pagerOptions struct {
	size     int
	prefetch int
	err      error
}

// WithPageSize asks for n members a page, 1 or more. The default is the
// request's Page.Size, else 20. The service may send fewer.
func WithPageSize(n int) PagerOption {
	return func(o *pagerOptions) {
		o.size = n
		if n < 1 {
			o.err = &ValidationError{Field: "WithPageSize", Reason: "is below 1"}
		}
	}
}

// WithPrefetch lets Pages and All have up to n pages in flight or waiting, so
// that memory stays at n pages. The default, 1, asks for a page only when it is
// wanted. The first page always comes alone: it tells how many there are.
// NextPage fetches one page a call, whatever n is.
func WithPrefetch(n int) PagerOption {
	return func(o *pagerOptions) {
		o.prefetch = n
		if n < 1 {
			o.err = &ValidationError{Field: "WithPrefetch", Reason: "is below 1"}
		}
	}
}

// Collect gathers what a pager's All or Pages yields into a slice. At the first
// error it returns what came before it, and the error.
func Collect[T any](seq iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for item, err := range seq {
		if err != nil {
			return all, err
		}
		all = append(all, item)
	}
	return all, nil
}

// pager pages through any operation that numbers its pages and tells a total.
// R is the operation's response and T a member of its list.
type pager[R any, T comparable] struct {
	first    Page // where the listing starts
	prefetch int
	err      error // what is wrong with the pager itself; all steps return it

	// fetch makes one call. list takes apart what it returned, and without
	// copies a response less its list.
	fetch   func(ctx context.Context, page Page) (*R, error)
	list    func(*R) (total int, list []T)
	without func(R) *R

	cursor    cursor[T]    // of NextPage
	nextIndex atomic.Int64 // atomic: a signal handler may ask during an iteration
}

// start fills in what all operations share, from the request's page and the options.
func (p *pager[R, T]) start(first *Page, opts []PagerOption) *pager[R, T] {
	options := pagerOptions{size: defaultPageSize, prefetch: 1}
	p.first.Index = 1
	if first != nil {
		if first.Size < 0 || first.Index < 0 {
			options.err = &ValidationError{Field: "Page", Reason: "has a negative Size or Index"}
		}
		if first.Size > 0 {
			options.size = first.Size
		}
		if first.Index > 0 {
			p.first.Index = first.Index
		}
	}
	for i, opt := range opts {
		if opt == nil {
			options.err = &ValidationError{Field: fmt.Sprintf("opts[%d]", i), Reason: "is nil"}
			continue
		}
		opt(&options)
	}
	p.first.Size, p.prefetch = options.size, options.prefetch
	if p.err == nil {
		p.err = options.err
	}
	p.cursor = p.newCursor()
	p.nextIndex.Store(int64(p.first.Index))
	return p
}

func (p *pager[R, T]) newCursor() cursor[T] {
	return cursor[T]{start: p.first.Index, size: p.first.Size, index: p.first.Index}
}

// check says why the page at index is not to be had.
func (p *pager[R, T]) check(ctx context.Context, index int) error {
	switch {
	case p.err != nil:
		return p.err
	case ctx == nil:
		return &ValidationError{Field: "ctx", Reason: "is nil"}
	case ctx.Err() != nil: // not every stub looks
		return &callError{operation: fmt.Sprintf("page %d", index), what: failedByCaller, causes: contextCauses(ctx)}
	}
	return nil
}

// page fetches one page, and takes nothing for an answer that is none.
func (p *pager[R, T]) page(ctx context.Context, index int) (*R, error) {
	if err := p.check(ctx, index); err != nil {
		return nil, err
	}
	page, err := p.fetch(ctx, Page{Size: p.first.Size, Index: index})
	if err == nil && page == nil {
		err = errNoAnswer
	}
	if err != nil {
		return nil, err
	}
	return page, nil
}

// nextPage is NextPage: the state moves only on success.
func (p *pager[R, T]) nextPage(ctx context.Context) (*R, error) {
	if p.cursor.done {
		return nil, ErrNoMorePages
	}
	page, err := p.page(ctx, p.cursor.index)
	if err != nil {
		return nil, err
	}
	page, _, err = p.accept(&p.cursor, page)
	if err != nil {
		return nil, err
	}
	p.nextIndex.Store(int64(p.cursor.index))
	return page, nil
}

// accept moves the cursor over a page. A repeated page that only says that the
// list has ended comes back without its list.
func (p *pager[R, T]) accept(c *cursor[T], page *R) (*R, []T, error) {
	total, list := p.list(page)
	repeated, err := c.accept(total, list)
	if err != nil {
		return nil, nil, fmt.Errorf("%w (page %d, Total %d)", err, c.index, total)
	}
	if repeated {
		return p.without(*page), nil, nil
	}
	return page, list, nil
}

// pages is Pages: a listing of its own, from the start.
func (p *pager[R, T]) pages(ctx context.Context) iter.Seq2[*R, error] {
	return func(yield func(*R, error) bool) {
		err := p.walk(ctx, func(page *R, _ []T, next int) bool {
			p.nextIndex.Store(int64(next))
			return yield(page, nil)
		})
		if err != nil {
			yield(nil, err)
		}
	}
}

// all is All. The index to resume from moves on with a page's last member, so
// that who stops in the middle of a page gets that page again.
func (p *pager[R, T]) all(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		err := p.walk(ctx, func(_ *R, list []T, next int) bool {
			for i, item := range list {
				if i == len(list)-1 {
					p.nextIndex.Store(int64(next))
				}
				if !yield(item, nil) {
					return false
				}
			}
			return true
		})
		if err != nil {
			var none T
			yield(none, err)
		}
	}
}

// walk visits the pages in order until the list ends, visit returns false
// (then it returns nil) or a page fails. When it returns, or when visit
// panics, no request of it is in flight and no goroutine is left: it waits for
// an API that does not heed its context.
func (p *pager[R, T]) walk(ctx context.Context, visit func(page *R, list []T, next int) bool) error {
	p.nextIndex.Store(int64(p.first.Index))
	if err := p.check(ctx, p.first.Index); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	ahead := prefetcher[R]{fetch: func(index int) (*R, error) { return p.page(ctx, index) }}
	defer ahead.running.Wait()
	defer cancel()

	cursor := p.newCursor()
	for !cursor.done {
		// A context that is done ends the listing, whatever is prefetched.
		if err := p.check(ctx, cursor.index); err != nil {
			return err
		}
		page, err := ahead.take(cursor.index)
		if err != nil {
			return err
		}
		page, list, err := p.accept(&cursor, page)
		if err != nil {
			return err
		}
		if p.prefetch > 1 && !cursor.done {
			ahead.fill(cursor.index, min(p.prefetch, cursor.pagesLeft()))
		}
		if !visit(page, list, cursor.index) {
			return nil
		}
	}
	return nil
}

// cursor is where a listing stands. It decides what a page means; the rules are
// the table in the package documentation.
type cursor[T comparable] struct {
	start, index int // the first page and the next one
	size         int // members a page, as asked for
	length       int // members on the first page: how long a page really is
	received     int // members so far
	total        int // as the latest page tells it
	pages        int // pages that had members
	done         bool

	// To tell a repeated page: copies, as who gets a page may change it.
	previous, kept []T
}

// accept takes the page at the cursor's index. repeated says that the page had
// come before and holds nothing new. After an error the cursor is where it was.
func (c *cursor[T]) accept(total int, list []T) (repeated bool, err error) {
	if len(list) == 0 {
		c.total, c.done = total, true
		return false, nil
	}
	if c.pages > 0 && (slices.Equal(list, c.previous) || slices.Equal(list, c.kept)) {
		if !c.isEnd(total) {
			return false, ErrPagerStalled
		}
		c.done = true
		return true, nil
	}
	if c.pages == 0 {
		c.length = len(list)
	}
	c.pages++
	c.index++
	c.received += len(list)
	c.total = total
	c.done = c.position() == total
	c.previous = append(c.previous[:0], list...)
	// Brent's way to find a cycle of any length while keeping one page: the
	// kept one is replaced after 1, 2, 4, 8, ... pages.
	if c.pages&(c.pages-1) == 0 {
		c.kept = append(c.kept[:0], list...)
	}
	return false, nil
}

// isEnd tells, of a page that came again, whether the service does that past
// the end of its list. The latter condition is for a listing that got but one
// page, a short one: the last, if the pages before it are as long as asked for.
func (c *cursor[T]) isEnd(total int) bool {
	return total > 0 && c.position() >= total ||
		c.pages == 1 && (c.start-1)*c.size+c.received == total
}

// position is how many members of the whole list lie behind the cursor. The
// pages before the start are taken to be as long as the first one received; if
// that was the list's last and shorter, the position is too low, never too high,
// and an empty page ends the listing.
func (c *cursor[T]) position() int { return (c.start-1)*c.length + c.received }

// pagesLeft is how many pages Total promises, at least one: without a
// believable Total, as many as one likes to ask for.
func (c *cursor[T]) pagesLeft() int {
	left := c.total - c.position()
	if left <= 0 {
		return int(^uint(0) >> 1)
	}
	return (left + c.length - 1) / c.length
}

// prefetcher fetches pages ahead of the one that is wanted.
type prefetcher[R any] struct {
	fetch   func(index int) (*R, error)
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

// take returns a page: the first of the queue, or fetched here and now.
func (f *prefetcher[R]) take(index int) (*R, error) {
	if len(f.queue) == 0 {
		return f.fetch(index)
	}
	head := f.queue[0]
	f.queue = slices.Delete(f.queue, 0, 1) // unlike f.queue[1:], it lets go of the page

	<-head.done // soon, when the context is done
	if head.panicked != nil {
		panic(head.panicked) // where the caller can recover it
	}
	return head.page, head.err
}

// fill makes the queue n pages long, starting with the page at index.
func (f *prefetcher[R]) fill(index, n int) {
	for i := len(f.queue); i < n; i++ {
		ahead := &fetched[R]{done: make(chan struct{}), err: errNoAnswer}
		f.queue = append(f.queue, ahead)
		f.running.Go(func() {
			defer close(ahead.done)
			defer func() { ahead.panicked = recover() }()
			ahead.page, ahead.err = f.fetch(index + i)
		})
	}
}
