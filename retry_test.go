package cams

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestZeroRetryPolicyHasItsDefaults(t *testing.T) {
	t.Parallel()
	assert.Equal(t, RetryPolicy{3, 200 * time.Millisecond, 20 * time.Second, 0, 100}, RetryPolicy{}.withDefaults())
	assert.Equal(t, RetryPolicy{3, time.Second, 20 * time.Second, 0, 100}, RetryPolicy{BaseDelay: time.Second}.withDefaults(),
		"setting the delay does not turn retries off")
	assert.Equal(t, 1, NoRetry().withDefaults().MaxAttempts)
}

func TestThrottledRequestsPauseBrieflyIfTheAdaptiveLimiterHoldsThemBackToo(t *testing.T) {
	t.Parallel()
	client := func(c *Client, opts ...Option) *Client {
		c, err := c.With(opts...)
		require.NoError(t, err)
		return c
	}
	// The longest of many random pauses after one refusal is almost the limit.
	longest := func(c *Client) (pause time.Duration) {
		for range 1000 {
			refused := c.retryable(&call{info: CallInfo{Attempts: 1}}, &APIError{Code: "Throttling.User"})
			require.True(t, refused.again)
			pause = max(pause, refused.pause)
		}
		return pause
	}
	adaptive, err := NewClient(WithRegion("ap-southeast-1"))
	require.NoError(t, err)
	unlimited := client(adaptive, WithLimiter(Unlimited()))
	policy := WithRetry(RetryPolicy{ThrottleDelay: 5 * time.Second})
	tests := map[string]struct {
		client *Client
		want   time.Duration
	}{
		"by default":                     {adaptive, 200 * time.Millisecond},
		"a copy with another limiter":    {unlimited, time.Second},
		"ThrottleDelay":                  {client(adaptive, policy), 5 * time.Second},
		"ThrottleDelay, another limiter": {client(unlimited, policy), 5 * time.Second},
	}
	for name, test := range tests {
		pause := longest(test.client)
		assert.LessOrEqual(t, pause, test.want, name)
		assert.Greater(t, pause, test.want*9/10, name)
	}
}
