package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// quotaFigures are the results of one client under one quota: medians of some runs.
type quotaFigures struct {
	Quota, Client string
	Workers       int
	Named         bool    // refusals named the time to wait
	Lost          float64 // of the groups
	Refused       float64 // of the requests
	Used          float64 // of the requests that the quota allowed in that time
	Seconds       float64
}

type quotaResults []quotaFigures

// measureQuotas runs TestMeasureQuotas, which measures in virtual time.
func measureQuotas(work string) (all quotaResults, err error) {
	progress("building and running the jobs under quotas")
	return all, measureByTest(work, "TestMeasureQuotas", "-quotas", &all)
}

// names lists the quotas or the clients, in the order of the results.
func (all quotaResults) names(of func(quotaFigures) string) []string {
	var names []string
	for _, f := range all {
		if name := of(f); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func (all quotaResults) quotas() []string {
	return all.names(func(f quotaFigures) string { return f.Quota })
}

func (all quotaResults) clients() []string {
	return all.names(func(f quotaFigures) string { return f.Client })
}

// where returns the figures for which keep holds.
func (all quotaResults) where(keep func(quotaFigures) bool) quotaResults {
	return slices.DeleteFunc(slices.Clone(all), func(f quotaFigures) bool { return !keep(f) })
}

// at returns the figures of one client in one case.
func (all quotaResults) at(quota, client string, workers int, named bool) quotaFigures {
	return all.where(func(f quotaFigures) bool {
		return f.Quota == quota && f.Client == client && f.Workers == workers && f.Named == named
	})[0]
}

// most and least return the largest and the smallest value of a figure.
func (all quotaResults) most(figure func(quotaFigures) float64) float64 {
	most := 0.0
	for _, f := range all {
		most = max(most, figure(f))
	}
	return most
}

func (all quotaResults) least(figure func(quotaFigures) float64) float64 {
	least := math.Inf(1)
	for _, f := range all {
		least = min(least, figure(f))
	}
	return least
}

func lost(f quotaFigures) float64    { return f.Lost }
func refused(f quotaFigures) float64 { return f.Refused }
func used(f quotaFigures) float64    { return f.Used }

const (
	quotasBegin = "<!-- The section on quotas: go run ./cmd/report -quotas -->\n"
	quotasEnd   = "<!-- The end of the section on quotas. -->\n"
)

// replaceSection replaces a section of a page: what is between its two marks.
func replaceSection(page, begin, end, section string) (string, error) {
	before, rest, found := strings.Cut(page, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", fmt.Errorf("the page lacks the section that begins with %q: run the report for the whole page", strings.TrimSpace(begin))
	}
	return before + section + after, nil
}

// quotaSection writes the section on quotas.
func quotaSection(all quotaResults) string {
	var b strings.Builder
	b.WriteString(quotasBegin + quotaIntroduction)
	writeQuotaExtremes(&b, all)
	b.WriteString(quotaMiddle)
	writeQuotaTable(&b, all.where(func(f quotaFigures) bool { return f.Workers == 16 && !f.Named }), false)
	b.WriteString("\n<details><summary>All figures</summary>\n\n")
	writeQuotaTable(&b, all, true)
	b.WriteString("\n</details>\n\n")
	writeQuotaDefeats(&b, all)
	b.WriteString(quotaCaveats + quotasEnd)
	return b.String()
}

// writeQuotaExtremes compares the worst figures of cams and of AWS's limiter.
func writeQuotaExtremes(b *strings.Builder, all quotaResults) {
	b.WriteString("| quota | client | lost | refused, 1 to 16 workers | refused, 64 | used, 1 worker | used, 4 to 64 |\n|---|---|---:|---:|---:|---:|---:|\n")
	for _, quota := range all.quotas() {
		for _, client := range []string{"cams", "AWS's limiter"} {
			of := func(from, to int) quotaResults {
				return all.where(func(f quotaFigures) bool {
					return f.Quota == quota && f.Client == client && f.Workers >= from && f.Workers <= to
				})
			}
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s |\n", quota, client, percent(of(1, 64).most(lost)),
				percent(of(1, 16).most(refused)), percent(of(64, 64).most(refused)),
				percent(of(1, 1).least(used)), percent(of(4, 64).least(used)))
		}
	}
}

// writeQuotaDefeats lists the cases in which AWS's limiter uses more of the quota than cams.
func writeQuotaDefeats(b *strings.Builder, all quotaResults) {
	ours := all.where(func(f quotaFigures) bool { return f.Client == "cams" })
	var cases []string
	for _, cams := range ours {
		aws := all.at(cams.Quota, "AWS's limiter", cams.Workers, cams.Named)
		if aws.Used > cams.Used && percent(aws.Used) != percent(cams.Used) {
			cases = append(cases, fmt.Sprintf("| %s | %d | %s | %s | %s | %s | %s |\n", cams.Quota, cams.Workers, yesNo(cams.Named),
				percent(cams.Used), percent(aws.Used), percent(cams.Refused), percent(aws.Refused)))
		}
	}
	fmt.Fprintf(b, "In %d of these %d cases AWS's limiter uses more of the quota than cams", len(cases), len(ours))
	if len(cases) == 0 {
		b.WriteString(".\n")
		return
	}
	b.WriteString(":\n\n| quota | workers | wait named | cams, used | AWS's, used | cams, refused | AWS's, refused |\n" +
		"|---|---:|---|---:|---:|---:|---:|\n" + strings.Join(cases, ""))
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

func writeQuotaTable(b *strings.Builder, all quotaResults, complete bool) {
	columns, rule := "", ""
	if complete {
		columns, rule = " workers | wait named |", "---:|---|"
	}
	fmt.Fprintf(b, "| quota | client |%s lost | refused | used | time |\n|---|---|%s---:|---:|---:|---:|\n", columns, rule)
	for _, f := range all {
		fmt.Fprintf(b, "| %s | %s |", f.Quota, f.Client)
		if complete {
			fmt.Fprintf(b, " %d | %s |", f.Workers, yesNo(f.Named))
		}
		fmt.Fprintf(b, " %s | %s | %s | %.0f s |\n", percent(f.Lost), percent(f.Refused), percent(f.Used), f.Seconds)
	}
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

const quotaIntroduction = `## Under an unknown quota

An account may make some 5 to 50 requests a second, and no answer says how many. The job is to list the members of 1,500
groups, with one call of ListChatGroupParticipants for each, shared among 1, 4, 16 or 64 workers. The service is the fake of
` + "`camstest`" + ` in memory, which checks each signature and answers after 40 ms. Time is virtual (testing/synctest), and all
clients run in one command. Each figure is the median of three runs, or of nine for the quota that changes; "lost" is the mean.

![Groups lost, requests refused and quota used, by client](quotas.svg)

| client | what it does |
|---|---|
| cams | this client with its defaults |
| AWS's limiter | this client with the limiter of AWS's adaptive retry mode (aws-sdk-go-v2, aws/retry.AdaptiveMode) instead of its own: each attempt takes a token, and returns it with the attempt's result, as in AWS's clients. The pauses between attempts are those of AWS's clients too: up to 1 s, then up to 2 s |
| fixed rate | this client with ` + "`WithLimiter(rate.NewLimiter(n, 1))`" + ` of golang.org/x/time/rate, for a user who knows the quota; for the quota that changes, n is 20, its first value |
| official | the official core with the documented runtime options Autoretry and MaxAttempts 3, which do not repeat refusals, in the loop of exponential back-off that Alibaba Cloud documents (for KMS): 200 ms, then twice as long each time; the documentation does not say how many attempts, here it is 5 |
| legacy | the legacy SDK with AutoRetry and MaxRetryTime 3 |

With 600 in each minute, a client has to wait for up to a minute. For this quota, the loop around the official core has 10
attempts, the legacy SDK has MaxRetryTime 9, and this client with another limiter has MaxAttempts 10 and MaxDelay 2 minutes.
With its own limiter it needs no options.

**Lost** is the share of groups whose call ended in an error. **Refused** is the share of requests that the service refused.
**Used** is the share of the quota, from the first request to the last answer, that went into successful calls. **Wait named**
says whether refusals named the time to wait. The quota that changes is a bucket of 20 a second, after 16 to 24 seconds one
of 6 for 54 to 70 seconds, and then one of 20 again.

Two clients find the quota by themselves. This table has the worst figures of each, over both kinds of refusals (with and
without a named wait):

`

const quotaMiddle = `
All clients with 16 workers, if refusals do not name the time to wait:

`

const quotaCaveats = `
What to keep in mind:

* A client that soon loses most groups still uses the quota well, and finishes early. Compare lost first.
* One worker makes at most 25 calls a second, so it cannot use more than half of a bucket of 50.
* With 600 in each minute, no client that completes all 1,500 calls can use more than 83 %: the calls need the quota of three
  minutes, 1,800. Compare the times.
* A fixed rate is best if the quota is known and constant, and no other program uses it.
* The legacy SDK repeats only answers with a status of 500 and more, and at once. The fake refuses with 429, so it repeats
  nothing here.
* The official core's error does not contain the wait that the service names, so the loop around it cannot wait that long.
* AWS's own way to wait does not work in virtual time: it would sleep for less than a nanosecond, again and again. So the first
  caller in line asks the limiter each millisecond, and the others wait behind it. In AWS's clients each caller asks by itself.
* The workers begin one after the other, 0.1 ms apart. When the first refusal arrives, the others have already sent their next
  requests. Most refusals with 64 workers are of these.
* Network times do not vary here, and windows begin with the job. The simulation in ` + "`internal/limiter`" + ` varies both.

This command, in internal/interop, measures and writes this section and its chart, in two to four minutes. The test
` + "`go test -run Quota .`" + ` checks some of the figures against limits.

    go run ./cmd/report -quotas

`
