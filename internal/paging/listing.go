package paging

import (
	"context"
	"fmt"
)

// Listing is what is needed to list pages: R is a page, T an item of its list.
type Listing[R, T any] struct {
	Fetch    func(ctx context.Context, index int) (*R, error)
	Data     func(*R) (total int, list *[]T)
	Key      func(T) string                             // identifies an item; "" if it cannot be identified
	Check    func(ctx context.Context, index int) error // reports whether ctx does not allow another page
	Stalled  error                                      // is wrapped in the error of a listing that makes no progress
	Prefetch int                                        // pages ahead of the current one
}

// Accept moves the cursor past a page and returns the page and its list. If the page is
// a repeat that means the end of the list, it returns a copy without the list.
func (l *Listing[R, T]) Accept(cursor *Cursor, page *R) (*R, []T, error) {
	total, list := l.Data(page)
	keys := make([]string, len(*list))
	for i, item := range *list {
		keys[i] = l.Key(item)
	}
	repeated, stalled := cursor.Accept(total, keys)
	if stalled != "" {
		return nil, nil, fmt.Errorf("%w: %s", l.Stalled, stalled)
	}
	if repeated {
		end := *page
		_, list = l.Data(&end)
		*list = nil
		return &end, nil, nil
	}
	return page, *list, nil
}

// Walk calls visit for each page in order. It stops when the list ends, when visit returns
// false, or with the error of a page that fails. When it returns or visit panics, it has
// canceled its requests in flight and waited until they returned.
func (l *Listing[R, T]) Walk(ctx context.Context, cursor Cursor, visit func(page *R, list []T, at *Cursor) bool) error {
	if err := l.Check(ctx, cursor.Index); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	ahead := Ahead[R]{Fetch: func(index int) (*R, error) { return l.Fetch(ctx, index) }}
	defer ahead.Wait()
	defer cancel()

	for !cursor.Done {
		// When the context ends, the listing ends, even if pages are prefetched.
		if err := l.Check(ctx, cursor.Index); err != nil {
			return err
		}
		page, err := ahead.Take(cursor.Index)
		if err != nil {
			return err
		}
		page, list, err := l.Accept(&cursor, page)
		if err != nil {
			return err
		}
		if l.Prefetch > 0 && !cursor.Done {
			ahead.Fill(cursor.Index, min(l.Prefetch, cursor.PagesLeft()))
		}
		if !visit(page, list, &cursor) {
			return nil
		}
	}
	return nil
}
