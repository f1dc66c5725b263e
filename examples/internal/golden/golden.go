// Package golden tests what an example prints.
package golden

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Check runs a program in virtual time. It must print what testdata/golden.txt holds.
func Check(t *testing.T, run func(ctx context.Context, out io.Writer) error) {
	t.Helper()
	want, err := os.ReadFile("testdata/golden.txt")
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		require.NoError(t, run(t.Context(), &out))
		assert.Equal(t, string(want), out.String())
	})
}
