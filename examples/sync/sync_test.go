package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
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

const number, space = "8613800000000", "cams-k001"

// hidden is a member without a phone number.
const hidden = `{"UserId":"US.13491208655302741918"}`

// world is a fake, a database, and what was printed so far.
type world struct {
	t      *testing.T
	server *camstest.Server
	client *cams.Client
	settings
	stdout, stderr strings.Builder
}

func newWorld(t *testing.T, groups ...camstest.Group) *world {
	t.Helper()
	w := &world{t: t, server: camstest.NewServer(), settings: settings{number, space, filepath.Join(t.TempDir(), "sync.db"), 4, 5 * time.Minute}}
	for _, g := range groups {
		w.put(g.GroupID, g.Participants...)
	}
	var err error
	w.client, err = w.server.NewClient()
	require.NoError(t, err)
	return w
}

func (w *world) put(id string, members ...string) {
	w.server.AddGroup(camstest.Group{BusinessNumber: number, CustSpaceID: space, GroupID: id, Subject: "Group " + id, Participants: members})
}

// run is one run of the program. It returns what that printed.
func (w *world) run(ctx context.Context) (string, error) {
	w.t.Helper()
	before := w.stdout.Len()
	db, _, err := w.openDB()
	require.NoError(w.t, err)
	defer db.Close()
	err = w.sync(ctx, w.client, db, &w.stdout, &w.stderr)
	return w.stdout.String()[before:], err
}

// events leaves out the numbers and the subjects.
func events(text string) (short []string) {
	for line := range strings.Lines(text) {
		field := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		short = append(short, strings.TrimSpace(field[1]+" "+field[2]+" "+field[4]))
	}
	return short
}

// state has the members of each group.
type state map[string]map[string]bool

func (w *world) truth() state {
	all := state{}
	for _, g := range w.server.Groups() {
		all[g.GroupID] = map[string]bool{}
		for _, member := range g.Participants {
			all[g.GroupID][member] = true
		}
	}
	return all
}

func (w *world) table() state {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.db)
	require.NoError(w.t, err)
	defer db.Close()
	rows, err := db.Query(`SELECT id, coalesce(member, '') FROM groups LEFT JOIN members ON group_id = id`)
	require.NoError(w.t, err)
	all := state{}
	for rows.Next() {
		var group, member string
		require.NoError(w.t, rows.Scan(&group, &member))
		if all[group] == nil {
			all[group] = map[string]bool{}
		}
		if member != "" {
			all[group][member] = true
		}
	}
	require.NoError(w.t, rows.Err())
	return all
}

// replay makes a state of printed events. It fails at an event that cannot be, and unless
// the numbers are 1, 2, 3 and so on.
func replay(t *testing.T, text string) state {
	t.Helper()
	all := state{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		field := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		require.Equal(t, fmt.Sprint(n), field[0], "lost or printed twice")
		group, member := field[2], strings.NewReplacer(`"{`, `{`, `}"`, `}`, `\"`, `"`).Replace(field[4])
		switch field[1] {
		case "came":
			require.NotContains(t, all, group)
			all[group] = map[string]bool{}
		case "went":
			require.Empty(t, all[group], "somebody is left in a group that went")
			delete(all, group)
		case "joined":
			require.Contains(t, all, group)
			require.False(t, all[group][member], "joined twice")
			all[group][member] = true
		case "left":
			require.True(t, all[group][member], "left, but was not there")
			delete(all[group], member)
		}
	}
	return all
}

func TestTwoRunsPrintExactlyTheChanges(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*world)
		want   []string
	}{
		{"nothing", func(*world) {}, nil},
		{"a member joins", func(w *world) { w.put("A", "1", "2", hidden, "3") }, []string{"joined A 3"}},
		{"a member leaves", func(w *world) { w.put("A", "2", hidden) }, []string{"left A 1"}},
		{"the order changes", func(w *world) { w.put("A", hidden, "2", "1") }, nil},
		{"a member without a number leaves", func(w *world) { w.put("A", "1", "2") }, []string{`left A "{\"UserId\":\"US.13491208655302741918\"}"`}},
		{"another one joins", func(w *world) { w.put("A", "1", "2", hidden, `{"UserId":"DE.2"}`) }, []string{`joined A "{\"UserId\":\"DE.2\"}"`}},
		{"a member with a number gets another field", func(w *world) {
			w.put("A", "1", `{"ParticipantNumber":"2","Role":"ADMIN"}`, hidden)
		}, nil},
		{"a member goes to another group", func(w *world) { w.put("A", "1", hidden); w.put("B", "1", "2") }, []string{"left A 2", "joined B 2"}},
		{"all members leave", func(w *world) { w.put("A") }, []string{"left A 1", "left A 2", `left A "{\"UserId\":\"US.13491208655302741918\"}"`}},
		{"a group comes", func(w *world) { w.put("C", "1") }, []string{"came C", "joined C 1"}},
		{"an empty group comes", func(w *world) { w.put("C") }, []string{"came C"}},
		{"a group goes", func(w *world) { w.remove("B") }, []string{"left B 1", "went B"}},
		{"one goes and one comes", func(w *world) { w.remove("B"); w.put("C", "1") }, []string{"left B 1", "went B", "came C", "joined C 1"}},
		{"a group gets another name", func(w *world) {
			w.server.AddGroup(camstest.Group{BusinessNumber: number, CustSpaceID: space, GroupID: "B", Subject: "New", Participants: []string{"1"}})
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, camstest.Group{GroupID: "A", Participants: []string{"1", "2", hidden}}, camstest.Group{GroupID: "B", Participants: []string{"1"}})
			_, err := w.run(t.Context())
			require.NoError(t, err)
			tt.change(w)
			printed, err := w.run(t.Context())
			require.NoError(t, err)
			assert.Equal(t, tt.want, events(printed))
			again, err := w.run(t.Context())
			require.NoError(t, err)
			assert.Empty(t, again)
			if strings.Contains(tt.name, "another field") { // the fake lists an object, the table a number
				w.put("A", "1", "2", hidden)
			}
			assert.Equal(t, w.truth(), w.table())
			assert.Equal(t, w.truth(), replay(t, w.stdout.String()))
		})
	}
}

func (w *world) remove(id string) {
	_, err := w.client.DeleteChatGroup(w.t.Context(), &cams.DeleteChatGroupRequest{BusinessNumber: number, CustSpaceID: space, GroupID: id})
	require.NoError(w.t, err)
}

func TestTheTableHasWhatTheServiceSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camstest.Group{GroupID: "A", Participants: []string{`{"ParticipantNumber":"2","Role":"ADMIN"}`, hidden}})
	_, err := w.run(t.Context())
	require.NoError(t, err)
	db, err := sql.Open("sqlite", w.db)
	require.NoError(t, err)
	defer db.Close()
	var text string
	require.NoError(t, db.QueryRow(`SELECT json_group_array(json_array(group_id, member, number, extra)) FROM members`).Scan(&text))
	assert.JSONEq(t, `[["A","2","2","{\"Role\":\"ADMIN\"}"],["A","{\"UserId\":\"US.13491208655302741918\"}","","{\"UserId\":\"US.13491208655302741918\"}"]]`, text)
	require.NoError(t, db.QueryRow(`SELECT json_group_array(json_array(id, subject, status)) FROM groups`).Scan(&text))
	assert.JSONEq(t, `[["A","Group A","ACTIVE"]]`, text)
	if runtime.GOOS != "windows" {
		for _, name := range []string{w.db, w.db + "-run"} {
			info, err := os.Stat(name)
			require.NoError(t, err)
			assert.Equal(t, os.FileMode(0o600), info.Mode(), "others can read phone numbers")
		}
	}
}

func TestNothingIsConcludedFromAGroupThatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camstest.Group{GroupID: "A", Participants: []string{"1", "2"}}, camstest.Group{GroupID: "B", Participants: []string{"1"}})
	_, err := w.run(t.Context())
	require.NoError(t, err)
	w.put("A", "2", "3")
	w.put("B", "5")
	w.put("C", "1")
	w.server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
		id := r.Parameter("GroupId")
		return camstest.Refusal(400, "InvalidParameter", "No."), r.Action == "ListChatGroupParticipants" && (id == "A" || id == "C")
	})
	printed, err := w.run(t.Context())
	require.ErrorContains(t, err, "group A: ")
	require.ErrorContains(t, err, "group C: ")
	require.NotContains(t, err.Error(), "group B: ")
	assert.Equal(t, []string{"left B 1", "came C", "joined B 5"}, events(printed))

	w.server.AnswerFunc(nil)
	printed, err = w.run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"left A 1", "joined A 3", "joined C 1"}, events(printed))
	assert.Equal(t, w.truth(), w.table())
}

func TestNothingIsConcludedFromARunThatEndsEarly(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"ListChatGroup", "ListChatGroupParticipants"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, camstest.Group{GroupID: "A", Participants: []string{"1"}}, camstest.Group{GroupID: "B", Participants: []string{"1"}})
			_, err := w.run(t.Context())
			require.NoError(t, err)
			before := w.table()
			w.put("A", "2")
			w.remove("B")
			w.server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
				return camstest.Refusal(403, "NoPermission", "No."), r.Action == action
			})
			printed, err := w.run(t.Context())
			require.ErrorIs(t, err, cams.ErrAccessDenied)
			require.ErrorContains(t, err, "start again")
			assert.Empty(t, printed)
			assert.Equal(t, before, w.table())
		})
	}
}

func TestAnOutageOnlyTakesTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, camstest.Group{GroupID: "A", Participants: []string{"1"}})
		start := time.Now()
		w.server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
			away := time.Since(start) < 2*time.Minute || r.Action == "ListChatGroupParticipants" && time.Since(start) < 5*time.Minute
			return camstest.Refusal(503, "ServiceUnavailable", "Away."), away
		})
		_, err := w.run(t.Context())
		require.NoError(t, err)
		assert.Equal(t, w.truth(), w.table())
	})
}

func TestAListThatChangesIsReadAgain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		page   string // the request before which the list changes
		change func(w *world, times int)
		times  int // how often it changes
		groups bool
	}{
		{"a group goes", "ListChatGroup 2", func(w *world, n int) { w.remove(fmt.Sprint("G", n)) }, 1, true},
		{"groups go", "ListChatGroup 2", func(w *world, n int) { w.remove(fmt.Sprint("G", n)) }, 3, true},
		{"members leave", "ListChatGroupParticipants 2", func(w *world, n int) { w.put("G3", "1", "2", "3", "6") }, 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.server.SetMaxPageSize(2)
			for i := range 6 {
				w.put(fmt.Sprint("G", i), "1", "2", "3", "4", "5", "6")
			}
			_, err := w.run(t.Context())
			require.NoError(t, err)
			var changes atomic.Int64
			w.server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
				action, page, _ := strings.Cut(tt.page, " ")
				hit := r.Action == action && strings.Contains(r.Parameter("Page"), `"Index":`+page) && (tt.groups || r.Parameter("GroupId") == "G3")
				if hit {
					if n := changes.Add(1); n <= int64(tt.times) {
						tt.change(w, int(n-1))
					}
				}
				return camstest.Answer{}, false
			})
			_, err = w.run(t.Context())
			require.NoError(t, err)
			assert.Greater(t, changes.Load(), int64(tt.times), "it was not read again")
			assert.Equal(t, w.truth(), w.table())
			assert.Equal(t, w.truth(), replay(t, w.stdout.String()))
		})
	}
}

func TestNothingIsConcludedFromAListThatChangesAllTheTime(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"ListChatGroup", "ListChatGroupParticipants"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, camstest.Group{GroupID: "A", Participants: []string{"1", "2", "3"}}, camstest.Group{GroupID: "B", Participants: []string{"1"}})
			w.server.SetMaxPageSize(1)
			_, err := w.run(t.Context())
			require.NoError(t, err)
			before := w.table()
			w.put("A", "1", "2", "4")
			var total atomic.Int64
			w.server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
				if r.Action != action || r.Action == "ListChatGroupParticipants" && r.Parameter("GroupId") != "A" {
					return camstest.Answer{}, false
				}
				item := `{"GroupId":"A"}`
				if action == "ListChatGroupParticipants" {
					item = `{"ParticipantNumber":"8613800000009"}`
				}
				if strings.Contains(r.Parameter("Page"), `"Index":1`) {
					return camstest.Answer{Body: `{"Code":"OK","Success":true,"Data":{"Total":3,"List":[` + item + `]}}`}, true
				}
				total.Add(1)
				return camstest.Answer{Body: `{"Code":"OK","Success":true,"Data":{"Total":2,"List":[{"GroupId":"B","ParticipantNumber":"2"}]}}`}, true
			})
			_, err = w.run(t.Context())
			require.ErrorContains(t, err, "changes all the time")
			assert.EqualValues(t, 5, total.Load())
			assert.Equal(t, before, w.table())
		})
	}
}

// A run is killed at any request, and the groups change between the runs. When at last a
// run reaches its end, the table has the truth, and no event was lost or printed twice.
func TestKilledAnywhereAndStartedAgainTheTableHasTheTruth(t *testing.T) {
	t.Parallel()
	for seed := range uint64(25) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(20200606, seed))
			w := newWorld(t)
			w.concurrency = 1 + random.IntN(6)
			w.server.SetMaxPageSize(3 + random.IntN(10))
			for range 4 {
				w.shuffle(random)
				for kills := 0; ; kills++ {
					ctx, cancel := context.WithCancel(t.Context())
					w.killAfter(1+random.IntN(24), cancel)
					before := w.table0()
					printed, err := w.run(ctx)
					cancel()
					if err == nil {
						break
					}
					require.ErrorIs(t, err, context.Canceled)
					require.Less(t, kills, 40, "it does not resume")
					assert.Empty(t, printed)
					assert.Equal(t, before, w.table0(), "a run that was killed changed the table")
					if random.IntN(3) == 0 {
						w.shuffle(random)
					}
				}
				w.server.AnswerFunc(nil)
				assert.Equal(t, w.table(), replay(t, w.stdout.String()))
				_, err := w.run(t.Context()) // what changed since a killed run read it
				require.NoError(t, err)
				assert.Equal(t, w.truth(), w.table())
				assert.Equal(t, w.truth(), replay(t, w.stdout.String()))
			}
		})
	}
}

// table0 is table, also before the first run.
func (w *world) table0() state {
	if _, err := os.Stat(w.db); err != nil {
		return state{}
	}
	return w.table()
}

// killAfter kills at a request. Its answer may or may not arrive.
func (w *world) killAfter(requests int, kill func()) {
	var left atomic.Int64
	left.Store(int64(requests))
	w.server.AnswerFunc(func(camstest.Request) (camstest.Answer, bool) {
		if left.Add(-1) == 0 {
			kill()
		}
		return camstest.Answer{}, false
	})
}

// shuffle lets some groups go, some come, and changes the members of some.
func (w *world) shuffle(random *rand.Rand) {
	old := w.truth()
	for i := range 16 {
		id := fmt.Sprintf("G%02d", i)
		_, there := old[id]
		switch what := random.IntN(6); {
		case there && what == 0:
			w.server.AnswerFunc(nil)
			w.remove(id)
		case what <= 2:
			members := map[string]bool{}
			for range random.IntN(8) {
				members[fmt.Sprintf("86138000000%02d", random.IntN(12))] = true
			}
			if random.IntN(2) == 0 {
				members[hidden] = true
			}
			var list []string
			for member := range maps.Keys(members) {
				list = append(list, member)
			}
			w.put(id, list...)
		}
	}
}

func TestARunResumesWithWhatWasReadInTheLastHour(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		age     string
		resumes bool
	}{
		{"just now", "0", true},
		{"almost an hour ago", "3500", true},
		{"yesterday", "86400", false},
		{"in the future, since the clock was wrong", "-86400", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.concurrency = 1
			for i := range 10 {
				w.put(fmt.Sprint("G", i), "1")
			}
			ctx, cancel := context.WithCancel(t.Context())
			w.killAfter(10, cancel) // one lists the groups, eight are done
			_, err := w.run(ctx)
			require.ErrorIs(t, err, context.Canceled)
			db, err := sql.Open("sqlite", w.db+"-run")
			require.NoError(t, err)
			_, err = db.Exec(`UPDATE rosters SET at = at - ` + tt.age)
			require.NoError(t, err)
			require.NoError(t, db.Close())

			asked := 0
			w.server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
				if r.Action == "ListChatGroupParticipants" {
					asked++ // one at a time
				}
				return camstest.Answer{}, false
			})
			_, err = w.run(t.Context())
			require.NoError(t, err)
			if tt.resumes {
				assert.LessOrEqual(t, asked, 2) // whether the killed request's answer arrived is open
			} else {
				assert.Equal(t, 10, asked)
			}
			assert.Equal(t, w.truth(), w.table())
		})
	}
}

// full is a file that has room for some bytes.
type full struct {
	strings.Builder
	room int
}

func (f *full) Write(p []byte) (int, error) {
	n, _ := f.Builder.Write(p[:min(len(p), f.room)])
	f.room -= n
	if n < len(p) {
		return n, io.ErrShortWrite
	}
	return n, nil
}

func TestEventsThatCouldNotBePrintedAreByTheNextRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camstest.Group{GroupID: "A", Participants: []string{"1", "2"}})
	db, _, err := w.openDB()
	require.NoError(t, err)
	err = w.sync(t.Context(), w.client, db, &full{room: 20}, io.Discard)
	require.ErrorIs(t, err, io.ErrShortWrite)
	require.NoError(t, db.Close())
	assert.Equal(t, w.truth(), w.table())

	w.put("A", "2")
	w.server.AnswerOnce(camstest.Refusal(403, "NoPermission", "No."))
	_, err = w.run(t.Context())
	require.ErrorIs(t, err, cams.ErrAccessDenied)
	assert.Equal(t, []string{"came A", "joined A 1", "joined A 2"}, events(w.stdout.String()), "they wait for no answer")
	_, err = w.run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"came A", "joined A 1", "joined A 2", "left A 1"}, events(w.stdout.String()))
	assert.Equal(t, w.truth(), replay(t, w.stdout.String()))
}

func TestARunThatFailsAtItsEndChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camstest.Group{GroupID: "A", Participants: []string{"1", "2"}})
	_, err := w.run(t.Context())
	require.NoError(t, err)
	before := w.table()
	w.put("A", "2")
	w.put("B", "1")
	w.exec(`CREATE TRIGGER full BEFORE UPDATE OF runs ON account BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`)
	printed, err := w.run(t.Context())
	require.ErrorContains(t, err, "the disk is full")
	assert.Empty(t, printed)
	assert.Equal(t, before, w.table())
	w.exec(`DROP TRIGGER full`)
	printed, err = w.run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"left A 1", "came B", "joined B 1"}, events(printed))
	assert.Equal(t, w.truth(), w.table())
}

func (w *world) exec(query string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.db)
	require.NoError(w.t, err)
	defer db.Close()
	_, err = db.Exec(query)
	require.NoError(w.t, err)
}

func TestOutputIsSafeOnATerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.AddGroup(camstest.Group{BusinessNumber: number, CustSpaceID: space, GroupID: "A\tB", Subject: "\x1b[2J\n", Participants: []string{"\x1b[1m"}})
	printed, err := w.run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "1\tcame\t\"A\\tB\"\t\"\\x1b[2J\\n\"\t\n2\tjoined\t\"A\\tB\"\t\"\\x1b[2J\\n\"\t\"\\x1b[1m\"\n", printed)
}

func TestTheDatabaseOfAnotherAccountIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camstest.Group{GroupID: "A"})
	_, err := w.run(t.Context())
	require.NoError(t, err)
	for _, s := range []settings{{number, "cams-k002", w.db, 1, 0}, {"8613800000001", space, w.db, 1, 0}} {
		db, _, err := s.openDB()
		require.ErrorContains(t, err, "another account")
		require.NoError(t, db.Close())
	}
}

func TestASecondRunAtTheSameTimeIsRefusedAndReadersAreNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camstest.Group{GroupID: "A", Participants: []string{"1"}}, camstest.Group{GroupID: "B", Participants: []string{"1"}})
	_, err := w.run(t.Context())
	require.NoError(t, err)
	asked := false
	w.server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
		if !asked {
			asked = true
			db, _, err := w.openDB()
			assert.ErrorContains(t, err, "locked")
			assert.NoError(t, db.Close())
			assert.Equal(t, w.truth(), w.table())
		}
		return camstest.Answer{}, false
	})
	w.concurrency = 1
	_, err = w.run(t.Context())
	require.NoError(t, err)
	assert.True(t, asked)
}
