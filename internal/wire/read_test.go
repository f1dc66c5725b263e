package wire_test

import (
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams/internal/wire"
)

func TestReadAllReadsUpToTheLimit(t *testing.T) {
	t.Parallel()
	const max = 10_000
	for _, size := range []int{0, 1, max - 1, max, max + 1, 3 * max} {
		for _, declared := range []int64{-1, 0, int64(size), 1, math.MaxInt64} {
			whole := strings.Repeat("x", size)
			for name, reader := range map[string]io.Reader{
				"plain":     strings.NewReader(whole),
				"one byte":  iotest.OneByteReader(strings.NewReader(whole)),
				"late data": iotest.DataErrReader(strings.NewReader(whole)),
			} {
				body, err := wire.ReadAll(reader, max, declared)
				assert.Equal(t, whole[:min(size, max)], string(body), "%s %d %d", name, size, declared)
				if size > max {
					require.ErrorIs(t, err, wire.ErrTooLarge)
				} else {
					require.NoError(t, err)
				}
			}
		}
	}
}

func TestReadAllKeepsWhatCameBeforeAnError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	body, err := wire.ReadAll(io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(broken)), 10, -1)
	require.ErrorIs(t, err, broken)
	assert.Equal(t, "ab", string(body))
}

func TestReadAllNeverHoldsMoreThanTheLimitOfAnEndlessBody(t *testing.T) {
	t.Parallel()
	body, err := wire.ReadAll(endless{}, 1000, -1)
	require.ErrorIs(t, err, wire.ErrTooLarge)
	assert.Len(t, body, 1000)
	assert.LessOrEqual(t, cap(body), 2000)
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
