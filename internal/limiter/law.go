package limiter

import (
	"math"
	"time"
)

const (
	// firstRate is tried after the first refusal, in requests a second. From
	// there it grows by firstGrowth with each request, until a second refusal
	// tells the quota.
	firstRate   = 10
	firstGrowth = 1

	// depth is how far the rate goes below the quota after a refusal, and plateau
	// how many seconds it takes to be back at it.
	depth      = 0.07
	minPlateau = 2
	maxPlateau = 4

	// minRate is one request in ten seconds.
	minRate = 0.1

	// The pause after a refusal: firstHold, then secondHold if the next request
	// is refused too, then twice as long each time, up to maxHold.
	firstHold  = 200 * time.Millisecond
	secondHold = time.Second
	maxHold    = 15 * time.Second

	// maxNamedHold is the longest wait that the service can impose on everybody.
	maxNamedHold = 2 * time.Minute

	// quiet is how long nobody must have waited for the law to forget.
	quiet = time.Minute
)

// law decides when the next request may be sent. It is a function of what it is
// told and when; it reads no clock.
type law struct {
	epoch uint64  // the number of cuts so far
	rate  float64 // requests a second; +Inf before the first refusal
	quota float64 // the rate that the service allows, as measured; 0 is unknown

	plateau float64
	climbed float64       // seconds of sending since the latest cut
	doubt   bool          // nothing sent since the latest cut has succeeded yet
	hold    time.Duration // the pause after the latest cut
	next    time.Time     // when the rate allows the next request
	named   time.Time     // until when the service wants none

	served, spent float64
	last          time.Time
	busy          time.Time // when somebody last waited or was refused
}

// ready is when the next request may be sent.
func (l *law) ready() time.Time {
	if l.named.After(l.next) {
		return l.named
	}
	return l.next
}

// sent notes a request, and whether it had to wait.
func (l *law) sent(now time.Time, waited bool) {
	if waited {
		l.busy = now
	}
	if l.doubt { // one at a time until one succeeds
		l.next = now.Add(l.longerHold())
		return
	}
	gap := min(now.Sub(l.last).Seconds(), 1)
	l.last = now
	l.spent += gap
	if waited { // only a rate that somebody waits for is put to the test
		l.climb(gap)
	}
	interval := l.interval()
	// A timer that fires late costs nothing, but an idle time is no credit.
	if late := now.Add(-max(interval, 10*time.Millisecond)); l.next.Before(late) {
		l.next = late
	}
	l.next = l.next.Add(interval)
}

// climb raises the rate by a step. With a known quota the rate follows CUBIC:
// fast towards the quota, slowly around it, then ever faster.
func (l *law) climb(gap float64) {
	if l.quota == 0 {
		l.rate += firstGrowth
		return
	}
	l.climbed += gap
	x := l.climbed/l.plateau - 1
	l.rate = l.quota * (1 + depth*x*x*x)
}

func (l *law) interval() time.Duration { return time.Duration(float64(time.Second) / l.rate) }

// refused notes a refusal of a request sent in an epoch.
func (l *law) refused(now time.Time, epoch uint64, wait time.Duration) {
	l.busy = now
	l.holdBack(now, wait)
	if epoch != l.epoch {
		return // sent before the latest cut, which is the answer to this too
	}
	l.epoch++
	switch {
	case l.epoch == 1 || math.IsInf(l.rate, 1): // the first
		l.rate = firstRate
		l.hold = secondHold
	case l.doubt:
		l.hold = l.longerHold()
	default:
		l.cut()
	}
	l.doubt = true
	l.next = now.Add(l.hold)
}

// cut sets the quota to what the service has granted since it last refused: then
// as now it had nothing left, so it granted all that it had.
func (l *law) cut() {
	granted := (l.served - 1) / (l.spent + l.hold.Seconds())
	l.plateau = maxPlateau
	switch {
	case l.quota == 0:
		l.plateau = minPlateau
	case l.rate > l.quota:
		granted = (granted + l.rate) / 2
	}
	l.climbed, l.served, l.spent = 0, 0, 0
	l.quota = max(minRate, l.rate/4, min(granted, l.rate))
	l.rate = l.quota * (1 - depth)
	l.hold = min(max(firstHold, 2*l.interval()), maxHold)
}

func (l *law) longerHold() time.Duration {
	return min(max(2*l.hold, secondHold), maxHold)
}

// succeeded notes an answer that was no refusal.
func (l *law) succeeded(now time.Time, epoch uint64) {
	if epoch != l.epoch {
		return
	}
	l.served++
	if l.doubt {
		l.doubt = false
		l.last, l.next = now, now
	}
}

// holdBack stops everybody for a time that the service named.
func (l *law) holdBack(now time.Time, wait time.Duration) {
	if until := now.Add(min(wait, maxNamedHold)); wait > 0 && until.After(l.named) {
		l.named, l.busy = until, until
	}
}

// forget takes away all limits.
func (l *law) forget() { *l = law{epoch: l.epoch, rate: math.Inf(1)} }

// forgettable reports whether nobody has waited for long.
func (l *law) forgettable(now time.Time) bool { return now.Sub(l.busy) >= quiet }
