package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

const groups = 60

func fake(t *testing.T) (*camstest.Server, *cams.Client) {
	t.Helper()
	server := camstest.NewServer()
	for i := range groups {
		id := string(rune('A'+i/26)) + string(rune('A'+i%26))
		server.AddGroup(camstest.Group{BusinessNumber: sandboxNumber, CustSpaceID: sandboxSpace, GroupID: id, Participants: []string{"8613900000000", "86138000000" + id}})
	}
	client, err := server.NewClient()
	require.NoError(t, err)
	return server, client
}

func TestKilledAnywhereAndStartedAgainEachGroupIsThereOnce(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(20200606, 1))
	for range 20 {
		_, client := fake(t)
		s := settings{businessNumber: sandboxNumber, custSpaceID: sandboxSpace, out: filepath.Join(t.TempDir(), "out"), concurrency: 1 + random.IntN(8)}
		for runs := 0; ; runs++ {
			ctx, cancel := context.WithCancel(t.Context())
			mortal := &dying{Client: client, kill: cancel}
			mortal.left.Store(int64(1 + random.IntN(groups)))
			err := export(ctx, mortal, s, io.Discard)
			cancel()
			if err == nil {
				break
			}
			require.ErrorIs(t, err, context.Canceled)
			require.Less(t, runs, 2*groups)
			if info, err := os.Stat(s.out); err == nil && info.Size() > 5 { // cut in the middle of a line
				require.NoError(t, os.Truncate(s.out, info.Size()-int64(random.IntN(5))))
			}
		}
		requireEachOnce(t, s.out)
	}
}

// dying is a client whose program is killed after some calls.
type dying struct {
	*cams.Client
	kill func()
	left atomic.Int64
}

func (d *dying) ListChatGroupParticipants(ctx context.Context, req *cams.ListChatGroupParticipantsRequest) (*cams.ListChatGroupParticipantsResponse, error) {
	if d.left.Add(-1) == 0 {
		d.kill()
	}
	return d.Client.ListChatGroupParticipants(ctx, req)
}

func requireEachOnce(t *testing.T, name string) {
	t.Helper()
	file, err := os.Open(name)
	require.NoError(t, err)
	defer file.Close()
	seen := map[string]int{}
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		var l line
		require.NoError(t, json.Unmarshal(scanner.Bytes(), &l))
		require.Len(t, l.Participants, 2)
		seen[l.GroupID]++
	}
	require.Len(t, seen, groups)
	for id, times := range seen {
		assert.Equal(t, 1, times, id)
	}
}

func TestAQuotaLosesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := fake(t)
		server.SetTokenBucket(10, 10)
		s := settings{businessNumber: sandboxNumber, custSpaceID: sandboxSpace, out: filepath.Join(t.TempDir(), "out"), concurrency: 8}
		require.NoError(t, export(t.Context(), client, s, io.Discard))
		requireEachOnce(t, s.out)
	})
}

func TestAFileThatIsNotOursIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, content := range []string{
		"notes", "notes\n", "{", `{"a":1}`, "{\"a\":1}\n", "{}\n", "\n", "{\"GroupId\":\"A\"}\nnotes", "{\"GroupId\":\"A\"}\nnotes\n{\"GroupId\":\"B\"}\n",
	} {
		_, client := fake(t)
		s := settings{businessNumber: sandboxNumber, custSpaceID: sandboxSpace, out: filepath.Join(t.TempDir(), "out"), concurrency: 1}
		require.NoError(t, os.WriteFile(s.out, []byte(content), 0o600))
		err := export(t.Context(), client, s, io.Discard)
		if content == "{" { // a kill of this program may leave this
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, "choose another -out", content)
		left, err := os.ReadFile(s.out)
		require.NoError(t, err)
		assert.Equal(t, content, string(left))
	}
}

func TestAGroupThatFailsIsNamedAndTriedByTheNextRun(t *testing.T) {
	t.Parallel()
	server, client := fake(t)
	server.AddGroup(camstest.Group{BusinessNumber: sandboxNumber, CustSpaceID: sandboxSpace, GroupID: "\x1b[2J"})
	server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
		return camstest.Refusal(400, "131041", "No."), r.Parameter("GroupId") == "AA" || r.Parameter("GroupId") == "\x1b[2J"
	})
	s := settings{businessNumber: sandboxNumber, custSpaceID: sandboxSpace, out: filepath.Join(t.TempDir(), "out"), concurrency: 4}
	var stderr strings.Builder
	require.EqualError(t, export(t.Context(), client, s, &stderr), "2 groups failed; start again to try them again")
	assert.Regexp(t, `^group AA: .*131041.*\ngroup "\\x1b\[2J": .*\n59 groups in `, stderr.String())
	assert.NotContains(t, stderr.String(), "\x1b")

	server.AnswerFunc(nil)
	stderr.Reset()
	require.NoError(t, export(t.Context(), client, s, &stderr))
	assert.Contains(t, stderr.String(), "61 groups in ")
}

func TestALineIsJSONWhateverTheServiceWrote(t *testing.T) {
	t.Parallel()
	server := camstest.NewServer()
	numbers := []string{"+8613800000001", "=cmd|' /C calc'!A0", "\x1b[2J\n8613800000002"}
	server.AddGroup(camstest.Group{BusinessNumber: sandboxNumber, CustSpaceID: sandboxSpace, GroupID: "A", Subject: "\x1b[2J\n", Participants: numbers})
	client, err := server.NewClient()
	require.NoError(t, err)
	s := settings{businessNumber: sandboxNumber, custSpaceID: sandboxSpace, out: filepath.Join(t.TempDir(), "out"), concurrency: 1}
	require.NoError(t, export(t.Context(), client, s, io.Discard))
	text, err := os.ReadFile(s.out)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "\x1b")
	assert.Equal(t, 1, strings.Count(string(text), "\n"))
	var got line
	require.NoError(t, json.Unmarshal(text, &got))
	assert.Equal(t, "\x1b[2J\n", got.Subject)
	for i, participant := range got.Participants {
		assert.Equal(t, numbers[i], participant.ParticipantNumber)
	}
}

func TestTheEstimateLeavesOutWhatAnEarlierRunWrote(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		left := remaining{start: time.Now(), before: 900}
		time.Sleep(10 * time.Second) // virtual time
		assert.True(t, left.due())
		assert.False(t, left.due())
		assert.Equal(t, 90*time.Second, left.estimate(910, 1000))
		assert.Zero(t, left.estimate(1000, 0))
	})
}

func TestTheSandboxDoesNotWriteWhereTheRealServiceDoes(t *testing.T) {
	t.Chdir(t.TempDir())
	var stderr strings.Builder
	require.NoError(t, run(t.Context(), settings{concurrency: 16, sandbox: sandboxSettings{groups: 20}}, &stderr))
	assert.Equal(t, "20 groups in sandbox.ndjson\n", stderr.String())
	assert.FileExists(t, "sandbox.ndjson")
	assert.NoFileExists(t, "rosters.ndjson")
}

func TestAnOutageCostsNoGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := fake(t)
		begins := time.Now()
		server.AnswerFunc(func(camstest.Request) (camstest.Answer, bool) {
			return camstest.Refusal(503, "ServiceUnavailable", "m"), time.Since(begins) < 40*time.Second
		})
		s := settings{businessNumber: sandboxNumber, custSpaceID: sandboxSpace, out: filepath.Join(t.TempDir(), "out"), concurrency: 8}
		require.NoError(t, export(t.Context(), client, s, io.Discard))
		requireEachOnce(t, s.out)
	})
}
