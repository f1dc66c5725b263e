package limiter

import "time"

// The numbers of the law. Rates are in requests a second.
const (
	// firstRate is the rate after the first refusal. It grows by firstStep with
	// each request until the next refusal, which tells the quota.
	firstRate = 10
	firstStep = 1

	// depth is how far below the quota the rate starts after a refusal, and
	// climbTime the seconds until it is there. The first measure of a quota, or of
	// one that was raised, is rough, so the rate climbs away from it sooner.
	depth          = 0.05
	climbTime      = 5
	roughClimbTime = 2

	// A rate that got to risen times the quota shows that the quota was raised.
	risen = 1.25

	// minRate is the lowest rate, and maxFall what a single refusal can divide
	// the rate by.
	minRate = 0.1
	maxFall = 4

	// After a refusal nothing is sent for a moment: shortHold lets a bucket of
	// five a second refill by one. The first refusal of all, and a second one in a
	// row, hold for longHold, in which the window of a quota for each second ends.
	// From there the time doubles up to maxHold.
	shortHold = 200 * time.Millisecond
	longHold  = time.Second
	maxHold   = 15 * time.Second

	// trial is how many requests test a new rate before it is trusted.
	trial = 5

	// maxNamedHold is the longest that a wait named by the service holds
	// everybody back.
	maxNamedHold = 2 * time.Minute

	// lateness is how late a timer may fire without slowing the rate.
	lateness = 10 * time.Millisecond

	// quiet is the time in which nobody was refused or had to wait, after which
	// the law forgets.
	quiet = time.Minute
)

// law is the control law: it says when the next request may be sent. It reads
// no clock. The zero value limits nothing.
//
// When the service refuses a request, its quota is used up. So what it granted
// from one refusal to the next, divided by the time, is the quota. The law
// measures this, starts a little below it, climbs to it, stays there for some
// seconds, and then climbs beyond it, ever faster, until the next refusal.
type law struct {
	epoch     uint64  // counts the refusals that changed the rate
	rate      float64 // 0: no limit
	quota     float64 // as measured; 0: unknown
	climbTime float64 // from depth to the quota, in seconds

	hold  time.Duration // the pause after the latest refusal
	doubt bool          // no request has succeeded since
	next  time.Time     // when the rate allows a request
	named time.Time     // until when the service wants none
	busy  time.Time     // when somebody was refused or had to wait

	// The measure since the latest refusal.
	sent    int       // requests
	spent   float64   // seconds, without idle times
	climbed float64   // seconds in which callers had to wait
	last    time.Time // when the latest request was sent
}

// Ticket identifies one sending. It remembers the measure of that moment,
// because a refusal arrives later.
type Ticket struct {
	epoch       uint64
	sent        int
	spent, rate float64
}

// ready returns when the next request may be sent.
func (l *law) ready() time.Time {
	if l.named.After(l.next) {
		return l.named
	}
	return l.next
}

// send notes that a request is sent, and whether its caller had to wait.
func (l *law) send(now time.Time, waited bool) Ticket {
	if waited {
		l.busy = now
	}
	if l.doubt {
		// One at a time: the next when this one succeeds, or after a while if its
		// answer never comes.
		l.last, l.next = now, now.Add(l.longerHold())
	} else if l.rate > 0 {
		l.pace(now, waited)
	}
	t := Ticket{epoch: l.epoch, sent: l.sent, spent: l.spent, rate: l.rate}
	l.sent++
	return t
}

// pace moves next by one request and lets the rate climb.
func (l *law) pace(now time.Time, waited bool) {
	gap := min(now.Sub(l.last).Seconds(), max(1, 2/l.rate)) // more is an idle time
	l.last = now
	l.spent += gap
	if waited { // only a rate that callers wait for is put to the test
		l.climb(gap)
	}
	// A timer that fires late costs nothing, but an idle time gives no credit.
	if earliest := now.Add(-lateness); l.next.Before(earliest) {
		l.next = earliest
	}
	l.next = l.next.Add(l.interval())
}

// climb raises the rate. Around a known quota it follows a cubic curve.
func (l *law) climb(seconds float64) {
	if l.quota == 0 {
		l.rate += firstStep
		return
	}
	l.climbed += seconds
	x := l.climbed/l.climbTime - 1
	l.rate = l.quota * (1 + depth*x*x*x)
}

func (l *law) interval() time.Duration { return time.Duration(float64(time.Second) / l.rate) }

// refused notes that the service refused a request and asked to wait.
func (l *law) refused(now time.Time, t Ticket, wait time.Duration) {
	l.busy = now
	l.holdBack(now, wait)
	if t.epoch != l.epoch {
		return // sent before the latest cut, which covers it
	}
	l.epoch++
	switch {
	case l.rate == 0:
		l.rate = firstRate
		l.measure(longHold)
	case l.doubt: // refused again, so there is nothing to measure
		l.hold = l.longerHold()
	default:
		l.cut(t)
		l.measure(min(max(shortHold, 2*l.interval()), maxHold))
	}
	l.doubt = true
	l.next = now.Add(l.hold)
}

// cut sets the quota and the rate after a refusal.
func (l *law) cut(t Ticket) {
	// All that was sent before the refused request was granted. One of them may
	// have been left over from before the measure.
	granted := float64(t.sent-1) / t.spent
	rough := l.quota == 0 || t.rate > risen*l.quota
	if l.quota > 0 && t.rate > l.quota {
		// The measure is low, as it covers times of a rate below the quota. The rate
		// is high, as it was refused. The quota lies between them; the measure errs
		// less.
		granted = (2*granted + t.rate) / 3
	}
	l.quota = max(minRate, t.rate/maxFall, min(granted, t.rate))
	l.rate = l.quota * (1 - depth)
	l.climbed, l.climbTime = 0, climbTime
	if rough {
		l.climbTime = roughClimbTime
	}
}

// measure starts a new measure with a pause.
func (l *law) measure(hold time.Duration) {
	l.hold = hold
	l.sent, l.spent = 0, hold.Seconds()
}

func (l *law) longerHold() time.Duration { return min(max(2*l.hold, longHold), maxHold) }

// succeeded notes an answer that was no refusal.
func (l *law) succeeded(t Ticket) {
	if l.doubt && t.epoch == l.epoch {
		l.doubt = false
		l.next = l.last.Add(l.interval())
	}
}

// trusted reports whether the rate has proved itself since the latest refusal.
func (l *law) trusted() bool { return !l.doubt && l.sent >= trial }

// holdBack holds everybody back for a time that the service named.
func (l *law) holdBack(now time.Time, wait time.Duration) {
	until := now.Add(min(wait, maxNamedHold))
	if wait > 0 && until.After(l.named) {
		l.named, l.busy = until, until
	}
}

// forget removes all limits.
func (l *law) forget() { *l = law{epoch: l.epoch} }

// forgettable reports whether nobody was refused or had to wait for long.
func (l *law) forgettable(now time.Time) bool { return now.Sub(l.busy) >= quiet }
