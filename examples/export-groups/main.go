// Export-groups writes the members of many IM (WhatsApp) groups of Alibaba
// Cloud's Chat App Message Service to a file. It is a complete program that
// shows how to use package cams for a long job:
//
//   - share one client between workers, and list each group with a pager of its
//     own (export.go);
//   - bound the requests a second, retries included, with an http.RoundTripper
//     (pacer.go); what the service throttles nevertheless, the client repeats;
//   - write down after each page where to resume, so that a kill at any moment
//     neither loses nor repeats a member (checkpoint.go);
//   - tell a failure of one group from one that all groups would meet
//     (function run of export.go), and report it with its request ID;
//   - do all that without the service, against package camstest (sandbox.go).
//
// This exports 20 demo groups from an embedded sandbox; -h tells the rest:
//
//	go run ./examples/export-groups
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/cams-go/cams"
)

const name = "export-groups"

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1   // a group failed, or all of it
	exitUsage       = 2   // wrong usage, nothing was sent and no file changed
	exitInterrupted = 130 // by SIGINT or SIGTERM, as shells count it
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)   // the second Ctrl-C kills, should the first one not be enough
	signal.Ignore(syscall.SIGPIPE) // a closed pipe is an error of Write, see conclude
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program. The end of ctx interrupts it.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (exitCode int) {
	start := time.Now()
	cfg, err := parseFlags(args)
	if errors.Is(err, flag.ErrHelp) {
		printHelp(stderr)
		return exitDone
	}
	if err != nil {
		say(stderr, "%v (-h explains the flags)", err)
		return exitUsage
	}
	groups := demoGroupIDs()
	if cfg.groups != "" {
		groups, err = readGroups(ctx, cfg.groups, stdin)
	}
	if err != nil {
		return refuse(ctx, stderr, err)
	}

	credentials := cams.DefaultCredentials()
	options := []cams.Option{cams.WithCredentials(credentials)}
	if cfg.sandbox {
		sandbox, err := startSandbox(cfg, groups)
		if err != nil {
			return refuse(ctx, stderr, err)
		}
		defer sandbox.stop()
		options = sandbox.options()
		say(stderr, "this is the embedded sandbox: a fake of the service at %s with %s (-h tells how to call the real one)",
			sandbox.endpoint, counted(len(groups), "group"))
	}
	transport := cams.NewTransport()
	defer transport.CloseIdleConnections()
	paced := newPacer(transport, cfg.rate)
	client, err := newClient(cfg, paced, stderr, options...)
	if err != nil {
		say(stderr, "%v", err)
		return exitUsage
	}
	if !cfg.sandbox { // better one error now than the same one for each group
		if _, err := credentials.Credentials(ctx); err != nil {
			return refuse(ctx, stderr, err)
		}
	}

	out, err := openOutput(cfg, stdout)
	if err != nil {
		return refuse(ctx, stderr, err)
	}
	defer out.close()
	e := newExporter(client, &cfg.request, out, groups)
	e.sent = &paced.sent
	e.bar = &progress{w: stderr, on: isTerminal(stderr) && !cfg.verbose && (cfg.out != toStdout || !isTerminal(stdout))}
	before := e.tally()
	if before.groups > 0 || before.members > 0 {
		say(stderr, "%s goes on after %d of %s, %s", cfg.out, before.groups, counted(len(groups), "group"), counted(before.members, "member"))
	}
	err = e.run(ctx, cfg.workers)
	e.bar.clear()
	return conclude(stderr, cfg, e, before, time.Since(start), err)
}

// newClient makes the one client that all workers share.
func newClient(cfg *config, paced *pacer, stderr io.Writer, options ...cams.Option) (*cams.Client, error) {
	options = append([]cams.Option{
		cams.WithUserAgent(name),
		cams.WithHTTPClient(&http.Client{Transport: paced}),
		// The pacer is a part of the attempt, so the attempt lasts longer by
		// its longest wait: each worker has one request waiting at most.
		cams.WithAttemptTimeout(15*time.Second + time.Duration(cfg.workers)*paced.interval),
	}, options...)
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
	return cams.NewClient(options...)
}

// openOutput opens where the members go. The demo's file goes to a directory of
// its own.
func openOutput(cfg *config, stdout io.Writer) (output, error) {
	if cfg.out == toStdout {
		return &stream{w: stdout}, nil
	}
	if cfg.out == "" {
		dir, err := os.MkdirTemp("", name+"-")
		if err != nil {
			return nil, err
		}
		cfg.out = filepath.Join(dir, defaultOut)
	}
	return openFiles(cfg.out, header{
		Format:         checkpointFormat,
		BusinessNumber: cfg.request.BusinessNumber,
		CustSpaceID:    cfg.request.CustSpaceID,
		ChannelType:    cfg.request.ChannelType,
		PageSize:       cfg.request.Page.Size,
		Sandbox:        cfg.sandbox,
	})
}

// refuse says why the export does not begin, and turns it into the exit code.
func refuse(ctx context.Context, stderr io.Writer, err error) (exitCode int) {
	var usage usageError
	switch {
	case errors.As(err, &usage):
		say(stderr, "%v", err)
		return exitUsage
	case ctx.Err() != nil:
		say(stderr, "interrupted before the first request")
		return exitInterrupted
	}
	say(stderr, "%v", err)
	return exitFailed
}

// conclude says how the export ended, and turns it into the exit code. err is
// that of exporter.run.
func conclude(stderr io.Writer, cfg *config, e *exporter, before tally, took time.Duration, err error) (exitCode int) {
	now := e.tally()
	summary := fmt.Sprintf("%s, %s, %s, %v", counted(now.groups-before.groups, "group"), counted(now.members-before.members, "member"),
		counted(int(e.sent.Load()), "request"), took.Round(time.Millisecond))
	again := "; the same command with -out " + cfg.out + " goes on from there"
	if cfg.out == toStdout {
		again = "; stdout cannot be resumed"
	}

	var output *outputError
	if errors.As(err, &output) && errors.Is(output, syscall.EPIPE) {
		return exitDone // the reader has all it wants, as in "| head -1"
	}
	for _, r := range e.results {
		switch {
		case r.err != nil:
			say(stderr, "group %q: %v; %s written", r.at.GroupID, r.err, counted(r.at.Members, "member"))
		case r.at.Done && r.at.Total > 0 && r.at.Total != r.at.Members:
			say(stderr, "group %q: %s written, but the service counts %d: it changed while it was listed",
				r.at.GroupID, counted(r.at.Members, "member"), r.at.Total)
		}
	}
	switch {
	case errors.As(err, &output):
		say(stderr, "the output fails: %v; %s%s", output, summary, again)
		return exitFailed
	case errors.Is(err, cams.ErrUnauthenticated):
		say(stderr, "stopped, as all groups would meet the same: %v; %s%s", err, summary, again)
		return exitFailed
	case err != nil:
		say(stderr, "interrupted: %s%s", summary, again)
		return exitInterrupted
	case now.failed > 0:
		say(stderr, "%s failed: %s%s", counted(now.failed, "group"), summary, again)
		return exitFailed
	}
	if cfg.out != toStdout {
		summary += ", in " + cfg.out
	}
	say(stderr, "%s", summary)
	return exitDone
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
