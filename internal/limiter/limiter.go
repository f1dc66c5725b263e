// Package limiter limits the rate of requests to a service whose quota is unknown. It
// finds the quota from the service's refusals.
//
// law.go decides when the next request may be sent, this file which caller sends it.
package limiter

import (
	"container/list"
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Adaptive limits the rate of one operation's requests. The zero value is ready to use.
// It is safe for concurrent use and starts no goroutine.
//
// It limits nothing until a request is refused. It removes the limit after a minute in
// which no request was refused and no caller had to wait.
type Adaptive struct {
	limiting atomic.Bool   // false means that Wait returns at once
	epoch    atomic.Uint64 // law.epoch, readable without the lock

	mu     sync.Mutex
	law    law
	queues [3]list.List // of *waiter: calls never refused, refused once, refused more often
}

// waiter is a caller in a queue. It is woken when it becomes the first of all waiters, or
// when the time of the first may have changed.
type waiter struct{ wake chan struct{} }

// Wait blocks until the caller may send its request. If ctx ends first, it returns the
// cause of ctx. refusals is how often this call was refused before.
//
// Calls that were refused more often go first, because they have the fewest attempts
// left. For the same reason they go last for some time after a refusal, because the first
// requests are the most likely to be refused again: see law.order. Otherwise callers are
// served in the order they came.
func (a *Adaptive) Wait(ctx context.Context, refusals int) (Ticket, error) {
	if ctx.Err() != nil {
		return Ticket{}, context.Cause(ctx)
	}
	epoch := a.epoch.Load() // load it before limiting, so that it is not too new
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

// pass lets the caller send at once if no other caller waits and the rate allows it.
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

// wait waits in a queue. Only the first of all waiters has a timer. A waiter that leaves a
// queue wakes the new first one. The caller holds the lock; wait releases it while it
// sleeps.
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

// sleep blocks until the waiter is woken, ctx ends or, if timed, d has passed.
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

// first returns the waiter to serve next, nil if there is none.
func (a *Adaptive) first() *list.Element {
	for _, i := range a.law.order() {
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
	default: // it has already been woken
	}
}

// Refused notes that the service refused the request because of too many requests. wait
// is how long it asked to wait, 0 if it did not. No request is sent for that time, or for
// two minutes if it is longer.
func (a *Adaptive) Refused(t Ticket, wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limiting.Store(true)
	a.law.refused(time.Now(), t, wait)
	a.epoch.Store(a.law.epoch)
	a.wakeFirst()
}

// Succeeded notes any other answer. remain is how many requests of the quota remain
// according to the answer, negative if unknown, and reset is the time until the quota is
// full again. If remain is 0, no request is sent for that time, or for two minutes if it
// is longer. Do not call it for a request without an answer.
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
