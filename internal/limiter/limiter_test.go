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
	ticket, err := a.Wait(t.Context(), 0)
	require.NoError(t, err)
	return ticket
}

// refuse has one request refused, so that the limiter begins to limit.
func refuse(t *testing.T, a *limiter.Adaptive) { a.Refused(send(t, a), 0) }

// served collects who was served, in order.
type served struct {
	mu    sync.Mutex
	names []string
	group sync.WaitGroup
}

// queue starts a caller and returns when it waits. Its request succeeds.
func (s *served) queue(t *testing.T, a *limiter.Adaptive, name string, refusals int) {
	t.Helper()
	s.group.Go(func() {
		ticket, err := a.Wait(t.Context(), refusals)
		assert.NoError(t, err)
		s.mu.Lock()
		s.names = append(s.names, name)
		s.mu.Unlock()
		a.Succeeded(ticket, -1, 0)
	})
	synctest.Wait()
}

func TestLimitsNothingBeforeTheFirstRefusal(t *testing.T) {
	inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
		begin := time.Now()
		for range 10_000 {
			a.Succeeded(send(t, a), 5, time.Minute)
		}
		assert.Zero(t, time.Since(begin))
	})
}

func TestServesCallersInTheOrderOfTheirArrival(t *testing.T) {
	inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
		refuse(t, a)
		var s served
		want := []string{"a", "b", "c", "d", "e", "f"}
		for _, name := range want {
			s.queue(t, a, name, 0)
		}
		s.group.Wait()
		assert.Equal(t, want, s.names)
	})
}

func TestANewcomerDoesNotOvertakeWhenTheTimeComes(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *limiter.Adaptive) {
		for range 20 {
			var (
				a limiter.Adaptive
				s served
			)
			refuse(t, &a)
			s.group.Go(func() {
				time.Sleep(time.Second) // until the very moment when one may send
				_, err := a.Wait(t.Context(), 0)
				assert.NoError(t, err)
				s.mu.Lock()
				s.names = append(s.names, "newcomer")
				s.mu.Unlock()
			})
			synctest.Wait()
			s.queue(t, &a, "first", 0)
			s.group.Wait()
			require.Equal(t, []string{"first", "newcomer"}, s.names)
		}
	})
}

func TestAfterARefusalNewCallsTryTheRateAndThoseRefusedMostOftenComeLast(t *testing.T) {
	inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
		refuse(t, a)
		var s served
		s.queue(t, a, "once", 1)
		s.queue(t, a, "twice", 2)
		s.queue(t, a, "nine times", 9)
		s.queue(t, a, "once, later", 1)
		for _, name := range []string{"new 1", "new 2", "new 3", "new 4", "new 5"} {
			s.queue(t, a, name, 0)
		}
		s.group.Wait()
		assert.Equal(t, []string{
			"new 1", "new 2", "new 3", "new 4",
			"once", "once, later", "new 5", "twice", "nine times",
		}, s.names)
	})
}

func TestOnceTheRateWasTriedCallsRefusedMostOftenComeFirst(t *testing.T) {
	inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
		refuse(t, a)
		for range 1000 {
			a.Succeeded(send(t, a), -1, 0)
		}
		a.Succeeded(send(t, a), 0, time.Second) // nobody may send for a second
		var s served
		for refusals, name := range []string{"new", "once", "twice"} {
			s.queue(t, a, name, refusals)
		}
		s.group.Wait()
		assert.Equal(t, []string{"twice", "once", "new"}, s.names)
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
				_, err := a.Wait(ctx, 0)
				assert.ErrorIs(t, err, cause)
				assert.Equal(t, 500*time.Millisecond, time.Since(begin))
			})
			synctest.Wait()
			if i == 50 {
				s.queue(t, a, "stays", 0)
			}
		}
		s.group.Wait()
		assert.Equal(t, []string{"stays"}, s.names)
		assert.Equal(t, time.Second, time.Since(begin), "the next must be served as soon as it may")
	})
}

func TestAFirstCallerWhoLeavesWhenItsTimeHasComeWakesTheNext(t *testing.T) {
	inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
		refuse(t, a)
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // just when it may send
		defer cancel()
		var s served
		s.group.Go(func() { _, _ = a.Wait(ctx, 0) })
		synctest.Wait()
		s.queue(t, a, "next", 0)
		s.group.Wait()
		assert.LessOrEqual(t, time.Since(begin), 3*time.Second)
	})
}

func TestAContextThatHasEndedSendsNothing(t *testing.T) {
	t.Parallel()
	var a limiter.Adaptive
	cause := errors.New("too late")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	_, err := a.Wait(ctx, 0)
	assert.ErrorIs(t, err, cause)
}

func TestANamedWaitHoldsBackThoseWhoQueueAlready(t *testing.T) {
	inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
		first, second := send(t, a), send(t, a)
		a.Refused(first, 0)
		begin := time.Now()
		var s served
		s.queue(t, a, "waiting", 0)
		time.Sleep(900 * time.Millisecond)
		a.Refused(second, 5*time.Second)
		s.group.Wait()
		assert.Equal(t, 5900*time.Millisecond, time.Since(begin))
	})
}

func TestTheFirstSuccessAfterARefusalServesTheNext(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		answer, want time.Duration // after the request was sent
	}{
		{"at the rate, if the answer is fast", 10 * time.Millisecond, 40 * time.Millisecond},
		{"at once, if the answer is slow", 300 * time.Millisecond, 300 * time.Millisecond},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
				refuse(t, a)
				probe := send(t, a) // after the pause of one second
				begin := time.Now()
				var s served
				s.queue(t, a, "next", 0)
				time.Sleep(test.answer)
				a.Succeeded(probe, -1, 0)
				s.group.Wait()
				assert.Equal(t, test.want, time.Since(begin))
			})
		})
	}
}

func TestARequestWithoutAnAnswerBlocksNobodyForEver(t *testing.T) {
	inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
		refuse(t, a)
		begin := time.Now()
		for range 5 {
			send(t, a)
		}
		assert.LessOrEqual(t, time.Since(begin), 10*time.Second)
	})
}

func TestAnAnswerThatSaysThatNothingRemainsHoldsEverybodyBack(t *testing.T) {
	inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
		begin := time.Now()
		a.Succeeded(send(t, a), 0, 3*time.Second)
		for range 10 { // and there is no rate to keep afterwards
			a.Succeeded(send(t, a), 9, 3*time.Second)
		}
		assert.Equal(t, 3*time.Second, time.Since(begin))
	})
}

func TestForgetsAfterAMinuteInWhichNobodyWaited(t *testing.T) {
	inBubble(t, func(t *testing.T, a *limiter.Adaptive) {
		refuse(t, a)
		a.Succeeded(send(t, a), -1, 0)
		for range 61 { // a call each second waits for nothing
			a.Succeeded(send(t, a), -1, 0)
			time.Sleep(time.Second)
		}
		begin := time.Now()
		for range 1000 {
			a.Succeeded(send(t, a), -1, 0)
		}
		assert.Zero(t, time.Since(begin))

		a.Refused(send(t, a), 0)
		send(t, a)
		assert.Equal(t, time.Second, time.Since(begin), "it must learn again")
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
				ticket, err := a.Wait(ctx, i%4)
				switch {
				case err != nil:
					assert.Zero(t, i%2, "its context has not ended")
				case i%50 == 7:
					a.Refused(ticket, time.Millisecond)
				default:
					a.Succeeded(ticket, i%3, time.Millisecond)
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
	b.ReportAllocs()
	for b.Loop() {
		ticket, _ := a.Wait(ctx, 0)
		a.Succeeded(ticket, -1, 0)
	}
}
