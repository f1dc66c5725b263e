package acceptance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

const (
	creationRuns    = 500
	creationCallers = 4 // at the same time, in each run
)

// mishap is what goes wrong with one request.
type mishap struct {
	name   string
	answer camstest.Answer // in place of the fake's own, before or after the work
	dial   bool            // there is no connection
	cut    bool            // the answer breaks off
	late   time.Duration   // how long an answer takes that has arrived in part
}

// drawMishap draws a mishap. Before the work is done, it may be any answer. After the
// work, it is only one that leaves the outcome open.
func drawMishap(random *rand.Rand) mishap {
	after := random.IntN(2) == 0
	pick := func(all ...mishap) mishap { return all[random.IntN(len(all))] }
	open := []mishap{
		{name: "reset", answer: camstest.Answer{Drop: true, After: after}},
		{name: "late reset", answer: camstest.Answer{Drop: true, After: after, Delay: 3 * time.Second}},
		{name: "timeout", answer: camstest.Answer{Drop: true, After: after, Delay: time.Hour}},
		{name: "500", answer: camstest.Answer{Status: 500, Body: `{"Code":"InternalError"}`, After: after}},
		{name: "502", answer: camstest.Answer{Status: 502, Body: "<html>", After: after}},
		{name: "503", answer: camstest.Answer{Status: 503, After: after}},
		{name: "busy in a 200", answer: camstest.Answer{Body: `{"Success":false,"Code":"SystemBusy"}`, After: after}},
		{name: "busy in a 400", answer: camstest.Answer{Status: 400, Body: `{"Code":"999999"}`, After: after}},
		{name: "empty", answer: camstest.Answer{Status: 200, After: after}},
		{name: "a page", answer: camstest.Answer{Status: 200, Body: "<html>", After: after}},
		{name: "cut", cut: true},
		{name: "stalled", cut: true, late: time.Hour},
		{name: "slow", answer: camstest.Answer{Delay: 5 * time.Second}},
		{name: "too slow", answer: camstest.Answer{Delay: time.Minute}},
	}
	if after || random.IntN(2) == 0 {
		return pick(open...)
	}
	return pick(
		mishap{name: "no connection", dial: true},
		mishap{name: "429", answer: camstest.Refusal(429, "Throttling.User", "m")},
		mishap{name: "throttled in a 200", answer: camstest.Answer{Body: `{"Success":false,"Code":"Throttling"}`}},
		mishap{name: "clock", answer: camstest.Refusal(400, "InvalidTimeStamp.Expired", "m")},
		mishap{name: "refused", answer: camstest.Refusal(400, "InvalidParameter", "m")},
		mishap{name: "denied", answer: camstest.Refusal(403, "NoPermission", "m")},
	)
}

// creation is one call and its result.
type creation struct {
	key    string // the subject of its group, or the ID of the group that gets a link
	isLink bool
	result string // what its caller was told
	err    error

	mu      sync.Mutex
	random  *rand.Rand
	befell  []string // its requests
	link    string   // the one that its group has, for a link
	changed int      // how often that link became another
}

// creationWire is the transport to the fake. It draws a mishap for each request.
type creationWire struct {
	server *camstest.Server
	of     map[string]*creation // by key
	drawn  sync.Map             // answers by nonce
}

func newCreationWire(seed uint64) *creationWire {
	w := &creationWire{server: camstest.NewServer(), of: map[string]*creation{}}
	for i := range uint64(creationCallers) {
		random := rand.New(rand.NewPCG(seed, i))
		c := &creation{key: fmt.Sprintf("%d/%d", seed, i), isLink: random.IntN(2) == 0, random: random}
		if c.isLink {
			w.server.AddGroup(camstest.Group{BusinessNumber: testNumber, CustSpaceID: space, GroupID: c.key})
		}
		w.of[c.key] = c
	}
	w.server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
		answer, ok := w.drawn.Load(r.Header.Get("x-acs-signature-nonce"))
		if !ok {
			return camstest.Answer{}, false
		}
		return answer.(camstest.Answer), true
	})
	return w
}

func (w *creationWire) RoundTrip(req *http.Request) (*http.Response, error) {
	query := req.URL.Query()
	c := w.of[query.Get("Subject")+query.Get("GroupId")]
	c.mu.Lock() // a call has one request at a time
	defer c.mu.Unlock()
	if c.random.IntN(3) == 0 {
		c.befell = append(c.befell, "good")
		return w.pass(c, req)
	}
	m := drawMishap(c.random)
	c.befell = append(c.befell, fmt.Sprintf("%s after=%v", m.name, m.answer.After))
	if m.dial {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	w.drawn.Store(req.Header.Get("x-acs-signature-nonce"), m.answer)
	res, err := w.pass(c, req)
	if err == nil && m.cut {
		err = cutBody(req.Context(), res, c.random, m.late)
	}
	return res, err
}

// pass passes a request to the fake, and checks whether it made a link.
func (w *creationWire) pass(c *creation, req *http.Request) (*http.Response, error) {
	res, err := w.server.RoundTrip(req)
	if link := w.link(c); link != c.link {
		c.link = link
		c.changed++
	}
	return res, err
}

func (w *creationWire) link(c *creation) string {
	for _, group := range w.server.Groups() {
		if group.GroupID == c.key {
			return group.InviteLink
		}
	}
	return ""
}

// cutBody makes an answer break off somewhere, at once or after a while.
func cutBody(ctx context.Context, res *http.Response, random *rand.Rand, late time.Duration) error {
	body, err := io.ReadAll(res.Body)
	var rest io.Reader = cut{}
	if late > 0 {
		rest = blocked{ctx}
	}
	res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:random.IntN(len(body))]), rest))
	return err
}

// carriedOut returns how often the fake carried out a creation.
func (w *creationWire) carriedOut(c *creation) int {
	if c.isLink {
		return c.changed
	}
	n := 0
	for _, group := range w.server.Groups() {
		if group.Subject == c.key {
			n++
		}
	}
	return n
}

// call makes the creation's call. Sometimes the caller cancels it.
func (c *creation) call(ctx context.Context, client *cams.Client) (result string, err error) {
	c.mu.Lock()
	patience := time.Hour
	if c.random.IntN(4) == 0 {
		patience = time.Duration(c.random.Int64N(int64(20 * time.Second)))
	}
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if c.isLink {
		response, err := client.AddChatGroupInviteLink(ctx, &cams.AddChatGroupInviteLinkRequest{BusinessNumber: testNumber, CustSpaceID: space, GroupID: c.key})
		if err != nil {
			return "", err
		}
		return response.InviteLink, nil
	}
	response, err := client.AddChatGroup(ctx, &cams.AddChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: space, Subject: c.key})
	if err != nil {
		return "", err
	}
	return response.UniqueCode, nil
}

// told returns what the error says about a creation.
func told(err error) string {
	switch {
	case err == nil:
		return "done"
	case errors.Is(err, cams.ErrOutcomeUnknown):
		return "unknown"
	}
	return "refused"
}

// requireTrue compares what a caller was told with the state of the fake.
func (w *creationWire) requireTrue(t *testing.T, c *creation) string {
	t.Helper()
	carriedOut := w.carriedOut(c)
	require.LessOrEqual(t, carriedOut, 1, "%s was doubled: %v, %v", c.key, c.befell, c.err)
	switch told(c.err) {
	case "done":
		require.Equal(t, 1, carriedOut, "%s was called done: %v", c.key, c.befell)
		require.NotEmpty(t, c.result)
		if c.isLink {
			require.Equal(t, c.link, c.result)
		}
	case "refused":
		require.Zero(t, carriedOut, "%s was called refused: %v, %v", c.key, c.befell, c.err)
	}
	return fmt.Sprintf("told %s, carried out %d", told(c.err), carriedOut)
}

func TestCreationsThroughChaosAreNeverDoubledAndTheirCallersAreToldTheTruth(t *testing.T) {
	t.Parallel()
	var outcomes counts
	requests, retried := 0, 0
	for seed := range uint64(creationRuns) {
		synctest.Test(t, func(t *testing.T) {
			wire := newCreationWire(seed)
			client, err := wire.server.NewClient(cams.WithHTTPClient(&http.Client{Transport: wire}))
			require.NoError(t, err)
			var callers sync.WaitGroup
			for _, c := range wire.of {
				callers.Go(func() { c.result, c.err = c.call(t.Context(), client) })
			}
			callers.Wait()
			for _, c := range wire.of {
				outcomes.add(wire.requireTrue(t, c))
				requests += len(c.befell)
				if len(c.befell) > 1 {
					retried++
				}
			}
		})
	}
	t.Logf("%d runs, %d creations, %d requests, %d creations repeated:%s", creationRuns, outcomes.sum(), requests, retried, &outcomes)
	for _, possible := range []string{
		"told done, carried out 1", "told refused, carried out 0", "told unknown, carried out 0", "told unknown, carried out 1",
	} {
		assert.Positive(t, outcomes.of[possible], possible)
	}
	assert.Positive(t, retried)
}

func TestAWriteThatFindsItsOwnWorkDoneSaysSo(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]camstest.Answer{
		"the connection broke after the write": {After: true, Drop: true},
		"a 503 after the write":                {After: true, Status: 503, Body: `{"Code":"ServiceUnavailable"}`},
		"no answer in time":                    {After: true, Delay: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, client := service(t)
				server.AnswerOnce(lost)
				req := &cams.DeleteChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: "cams-k001", GroupID: "EA939"}
				_, err := client.DeleteChatGroup(t.Context(), req)
				var refused *cams.APIError
				require.ErrorAs(t, err, &refused)
				assert.Contains(t, err.Error(), "an earlier attempt may have done it")
				assert.Empty(t, server.Groups())

				_, err = client.DeleteChatGroup(t.Context(), req)
				assert.NotContains(t, err.Error(), "an earlier attempt", "this call made only one")

				server.AnswerOnce(camstest.Refusal(503, "ServiceUnavailable", "m"))
				_, err = client.ListChatGroupParticipants(t.Context(), validRequest())
				assert.NotContains(t, err.Error(), "an earlier attempt", "a read does nothing")
			})
		})
	}
}

func TestAResultCountsWhatTheLastAttemptDid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t)
		_, err := client.AddChatGroupInviteLink(t.Context(), &cams.AddChatGroupInviteLinkRequest{BusinessNumber: testNumber, CustSpaceID: "cams-k001", GroupID: "EA939"})
		require.NoError(t, err)
		server.AnswerOnce(camstest.Answer{After: true, Drop: true})
		link, err := client.DeleteChatGroupInviteLink(t.Context(),
			&cams.DeleteChatGroupInviteLinkRequest{BusinessNumber: testNumber, CustSpaceID: "cams-k001", GroupID: "EA939"})
		require.NoError(t, err)
		assert.Zero(t, link.Result)

		removal := &cams.DeleteChatGroupParticipantsRequest{BusinessNumber: testNumber, CustSpaceID: "cams-k001", GroupID: "EA939",
			List: []cams.ChatGroupParticipant{{ParticipantNumber: "8613800000001"}}}
		server.AnswerOnce(camstest.Answer{After: true, Drop: true})
		removed, err := client.DeleteChatGroupParticipants(t.Context(), removal)
		require.NoError(t, err)
		assert.Zero(t, removed.Result)

		server.AnswerOnce(camstest.Answer{After: true, Drop: true}, camstest.Refusal(400, "X", "(#131212) not a member"))
		_, err = client.DeleteChatGroupParticipants(t.Context(), removal)
		assert.ErrorContains(t, err, "an earlier attempt may have done it", "and the service may refuse")
	})
}

func TestACreationWhoseResultCannotBeReadWasCarriedOut(t *testing.T) {
	t.Parallel()
	requests := 0
	client := clientOf(t, testCredentials(), counted(&requests, answered(200, `{"Code":"OK","Success":true,"RequestId":"r1","UniqueCode":{"new":"form"}}`)))
	_, err := client.AddChatGroup(t.Context(), &cams.AddChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: "cams-k001"})
	require.ErrorContains(t, err, "carried out, but the result cannot be read")
	assert.NotErrorIs(t, err, cams.ErrOutcomeUnknown)
	assert.NotErrorIs(t, err, cams.ErrUnavailable)

	var out struct{ UniqueCode string }
	err = client.Call(t.Context(), cams.Operation{Name: "AddChatGroup"}, nil, &out)
	require.ErrorContains(t, err, "carried out, but the result cannot be read")
	assert.NotErrorIs(t, err, cams.ErrOutcomeUnknown)
	assert.Equal(t, 2, requests)
}

func TestTheCodeOfALongRefusalIsFound(t *testing.T) {
	t.Parallel()
	for _, size := range []int{100 << 10, 2 << 20} {
		requests := 0
		client := clientOf(t, testCredentials(), counted(&requests, answered(403, `{"Code":"NoPermission","RequestId":"r1","Message":"`+strings.Repeat("x", size)+`"}`)))
		err := list(t.Context(), client)
		require.ErrorIs(t, err, cams.ErrAccessDenied)
		assert.True(t, cams.IsCode(err, "NoPermission"))
	}
}
