package paging

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAPageWithoutAWholeKeyIsLikeNoOther(t *testing.T) {
	t.Parallel()
	assert.Zero(t, fingerprintOf([]string{"", ""}))
	assert.Zero(t, fingerprintOf(nil))
	assert.NotZero(t, fingerprintOf([]string{"", "a"}))
	assert.Equal(t, fingerprintOf([]string{"a", "b"}), fingerprintOf([]string{"a", "b"}))
	assert.NotEqual(t, fingerprintOf([]string{"a", "b"}), fingerprintOf([]string{"ab", ""}))
	cursor := NewCursor(1, 2)
	for range 2 {
		repeated, stalled := cursor.Accept(4, []string{"", ""})
		assert.False(t, repeated)
		assert.Empty(t, stalled)
	}
	assert.True(t, cursor.Done)
}

func TestTheBoundPastTotalHoldsForAnyTotal(t *testing.T) {
	t.Parallel()
	for total, most := range map[int]int{
		-1: noTotal, 0: noTotal, 1: 1001, 1000: 2000, 1001: 2002, 50_000: 100_000, math.MaxInt: math.MaxInt, math.MinInt: noTotal,
	} {
		cursor := Cursor{Index: 7, size: 2, received: most}
		_, stalled := cursor.Accept(total, []string{""})
		assert.Empty(t, stalled, "Total %d", total)
		if most < math.MaxInt {
			cursor := Cursor{Index: 7, size: 2, received: most + 1}
			before := cursor
			_, stalled := cursor.Accept(total, []string{""})
			assert.Contains(t, stalled, "page 7 goes on far past Total", "Total %d", total)
			assert.Equal(t, before, cursor, "the state moves only on success")
		}
	}
}

func TestPagesLeftIsAtLeastOneAndNeverPanics(t *testing.T) {
	t.Parallel()
	for _, total := range []int{math.MinInt, -1, 0, 1, 2, 9, math.MaxInt} {
		for _, index := range []int{1, 2, math.MaxInt} {
			for _, items := range []int{0, 1, 2, 5} {
				cursor := NewCursor(index, 2)
				cursor.Accept(total, make([]string, items))
				assert.Positive(t, cursor.PagesLeft(), "Total %d, page %d, %d items", total, index, items)
			}
		}
	}
}

func TestAListThatChangesWhileItIsReadSaysSo(t *testing.T) {
	t.Parallel()
	type page struct {
		total int
		keys  []string
	}
	for name, test := range map[string]struct {
		pages   []page
		changed bool
	}{
		"quiet":                           {[]page{{4, []string{"a", "b"}}, {4, []string{"c", "d"}}}, false},
		"Total falls":                     {[]page{{4, []string{"a", "b"}}, {3, []string{"d"}}}, true},
		"Total rises":                     {[]page{{3, []string{"a", "b"}}, {4, []string{"c", "d"}}}, true},
		"an item comes again":             {[]page{{4, []string{"a", "b"}}, {4, []string{"b", "c"}}}, true},
		"Total falls at the end":          {[]page{{5, []string{"a", "b"}}, {5, []string{"c", "d"}}, {4, nil}}, true},
		"Total is absent":                 {[]page{{0, []string{"a", "b"}}, {0, []string{"c"}}, {0, nil}}, false},
		"Total is absent at first":        {[]page{{0, []string{"a", "b"}}, {3, []string{"c"}}}, false},
		"Total is absent later":           {[]page{{3, []string{"a", "b"}}, {0, []string{"c"}}}, false},
		"items that cannot be told apart": {[]page{{4, []string{"", ""}}, {4, []string{"", ""}}}, false},
		"Total counts one too many":       {[]page{{3, []string{"a", "b"}}, {3, nil}}, false},
	} {
		cursor := NewCursor(1, 2)
		for _, page := range test.pages {
			_, stalled := cursor.Accept(page.total, page.keys)
			assert.Empty(t, stalled, name)
		}
		assert.Equal(t, test.changed, cursor.Changed, name)
	}
}
