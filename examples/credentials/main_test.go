package main

import (
	"testing"

	"github.com/cams-go/cams/examples/internal/golden"
)

func TestTheSandboxPrintsTheGolden(t *testing.T) {
	t.Parallel()
	golden.Check(t, run)
}
