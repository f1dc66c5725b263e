package retry

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestBackoffDoublesUpToTheCap(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]time.Duration{
		1: 200 * time.Millisecond, 2: 400 * time.Millisecond, 3: 800 * time.Millisecond,
		7: 12800 * time.Millisecond, 8: 20 * time.Second, 1000: 20 * time.Second, math.MaxInt: 20 * time.Second,
	} {
		assert.Equal(t, want, Backoff(n, 200*time.Millisecond, 20*time.Second), "%d", n)
	}
	assert.Equal(t, time.Second, Backoff(1, time.Minute, time.Second))
	assert.Equal(t, time.Duration(math.MaxInt64), Backoff(3, math.MaxInt64/2+2, math.MaxInt64), "no overflow")
}

func TestJitterUsesTheWholePause(t *testing.T) {
	t.Parallel()
	var low, high bool
	for range 1000 {
		d := Jitter(time.Second)
		assert.True(t, 0 <= d && d <= time.Second)
		low, high = low || d < 100*time.Millisecond, high || d > 900*time.Millisecond
	}
	assert.True(t, low && high)
	assert.Zero(t, Jitter(0))
	assert.Less(t, Jitter(math.MaxInt64), time.Duration(math.MaxInt64))
}
