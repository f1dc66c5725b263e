package cams

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

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
	patience time.Duration
	gate     *paging.Gate // of Rosters, whose pagers share it
	err      error
}

// apply applies opts and returns what is wrong with them.
func (o *pagerOptions) apply(opts []PagerOption) error {
	for i, opt := range opts {
		if opt == nil {
			return &ValidationError{Field: fmt.Sprintf("opts[%d]", i), Reason: "is nil"}
		}
		opt(o)
	}
	return o.err
}

// WithPageSize sets how many items to request per page, 1 or more. The default is the
// request's Page.Size, or 20 if that is 0. The service may send fewer.
func WithPageSize(n int) PagerOption {
	return func(o *pagerOptions) {
		o.size = n
		o.err = cmp.Or(o.err, positive("WithPageSize", n))
	}
}

// WithPrefetch lets Pages and All keep up to n pages in flight or waiting ahead of the
// current one, while the caller works on that. The default, 0, fetches a page only when it
// is needed. The first page is always fetched alone, because it has the Total. NextPage
// fetches one page per call, whatever n is.
func WithPrefetch(n int) PagerOption {
	return func(o *pagerOptions) {
		o.prefetch = n
		if n < 0 {
			o.err = cmp.Or(o.err, error(&ValidationError{Field: "WithPrefetch", Reason: "is negative"}))
		}
	}
}

// WithPatience lets Pages, All and [Rosters] outlast an outage: a page that fails with
// [ErrUnavailable] or [ErrThrottled] is asked for again, after pauses of 1 s up to 30 s,
// until d has passed without a success. The default is 0 for pagers, and 5 minutes for
// Rosters. NextPage and single calls have no patience.
func WithPatience(d time.Duration) PagerOption {
	return func(o *pagerOptions) {
		o.patience = d
		if d < 0 {
			o.err = cmp.Or(o.err, error(&ValidationError{Field: "WithPatience", Reason: "is negative"}))
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
// an item of its list. Create one with the operation's New function. Only NextIndex, Total
// and Changed are safe for concurrent use.
type Pager[R any, T any] struct {
	listing paging.Listing[R, T]
	first   Page // where the listing starts
	options pagerOptions
	err     error         // what is wrong with the arguments of the New function
	cursor  paging.Cursor // of NextPage

	// Atomic, so that another goroutine can read them during a loop.
	nextIndex, total atomic.Int64
	changed          atomic.Bool
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
	options := pagerOptions{size: defaultPageSize}
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
	err := options.apply(opts)
	p := &Pager[R, T]{first: Page{Size: options.size, Index: index}, options: options, err: cmp.Or(operation.err, err)}
	p.listing = paging.Listing[R, T]{
		Fetch: func(ctx context.Context, index int) (*R, error) {
			if err := checkPage(ctx, index); err != nil {
				return nil, err
			}
			return paging.Either(operation.fetch(ctx, Page{Size: options.size, Index: index}))
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
	p.changed.Store(p.cursor.Changed)
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

// Changed reports whether the list changed while the latest listing read it: Total
// differed between two pages, or an item of the page before came again. Then items may be
// missing or listed twice: list again. A change that shows neither stays unseen. To delete
// what you list, collect all of it first.
func (p *Pager[R, T]) Changed() bool { return p != nil && p.changed.Load() }

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
		return stopped(ctx, fmt.Sprintf("page %d", index), nil)
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
	p.changed.Store(false)
	return p.patient().Walk(ctx, p.newCursor(), func(page *R, list []T, at *paging.Cursor) bool {
		p.total.Store(int64(at.Total))
		p.changed.Store(at.Changed)
		return visit(page, list, at.Index)
	})
}

// patient returns the listing for one loop, with the patience of [WithPatience].
func (p *Pager[R, T]) patient() *paging.Listing[R, T] {
	gate := p.options.gate
	if gate == nil && p.options.patience > 0 {
		gate = newGate(p.options.patience, 0)
	}
	if gate == nil {
		return &p.listing
	}
	listing := p.listing
	listing.Fetch = func(ctx context.Context, index int) (*R, error) {
		page, err := paging.Outlast(ctx, gate, func(ctx context.Context) (*R, error) { return p.listing.Fetch(ctx, index) })
		if last := gate.Failure(); err != nil && ctx.Err() != nil && last != nil {
			return nil, stopped(ctx, fmt.Sprintf("page %d", index), last)
		}
		return page, err
	}
	return &listing
}

// newGate returns a gate for requests that may outlast an outage. A request that fails
// while others succeed is made tries times; 0 means no limit.
func newGate(patience time.Duration, tries int) *paging.Gate {
	return &paging.Gate{Patience: patience, Tries: tries, Passes: func(err error) (time.Duration, bool) {
		wait, _ := RetryAfter(err)
		return wait, errors.Is(err, ErrUnavailable) || errors.Is(err, ErrThrottled)
	}, Unsent: func(err error) bool { return errors.As(err, new(*ValidationError)) }}
}
