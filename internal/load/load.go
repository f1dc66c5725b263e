// Package load makes many calls in virtual time, for the tests of quotas: a job that
// workers share, or calls that arrive at a constant rate.
package load

import (
	"slices"
	"sync"
	"time"
)

// Gap is the time between the starts of two workers. No two workers do anything at the
// same moment. Otherwise their order would be left to the scheduler, and each run would
// have other figures.
const Gap = 100 * time.Microsecond

// Call is what became of one call. Times are since the start of the run.
type Call struct {
	Began, Ended time.Duration
	Err          error
}

// Calls are the calls of a run, in the order they ended.
type Calls []Call

// recorder makes calls and records them.
type recorder struct {
	start time.Time
	group sync.WaitGroup
	mu    sync.Mutex
	calls Calls
}

func (r *recorder) make(call func() error) {
	began := time.Since(r.start)
	err := call()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, Call{began, time.Since(r.start), err})
}

// Work makes n calls, shared among workers. call gets the number of its worker.
func Work(n, workers int, call func(worker int) error) Calls {
	r := recorder{start: time.Now()}
	next := make(chan struct{}, n)
	for range n {
		next <- struct{}{}
	}
	close(next)
	for worker := range workers {
		r.group.Go(func() {
			time.Sleep(time.Duration(worker) * Gap)
			for range next {
				r.make(func() error { return call(worker) })
			}
		})
	}
	r.group.Wait()
	return r.calls
}

// Arrive makes perSecond calls a second for the time d, whether earlier ones have ended
// or not. call gets the number of the call.
func Arrive(perSecond int, d time.Duration, call func(i int) error) Calls {
	r := recorder{start: time.Now()}
	for i := 0; ; i++ {
		at := time.Duration(i) * time.Second / time.Duration(perSecond)
		if at >= d {
			break
		}
		time.Sleep(at - time.Since(r.start))
		r.group.Go(func() { r.make(func() error { return call(i) }) })
	}
	r.group.Wait()
	return r.calls
}

// Lost returns how many calls failed.
func (c Calls) Lost() (n int) {
	for _, call := range c {
		if call.Err != nil {
			n++
		}
	}
	return n
}

// Took returns when the last call ended.
func (c Calls) Took() time.Duration { return c[len(c)-1].Ended }

// Since returns the calls that began at a time or later.
func (c Calls) Since(began time.Duration) Calls {
	return slices.DeleteFunc(slices.Clone(c), func(call Call) bool { return call.Began < began })
}

// Share returns the share of the calls that succeeded.
func (c Calls) Share() float64 { return 1 - float64(c.Lost())/float64(len(c)) }

// Unfair returns how many times as long as the median of its neighbours a call took, at
// worst. Its neighbours are the calls that were under way when half its time had passed.
func (c Calls) Unfair() (worst float64) {
	for _, call := range c {
		middle := (call.Began + call.Ended) / 2
		var times []time.Duration
		for _, near := range c {
			if near.Began <= middle && middle <= near.Ended {
				times = append(times, near.Ended-near.Began)
			}
		}
		slices.Sort(times)
		worst = max(worst, float64(call.Ended-call.Began)/float64(times[len(times)/2]))
	}
	return worst
}
