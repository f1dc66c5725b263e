package limiter_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams/internal/limiter"
)

// inBubble runs a test in virtual time.
func inBubble(t *testing.T, test func(t *testing.T, a *limiter.Adaptive)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var a limiter.Adaptive
		test(t, &a)
	})
}

// send waits without being refused or cancelled, and returns the ticket.
func send(t *testing.T, a *limiter.Adaptive) limiter.Ticket {
	t.Helper()
	ticket, err := a.Wait(t.Context(), time.Now())
	require.NoError(t, err)
	return ticket
}

// refuse has one request refused, so that the limiter begins to limit: for a second.
func refuse(t *testing.T, a *limiter.Adaptive) { a.Refused(send(t, a), 0) }

// served collects who was served, in order.
type served struct {
	mu    sync.Mutex
	names []string
	group sync.WaitGroup
}

// queue starts a caller and returns when it waits. Its request is granted.
func (s *served) queue(ctx context.Context, t *testing.T, a *limiter.Adaptive, name string, came time.Time) {
	t.Helper()
	s.group.Go(func() {
		ticket, err := a.Wait(ctx, came)
		if err != nil {
			name += ": " + err.Error()
		}
		s.mu.Lock()
		s.names = append(s.names, name)
		s.mu.Unlock()
		if err == nil {
			a.Granted(ticket)
		}
	})
	synctest.Wait()
}

func TestLimitsNothingBeforeTheFirstRefusal(t *testing.T) {
	inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
		begin := time.Now()
		for range 10_000 {
			a.Granted(send(t, a))
		}
		assert.Zero(t, time.Since(begin))
	})
}

func TestServesCallersInTheOrderTheyCame(t *testing.T) {
	inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
		begin := time.Now()
		time.Sleep(time.Second)
		refuse(t, a)
		var s served
		for _, name := range []string{"b", "c", "d"} {
			s.queue(t.Context(), t, a, name, time.Now())
		}
		s.queue(t.Context(), t, a, "a, which was refused", begin)
		s.group.Wait()
		assert.Equal(t, []string{"a, which was refused", "b", "c", "d"}, s.names)
	})
}

func TestPassesOverACallerWhoseDeadlineLeavesNoTimeForAnAnswer(t *testing.T) {
	inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
		refuse(t, a)
		slow := send(t, a)
		time.Sleep(3 * time.Second)
		a.Failed(slow)
		refuse(t, a)
		var s served
		for name, deadline := range map[string]time.Duration{"a": 5 * time.Second, "b": 6 * time.Second} {
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			s.queue(ctx, t, a, name, time.Now())
		}
		s.queue(t.Context(), t, a, "has time", time.Now())
		s.group.Wait()
		assert.Equal(t, "has time", s.names[0])

		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		_, err := a.Wait(ctx, time.Now())
		assert.NoError(t, err, "if no other waits, why not")
	})
}

func TestTheProbeGoesToWhoCanWaitLongestIfNobodyHasTime(t *testing.T) {
	inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
		refuse(t, a) // an answer is assumed to take a second
		var s served
		for _, deadline := range []time.Duration{1200, 2000, 1500} {
			ctx, cancel := context.WithTimeout(t.Context(), deadline*time.Millisecond)
			defer cancel()
			s.queue(ctx, t, a, deadline.String(), time.Now())
		}
		s.group.Wait()
		assert.Equal(t, "2µs", s.names[0])
	})
}

func TestANewcomerDoesNotOvertakeWhenTheTimeComes(t *testing.T) {
	inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
		refuse(t, a)
		var s served
		s.queue(t.Context(), t, a, "first", time.Now())
		for range 30 { // one of them comes when one may send
			time.Sleep(50 * time.Millisecond)
			s.queue(t.Context(), t, a, "newcomer", time.Now())
		}
		s.group.Wait()
		assert.Equal(t, "first", s.names[0])
	})
}

func TestACallerWhoseContextEndsLeavesTheQueue(t *testing.T) {
	inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
		cause := errors.New("changed my mind")
		refuse(t, a)
		begin := time.Now()
		var s served
		for i := range 100 { // at the front and between the others
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(500*time.Millisecond, func() { cancel(cause) })
			s.group.Go(func() {
				_, err := a.Wait(ctx, time.Now())
				assert.ErrorIs(t, err, cause)
				assert.Equal(t, 500*time.Millisecond, time.Since(begin))
			})
			synctest.Wait()
			if i == 50 {
				s.queue(t.Context(), t, a, "stays", time.Now())
			}
		}
		s.group.Wait()
		assert.Equal(t, []string{"stays"}, s.names)
		assert.LessOrEqual(t, time.Since(begin), 1100*time.Millisecond, "the next must be served as soon as it may")

		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		_, err := a.Wait(ctx, time.Now())
		assert.ErrorIs(t, err, cause, "a context that had ended before")
	})
}

func TestAWaitThatIsTooLongEndsCallsAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
		first, second := send(t, a), send(t, a)
		a.Refused(first, 0)
		begin := time.Now()
		var waiting sync.WaitGroup
		for range 16 {
			waiting.Go(func() {
				_, err := a.Wait(t.Context(), time.Now())
				held := new(limiter.Held)
				if assert.ErrorAs(t, err, &held) {
					assert.Equal(t, 3*time.Hour, held.Left)
				}
			})
		}
		synctest.Wait()
		a.Refused(second, 3*time.Hour)
		waiting.Wait()
		assert.Zero(t, time.Since(begin))

		time.Sleep(time.Hour)
		_, err := a.Wait(t.Context(), time.Now())
		assert.Equal(t, &limiter.Held{Left: 2 * time.Hour}, err, "a newcomer too")
		time.Sleep(2*time.Hour - time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = a.Wait(ctx, time.Now())
		assert.Equal(t, &limiter.Held{Left: time.Minute}, err, "it ends after the deadline")
		send(t, a)
		assert.Equal(t, 3*time.Hour, time.Since(begin), "a minute is not too long")
	})
}

func TestANamedWaitHoldsBackThoseWhoQueueAlready(t *testing.T) {
	inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
		first, second := send(t, a), send(t, a)
		a.Refused(first, 0)
		begin := time.Now()
		var s served
		s.queue(t.Context(), t, a, "waiting", time.Now())
		time.Sleep(900 * time.Millisecond)
		a.Refused(second, 5*time.Second)
		s.group.Wait()
		assert.Equal(t, 5900*time.Millisecond, time.Since(begin))
	})
}

// call repeats a request that is always refused, and returns how it ended.
func call(t *testing.T, a *limiter.Adaptive) error {
	for came := time.Now(); ; {
		ticket, err := a.Wait(t.Context(), came)
		if err != nil {
			return err
		}
		a.Refused(ticket, 0)
	}
}

func TestTwoMinutesWithoutAGrantEndAllCalls(t *testing.T) {
	inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
		begin := time.Now()
		var calls sync.WaitGroup
		for range 16 {
			calls.Go(func() { assert.ErrorIs(t, call(t, a), limiter.ErrStarved) })
		}
		calls.Wait()
		assert.GreaterOrEqual(t, time.Since(begin), 2*time.Minute)
		assert.LessOrEqual(t, time.Since(begin), 126*time.Second)

		begin = time.Now()
		assert.ErrorIs(t, call(t, a), limiter.ErrStarved)
		assert.LessOrEqual(t, time.Since(begin), 6*time.Second, "the next tries once")
		a.Granted(send(t, a))
		begin = time.Now()
		assert.ErrorIs(t, call(t, a), limiter.ErrStarved)
		assert.GreaterOrEqual(t, time.Since(begin), 2*time.Minute, "a grant begins the count again")
	})
}

func TestATimeInWhichNobodyTriesDoesNotCountAsStarving(t *testing.T) {
	inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
		for range 100 {
			refuse(t, a)
			time.Sleep(50 * time.Second)
		}
		begin := time.Now()
		assert.ErrorIs(t, call(t, a), limiter.ErrStarved)
		assert.GreaterOrEqual(t, time.Since(begin), 2*time.Minute)
	})
}

func TestTheAnswerToTheProbeServesTheNext(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer, want time.Duration // after the request was sent
		note         func(*limiter.Adaptive, limiter.Ticket)
	}{
		"at the rate, if the answer is fast":   {10 * time.Millisecond, 40 * time.Millisecond, (*limiter.Adaptive).Granted},
		"at once, if the answer is slow":       {300 * time.Millisecond, 300 * time.Millisecond, (*limiter.Adaptive).Granted},
		"also if it failed":                    {300 * time.Millisecond, 300 * time.Millisecond, (*limiter.Adaptive).Failed},
		"five seconds later, if there is none": {time.Minute, 5 * time.Second, (*limiter.Adaptive).Failed},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
				refuse(t, a)
				probe := send(t, a) // after the pause
				begin := time.Now()
				time.AfterFunc(test.answer, func() { test.note(a, probe) })
				send(t, a)
				assert.Equal(t, test.want, time.Since(begin))
				time.Sleep(time.Minute)
			})
		})
	}
}

func TestForgetsAfterAMinuteInWhichNobodyWaited(t *testing.T) {
	inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
		refuse(t, a)
		a.Granted(send(t, a))
		for range 61 { // a call each second waits for nothing
			a.Granted(send(t, a))
			time.Sleep(time.Second)
		}
		begin := time.Now()
		for range 1000 {
			a.Granted(send(t, a))
		}
		assert.Zero(t, time.Since(begin))

		a.Refused(send(t, a), 0)
		send(t, a)
		assert.GreaterOrEqual(t, time.Since(begin), time.Second, "it must learn again")
	})
}

func TestManyCallersWhoComeAndGoAreAllServed(t *testing.T) {
	inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
		refuse(t, a)
		var group sync.WaitGroup
		for i := range 500 {
			group.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if i%2 == 0 {
					time.AfterFunc(time.Duration(i)*5*time.Millisecond, cancel)
				}
				ticket, err := a.Wait(ctx, time.Now())
				switch {
				case err != nil:
					assert.Zero(t, i%2, "its context has not ended")
				case i%50 == 7:
					a.Refused(ticket, time.Millisecond)
				case i%50 == 9:
					a.Failed(ticket)
				default:
					a.Granted(ticket)
				}
			})
		}
		group.Wait()
	})
}

func BenchmarkWithoutALimit(b *testing.B) {
	var a limiter.Adaptive
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	came := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		ticket, _ := a.Wait(ctx, came)
		a.Granted(ticket)
	}
}
