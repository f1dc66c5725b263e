package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// peers are the clients, in the order of the tables. Benchmarks call "bare, signed" only signed.
var peers = []string{"bare", "signed", "cams", "official", "legacy"}

func title(peer string) string {
	if peer == "signed" {
		return "bare, signed"
	}
	return peer
}

var members = []string{"8", "100", "1000"}

// setup describes the machine and the versions that were measured.
type setup struct {
	machine, goVersion string
	modules            []string // path and version of each compared module
	rounds             int
	benchtime          string
}

func describeSetup(cpu string, rounds int, benchtime string) (setup, error) {
	list, err := command("go", "list", "-m", "-f", "{{.Path}} {{with .Replace}}{{.Version}}{{else}}{{.Version}}{{end}}",
		"github.com/alibabacloud-go/darabonba-openapi/v2", "github.com/alibabacloud-go/tea",
		"github.com/aliyun/alibaba-cloud-sdk-go", "github.com/aliyun/credentials-go", "github.com/aws/aws-sdk-go-v2", "golang.org/x/time")
	if err != nil {
		return setup{}, err
	}
	return setup{
		machine:   fmt.Sprintf("%s, %d logical processors, %s/%s", strings.TrimSpace(cpu), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH),
		goVersion: runtime.Version(),
		modules:   strings.Split(strings.TrimSpace(string(list)), "\n"),
		rounds:    rounds,
		benchtime: benchtime,
	}, nil
}

// target is a limit for speed or size, and what the run measured.
type target struct {
	what     string
	limit    float64
	atLeast  bool // the limit is a minimum, not a maximum
	measured float64
	format   string
}

func (t target) row() string {
	sign, met := "at most", t.measured <= t.limit
	if t.atLeast {
		sign, met = "at least", t.measured >= t.limit
	}
	verdict := "met"
	if !met {
		verdict = "**missed**"
	}
	return fmt.Sprintf("| %s | %s "+t.format+" | "+t.format+" | %s |\n", t.what, sign, t.limit, t.measured, verdict)
}

func targets(all *benchmarks, sizes []size) []target {
	timeOf := func(pair string) float64 { return median(all.byName["Ratio/"+pair].ratio) }
	allocsOf := func(a, b string) float64 {
		const place = "Call/memory/8/sequential/"
		return ratio(all.byName[place+a].allocs, all.byName[place+b].allocs)
	}
	sign := all.byName["Sign/acs3"]
	return []target{
		{"in memory, 8 members: cams / bare, signed, time", 1.12, false, timeOf("memory/8/cams/signed"), "%.3f"},
		{"in memory, 8 members: cams / bare, signed, allocations", 1, false, allocsOf("cams", "signed"), "%.3f"},
		{"in memory, 8 members: official / cams, time", 7.5, true, timeOf("memory/8/official/cams"), "%.1f"},
		{"in memory, 8 members: official / cams, allocations", 11, true, allocsOf("official", "cams"), "%.1f"},
		{"in memory, 1,000 members: cams / bare, signed, time", 1.10, false, timeOf("memory/1000/cams/signed"), "%.3f"},
		{"loopback, 8 members: cams / bare, signed, time", 1.10, false, timeOf("loopback/8/cams/signed"), "%.3f"},
		{"signing alone, allocations", 16, false, median(sign.allocs), "%.0f"},
		{"stripped program with default credentials, KB more than credentials only", 150, false, float64(sizes[1].bytes-sizes[0].bytes) / 1000, "%.0f"},
		{"modules compiled in, more than credentials only", 1, false, float64(sizes[1].modules - sizes[0].modules), "%.0f"},
	}
}

func times(r *result) []float64  { return r.ns }
func allocs(r *result) []float64 { return r.allocs }

func markdown(s setup, all *benchmarks, sizes []size, underQuotas quotaResults, days []soakFigures) (string, error) {
	if missing := missingBenchmarks(all); len(missing) > 0 {
		return "", fmt.Errorf("benchmarks that did not run: %s", strings.Join(missing, ", "))
	}
	var b strings.Builder
	b.WriteString(`# Performance

This page compares one call of ListChatGroupParticipants, from the arguments to the decoded answer, in five clients: cams,
the official Go core, the legacy SDK, and as the minimum plain net/http, unsigned and signed. The command
[below](#how-to-repeat) measures and writes the page. One run measures all, except that the sections on quotas and on a bad day may come from
later runs.

![Time and allocations of one call](performance.svg)

## Targets

| | target | measured | |
|---|---:|---:|---|
`)
	for _, t := range targets(all, sizes) {
		b.WriteString(t.row())
	}
	ofPair := func(pair string) float64 { return median(all.byName["Ratio/memory/8/"+pair].ratio) }
	fmt.Fprintf(&b, `
The targets compare with the minimum that signs, because the service answers no other call. cams takes %.2f times as long as the
minimum that does not sign, and %.2f times if cams does not sign either. That rest is the timeout of the attempt, the count of
its connections, the limiter and the lenient decoding.

## Setup

* %s, %s
* %d rounds of all benchmarks (`+"`-count %d`"+`), %s each. The tables hold medians; "spread" is the range of the middle half of the
  rounds in percent of the median; "time / bare" is the median of the ratios within each round
* The ratios of time under [Targets](#targets) are from benchmarks in which two clients take turns of a few
  milliseconds (BenchmarkRatio), so that other load on the machine slows both alike. Each round runs them for %s in a
  separate process
`, ofPair("cams/bare"), ofPair("unsigned/bare"), s.machine, s.goVersion, s.rounds, s.rounds, s.benchtime, ratioTime)
	for _, m := range s.modules {
		fmt.Fprintf(&b, "* %s\n", m)
	}
	b.WriteString(`
| client | what it does |
|---|---|
| bare | net/http and encoding/json, as you would write the call by hand, with the same parameters and headers and a fixed Authorization: no signature, no nonce, no retry, no timeout, strict decoding |
| bare, signed | the same, with a time and a nonce of each call, signed with crypto/hmac |
| cams | the whole call, with its defaults: signature, limiter, retries, lenient decoding |
| official | darabonba-openapi, called and decoded as the generated SDK does |
| legacy | alibaba-cloud-sdk-go's CommonRequest, with the body decoded by encoding/json |

In memory there is no network, only the client's own work. On loopback the server runs in the same process. Its time and
allocations, the same for all clients, are in the numbers. Each client keeps as many idle connections as it does by default;
bare may keep 64. New connections are counted after each goroutine's first call.
`)
	for _, over := range []struct{ key, title string }{{"memory", "In memory"}, {"loopback", "Loopback HTTP"}} {
		for _, mode := range []struct{ key, title string }{{"sequential", "sequential"}, {"parallel", "64 goroutines"}} {
			fmt.Fprintf(&b, "\n## %s, %s\n\n", over.title, mode.title)
			writeTable(&b, all, over.key, mode.key)
		}
	}
	fmt.Fprintf(&b, "\n## Signing alone\n\n| signature | time | spread | bytes | allocations |\n|---|---:|---:|---:|---:|\n")
	for _, signature := range []struct{ key, title string }{{"acs3", "ACS3-HMAC-SHA256"}, {"rpc", "RPC, HMAC-SHA1"}} {
		r := all.byName["Sign/"+signature.key]
		fmt.Fprintf(&b, "| %s | %s | %s | %.0f | %.0f |\n",
			signature.title, micros(r), spread(r.ns), median(r.bytes), median(r.allocs))
	}
	b.WriteString(`
## Decoding 10,000 groups

500 pages of 20 groups, decoded only, by encoding/json alone and by this package. Reading Extra costs a scan of the keys, and a second
pass only for a page that has an unknown member.

| | time | spread | bytes | allocations | time / encoding/json |
|---|---:|---:|---:|---:|---:|
`)
	for _, decoding := range []struct{ key, title string }{
		{"json", "encoding/json"}, {"known", "cams, all members known"}, {"unknown", "cams, one unknown member in each group"},
	} {
		r := all.byName["Groups/"+decoding.key]
		fmt.Fprintf(&b, "| %s | %.1f ms | %s | %.0f | %.0f | %.2f |\n", decoding.title, median(r.ns)/1e6, spread(r.ns), median(r.bytes),
			median(r.allocs), ratio(r.ns, all.byName["Groups/json"].ns))
	}
	fmt.Fprintf(&b, "\n## Size\n\n%s", sizeTable(sizes))
	b.WriteString(`
Built with ` + "`-trimpath -ldflags='-s -w'`" + ` and CGO_ENABLED=0. The programs are in ` + "`internal/interop/size`" + `.
credentials-go's NewCredential links every kind of credentials, even RSA key pairs. The default credentials of cams do not
call it, which saves part of what the code of cams adds. A program that calls NewCredential itself, for CredentialsFrom, pays
for both. cams has to import that package in any case. The last row is the default chain without it.

` + quotaSection(underQuotas) + soakSection(days) + `## How to repeat

    cd internal/interop
    go run ./cmd/report             # this page and its charts
    go run ./cmd/report -quotas     # the section on quotas alone
    go run ./cmd/report -soak       # the section on a bad day alone
    go run ./cmd/report -size-only  # the sizes alone

Use a machine that does nothing else. Compare ratios, not times: only ratios are similar on other machines. ` + "`-count`" + ` sets the
number of rounds; its default is 20.
`)
	return b.String(), nil
}

func writeTable(b *strings.Builder, all *benchmarks, over, mode string) {
	withConns := over == "loopback" && mode == "parallel"
	b.WriteString("| members | client | time | spread | bytes | allocations | time / bare |")
	if withConns {
		b.WriteString(" new connections per 1,000 calls |\n|---:|---|---:|---:|---:|---:|---:|---:|\n")
	} else {
		b.WriteString("\n|---:|---|---:|---:|---:|---:|---:|\n")
	}
	for _, n := range members {
		floor := all.byName[benchmarkName(over, n, mode, "bare")]
		for _, peer := range peers {
			r := all.byName[benchmarkName(over, n, mode, peer)]
			fmt.Fprintf(b, "| %s | %s | %s | %s | %.0f | %.0f | %.2f |",
				n, title(peer), micros(r), spread(r.ns), median(r.bytes), median(r.allocs), ratio(r.ns, floor.ns))
			if withConns {
				fmt.Fprintf(b, " %.1f |", 1000*median(r.conns)/median(r.calls))
			}
			b.WriteByte('\n')
		}
	}
}

func benchmarkName(over, members, mode, peer string) string {
	return strings.Join([]string{"Call", over, members, mode, peer}, "/")
}

func missingBenchmarks(all *benchmarks) []string {
	names := []string{"Sign/acs3", "Sign/rpc", "Groups/json", "Groups/known", "Groups/unknown",
		"Ratio/memory/8/cams/signed", "Ratio/memory/8/cams/bare", "Ratio/memory/8/unsigned/bare", "Ratio/memory/8/official/cams",
		"Ratio/memory/1000/cams/signed", "Ratio/loopback/8/cams/signed"}
	for _, over := range []string{"memory", "loopback"} {
		for _, n := range members {
			for _, mode := range []string{"sequential", "parallel"} {
				for _, peer := range peers {
					names = append(names, benchmarkName(over, n, mode, peer))
				}
			}
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return all.byName[name] != nil })
}

func micros(r *result) string { return fmt.Sprintf("%.2f µs", median(r.ns)/1000) }

// spread is the range of the middle half of the samples, in percent of their median.
func spread(samples []float64) string {
	sorted := slices.Sorted(slices.Values(samples))
	quarter := len(sorted) / 4
	middle := sorted[len(sorted)-1-quarter] - sorted[quarter]
	return fmt.Sprintf("%.0f%%", 100*middle/median(samples))
}
