package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cams-go/cams/internal/interop/soak"
)

// soakFigures are the results of one client's day.
type soakFigures struct {
	Client string
	Wall   time.Duration
	soak.Result
}

// measureSoak runs TestMeasureSoak, which plays the days in virtual time.
func measureSoak(work string) (days []soakFigures, err error) {
	progress("building and playing a bad day with each client")
	return days, measureByTest(work, "TestMeasureSoak", "-soak", &days)
}

// measureByTest runs a test that writes figures as JSON to the file that its flag names.
func measureByTest(work, test, flag string, figures any) error {
	binary, file := filepath.Join(work, "interop.test"), filepath.Join(work, test+".json")
	if _, err := command("go", "test", "-c", "-o", binary, "."); err != nil {
		return err
	}
	if _, err := command(binary, "-test.timeout=1h", "-test.run=^"+test+"$", flag+"="+file); err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, figures)
}

const (
	soakBegin = "<!-- The section on a bad day: go run ./cmd/report -soak -->\n"
	soakEnd   = "<!-- The end of the section on a bad day. -->\n"
)

// soakSection writes the section on the bad day.
func soakSection(days []soakFigures) string {
	first := days[0]
	var b strings.Builder
	b.WriteString(soakBegin + "## A bad day\n\n")
	fmt.Fprintf(&b, soakIntroduction, thousands(first.Listed+first.Lost), thousands(first.Web[0].All.Calls+first.Web[1].All.Calls),
		thousands(first.Created+first.Missing), first.Seen.Outages, first.Seen.Away.Round(time.Minute).Hours())
	writeSoakTable(&b, days)
	b.WriteString(soakCaveats + soakEnd)
	return b.String()
}

// soakRows are the rows of the table.
var soakRows = []struct {
	title string
	value func(soakFigures) string
}{
	{"groups listed", func(d soakFigures) string { return thousands(d.Listed) }},
	{"groups lost", func(d soakFigures) string { return thousands(d.Lost) }},
	{"groups created; created twice", func(d soakFigures) string { return thousands(d.Created) + "; " + thousands(d.Doubled) }},
	{"web calls with 1 s that succeeded: all; in calm times", func(d soakFigures) string { return shares(d.Web[0]) }},
	{"web calls with 5 s that succeeded: all; in calm times", func(d soakFigures) string { return shares(d.Web[1]) }},
	{"requests", func(d soakFigures) string { return thousands(d.Seen.Requests) }},
	{"requests during outages, a second", func(d soakFigures) string {
		return fmt.Sprintf("%.1f", float64(d.Seen.Meanwhile)/d.Seen.Away.Seconds())
	}},
	{"requests over the quota, of those outside outages", func(d soakFigures) string { return percent(overQuota(d)) }},
	{"live memory after 2 hours; at the end; at most", func(d soakFigures) string {
		return fmt.Sprintf("%.1f; %.1f; %.1f MB", megabytes(d.Heap[min(1, len(d.Heap)-1)]), megabytes(d.Heap[len(d.Heap)-1]), megabytes(slices.Max(d.Heap)))
	}},
	{"virtual time; real time", func(d soakFigures) string {
		return fmt.Sprintf("%.1f h; %.0f s", d.Took.Hours(), d.Wall.Seconds())
	}},
}

func writeSoakTable(b *strings.Builder, days []soakFigures) {
	b.WriteString("| |")
	for _, day := range days {
		b.WriteString(" " + day.Client + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---:|", len(days)) + "\n")
	for _, row := range soakRows {
		b.WriteString("| " + row.title + " |")
		for _, day := range days {
			b.WriteString(" " + row.value(day) + " |")
		}
		b.WriteString("\n")
	}
}

func shares(web soak.Web) string {
	return percent(succeeded(web.All)) + "; " + percent(succeeded(web.Calm))
}

func succeeded(s soak.Share) float64 { return float64(s.Succeeded) / float64(max(1, s.Calls)) }

func overQuota(d soakFigures) float64 {
	return float64(d.Seen.Refused) / float64(max(1, d.Seen.Requests-d.Seen.Meanwhile))
}

func lostShare(d soakFigures) float64 { return float64(d.Lost) / float64(max(1, d.Lost+d.Listed)) }

func megabytes(bytes uint64) float64 { return float64(bytes) / 1e6 }

// thousands writes 1234567 as 1,234,567.
func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

const soakIntroduction = `A job and a web service share a client for 24 hours of virtual time (testing/synctest). Each hour the job lists the members of
10,000 groups with ` + "`Rosters`" + ` and 16 workers: %s groups in all. Beside it, %s web calls list one group each, half of them with a
deadline of 1 s and half with 5 s, and %s groups are created, one each minute. The service is the fake of ` + "`camstest`" + ` in memory,
which answers after 100 ms.

Meanwhile:

* the quota of each operation changes every 2 to 20 minutes, to something between 3 and 60 a second; half of the time refusals name the wait;
* the service is away %d times, for 2 s to 5 minutes and for %.1f hours in all: 503, 502 in HTML, connections that break, no answer,
  429 without and with the remaining wait, 503 with a Retry-After; in half of the outages that leave it open, creations were carried out;
* credentials are valid for an hour; a third of the requests for new ones fail, a fifth take 3 s;
* the service's clock gains 2 minutes an hour, and at noon it is set forward by 20 minutes.

![Groups lost, web calls that succeeded, requests refused, and live memory by the hour](soak.svg)

`

const soakCaveats = `
| client | what it does |
|---|---|
| cams | this client with its defaults |
| AWS's limiter | this client with the limiter of AWS's adaptive retry mode instead of its own, one for each operation; its retries and ` + "`Rosters`" + ` are as above |
| AWS's retries | this client without retries, limiter and patience, in the loop of AWS's standard retryer (aws-sdk-go-v2, aws/retry.Standard): three attempts, pauses up to 20 s, a bucket of retry tokens |

What to keep in mind:

* A group is lost if the run did not yield it. A run that ends early loses all groups that are left; in reality the next run would start there.
* Calm times begin ten seconds after an outage. A web call is in one if there is none at its start and at its end.
* While the quota is 3 a second, a web call waits behind 16 workers for about 5 s. No client that serves callers in turn can meet a
  deadline of 1 s then.
* A caller whose creation failed looks whether the group is there if the outcome is unknown, and else creates it again. AWS's retryer
  does not know which operations may be repeated: AWS's own creations have a token that makes repeating safe.
* The memory is the live heap of the whole process after a collection, once an hour, with the 10,000 groups of the fake.
* All clients have the same day, but the scheduler decides which of two callers comes first, so figures vary a little from run to run.

This command, in internal/interop, measures and writes this section and its chart, in some minutes. A short version is one of
the tests.

    go run ./cmd/report -soak

`
