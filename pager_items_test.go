package cams

import (
	"context"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// invoice cannot be compared with ==.
type invoice struct {
	number int
	lines  []string
}

type invoicePage struct {
	count    int
	invoices []invoice
	account  string
}

func newInvoicePager(invoices []invoice, opts ...PagerOption) *Pager[invoicePage, invoice] {
	return makePager(pages[invoicePage, invoice]{
		fetch: func(_ context.Context, page Page) (*invoicePage, error) {
			from := (page.Index - 1) * page.Size
			return &invoicePage{len(invoices), invoices[from:min(from+page.Size, len(invoices))], "main"}, nil
		},
		data: func(p *invoicePage) (int, *[]invoice) { return p.count, &p.invoices },
		key:  func(i invoice) string { return strconv.Itoa(i.number) },
	}, &Page{Size: 3}, opts)
}

func TestItemsMayBeOfAnyType(t *testing.T) {
	t.Parallel()
	invoices := make([]invoice, 8)
	for i := range invoices {
		invoices[i] = invoice{i, []string{"a", "b"}}
	}
	for _, opts := range [][]PagerOption{nil, {WithPageSize(2)}, {WithPrefetch(4)}} {
		p := newInvoicePager(invoices, opts...)
		all, err := Collect(p.All(t.Context()))
		require.NoError(t, err)
		assert.Equal(t, invoices, all)

		pages, err := Collect(p.Pages(t.Context()))
		require.NoError(t, err)
		next := newInvoicePager(invoices, opts...)
		for _, page := range pages {
			got, err := next.NextPage(t.Context())
			require.NoError(t, err)
			assert.Equal(t, page, got)
			assert.Equal(t, "main", got.account)
			assert.Equal(t, len(invoices), next.Total())
		}
		_, err = next.NextPage(t.Context())
		assert.Equal(t, ErrNoMorePages, err)
		assert.Equal(t, p.NextIndex(), next.NextIndex())
	}
}
