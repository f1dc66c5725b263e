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
	adaptive, err := NewClient(WithRegion("ap-southeast-1"))
	require.NoError(t, err)
	unlimited := client(adaptive, WithLimiter(Unlimited()))
	policy := WithRetry(RetryPolicy{ThrottleDelay: 5 * time.Second})
	assert.Equal(t, 200*time.Millisecond, adaptive.throttleDelay())
	assert.Equal(t, time.Second, unlimited.throttleDelay(), "also of a copy of an adaptive client")
	assert.Equal(t, 5*time.Second, client(adaptive, policy).throttleDelay())
	assert.Equal(t, 5*time.Second, client(unlimited, policy).throttleDelay())
}
