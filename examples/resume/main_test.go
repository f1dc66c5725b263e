package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams/camstest"
	"github.com/cams-go/cams/examples/internal/golden"
)

func newFile(t *testing.T) *os.File {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "groups.ndjson"))
	require.NoError(t, err)
	t.Cleanup(func() { file.Close() })
	return file
}

func TestTheSandboxPrintsTheGolden(t *testing.T) {
	t.Parallel()
	file := newFile(t)
	golden.Check(t, func(ctx context.Context, out io.Writer) error { return run(ctx, out, file) })
}

func TestKilledAtAnyByteEachGroupIsThereOnce(t *testing.T) {
	t.Parallel()
	service := camstest.NewServer()
	for i := range 45 {
		service.AddGroup(camstest.Group{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: fmt.Sprint("EA", i), GmtModifier: 1})
	}
	client, err := service.NewClient()
	require.NoError(t, err)
	file := newFile(t)
	run := func() string {
		require.NoError(t, list(t.Context(), client, file))
		text, err := os.ReadFile(file.Name())
		require.NoError(t, err)
		return strings.TrimSuffix(string(text), `{"Groups":[],"Next":6}`+"\n") // the end can be an empty page
	}
	whole := run()
	require.Equal(t, 45, strings.Count(whole, "GroupId"))
	for size := 0; size < len(whole); size += 97 {
		require.NoError(t, file.Truncate(0))
		_, err := file.Seek(0, io.SeekStart)
		require.NoError(t, err)
		_, err = file.WriteString(whole[:size] + strings.Repeat("x", size)) // the killed run may have written a longer page
		require.NoError(t, err)
		if run() != whole { // the whole text is too long to print
			t.Errorf("killed after %d bytes, the file differs", size)
		}
	}
	assert.Equal(t, 45, strings.Count(run(), "GroupId"), "the file was complete already")
}
