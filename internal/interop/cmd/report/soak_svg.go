package main

import (
	"fmt"
	"html"
	"slices"
	"strings"
)

// Sizes in the chart of the bad day, in pixels.
const (
	soakNames  = 110
	soakPanel  = 215
	soakBar    = 140
	soakRow    = 20
	soakTop    = 56
	soakGap    = 40
	soakHeight = 120 // of the lines of memory
)

var soakColor = map[string]string{"cams": "#1a73e8", "AWS's limiter": "#7b61c4", "AWS's retries": "#e8710a"}

// soakChart draws a bar of each figure for each client, and a line of each client's memory.
func soakChart(days []soakFigures) string {
	columns := []struct {
		title  string
		figure func(soakFigures) float64
	}{
		{"groups lost", lostShare},
		{"web calls, 1 s, calm", func(d soakFigures) float64 { return succeeded(d.Web[0].Calm) }},
		{"web calls, 5 s, calm", func(d soakFigures) float64 { return succeeded(d.Web[1].Calm) }},
		{"requests over quota", overQuota},
	}
	linesTop := soakTop + soakRow*len(days) + soakGap
	width, height := soakNames+soakPanel*len(columns), linesTop+soakHeight+30

	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13" role="img">`+"\n",
		width, height, width, height)
	b.WriteString("<title>A bad day: groups lost, web calls that succeeded, requests over the quota, live memory, by client</title>\n")
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	text := func(x, y int, attributes, s string) {
		fmt.Fprintf(&b, `<text x="%d" y="%d" %sfill="#202124">%s</text>`+"\n", x, y, attributes, html.EscapeString(s))
	}
	text(10, 22, `font-weight="bold" `, "A bad day, in percent")
	for i, column := range columns {
		text(soakNames+soakPanel*i, soakTop-8, `font-weight="bold" `, column.title)
		for j, day := range days {
			x, y, share := soakNames+soakPanel*i, soakTop+soakRow*j, column.figure(day)
			length := int(soakBar * share)
			fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>`+"\n", x, y, max(1, length), soakRow-5, soakColor[day.Client])
			text(x+length+6, y+12, "", fmt.Sprintf("%.1f", 100*share))
		}
	}
	most := 0.0
	for j, day := range days {
		text(soakNames-8, soakTop+soakRow*j+12, `text-anchor="end" `, day.Client)
		most = max(most, megabytes(slices.Max(day.Heap)))
	}
	text(10, linesTop-12, `font-weight="bold" `, "Live memory by the hour, MB")
	text(soakNames-8, linesTop+10, `text-anchor="end" `, fmt.Sprintf("%.0f", most))
	text(soakNames-8, linesTop+soakHeight, `text-anchor="end" `, "0")
	for _, day := range days {
		var points []string
		for hour, bytes := range day.Heap {
			x := float64(soakNames) + float64(soakPanel*len(columns)-20)*float64(hour)/float64(max(1, len(day.Heap)-1))
			points = append(points, fmt.Sprintf("%.1f,%.1f", x, float64(linesTop)+soakHeight*(1-megabytes(bytes)/most)))
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(points, " "), soakColor[day.Client])
	}
	b.WriteString("</svg>\n")
	return b.String()
}
