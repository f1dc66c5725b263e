// Replicas starts several processes of one program. They share the quota of one service,
// a sandbox, first with a limiter over Redis, then with the default limiters alone:
//
//	go run -C examples/replicas . -replicas 4 -quota 10
//
// It needs no Redis: without -redis it uses a small one in memory. limiter.go has the limiter.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/alicebob/miniredis/v2"
)

type settings struct {
	replicas int
	quota    float64
	duration time.Duration
	redis    string // its address
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second Ctrl-C kills the program
	command := run
	if len(os.Args) == 6 && os.Args[1] == "replica" { // as measure.go starts it
		command = replica
	}
	if err := command(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "replicas:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	var s settings
	flags := flag.NewFlagSet("replicas", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints errors
	flags.IntVar(&s.replicas, "replicas", 4, "start `n` processes")
	flags.Float64Var(&s.quota, "quota", 10, "let the sandbox accept `n` requests a second, for instance 0.5")
	flags.DurationVar(&s.duration, "duration", 20*time.Second, "let them work for a `time`, once for each way")
	flags.StringVar(&s.redis, "redis", "", "the `address` of a Redis server, for instance localhost:6379 (default one in memory)")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		fmt.Fprintln(stdout, "Replicas compares two ways in which several processes share a quota. Its flags:")
		flags.PrintDefaults()
		return nil
	case err != nil:
		return err
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case s.replicas < 1 || s.quota <= 0 || s.duration <= 0:
		return errors.New("-replicas, -quota and -duration must be positive")
	}
	return compare(ctx, s, stdout)
}

// compare prints a table for each way.
func compare(ctx context.Context, s settings, stdout io.Writer) error {
	if s.redis == "" {
		memory, err := miniredis.Run()
		if err != nil {
			return err
		}
		defer memory.Close()
		s.redis = memory.Addr()
	}
	for _, way := range []struct{ title, redis string }{
		{"Redis", s.redis},
		{"the default limiters alone", ""},
	} {
		s.redis = way.redis
		shares, allowed, err := measure(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", way.title, err)
		}
		fmt.Fprintf(stdout, "%d replicas, %v requests a second, %v: %s\n", s.replicas, s.quota, s.duration, way.title)
		if err := print(stdout, shares, allowed); err != nil {
			return err
		}
	}
	return nil
}
