package interop

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// limited is a snippet of docs/howto.md that needs a module which the root has not.
func limited(client *cams.Client) (*cams.Client, error) {
	limited, err := client.With(cams.WithLimiter(rate.NewLimiter(10, 1))) // 10 a second, no bursts
	return limited, err
}

func TestALimiterPacesAllGoroutines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := camstest.NewServer()
		server.AddGroup(camstest.Group{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939"})
		server.SetQuota(11, time.Second) // a window of a second has at most 11 requests, at 0.0 s and at 1.0 s
		base, err := server.NewClient(cams.WithRetry(cams.NoRetry()))
		require.NoError(t, err)
		client, err := limited(base)
		require.NoError(t, err)

		start := time.Now()
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				for range 6 {
					_, err := client.ListChatGroupParticipants(t.Context(), &cams.ListChatGroupParticipantsRequest{
						BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939",
					})
					assert.NoError(t, err)
				}
			})
		}
		all.Wait()
		assert.InDelta(t, 2.9, time.Since(start).Seconds(), 0.01, "30 requests")
	})
}
