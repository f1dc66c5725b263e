package cams

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestZeroRetryPolicyHasItsDefaults(t *testing.T) {
	t.Parallel()
	assert.Equal(t, RetryPolicy{3, 200 * time.Millisecond, 20 * time.Second, time.Second, 100}, RetryPolicy{}.withDefaults())
	assert.Equal(t, RetryPolicy{3, time.Second, 20 * time.Second, time.Second, 100}, RetryPolicy{BaseDelay: time.Second}.withDefaults(),
		"setting the delay does not turn retries off")
	assert.Equal(t, 1, NoRetry().withDefaults().MaxAttempts)
}
