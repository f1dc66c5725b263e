package main

import (
	"fmt"
	"html"
	"strings"
)

// Sizes in the chart of quotas, in pixels.
const (
	quotaNames  = 110 // the clients' names on the left
	quotaPanel  = 240 // from one column to the next
	quotaBar    = 160 // 100 %
	quotaRow    = 20
	quotaTop    = 56
	quotaHeader = 30
	quotaGap    = 14
)

var quotaColor = map[string]string{
	"cams": "#1a73e8", "AWS's limiter": "#7b61c4", "fixed rate": "#9aa0a6", "official": "#e8710a", "legacy": "#c5221f",
}

// quotaChart draws a row of panels for each quota, with a bar for each client. It uses the results with 16 workers and no
// named wait.
func quotaChart(all quotaResults) string {
	columns := []struct {
		title  string
		figure func(quotaFigures) float64
	}{{"groups lost", lost}, {"requests refused", refused}, {"quota used", used}}
	quotas, clients := all.quotas(), all.clients()
	block := quotaHeader + quotaRow*len(clients) + quotaGap
	width, height := quotaNames+quotaPanel*len(columns), quotaTop+block*len(quotas)

	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13" role="img">`+"\n",
		width, height, width, height)
	b.WriteString("<title>1,500 groups under unknown quotas: groups lost, requests refused, quota used, by client</title>\n")
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	text := func(x, y int, attributes, s string) {
		fmt.Fprintf(&b, `<text x="%d" y="%d" %sfill="#202124">%s</text>`+"\n", x, y, attributes, html.EscapeString(s))
	}
	text(10, 22, `font-weight="bold" `, "1,500 groups, 16 workers, an unknown quota, in percent")
	for i, column := range columns {
		text(quotaNames+quotaPanel*i, quotaTop-8, `font-weight="bold" `, column.title)
	}
	for i, quota := range quotas {
		top := quotaTop + block*i
		text(10, top+18, `font-weight="bold" `, quota)
		for j, client := range clients {
			y := top + quotaHeader + quotaRow*j
			text(quotaNames-8, y+12, `text-anchor="end" `, client)
			for k, column := range columns {
				x, share := quotaNames+quotaPanel*k, column.figure(all.at(quota, client, 16, false))
				length := int(quotaBar * share)
				fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>`+"\n",
					x, y, max(1, length), quotaRow-5, quotaColor[client])
				text(x+length+6, y+12, "", fmt.Sprintf("%.1f", 100*share))
			}
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}
