package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// result holds the samples of one benchmark, one for each round.
type result struct{ ns, bytes, allocs, conns, calls, ratio []float64 }

// benchmarks holds the results of all rounds, by name: "Call/memory/8/sequential/cams".
type benchmarks struct {
	cpu    string
	byName map[string]*result
}

// ratioTime is how long each benchmark of a ratio runs in a round.
const ratioTime = "500ms"

// measureBenchmarks builds the benchmarks once and runs all of them, round after round. So other load on the
// machine slows every benchmark alike, and the medians leave it out. The ratios run in a separate process,
// without the connections and the garbage of the other benchmarks.
func measureBenchmarks(work string, rounds int, benchtime string) (*benchmarks, error) {
	binary, decoding := filepath.Join(work, "interop.test"), filepath.Join(work, "wire.test")
	progress("building the benchmarks")
	if _, err := command("go", "test", "-c", "-o", binary, "."); err != nil {
		return nil, err
	}
	if _, err := command("go", "test", "-c", "-o", decoding, "github.com/cams-go/cams/internal/wire"); err != nil {
		return nil, err
	}
	all := &benchmarks{byName: map[string]*result{}}
	for round := range rounds {
		started := time.Now()
		for _, run := range []struct{ binary, bench, time string }{{binary, "Ratio", ratioTime}, {binary, "Call|Sign", benchtime}, {decoding, "Groups", "3x"}} {
			output, err := command(run.binary, "-test.run=^$", "-test.bench="+run.bench, "-test.benchmem", "-test.benchtime="+run.time)
			if err != nil {
				return nil, err
			}
			if err := all.add(output); err != nil {
				return nil, err
			}
		}
		progress("round %d of %d: %d benchmarks in %s", round+1, rounds, len(all.byName), time.Since(started).Round(time.Second))
	}
	for name, r := range all.byName {
		if len(r.ns) != rounds {
			return nil, fmt.Errorf("benchmark %s ran %d times in %d rounds", name, len(r.ns), rounds)
		}
	}
	return all, nil
}

// add parses a benchmark's output: lines with a name, a count, and pairs of value and unit.
func (all *benchmarks) add(output []byte) error {
	lines := bufio.NewScanner(bytes.NewReader(output))
	for lines.Scan() {
		line := lines.Text()
		if cpu, found := strings.CutPrefix(line, "cpu: "); found {
			all.cpu = cpu
		}
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(line, "Benchmark") {
			continue
		}
		name := strings.TrimPrefix(fields[0], "Benchmark")
		if dash := strings.LastIndexByte(name, '-'); dash > strings.LastIndexByte(name, '/') {
			name = name[:dash] // the number of processors
		}
		r := all.byName[name]
		if r == nil {
			r = &result{}
			all.byName[name] = r
		}
		calls, err := strconv.ParseFloat(fields[1], 64)
		if err != nil {
			return fmt.Errorf("%q: %w", line, err)
		}
		r.calls = append(r.calls, calls)
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return fmt.Errorf("%q: %w", line, err)
			}
			switch fields[i+1] {
			case "ns/op":
				r.ns = append(r.ns, value)
			case "B/op":
				r.bytes = append(r.bytes, value)
			case "allocs/op":
				r.allocs = append(r.allocs, value)
			case "ratio":
				r.ratio = append(r.ratio, value)
			case "conns":
				r.conns = append(r.conns, value)
			}
		}
	}
	return lines.Err()
}

func median(samples []float64) float64 {
	if len(samples) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(samples))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// ratio is the median of a/b, round by round.
func ratio(a, b []float64) float64 {
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = a[i] / b[i]
	}
	return median(ratios)
}

// command runs a program and returns its standard output. The error contains its standard error.
func command(name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s%s", filepath.Base(name), strings.Join(args, " "), err, stderr.Bytes(), output)
	}
	return output, nil
}
