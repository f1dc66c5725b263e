package interop

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alibabacloud-go/tea/tea"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
	"github.com/cams-go/cams/internal/load"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"
)

// The job is to list many groups under a quota that the client does not know: 1,500 calls, one for each group,
// shared among workers. Time is virtual. The service is the fake in memory, which answers after 40 ms.

const (
	quotaGroups  = 1500
	quotaLatency = 40 * time.Millisecond
)

// quota says how many requests the service allows.
type quota struct {
	name    string
	set     func(*camstest.Server)
	offered func(took time.Duration) float64 // the number of requests that it would have granted in that time
	known   rate.Limit                       // the rate that a user who knows the quota sets
	atLeast float64                          // the share that cams must use if the workers can; 0 means no limit
	changes bool                             // it falls and comes back
	minutes bool                             // a wait can take a minute, so the clients get more retries and longer pauses
}

func bucket(perSecond int) quota {
	return quota{
		set:     func(s *camstest.Server) { s.SetTokenBucket(float64(perSecond), perSecond) },
		offered: func(took time.Duration) float64 { return float64(perSecond) * (1 + took.Seconds()) },
		known:   rate.Limit(perSecond),
	}
}

// window grants n requests in each period, even all at once. A period that has begun counts as a whole one.
func window(n int, per time.Duration) quota {
	return quota{
		set:     func(s *camstest.Server) { s.SetQuota(n, per) },
		offered: func(took time.Duration) float64 { return float64(n) * float64((took+per-1)/per) },
		known:   rate.Limit(float64(n) / per.Seconds()),
	}
}

func (q quota) named(name string, atLeast float64) quota {
	q.name, q.atLeast = name, atLeast
	return q
}

// falling is a bucket of 20 a second. At the time fall it becomes one of 6, and at the time back 20 again.
func falling(fall, back time.Duration) quota {
	return quota{
		set: func(s *camstest.Server) {
			s.SetTokenBucket(20, 20)
			time.AfterFunc(fall, func() { s.SetTokenBucket(6, 6) })
			time.AfterFunc(back, func() { s.SetTokenBucket(20, 20) })
		},
		offered: func(took time.Duration) float64 {
			low := min(max(took, fall), back) - fall
			return 20 + 20*(took-low).Seconds() + 6*low.Seconds()
		},
		known:   20,
		changes: true,
	}
}

// quotas returns the quotas of one run. The times at which the changing quota changes differ from run to run,
// because the result depends on what a limiter is doing at that moment.
func quotas(run int) []quota {
	minute := window(600, time.Minute).named("600 in each minute", 0)
	minute.minutes = true
	return []quota{
		bucket(10).named("bucket of 10 a second", 0.95),
		bucket(50).named("bucket of 50 a second", 0.92),
		window(10, time.Second).named("10 in each second", 0.90),
		minute,
		falling(time.Duration(16+run)*time.Second, time.Duration(70+3*run)*time.Second).named("20 a second, then 6, then 20", 0.94),
	}
}

// quotaPeer is a client. It must be made within the bubble of virtual time.
type quotaPeer struct {
	name string
	dial func(target, quota) (call, error)
}

var quotaPeers = []quotaPeer{
	{"cams", func(to target, _ quota) (call, error) { return dialCamsWith(to) }},
	{"AWS's limiter", func(to target, q quota) (call, error) {
		pace := newAWSPace()
		return dialCamsWith(to, append(patience(q), cams.WithLimiter(pace), cams.WithObserver(pace))...)
	}},
	{"fixed rate", func(to target, q quota) (call, error) {
		return dialCamsWith(to, append(patience(q), cams.WithLimiter(rate.NewLimiter(q.known, 1)))...)
	}},
	{"official", func(to target, q quota) (call, error) {
		call, err := dialOfficialWith(to, 3)
		if q.minutes {
			return backOff(call, 10), err
		}
		return backOff(call, 5), err
	}},
	{"legacy", func(to target, q quota) (call, error) {
		if q.minutes {
			return dialLegacyWith(to, 9)
		}
		return dialLegacyWith(to, 3)
	}},
}

// patience is the policy that docs/howto.md recommends for a quota that renews each minute.
func patience(q quota) []cams.Option {
	if q.minutes {
		return []cams.Option{cams.WithRetry(cams.RetryPolicy{MaxAttempts: 10, MaxDelay: 2 * time.Minute})}
	}
	return nil
}

// backOff is the loop that Alibaba Cloud's documentation shows for refusals: it waits 200 ms, then twice as
// long each time. The core's error does not contain the wait that the service names.
func backOff(call call, attempts int) call {
	return func() (members int, err error) {
		pause := 200 * time.Millisecond
		for n := 1; ; n++ {
			members, err = call()
			refused := new(tea.SDKError)
			if err == nil || n == attempts || !errors.As(err, &refused) || !strings.HasPrefix(*refused.Code, "Throttling") {
				return members, err
			}
			time.Sleep(pause)
			pause = min(2*pause, 2*time.Minute)
		}
	}
}

// awsPace is the limiter of AWS's adaptive retry mode. As in AWS's own clients, each attempt first takes a
// token, and returns it with its result. The limiter learns from the result.
//
// AWS's own way to wait does not work in virtual time: it would sleep for less than a nanosecond, which is no
// time, and try again without end. So the first caller in line asks each millisecond.
type awsPace struct {
	mode *retry.AdaptiveMode
	line chan struct{}
}

func newAWSPace() awsPace {
	mode := retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
		o.FailOnNoAttemptTokens = true
		o.Throttles = append(o.Throttles, retry.IsErrorThrottleFunc(func(err error) aws.Ternary {
			return aws.BoolTernary(errors.Is(err, cams.ErrThrottled))
		}))
	})
	return awsPace{mode, make(chan struct{}, 1)}
}

// attemptToken holds the function that returns the token of a call's current attempt.
type attemptToken struct{ release func(error) error }

type attemptTokenKey struct{}

func (p awsPace) StartCall(ctx context.Context, _ string) context.Context {
	return context.WithValue(ctx, attemptTokenKey{}, new(attemptToken))
}

func (p awsPace) Wait(ctx context.Context) error {
	select {
	case p.line <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.line }()
	for ctx.Err() == nil {
		release, err := p.mode.GetAttemptToken(ctx)
		if err == nil {
			ctx.Value(attemptTokenKey{}).(*attemptToken).release = release
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return ctx.Err()
}

func (p awsPace) Attempt(ctx context.Context, attempt cams.AttemptInfo) {
	ctx.Value(attemptTokenKey{}).(*attemptToken).release(attempt.Err)
}

func (p awsPace) EndCall(context.Context, cams.CallInfo) {}

// quotaRun is one job: a client, a quota and a number of workers.
type quotaRun struct {
	quota
	client  quotaPeer
	workers int
	named   bool // refusals name the time to wait
}

// quotaResult is written as JSON for the report.
type quotaResult struct {
	Quota, Client string
	Workers       int
	Named         bool
	Lost          float64 // of the groups
	Refused       float64 // of the requests
	Used          float64 // of the requests that the quota allowed in that time
	Seconds       float64
}

func (run quotaRun) String() string {
	return fmt.Sprintf("%s, %s, %d workers, wait named %v", run.client.name, run.name, run.workers, run.named)
}

func (run quotaRun) measure(t *testing.T) (r quotaResult) {
	synctest.Test(t, func(t *testing.T) {
		fake := camstest.NewServer()
		fake.AddAccessKey(accessKeyID, accessKeySecret, "")
		fake.AddGroup(camstest.Group{
			BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939xyz", Participants: []string{"8613800000001"},
		})
		fake.SetLatency(quotaLatency)
		fake.SetRetryAfter(run.named)
		run.set(fake)
		call, err := run.client.dial(target{"https", host, fake}, run.quota)
		require.NoError(t, err)

		calls := load.Work(quotaGroups, run.workers, func(int) error {
			_, err := call()
			return err
		})
		lost, took := calls.Lost(), calls.Took()
		requests, refused := fake.Requests(), 0
		for _, request := range requests {
			if request.Code == "Throttling.User" {
				refused++
			}
		}
		r = quotaResult{
			Quota: run.name, Client: run.client.name, Workers: run.workers, Named: run.named,
			Lost:    float64(lost) / quotaGroups,
			Refused: float64(refused) / float64(len(requests)),
			Used:    float64(quotaGroups-lost) / run.offered(took),
			Seconds: took.Seconds(),
		}
	})
	t.Logf("lost %.1f %%, refused %.1f %%, used %.1f %%, took %.1f s", 100*r.Lost, 100*r.Refused, 100*r.Used, r.Seconds)
	return r
}

// measureRuns measures several runs of one job. quota is an index into quotas(run).
func measureRuns(t *testing.T, runs, quota int, client quotaPeer, workers int, named bool) quotaResult {
	of := make([]quotaResult, runs)
	for run := range of {
		of[run] = quotaRun{quotas(run)[quota], client, workers, named}.measure(t)
	}
	return medianOf(of)
}

// medianOf returns the median of each figure over several runs of the same job, but the mean of what was lost:
// no loss may be hidden.
func medianOf(runs []quotaResult) quotaResult {
	middle := runs[0]
	for _, run := range runs[1:] {
		middle.Lost += run.Lost
	}
	middle.Lost /= float64(len(runs))
	for _, figure := range []func(*quotaResult) *float64{
		func(r *quotaResult) *float64 { return &r.Refused },
		func(r *quotaResult) *float64 { return &r.Used },
		func(r *quotaResult) *float64 { return &r.Seconds },
	} {
		values := make([]float64, len(runs))
		for i := range runs {
			values[i] = *figure(&runs[i])
		}
		slices.Sort(values)
		*figure(&middle) = values[len(values)/2]
	}
	return middle
}

func TestUnderAnUnknownQuotaNoGroupIsLostAndAWSLimiterIsBeaten(t *testing.T) {
	t.Parallel()
	ours, theirs := quotaPeers[0], quotaPeers[1]
	for i, quota := range quotas(0) {
		runs := 1
		if quota.changes {
			runs = 5 // the result depends on when it changes
		}
		for _, workers := range []int{1, 16, 64} {
			for _, named := range []bool{false, true} {
				run := quotaRun{quota, ours, workers, named}
				t.Run(run.String(), func(t *testing.T) {
					t.Parallel()
					cams := measureRuns(t, runs, i, ours, workers, named)
					aws := measureRuns(t, runs, i, theirs, workers, named)
					assert.Zero(t, cams.Lost)
					assert.LessOrEqual(t, cams.Refused, refusedAtMost(run))
					assert.LessOrEqual(t, cams.Refused, aws.Refused+0.01)
					fastest := rate.Limit(float64(workers) / quotaLatency.Seconds())
					if quota.atLeast > 0 && fastest >= quota.known {
						assert.GreaterOrEqual(t, cams.Used, quota.atLeast)
					}
					if quota.atLeast > 0 && workers > 1 { // the share of one worker with AWS's limiter is random
						assert.GreaterOrEqual(t, cams.Used, min(aws.Used, 0.99)-0.01)
					}
				})
			}
		}
	}
}

func refusedAtMost(run quotaRun) float64 {
	switch {
	case run.minutes:
		return 0.12
	case run.workers > 16:
		return 0.08
	}
	return 0.05
}

func TestUnderAnUnknownQuotaTheOfficialClientsLoseGroups(t *testing.T) {
	t.Parallel()
	for _, client := range quotaPeers[3:] {
		run := quotaRun{quotas(0)[0], client, 16, true}
		t.Run(run.String(), func(t *testing.T) {
			t.Parallel()
			assert.Positive(t, run.measure(t).Lost)
		})
	}
}

var quotasOut = flag.String("quotas", "", "measure all clients under all quotas, and write the figures to this file as JSON")

func TestMeasureQuotas(t *testing.T) {
	if *quotasOut == "" {
		t.Skip("the report measures with -quotas")
	}
	var results []quotaResult
	t.Run("all", func(t *testing.T) {
		for which, q := range quotas(0) {
			runs := 3
			if q.changes {
				runs = 9 // the result depends on when it changes
			}
			for _, client := range quotaPeers {
				for _, workers := range []int{1, 4, 16, 64} {
					for _, named := range []bool{false, true} {
						i := len(results)
						results = append(results, quotaResult{})
						t.Run(fmt.Sprint(i), func(t *testing.T) {
							t.Parallel()
							results[i] = measureRuns(t, runs, which, client, workers, named)
						})
					}
				}
			}
		}
	})
	text, err := json.MarshalIndent(results, "", "\t")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(*quotasOut, text, 0o644))
}
