package acceptance

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

func groupsRequest() *cams.ListChatGroupRequest {
	return &cams.ListChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: "cams-k001", Subject: "Film club"}
}

func isActive(g cams.ChatGroup) bool {
	return g.Subject == "Film club" && g.GroupStatus == cams.GroupStatusActive
}

// listings is a stub that answers the n-th listing, counted from 1, and keeps when it came.
type listings struct {
	answer func(n int) (*cams.ListChatGroupResponse, error)
	start  time.Time
	came   []time.Duration
}

func (l *listings) ListChatGroup(context.Context, *cams.ListChatGroupRequest) (*cams.ListChatGroupResponse, error) {
	l.came = append(l.came, time.Since(l.start))
	return l.answer(len(l.came))
}

func foundGroups(groups ...cams.ChatGroup) *cams.ListChatGroupResponse {
	return &cams.ListChatGroupResponse{Data: cams.ListChatGroupData{Total: len(groups), List: groups}}
}

func TestAGroupThatIsBeingCreatedIsAwaited(t *testing.T) {
	t.Parallel()
	for _, delay := range []time.Duration{0, 300 * time.Millisecond, time.Second, time.Minute, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			server := camstest.NewServer()
			server.SetActivationDelay(delay)
			server.AddGroup(camstest.Group{BusinessNumber: testNumber, CustSpaceID: "cams-k001", GroupID: "theirs", Subject: "Film club 2"})
			client, err := server.NewClient()
			require.NoError(t, err)
			_, err = client.AddChatGroup(t.Context(), &cams.AddChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: "cams-k001", Subject: "Film club"})
			require.NoError(t, err)

			start := time.Now()
			group, err := cams.WaitForChatGroup(t.Context(), client, groupsRequest(), isActive)
			require.NoError(t, err)
			assert.Equal(t, server.Groups()[1].GroupID, group.GroupID)
			assert.GreaterOrEqual(t, time.Since(start), delay)
			assert.LessOrEqual(t, time.Since(start), 2*delay+time.Second)
			assert.LessOrEqual(t, time.Since(start), delay+15*time.Second)
		})
	}
}

func TestThePausesGrowTo15Seconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &listings{start: time.Now(), answer: func(n int) (*cams.ListChatGroupResponse, error) {
			if n < 8 {
				return foundGroups(), nil
			}
			return foundGroups(cams.ChatGroup{GroupID: "g1"}), nil
		}}
		_, err := cams.WaitForChatGroup(t.Context(), api, groupsRequest(), func(cams.ChatGroup) bool { return true })
		require.NoError(t, err)
		var seconds []float64
		for _, came := range api.came {
			seconds = append(seconds, came.Seconds())
		}
		assert.Equal(t, []float64{0, 1, 3, 7, 15, 30, 45, 60}, seconds)
	})
}

func TestEachPollListsAllPagesFromTheStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := camstest.NewServer()
		server.SetActivationDelay(500 * time.Millisecond)
		for i := range 5 {
			server.AddGroup(camstest.Group{BusinessNumber: testNumber, CustSpaceID: "cams-k001", GroupID: fmt.Sprint("g", i), Subject: "Film club of old"})
		}
		client, err := server.NewClient()
		require.NoError(t, err)
		_, err = client.AddChatGroup(t.Context(), &cams.AddChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: "cams-k001", Subject: "Film club"})
		require.NoError(t, err)
		req := groupsRequest()
		req.Page = &cams.Page{Size: 2}
		_, err = cams.WaitForChatGroup(t.Context(), client, req, isActive)
		require.NoError(t, err)
		var pages []string
		for _, request := range server.Requests()[1:] {
			pages = append(pages, request.Parameter("Page"))
		}
		poll := []string{`{"Index":1,"Size":2}`, `{"Index":2,"Size":2}`, `{"Index":3,"Size":2}`}
		assert.Equal(t, append(poll, poll...), pages)
		assert.Equal(t, &cams.Page{Size: 2}, req.Page, "the request is not changed")
	})
}

func TestAnOutageDoesNotEndTheWait(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]camstest.Answer{
		"unavailable":       camstest.Refusal(503, "ServiceUnavailable", "m"),
		"throttled":         camstest.Refusal(429, "Throttling.User", "m"),
		"no answer":         {Drop: true},
		"a page of a proxy": {Status: 502, Body: "<html>"},
	} {
		synctest.Test(t, func(t *testing.T) {
			server := camstest.NewServer()
			server.AddGroup(camstest.Group{BusinessNumber: testNumber, CustSpaceID: "cams-k001", GroupID: "g1", Subject: "Film club"})
			client, err := server.NewClient(cams.WithRetry(cams.NoRetry()))
			require.NoError(t, err)
			end := time.Now().Add(10 * time.Minute)
			server.AnswerFunc(func(camstest.Request) (camstest.Answer, bool) { return answer, time.Now().Before(end) })
			group, err := cams.WaitForChatGroup(t.Context(), client, groupsRequest(), isActive)
			require.NoError(t, err, name)
			assert.Equal(t, "g1", group.GroupID)
		})
	}
}

func TestTheWaitThatTheServiceAsksForIsObserved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &listings{start: time.Now(), answer: func(n int) (*cams.ListChatGroupResponse, error) {
			if n == 1 {
				return nil, &cams.APIError{Code: "Throttling", RetryAfter: time.Minute}
			}
			return foundGroups(cams.ChatGroup{GroupID: "g1"}), nil
		}}
		_, err := cams.WaitForChatGroup(t.Context(), api, groupsRequest(), func(cams.ChatGroup) bool { return true })
		require.NoError(t, err)
		assert.Equal(t, []time.Duration{0, time.Minute}, api.came)
	})
}

func TestAnErrorThatLastsEndsTheWaitAtOnce(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"NoPermission", "InvalidAccessKeyId.NotFound", "InvalidParameter", "Brand.New"} {
		server := camstest.NewServer()
		server.Answer(camstest.Refusal(400, code, "m"))
		client, err := server.NewClient(cams.WithRetry(cams.NoRetry()))
		require.NoError(t, err)
		_, err = cams.WaitForChatGroup(t.Context(), client, groupsRequest(), isActive)
		assert.True(t, cams.IsCode(err, code), "%v", err)
		assert.Len(t, server.Requests(), 1)
	}
}

func TestTheEndOfTheContextEndsTheWait(t *testing.T) {
	t.Parallel()
	refused := &cams.APIError{Operation: "ListChatGroup", Code: "ServiceUnavailable"}
	for name, test := range map[string]struct {
		answer func(n int) (*cams.ListChatGroupResponse, error)
		last   error
	}{
		"the group never comes":  {func(int) (*cams.ListChatGroupResponse, error) { return foundGroups(), nil }, nil},
		"the service stays away": {func(int) (*cams.ListChatGroupResponse, error) { return nil, refused }, refused},
		"the service comes back": {func(n int) (*cams.ListChatGroupResponse, error) { return foundGroups(), map[int]error{1: refused}[n] }, nil},
		"the service goes away":  {func(n int) (*cams.ListChatGroupResponse, error) { return foundGroups(), map[int]error{8: refused}[n] }, refused},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute+time.Second)
			defer cancel()
			api := &listings{start: time.Now(), answer: test.answer}
			_, err := cams.WaitForChatGroup(ctx, api, groupsRequest(), isActive)
			require.ErrorIs(t, err, context.DeadlineExceeded, name)
			assert.ErrorContains(t, err, "cams: WaitForChatGroup: stopped by the caller's context: context deadline exceeded")
			assert.Equal(t, test.last != nil, errors.Is(err, cams.ErrUnavailable), "%s: %v", name, err)
			assert.Equal(t, time.Minute+time.Second, time.Since(api.start), name)
		})
	}

	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("shutdown"))
	api := &listings{answer: func(int) (*cams.ListChatGroupResponse, error) { return foundGroups(), nil }}
	_, err := cams.WaitForChatGroup(ctx, api, groupsRequest(), isActive)
	require.ErrorIs(t, err, context.Canceled)
	assert.ErrorContains(t, err, "shutdown")
	assert.Empty(t, api.came, "a context that has ended asks nothing")
}

func TestAListingThatTheContextEndsKeepsTheFailureBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := camstest.NewServer()
		server.AnswerOnce(camstest.Refusal(503, "ServiceUnavailable", "m"))
		server.Answer(camstest.Answer{Delay: time.Hour})
		client, err := server.NewClient(cams.WithRetry(cams.NoRetry()), cams.WithAttemptTimeout(time.Hour))
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err = cams.WaitForChatGroup(ctx, client, groupsRequest(), isActive)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, cams.ErrUnavailable)
		assert.True(t, cams.IsCode(err, "ServiceUnavailable"), "%v", err)
		assert.Len(t, server.Requests(), 2)
	})
}

func TestAPanicOfDoneComesToTheCallerOfTheWait(t *testing.T) {
	t.Parallel()
	_, client := service(t)
	req := groupsRequest()
	req.Subject = ""
	assert.PanicsWithValue(t, "of done", func() {
		_, _ = cams.WaitForChatGroup(t.Context(), client, req, func(cams.ChatGroup) bool { panic("of done") })
	})
}

func TestAWaitThatCannotBeginSaysWhy(t *testing.T) {
	t.Parallel()
	_, client := service(t)
	var noContext context.Context
	for field, wait := range map[string]func() (cams.ChatGroup, error){
		"ctx": func() (cams.ChatGroup, error) {
			return cams.WaitForChatGroup(noContext, client, groupsRequest(), isActive)
		},
		"ListChatGroupAPI": func() (cams.ChatGroup, error) {
			return cams.WaitForChatGroup(t.Context(), nil, groupsRequest(), isActive)
		},
		"ListChatGroupRequest": func() (cams.ChatGroup, error) { return cams.WaitForChatGroup(t.Context(), client, nil, isActive) },
		"done": func() (cams.ChatGroup, error) {
			return cams.WaitForChatGroup(t.Context(), client, groupsRequest(), nil)
		},
		"CustSpaceID": func() (cams.ChatGroup, error) {
			return cams.WaitForChatGroup(t.Context(), client, &cams.ListChatGroupRequest{BusinessNumber: testNumber}, isActive)
		},
	} {
		_, err := wait()
		var invalid *cams.ValidationError
		require.ErrorAs(t, err, &invalid, field)
		assert.Equal(t, field, invalid.Field)
	}
}
