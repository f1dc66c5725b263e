package camstest_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams/camstest"
)

// A job under a quota, in virtual time. This cannot be an Example: synctest needs a test.
func TestAJobUnderAQuota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := camstest.NewServer()
		server.AddGroup(camstest.Group{
			BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939", Participants: []string{"8613800000001"},
		})
		server.SetQuota(5, time.Minute)
		server.SetRetryAfter(true)
		server.SetLatency(100 * time.Millisecond)
		client, err := server.NewClient()
		require.NoError(t, err)

		time.Sleep(50 * time.Second) // the first minute is nearly over
		start := time.Now()
		for range 6 {
			n, err := countMembers(context.Background(), client, "EA939")
			require.NoError(t, err)
			require.Equal(t, 1, n)
		}
		assert.GreaterOrEqual(t, time.Since(start), 10*time.Second, "the sixth waited for the next minute")
		assert.Less(t, time.Since(start), time.Minute)
	})
}
