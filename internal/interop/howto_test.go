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

// limited has a snippet of docs/howto.md. It is here because the root module does not depend on golang.org/x/time.
func limited(client *cams.Client) (*cams.Client, error) {
	limited, err := client.With(cams.WithLimiter(rate.NewLimiter(10, 1))) // 10 a second, no bursts
	return limited, err
}

func TestALimiterPacesAllGoroutines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := camstest.NewServer()
		server.AddGroup(camstest.Group{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939"})
		server.SetQuota(11, time.Second) // a one-second window holds at most 11 requests, as both 0.0 s and 1.0 s are in it
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
