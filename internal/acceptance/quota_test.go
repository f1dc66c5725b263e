package acceptance

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
	"github.com/cams-go/cams/internal/load"
)

// quotaService is the fake service with a latency, and its clients with default options.
func quotaService(t *testing.T, clients int) (*camstest.Server, []*cams.Client) {
	server, client := service(t)
	server.SetLatency(40 * time.Millisecond)
	all := []*cams.Client{client}
	for len(all) < clients {
		other, err := server.NewClient()
		require.NoError(t, err)
		all = append(all, other)
	}
	return server, all
}

func overQuota(server *camstest.Server) (n int) {
	for _, request := range server.Requests() {
		if request.Code == "Throttling.User" {
			n++
		}
	}
	return n
}

func TestNothingIsLostUnderAnUnknownQuota(t *testing.T) {
	t.Parallel()
	window := func(n int, per time.Duration) func(*camstest.Server) {
		return func(s *camstest.Server) { s.SetQuota(n, per) }
	}
	bucket := func(rate float64, capacity int) func(*camstest.Server) {
		return func(s *camstest.Server) { s.SetTokenBucket(rate, capacity) }
	}
	for name, test := range map[string]struct {
		set              func(*camstest.Server)
		perSecond, burst float64 // what it offers
		calls            int
		workers          []int
		clients          int
		refused, used    float64 // the limits
	}{
		"a bucket of 10 a second":           {bucket(10, 10), 10, 10, 1500, []int{1, 16, 64}, 1, 0.07, 0.95},
		"a bucket of 10 a second, a crowd":  {bucket(10, 10), 10, 10, 1500, []int{200, 500}, 1, 0.26, 0.95},
		"a bucket of 10 a second, replicas": {bucket(10, 10), 10, 10, 1500, []int{16}, 4, 0.15, 0.75},
		"10 a second, 50 replicas":          {bucket(10, 10), 10, 10, 1500, []int{100}, 50, 0.6, 0.75},
		"10 in each second":                 {window(10, time.Second), 10, 0, 1500, []int{1, 16, 64}, 1, 0.08, 0.90},
		"1 a second":                        {bucket(1, 1), 1, 1, 300, []int{16}, 1, 0.25, 0.6},
		"600 in each minute":                {window(600, time.Minute), 10, 600, 1500, []int{1, 16, 64}, 1, 0.12, 0.6},
		"60 in each minute":                 {window(60, time.Minute), 1, 60, 300, []int{16}, 1, 0.3, 0.6},
		"20 a second, then 6, then 20": {func(s *camstest.Server) {
			s.SetTokenBucket(20, 20)
			time.AfterFunc(20*time.Second, func() { s.SetTokenBucket(6, 6) })
			time.AfterFunc(80*time.Second, func() { s.SetTokenBucket(20, 20) })
		}, 20, 20, 1500, []int{1, 16, 64}, 1, 0.08, 0.5},
	} {
		for _, named := range []bool{false, true} {
			for _, workers := range test.workers {
				t.Run(fmt.Sprintf("%s, %d workers, wait named %v", name, workers, named), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						server, clients := quotaService(t, test.clients)
						server.SetRetryAfter(named)
						test.set(server)
						calls := load.Work(test.calls, workers, func(worker int) error {
							return list(t.Context(), clients[worker%len(clients)])
						})
						share := float64(overQuota(server)) / float64(len(server.Requests()))
						used := float64(test.calls) / (test.burst + test.perSecond*calls.Took().Seconds())
						t.Logf("refused %.1f %%, used %.1f %%, unfair %.1f, took %v", 100*share, 100*used, calls.Unfair(), calls.Took())
						assert.Zero(t, calls.Lost())
						assert.LessOrEqual(t, share, test.refused)
						assert.GreaterOrEqual(t, used, test.used)
						if test.clients == 1 {
							assert.LessOrEqual(t, calls.Unfair(), 3.)
						}
					})
				})
			}
		}
	}
}

func TestWithoutAQuotaNothingIsSlower(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, clients := quotaService(t, 1)
		calls := load.Work(1500, 15, func(int) error { return list(t.Context(), clients[0]) })
		require.Zero(t, calls.Lost())
		assert.Equal(t, 100*40*time.Millisecond+14*load.Gap, calls.Took())
	})
}

func TestWebCallsRecoverFromAThrottlingOutage(t *testing.T) {
	t.Parallel()
	for _, perSecond := range []int{30, 100} {
		t.Run(fmt.Sprint(perSecond, " a second"), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, clients := quotaService(t, 1)
				time.AfterFunc(5*time.Second, func() { server.Answer(camstest.Refusal(429, "Throttling.User", "m")) })
				time.AfterFunc(15*time.Second, server.Reset)
				calls := load.Arrive(perSecond, time.Minute, func(int) error {
					ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
					defer cancel()
					return list(ctx, clients[0])
				})
				assert.GreaterOrEqual(t, calls.Since(25*time.Second).Share(), 0.95)
				for _, call := range calls {
					if call.Err != nil { // the quota was the cause, not a slow service
						require.ErrorIs(t, call.Err, cams.ErrThrottled)
						require.ErrorIs(t, call.Err, context.DeadlineExceeded)
					}
				}
			})
		})
	}
}

func TestAnOutageDoesNotRaiseTheRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, clients := quotaService(t, 1)
		server.SetTokenBucket(10, 10)
		time.AfterFunc(60*time.Second, func() { server.Answer(camstest.Refusal(503, "ServiceUnavailable", "m")) })
		time.AfterFunc(100*time.Second, server.Reset)
		load.Work(1500, 64, func(int) error { return list(t.Context(), clients[0]) })
		during := 0
		begin := server.Requests()[0].Time
		for _, request := range server.Requests() {
			if at := request.Time.Sub(begin); at > time.Minute && at < 100*time.Second {
				during++
			}
		}
		assert.LessOrEqual(t, during, 460, "10 a second, and what the rate may be above it")
	})
}

func TestAQuotaOfTheDayThatIsUsedUpEndsAllCallsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, clients := quotaService(t, 1)
		refusal := camstest.Refusal(429, "Throttling.User", "m")
		refusal.Header = http.Header{"X-Acs-Retry-After": {"10800000"}}
		server.Answer(refusal)
		calls := load.Work(16, 16, func(int) error { return list(t.Context(), clients[0]) })
		assert.Less(t, calls.Took(), time.Second)
		time.Sleep(time.Hour)
		begin, sent := time.Now(), len(server.Requests())
		calls = append(calls, load.Work(1, 1, func(int) error { return list(t.Context(), clients[0]) })...)
		assert.Zero(t, time.Since(begin))
		assert.Len(t, server.Requests(), sent, "a caller who comes later sends nothing")
		for _, call := range calls {
			require.ErrorIs(t, call.Err, cams.ErrThrottled)
			wait, ok := cams.RetryAfter(call.Err)
			assert.True(t, ok)
			assert.InDelta(t, 2.5, wait.Hours(), 0.51)
		}
	})
}

func TestAWaitOfYearsHoldsAnOperationForADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, clients := quotaService(t, 1)
		refusal := camstest.Refusal(429, "Throttling.User", "m")
		refusal.Header = http.Header{"X-Acs-Retry-After": {"99999999999"}} // three years
		server.AnswerOnce(refusal)
		require.ErrorIs(t, list(t.Context(), clients[0]), cams.ErrThrottled)
		time.Sleep(23 * time.Hour)
		require.ErrorIs(t, list(t.Context(), clients[0]), cams.ErrThrottled)
		time.Sleep(time.Hour)
		assert.NoError(t, list(t.Context(), clients[0]))
	})
}

func TestADeadlineThatEndsWhileTheLimiterHoldsACallSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, clients := quotaService(t, 1)
		server.AnswerOnce(camstest.Refusal(429, "Throttling.User", "m"))
		impatient, err := clients[0].With(cams.WithRetry(cams.NoRetry()))
		require.NoError(t, err)
		require.ErrorIs(t, list(t.Context(), impatient), cams.ErrThrottled)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		err = list(ctx, clients[0])
		require.ErrorIs(t, err, cams.ErrThrottled)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Contains(t, err.Error(), "it waited for the quota")
		failed := new(cams.CallError)
		require.ErrorAs(t, err, &failed)
		assert.Zero(t, failed.Attempts)
	})
}
