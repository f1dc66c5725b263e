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

// settled returns a law that knows a quota and has nothing to wait for.
func settled(quota float64) *law {
	l := &law{epoch: 7, quota: quota, rate: quota * (1 - depth), climbTime: climbTime, last: start, next: start}
	l.measure(shortHold)
	return l
}

func TestTheLawLimitsNothingBeforeARefusal(t *testing.T) {
	t.Parallel()
	var l law
	for range 1000 {
		assert.Zero(t, l.untilReady(start))
		l.succeeded(l.send(start, false))
	}
}

func TestAfterARefusalOneRequestIsSentAtATimeUntilOneSucceeds(t *testing.T) {
	t.Parallel()
	var l law
	l.refused(start, l.send(start, false), 0)
	for i, hold := range []float64{1, 2, 4, 8, 15, 15} {
		require.InDelta(t, hold, l.untilReady(start), 0, "pause %d", i)
		probe := l.send(start, true)
		assert.Positive(t, l.untilReady(start), "another one at once")
		l.refused(start, probe, 0)
	}
	probe := l.send(start, true)
	assert.InDelta(t, 15, l.untilReady(start), 0, "an answer that never comes must not block for ever")
	l.succeeded(probe)
	assert.InDelta(t, 1./firstRate, l.untilReady(start), 1e-6)
	l.send(l.next, true)
	assert.InDelta(t, 1./firstRate+1./(firstRate+firstStep), l.untilReady(start), 1e-6)
}

func TestTheSecondPauseInARowIsLong(t *testing.T) {
	t.Parallel()
	l := settled(100)
	l.sent, l.spent = 1000, 10
	for i, hold := range []time.Duration{shortHold, secondHold, 2 * secondHold} {
		l.refused(start, l.send(start, true), 0)
		assert.InDelta(t, hold.Seconds(), l.untilReady(start), 0, "refusal %d", i+1)
	}
}

func TestRefusalsOfRequestsSentBeforeTheLatestCutDoNotCutAgain(t *testing.T) {
	t.Parallel()
	l := settled(10)
	l.sent, l.spent = 100, 10
	first, second := l.send(start, true), l.send(start, true)
	l.refused(after(1), first, 0)
	want := *l
	l.refused(after(1), second, 0)
	assert.Equal(t, want, *l)

	l.refused(after(1), second, 10*time.Second)
	assert.InDelta(t, 10, l.untilReady(after(1)), 0, "but the wait they name counts")
	assert.Equal(t, want.rate, l.rate)
}

func TestASuccessOfARequestSentBeforeTheLatestCutEndsNoDoubt(t *testing.T) {
	t.Parallel()
	l := settled(10)
	first, second := l.send(start, false), l.send(start, false)
	l.refused(start, first, 0)
	l.succeeded(second)
	assert.True(t, l.doubt)
}

func TestTheQuotaIsWhatWasGrantedBetweenRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		quota   float64 // before
		refused Ticket
		want    float64
	}{
		{"it is close to the measure, on the side of the refused rate", 0, Ticket{sent: 31, spent: 3, rate: 40}, 12.14194884395},
		{"closer if the rate was too", 10, Ticket{sent: 99, spent: 10, rate: 11}, 9.95977210065},
		{"also if it has fallen", 20, Ticket{sent: 7, spent: 1, rate: 19}, 7.05075427610},
		{"it is never above the refused rate", 10, Ticket{sent: 200, spent: 10, rate: 9.5}, 9.5},
		{"one request counts if none was granted", 20, Ticket{sent: 1, spent: 1, rate: 19}, 1.51016883689},
		{"it has a minimum", 0.1, Ticket{sent: 1, spent: 60, rate: 0.095}, minRate},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := law{quota: test.quota, rate: 1000} // the rate of now, not of when it was sent
			l.refused(start, test.refused, 0)
			assert.InDelta(t, test.want, l.quota, 1e-9)
			assert.InDelta(t, test.want*(1-depth), l.rate, 1e-9)
		})
	}
}

func TestTheRateClimbsSoonerFromARoughMeasure(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name               string
		quota, rate, spent float64
		want               float64 // seconds
	}{
		{"the first one", 0, 40, 10, roughClimbTime},
		{"of a quota that was raised", 10, 13, 10, roughClimbTime},
		{"of a short time", 10, 12, 1.9, roughClimbTime},
		{"not of one that is known", 10, 12, 10, climbTime},
		{"not of one that has fallen", 20, 10, 10, climbTime},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := law{quota: test.quota, rate: test.rate}
			l.refused(start, Ticket{sent: 99, spent: test.spent, rate: test.rate}, 0)
			assert.InDelta(t, test.want, l.climbTime, 0)
		})
	}
}

func TestTheMeasureDoesNotDependOnTheLatency(t *testing.T) {
	t.Parallel()
	for _, latency := range []int{0, 50} { // in requests, of which there are ten a second
		l := settled(12)
		var refused Ticket
		for i := range 101 + latency {
			ticket := l.send(after(float64(i)/10), false)
			if i == 100 {
				refused = ticket
			}
		}
		l.refused(after(float64(100+latency)/10), refused, 0)
		assert.InDelta(t, 9.92697204, l.quota, 1e-6) // between 99/10.2 and the rate, 11.4
	}
}

func TestAPauseLetsABucketOfTheQuotaRefill(t *testing.T) {
	t.Parallel()
	tests := []struct{ quota, pause float64 }{{50, 0.2}, {5, 0.4 / 0.95}, {1, 2 / 0.95}, {0.1, 15}}
	for _, test := range tests {
		l := law{rate: test.quota}
		l.refused(start, Ticket{sent: 1001, spent: 1000 / test.quota, rate: test.quota}, 0)
		assert.InDelta(t, test.pause, l.untilReady(start), 1e-6)
	}
}

func TestIdleTimesAreNoPartOfTheMeasure(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		quota       float64
		gap, counts float64 // seconds
	}{
		{"a busy time", 10, 0.1, 0.1},
		{"an idle time", 10, 30, 1},
		{"a busy time of a slow service", 0.2, 5, 5},
		{"an idle time of a slow service", 0.2, 300, 2 / 0.19},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := settled(test.quota)
			before := l.spent
			l.send(after(test.gap), false)
			assert.InDelta(t, test.counts, l.spent-before, 1e-6)
		})
	}
}

func TestTheMoreOftenACallWasRefusedTheLongerOthersTryTheRateBeforeIt(t *testing.T) {
	t.Parallel()
	l := settled(10)
	begin := l.spent
	for sent := range 30 {
		want := [3]int{2, 1, 0}
		if l.spent < begin+longTrial {
			want = [3]int{1, 0, 2}
		}
		if sent < trial {
			want = [3]int{0, 1, 2}
		}
		assert.Equal(t, want, l.order(), "after %d requests", sent)
		l.send(after(float64(sent)/10), true)
	}
	assert.Greater(t, l.spent, begin+longTrial)
	l.doubt = true
	assert.Equal(t, [3]int{0, 1, 2}, l.order(), "nothing has succeeded")
}

func TestTheRateClimbsFastThenSlowlyThenEverFaster(t *testing.T) {
	t.Parallel()
	tests := []struct{ times, share float64 }{
		{0, 0.95}, {0.5, 0.99375}, {1, 1}, {1.5, 1.00625}, {2, 1.05}, {4, 2.35}, {12, 67.55},
	}
	for _, test := range tests {
		l := settled(10)
		l.climb(test.times * climbTime)
		assert.InDelta(t, 10*test.share, l.rate, 1e-6, "after %v times climbTime", test.times)
	}
}

func TestFarAboveTheQuotaTheRateClimbsFaster(t *testing.T) {
	t.Parallel()
	climbTo := func(share float64) (seconds float64) {
		l := settled(10)
		for ; l.rate < 10*share; seconds += 0.01 {
			l.climb(0.01)
		}
		return seconds
	}
	// The curve is at 1.5 times the quota after 3.154 times climbTime, and would be at
	// three times the quota after 4.42 times.
	assert.InDelta(t, 3.154*climbTime, climbTo(farRisen), 0.02)
	assert.InDelta(t, (3.154+(4.42-3.154)/farFaster)*climbTime, climbTo(3), 0.02)
}

func TestOnlyARateThatCallersWaitForClimbs(t *testing.T) {
	t.Parallel()
	for _, waited := range []bool{false, true} {
		l := settled(10)
		for i := range 100 {
			l.send(after(float64(i)/5), waited)
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
	assert.InDelta(t, 2.05, now.Sub(start).Seconds(), 0.05, "lateness adds up")
}

func TestAnIdleTimeGivesNoCredit(t *testing.T) {
	t.Parallel()
	l := settled(10)
	sent := 0
	for ; l.untilReady(after(30)) == 0; sent++ {
		l.send(after(30), false)
	}
	assert.LessOrEqual(t, sent, 2)
}

func TestANamedWaitHoldsEverybodyBack(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		waits []time.Duration
		want  float64
	}{
		{"as long as it says", []time.Duration{30 * time.Second}, 30},
		{"the longest counts", []time.Duration{30 * time.Second, time.Second}, 30},
		{"two minutes at most", []time.Duration{24 * time.Hour}, 120},
		{"none means the usual pause", []time.Duration{0}, shortHold.Seconds()},
		{"a negative one too", []time.Duration{-time.Hour}, shortHold.Seconds()},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := settled(1000)
			l.sent, l.spent = 1000, 1
			ticket := l.send(start, true)
			for _, wait := range test.waits {
				l.refused(start, ticket, wait)
			}
			assert.InDelta(t, test.want, l.untilReady(start), 1e-9)
			if test.want > 1 {
				l.send(after(1), true)
				assert.InDelta(t, test.want-1, l.untilReady(after(1)), 1e-9, "not even one")
			}
		})
	}
}

func TestTheLawForgetsAMinuteAfterTheLastRefusalWaitOrHold(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		do   func(*law)
	}{
		{"a refusal", func(l *law) { l.refused(after(10), l.send(start, false), 0) }},
		{"a caller who waited", func(l *law) { l.send(after(10), true) }},
		{"a named wait", func(l *law) { l.holdBack(start, 10*time.Second) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := settled(10)
			test.do(l)
			assert.False(t, l.forgettable(after(69.9)))
			assert.True(t, l.forgettable(after(70)))
		})
	}
	l := settled(10)
	l.forget()
	assert.Equal(t, law{epoch: 7}, *l)
}
