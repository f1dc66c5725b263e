// Package limiter finds out at which rate a service takes requests.
package limiter

import (
	"container/list"
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Adaptive paces the requests of one operation. The zero value is ready. It is
// safe for concurrent use.
type Adaptive struct {
	limits atomic.Bool   // false: Wait lets everybody pass
	epoch  atomic.Uint64 // law.epoch, for those who pass

	mu     sync.Mutex
	law    law
	queues [3]list.List // of *waiter, by how often the call was refused
}

// Ticket identifies one sending.
type Ticket struct{ epoch uint64 }

// waiter is a caller in a queue. It is woken when it may be the first, or when
// the first's time may have changed.
type waiter struct{ wake chan struct{} }

// Wait blocks until the caller may send its request, or until ctx ends; it then
// returns the context's cause. Callers are served in order. retry says that the
// same call was refused before: such calls are served first.
func (a *Adaptive) Wait(ctx context.Context, refusals int) (Ticket, error) {
	if ctx.Err() != nil {
		return Ticket{}, context.Cause(ctx)
	}
	if !a.limits.Load() {
		return Ticket{a.epoch.Load()}, nil
	}
	return a.wait(ctx, refusals)
}

func (a *Adaptive) wait(ctx context.Context, refusals int) (Ticket, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if a.first() == nil {
		if a.law.forgettable(now) {
			a.law.forget()
			a.limits.Store(false)
			return Ticket{a.law.epoch}, nil
		}
		if !now.Before(a.law.ready()) {
			a.law.sent(now, false)
			return Ticket{a.law.epoch}, nil
		}
	}
	queue := &a.queues[min(refusals, len(a.queues)-1)]
	self := queue.PushBack(&waiter{make(chan struct{}, 1)})
	defer a.wakeFirst()
	defer queue.Remove(self)
	for {
		var timeout <-chan time.Time
		if a.first() == self {
			left := time.Until(a.law.ready())
			if left <= 0 {
				a.law.sent(time.Now(), true)
				return Ticket{a.law.epoch}, nil
			}
			timer := time.NewTimer(left)
			timeout = timer.C
		}
		a.mu.Unlock()
		select {
		case <-timeout:
		case <-self.Value.(*waiter).wake:
		case <-ctx.Done():
		}
		a.mu.Lock()
		if ctx.Err() != nil {
			return Ticket{}, context.Cause(ctx)
		}
	}
}

// first is the next to be served, nil if nobody waits.
func (a *Adaptive) first() *list.Element {
	for i := range a.queues {
		if !a.law.doubt {
			i = len(a.queues) - 1 - i
		}
		if e := a.queues[i].Front(); e != nil {
			return e
		}
	}
	return nil
}

func (a *Adaptive) wakeFirst() {
	if e := a.first(); e != nil {
		select {
		case e.Value.(*waiter).wake <- struct{}{}:
		default:
		}
	}
}

// Refused notes that the service refused a request for too many requests. wait
// is how long it asked to wait, 0 if it did not say.
func (a *Adaptive) Refused(t Ticket, wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.begin()
	a.law.refused(time.Now(), t.epoch, wait)
	a.epoch.Store(a.law.epoch)
	a.wakeFirst()
}

// Succeeded notes an answer that was no refusal.
func (a *Adaptive) Succeeded(t Ticket, remain int, reset time.Duration) {
	empty := remain == 0 && reset > 0
	if !empty && !a.limits.Load() {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if empty {
		a.begin()
		a.law.holdBack(now, reset)
	}
	a.law.succeeded(now, t.epoch)
	a.wakeFirst()
}

func (a *Adaptive) begin() {
	if a.limits.Load() {
		return
	}
	a.law.rate = math.Inf(1)
	a.limits.Store(true)
}
