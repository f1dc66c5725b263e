package paging

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAPageWithoutAWholeKeyIsLikeNoOther(t *testing.T) {
	t.Parallel()
	assert.Zero(t, FingerprintOf([]string{"", ""}))
	assert.Zero(t, FingerprintOf(nil))
	assert.NotZero(t, FingerprintOf([]string{"", "a"}))
	assert.Equal(t, FingerprintOf([]string{"a", "b"}), FingerprintOf([]string{"a", "b"}))
	assert.NotEqual(t, FingerprintOf([]string{"a", "b"}), FingerprintOf([]string{"ab", ""}))
	cursor := NewCursor(1, 2)
	for range 2 {
		repeated, stalled := cursor.Accept(4, 2, 0)
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
		_, stalled := cursor.Accept(total, 1, 0)
		assert.Empty(t, stalled, "Total %d", total)
		if most < math.MaxInt {
			cursor := Cursor{Index: 7, size: 2, received: most + 1}
			before := cursor
			_, stalled := cursor.Accept(total, 1, 0)
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
				cursor.Accept(total, items, 0)
				assert.Positive(t, cursor.PagesLeft(), "Total %d, page %d, %d items", total, index, items)
			}
		}
	}
}
