package main

import (
	"context"
	"io"
	"testing"

	"github.com/cams-go/cams/examples/internal/golden"
)

func TestTheSandboxPrintsTheGolden(t *testing.T) {
	t.Parallel()
	golden.Check(t, func(ctx context.Context, out io.Writer) error {
		provoke(ctx, out)
		return nil
	})
}
