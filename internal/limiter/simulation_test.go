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
)

var seeds = flag.Int("seeds", 6, "runs of each simulation")

// quota is a service that grants requests or refuses them. Times are since the
// start of the run.
type quota interface {
	// ask reports whether a request is granted and, if not, after how long one
	// would be.
	ask(at time.Duration) (granted bool, wait time.Duration)
	// offered returns how many requests could have been granted until then.
	offered(at time.Duration) float64
}

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

// steadyBucket holds the requests of a second, and its rate does not change.
func steadyBucket(rate float64) func(*rand.Rand) quota {
	return func(*rand.Rand) quota { return newBucket(rate, constant(rate)) }
}

func constant(rate float64) func(time.Duration) float64 {
	return func(time.Duration) float64 { return rate }
}

// between5And50 returns a rate, as often below 16 as above.
func between5And50(rng *rand.Rand) float64 { return 5 * math.Pow(10, rng.Float64()) }

// window grants n requests in each period of its clock, which shows offset at
// the start of the run.
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

// inEach makes windows of n requests, which begin at a random time.
func inEach(period time.Duration, n int) func(*rand.Rand) quota {
	return func(rng *rand.Rand) quota {
		return &window{n: n, period: period, offset: between(rng, period)}
	}
}

func between(rng *rand.Rand, d time.Duration) time.Duration {
	return time.Duration(rng.Int64N(int64(d)))
}

// job is the work of a client with a limiter: calls made by workers. Several
// clients may share the work and the quota.
type job struct {
	calls, workers int
	clients        int // 0 means one
	maxAttempts    int
	maxDelay       time.Duration
	named          bool // refusals name the time to wait
}

const latency = 40 * time.Millisecond

type figures struct {
	lost, refused int
	share         float64 // of the requests that the service could have granted
	took          time.Duration
}

// run is one run of a job.
type run struct {
	job
	start time.Time

	mu    sync.Mutex
	quota quota
	left  int
	figures
}

// worker makes calls. It has random numbers of its own, and no two workers do
// anything at the same moment. So a run has the same figures each time.
type worker struct {
	*run
	limiter *limiter.Adaptive // of the worker's client
	rng     *rand.Rand
}

// simulate runs a job in virtual time.
func simulate(t *testing.T, j job, newQuota func(*rand.Rand) quota, seed uint64) (f figures) {
	synctest.Test(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(seed, 0))
		r := &run{job: j, quota: newQuota(rng), left: j.calls, start: time.Now()}
		limiters := make([]limiter.Adaptive, max(1, j.clients))
		var workers sync.WaitGroup
		for i := range j.workers {
			w := worker{r, &limiters[i%len(limiters)], rand.New(rand.NewPCG(seed, uint64(i+1)))}
			workers.Go(w.work)
		}
		workers.Wait()
		r.took = time.Since(r.start)
		r.share = float64(j.calls-r.lost) / r.quota.offered(r.took)
		f = r.figures
	})
	return f
}

// simulateAll runs a job once for each seed. It returns the sum of the lost calls,
// and the worst of each other figure.
func simulateAll(t *testing.T, j job, newQuota func(*rand.Rand) quota) figures {
	worst := figures{share: 2}
	for seed := range *seeds {
		f := simulate(t, j, newQuota, uint64(seed))
		worst.lost += f.lost
		worst.refused = max(worst.refused, f.refused)
		worst.share = min(worst.share, f.share)
		worst.took = max(worst.took, f.took)
	}
	t.Logf("lost %d, refused %.1f %%, share %.1f %%, took %.1f s", worst.lost,
		100*float64(worst.refused)/float64(j.calls), 100*worst.share, worst.took.Seconds())
	return worst
}

func (w worker) work() {
	time.Sleep(w.random(time.Millisecond))
	for w.take() {
		w.call()
	}
}

// take reports whether there is another call to make.
func (r *run) take() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left--
	return r.left >= 0
}

// call repeats a request much as the client does.
func (w worker) call() {
	longest := 200 * time.Millisecond // the client's default with this limiter
	for n := range w.maxAttempts {
		granted, wait := w.attempt(n)
		if granted {
			return
		}
		if n+1 == w.maxAttempts {
			break
		}
		if wait > 0 {
			wait += w.random(100 * time.Millisecond)
		} else {
			wait = w.random(longest)
		}
		time.Sleep(wait)
		longest = min(2*longest, w.maxDelay)
	}
	w.mu.Lock()
	w.lost++
	w.mu.Unlock()
}

func (w worker) attempt(refusals int) (granted bool, wait time.Duration) {
	ticket, err := w.limiter.Wait(context.Background(), refusals)
	if err != nil {
		panic(err)
	}
	time.Sleep(latency/2 + w.random(time.Millisecond))
	w.mu.Lock()
	granted, wait = w.quota.ask(time.Since(w.start))
	if !granted {
		w.refused++
	}
	w.mu.Unlock()
	time.Sleep(latency / 2)
	if !w.named {
		wait = 0
	}
	if granted {
		w.limiter.Succeeded(ticket, -1, 0)
	} else {
		w.limiter.Refused(ticket, wait)
	}
	return granted, wait
}

func (w worker) random(d time.Duration) time.Duration {
	return between(w.rng, d)
}

func TestFinishesEveryCallUnderAnUnknownQuota(t *testing.T) {
	t.Parallel()
	// One worker makes at most 25 requests a second.
	tests := []struct {
		name        string
		newQuota    func(rng *rand.Rand) quota
		maxAttempts int
		maxDelay    time.Duration
		share       [2]float64 // at least, with one worker and with more
		refused     [2]float64 // at most, up to 16 workers and with more
	}{
		{"a bucket of 5 a second",
			steadyBucket(5),
			3, 20 * time.Second, [2]float64{0.95, 0.95}, [2]float64{0.06, 0.09}},
		{"5 in each second",
			inEach(time.Second, 5),
			3, 20 * time.Second, [2]float64{0.85, 0.85}, [2]float64{0.06, 0.09}},
		{"a bucket of 10 a second",
			steadyBucket(10),
			3, 20 * time.Second, [2]float64{0.95, 0.95}, [2]float64{0.05, 0.08}},
		{"a bucket of 50 a second",
			steadyBucket(50),
			3, 20 * time.Second, [2]float64{0.45, 0.92}, [2]float64{0.05, 0.08}},
		{"10 in each second",
			inEach(time.Second, 10),
			3, 20 * time.Second, [2]float64{0.90, 0.90}, [2]float64{0.05, 0.08}},
		{"600 in each minute",
			inEach(time.Minute, 600),
			10, 2 * time.Minute, [2]float64{}, [2]float64{0.12, 0.12}},
		{"a bucket that falls from 20 to 6 a second and comes back",
			func(rng *rand.Rand) quota {
				fall := 15*time.Second + between(rng, 10*time.Second)
				return newBucket(20, func(at time.Duration) float64 {
					if fall <= at && at < fall+40*time.Second {
						return 6
					}
					return 20
				})
			},
			3, 20 * time.Second, [2]float64{0.88, 0.88}, [2]float64{0.05, 0.08}},
		{"a bucket of 20 a second, and nothing for two seconds",
			func(rng *rand.Rand) quota {
				from := 15*time.Second + between(rng, 10*time.Second)
				return outage{steadyBucket(20)(rng), from, from + 2*time.Second}
			},
			3, 20 * time.Second, [2]float64{0.90, 0.90}, [2]float64{0.05, 0.08}},
		{"a bucket of 5 to 50 a second that holds the requests of up to two seconds",
			func(rng *rand.Rand) quota {
				rate := between5And50(rng)
				return newBucket(max(1, 2*rate*rng.Float64()), constant(rate))
			},
			3, 20 * time.Second, [2]float64{0.45, 0.50}, [2]float64{0.07, 0.10}},
		{"5 to 50 in each second",
			func(rng *rand.Rand) quota { return inEach(time.Second, int(between5And50(rng)))(rng) },
			3, 20 * time.Second, [2]float64{0.45, 0.80}, [2]float64{0.06, 0.09}},
	}
	for _, test := range tests {
		for _, named := range []bool{false, true} {
			for i, workers := range []int{1, 4, 16, 64} {
				name := fmt.Sprintf("%s, wait named: %t, %d workers", test.name, named, workers)
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					j := job{
						calls: 1500, workers: workers, named: named,
						maxAttempts: test.maxAttempts, maxDelay: test.maxDelay,
					}
					worst := simulateAll(t, j, test.newQuota)
					assert.Zero(t, worst.lost)
					assert.LessOrEqual(t, float64(worst.refused)/float64(j.calls), test.refused[i/3])
					assert.GreaterOrEqual(t, worst.share, test.share[min(i, 1)])
				})
			}
		}
	}
}

func TestClientsThatShareAnUnknownQuotaLoseNothingInFiveAttempts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		newQuota func(*rand.Rand) quota
		clients  int
		share    float64 // at least
	}{
		{"a bucket of 10 a second, 2 clients", steadyBucket(10), 2, 0.75},
		{"a bucket of 10 a second, 4 clients", steadyBucket(10), 4, 0.70},
		{"10 in each second, 2 clients", inEach(time.Second, 10), 2, 0.75},
		{"10 in each second, 4 clients", inEach(time.Second, 10), 4, 0.60},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			j := job{calls: 1500, workers: 16, clients: test.clients, maxAttempts: 5, maxDelay: 20 * time.Second}
			worst := simulateAll(t, j, test.newQuota)
			assert.Zero(t, worst.lost)
			assert.LessOrEqual(t, worst.refused, j.calls/10)
			assert.GreaterOrEqual(t, worst.share, test.share)
		})
	}
}

func TestIsNotSlowerWithoutAQuota(t *testing.T) {
	t.Parallel()
	f := simulate(t, job{calls: 1600, workers: 16, maxAttempts: 3, maxDelay: 20 * time.Second}, steadyBucket(1e9), 0)
	assert.Zero(t, f.refused)
	assert.Less(t, f.took, 4100*time.Millisecond) // 4.0 s, and the random part of the latency
}

func TestDoesNotForgetWhileCallersWait(t *testing.T) {
	t.Parallel()
	// Ten minutes of work just below the quota cost few refusals.
	f := simulate(t, job{calls: 6000, workers: 16, maxAttempts: 3, maxDelay: 20 * time.Second}, steadyBucket(10), 0)
	assert.Less(t, f.refused, 150)
}
