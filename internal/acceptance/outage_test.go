package acceptance

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// outages are the ways in which a service can be away.
var outages = map[string]camstest.Answer{
	"503":                  camstest.Refusal(503, "ServiceUnavailable", "m"),
	"502 of a proxy":       {Status: 502, Body: "<html>Bad Gateway</html>"},
	"connections break":    {Drop: true},
	"no answer":            {Delay: time.Hour},
	"throttled":            camstest.Refusal(429, "Throttling.User", "m"),
	"503 that names waits": {Status: 503, Header: http.Header{"Retry-After": {"5"}}, Body: `{"Code":"ServiceUnavailable"}`},
}

// away lets a server give answer to all requests for a time.
func away(server *camstest.Server, after, during time.Duration, answer camstest.Answer) {
	start := time.Now().Add(after)
	server.AnswerFunc(func(camstest.Request) (camstest.Answer, bool) {
		now := time.Now()
		return answer, !now.Before(start) && now.Before(start.Add(during))
	})
}

// manyGroups fills a server with n groups and returns them.
func manyGroups(server *camstest.Server, n int) iter.Seq2[cams.ChatGroup, error] {
	for i := range n {
		server.AddGroup(camstest.Group{BusinessNumber: testNumber, CustSpaceID: "cams-k001", GroupID: fmt.Sprint("g", i), Participants: []string{fmt.Sprint(8613900000000 + i)}})
	}
	return func(yield func(cams.ChatGroup, error) bool) {
		for i := range n {
			if !yield(cams.ChatGroup{GroupID: fmt.Sprint("g", i)}, nil) {
				return
			}
		}
	}
}

func TestAJobOutlastsAnOutageAndLosesNoGroup(t *testing.T) {
	t.Parallel()
	const groups, workers, latency = 600, 16, 200 * time.Millisecond
	for name, answer := range outages {
		for _, during := range []time.Duration{time.Second, 5 * time.Second, 40 * time.Second, 4 * time.Minute} {
			t.Run(fmt.Sprint(name, " for ", during), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					server, client := service(t)
					server.SetLatency(latency)
					all := manyGroups(server, groups)
					const begins = 2 * time.Second
					away(server, begins, during, answer)
					start, n := time.Now(), 0
					for roster, err := range cams.Rosters(t.Context(), client, jobRequest(), all, workers) {
						require.NoError(t, err)
						require.NoError(t, roster.Err)
						assert.Len(t, roster.Participants, 1)
						assert.Equal(t, fmt.Sprint("g", n), roster.Group.GroupID)
						n++
					}
					took := time.Since(start)
					assert.Equal(t, groups, n)
					meanwhile := 0
					for _, request := range server.Requests() {
						if at := request.Time.Sub(start); at >= begins && at < begins+during {
							meanwhile++
						}
					}
					extra := took - during - groups/workers*latency
					t.Logf("%d requests meanwhile, %v longer than outage and work", meanwhile, extra)
					assert.LessOrEqual(t, meanwhile, 60)
					assert.LessOrEqual(t, extra, 75*time.Second)
				})
			})
		}
	}
}

func TestPatienceThatEndsIsOneErrorAfterAllThatIsComplete(t *testing.T) {
	t.Parallel()
	for name, answer := range outages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, client := service(t)
				server.SetLatency(100 * time.Millisecond)
				all := manyGroups(server, 500)
				away(server, time.Second, time.Hour, answer)
				start, complete := time.Now(), 0
				var last error
				for roster, err := range cams.Rosters(t.Context(), client, jobRequest(), all, 16, cams.WithPatience(time.Minute)) {
					require.NoError(t, last, "the error is the last")
					if last = err; err == nil {
						require.NoError(t, roster.Err)
						complete++
					}
				}
				assert.True(t, errors.Is(last, cams.ErrUnavailable) || errors.Is(last, cams.ErrThrottled), "%v", last)
				assert.Contains(t, last.Error(), "gave up after 1m0s without a success")
				assert.GreaterOrEqual(t, complete, 9*16)
				assert.LessOrEqual(t, time.Since(start), 10*time.Minute)
			})
		})
	}
}

func TestOneRefusalThatIsAboutAllEndsTheJob(t *testing.T) {
	t.Parallel()
	for code, class := range map[string]error{"NoPermission": cams.ErrAccessDenied, "InvalidAccessKeyId.NotFound": cams.ErrUnauthenticated} {
		synctest.Test(t, func(t *testing.T) {
			server, client := service(t)
			server.SetLatency(100 * time.Millisecond)
			all := manyGroups(server, 1000)
			server.Answer(camstest.Refusal(403, code, "m"))
			list, err := cams.Collect(cams.Rosters(t.Context(), client, jobRequest(), all, 16))
			require.ErrorIs(t, err, class)
			assert.Empty(t, list)
			assert.LessOrEqual(t, len(server.Requests()), 2*16)
		})
	}
}

func TestAGroupThatFailsWhileOthersSucceedIsItsOwnError(t *testing.T) {
	t.Parallel()
	for _, sick := range []string{"g0", "g7", "g299"} {
		synctest.Test(t, func(t *testing.T) {
			server, client := service(t)
			server.SetLatency(100 * time.Millisecond)
			all := manyGroups(server, 300)
			server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
				return camstest.Refusal(500, "InternalError", "m"), r.Parameter("GroupId") == sick
			})
			start, n := time.Now(), 0
			for roster, err := range cams.Rosters(t.Context(), client, jobRequest(), all, 16) {
				require.NoError(t, err)
				assert.Equal(t, roster.Group.GroupID == sick, roster.Err != nil)
				n++
			}
			assert.Equal(t, 300, n)
			if sick != "g299" { // with no other group left, nothing tells a sick group from an outage
				assert.Less(t, time.Since(start), 20*time.Second)
			}
		})
	}
}

func TestReadyRostersAreYieldedWhileGroupsBlock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t)
		all := manyGroups(server, 20)
		blocking := func(yield func(cams.ChatGroup, error) bool) {
			for group := range all {
				if !yield(group, nil) {
					return
				}
				if group.GroupID == "g9" {
					time.Sleep(time.Hour)
				}
			}
		}
		start, n := time.Now(), 0
		for _, err := range cams.Rosters(t.Context(), client, jobRequest(), blocking, 4) {
			require.NoError(t, err)
			if n++; n == 10 {
				assert.Less(t, time.Since(start), time.Second)
			}
		}
		assert.Equal(t, 20, n)
	})
}

func TestCallsAreInFlightWhileTheLoopWorks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t)
		server.SetLatency(100 * time.Millisecond)
		all := manyGroups(server, 50)
		start := time.Now()
		for _, err := range cams.Rosters(t.Context(), client, jobRequest(), all, 1) {
			require.NoError(t, err)
			time.Sleep(100 * time.Millisecond)
		}
		assert.Equal(t, 51*100*time.Millisecond, time.Since(start), "the calls cost nothing but the first")
	})
}

func TestGroupsThatPanicOrEndTheirGoroutineAreNoNormalEnd(t *testing.T) {
	t.Parallel()
	server, client := service(t)
	all := manyGroups(server, 3)
	broken := func(how func()) iter.Seq2[cams.ChatGroup, error] {
		return func(yield func(cams.ChatGroup, error) bool) {
			for group := range all {
				yield(group, nil)
			}
			how()
		}
	}
	list, err := cams.Collect(cams.Rosters(t.Context(), client, jobRequest(), broken(runtime.Goexit), 2))
	require.Error(t, err)
	assert.Len(t, list, 3, "what came before is complete")
	assert.PanicsWithValue(t, "groups", func() {
		for range cams.Rosters(t.Context(), client, jobRequest(), broken(func() { panic("groups") }), 2) {
		}
	})
}

func TestAPagerWithPatienceOutlastsAnOutage(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{0, 4} {
		synctest.Test(t, func(t *testing.T) {
			server, client := service(t)
			server.SetLatency(100 * time.Millisecond)
			manyGroups(server, 1000)
			away(server, time.Second, 40*time.Second, outages["503"])
			req := &cams.ListChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: "cams-k001"}
			pager := cams.NewListChatGroupPager(client, req, cams.WithPatience(time.Minute), cams.WithPrefetch(prefetch))
			groups, err := cams.Collect(pager.All(t.Context()))
			require.NoError(t, err)
			assert.Equal(t, 1001, len(groups), "with the first of service")

			impatient := cams.NewListChatGroupPager(client, req)
			away(server, 0, time.Minute, outages["503"])
			_, err = cams.Collect(impatient.All(t.Context()))
			assert.ErrorIs(t, err, cams.ErrUnavailable, "a pager has no patience by default")
			_, err = pager.NextPage(t.Context())
			assert.ErrorIs(t, err, cams.ErrUnavailable, "a single page has no patience")
		})
	}
}

func TestACallersContextEndsPatienceAndTheErrorSaysBoth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t)
		all := manyGroups(server, 10)
		away(server, 0, time.Hour, outages["503"])
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		start := time.Now()
		_, err := cams.Collect(cams.Rosters(ctx, client, jobRequest(), all, 4))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 20*time.Second, time.Since(start))

		pager := cams.NewListChatGroupPager(client, &cams.ListChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: "cams-k001"}, cams.WithPatience(time.Hour))
		ctx, cancel = context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_, err = cams.Collect(pager.All(ctx))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorIs(t, err, cams.ErrUnavailable)
	})
}

func jobRequest() *cams.ListChatGroupParticipantsRequest {
	return &cams.ListChatGroupParticipantsRequest{BusinessNumber: testNumber, CustSpaceID: "cams-k001"}
}

func TestAnOutageThatEndsAtTheThirdTryCostsNoGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t)
		all := manyGroups(server, 5)
		var failed atomic.Int32 // all requests fail from g1's first to its fifth: three attempts and two probes
		server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
			down := (failed.Load() > 0 || r.Parameter("GroupId") == "g1") && failed.Load() < 5
			if down {
				failed.Add(1)
			}
			return outages["503"], down
		})
		for roster, err := range cams.Rosters(t.Context(), client, jobRequest(), all, 1) {
			require.NoError(t, err)
			require.NoError(t, roster.Err)
		}
	})
}

func TestAProviderThatFailsForAMomentWhenItsTokenIsRefusedEndsNoJob(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		provider := providerFunc(func(context.Context) (cams.Credentials, error) {
			if asked++; asked == 2 {
				return cams.Credentials{}, temporary{errors.New("busy")}
			}
			return cams.Credentials{AccessKeyID: camstest.AccessKeyID, AccessKeySecret: camstest.AccessKeySecret, SecurityToken: fmt.Sprint("token-", asked),
				Expires: time.Now().Add(time.Hour)}, nil
		})
		server, client := service(t, cams.WithCredentials(provider))
		server.AddAccessKey(camstest.AccessKeyID, camstest.AccessKeySecret, "token-1")
		server.AddAccessKey(camstest.AccessKeyID, camstest.AccessKeySecret, "token-3")
		require.NoError(t, list(t.Context(), client))
		server.AnswerOnce(camstest.Refusal(400, "InvalidSecurityToken.Expired", "m"))
		assert.NoError(t, list(t.Context(), client))
		assert.Equal(t, 3, asked)
	})
}

func TestAnOutcomeThatIsUnknownMatchesNoClassThatPasses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t)
		server.AnswerOnce(camstest.Refusal(429, "Throttling.User", "m"), camstest.Answer{Delay: time.Hour, After: true})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := client.AddChatGroup(ctx, &cams.AddChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: "cams-k001"})
		require.ErrorIs(t, err, cams.ErrOutcomeUnknown)
		assert.NotErrorIs(t, err, cams.ErrThrottled)
		assert.NotErrorIs(t, err, cams.ErrUnavailable)
	})
}

// flaky is an API whose groups answer as a function says.
type flaky func(ctx context.Context, group string) error

func (f flaky) ListChatGroupParticipants(ctx context.Context, req *cams.ListChatGroupParticipantsRequest) (*cams.ListChatGroupParticipantsResponse, error) {
	if err := f(ctx, req.GroupID); err != nil {
		return nil, err
	}
	return &cams.ListChatGroupParticipantsResponse{}, nil
}

func unavailable(wait time.Duration) error {
	return &cams.APIError{Code: "ServiceUnavailable", StatusCode: 503, RetryAfter: wait}
}

func TestAWaitBeyondThePatienceHoldsUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		api := flaky(func(_ context.Context, group string) error {
			delay := map[string]time.Duration{"g0": 100 * time.Millisecond, "g1": 50 * time.Millisecond}[group]
			time.Sleep(delay)
			if time.Since(start) > 3*time.Second {
				return nil
			}
			return unavailable(map[string]time.Duration{"g0": 6 * time.Hour}[group])
		})
		list, err := cams.Collect(cams.Rosters(t.Context(), api, jobRequest(), groupsNamed(4, nil), 2))
		require.NoError(t, err)
		assert.Len(t, list, 4)
		assert.Less(t, time.Since(start), 20*time.Second)
	})
}

func TestFailuresOfAnOutageAreNotAGroupsTries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		failed := map[string]bool{}
		var mu sync.Mutex
		api := flaky(func(_ context.Context, group string) error {
			time.Sleep(50 * time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			since := time.Since(start)
			if since > 100*time.Millisecond && since < time.Minute {
				return unavailable(0)
			}
			if since >= time.Minute && !failed[group] { // once more, right after it
				failed[group] = true
				return unavailable(0)
			}
			return nil
		})
		list, err := cams.Collect(cams.Rosters(t.Context(), api, jobRequest(), groupsNamed(12, nil), 3))
		require.NoError(t, err)
		for _, roster := range list {
			assert.NoError(t, roster.Err)
		}
	})
}

func TestAnInvalidGroupDoesNotEndAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start, asked := time.Now(), 0
		api := flaky(func(_ context.Context, group string) error {
			switch {
			case group == "g0":
				time.Sleep(time.Millisecond)
				asked++
				if time.Since(start) < time.Minute {
					return unavailable(0)
				}
			case time.Since(start) < time.Minute: // g1 and others begin before the outage is noticed
				time.Sleep(10 * time.Second)
				return &cams.ValidationError{Field: "GroupID", Reason: "is missing"}
			}
			return nil
		})
		list, err := cams.Collect(cams.Rosters(t.Context(), api, jobRequest(), groupsNamed(4, nil), 4))
		require.NoError(t, err)
		assert.Len(t, list, 4)
		assert.LessOrEqual(t, asked, 7, "after 1, 2, 4, 8, 16 and 30 seconds")
	})
}

func TestAFailureAboutAllIsToldAlsoIfTheContextEndsAtThatMoment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		api := flaky(func(context.Context, string) error {
			return &cams.APIError{Code: "NoPermission", StatusCode: 403}
		})
		groups := func(yield func(cams.ChatGroup, error) bool) {
			yield(cams.ChatGroup{GroupID: "g0"}, nil)
			synctest.Wait() // the loop has the error, and waits for groups
			cancel()
		}
		_, err := cams.Collect(cams.Rosters(ctx, api, jobRequest(), groups, 1))
		assert.ErrorIs(t, err, context.Canceled)
		assert.ErrorIs(t, err, cams.ErrAccessDenied)
	})
}
