// Command report compares cams with its peers and writes docs/performance.md and docs/performance.svg.
//
// Run it in internal/interop, on a machine that does nothing else:
//
//	go run ./cmd/report             all of it, some minutes
//	go run ./cmd/report -size-only  prints binary sizes and module counts, writes nothing
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	var (
		sizeOnly  = flag.Bool("size-only", false, "only print binary sizes and module counts")
		rounds    = flag.Int("count", 20, "rounds of all benchmarks; at least 6")
		benchtime = flag.String("benchtime", "100ms", "time of one benchmark in one round")
		out       = flag.String("out", "../../docs", "directory to write to")
	)
	flag.Parse()
	if err := run(*sizeOnly, *rounds, *benchtime, *out); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func run(sizeOnly bool, rounds int, benchtime, out string) error {
	if rounds < 6 {
		return errors.New("-count is less than 6: too few for a median")
	}
	work, err := os.MkdirTemp("", "cams-report-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)

	sizes, err := measureSizes(work)
	if err != nil {
		return err
	}
	if sizeOnly {
		fmt.Print(sizeTable(sizes))
		return nil
	}
	results, err := measureBenchmarks(work, rounds, benchtime)
	if err != nil {
		return err
	}
	setup, err := describeSetup(results.cpu, rounds, benchtime)
	if err != nil {
		return err
	}
	page, err := markdown(setup, results, sizes)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "performance.md"), []byte(page), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "performance.svg"), []byte(chart(results)), 0o644)
}

// progress tells the person who waits.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
