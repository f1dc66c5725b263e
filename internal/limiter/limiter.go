// Package limiter finds the rate at which a service takes requests whose quota
// nobody knows, and keeps callers to it.
//
// law.go decides when the next request may be sent; this file decides whose.
package limiter

import (
	"container/list"
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Adaptive paces the requests of one operation. The zero value is ready. It is
// safe for concurrent use and has no goroutine of its own.
//
// It limits nothing until a request is refused, and forgets all limits when for
// a minute no request was refused and no caller had to wait.
type Adaptive struct {
	limiting atomic.Bool   // if false, Wait returns at once
	epoch    atomic.Uint64 // law.epoch, readable without the lock

	mu     sync.Mutex
	law    law
	queues [3]list.List // of *waiter: calls never refused, refused once, more often
}

// waiter is a caller in a queue. It is woken when it has become the first, or
// when the time of the first may have changed.
type waiter struct{ wake chan struct{} }

// Wait blocks until the caller may send its request or ctx ends; then it returns
// the cause of ctx. refusals is how often this call was refused before.
//
// Calls refused more often are served first, because they have the fewest
// attempts left. For the same reason they come last for the few requests that
// follow a refusal, which are the most likely to be refused too. Among equals
// the order is that of arrival.
func (a *Adaptive) Wait(ctx context.Context, refusals int) (Ticket, error) {
	if ctx.Err() != nil {
		return Ticket{}, context.Cause(ctx)
	}
	epoch := a.epoch.Load() // before limiting: a later epoch would be a wrong one
	if !a.limiting.Load() {
		return Ticket{epoch: epoch}, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if t, ok := a.pass(); ok {
		return t, nil
	}
	return a.wait(ctx, &a.queues[max(0, min(refusals, len(a.queues)-1))])
}

// pass lets the caller send without waiting, if nobody waits and it is time.
func (a *Adaptive) pass() (Ticket, bool) {
	if a.first() != nil {
		return Ticket{}, false
	}
	now := time.Now()
	if a.law.forgettable(now) {
		a.law.forget()
		a.limiting.Store(false)
	}
	if now.Before(a.law.ready()) {
		return Ticket{}, false
	}
	return a.law.send(now, false), true
}

// wait waits in a queue. The first of all waiters has a timer, the others have
// none: whoever leaves a queue wakes the new first. The lock is held by the
// caller, and released while waiting.
func (a *Adaptive) wait(ctx context.Context, queue *list.List) (Ticket, error) {
	w := &waiter{wake: make(chan struct{}, 1)}
	place := queue.PushBack(w)
	defer func() {
		queue.Remove(place)
		a.wakeFirst()
	}()
	for ctx.Err() == nil {
		var left time.Duration
		first := a.first() == place
		if first {
			now := time.Now()
			if left = a.law.ready().Sub(now); left <= 0 {
				return a.law.send(now, true), nil
			}
		}
		a.mu.Unlock()
		w.sleep(ctx, first, left)
		a.mu.Lock()
	}
	return Ticket{}, context.Cause(ctx)
}

// sleep returns when the waiter is woken, when ctx ends or, if timed, after d.
func (w *waiter) sleep(ctx context.Context, timed bool, d time.Duration) {
	var timeout <-chan time.Time
	if timed {
		timer := time.NewTimer(d)
		defer timer.Stop()
		timeout = timer.C
	}
	select {
	case <-timeout:
	case <-w.wake:
	case <-ctx.Done():
	}
}

// first returns the waiter to be served next, nil if there is none.
func (a *Adaptive) first() *list.Element {
	for i := range a.queues {
		if a.law.trusted() {
			i = len(a.queues) - 1 - i
		}
		if e := a.queues[i].Front(); e != nil {
			return e
		}
	}
	return nil
}

func (a *Adaptive) wakeFirst() {
	e := a.first()
	if e == nil {
		return
	}
	select {
	case e.Value.(*waiter).wake <- struct{}{}:
	default: // it has yet to look at an earlier call
	}
}

// Refused notes that the service refused the request as one too many. wait is
// how long it asked to wait, 0 if it named no time; nothing is sent until then,
// but for two minutes at most.
func (a *Adaptive) Refused(t Ticket, wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limiting.Store(true)
	a.law.refused(time.Now(), t, wait)
	a.epoch.Store(a.law.epoch)
	a.wakeFirst()
}

// Succeeded notes any other answer. remain is the rest of the quota as the answer
// tells it, negative if it does not, and reset the time until the quota is full
// again. If nothing remains, nothing is sent until then, but for two minutes at
// most. A request that ends without an answer needs no call.
func (a *Adaptive) Succeeded(t Ticket, remain int, reset time.Duration) {
	empty := remain == 0 && reset > 0
	if !empty && !a.limiting.Load() {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if empty {
		a.limiting.Store(true)
		a.law.holdBack(time.Now(), reset)
	}
	a.law.succeeded(t)
	a.wakeFirst()
}
