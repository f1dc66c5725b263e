package retry

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff returns the upper limit of the pause before the n-th retry, counted from 1:
// base, doubled with each retry, up to longest.
func Backoff(n int, base, longest time.Duration) time.Duration {
	delay := base
	for ; n > 1; n-- {
		if delay > longest/2 {
			return longest
		}
		delay *= 2
	}
	return min(delay, longest)
}

// Jitter returns a random duration from 0 to longest, to spread the retries of many
// clients.
func Jitter(longest time.Duration) time.Duration {
	if longest <= 0 {
		return 0
	}
	return time.Duration(rand.Int64N(int64(longest)))
}

// Pause waits for d. It reports false if ctx ended first.
func Pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
