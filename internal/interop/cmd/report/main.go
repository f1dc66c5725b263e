// Command report compares cams with its peers and writes docs/performance.md and its charts in docs: performance.svg, quotas.svg and soak.svg.
//
// Run it in internal/interop, on a machine that does nothing else:
//
//	go run ./cmd/report             measures everything, many minutes
//	go run ./cmd/report -quotas     only the section on quotas and its chart
//	go run ./cmd/report -soak       only the section on a bad day and its chart
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
		quotas    = flag.Bool("quotas", false, "only measure under quotas, and rewrite that section of the page")
		soak      = flag.Bool("soak", false, "only play a bad day, and rewrite that section of the page")
		rounds    = flag.Int("count", 20, "rounds of all benchmarks; at least 6")
		benchtime = flag.String("benchtime", "100ms", "time of one benchmark in one round")
		out       = flag.String("out", "../../docs", "directory to write to")
	)
	flag.Parse()
	err := run(*sizeOnly, *quotas, *soak, *rounds, *benchtime, *out)
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func run(sizeOnly, quotas, soak bool, rounds int, benchtime, out string) error {
	if rounds < 6 {
		return errors.New("-count is less than 6: too few for a median")
	}
	work, err := os.MkdirTemp("", "cams-report-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)

	switch {
	case quotas:
		return updateQuotas(work, out)
	case soak:
		return updateSoak(work, out)
	}
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
	underQuotas, err := measureQuotas(work)
	if err != nil {
		return err
	}
	days, err := measureSoak(work)
	if err != nil {
		return err
	}
	page, err := markdown(setup, results, sizes, underQuotas, days)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	return errors.Join(
		write(out, "performance.md", page), write(out, "performance.svg", chart(results)),
		write(out, "quotas.svg", quotaChart(underQuotas)), write(out, "soak.svg", soakChart(days)))
}

// updateQuotas measures only under quotas, and leaves the rest of the page as it is.
func updateQuotas(work, out string) error {
	results, err := measureQuotas(work)
	if err != nil {
		return err
	}
	return update(out, quotasBegin, quotasEnd, quotaSection(results), "quotas.svg", quotaChart(results))
}

// updateSoak plays only the bad day, and leaves the rest of the page as it is.
func updateSoak(work, out string) error {
	days, err := measureSoak(work)
	if err != nil {
		return err
	}
	return update(out, soakBegin, soakEnd, soakSection(days), "soak.svg", soakChart(days))
}

// update replaces one section of the page and its chart.
func update(out, begin, end, section, chartName, chart string) error {
	page, err := os.ReadFile(filepath.Join(out, "performance.md"))
	if err != nil {
		return err
	}
	updated, err := replaceSection(string(page), begin, end, section)
	if err != nil {
		return err
	}
	return errors.Join(write(out, "performance.md", updated), write(out, chartName, chart))
}

func write(dir, name, text string) error {
	return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644)
}

// progress prints a line for the person who waits.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
