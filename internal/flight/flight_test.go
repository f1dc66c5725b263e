package flight_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams/internal/flight"
)

// source counts what it is asked for. Each value is good for ten minutes, and is
// to be refreshed after seven.
type source struct {
	asked int
	fails bool
}

func (s *source) fetch(context.Context, func(string) bool) (string, flight.Lifetime, error) {
	s.asked++
	if s.fails {
		return "", flight.Lifetime{}, errors.New("no answer")
	}
	now := time.Now()
	return fmt.Sprint(s.asked), flight.Lifetime{Refresh: now.Add(7 * time.Minute), End: now.Add(10 * time.Minute)}, nil
}

func TestAValueIsKeptUntilItIsToBeRefreshed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &source{}
		group := &flight.Group[string]{Fetch: source.fetch}
		for _, test := range []struct {
			pause time.Duration
			want  string
		}{{0, "1"}, {7*time.Minute - 1, "1"}, {1, "2"}, {time.Hour, "3"}} {
			time.Sleep(test.pause)
			value, err := group.Get(t.Context())
			require.NoError(t, err)
			assert.Equal(t, test.want, value)
		}
	})
}

func TestAValueIsUsedToItsEndWhileItsRefreshFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &source{}
		group := &flight.Group[string]{Fetch: source.fetch}
		_, err := group.Get(t.Context())
		require.NoError(t, err)
		source.fails = true
		time.Sleep(7 * time.Minute)
		for range 100 {
			value, err := group.Get(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "1", value)
		}
		assert.Equal(t, 2, source.asked, "a failed refresh is not repeated at once")
		time.Sleep(10 * time.Second)
		group.Get(t.Context())
		assert.Equal(t, 3, source.asked)
		time.Sleep(3 * time.Minute)
		_, err = group.Get(t.Context())
		assert.Error(t, err, "its end has come")
	})
}

func TestOneCallerRefreshesAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &source{}
		slow := time.Duration(0)
		group := &flight.Group[string]{Fetch: func(ctx context.Context, rejected func(string) bool) (string, flight.Lifetime, error) {
			time.Sleep(slow)
			return source.fetch(ctx, rejected)
		}}
		group.Get(t.Context())
		time.Sleep(8 * time.Minute)
		slow = time.Second
		var callers sync.WaitGroup
		start := time.Now()
		waited := 0
		var mu sync.Mutex
		for range 20 {
			callers.Go(func() {
				_, err := group.Get(t.Context())
				assert.NoError(t, err)
				mu.Lock()
				defer mu.Unlock()
				if time.Since(start) > 0 {
					waited++
				}
			})
		}
		callers.Wait()
		assert.Equal(t, 1, waited)
		assert.Equal(t, 2, source.asked)
	})
}

// slowly makes the refreshes of a source take so long. Like a good provider, they end
// with their context. ended is when one did.
func slowly(source *source, refresh time.Duration, ended *time.Time) *flight.Group[string] {
	return &flight.Group[string]{Fetch: func(ctx context.Context, rejected func(string) bool) (string, flight.Lifetime, error) {
		if source.asked > 0 {
			select {
			case <-time.After(refresh):
			case <-ctx.Done():
				source.asked++
				*ended = time.Now()
				return "", flight.Lifetime{}, ctx.Err()
			}
		}
		return source.fetch(ctx, rejected)
	}}
}

func TestARefreshThatHangsHoldsNobodyWhileTheValueIsGood(t *testing.T) {
	t.Parallel()
	for deadline, longest := range map[time.Duration]time.Duration{time.Hour: 2 * time.Second, time.Second: time.Second / 2} {
		synctest.Test(t, func(t *testing.T) {
			source, ended := &source{}, time.Time{}
			group := slowly(source, time.Hour, &ended)
			group.Get(t.Context())
			time.Sleep(7 * time.Minute)
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			for range 5 {
				value, err := group.Get(ctx)
				require.NoError(t, err)
				assert.Equal(t, "1", value)
				assert.Equal(t, longest, time.Since(start), "only the first one waits")
			}
			time.Sleep(90 * time.Second)
			synctest.Wait()
			assert.Equal(t, time.Minute, ended.Sub(start), "the refresh ends after a minute, whatever its caller does")
			assert.Equal(t, 2, source.asked)
		})
	}
}

func TestASlowRefreshOutlivesTheCallerThatStartedIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source, ended := &source{}, time.Time{}
		group := slowly(source, 3*time.Second, &ended)
		group.Get(t.Context())
		time.Sleep(7 * time.Minute)
		start := time.Now()
		for _, want := range []struct {
			value string
			at    time.Duration
		}{{"1", 2 * time.Second}, {"1", 2500 * time.Millisecond}, {"2", 3 * time.Second}} {
			ctx, cancel := context.WithCancel(t.Context())
			value, err := group.Get(ctx)
			cancel() // as a call does that has got its answer
			require.NoError(t, err)
			assert.Equal(t, want.value, value)
			assert.Equal(t, want.at, time.Since(start))
			time.Sleep(time.Second / 2)
			synctest.Wait()
		}
		assert.Equal(t, 2, source.asked)
	})
}

func TestARefreshEndsWithItsLastCallerButNotInItsFirstMinute(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		leaves, ends time.Duration // since the refresh started, half a minute before the value's end
	}{
		"the last caller leaves within the minute": {40 * time.Second, time.Minute},
		"the last caller leaves later":             {75 * time.Second, 75 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				source, ended := &source{}, time.Time{}
				group := slowly(source, time.Hour, &ended)
				group.Get(t.Context())
				time.Sleep(9*time.Minute + 30*time.Second)
				start := time.Now()
				_, err := group.Get(t.Context())
				require.NoError(t, err)
				time.Sleep(time.Until(start.Add(30 * time.Second)))
				ctx, cancel := context.WithDeadline(t.Context(), start.Add(test.leaves))
				defer cancel()
				_, err = group.Get(ctx)
				assert.ErrorIs(t, err, context.DeadlineExceeded, "the value has ended")
				assert.Equal(t, test.leaves, time.Since(start))
				time.Sleep(time.Minute)
				synctest.Wait()
				assert.Equal(t, test.ends, ended.Sub(start))
				assert.Equal(t, 2, source.asked)
			})
		})
	}
}

func TestAValueRejectedWhileItIsFetchedIsFetchedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &source{}
		group := &flight.Group[string]{Fetch: func(ctx context.Context, rejected func(string) bool) (string, flight.Lifetime, error) {
			time.Sleep(time.Second)
			return source.fetch(ctx, rejected)
		}}
		time.AfterFunc(time.Second/2, func() { group.Reject(func(value string) bool { return value == "1" }) })
		value, err := group.Get(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "2", value)
	})
}

func TestARejectedValueIsNotKept(t *testing.T) {
	t.Parallel()
	source := &source{}
	group := &flight.Group[string]{Fetch: source.fetch}
	first, err := group.Get(t.Context())
	require.NoError(t, err)
	group.Reject(func(value string) bool { return value == first })
	second, err := group.Get(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, first, second)
	group.Reject(func(value string) bool { return value == first })
	kept, err := group.Get(t.Context())
	require.NoError(t, err)
	assert.Equal(t, second, kept, "another value is kept")
}

func TestAFetchThatEndsItsGoroutineOrAsksItselfIsAnError(t *testing.T) {
	t.Parallel()
	group := &flight.Group[int]{}
	group.Fetch = func(ctx context.Context, _ func(int) bool) (int, flight.Lifetime, error) {
		value, err := group.Get(ctx)
		return value, flight.Lifetime{}, err
	}
	_, err := group.Get(t.Context())
	assert.ErrorIs(t, err, flight.ErrReentered)
}
