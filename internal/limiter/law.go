package limiter

import (
	"math"
	"time"
)

// The constants of the control law. Rates are in requests per second.
const (
	// firstRate is the rate after the first refusal. It grows by firstStep with each
	// request until the next refusal, which shows the quota.
	firstRate = 25
	firstStep = 1

	// After a refusal the rate starts below the quota, by the share depth, and reaches
	// the quota after climbTime seconds. A measurement is rough if it is the first of a
	// quota, or of a quota that was raised, or if it took less than roughTime seconds. The
	// rate then climbs faster: roughClimbTime.
	depth          = 0.05
	climbTime      = 4
	roughClimbTime = 1.5
	roughTime      = 2

	// If the rate reached risen times the quota, the quota was raised. From farRisen times
	// the quota on, the rate climbs farFaster times as fast.
	risen     = 1.25
	farRisen  = 1.5
	farFaster = 3

	// overshoot is how much the refused rate counts in the measured quota, from 0 to 1.
	overshoot = 0.14

	// minRate is the lowest rate.
	minRate = 0.1

	// After a refusal nothing is sent for a while. shortHold is long enough for a bucket
	// of five requests per second to refill by one. firstHold is the pause after the very
	// first refusal; a quota per second starts a new window in that time. secondHold is
	// the shortest pause after a second refusal in a row. It is long, because a call that
	// makes three attempts has only one left. With each further refusal in a row the pause
	// doubles, up to maxHold.
	shortHold  = 200 * time.Millisecond
	firstHold  = time.Second
	secondHold = 2 * time.Second
	maxHold    = 15 * time.Second

	// trial is how many requests test a new rate before a call that was refused is sent
	// again. If it was refused more than once, the test takes longTrial seconds.
	trial     = 4
	longTrial = 1

	// maxNamedHold limits how long a wait that the service asks for holds all callers.
	maxNamedHold = 2 * time.Minute

	// lateness is how late a timer may fire without slowing the rate.
	lateness = 10 * time.Millisecond

	// quiet is how long no call must be refused or have to wait until the limit is
	// removed.
	quiet = time.Minute
)

// law is the control law: it decides when the next request may be sent. It does not read
// a clock. The zero value limits nothing.
//
// When the service refuses a request, its quota is used up. So the number of requests
// that it granted between two refusals, divided by the time between them, is the quota.
// The law measures this quota. The rate starts slightly below the quota, climbs to it,
// stays there for some seconds, and then climbs beyond it, faster and faster, until the
// next refusal.
type law struct {
	epoch     uint64  // counts the refusals that changed the rate
	rate      float64 // 0 means no limit
	quota     float64 // the measured quota; 0 means unknown
	climbTime float64 // until the rate reaches the quota, in seconds

	hold  time.Duration // the pause after the latest refusal
	doubt bool          // no request has succeeded since the latest refusal
	next  time.Time     // when the rate allows the next request
	named time.Time     // when a wait that the service asked for ends
	busy  time.Time     // when a call was last refused or had to wait

	// The measurement since the latest refusal.
	sent    int       // requests
	spent   float64   // seconds, without idle times
	climbed float64   // the place on the curve, in seconds: it moves while callers wait
	last    time.Time // when the latest request was sent
}

// Ticket identifies a request that was sent. It has the measurement at that moment,
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
		// One request at a time: the next may go when this one succeeds, or after a while
		// if no answer arrives.
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
	gap := min(now.Sub(l.last).Seconds(), max(1, 2/l.rate)) // the rest was idle time
	l.last = now
	l.spent += gap
	if waited { // the rate only matters while callers wait for it
		l.climb(gap)
	}
	// A timer that fires late does not slow the rate, but idle time earns no credit.
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
	if l.rate > farRisen*l.quota {
		seconds *= farFaster
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
		return // sent before the latest cut, which already accounts for it
	}
	l.epoch++
	switch {
	case l.rate == 0:
		l.rate = firstRate
		l.measure(firstHold)
	case l.doubt: // refused again, with nothing granted to measure
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
	// The service granted all requests before the refused one. One of them may have used
	// quota from before the measurement, but at least one counts: the quota is not 0.
	granted := float64(max(1, t.sent-1)) / t.spent
	rough := l.quota == 0 || t.rate > risen*l.quota || t.spent < roughTime
	// The measured value is too low, because the rate was below the quota for part of the
	// time. The rate is too high, because it was refused. The quota is between them, close
	// to the measured value.
	quota := math.Pow(granted, 1-overshoot) * math.Pow(t.rate, overshoot)
	l.quota = max(minRate, min(quota, t.rate))
	l.rate = l.quota * (1 - depth)
	l.climbed, l.climbTime = 0, climbTime
	if rough {
		l.climbTime = roughClimbTime
	}
}

// measure starts a new measurement with a pause of hold.
func (l *law) measure(hold time.Duration) {
	l.hold = hold
	l.sent, l.spent = 0, hold.Seconds()
}

func (l *law) longerHold() time.Duration { return min(max(2*l.hold, secondHold), maxHold) }

// succeeded notes an answer that was not a refusal for too many requests.
func (l *law) succeeded(t Ticket) {
	if l.doubt && t.epoch == l.epoch {
		l.doubt = false
		l.next = l.last.Add(l.interval())
	}
}

// order returns which calls to send first: 0 means calls that were never refused, 1 calls
// that were refused once, 2 calls that were refused more often.
//
// The more often a call was refused, the fewer attempts it has left. So after a refusal
// it waits until others have tried the new rate, the longer the more often it was
// refused. Then it goes first.
func (l *law) order() [3]int {
	switch {
	case l.doubt || l.sent < trial:
		return [3]int{0, 1, 2}
	case l.spent < l.hold.Seconds()+longTrial:
		return [3]int{1, 0, 2}
	default:
		return [3]int{2, 1, 0}
	}
}

// holdBack makes all callers wait for the time that the service asked for.
func (l *law) holdBack(now time.Time, wait time.Duration) {
	until := now.Add(min(wait, maxNamedHold))
	if wait > 0 && until.After(l.named) {
		l.named, l.busy = until, until
	}
}

// forget removes all limits.
func (l *law) forget() { *l = law{epoch: l.epoch} }

// forgettable reports whether no call was refused or had to wait for the time quiet.
func (l *law) forgettable(now time.Time) bool { return now.Sub(l.busy) >= quiet }
