// Package limiter limits the rate of requests to a service whose quota is unknown. It
// finds the quota from the service's refusals.
//
// law.go decides when the next request may be sent, this file which caller sends it.
package limiter

import (
	"container/list"
	"context"
	"errors"
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

	mu    sync.Mutex
	law   law
	queue list.List // of *waiter, in the order they came
}

// Held is the error of a caller who is not served because the service asked for a wait
// that is longer than [Longest], or that ends after the caller's deadline.
type Held struct{ Left time.Duration }

func (e *Held) Error() string { return "the service asked to wait another " + e.Left.String() }

// ErrStarved means that no request was granted for the time [Longest].
var ErrStarved = errors.New("the service granted no request for two minutes")

// waiter is a caller in the queue. It is woken when it becomes the next to be served, or
// when it may have to leave.
type waiter struct {
	came, deadline time.Time // the deadline is zero if there is none
	wake           chan struct{}
}

// Wait blocks until the caller may send its request. came is when its call began: callers
// are served in that order, so a call that was refused keeps its place. A caller whose
// deadline leaves no time for an answer is passed over while others can be served.
//
// The error is the cause of ctx if that ended, a [*Held] or [ErrStarved]. If it is nil,
// call Granted, Refused or Failed when the request has ended.
func (a *Adaptive) Wait(ctx context.Context, came time.Time) (Ticket, error) {
	epoch := a.epoch.Load() // loaded before limiting, so that it is not too new
	if !a.limiting.Load() && ctx.Err() == nil {
		return Ticket{epoch: epoch}, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.queue.Len() == 0 && a.law.forget(time.Now()) {
		a.limiting.Store(false)
	}
	w := &waiter{came: came, wake: make(chan struct{}, 1)}
	w.deadline, _ = ctx.Deadline()
	place := a.insert(w)
	defer func() {
		a.queue.Remove(place)
		a.next(time.Now()).alert()
	}()
	for waited := false; ctx.Err() == nil; waited = true {
		now := time.Now()
		if err := a.law.refusal(now, came, w.deadline); err != nil {
			return Ticket{}, err
		}
		var timeout <-chan time.Time // only the next to be served has a timer
		next, left := a.next(now), a.law.ready().Sub(now)
		switch {
		case next != w:
			next.alert()
		case left <= 0:
			return a.law.send(now, waited), nil
		default:
			timeout = time.After(left)
		}
		a.mu.Unlock()
		select {
		case <-timeout:
		case <-w.wake:
		case <-ctx.Done():
		}
		a.mu.Lock()
	}
	return Ticket{}, context.Cause(ctx)
}

// insert puts a waiter into the queue, behind those who came before it.
func (a *Adaptive) insert(w *waiter) *list.Element {
	for e := a.queue.Back(); e != nil; e = e.Prev() {
		if !w.came.Before(e.Value.(*waiter).came) {
			return a.queue.InsertAfter(w, e)
		}
	}
	return a.queue.PushFront(w)
}

// next returns the waiter to serve next: the first who can wait for the answer, else the
// one who can wait longest. It returns nil if nobody waits.
func (a *Adaptive) next(now time.Time) (best *waiter) {
	at := later(now, a.law.ready())
	for e := a.queue.Front(); e != nil; e = e.Next() {
		w := e.Value.(*waiter)
		if w.deadline.IsZero() || w.deadline.Sub(at) >= 2*a.law.latency {
			return w
		}
		if best == nil || w.deadline.After(best.deadline) {
			best = w
		}
	}
	return best
}

// alert wakes the waiter, if there is one.
func (w *waiter) alert() {
	if w != nil {
		select {
		case w.wake <- struct{}{}:
		default: // it has already been woken
		}
	}
}

// Refused notes that the service refused the request because of too many requests. wait
// is how long it asked to wait, 0 if it did not. No request is sent for that time.
func (a *Adaptive) Refused(t Ticket, wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limiting.Store(true) // before the epoch: see Wait
	a.law.refused(time.Now(), t, wait)
	a.epoch.Store(a.law.epoch)
	for e := a.queue.Front(); e != nil; e = e.Next() {
		e.Value.(*waiter).alert() // it may have to leave
	}
}

// Granted notes any other answer that the service gave on purpose, also a refusal for
// another reason.
func (a *Adaptive) Granted(t Ticket) { a.note(t, (*law).accepted) }

// Failed notes that there was no answer, or that the service failed to give a proper one.
func (a *Adaptive) Failed(t Ticket) { a.note(t, (*law).failed) }

func (a *Adaptive) note(t Ticket, answer func(*law, time.Time, Ticket)) {
	if !a.limiting.Load() {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	answer(&a.law, now, t)
	a.next(now).alert()
}
