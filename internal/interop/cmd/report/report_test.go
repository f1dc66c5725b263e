package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams/internal/interop/soak"
)

func TestSamplesAreReadFromABenchmarksOutput(t *testing.T) {
	all := &benchmarks{byName: map[string]*result{}}
	require.NoError(t, all.add([]byte(`goos: linux
cpu: A Processor
BenchmarkCall/loopback/8/parallel/cams-16  	  1000	  2500 ns/op	  7.000 conns	  96 B/op	  3 allocs/op
BenchmarkSign/acs3  	  20	  1.5 ns/op	  0 B/op	  0 allocs/op
BenchmarkRatio/memory/8/cams/bare-16  	  20	  6000 ns/op	  1.125 ratio
PASS
`)))
	require.Equal(t, "A Processor", all.cpu)
	require.Equal(t, map[string]*result{
		"Call/loopback/8/parallel/cams": {
			ns: []float64{2500}, bytes: []float64{96}, allocs: []float64{3}, conns: []float64{7}, calls: []float64{1000},
		},
		"Ratio/memory/8/cams/bare": {ns: []float64{6000}, calls: []float64{20}, ratio: []float64{1.125}},
		"Sign/acs3":                {ns: []float64{1.5}, bytes: []float64{0}, allocs: []float64{0}, calls: []float64{20}},
	}, all.byName)
}

func TestMedians(t *testing.T) {
	require.Equal(t, 2.0, median([]float64{9, 1, 2}))
	require.Equal(t, 1.5, median([]float64{2, 1}))
	require.Equal(t, 2.0, ratio([]float64{2, 40, 3}, []float64{1, 10, 3}), "round by round: 2, 4, 1")
	require.Equal(t, "50%", spread([]float64{0, 3, 4, 5, 100}))
}

func TestATargetSaysWhetherItIsMet(t *testing.T) {
	require.Equal(t, "| a | at most 1.1 | 1.1 | met |\n", target{"a", 1.1, false, 1.1, "%.1f"}.row())
	require.Equal(t, "| a | at most 1.1 | 1.2 | **missed** |\n", target{"a", 1.1, false, 1.2, "%.1f"}.row())
	require.Equal(t, "| a | at least 7.5 | 7.4 | **missed** |\n", target{"a", 7.5, true, 7.4, "%.1f"}.row())
}

func TestTheSectionOnQuotasIsReplacedAlone(t *testing.T) {
	all := quotaResults{
		{Quota: "ten", Client: "cams", Workers: 16, Refused: 0.0123, Used: 0.98, Seconds: 150},
		{Quota: "ten", Client: "cams", Workers: 64, Named: true, Refused: 0.05, Used: 0.97, Seconds: 151},
		{Quota: "ten", Client: "AWS's limiter", Workers: 16, Lost: 0.5, Refused: 0.1, Used: 0.9, Seconds: 160},
		{Quota: "ten", Client: "AWS's limiter", Workers: 64, Named: true, Refused: 0.1, Used: 0.98, Seconds: 150},
	}
	page, err := replaceSection("before\n"+quotasBegin+"old\n"+quotasEnd+"after\n", quotasBegin, quotasEnd, quotaSection(all))
	require.NoError(t, err)
	require.Regexp(t, "(?s)^before\n.*after\n$", page)
	require.NotContains(t, page, "old\n")
	require.Contains(t, page, "| ten | cams | 0.0 % | 1.2 % | 98.0 % | 150 s |\n")
	require.Contains(t, page, "| ten | cams | 64 | yes | 0.0 % | 5.0 % | 97.0 % | 151 s |\n")
	require.Contains(t, quotaChart(all), "AWS&#39;s limiter")
	require.Contains(t, page, "In 1 of these 2 cases AWS's limiter uses more")
	require.Contains(t, page, "| ten | 64 | yes | 97.0 % | 98.0 % | 5.0 % | 10.0 % |")

	again, err := replaceSection(page, quotasBegin, quotasEnd, quotaSection(all))
	require.NoError(t, err)
	require.Equal(t, page, again)
	_, err = replaceSection("no section", quotasBegin, quotasEnd, quotaSection(all))
	require.Error(t, err)
}

func TestTheSectionOnABadDayHasTheFiguresOfEachClient(t *testing.T) {
	days := []soakFigures{{Client: "cams", Wall: 70 * time.Second, Result: soak.Result{
		Listed: 230_000, Lost: 10_000, Created: 1439, Missing: 1, Doubled: 2,
		Web:  [2]soak.Web{{All: soak.Share{Calls: 4, Succeeded: 1}, Calm: soak.Share{Calls: 2, Succeeded: 1}}},
		Seen: soak.Seen{Requests: 300, Meanwhile: 100, Refused: 10, Outages: 7, Away: 50 * time.Second},
		Heap: []uint64{3e6, 4e6, 8e6, 5e6}, Took: 24 * time.Hour,
	}}, {Client: "AWS's limiter", Result: soak.Result{Heap: []uint64{1}}}}
	section := soakSection(days)
	for _, row := range []string{
		"| groups lost | 10,000 | 0 |\n", "| groups created; created twice | 1,439; 2 | 0; 0 |\n", "all; in calm times | 25.0 %; 50.0 % |",
		"a second | 2.0 |", "outside outages | 5.0 % |", "| 4.0; 5.0; 8.0 MB |", "| 24.0 h; 70 s |", "240,000 groups", "1,440 groups are created", "away 7 times",
	} {
		require.Contains(t, section, row)
	}
	require.NotContains(t, section, "%!")
	require.Contains(t, soakChart(days), "AWS&#39;s limiter")
	page, err := replaceSection("before\n"+section+"after\n", soakBegin, soakEnd, section)
	require.NoError(t, err)
	require.Equal(t, "before\n"+section+"after\n", page)
}
