package cams

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"

	"github.com/cams-go/cams/internal/paging"
)

// How a listing ends other than well.
var (
	// ErrNoMorePages is returned by NextPage after the last page: HasNext was false.
	ErrNoMorePages = errors.New("cams: no more pages")
	// ErrPagerStalled: the service neither goes on nor comes to an end. It repeats a
	// page or sends empty ones before Total is reached, or goes on far past Total.
	// It comes wrapped in an error that says which, at what page, and how many
	// items came; match it with errors.Is.
	ErrPagerStalled = errors.New("cams: the listing stalled")
)

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

// Pager lists what an operation returns page by page: R is the operation's
// response, T an item of its list. A New function of the operation makes one. It
// is not safe for concurrent use, but for NextIndex and Total.
type Pager[R any, T any] struct {
	pages    pages[R, T]
	first    Page // where the listing starts
	prefetch int
	cursor   paging.Cursor // of NextPage

	// Atomic, so that a signal handler may ask during an iteration.
	nextIndex, total atomic.Int64
}

// pages is what an operation tells its pager.
type pages[R any, T any] struct {
	fetch func(ctx context.Context, page Page) (*R, error)
	data  func(*R) (total int, list *[]T) // takes a response apart
	key   func(T) string                  // what tells an item from others; "" if nothing does
	err   error                           // what is wrong with the pager itself
}

// pagerBase is the request that a pager's requests are copies of.
func pagerBase[Q any](api any, req *Q, operation string) (base Q, err error) {
	switch {
	case req == nil:
		return base, missing(operation + "Request")
	case api == nil:
		return base, missing(operation + "API")
	}
	return *req, nil
}

// makePager fills in what all operations share, from the request's page and the options.
func makePager[R any, T any](operation pages[R, T], first *Page, opts []PagerOption) *Pager[R, T] {
	options := pagerOptions{size: defaultPageSize, prefetch: 1}
	index := 1
	if first != nil {
		if first.Size < 0 || first.Index < 0 {
			options.err = &ValidationError{Field: "Page", Reason: "has a negative Size or Index"}
		}
		if first.Size > 0 {
			options.size = first.Size
		}
		if first.Index > 0 {
			index = first.Index
		}
	}
	for i, opt := range opts {
		if opt == nil {
			options.err = &ValidationError{Field: fmt.Sprintf("opts[%d]", i), Reason: "is nil"}
			continue
		}
		opt(&options)
	}
	if operation.err == nil {
		operation.err = options.err
	}
	p := &Pager[R, T]{pages: operation, first: Page{Size: options.size, Index: index}, prefetch: options.prefetch}
	p.cursor = p.newCursor()
	p.nextIndex.Store(int64(index))
	return p
}

func (p *Pager[R, T]) newCursor() paging.Cursor { return paging.NewCursor(p.first.Index, p.first.Size) }

// HasNext reports whether NextPage has a page to fetch. It is true until the
// last page has come; an empty list has one page, an empty one.
func (p *Pager[R, T]) HasNext() bool { return p == nil || !p.cursor.Done }

// NextPage fetches the next page. After an error it asks for the same page
// again; after the last page it returns [ErrNoMorePages].
func (p *Pager[R, T]) NextPage(ctx context.Context) (*R, error) {
	if !p.HasNext() {
		return nil, ErrNoMorePages
	}
	if err := p.problem(); err != nil {
		return nil, err
	}
	page, err := p.fetch(ctx, p.cursor.Index)
	if err != nil {
		return nil, err
	}
	page, _, err = p.accept(&p.cursor, page)
	if err != nil {
		return nil, err
	}
	p.nextIndex.Store(int64(p.cursor.Index))
	return page, nil
}

// NextIndex is the page to resume from, for instance in another process: as
// Page.Index of a new pager with the same page size. It follows NextPage, or
// the latest range over Pages or All, whichever moved last. In the body of a
// loop over Pages it is already the page after: save it once the page is dealt
// with. In a loop over All it moves on with the last item of a page.
func (p *Pager[R, T]) NextIndex() int {
	if p == nil {
		return 0
	}
	return int(p.nextIndex.Load())
}

// Total is how many items the whole list has, as the latest page tells it.
// Compare it with what you got. It is 0 before the first page.
func (p *Pager[R, T]) Total() int {
	if p == nil {
		return 0
	}
	return int(p.total.Load())
}

// Pages lists page by page, from the start whenever it is ranged over. An error
// comes after the pages before it, once, and ends the sequence. To break out of
// the loop stops all requests in flight.
func (p *Pager[R, T]) Pages(ctx context.Context) iter.Seq2[*R, error] {
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

// All lists item by item, from the start whenever it is ranged over. An error
// comes after the items before it, once, and ends the sequence. To break out of
// the loop stops all requests in flight.
func (p *Pager[R, T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		// Who stops in the middle of a page gets that page again: NextIndex moves
		// on with a page's last item.
		err := p.walk(ctx, func(_ *R, list []T, next int) bool {
			if len(list) == 0 {
				p.nextIndex.Store(int64(next))
			}
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

// problem is what is wrong with the pager itself.
func (p *Pager[R, T]) problem() error {
	if p == nil || p.pages.fetch == nil {
		return &ValidationError{Field: "Pager", Reason: "was not made by its New function"}
	}
	return p.pages.err
}

// check says why the page at index cannot be fetched.
func (p *Pager[R, T]) check(ctx context.Context, index int) error {
	switch {
	case ctx == nil:
		return &ValidationError{Field: "ctx", Reason: "is nil"}
	case ctx.Err() != nil: // not every stub looks
		return stopped(ctx, fmt.Sprintf("page %d", index))
	}
	return nil
}

// fetch fetches one page. An API that returns nothing is an error.
func (p *Pager[R, T]) fetch(ctx context.Context, index int) (*R, error) {
	if err := p.check(ctx, index); err != nil {
		return nil, err
	}
	page, err := p.pages.fetch(ctx, Page{Size: p.first.Size, Index: index})
	if err == nil && page == nil {
		err = paging.ErrNothing
	}
	if err != nil {
		return nil, err
	}
	return page, nil
}

// accept moves the cursor over a page. A repeated page that only says that the
// list has ended comes back without its list.
func (p *Pager[R, T]) accept(cursor *paging.Cursor, page *R) (*R, []T, error) {
	total, list := p.pages.data(page)
	keys := make([]string, len(*list))
	for i, item := range *list {
		keys[i] = p.pages.key(item)
	}
	repeated, stalled := cursor.Accept(total, len(keys), paging.FingerprintOf(keys))
	if stalled != "" {
		return nil, nil, fmt.Errorf("%w: %s", ErrPagerStalled, stalled)
	}
	p.total.Store(int64(total))
	if repeated {
		end := *page
		_, list = p.pages.data(&end)
		*list = nil
		return &end, nil, nil
	}
	return page, *list, nil
}

// walk visits the pages in order until the list ends, visit returns false
// (then it returns nil) or a page fails. When it returns, or when visit
// panics, no request of it is in flight and no goroutine is left: it waits for
// an API that does not heed its context.
func (p *Pager[R, T]) walk(ctx context.Context, visit func(page *R, list []T, next int) bool) error {
	if err := p.problem(); err != nil {
		return err
	}
	p.nextIndex.Store(int64(p.first.Index))
	if err := p.check(ctx, p.first.Index); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	ahead := paging.Ahead[R]{Fetch: func(index int) (*R, error) { return p.fetch(ctx, index) }}
	defer ahead.Wait()
	defer cancel()

	cursor := p.newCursor()
	for !cursor.Done {
		// A context that is done ends the listing, whatever is prefetched.
		if err := p.check(ctx, cursor.Index); err != nil {
			return err
		}
		page, err := ahead.Take(cursor.Index)
		if err != nil {
			return err
		}
		page, list, err := p.accept(&cursor, page)
		if err != nil {
			return err
		}
		if p.prefetch > 1 && !cursor.Done {
			ahead.Fill(cursor.Index, min(p.prefetch, cursor.PagesLeft()))
		}
		if !visit(page, list, cursor.Index) {
			return nil
		}
	}
	return nil
}
