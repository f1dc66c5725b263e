package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/cams-go/cams/camstest"
	"github.com/cams-go/cams/examples/internal/sandbox"
)

// The account of the sandbox.
const sandboxNumber, sandboxSpace, sandboxGroup = "8613800000000", "cams-sandbox", "EA939"

// share is what a replica got of the quota.
type share struct {
	granted, refused, lost int
}

func (s *share) add(other share) {
	s.granted += other.granted
	s.refused += other.refused
	s.lost += other.lost
}

// measure lets replicas work against a sandbox of their own. It returns the share of each,
// and how many requests the quota allowed.
func measure(ctx context.Context, s settings) (shares []share, allowed float64, err error) {
	burst := int(max(1, s.quota))
	service := camstest.NewServer()
	service.AddGroup(camstest.Group{BusinessNumber: sandboxNumber, CustSpaceID: sandboxSpace, GroupID: sandboxGroup})
	service.SetLatency(40 * time.Millisecond)
	service.SetTokenBucket(s.quota, burst)
	box, err := sandbox.Start(service)
	if err != nil {
		return nil, 0, err
	}
	defer box.Stop()

	replicas := make([]*process, s.replicas)
	for i := range replicas {
		if replicas[i], err = start(ctx, nameOf(i), box.Endpoint, s.redis, strconv.FormatFloat(s.quota, 'g', -1, 64)); err != nil {
			return nil, 0, err
		}
		defer replicas[i].stop()
	}
	began := time.Now()
	select {
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	case <-time.After(s.duration):
	}
	allowed = float64(burst) + s.quota*time.Since(began).Seconds()
	for _, replica := range replicas { // all at once, before any is waited for
		replica.stdin.Close()
	}
	shares = make([]share, s.replicas)
	for i, replica := range replicas {
		if shares[i].lost, err = replica.stop(); err != nil {
			return nil, 0, err
		}
		count(&shares[i], service.Requests(), nameOf(i))
	}
	return shares, allowed, nil
}

func nameOf(replica int) string { return fmt.Sprintf("replica/%d", replica+1) }

// count counts the requests of a replica. Those that were under way at the end have no code.
func count(s *share, requests []camstest.Request, replica string) {
	for _, request := range requests {
		switch {
		case !strings.HasSuffix(request.Header.Get("User-Agent"), " "+replica):
		case request.Code == "OK":
			s.granted++
		case request.Code == "Throttling.User":
			s.refused++
		}
	}
}

// process is a running replica. It stops when its standard input is closed.
type process struct {
	command        *exec.Cmd
	stdin          io.Closer
	stdout, stderr bytes.Buffer
}

func start(ctx context.Context, args ...string) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{command: exec.CommandContext(ctx, program, append([]string{"replica"}, args...)...)}
	p.command.Stdout, p.command.Stderr = &p.stdout, &p.stderr
	if p.stdin, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	return p, p.command.Start()
}

// stop returns how many calls were lost.
func (p *process) stop() (lost int, err error) {
	p.stdin.Close()
	if err := p.command.Wait(); err != nil {
		return 0, errors.New(strings.TrimSpace(p.stderr.String() + " " + err.Error()))
	}
	return strconv.Atoi(strings.TrimSpace(p.stdout.String()))
}

// print prints a table with a row for each replica and one for all.
func print(out io.Writer, shares []share, allowed float64) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "replica\trequests\trefused\tlost calls\tof the quota\t")
	row := func(name string, s share) {
		requests := s.granted + s.refused
		fmt.Fprintf(table, "%s\t%d\t%.1f %%\t%d\t%.1f %%\t\n", name, requests, 100*float64(s.refused)/math.Max(1, float64(requests)), s.lost, 100*float64(s.granted)/allowed)
	}
	var all share
	for i, s := range shares {
		row(strconv.Itoa(i+1), s)
		all.add(s)
	}
	row("all", all)
	return table.Flush()
}
