package acceptance

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

func TestAnAnswerHoldsNothingOfAnEarlierAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t)
		server.AnswerOnce(
			camstest.Answer{Body: `{"Success":false,"Code":"Throttling","Message":"slow down","RequestId":"first","Data":{"Total":9}}`},
			camstest.Answer{Body: `{"Success":true}`})
		resp, err := client.ListChatGroupParticipants(t.Context(), validRequest())
		require.NoError(t, err)
		assert.Equal(t, &cams.ListChatGroupParticipantsResponse{ResponseMetadata: cams.ResponseMetadata{Success: true}}, resp)
	})
}

func TestTheServiceIsWaitedForAsItAsks(t *testing.T) {
	t.Parallel()
	throttled := func(header, value string) camstest.Answer {
		a := camstest.Refusal(429, "Throttling.User", "m")
		a.Header = http.Header{header: {value}}
		return a
	}
	for name, test := range map[string]struct {
		answer camstest.Answer
		wait   time.Duration
	}{
		"x-acs-retry-after": {throttled("X-Acs-Retry-After", "7000"), 7 * time.Second},
		"x-ratelimit-user":  {throttled("X-Ratelimit-User", "Limit:1,Remain:0,TimeLeft:5000,Reset:1"), 5 * time.Second},
		"Retry-After":       {throttled("Retry-After", "20"), 20 * time.Second},
		"decimals":          {throttled("Retry-After", "19.5"), 19500 * time.Millisecond},
		"a page with one":   {camstest.Answer{Status: 503, Body: "<html>", Header: http.Header{"Retry-After": {"3"}}}, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, client := service(t)
				server.AnswerOnce(test.answer)
				start := time.Now()
				_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
				require.NoError(t, err)
				assertWaited(t, test.wait, time.Since(start))
			})
		})
	}
}

func TestAWaitWithoutEndIsNotAWaitOfNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, cams.WithRetry(cams.RetryPolicy{MaxAttempts: 100, MaxDelay: math.MaxInt64}))
		server.Answer(camstest.Answer{Status: 503, Header: http.Header{"Retry-After": {"99999999999999999999"}}, Body: "busy"})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Hour, cancel)
		_, err := client.ListChatGroupParticipants(ctx, validRequest())
		require.ErrorIs(t, err, context.Canceled)
		assert.Len(t, server.Requests(), 1)
	})
}

func TestAPauseThatEndsAfterTheDeadlineIsNotBegun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, cams.WithRetry(cams.RetryPolicy{BaseDelay: 1000 * time.Hour, MaxDelay: 1000 * time.Hour}))
		server.Answer(camstest.Refusal(503, "ServiceUnavailable", "m"))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		_, err := client.ListChatGroupParticipants(ctx, validRequest())
		require.ErrorIs(t, err, cams.ErrUnavailable)
		assert.Zero(t, time.Since(start))
	})
}

func TestAWaitThatIsTooLongIsReturnedAtOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		code, header, asked string
		deadline            time.Duration
		want                time.Duration
	}{
		"longer than MaxDelay":     {"ServiceUnavailable", "Retry-After", "21", time.Hour, 21 * time.Second},
		"longer than two minutes":  {"Throttling.User", "X-Acs-Retry-After", "120001", time.Hour, 120001 * time.Millisecond},
		"past the caller's moment": {"Throttling.User", "X-Acs-Retry-After", "5000", 4 * time.Second, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, client := service(t)
				answer := camstest.Refusal(400, test.code, "m")
				answer.Header = http.Header{test.header: {test.asked}}
				server.Answer(answer)
				ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
				defer cancel()
				start := time.Now()
				_, err := client.ListChatGroupParticipants(ctx, validRequest())
				var api *cams.APIError
				require.ErrorAs(t, err, &api)
				assert.Equal(t, test.want, api.RetryAfter)
				assert.Contains(t, err.Error(), "retry after "+test.want.String())
				assert.Zero(t, time.Since(start))
				assert.Equal(t, 1, api.Attempts)
			})
		})
	}
}

func TestTheCallersContextEndsEverything(t *testing.T) {
	t.Parallel()
	hanging := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, context.Cause(r.Context())
	}
	stuck := cams.WithCredentials(providerFunc(func(ctx context.Context) (cams.Credentials, error) {
		<-ctx.Done()
		return cams.Credentials{}, ctx.Err()
	}))
	cause := errors.New("shutting down")
	for name, options := range map[string][]cams.Option{
		"while waiting for credentials": {stuck},
		"while waiting for the answer":  {withTransport(hanging)},
		"while reading the answer":      {withTransport(stalled)},
		"during a pause":                {withTransport(answered(503, `{"Code":"ServiceUnavailable"}`)), cams.WithRetry(cams.RetryPolicy{MaxAttempts: 100, BaseDelay: time.Hour, MaxDelay: time.Hour})},
	} {
		for how, end := range map[string]func(context.Context) (context.Context, context.CancelFunc, error){
			"a deadline": func(ctx context.Context) (context.Context, context.CancelFunc, error) {
				ctx, cancel := context.WithTimeout(ctx, time.Second)
				return ctx, cancel, context.DeadlineExceeded
			},
			"a cancel with a cause": func(ctx context.Context) (context.Context, context.CancelFunc, error) {
				ctx, cancel := context.WithCancelCause(ctx)
				time.AfterFunc(time.Second, func() { cancel(cause) })
				return ctx, func() { cancel(nil) }, context.Canceled
			},
		} {
			if name == "during a pause" && how == "a deadline" {
				continue // a pause that ends after the deadline is not begun
			}
			t.Run(name+"/"+how, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					client := clientOf(t, append([]cams.Option{testCredentials()}, options...)...)
					ctx, cancel, want := end(t.Context())
					defer cancel()
					start := time.Now()
					_, err := client.ListChatGroupParticipants(ctx, validRequest())
					require.ErrorIs(t, err, want)
					assert.Equal(t, time.Second, time.Since(start), "not a moment later")
					if want == context.Canceled {
						assert.ErrorIs(t, err, cause)
					}
					if name == "during a pause" {
						assert.True(t, cams.IsCode(err, "ServiceUnavailable"), "the last attempt's error is kept")
					}
					assert.Contains(t, err.Error(), "stopped by the caller's context")
				})
			})
		}
	}
}

func TestNothingIsSentIfTheCallersContextEndsWhileCredentialsCome(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	provider := providerFunc(func(context.Context) (cams.Credentials, error) { cancel(); return someCredentials, nil })
	client := clientOf(t, cams.WithCredentials(provider), withTransport(func(*http.Request) (*http.Response, error) {
		t.Error("sent")
		return nil, errors.New("not every transport looks at the context")
	}))
	_, err := client.ListChatGroupParticipants(ctx, validRequest())
	assert.ErrorIs(t, err, context.Canceled)
}

func TestTheErrorOfACancelledAttemptKeepsTheErrorOfTheOneBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t)
		server.AnswerOnce(camstest.Refusal(503, "ServiceUnavailable", "m"), camstest.Answer{Status: 200, Body: "{}", Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, err := client.ListChatGroupParticipants(ctx, validRequest())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.True(t, cams.IsCode(err, "ServiceUnavailable"))
		assert.Contains(t, err.Error(), "2 attempts")
	})
}

func TestAnAttemptTimeoutIsADeadlineThatSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, cams.WithAttemptTimeout(2*time.Second), cams.WithRetry(cams.NoRetry()))
		server.Answer(camstest.Answer{Body: "{}", Delay: time.Hour})
		start := time.Now()
		_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 2*time.Second, time.Since(start))
		assert.EqualError(t, err, "cams: ListChatGroupParticipants: timed out: no complete answer within the attempt timeout of 2s (1 attempt)")
		var timeout net.Error
		require.ErrorAs(t, err, &timeout)
		assert.True(t, timeout.Timeout())
	})
}

func TestATotalOutageMeetsFewMoreRequestsThanCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var requests atomic.Int64
		client := clientOf(t, testCredentials(), withTransport(func(*http.Request) (*http.Response, error) {
			requests.Add(1)
			return nil, syscall.ECONNREFUSED
		}))
		const calls = 10_000
		var group sync.WaitGroup
		for range 100 {
			group.Go(func() {
				for range calls / 100 {
					_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
					assert.ErrorIs(t, err, syscall.ECONNREFUSED)
				}
			})
		}
		group.Wait()
		t.Logf("%d calls made %d requests", calls, requests.Load())
		assert.LessOrEqual(t, requests.Load(), int64(calls+200))
		assert.Greater(t, requests.Load(), int64(calls), "the first ones are retried")
	})
}

func TestOneBadMinuteDoesNotEndRetriesForGood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t)
		server.Answer(camstest.Answer{Drop: true})
		for range 200 {
			client.ListChatGroupParticipants(t.Context(), validRequest())
		}
		server.Reset()
		for range 10 {
			_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
			require.NoError(t, err)
		}
		server.AnswerOnce(camstest.Answer{Drop: true})
		_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
		assert.NoError(t, err, "retried again")
	})
}

func TestPausesThatTheCallerEndsCostNoRetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, cams.WithRetry(cams.RetryPolicy{BaseDelay: 20 * time.Second}))
		server.Answer(camstest.Answer{Drop: true})
		for range 200 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
			client.ListChatGroupParticipants(ctx, validRequest())
			cancel()
		}
		server.Reset()
		server.AnswerOnce(camstest.Answer{Drop: true})
		_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
		assert.NoError(t, err, "there is budget left for a retry")
	})
}

func TestAWrongClockIsCorrectedOnce(t *testing.T) {
	t.Parallel()
	for name, skew := range map[string]time.Duration{"behind": time.Hour, "ahead": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, client := service(t)
				server.SetClock(func() time.Time { return time.Now().Add(skew) })
				_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
				require.NoError(t, err)
				require.Len(t, server.Requests(), 2)
				_, err = client.ListChatGroupParticipants(t.Context(), validRequest())
				require.NoError(t, err)
				requests := server.Requests()
				require.Len(t, requests, 3, "later calls use the correction")
				signed, err := time.Parse("2006-01-02T15:04:05Z", requests[2].Header.Get("x-acs-date"))
				require.NoError(t, err)
				assert.WithinDuration(t, requests[2].Time, signed, time.Second)
			})
		})
	}
}

// assertWaited wants the wait that was asked for, and a tenth more at most.
func assertWaited(t *testing.T, asked, waited time.Duration) {
	t.Helper()
	assert.GreaterOrEqual(t, waited, asked)
	assert.LessOrEqual(t, waited, asked+asked/10)
}

func TestCallersWithTheSameWaitDoNotRetryAtTheSameMoment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t)
		server.SetLatency(40 * time.Millisecond) // all are sent before the first answer
		throttled := camstest.Refusal(429, "Throttling.User", "m")
		throttled.Header = http.Header{"X-Acs-Retry-After": {"200"}}
		server.AnswerOnce(slices.Repeat([]camstest.Answer{throttled}, 100)...)
		moments := map[time.Time]bool{}
		var mu sync.Mutex
		var callers sync.WaitGroup
		for range 100 {
			callers.Go(func() {
				_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
				assert.NoError(t, err)
				mu.Lock()
				defer mu.Unlock()
				moments[time.Now()] = true
			})
		}
		callers.Wait()
		assert.Greater(t, len(moments), 90)
	})
}

func TestTheClockIsCorrectedOnlyIfTheServiceRefusesTheTime(t *testing.T) {
	t.Parallel()
	hourOld := http.Header{"Date": {time.Date(1999, 12, 31, 23, 0, 0, 0, time.UTC).Format(http.TimeFormat)}}
	cached := http.Header{"Date": hourOld["Date"], "Age": {"3600"}}
	for name, answer := range map[string]camstest.Answer{
		"an old 503":                  {Status: 503, Body: `{"Code":"ServiceUnavailable"}`, Header: hourOld},
		"an old 429":                  {Status: 429, Body: `{"Code":"Throttling"}`, Header: hourOld},
		"an old page":                 {Status: 502, Body: `<html>`, Header: hourOld},
		"another hour from a cache":   {Status: 503, Body: `{"Code":"ServiceUnavailable"}`, Header: cached},
		"a wrong hour that no one is": {Status: 400, Body: `{"Code":"InvalidTimeStamp.Expired"}`, Header: hourOld},
		"an invalid time, cached":     {Status: 400, Body: `{"Code":"InvalidTimeStamp.Expired"}`, Header: cached},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // at midnight, 2000-01-01
				server, client := service(t)
				server.AnswerOnce(answer)
				client.ListChatGroupParticipants(t.Context(), validRequest())
				_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
				require.NoError(t, err, "later calls have the right time")
				requests := server.Requests()
				signed, err := time.Parse("2006-01-02T15:04:05Z", requests[len(requests)-1].Header.Get("x-acs-date"))
				require.NoError(t, err)
				assert.WithinDuration(t, time.Now(), signed, 30*time.Second)
			})
		})
	}
}

func TestRepairsCostTheBudgetNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t)
		server.SetClock(func() time.Time { return time.Now().Add(time.Hour) })
		var callers sync.WaitGroup
		for range 300 { // before the first of them has learned the time
			callers.Go(func() {
				_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
				assert.NoError(t, err)
			})
		}
		callers.Wait()
		assert.LessOrEqual(t, len(server.Requests()), 600, "once a call")
	})
}

func TestEachAttemptAndEachFailureIsLogged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		server, client := service(t, cams.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{
			Level: slog.LevelDebug,
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				if a.Value.Kind() == slog.KindDuration { // it has jitter
					return slog.Duration(a.Key, a.Value.Duration().Truncate(500*time.Millisecond))
				}
				return a
			},
		}))))
		throttled := camstest.Refusal(429, "Throttling.User", "m")
		throttled.Header = http.Header{"X-Acs-Retry-After": {"1500"}, "X-Acs-Request-Id": {"id-1"}}
		throttled.Body = strings.ReplaceAll(throttled.Body, "${RequestId}", "id-1")
		refused := camstest.Answer{Status: 403, Body: `{"Code":"NoPermission","Message":"m","RequestId":"id-2"}`, Delay: time.Second}
		server.AnswerOnce(throttled, refused)
		_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
		require.ErrorIs(t, err, cams.ErrAccessDenied)
		want := `level=DEBUG msg="cams attempt" operation=ListChatGroupParticipants attempt=1 duration=0s status=429 request_id=id-1 code=Throttling.User retry_reason=throttled retry_wait=0s
level=DEBUG msg="cams attempt" operation=ListChatGroupParticipants attempt=2 duration=1s waited=1.5s status=403 request_id=id-2 code=NoPermission reason="not retryable"
level=WARN msg="cams call failed" operation=ListChatGroupParticipants attempts=2 duration=2.5s error="cams: ListChatGroupParticipants: NoPermission: m - the RAM identity needs the action cams:ListChatGroupParticipants (status 403, request ID id-2, 2 attempts)"
`
		assert.Equal(t, want, log.String())
	})
}
