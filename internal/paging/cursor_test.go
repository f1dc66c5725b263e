package paging

import (
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
	assert.Equal(t, New, cursor.Accept(4, 2, 0))
	assert.Equal(t, New, cursor.Accept(4, 2, 0))
	assert.True(t, cursor.Done)
}
