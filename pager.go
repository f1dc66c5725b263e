package cams

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"

	"github.com/cams-go/cams/internal/paging"
)

// The errors of a pager.
var (
	// ErrNoMorePages is returned by NextPage after the last page, when HasNext is false.
	ErrNoMorePages = errors.New("cams: no more pages")
	// ErrPagerStalled means that the listing makes no progress: the service repeats a
	// page or sends empty ones before Total is reached, or continues far past Total. It
	// is wrapped in an error that says which, on what page, and how many items have been
	// received; match it with errors.Is.
	ErrPagerStalled = errors.New("cams: the listing stalled")
)

// defaultPageSize is the page size if neither the request nor an option sets one.
const defaultPageSize = 20

// PagerOption configures a pager. If one is invalid, the first page returns the error.
type PagerOption func(*pagerOptions)

type pagerOptions struct {
	size     int
	prefetch int
	err      error
}

// WithPageSize sets how many items to request per page, 1 or more. The default is the
// request's Page.Size, or 20 if that is 0. The service may send fewer.
func WithPageSize(n int) PagerOption {
	return func(o *pagerOptions) {
		o.size = n
		if n < 1 {
			o.err = &ValidationError{Field: "WithPageSize", Reason: "is below 1"}
		}
	}
}

// WithPrefetch lets Pages and All keep up to n pages in flight or waiting while the
// caller works on the current one. The default, 1, fetches a page only when it is needed.
// The first page is always fetched alone, because it has the Total. NextPage fetches one
// page per call, whatever n is.
func WithPrefetch(n int) PagerOption {
	return func(o *pagerOptions) {
		o.prefetch = n
		if n < 1 {
			o.err = &ValidationError{Field: "WithPrefetch", Reason: "is below 1"}
		}
	}
}

// Collect returns what a pager's All or Pages yields as a slice. At the first error it
// stops and returns what it has so far, and the error.
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

// Pager lists the result of an operation page by page: R is the operation's response, T
// an item of its list. Create one with the operation's New function. Only NextIndex and
// Total are safe for concurrent use.
type Pager[R any, T any] struct {
	listing paging.Listing[R, T]
	first   Page          // where the listing starts
	err     error         // what is wrong with the arguments of the New function
	cursor  paging.Cursor // of NextPage

	// Atomic, so that another goroutine can read them during a loop.
	nextIndex, total atomic.Int64
}

// pages is what a pager needs to know about its operation.
type pages[R any, T any] struct {
	fetch func(ctx context.Context, page Page) (*R, error)
	data  func(*R) (total int, list *[]T)
	key   func(T) string // identifies an item; "" if it cannot be identified
	err   error          // what is wrong with the arguments of the New function
}

// pagerBase returns the request that the pager's requests are copies of.
func pagerBase[Q any](api any, req *Q, operation string) (base Q, err error) {
	switch {
	case req == nil:
		return base, missing(operation + "Request")
	case api == nil:
		return base, missing(operation + "API")
	}
	return *req, nil
}

// makePager returns a pager for an operation that starts at the page first.
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
	size := options.size
	p := &Pager[R, T]{first: Page{Size: size, Index: index}, err: operation.err}
	p.listing = paging.Listing[R, T]{
		Fetch: func(ctx context.Context, index int) (*R, error) {
			if err := checkPage(ctx, index); err != nil {
				return nil, err
			}
			return paging.Either(operation.fetch(ctx, Page{Size: size, Index: index}))
		},
		Data: operation.data, Key: operation.key, Check: checkPage,
		Stalled: ErrPagerStalled, Prefetch: options.prefetch,
	}
	p.cursor = p.newCursor()
	p.nextIndex.Store(int64(index))
	return p
}

func (p *Pager[R, T]) newCursor() paging.Cursor { return paging.NewCursor(p.first.Index, p.first.Size) }

// HasNext reports whether NextPage has a page to fetch. It is true until NextPage has
// returned the last page. An empty list has one empty page.
func (p *Pager[R, T]) HasNext() bool { return p == nil || !p.cursor.Done }

// NextPage fetches the next page. After an error it fetches the same page again. After
// the last page it returns [ErrNoMorePages].
func (p *Pager[R, T]) NextPage(ctx context.Context) (*R, error) {
	if !p.HasNext() {
		return nil, ErrNoMorePages
	}
	if err := p.problem(); err != nil {
		return nil, err
	}
	page, err := p.listing.Fetch(ctx, p.cursor.Index)
	if err != nil {
		return nil, err
	}
	page, _, err = p.listing.Accept(&p.cursor, page)
	if err != nil {
		return nil, err
	}
	p.total.Store(int64(p.cursor.Total))
	p.nextIndex.Store(int64(p.cursor.Index))
	return page, nil
}

// NextIndex returns the number of the page to resume from, for instance in another
// process: pass it as Page.Index to a new pager with the same page size. It is the page
// after the latest one of NextPage, Pages or All. In the body of a loop over Pages it is
// already the page after the current one: save it when the current one is processed. In
// a loop over All it moves on at the last item of a page.
func (p *Pager[R, T]) NextIndex() int {
	if p == nil {
		return 0
	}
	return int(p.nextIndex.Load())
}

// Total returns the number of items in the whole list, according to the latest page. It
// is 0 before the first page. Compare it with the number of items received.
func (p *Pager[R, T]) Total() int {
	if p == nil {
		return 0
	}
	return int(p.total.Load())
}

// Pages returns an iterator over the pages. Each loop over it starts at the first page.
// An error is yielded once, after the pages before it, and ends the loop. Breaking out
// of the loop cancels all requests in flight.
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

// All returns an iterator over the items. Each loop over it starts at the first page. An
// error is yielded once, after the items before it, and ends the loop. Breaking out of
// the loop cancels all requests in flight.
func (p *Pager[R, T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		// NextIndex moves on with a page's last item. So a caller who stops in the middle
		// of a page resumes with the same page.
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

// problem returns what is wrong with the pager itself, or nil.
func (p *Pager[R, T]) problem() error {
	if p == nil || p.listing.Fetch == nil {
		return &ValidationError{Field: "Pager", Reason: "was not made by its New function"}
	}
	return p.err
}

// checkPage returns an error if ctx does not allow fetching the page at index.
func checkPage(ctx context.Context, index int) error {
	switch {
	case ctx == nil:
		return &ValidationError{Field: "ctx", Reason: "is nil"}
	case ctx.Err() != nil: // a stub may ignore the context
		return stopped(ctx, fmt.Sprintf("page %d", index))
	}
	return nil
}

// walk calls visit for each page in order, until the list ends, visit returns false, or a
// page fails.
func (p *Pager[R, T]) walk(ctx context.Context, visit func(page *R, list []T, next int) bool) error {
	if err := p.problem(); err != nil {
		return err
	}
	p.nextIndex.Store(int64(p.first.Index))
	return p.listing.Walk(ctx, p.newCursor(), func(page *R, list []T, at *paging.Cursor) bool {
		p.total.Store(int64(at.Total))
		return visit(page, list, at.Index)
	})
}
