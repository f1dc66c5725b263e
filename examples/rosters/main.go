// Rosters writes the members of every group of a business number to a file, one
// line of JSON for each group. If it is killed and started again, it resumes.
//
// This command runs it in a sandbox, a fake service on a loopback port, with a quota
// of 10 requests a second. Watch the client find the quota:
//
//	go run ./examples/rosters -quota 10
//
// With -outage the sandbox is down for a time, after one second. No group is lost:
//
//	go run ./examples/rosters -outage 40s
package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/examples/internal/console"
)

const about = `Writes the members of every group of a business number to a file. Started again, it resumes.
It lists the groups of a sandbox, a fake service on a loopback port. With -business-number and
-cust-space-id it calls the real service, with the default credentials.
`

type settings struct {
	businessNumber, custSpaceID string
	out, region                 string
	concurrency                 int
	sandbox                     sandboxSettings
}

func main() {
	var s settings
	flag.StringVar(&s.businessNumber, "business-number", "", "the business phone `number` with country code; without it the program uses a sandbox")
	flag.StringVar(&s.custSpaceID, "cust-space-id", "", "your instance `ID`, or the SpaceId of an ISV's customer")
	flag.StringVar(&s.region, "region", "", "the service's `region` (default $ALIBABA_CLOUD_REGION_ID, else ap-southeast-1)")
	flag.StringVar(&s.out, "out", "", "the `file` to write, or to resume (default rosters.ndjson, in the sandbox sandbox.ndjson)")
	flag.IntVar(&s.concurrency, "concurrency", 8, "list up to `n` groups at the same time")
	flag.IntVar(&s.sandbox.groups, "groups", 200, "the `number` of groups in the sandbox")
	flag.IntVar(&s.sandbox.quota, "quota", 0, "let the sandbox accept `n` requests a second; 0 means no quota")
	flag.DurationVar(&s.sandbox.outage, "outage", 0, "let the sandbox be down for a `time`, after one second")
	version := flag.Bool("version", false, "print the version and exit")
	console.Parse(about)
	if *version {
		fmt.Println(console.Version("rosters"))
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C kills the program
	if err := run(ctx, s, os.Stderr); err != nil {
		console.Fail(os.Stderr, "rosters", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings, stderr io.Writer) error {
	options := []cams.Option{cams.WithUserAgent("rosters-example")}
	if s.region != "" {
		options = append(options, cams.WithRegion(s.region))
	}
	if s.businessNumber == "" {
		sandbox, err := startSandbox(s.sandbox)
		if err != nil {
			return err
		}
		defer sandbox.Stop()
		s.businessNumber, s.custSpaceID, s.out = sandboxNumber, sandboxSpace, cmp.Or(s.out, "sandbox.ndjson")
		options = append(options, sandbox.Options()...)
	}
	s.out = cmp.Or(s.out, "rosters.ndjson") // not the sandbox's file
	client, err := cams.NewClient(options...)
	if err != nil {
		return err
	}
	return export(ctx, client, s, stderr)
}

// api has the operations of the client that the export uses.
type api interface {
	cams.ListChatGroupAPI
	cams.ListChatGroupParticipantsAPI
}

// patience is how long an outage of the service may last.
const patience = 5 * time.Minute

// export lists all groups, and the members of the groups that are not in the file yet.
func export(ctx context.Context, client api, s settings, stderr io.Writer) error {
	file, done, err := open(s.out)
	if err != nil {
		return err
	}
	defer file.Close()
	pager := cams.NewListChatGroupPager(client, &cams.ListChatGroupRequest{BusinessNumber: s.businessNumber, CustSpaceID: s.custSpaceID},
		cams.WithPageSize(100), cams.WithPatience(patience))
	req := &cams.ListChatGroupParticipantsRequest{BusinessNumber: s.businessNumber, CustSpaceID: s.custSpaceID}
	left := remaining{start: time.Now(), before: len(done)}
	progress := console.NewProgress(nil, stderr)
	defer progress.Clear()
	failed := 0
	for roster, err := range cams.Rosters(ctx, client, req, others(pager.All(ctx), maps.Clone(done)), s.concurrency, cams.WithPatience(patience)) {
		switch {
		case err != nil:
			return fmt.Errorf("after %d groups: %w; start again to resume", len(done), err)
		case roster.Err != nil:
			failed++
			progress.Clear()
			fmt.Fprintf(stderr, "group %s: %v\n", console.Printable(roster.Group.GroupID), roster.Err)
			continue
		}
		if err := write(file, roster); err != nil {
			return err
		}
		done[roster.Group.GroupID] = true
		if left.due() {
			progress.Show("%d of %d groups, about %v left", len(done), pager.Total(), left.estimate(len(done), pager.Total()))
		}
	}
	progress.Clear()
	fmt.Fprintf(stderr, "%d groups in %s\n", len(done), s.out)
	if failed > 0 {
		return fmt.Errorf("%d groups failed; start again to try them again", failed)
	}
	return nil
}

// remaining estimates the time that is left.
type remaining struct {
	start, shown time.Time
	before       int // groups that an earlier run wrote
}

// due reports whether it is time to show progress again.
func (r *remaining) due() bool {
	if time.Since(r.shown) < 500*time.Millisecond {
		return false
	}
	r.shown = time.Now()
	return true
}

// estimate assumes that each group that is left takes as long as those of this run.
func (r *remaining) estimate(done, total int) time.Duration {
	perGroup := time.Since(r.start) / time.Duration(max(1, done-r.before))
	return (perGroup * time.Duration(max(0, total-done))).Round(time.Second)
}

// others leaves out the groups that are done. It runs beside the loop's body, so it has a
// map of its own.
func others(groups iter.Seq2[cams.ChatGroup, error], done map[string]bool) iter.Seq2[cams.ChatGroup, error] {
	return func(yield func(cams.ChatGroup, error) bool) {
		for group, err := range groups {
			if err == nil && done[group.GroupID] {
				continue
			}
			if !yield(group, err) {
				return
			}
		}
	}
}

// line is a line of the file: one group.
type line struct {
	GroupID      string `json:"GroupId"`
	Subject      string
	Participants []cams.ChatGroupParticipant
}

// write writes a group with one write and one sync. So after a kill all lines are
// whole, except perhaps the last one.
func write(file *os.File, roster cams.Roster) error {
	text, err := json.Marshal(line{roster.Group.GroupID, roster.Group.Subject, roster.Participants})
	if err != nil {
		return err
	}
	if _, err := file.Write(append(text, '\n')); err != nil {
		return err
	}
	return file.Sync()
}

// open opens the file, returns the groups in it, and cuts off a line that a kill left
// unfinished. It does not change a file that this program did not write.
func open(name string) (*os.File, map[string]bool, error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600) // it holds phone numbers
	if err != nil {
		return nil, nil, err
	}
	done, whole, err := read(file)
	if err == nil {
		err = file.Truncate(whole)
	}
	if err == nil {
		_, err = file.Seek(whole, io.SeekStart)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", name, err), file.Close())
	}
	return file, done, nil
}

// read returns the groups in a file, and the length of their lines in bytes.
func read(file io.Reader) (done map[string]bool, whole int64, err error) {
	done = make(map[string]bool)
	for reader := bufio.NewReader(file); ; {
		text, err := reader.ReadBytes('\n')
		var l line
		switch {
		case err == io.EOF && strings.HasPrefix(string(text), begin[:min(len(text), len(begin))]):
			return done, whole, nil
		case err != nil && err != io.EOF:
			return nil, 0, err
		case err == io.EOF || json.Unmarshal(text, &l) != nil || l.GroupID == "":
			return nil, 0, errors.New("this program did not write this file: choose another -out")
		}
		done[l.GroupID] = true
		whole += int64(len(text))
	}
}

const begin = `{"GroupId":"` // each line begins with it
