// List-participants lists the members of an IM (WhatsApp) group of Alibaba
// Cloud's Chat App Message Service. It is a small, complete program that shows
// how to use package cams:
//
//   - make a client with a region or an endpoint, a log, and credentials from the
//     default chain (function run);
//   - list a group with a pager, and print each page as soon as it is there (function
//     list);
//   - stop at once when the context ends, and resume later at the same page;
//   - say what went wrong in one line, with the request ID (function conclude);
//   - do all that without the service, with package camstest (sandbox.go).
//
// This command lists a demo group in an embedded sandbox; -h explains the rest:
//
//	go run ./examples/list-participants
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/examples/internal/console"
)

const name = "list-participants"

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1   // the call failed
	exitUsage       = 2   // wrong usage, nothing was sent
	exitInterrupted = 130 // by SIGINT or SIGTERM, as shells count it
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)   // a second Ctrl-C kills the program
	signal.Ignore(syscall.SIGPIPE) // Write then returns an error, see conclude
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program. The end of ctx interrupts it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (exitCode int) {
	cfg, err := parseFlags(args)
	if errors.Is(err, flag.ErrHelp) {
		printHelp(stdout)
		return exitDone
	}
	if err != nil {
		say(stderr, "%v (-h explains the flags)", err)
		return exitUsage
	}
	if cfg.version {
		fmt.Fprintln(stdout, console.Version(name))
		return exitDone
	}
	start := time.Now()

	// Without WithCredentials, the client uses the default chain.
	options := []cams.Option{cams.WithUserAgent(name)}
	if cfg.region != "" {
		options = append(options, cams.WithRegion(cfg.region))
	}
	if cfg.endpoint != "" {
		options = append(options, cams.WithEndpoint(cfg.endpoint))
	}
	if cfg.verbose {
		handler := slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug})
		options = append(options, cams.WithLogger(slog.New(handler)))
	}
	if cfg.sandbox {
		sandbox, err := startSandbox(&cfg.request)
		if err != nil {
			say(stderr, "the sandbox does not start: %v", err)
			return exitFailed
		}
		defer sandbox.Stop()
		options = append(options, sandbox.Options()...)
		say(stderr, "this is the embedded sandbox: a fake of the service at %s, a group of %d (-h explains how to call the real one)",
			sandbox.Endpoint, demoMembers)
	}
	client, err := cams.NewClient(options...)
	if err != nil {
		say(stderr, "%v", err)
		return exitUsage
	}
	defer client.CloseIdleConnections()

	out := newPrinter(stdout, cfg.format)
	progress := console.NewProgress(stdout, stderr)
	if cfg.verbose { // the log shows the progress
		progress = new(console.Progress)
	}
	limited, cancel := context.WithTimeout(ctx, cfg.timeout)
	defer cancel()
	done, err := list(limited, client, cfg, out, progress)
	progress.Clear()
	done.took = time.Since(start)
	return conclude(ctx, stderr, cfg, done, err)
}

// tally says how far a listing came.
type tally struct {
	members, pages int
	next           int // the page to resume from
	took           time.Duration
}

// list prints the members of a group. It prints whole pages only, so that
// resuming at tally.next neither loses nor repeats a member.
func list(ctx context.Context, api cams.ListChatGroupParticipantsAPI, cfg *config, out *printer, progress *console.Progress) (tally, error) {
	pager := cams.NewListChatGroupParticipantsPager(api, &cfg.request, cams.WithPrefetch(cfg.prefetch))
	done := tally{next: pager.NextIndex()}
	progress.Show("0 members ...")
	for page, err := range pager.Pages(ctx) {
		if err != nil {
			return done, err
		}
		progress.Clear()
		if err := out.print(done.next, page.Data.List); err != nil {
			return done, &outputError{err}
		}
		if n := len(page.Data.List); n > 0 { // the end can be an empty page
			done.members += n
			done.pages++
		}
		done.next = pager.NextIndex()
		progress.Show("%d of %s ...", done.members, counted(max(done.members, page.Data.Total), "member"))
	}
	return done, nil
}

// conclude prints in one line how a listing ended, and returns the exit code.
func conclude(ctx context.Context, stderr io.Writer, cfg *config, done tally, err error) (exitCode int) {
	resume := fmt.Sprintf("%s listed; resume with -page-index %d and the same -page-size %d",
		counted(done.members, "member"), done.next, cfg.request.Page.Size)
	var output *outputError
	switch {
	case err == nil:
		say(stderr, "%s in %s, %v", counted(done.members, "member"), counted(done.pages, "page"), done.took.Round(time.Millisecond))
		return exitDone
	case errors.As(err, &output) && errors.Is(output, syscall.EPIPE):
		return exitDone // the reader has all it wants, as in "| head -1"
	case errors.As(err, &output):
		say(stderr, "page %d is not written, or only in part: %v; %s", done.next, output, resume)
		return exitFailed
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		say(stderr, "interrupted after %v; %s", done.took.Round(time.Millisecond), resume)
		return exitInterrupted
	case errors.Is(err, context.DeadlineExceeded) && done.took >= cfg.timeout:
		say(stderr, "not done within -timeout %v: %v; %s", cfg.timeout, err, resume)
		return exitFailed
	}
	// The error's text has the operation, the service's code and the request ID.
	// To act on an error, use errors.Is(err, cams.ErrThrottled) and so on.
	if done.members == 0 && done.next == cfg.request.Page.Index {
		console.Fail(stderr, name, err)
		return exitFailed
	}
	say(stderr, "%v; %s", err, resume)
	return exitFailed
}

func say(stderr io.Writer, format string, args ...any) {
	fmt.Fprintf(stderr, name+": "+format+"\n", args...)
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
