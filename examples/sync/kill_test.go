package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// The variables that make the test binary be the program, for the tests that kill it.
const asProgram, database = "SYNC_AS_PROGRAM", "SYNC_DB"

func TestMain(m *testing.M) {
	if endpoint := os.Getenv(asProgram); endpoint != "" {
		if err := program(endpoint, settings{number, space, os.Getenv(database), 4, 5 * time.Minute}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func program(endpoint string, s settings) error {
	client, err := cams.NewClient(cams.WithEndpoint(endpoint), cams.WithCredentials(cams.StaticCredentials(camstest.AccessKeyID, camstest.AccessKeySecret, "")))
	if err != nil {
		return err
	}
	db, _, err := s.openDB()
	if err != nil {
		return err
	}
	return s.sync(context.Background(), client, db, os.Stdout, os.Stderr)
}

// lethal is the stdout of a process that is killed as soon as it prints.
type lethal struct {
	bytes.Buffer
	kill func() // nil for a process that may live
}

func (l *lethal) Write(p []byte) (int, error) {
	if l.kill != nil {
		l.kill()
	}
	return l.Buffer.Write(p)
}

// A process is killed as by kill -9: at any request, or in the moment of printing. Then an
// event may be printed twice, with the same number, but none is lost.
func TestKilledForGoodAndStartedAgainNoEventIsLost(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(2020, seed))
			w := newWorld(t)
			service := httptest.NewServer(w.server)
			t.Cleanup(service.Close)
			lines := map[int]string{}
			for range 8 {
				w.server.AnswerFunc(nil)
				w.shuffle(random)
				w.process(service.URL, random.IntN(30), random.IntN(2) == 0, lines)
			}
			w.server.AnswerFunc(nil)
			require.True(t, w.process(service.URL, 0, false, lines))
			var all strings.Builder
			for seq := 1; seq <= len(lines); seq++ {
				all.WriteString(lines[seq])
			}
			require.Equal(t, w.truth(), w.table())
			require.Equal(t, w.truth(), replay(t, all.String()))
		})
	}
}

// process runs the program in a process, and adds what it printed to lines. It kills it at a
// request, or never if that is 0, or when it prints. It reports whether the process lived.
func (w *world) process(endpoint string, atRequest int, atPrint bool, lines map[int]string) bool {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0]) // the end of ctx kills it
	cmd.Env = append(os.Environ(), asProgram+"="+endpoint, database+"="+w.db)
	var stdout lethal
	var killed atomic.Bool
	kill := func() {
		killed.Store(true)
		cancel()
	}
	if atPrint {
		stdout.kill = kill
	} else if atRequest > 0 {
		w.killAfter(atRequest, kill)
	}
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(w.t, cmd.Start())
	err := cmd.Wait()
	if !killed.Load() {
		require.NoError(w.t, err, stderr.String())
	}
	for line := range strings.Lines(stdout.String()) {
		seq, err := strconv.Atoi(strings.Split(line, "\t")[0])
		if !strings.HasSuffix(line, "\n") {
			continue // cut off by the kill
		}
		require.NoError(w.t, err)
		if before, again := lines[seq]; again {
			require.Equal(w.t, before, line)
		}
		lines[seq] = line
	}
	return err == nil
}
