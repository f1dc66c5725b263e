package main

import (
	"fmt"
	"slices"
	"strings"
)

// Sizes in the chart, in pixels.
const (
	chartWidth = 720
	barLeft    = 90
	barLength  = 520
	barHeight  = 22
	barStep    = 30
	panelTop   = 34
)

var barColor = map[string]string{"bare": "#bdc1c6", "signed": "#80868b", "cams": "#1a73e8", "official": "#e8710a", "legacy": "#c5221f"}

// chart draws one call in memory with 8 members, with one panel of bars for the time and one for the allocations.
func chart(all *benchmarks) string {
	panels := []struct {
		title, unit string
		pick        func(*result) []float64
		scale       float64
	}{
		{"Time of one call, in memory, 8 members (µs)", "µs", times, 1000},
		{"Allocations of one call, in memory, 8 members", "", allocs, 1},
	}
	panelHeight := panelTop + barStep*len(peers) + 16
	height := panelHeight * len(panels)

	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13" role="img">`+"\n",
		chartWidth, height, chartWidth, height)
	b.WriteString("<title>Time and allocations of one call: bare, bare and signed, cams, official core, legacy SDK</title>\n")
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", chartWidth, height)
	for i, p := range panels {
		values := make([]float64, len(peers))
		for j, peer := range peers {
			values[j] = median(p.pick(all.byName[benchmarkName("memory", "8", "sequential", peer)])) / p.scale
		}
		top := i * panelHeight
		fmt.Fprintf(&b, `<text x="10" y="%d" font-weight="bold" fill="#202124">%s</text>`+"\n", top+22, p.title)
		for j, peer := range peers {
			y := top + panelTop + j*barStep
			width := max(1, barLength*values[j]/slices.Max(values))
			fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end" fill="#202124">%s</text>`+"\n", barLeft-8, y+16, title(peer))
			fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", barLeft, y, width, barHeight, barColor[peer])
			fmt.Fprintf(&b, `<text x="%.1f" y="%d" fill="#202124">%s</text>`+"\n", barLeft+width+6, y+16, label(values[j], p.unit))
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func label(value float64, unit string) string {
	if unit == "" {
		return fmt.Sprintf("%.0f", value)
	}
	return fmt.Sprintf("%.1f %s", value, unit)
}
