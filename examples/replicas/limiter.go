package main

import (
	"context"
	"fmt"
	"time"

	"github.com/go-redis/redis_rate/v10"
)

// longestWait is how long a call without a deadline may wait for its turn.
const longestWait = time.Hour

// sharedLimiter is a [cams.Limiter] for a quota that several processes share. Redis keeps
// one line of turns for all of them. Each caller has a turn of its own, so callers come
// first come, first served, and no two wake at once.
type sharedLimiter struct {
	redis *redis_rate.Limiter
	key   string
	every time.Duration // from one turn to the next
}

// Wait takes the next turn and waits for it. It returns an error at once, and takes no turn,
// if that comes after the deadline, or if Redis does not answer. A caller whose context
// is canceled later leaves its turn unused.
func (l sharedLimiter) Wait(ctx context.Context) error {
	left := longestWait
	if deadline, ok := ctx.Deadline(); ok {
		left = min(left, time.Until(deadline))
	}
	// redis_rate itself never waits. To reserve a turn, the burst is all turns that are left.
	limit := redis_rate.Limit{Rate: 1, Period: l.every, Burst: int(left/l.every) + 1}
	turn, err := l.redis.Allow(ctx, l.key, limit)
	switch {
	case err != nil:
		return fmt.Errorf("asking Redis for a turn: %w", err)
	case turn.Allowed == 0:
		return fmt.Errorf("no turn is free within %v", left.Round(time.Millisecond))
	}
	select {
	case <-time.After(turn.ResetAfter - l.every): // it resets when the turn ends
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
