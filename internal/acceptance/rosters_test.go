package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
)

var errPassing = errors.New("passing")

// rosterAPI answers each group with one member named after it, in a time of its own.
type rosterAPI struct {
	latency              func(group string) time.Duration
	fails                string // the group that fails
	panics               string
	inFlight, most, sent atomic.Int64
	mu                   sync.Mutex
	numbers              []string
}

func (a *rosterAPI) ListChatGroupParticipants(ctx context.Context, req *cams.ListChatGroupParticipantsRequest) (*cams.ListChatGroupParticipantsResponse, error) {
	a.sent.Add(1)
	now := a.inFlight.Add(1)
	defer a.inFlight.Add(-1)
	a.mu.Lock()
	a.most.Store(max(a.most.Load(), now))
	a.numbers = append(a.numbers, req.BusinessNumber)
	a.mu.Unlock()
	if a.latency != nil {
		select {
		case <-time.After(a.latency(req.GroupID)):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	switch req.GroupID {
	case a.fails:
		return nil, errPassing
	case a.panics:
		panic("of the API")
	}
	return &cams.ListChatGroupParticipantsResponse{Data: cams.ListChatGroupParticipantsData{
		Total: 1, List: []cams.ChatGroupParticipant{{ParticipantNumber: "member of " + req.GroupID}},
	}}, nil
}

// groupsNamed yields n groups, and then err if there is one.
func groupsNamed(n int, err error) iter.Seq2[cams.ChatGroup, error] {
	return func(yield func(cams.ChatGroup, error) bool) {
		for i := range n {
			if !yield(cams.ChatGroup{GroupID: fmt.Sprint("g", i), BusinessNumber: fmt.Sprint("number of g", i)}, nil) {
				return
			}
		}
		if err != nil {
			yield(cams.ChatGroup{}, err)
		}
	}
}

func rosterRequest() *cams.ListChatGroupParticipantsRequest {
	return &cams.ListChatGroupParticipantsRequest{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001"}
}

func TestRostersComeInOrderWithABoundOnWhatIsInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &rosterAPI{latency: func(group string) time.Duration {
			return time.Duration(len(group)*37%10+1) * 10 * time.Millisecond
		}}
		i := 0
		for roster, err := range cams.Rosters(t.Context(), api, rosterRequest(), groupsNamed(200, nil), 8) {
			require.NoError(t, err)
			require.NoError(t, roster.Err)
			name := fmt.Sprint("g", i)
			assert.Equal(t, name, roster.Group.GroupID)
			assert.Equal(t, []cams.ChatGroupParticipant{{ParticipantNumber: "member of " + name}}, roster.Participants)
			i++
		}
		assert.Equal(t, 200, i)
		assert.EqualValues(t, 8, api.most.Load())
	})
}

func TestAGroupsErrorIsItsOwn(t *testing.T) {
	t.Parallel()
	api := &rosterAPI{fails: "g3"}
	failed := 0
	for roster, err := range cams.Rosters(t.Context(), api, rosterRequest(), groupsNamed(10, nil), 4) {
		require.NoError(t, err)
		if roster.Err != nil {
			failed++
			assert.ErrorIs(t, roster.Err, errPassing)
			assert.Equal(t, "g3", roster.Group.GroupID)
		}
	}
	assert.Equal(t, 1, failed)
}

func TestAGroupsStallIsInItsRosterWithTheMembersThatCame(t *testing.T) {
	t.Parallel()
	client, mock := newClient(t)
	answerWith(mock, 200, nil, `{"Code":"OK","Success":true,"Data":{"Total":99,"List":[{"ParticipantNumber":"8613800000001"}]}}`)
	rosters, err := cams.Collect(cams.Rosters(t.Context(), client, rosterRequest(), groupsNamed(1, nil), 2))
	require.NoError(t, err)
	require.Len(t, rosters, 1)
	require.ErrorIs(t, rosters[0].Err, cams.ErrPagerStalled)
	assert.Len(t, rosters[0].Participants, 1)
}

func TestAStoredRosterKeepsWhyItIsIncomplete(t *testing.T) {
	t.Parallel()
	roster := cams.Roster{
		Group:        cams.ChatGroup{GroupID: "g1", GroupStatus: cams.GroupStatusActive},
		Participants: []cams.ChatGroupParticipant{{ParticipantNumber: "8613800000001"}},
		Changed:      true,
	}
	for _, err := range []error{nil, errors.New(""), errPassing, &cams.APIError{Operation: "ListChatGroupParticipants", Code: "X"}} {
		roster.Err = err
		for _, stored := range []any{roster, &roster, []cams.Roster{roster}, map[string]cams.Roster{"g1": roster}} {
			text, err := json.Marshal(stored)
			require.NoError(t, err)
			back := reflect.New(reflect.TypeOf(stored))
			require.NoError(t, json.Unmarshal(text, back.Interface()), "%s", text)
			again, err := json.Marshal(back.Interface())
			require.NoError(t, err)
			assert.Equal(t, string(text), string(again))
		}
		text, _ := json.Marshal(roster)
		var back cams.Roster
		require.NoError(t, json.Unmarshal(text, &back))
		if err == nil {
			assert.Equal(t, roster, back)
			assert.Contains(t, string(text), `"Err":null`)
			continue
		}
		require.EqualError(t, back.Err, err.Error())
		back.Err = err
		assert.Equal(t, roster, back)
	}
	assert.Error(t, json.Unmarshal([]byte(`{"Changed":1}`), &roster))
}

func TestTheGroupsErrorComesLastAndOnce(t *testing.T) {
	t.Parallel()
	var got []string
	var last error
	for roster, err := range cams.Rosters(t.Context(), &rosterAPI{}, rosterRequest(), groupsNamed(5, errPassing), 3) {
		if err != nil {
			require.NoError(t, last)
			last = err
			continue
		}
		got = append(got, roster.Group.GroupID)
	}
	assert.Equal(t, []string{"g0", "g1", "g2", "g3", "g4"}, got, "what came before is whole")
	assert.ErrorIs(t, last, errPassing)
}

func TestLeavingRostersStopsEverything(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // a goroutine that is left fails the test
		api := &rosterAPI{latency: func(string) time.Duration { return time.Hour }}
		for range cams.Rosters(t.Context(), &rosterAPI{}, rosterRequest(), groupsNamed(1000, nil), 4) {
			break
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var last error
		for _, err := range cams.Rosters(ctx, api, rosterRequest(), groupsNamed(1000, nil), 4) {
			last = err
		}
		require.ErrorIs(t, last, context.DeadlineExceeded)
		assert.EqualValues(t, 4, api.sent.Load())
		assert.Zero(t, api.inFlight.Load())
	})
}

func TestAPanicOfTheAPIComesToWhoeverRangesOverRosters(t *testing.T) {
	t.Parallel()
	assert.PanicsWithValue(t, "of the API", func() {
		for range cams.Rosters(t.Context(), &rosterAPI{panics: "g2"}, rosterRequest(), groupsNamed(5, nil), 2) {
		}
	})
}

func TestEachGroupsOwnNumberIsUsedWhereTheRequestHasNone(t *testing.T) {
	t.Parallel()
	api := &rosterAPI{}
	req := rosterRequest()
	req.BusinessNumber = ""
	for _, err := range cams.Rosters(t.Context(), api, req, groupsNamed(2, nil), 1) {
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"number of g0", "number of g1"}, api.numbers)
}

func TestWhatIsWrongWithRostersIsItsOneError(t *testing.T) {
	t.Parallel()
	api, groups := &rosterAPI{}, groupsNamed(1, nil)
	var noContext context.Context
	for field, seq := range map[string]iter.Seq2[cams.Roster, error]{
		"ctx":                              cams.Rosters(noContext, api, rosterRequest(), groups, 1),
		"ListChatGroupParticipantsAPI":     cams.Rosters(t.Context(), nil, rosterRequest(), groups, 1),
		"ListChatGroupParticipantsRequest": cams.Rosters(t.Context(), api, nil, groups, 1),
		"groups":                           cams.Rosters(t.Context(), api, rosterRequest(), nil, 1),
		"concurrency":                      cams.Rosters(t.Context(), api, rosterRequest(), groups, 0),
	} {
		all, err := cams.Collect(seq)
		assert.Empty(t, all)
		var invalid *cams.ValidationError
		require.ErrorAs(t, err, &invalid, field)
		assert.Equal(t, field, invalid.Field)
	}
}

func TestTenThousandGroupsTakeNoMoreMemoryThanAHundred(t *testing.T) {
	peak := func(groups int) int {
		before, most, i := liveHeap(), 0, 0
		for _, err := range cams.Rosters(t.Context(), &rosterAPI{}, rosterRequest(), groupsNamed(groups, nil), 16) {
			require.NoError(t, err)
			if i++; i%(groups/10) == 0 {
				most = max(most, liveHeap()-before)
			}
		}
		return most
	}
	few := peak(100)
	many := peak(10_000)
	t.Logf("live: %d bytes for 100 groups, %d for 10,000", few, many)
	assert.Less(t, many, few+(2<<20), "the stub itself keeps one text a call")
}
