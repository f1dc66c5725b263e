package limiter

import (
	"math"
	"math/rand/v2"
	"time"
)

// Longest is how long a call waits at most: for a wait that the service names, and for the
// next request that the service grants.
const Longest = 2 * time.Minute

// The other constants of the control law. Rates are in requests per second.
const (
	firstRate = 25                     // the rate after the first refusal
	minRate   = 0.1                    // the lowest rate
	depth     = 0.05                   // how far below the measured quota the rate starts after a refusal, as a share
	tempo     = 2.5                    // the rate reaches the quota after so many seconds; what was measured earlier counts less
	beyond    = 0.15                   // a rate so far above the quota shows that the quota is unknown again
	overshoot = 0.14                   // how much the refused rate counts in the measured quota, from 0 to 1
	firstHold = time.Second            // the pause after the first refusal: a quota per second starts a new window
	shortHold = 200 * time.Millisecond // the shortest pause later: a bucket of five a second refills by one
	maxHold   = 5 * time.Second        // the longest pause: the end of an outage is noticed within that time
	lateness  = 10 * time.Millisecond  // how late a timer may fire without slowing the rate
	quiet     = time.Minute            // without refusals and waits, after which the limit is removed
)

// law is the control law. The zero value limits nothing.
//
// When the service refuses a request, its quota is used up. So the number of requests
// that it granted between two refusals, divided by the time between them, is the quota.
// The rate starts slightly below it, climbs to it, stays there for some seconds, and then
// climbs beyond it, faster and faster, until the next refusal. Only granted requests
// count: a failure says nothing about the quota.
type law struct {
	epoch   uint64        // counts the refusals that changed the rate
	rate    float64       // 0 means no limit
	quota   float64       // the measured quota; 0 means unknown
	hold    time.Duration // the pause after the latest refusal
	doubt   bool          // no request was granted since the latest refusal
	next    time.Time     // when the rate allows the next request
	named   time.Time     // when a wait that the service asked for ends
	busy    time.Time     // when a call was last refused or had to wait
	last    time.Time     // when the latest request was sent
	hungry  time.Time     // since when no request was granted, without idle times
	starved time.Time     // when that was last seen to be Longest or more
	latency time.Duration // of answers, smoothed
	// The measurement since the latest refusal.
	granted float64 // requests
	spent   float64 // seconds, without idle times
	climbed float64 // the place on the curve, in seconds: it moves while callers wait
}

// Ticket identifies a request that was sent.
type Ticket struct {
	epoch  uint64
	sent   time.Time
	waited bool
	rate   float64
	gap    float64 // seconds since the request before it, without idle time
}

// ready returns when the next request may be sent.
func (l *law) ready() time.Time { return later(l.next, l.named) }

// refusal returns why a caller cannot be served, nil if it can. came is when it came,
// deadline when it leaves, zero if it does not.
func (l *law) refusal(now, came, deadline time.Time) error {
	left := l.named.Sub(now)
	switch {
	case left > Longest, left > 0 && !deadline.IsZero() && deadline.Before(l.named):
		return &Held{Left: left}
	case came.Before(l.starved):
		return ErrStarved
	}
	return nil
}

// send notes that a request is sent, and whether its caller had to wait.
func (l *law) send(now time.Time, waited bool) Ticket {
	t := Ticket{epoch: l.epoch, sent: now, rate: l.rate, waited: waited}
	if waited {
		l.busy = now
	}
	if l.doubt {
		if !waited {
			l.hungry = l.hungry.Add(now.Sub(l.last)) // nobody was there to send one
		}
		l.next = now.Add(maxHold) // one at a time: if there is an answer, the next goes sooner
	} else if l.rate > 0 {
		t.gap = min(now.Sub(l.last).Seconds(), max(1, 2/l.rate)) // the rest was idle time
		// A timer that fires late does not slow the rate, but idle time earns no credit.
		l.next = later(l.next, now.Add(-lateness)).Add(l.interval())
	}
	l.last = now
	return t
}

func (l *law) interval() time.Duration { return time.Duration(float64(time.Second) / l.rate) }

// accepted notes that the service granted the request.
func (l *law) accepted(now time.Time, t Ticket) {
	l.hungry, l.starved = now, time.Time{}
	if !t.sent.IsZero() {
		l.latency = (l.latency + now.Sub(t.sent)) / 2
	}
	if t.epoch != l.epoch || l.rate == 0 {
		return
	}
	if l.doubt {
		l.doubt = false
		l.next = l.last.Add(l.interval())
	}
	fade := math.Exp(-t.gap / tempo)
	l.granted = l.granted*fade + 1
	l.spent = l.spent*fade + t.gap
	if t.waited { // the rate only matters while callers wait for it
		l.climb(t.gap)
	}
}

// climb raises the rate. Around a known quota it follows a cubic curve. If the quota is
// unknown, the rate grows by one with each request.
func (l *law) climb(seconds float64) {
	if l.quota == 0 || l.rate > l.quota*(1+beyond) {
		l.rate++
		return
	}
	l.climbed += seconds
	x := l.climbed/tempo - 1
	l.rate = l.quota * (1 + depth*x*x*x)
}

// failed notes that the request got no answer, or one that says nothing about the quota.
func (l *law) failed(now time.Time, t Ticket) {
	if !t.sent.IsZero() {
		l.latency = max(l.latency, now.Sub(t.sent))
	}
	if l.doubt && t.epoch == l.epoch { // the next may go
		l.next = l.last.Add(l.interval())
	}
}

// refused notes that the service refused the request and asked to wait.
func (l *law) refused(now time.Time, t Ticket, wait time.Duration) {
	l.busy = later(l.busy, now)
	if until := now.Add(wait); wait > 0 && until.After(l.named) {
		l.named, l.busy = until, until
	}
	if t.epoch != l.epoch {
		return // sent before the latest cut, which already accounts for it
	}
	l.epoch++
	switch {
	case l.rate == 0:
		l.rate, l.hold, l.latency, l.last = firstRate, firstHold, firstHold, now
	case l.doubt: // refused again, with nothing granted to measure
		l.hold = min(2*l.hold, maxHold)
	default:
		l.cut(t)
		l.hold = min(max(shortHold, l.interval()), maxHold)
	}
	if !l.doubt { // a new measurement begins
		l.granted, l.spent, l.climbed, l.hungry = 0, l.hold.Seconds(), 0, now
	}
	if now.Sub(l.hungry) >= Longest {
		l.starved = now
	}
	pause := l.hold
	if l.doubt {
		pause = max(pause, min(wait, Longest))
	}
	l.next = now.Add(pause + rand.N(pause/10)) // clients that share a quota must not return in step
	l.doubt = true
}

// cut sets the quota and the rate after a refusal. The measured value is too low, because
// the rate was below the quota for part of the time. The rate is too high, because it was
// refused. The quota is between them, close to the measured value.
func (l *law) cut(t Ticket) {
	measured := max(1, l.granted) / (l.spent + t.gap)
	l.quota = max(minRate, min(t.rate, math.Pow(measured, 1-overshoot)*math.Pow(t.rate, overshoot)))
	l.rate = l.quota * (1 - depth)
}

// forget removes all limits if no call was refused or had to wait for the time quiet.
func (l *law) forget(now time.Time) bool {
	if now.Sub(l.busy) < quiet {
		return false
	}
	*l = law{epoch: l.epoch}
	return true
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
