package limiter_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cams-go/cams/internal/limiter"
)

// quota is a service that grants requests or refuses them.
type quota interface {
	// ask reports whether a request at a time is granted; if not, after how long
	// one would be.
	ask(at time.Duration) (bool, time.Duration)
	// could is how many requests it could have granted until a time.
	could(at time.Duration) float64
}

// bucket is a token bucket whose rate may change with time.
type bucket struct {
	rate     func(at time.Duration) float64
	capacity float64
	tokens   float64
	offered  float64
	last     time.Duration
}

func (b *bucket) fill(at time.Duration) {
	more := (at - b.last).Seconds() * b.rate(at)
	b.offered += more
	b.tokens = min(b.capacity, b.tokens+more)
	b.last = at
}

func (b *bucket) ask(at time.Duration) (bool, time.Duration) {
	b.fill(at)
	if b.tokens >= 1-1e-9 {
		b.tokens--
		return true, 0
	}
	return false, time.Duration((1 - b.tokens) / b.rate(at) * float64(time.Second))
}

func (b *bucket) could(at time.Duration) float64 {
	b.fill(at)
	return b.offered + b.capacity
}

type window struct {
	n      int
	per    time.Duration
	phase  time.Duration // of the server's clock at the start
	number int64
	used   int
}

func (w *window) ask(at time.Duration) (bool, time.Duration) {
	at += w.phase
	if number := int64(at / w.per); number != w.number {
		w.number, w.used = number, 0
	}
	if w.used < w.n {
		w.used++
		return true, 0
	}
	return false, w.per - at%w.per
}

func (w *window) could(at time.Duration) float64 {
	return float64(w.n) * float64((at+w.phase)/w.per+1)
}

type job struct {
	calls, workers int
	latency        time.Duration
	attempts       int
	maxDelay       time.Duration
	named          bool
}

type result struct {
	lost, refused, served int
	took                  time.Duration
	share                 float64
}

func (j job) run(t *testing.T, q quota, seed uint64) (r result) {
	synctest.Test(t, func(t *testing.T) {
		var (
			a     limiter.Adaptive
			mu    sync.Mutex
			rng   = rand.New(rand.NewPCG(seed, 1))
			start = time.Now()
			left  = j.calls
			wg    sync.WaitGroup
		)
		jitter := func(d time.Duration) time.Duration {
			mu.Lock()
			defer mu.Unlock()
			return time.Duration(rng.Int64N(int64(d)))
		}
		attempt := func(refusals int) (bool, time.Duration) {
			ticket, err := a.Wait(context.Background(), refusals)
			if err != nil {
				panic(err)
			}
			time.Sleep(j.latency/2 + jitter(2*time.Millisecond))
			mu.Lock()
			ok, wait := q.ask(time.Since(start))
			mu.Unlock()
			time.Sleep(j.latency / 2)
			if ok {
				a.Succeeded(ticket, -1, 0)
				return true, 0
			}
			if !j.named {
				wait = 0
			}
			a.Refused(ticket, wait)
			return false, wait
		}
		call := func() {
			delay := time.Second
			var times []string
			for n := 1; ; n++ {
				ok, wait := attempt(n - 1)
				mu.Lock()
				if ok {
					r.served++
				} else {
					r.refused++
					times = append(times, fmt.Sprintf("%.2f", time.Since(start).Seconds()))
					if n == j.attempts {
						r.lost++
						fmt.Println("LOST", j.workers, j.named, seed, times)
					}
				}
				mu.Unlock()
				if ok || n == j.attempts {
					return
				}
				if wait > 0 {
					time.Sleep(wait + jitter(wait/10+10*time.Millisecond))
				} else {
					time.Sleep(jitter(delay))
				}
				delay = min(2*delay, j.maxDelay)
			}
		}
		for range j.workers {
			wg.Go(func() {
				for {
					mu.Lock()
					if left == 0 {
						mu.Unlock()
						return
					}
					left--
					mu.Unlock()
					call()
				}
			})
		}
		wg.Wait()
		r.took = time.Since(start)
		r.share = float64(r.served) / q.could(r.took)
	})
	return r
}

func constant(rate float64) func(time.Duration) float64 {
	return func(time.Duration) float64 { return rate }
}

func fallingAndBack(at time.Duration) float64 {
	if 20*time.Second <= at && at < 60*time.Second {
		return 6
	}
	return 20
}

func TestSimulation(t *testing.T) {
	seeds := 3
	if n, err := strconv.Atoi(os.Getenv("SEEDS")); err == nil {
		seeds = n
	}
	quotas := []struct {
		name    string
		make    func(rng *rand.Rand) quota
		patient bool
	}{
		{"bucket of 10/s", func(*rand.Rand) quota { return &bucket{rate: constant(10), capacity: 10, tokens: 10} }, false},
		{"bucket of 50/s", func(*rand.Rand) quota { return &bucket{rate: constant(50), capacity: 50, tokens: 50} }, false},
		{"10 in each second", func(r *rand.Rand) quota {
			return &window{n: 10, per: time.Second, phase: time.Duration(r.Int64N(int64(time.Second)))}
		}, false},
		{"600 in each minute", func(r *rand.Rand) quota {
			return &window{n: 600, per: time.Minute, phase: time.Duration(r.Int64N(int64(time.Minute)))}
		}, true},
		{"20, 6, 20", func(*rand.Rand) quota { return &bucket{rate: fallingAndBack, capacity: 20, tokens: 20} }, false},
	}
	for _, q := range quotas {
		for _, named := range []bool{false, true} {
			for _, workers := range []int{1, 4, 16, 64} {
				t.Run(fmt.Sprint(q.name, named, workers), func(t *testing.T) {
					t.Parallel()
					lost, refused, share, took := 0, 0, 2.0, time.Duration(0)
					avg, avgShare := 0, 0.0
					for seed := range seeds {
						rng := rand.New(rand.NewPCG(uint64(seed), 2))
						j := job{calls: 1500, workers: workers, latency: 40 * time.Millisecond, attempts: 3, maxDelay: 20 * time.Second, named: named}
						if q.patient {
							j.attempts, j.maxDelay = 10, 2*time.Minute
						}
						r := j.run(t, q.make(rng), uint64(seed))
						lost += r.lost
						refused = max(refused, r.refused)
						avg += r.refused
						avgShare += r.share
						share = min(share, r.share)
						took = max(took, r.took)
					}
					t.Logf("%-20s named=%-5v w=%2d lost %3d refused avg %5.2f%% max %5.2f%% share avg %5.1f%% min %5.1f%% took %v", q.name, named, workers, lost,
						float64(avg)/15/float64(seeds), float64(refused)/15, avgShare/float64(seeds)*100, share*100, took.Round(time.Millisecond*100))
				})
			}
		}
	}
}
