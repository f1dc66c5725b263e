package limiter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// after returns a time in seconds since the start.
func after(seconds float64) time.Time {
	return start.Add(time.Duration(seconds * float64(time.Second)))
}

// untilReady returns in how many seconds the next request may be sent.
func (l *law) untilReady(now time.Time) float64 { return max(0, l.ready().Sub(now).Seconds()) }

// settled returns a law that knows a quota, has measured it for long and has nothing to
// wait for.
func settled(quota float64) *law {
	return &law{epoch: 7, quota: quota, rate: quota * (1 - depth), hold: shortHold,
		granted: 100 * quota, spent: 100, last: start, next: start, busy: start, hungry: start}
}

func TestTheLawLimitsNothingBeforeARefusal(t *testing.T) {
	t.Parallel()
	var l law
	for range 1000 {
		assert.Zero(t, l.untilReady(start))
		l.accepted(start, l.send(start, false))
	}
}

func TestAfterARefusalOneRequestIsSentAtATimeUntilOneIsGranted(t *testing.T) {
	t.Parallel()
	var l law
	now := start
	l.refused(now, l.send(now, false), 0)
	for i, hold := range []float64{1, 2, 4, 5, 5} {
		require.InDelta(t, hold*1.05, l.untilReady(now), hold*0.05+1e-9, "pause %d", i)
		now = l.ready()
		probe := l.send(now, true)
		assert.InDelta(t, maxHold.Seconds(), l.untilReady(now), 0, "an answer that never comes must not block for ever")
		l.refused(now, probe, 0)
	}
	now = l.ready()
	l.accepted(now, l.send(now, true))
	assert.InDelta(t, 1./(firstRate), l.untilReady(now), 1e-2)
}

func TestAFailureIsNoGrant(t *testing.T) {
	t.Parallel()
	l := settled(10)
	for i := range 1000 {
		now := after(float64(i) / 10)
		l.failed(now, l.send(now, true))
	}
	assert.InDelta(t, 9.5, l.rate, 0)
	l.refused(after(100), l.send(after(100), true), 0)
	assert.InDelta(t, 9.5, l.quota, 0, "they are no part of the measure")

	now := l.ready()
	l.failed(now, l.send(now, true))
	assert.True(t, l.doubt)
	assert.InDelta(t, 1/l.rate, l.untilReady(now), 1e-6, "but the next may test the water soon")
}

func TestRefusalsOfRequestsSentBeforeTheLatestCutDoNotCutAgain(t *testing.T) {
	t.Parallel()
	l := settled(10)
	first, second := l.send(start, true), l.send(start, true)
	l.refused(after(1), first, 0)
	want := *l
	l.refused(after(1), second, 0)
	assert.Equal(t, want, *l)
	l.accepted(after(1), second)
	assert.True(t, l.doubt, "nor does a grant end the doubt")

	l.refused(after(1), second, 10*time.Second)
	assert.InDelta(t, 10, l.untilReady(after(1)), 0, "but the wait they name counts")
	assert.InDelta(t, want.rate, l.rate, 0)
}

func TestTheQuotaIsWhatWasGrantedBetweenRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name                 string
		granted, spent, rate float64
		want                 float64
	}{
		{"it is close to the measure, on the side of the refused rate", 30, 3, 40, 12.14},
		{"closer if the rate was too", 100, 10, 11, 10.13},
		{"it is never above the refused rate", 200, 10, 9.5, 9.5},
		{"one request counts if none was granted", 0, 1, 19, 1.51},
		{"it has a minimum", 1, 60, 0.095, minRate},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := law{quota: 10, rate: 1000, granted: test.granted, spent: test.spent} // the rate of now, not of when it was sent
			l.refused(start, Ticket{rate: test.rate}, 0)
			assert.InDelta(t, test.want, l.quota, 0.01)
			assert.InDelta(t, l.quota*(1-depth), l.rate, 1e-9)
		})
	}
}

func TestAPauseLetsABucketOfTheQuotaRefill(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ quota, pause float64 }{{50, 0.2}, {5, 0.2 / 0.95}, {1, 1 / 0.95}, {0.1, 5}} {
		l := law{rate: test.quota, granted: 1000, spent: 1000 / test.quota}
		l.refused(start, Ticket{rate: test.quota}, 0)
		assert.InDelta(t, test.pause*1.05, l.untilReady(start), test.pause*0.05+1e-6)
	}
}

func TestIdleTimesAreNoPartOfTheMeasure(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ quota, gap, counts float64 }{
		"a busy time":                    {10, 0.1, 0.1},
		"an idle time":                   {10, 30, 1},
		"a busy time of a slow service":  {0.2, 5, 5},
		"an idle time of a slow service": {0.2, 300, 2 / 0.19},
	} {
		assert.InDelta(t, test.counts, settled(test.quota).send(after(test.gap), false).gap, 1e-6, name)
	}
}

func TestTheRateClimbsFastThenSlowlyThenEverFaster(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ times, share float64 }{
		{0, 0.95}, {0.5, 0.99375}, {1, 1}, {1.5, 1.00625}, {2, 1.05}, {2.5, 1.16875},
	} {
		l := settled(10)
		l.climb(test.times * tempo)
		assert.InDelta(t, 10*test.share, l.rate, 1e-6, "after %v times the tempo", test.times)
	}
	l := settled(10)
	l.rate = 12
	l.climb(0.1)
	assert.InDelta(t, 13, l.rate, 0, "far beyond the quota as if it were unknown")
}

func TestOnlyARateThatCallersWaitForClimbs(t *testing.T) {
	t.Parallel()
	for _, waited := range []bool{false, true} {
		l := settled(10)
		for i := range 50 {
			now := after(float64(i) / 5)
			l.accepted(now, l.send(now, waited))
		}
		assert.Equal(t, waited, l.rate > 10)
	}
}

func TestRequestsAreSpreadEvenly(t *testing.T) {
	t.Parallel()
	l := settled(10)
	now := start
	for range 20 { // timers are late by up to 5 ms
		l.send(now.Add(5*time.Millisecond), true)
		now = l.ready()
	}
	assert.InDelta(t, 2.1, now.Sub(start).Seconds(), 0.05, "lateness must not add up")

	sent := 0
	for ; l.untilReady(after(30)) == 0; sent++ {
		l.send(after(30), false)
	}
	assert.LessOrEqual(t, sent, 2, "an idle time gives no credit")
}

func TestANamedWaitHoldsEverybodyBack(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		waits []time.Duration
		want  time.Duration // 0 means the usual pause
	}{
		{"as long as it says", []time.Duration{30 * time.Second}, 30 * time.Second},
		{"the longest counts", []time.Duration{30 * time.Second, time.Second}, 30 * time.Second},
		{"even for a day", []time.Duration{24 * time.Hour}, 24 * time.Hour},
		{"none means the usual pause", []time.Duration{0}, 0},
		{"a negative one too", []time.Duration{-time.Hour}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := settled(1000)
			ticket := l.send(start, true)
			for _, wait := range test.waits {
				l.refused(start, ticket, wait)
			}
			if test.want == 0 {
				assert.InDelta(t, shortHold.Seconds(), l.untilReady(start), 0.1*shortHold.Seconds()+1e-9)
				return
			}
			assert.InDelta(t, test.want.Seconds(), l.untilReady(start), 1e-9)
			l.send(after(1), true)
			assert.InDelta(t, test.want.Seconds()-1, l.untilReady(after(1)), 1e-9, "not even one")
		})
	}
}

func TestTheLawForgetsAMinuteAfterTheLastRefusalWaitOrHold(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(*law){
		"a refusal":           func(l *law) { l.refused(after(10), l.send(start, false), 0) },
		"a caller who waited": func(l *law) { l.send(after(10), true) },
		"a named wait":        func(l *law) { l.refused(start, l.send(start, false), 10*time.Second) },
	} {
		l := settled(10)
		do(l)
		assert.False(t, l.forget(after(69.9)), name)
		epoch := l.epoch
		assert.True(t, l.forget(after(70)), name)
		assert.Equal(t, law{epoch: epoch}, *l, name)
	}
}
