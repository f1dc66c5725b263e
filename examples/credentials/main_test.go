package main

import (
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheSandboxPrintsTheGolden(t *testing.T) {
	t.Parallel()
	golden, err := os.ReadFile("testdata/golden.txt")
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) { // time is virtual here
		var out strings.Builder
		require.NoError(t, run(t.Context(), &out))
		assert.Equal(t, string(golden), out.String())
	})
}
