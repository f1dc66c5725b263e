// Sync keeps a SQLite database of the groups of a business number and their members in
// step with the service, and prints what changed since the last run: which groups came and
// went, who joined and who left. Try it in a sandbox, in which groups change from run to run:
//
//	go run -C examples/sync . -demo
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
	"github.com/cams-go/cams/examples/internal/console"
	"github.com/cams-go/cams/examples/internal/sandbox"
)

type settings struct {
	businessNumber, custSpaceID, db string
	concurrency                     int
	patience                        time.Duration
}

// The program may be killed at any time, so it does not handle signals.
func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		console.Fail(os.Stderr, "sync", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var s settings
	fs := flag.NewFlagSet("sync", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&s.businessNumber, "business-number", "", "the business phone `number`: digits only, with the country code")
	fs.StringVar(&s.custSpaceID, "cust-space-id", "", "your instance `ID`, or the SpaceId of an ISV's customer")
	fs.StringVar(&s.db, "db", "sync.db", "the database `file`; the sandbox has demo.db")
	fs.IntVar(&s.concurrency, "concurrency", 8, "read up to `n` groups at the same time")
	fs.DurationVar(&s.patience, "patience", 5*time.Minute, "outlast outages of up to this `time`")
	demo := fs.Bool("demo", false, "use a sandbox, in which groups change from run to run")
	err := fs.Parse(args)
	if *demo {
		s.businessNumber, s.custSpaceID, s.db = "8613800000000", "cams-sandbox", "demo.db"
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, "Keep a SQLite database of groups and members in step, and print what changed.\nTry it twice with -demo, or give -business-number and -cust-space-id.\n\n")
		fs.SetOutput(stdout)
		fs.PrintDefaults()
		return nil
	case err != nil:
		return err
	case s.businessNumber == "" || s.custSpaceID == "" || fs.NArg() > 0:
		return errors.New("give -business-number and -cust-space-id, or -demo; -h explains the flags")
	}
	db, runs, err := s.openDB()
	if err != nil {
		return fmt.Errorf("%s: %w", s.db, err)
	}
	defer db.Close()
	options := []cams.Option{cams.WithUserAgent("sync-example")}
	if *demo {
		fake, err := sandbox.Start(s.demoService(runs))
		if err != nil {
			return err
		}
		defer fake.Stop()
		options = append(options, fake.Options()...)
	}
	client, err := cams.NewClient(options...)
	if err != nil {
		return err
	}
	return s.sync(ctx, client, db, stdout, stderr)
}

// demoService is a fake. From run to run a group goes and one comes, a member leaves and one joins.
func (s settings) demoService(run int) *camstest.Server {
	service := camstest.NewServer()
	for i := run; i < run+4; i++ {
		first := 10*i + max(0, min(1, run+2-i)) // one member has left the two oldest groups
		group := camstest.Group{BusinessNumber: s.businessNumber, CustSpaceID: s.custSpaceID, GroupID: fmt.Sprintf("G%03d", i), Subject: fmt.Sprint("Group ", i)}
		group.Participants = []string{fmt.Sprintf("86138%08d", first), fmt.Sprintf("86138%08d", first+1), fmt.Sprintf(`{"UserId":"US.1349120865530274%04d"}`, i)}
		service.AddGroup(group)
	}
	return service
}
