package main

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheDemoPrintsExactlyTheChanges(t *testing.T) {
	t.Chdir(t.TempDir())
	demo := func() []string {
		var stdout, stderr strings.Builder
		require.NoError(t, run(t.Context(), []string{"-demo"}, &stdout, &stderr))
		assert.Empty(t, stderr.String())
		return events(stdout.String())
	}
	assert.Len(t, demo(), 4+4*3)
	assert.Equal(t, []string{
		"left G000 8613800000001", "left G000 8613800000002", `left G000 "{\"UserId\":\"US.13491208655302740000\"}"`, "left G002 8613800000020",
		"went G000", "came G004", "joined G002 8613800000022",
		"joined G004 8613800000040", "joined G004 8613800000041", `joined G004 "{\"UserId\":\"US.13491208655302740004\"}"`,
	}, demo())
	assert.Len(t, demo(), 10)
	assert.FileExists(t, "demo.db")
	assert.NoFileExists(t, "sync.db")
}

func TestHelpIsOutputAndNoError(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"-h", "--help"} {
		var stdout, stderr strings.Builder
		require.NoError(t, run(t.Context(), []string{flag}, &stdout, &stderr))
		assert.Contains(t, stdout.String(), "-business-number number")
		assert.Empty(t, stderr.String())
	}
}

func TestWrongUsageIsAnError(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, tt := range []struct{ args, want string }{
		{"", "-h explains"},
		{"-business-number 8613800000000", "-h explains"},
		{"-demo twice", "-h explains"},
		{"-nonsense", "-nonsense"},
		{"-demo -concurrency 0", "concurrency"},
		{"-business-number 8613800000000 -cust-space-id c -db no/such/folder/x.db", "no/such/folder/x.db"},
	} {
		var stdout strings.Builder
		err := run(t.Context(), strings.Fields(tt.args), &stdout, new(strings.Builder))
		require.ErrorContains(t, err, tt.want, tt.args)
		assert.NotContains(t, err.Error(), "8613800000000")
		assert.Empty(t, stdout.String())
		os.Remove("demo.db")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, run(ended, []string{"-demo"}, new(strings.Builder), new(strings.Builder)), context.Canceled)
}
