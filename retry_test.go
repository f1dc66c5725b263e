package cams

import (
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestZeroRetryPolicyHasItsDefaults(t *testing.T) {
	t.Parallel()
	assert.Equal(t, RetryPolicy{3, 200 * time.Millisecond, 20 * time.Second}, RetryPolicy{}.withDefaults())
	assert.Equal(t, RetryPolicy{3, time.Second, 20 * time.Second}, RetryPolicy{BaseDelay: time.Second}.withDefaults(),
		"setting the delay does not turn retries off")
	assert.Equal(t, 1, NoRetry().withDefaults().MaxAttempts)
}

func TestBackoffDoublesUpToTheCap(t *testing.T) {
	t.Parallel()
	p := RetryPolicy{}.withDefaults()
	for n, want := range map[int]time.Duration{
		1: 200 * time.Millisecond, 2: 400 * time.Millisecond, 3: 800 * time.Millisecond,
		7: 12800 * time.Millisecond, 8: 20 * time.Second, 1000: 20 * time.Second, math.MaxInt: 20 * time.Second,
	} {
		assert.Equal(t, want, p.backoff(n), "%d", n)
	}
	assert.Equal(t, time.Second, RetryPolicy{BaseDelay: time.Minute, MaxDelay: time.Second}.backoff(1))
	assert.Equal(t, time.Duration(math.MaxInt64), RetryPolicy{BaseDelay: math.MaxInt64/2 + 2, MaxDelay: math.MaxInt64}.backoff(3), "no overflow")
}

func TestJitterUsesTheWholePause(t *testing.T) {
	t.Parallel()
	var low, high bool
	for range 1000 {
		d := jitter(time.Second)
		assert.True(t, 0 <= d && d <= time.Second)
		low, high = low || d < 100*time.Millisecond, high || d > 900*time.Millisecond
	}
	assert.True(t, low && high)
	assert.Zero(t, jitter(0))
	assert.Less(t, jitter(math.MaxInt64), time.Duration(math.MaxInt64))
}

func TestAskedWaits(t *testing.T) {
	t.Parallel()
	const date = "Tue, 02 Jan 2024 03:04:05 GMT"
	for name, test := range map[string]struct {
		header    map[string]string
		throttled bool
		want      time.Duration
	}{
		"nothing":                        {nil, true, 0},
		"x-acs-retry-after in ms":        {map[string]string{"x-acs-retry-after": "1500"}, false, 1500 * time.Millisecond},
		"it comes before the others":     {map[string]string{"x-acs-retry-after": "100", "x-ratelimit-user": "TimeLeft:9000", "Retry-After": "9"}, true, 100 * time.Millisecond},
		"a negative one is none":         {map[string]string{"x-acs-retry-after": "-5", "Retry-After": "2"}, false, 2 * time.Second},
		"nonsense is none":               {map[string]string{"x-acs-retry-after": "soon", "Retry-After": "soon"}, true, 0},
		"one too large is the largest":   {map[string]string{"x-acs-retry-after": "99999999999999999999"}, false, math.MaxInt64 / time.Millisecond * time.Millisecond},
		"the rate limit of the API":      {map[string]string{"x-ratelimit-user-api": "Limit:1,Remain:0,TimeLeft:2000,Reset:1234"}, true, 2 * time.Second},
		"the rate limit of the user":     {map[string]string{"x-ratelimit-user": "Limit:1, Remain:0, timeleft: 3000"}, true, 3 * time.Second},
		"the larger of the two":          {map[string]string{"x-ratelimit-user-api": "TimeLeft:2000", "x-ratelimit-user": "TimeLeft:1000"}, true, 2 * time.Second},
		"no rate limit if not throttled": {map[string]string{"x-ratelimit-user-api": "TimeLeft:2000"}, false, 0},
		"a rate limit without TimeLeft":  {map[string]string{"x-ratelimit-user-api": "Limit:1"}, true, 0},
		"Retry-After in seconds":         {map[string]string{"Retry-After": " 120 "}, false, 2 * time.Minute},
		"Retry-After as a date":          {map[string]string{"Retry-After": "Tue, 02 Jan 2024 03:05:05 GMT", "Date": date}, false, time.Minute},
		"a date in the past":             {map[string]string{"Retry-After": "Tue, 02 Jan 2024 03:04:00 GMT", "Date": date}, false, 0},
		"a date without a Date":          {map[string]string{"Retry-After": "Tue, 02 Jan 2024 03:04:00 GMT"}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := &http.Response{Header: http.Header{}}
			for key, value := range test.header {
				res.Header.Set(key, value)
			}
			assert.Equal(t, test.want, askedWait(res, test.throttled))
		})
	}
}

func TestTheBudgetRunsOutAndComesBack(t *testing.T) {
	t.Parallel()
	var b retryBudget
	b.deposit()
	for range 100 {
		assert.True(t, b.withdraw())
	}
	assert.False(t, b.withdraw(), "a hundred retries without a success are the end")
	for range 9 {
		b.deposit()
	}
	assert.False(t, b.withdraw())
	b.deposit()
	assert.True(t, b.withdraw(), "ten successes pay for a retry")
	for range 5000 {
		b.deposit()
	}
	assert.Zero(t, b.spent.Load(), "it never holds more than it began with")
	assert.True(t, b.withdraw())
	b.refund()
	assert.Zero(t, b.spent.Load())
	assert.True(t, b.withdraw())
	b.deposit()
	b.refund()
	assert.Zero(t, b.spent.Load(), "not even if a success came in between")
}
