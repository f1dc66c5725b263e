package retry_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cams-go/cams/internal/retry"
)

func TestAClockGoesBackToTheLastCorrectionThatHelped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var clock retry.Clock
		here := time.Now()
		assert.Equal(t, here, clock.Now())

		helped := clock.Set(here.Add(time.Hour))
		assert.Equal(t, time.Hour, helped)
		assert.Equal(t, here.Add(time.Hour), clock.Now())
		clock.Keep(helped)

		// Two calls correct it at once, and neither correction helps.
		one, other := clock.Set(here.Add(-time.Hour)), clock.Set(here.Add(-2*time.Hour))
		clock.Undo(one)
		assert.Equal(t, here.Add(-2*time.Hour), clock.Now(), "the other call has to undo its own")
		clock.Undo(other)
		assert.Equal(t, here.Add(time.Hour), clock.Now())
	})
}
