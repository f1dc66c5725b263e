package limiter_test

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cams-go/cams/internal/limiter"
	"github.com/cams-go/cams/internal/load"
)

var seeds = flag.Int("seeds", 2, "runs of each simulation")

// quota is a service that grants requests or refuses them. Times are since the start of
// the run.
type quota interface {
	// ask reports whether a request is granted and, if not, after how long one would be.
	ask(at time.Duration) (granted bool, wait time.Duration)
	// offered returns how many requests could have been granted until then.
	offered(at time.Duration) float64
}

// newQuota makes a quota for one run.
type newQuota func(*rand.Rand) quota

// bucket is a token bucket whose rate may change.
type bucket struct {
	rate                    func(at time.Duration) float64
	capacity, tokens, total float64
	last                    time.Duration
}

func newBucket(capacity float64, rate func(time.Duration) float64) *bucket {
	return &bucket{rate: rate, capacity: capacity, tokens: capacity, total: capacity}
}

func (b *bucket) ask(at time.Duration) (bool, time.Duration) {
	b.fill(at)
	if b.tokens >= 1-1e-9 {
		b.tokens--
		return true, 0
	}
	return false, time.Duration((1 - b.tokens) / b.rate(at) * float64(time.Second))
}

func (b *bucket) offered(at time.Duration) float64 {
	b.fill(at)
	return b.total
}

func (b *bucket) fill(at time.Duration) {
	more := (at - b.last).Seconds() * b.rate(at)
	b.tokens = min(b.capacity, b.tokens+more)
	b.total += more
	b.last = at
}

// steadyBucket has a rate that does not change.
func steadyBucket(rate, capacity float64) newQuota {
	return func(*rand.Rand) quota { return newBucket(capacity, constant(rate)) }
}

func constant(rate float64) func(time.Duration) float64 {
	return func(time.Duration) float64 { return rate }
}

// between5And50 returns a rate, as often below 16 as above.
func between5And50(rng *rand.Rand) float64 { return 5 * math.Pow(10, rng.Float64()) }

// window grants n requests in each period of its clock, which shows offset at the start
// of the run.
type window struct {
	n              int
	period, offset time.Duration
	number         int64
	used           int
}

func (w *window) ask(at time.Duration) (bool, time.Duration) {
	clock := at + w.offset
	if number := int64(clock / w.period); number != w.number {
		w.number, w.used = number, 0
	}
	if w.used < w.n {
		w.used++
		return true, 0
	}
	return false, w.period - clock%w.period
}

func (w *window) offered(at time.Duration) float64 {
	return float64(w.n) * float64((at+w.offset)/w.period+1)
}

// inEach makes windows of n requests, which begin at a random time.
func inEach(period time.Duration, n int) newQuota {
	return func(rng *rand.Rand) quota { return &window{n: n, period: period, offset: rand.N(period)} }
}

// outage is a quota that grants nothing for some time.
type outage struct {
	quota
	from, until time.Duration
}

func (o outage) ask(at time.Duration) (bool, time.Duration) {
	if o.from <= at && at < o.until {
		return false, o.until - at
	}
	return o.quota.ask(at)
}

// service is a quota that clients share, and the clients' limiters.
type service struct {
	start    time.Time
	latency  time.Duration
	named    bool // refusals name the time to wait
	limiters []limiter.Adaptive

	mu             sync.Mutex
	quota          quota
	asked, refused int
}

func newService(q quota, clients int) *service {
	return &service{start: time.Now(), latency: 40 * time.Millisecond, quota: q, limiters: make([]limiter.Adaptive, clients)}
}

// call repeats a request until it is granted, as the client does.
func (s *service) call(ctx context.Context, client int) error {
	l, came := &s.limiters[client%len(s.limiters)], time.Now()
	for {
		ticket, err := l.Wait(ctx, came)
		if err != nil {
			return err
		}
		if !pause(ctx, s.latency/2) {
			l.Failed(ticket)
			return ctx.Err()
		}
		granted, wait := s.ask()
		if !pause(ctx, s.latency/2) {
			l.Failed(ticket)
			return ctx.Err()
		}
		if granted {
			l.Granted(ticket)
			return nil
		}
		l.Refused(ticket, wait)
	}
}

func (s *service) ask() (granted bool, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	granted, wait = s.quota.ask(time.Since(s.start))
	if !granted {
		s.refused++
	}
	if !s.named {
		wait = 0
	}
	return granted, wait
}

// pause takes between a tenth of a millisecond more and less, as a network does. It
// reports false if ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d + rand.N(200*time.Microsecond) - 100*time.Microsecond):
		return true
	case <-ctx.Done():
		return false
	}
}

// job is 1,500 calls by the workers of some clients.
type job struct {
	calls, workers, clients int
	named                   bool
}

// figures are the worst of some runs.
type figures struct {
	lost           int
	refused, share float64 // of the requests; of those that the service could have granted
	unfair         float64
	took           time.Duration
}

// runs is how often a job is simulated: once with -short, which the slow race detector uses.
func runs() int {
	if testing.Short() {
		return 1
	}
	return *seeds
}

// simulate runs a job once for each seed, in virtual time.
func simulate(t *testing.T, j job, newQuota newQuota) figures {
	worst := figures{share: 2}
	for seed := range runs() {
		synctest.Test(t, func(t *testing.T) {
			s := newService(newQuota(rand.New(rand.NewPCG(uint64(seed), 0))), max(1, j.clients))
			s.named = j.named
			calls := load.Work(j.calls, j.workers, func(worker int) error { return s.call(t.Context(), worker) })
			worst.lost += calls.Lost()
			worst.refused = max(worst.refused, float64(s.refused)/float64(s.asked))
			worst.share = min(worst.share, float64(len(calls)-calls.Lost())/s.quota.offered(calls.Took()))
			worst.unfair = max(worst.unfair, calls.Unfair())
			worst.took = max(worst.took, calls.Took())
		})
	}
	t.Logf("lost %d, refused %.1f %%, share %.1f %%, unfair %.1f, took %.1f s", worst.lost,
		100*worst.refused, 100*worst.share, worst.unfair, worst.took.Seconds())
	return worst
}

func TestFinishesEveryCallUnderAnUnknownQuota(t *testing.T) {
	t.Parallel()
	// One worker makes at most 25 requests a second.
	tests := []struct {
		name     string
		newQuota newQuota
		share    [2]float64 // at least, with one worker and with more
		refused  [2]float64 // at most, up to 16 workers and with more
	}{
		{"a bucket of 5 a second", steadyBucket(5, 5), [2]float64{0.95, 0.95}, [2]float64{0.06, 0.09}},
		{"5 in each second", inEach(time.Second, 5), [2]float64{0.85, 0.85}, [2]float64{0.07, 0.11}},
		{"a bucket of 10 a second", steadyBucket(10, 10), [2]float64{0.95, 0.95}, [2]float64{0.05, 0.08}},
		{"a bucket of 50 a second", steadyBucket(50, 50), [2]float64{0.45, 0.92}, [2]float64{0.05, 0.08}},
		{"10 in each second", inEach(time.Second, 10), [2]float64{0.90, 0.90}, [2]float64{0.05, 0.08}},
		{"600 in each minute", inEach(time.Minute, 600), [2]float64{}, [2]float64{0.12, 0.12}},
		{"a bucket that falls from 20 to 6 a second and comes back",
			func(rng *rand.Rand) quota {
				fall := 15*time.Second + time.Duration(rng.Int64N(int64(10*time.Second)))
				return newBucket(20, func(at time.Duration) float64 {
					if fall <= at && at < fall+40*time.Second {
						return 6
					}
					return 20
				})
			},
			[2]float64{0.88, 0.88}, [2]float64{0.05, 0.08}},
		{"a bucket of 20 a second, and nothing for two seconds",
			func(rng *rand.Rand) quota {
				from := 15*time.Second + time.Duration(rng.Int64N(int64(10*time.Second)))
				return outage{steadyBucket(20, 20)(rng), from, from + 2*time.Second}
			},
			[2]float64{0.85, 0.85}, [2]float64{0.05, 0.08}},
		{"a bucket of 5 to 50 a second that holds the requests of up to two seconds",
			func(rng *rand.Rand) quota {
				rate := between5And50(rng)
				return newBucket(max(1, 2*rate*rng.Float64()), constant(rate))
			},
			[2]float64{0.45, 0.50}, [2]float64{0.07, 0.10}},
		{"5 to 50 in each second",
			func(rng *rand.Rand) quota { return inEach(time.Second, int(between5And50(rng)))(rng) },
			[2]float64{0.45, 0.80}, [2]float64{0.06, 0.09}},
	}
	for _, test := range tests {
		for _, named := range []bool{false, true} {
			for i, workers := range []int{1, 4, 16, 64} {
				t.Run(fmt.Sprintf("%s, wait named: %t, %d workers", test.name, named, workers), func(t *testing.T) {
					t.Parallel()
					worst := simulate(t, job{calls: 1500, workers: workers, named: named}, test.newQuota)
					assert.Zero(t, worst.lost)
					assert.LessOrEqual(t, worst.refused, test.refused[i/3])
					assert.GreaterOrEqual(t, worst.share, test.share[min(i, 1)])
					assert.LessOrEqual(t, worst.unfair, 3.)
				})
			}
		}
	}
}

func TestLosesNothingUnderAHardQuota(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		job      job
		newQuota newQuota
	}{
		{"128 workers", job{calls: 1500, workers: 128}, steadyBucket(10, 10)},
		{"500 workers", job{calls: 1500, workers: 500}, steadyBucket(10, 10)},
		{"500 workers, wait named", job{calls: 1500, workers: 500, named: true}, steadyBucket(10, 10)},
		{"60 in each minute", job{calls: 600, workers: 16}, inEach(time.Minute, 60)},
		{"60 in each minute, wait named", job{calls: 600, workers: 16, named: true}, inEach(time.Minute, 60)},
		{"1 a second", job{calls: 600, workers: 16}, steadyBucket(1, 1)},
		{"1 a second, wait named", job{calls: 600, workers: 16, named: true}, steadyBucket(1, 1)},
		{"2 clients", job{calls: 1500, workers: 16, clients: 2}, steadyBucket(10, 10)},
		{"4 clients", job{calls: 1500, workers: 16, clients: 4}, steadyBucket(10, 10)},
		{"10 clients", job{calls: 1500, workers: 40, clients: 10}, steadyBucket(10, 10)},
		{"50 clients", job{calls: 1500, workers: 100, clients: 50}, steadyBucket(10, 10)},
		{"4 clients, windows", job{calls: 1500, workers: 16, clients: 4}, inEach(time.Second, 10)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			worst := simulate(t, test.job, test.newQuota)
			assert.Zero(t, worst.lost)
			if test.job.clients == 0 {
				assert.LessOrEqual(t, worst.unfair, 3.)
			}
		})
	}
}

func TestWebCallsRecoverFromAnOutage(t *testing.T) {
	t.Parallel()
	for _, perSecond := range []int{20, 100, 300} {
		for _, lasts := range []time.Duration{4 * time.Second, 10 * time.Second, 70 * time.Second} {
			for _, latency := range []time.Duration{30 * time.Millisecond, 400 * time.Millisecond} {
				t.Run(fmt.Sprintf("%d a second, %v, %v", perSecond, lasts, latency), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						s := newService(outage{newBucket(1e9, constant(1e9)), 3 * time.Second, 3*time.Second + lasts}, 1)
						s.latency = latency
						calls := load.Arrive(perSecond, lasts+40*time.Second, func(i int) error {
							deadline := 4*time.Second + time.Duration(i%11)*100*time.Millisecond
							ctx, cancel := context.WithTimeout(t.Context(), deadline)
							defer cancel()
							return s.call(ctx, 0)
						})
						after := calls.Since(13*time.Second + lasts)
						assert.GreaterOrEqual(t, after.Share(), 0.95)
					})
				})
			}
		}
	}
}

func TestIsNotSlowerWithoutAQuota(t *testing.T) {
	t.Parallel()
	f := simulate(t, job{calls: 1600, workers: 16}, steadyBucket(1e9, 1e9))
	assert.Zero(t, f.refused)
	assert.Less(t, f.took, 4100*time.Millisecond) // 4.0 s, and the random part of the latency
}

func TestDoesNotForgetWhileCallersWait(t *testing.T) {
	t.Parallel()
	// Ten minutes of work just below the quota cost few refusals.
	f := simulate(t, job{calls: 6000, workers: 16}, steadyBucket(10, 10))
	assert.Less(t, f.refused, 0.03)
}
