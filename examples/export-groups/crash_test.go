package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The program is killed again and again, each time when the service has seen
// some more requests, until at last it gets to the end.
//
// It does not run beside other tests: a process that is being started has the
// locks of the tests' own process for a moment.
func TestKilledAndResumed(t *testing.T) {
	const kills = 30
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(2020, seed))
			n, exports := 0, 0
			for ; n < kills/5; exports++ {
				n += killAndResume(t, random)
			}
			t.Logf("%d kills in %d exports", n, exports)
		})
	}
}

// killAndResume makes one export and returns how often it was killed.
func killAndResume(t *testing.T, random *rand.Rand) (kills int) {
	var current atomic.Pointer[trap]
	groups := newRoster(12)
	_, flags, out := newService(t, groups, func(fake *camstest.Server) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			trap := current.Load()
			if trap.requests.Add(1) < trap.at {
				fake.ServeHTTP(w, r)
				return
			}
			if trap.answers {
				fake.ServeHTTP(w, r)
				http.NewResponseController(w).Flush() // while the program writes, maybe
			}
			trap.spring()
		})
	})
	for {
		var stderr bytes.Buffer
		cmd := program(t, append(flags, "-workers", "3")...)
		cmd.Stderr = &stderr
		started := make(chan struct{})
		current.Store(&trap{at: 1 + random.Int64N(30), answers: random.IntN(2) == 0, spring: func() {
			<-started
			cmd.Process.Kill() // it may be gone already
		}})
		require.NoError(t, cmd.Start())
		close(started)
		if cmd.Wait() == nil {
			requireComplete(t, groups, read(t, out))
			return kills
		}
		require.Regexp(t, `^(.* goes on after .*\n)?$`, stderr.String(), "killed, not failed")
		kills++
	}
}

// trap waits for a request.
type trap struct {
	requests atomic.Int64
	at       int64
	answers  bool // it answers that request nevertheless
	spring   func()
}

// What a kill can leave behind follows from the order in which the program
// writes. This goes through all of it, every few bytes.
func TestEveryCrashPoint(t *testing.T) {
	t.Parallel()
	groups := roster{"EA1": numbers(1, 5), "EA2": nil, "EA3": numbers(3, 3)}
	_, flags, out := newService(t, groups, nil)
	got := runIt(t.Context(), append(flags, "-workers", "1")...)
	require.Equal(t, exitDone, got.exit, got.stderr)
	output, journal := read(t, out), read(t, out+".checkpoint")
	requireComplete(t, groups, output)

	try := func(output, journal string) {
		require.NoError(t, os.WriteFile(out, []byte(output), 0o600))
		require.NoError(t, os.WriteFile(out+".checkpoint", []byte(journal), 0o600))
		got := runIt(t.Context(), flags...)
		require.Equal(t, exitDone, got.exit, got.stderr)
		requireComplete(t, groups, read(t, out))
	}
	const step = 17
	lines := strings.SplitAfter(strings.TrimSuffix(journal, "\n"), "\n")
	require.Len(t, lines, 1+2+1+1, "a header, and a record for each page")
	for torn := 0; torn < len(lines[0]); torn += step {
		try("", lines[0][:torn])
	}
	before, written := lines[0], 0
	for _, record := range lines[1:] {
		record = strings.TrimSuffix(record, "\n") + "\n"
		length := recordedLength(t, before+record)
		for torn := written; torn < length; torn += step {
			try(output[:torn], before)
			try(output[:written]+strings.Repeat("\x00", torn-written), before) // after a power cut
		}
		written = length
		for torn := 0; torn < len(record); torn += step {
			try(output[:written], before+record[:torn])
		}
		try(output[:written], before+record[:len(record)-1])
		try(output[:written], before+strings.Repeat("\x00", len(record)-1)+"\n") // after a power cut
		before += record
		try(output[:written], before)
	}
	assert.Equal(t, len(output), written)
}

// recordedLength is the output's length as a journal has it.
func recordedLength(t *testing.T, journal string) int {
	t.Helper()
	f := &files{positions: make(map[string]position)}
	require.NoError(t, f.load([]byte(journal), header{Format: checkpointFormat, BusinessNumber: businessNumber, CustSpaceID: custSpaceID, PageSize: 3}))
	return int(f.length)
}

// What a kill cannot leave behind is someone else's work, and is left alone.
func TestFilesThatDoNotFit(t *testing.T) {
	t.Parallel()
	groups := roster{"EA1": numbers(1, 5), "EA3": numbers(3, 3)}
	_, flags, out := newService(t, groups, nil)
	require.Equal(t, exitDone, runIt(t.Context(), flags...).exit)
	output, journal := read(t, out), read(t, out+".checkpoint")
	lines := strings.SplitAfter(journal, "\n")

	const absent = "absent"
	tests := []struct {
		name            string
		output, journal string
		args            []string
		want            string
	}{
		{"shorter output", output[:len(output)-1], journal, nil, "members.ndjson is missing or shorter than the 432 bytes"},
		{"empty output", "", journal, nil, "missing or shorter"},
		{"no output", absent, journal, nil, "missing or shorter"},
		{"changed output", strings.ReplaceAll(output, "\n", " "), journal, nil, "members.ndjson is not what "},
		{"no checkpoint", output, absent, nil, "exists and has no checkpoint"},
		{"empty checkpoint", output, "", nil, "exists and has no checkpoint"},
		{"torn header", output, lines[0][:9], nil, "exists and has no checkpoint"},
		{"another file", "", "EA1", nil, "is not a checkpoint of this program"},
		{"another file with lines", "", "EA1\nEA2\n", nil, "is not a checkpoint of this program"},
		{"another version", output, strings.Replace(journal, "checkpoint 1", "checkpoint 2", 1), nil, "is not a checkpoint of this program"},
		{"damaged record", output, strings.Replace(journal, `"GroupId"`, `"GroupId`, 1), nil, ".checkpoint:2: the checkpoint is damaged"},
		{"records in disorder", output, lines[0] + lines[3] + lines[1], nil, ".checkpoint:3: the checkpoint is damaged"},
		{"another page size", output, journal, []string{"-page-size", "4"}, "belongs to an export with another -page-size: "},
		{"another number and space", output, journal, []string{"-business-number", "1", "-cust-space-id", "2"}, "with another -business-number, -cust-space-id: "},
		{"another channel", output, journal, []string{"-channel-type", "WHATSAPP"}, "with another -channel-type: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "members.ndjson")
			for path, text := range map[string]string{out: tt.output, out + ".checkpoint": tt.journal} {
				if text != absent {
					require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
				}
			}
			got := runIt(t.Context(), append(append(append([]string{}, flags...), "-out", out), tt.args...)...)
			assert.Equal(t, exitUsage, got.exit)
			assert.Contains(t, got.stderr, tt.want)
			assert.Equal(t, 1, strings.Count(got.stderr, "\n"), "one line: %s", got.stderr)
			for path, text := range map[string]string{out: tt.output, out + ".checkpoint": tt.journal} {
				if text == absent {
					assert.NoFileExists(t, path)
				} else {
					assert.Equal(t, text, read(t, path), "nothing is changed")
				}
			}
		})
	}
}

// Opening cuts off at once what was not finished, whatever follows.
func TestUnfinishedIsCutOff(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "members.ndjson")
	want := header{Format: checkpointFormat}
	first := string(line(want)) + string(line(record{position{GroupID: "EA1", NextIndex: 2}, 2}))
	require.NoError(t, os.WriteFile(out, []byte("1\n2\n3"), 0o600))
	require.NoError(t, os.WriteFile(out+".checkpoint", []byte(first+`{"GroupId":"EA1","NextIndex":3`), 0o600))
	f, err := openFiles(out, want)
	require.NoError(t, err)
	f.close()
	assert.Equal(t, "1\n", read(t, out))
	assert.Equal(t, first, read(t, out+".checkpoint"))
}

func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "members.ndjson")
	want := header{Format: checkpointFormat}
	first, err := openFiles(out, want)
	require.NoError(t, err)
	_, err = openFiles(out, want)
	assert.ErrorContains(t, err, "is in use: another process")
	assert.ErrorAs(t, err, new(usageError))
	require.NoError(t, first.save([]byte("line\n"), position{GroupID: "EA1", NextIndex: 2}))
	first.close()
	again, err := openFiles(out, want)
	require.NoError(t, err)
	defer again.close()
	assert.Equal(t, 2, again.at("EA1").NextIndex)
}

// A page that could not be written whole is the last one: what came after it
// would be written at the wrong place.
func TestNothingIsSavedAfterAFailure(t *testing.T) {
	t.Parallel()
	for _, fails := range []string{"output", "checkpoint"} {
		t.Run(fails, func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "members.ndjson")
			want := header{Format: checkpointFormat}
			f, err := openFiles(out, want)
			require.NoError(t, err)
			require.NoError(t, f.save([]byte("1\n"), position{GroupID: "EA1", NextIndex: 2}))

			broken := map[string]**os.File{"output": &f.output, "checkpoint": &f.checkpoint}[fails]
			good := *broken
			*broken, err = os.Open(good.Name()) // not for writing
			require.NoError(t, err)
			require.ErrorAs(t, f.save([]byte("2\n"), position{GroupID: "EA2", NextIndex: 2}), new(*outputError))
			require.NoError(t, (*broken).Close())
			*broken = good
			require.ErrorAs(t, f.save([]byte("3\n"), position{GroupID: "EA3", NextIndex: 2}), new(*outputError))
			f.close()

			f, err = openFiles(out, want)
			require.NoError(t, err)
			defer f.close()
			assert.Equal(t, 2, f.at("EA1").NextIndex)
			assert.Equal(t, 1, f.at("EA2").NextIndex)
			assert.Equal(t, 1, f.at("EA3").NextIndex)
			assert.Equal(t, "1\n", read(t, out))
		})
	}
}

// api is a service made of a function.
type api func(*cams.ListChatGroupParticipantsRequest) (*cams.ListChatGroupParticipantsResponse, error)

func (f api) ListChatGroupParticipants(_ context.Context, req *cams.ListChatGroupParticipantsRequest) (*cams.ListChatGroupParticipantsResponse, error) {
	return f(req)
}

// A service that answers its last page for all later ones, and tells no total,
// is not mistaken for one with more members because the program was restarted.
func TestRepeatedPageAfterResuming(t *testing.T) {
	t.Parallel()
	clamps := api(func(req *cams.ListChatGroupParticipantsRequest) (*cams.ListChatGroupParticipantsResponse, error) {
		number := [...]string{"1", "2", "3"}[min(req.Page.Index, 3)-1]
		return &cams.ListChatGroupParticipantsResponse{Data: cams.ListChatGroupParticipantsData{
			List: []cams.ChatGroupParticipant{{ParticipantNumber: number}},
		}}, nil
	})
	out := filepath.Join(t.TempDir(), "members.ndjson")
	request := &cams.ListChatGroupParticipantsRequest{BusinessNumber: "1", CustSpaceID: "2", Page: &cams.Page{Size: 1}}
	for range 3 {
		f, err := openFiles(out, header{Format: checkpointFormat})
		require.NoError(t, err)
		e := newExporter(clamps, request, f, []string{"EA1"})
		require.NoError(t, e.run(t.Context(), 1))
		assert.True(t, errors.Is(e.results[0].err, cams.ErrPagerStalled))
		f.close()
		assert.Equal(t, roster{"EA1": {"1", "2", "3"}}, exported(t, read(t, out)))
	}
}
