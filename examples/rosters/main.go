// Rosters writes the members of every group of a business number to a file: one
// line of JSON a group. Killed and started again, it goes on where it stopped.
//
// In a sandbox, a fake service on a loopback port with a quota of 10 requests a
// second, to watch the client find it:
//
//	go run ./examples/rosters -out /tmp/rosters.ndjson -quota 10
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/cams-go/cams"
)

type settings struct {
	businessNumber, custSpaceID string
	out, region                 string
	concurrency                 int
	groups, quota               int // of the sandbox
}

func main() {
	var s settings
	flag.StringVar(&s.businessNumber, "business-number", "", "the business's phone number with country code; without it a sandbox is used")
	flag.StringVar(&s.custSpaceID, "cust-space-id", "", "the channel's instance ID, or an ISV customer's SpaceId")
	flag.StringVar(&s.region, "region", "", "the region; default: ALIBABA_CLOUD_REGION_ID, else ap-southeast-1")
	flag.StringVar(&s.out, "out", "rosters.ndjson", "the file to write, or to go on with")
	flag.IntVar(&s.concurrency, "concurrency", 8, "groups in flight")
	flag.IntVar(&s.groups, "groups", 200, "groups of the sandbox")
	flag.IntVar(&s.quota, "quota", 0, "requests a second that the sandbox takes; 0: no quota")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "rosters:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings, stderr io.Writer) error {
	options := []cams.Option{cams.WithUserAgent("rosters-example")}
	if s.region != "" {
		options = append(options, cams.WithRegion(s.region))
	}
	if s.businessNumber == "" {
		sandbox, stop, err := startSandbox(s.groups, s.quota)
		if err != nil {
			return err
		}
		defer stop()
		s.businessNumber, s.custSpaceID = sandboxNumber, sandboxSpace
		options = append(options, sandbox...)
	}
	client, err := cams.NewClient(options...)
	if err != nil {
		return err
	}
	return export(ctx, client, s, stderr)
}

// api is what the export needs of a client.
type api interface {
	cams.ListChatGroupAPI
	cams.ListChatGroupParticipantsAPI
}

// export lists all groups, and the members of those that the file does not hold yet.
func export(ctx context.Context, client api, s settings, stderr io.Writer) error {
	file, done, err := open(s.out)
	if err != nil {
		return err
	}
	defer file.Close()
	pager := cams.NewListChatGroupPager(client, &cams.ListChatGroupRequest{BusinessNumber: s.businessNumber, CustSpaceID: s.custSpaceID}, cams.WithPageSize(100))
	req := &cams.ListChatGroupParticipantsRequest{BusinessNumber: s.businessNumber, CustSpaceID: s.custSpaceID}
	progress := progress{to: stderr, start: time.Now(), before: len(done)}
	var failed error
	for roster, err := range cams.Rosters(ctx, client, req, others(pager.All(ctx), done), s.concurrency) {
		switch {
		case err != nil:
			progress.end()
			return fmt.Errorf("after %d groups: %w; start again to go on", len(done), err)
		case roster.Err != nil: // it is tried again by the next run
			failed = errors.Join(failed, fmt.Errorf("group %s: %w", roster.Group.GroupID, roster.Err))
			continue
		}
		if err := write(file, roster); err != nil {
			return err
		}
		done[roster.Group.GroupID] = true
		progress.show(len(done), pager.Total())
	}
	progress.end()
	fmt.Fprintf(stderr, "%d groups in %s\n", len(done), s.out)
	return failed
}

// others leaves out the groups that are done.
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

// line is a group in the file.
type line struct {
	GroupID      string `json:"GroupId"`
	Subject      string
	Participants []cams.ChatGroupParticipant
}

// write writes a group with one write and one sync, so that a kill leaves whole
// lines, but for the last one.
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

// open opens the file, tells which groups it holds, and cuts off a line that a kill
// left unfinished.
func open(name string) (*os.File, map[string]bool, error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600) // it holds phone numbers
	if err != nil {
		return nil, nil, err
	}
	done := make(map[string]bool)
	reader := bufio.NewReader(file)
	var whole int64
	for {
		text, err := reader.ReadBytes('\n')
		var l line
		if err != nil || json.Unmarshal(bytes.TrimSpace(text), &l) != nil {
			break
		}
		done[l.GroupID] = true
		whole += int64(len(text))
	}
	if err := file.Truncate(whole); err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	_, err = file.Seek(whole, io.SeekStart)
	return file, done, err
}
