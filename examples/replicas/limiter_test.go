package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// startRedis starts redis-server, or miniredis if that is not on the PATH. It returns the
// address.
func startRedis(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Log("Redis is miniredis: redis-server is not on the PATH")
		return miniredis.RunT(t).Addr()
	}
	t.Log("Redis is", program)
	dir, err := os.MkdirTemp("", "redis") // t.TempDir is too long for a socket
	require.NoError(t, err)
	socket := filepath.Join(dir, "socket")
	server := exec.Command(program, "--port", "0", "--unixsocket", socket, "--dir", dir, "--save", "")
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		_ = os.RemoveAll(dir)
	})
	require.Eventually(t, func() bool {
		connection, err := net.Dial("unix", socket)
		return err == nil && connection.Close() == nil
	}, 10*time.Second, 10*time.Millisecond)
	return socket
}

func TestReplicasTakeTurns(t *testing.T) {
	t.Parallel()
	address := startRedis(t)
	start := time.Now()
	var mu sync.Mutex
	var turns []time.Duration
	var all sync.WaitGroup
	for range 4 {
		limiter := newSharedLimiter(address, "endpoint", 50)
		for range 10 {
			all.Go(func() {
				if err := limiter.Wait(t.Context()); !assert.NoError(t, err) {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				turns = append(turns, time.Since(start))
			})
		}
	}
	all.Wait()
	require.Len(t, turns, 40)
	for i, at := range turns { // a slow machine may be late, but nobody is early
		assert.GreaterOrEqual(t, at, time.Duration(i)*20*time.Millisecond-time.Millisecond, "turn %d", i)
	}
}

func TestEachQuotaHasALineOfItsOwn(t *testing.T) {
	t.Parallel()
	address := startRedis(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for _, endpoint := range []string{"one", "two"} {
		require.NoError(t, newSharedLimiter(address, endpoint, 0.1).Wait(ctx))
	}
	assert.Error(t, newSharedLimiter(address, "one", 0.1).Wait(ctx), "its next turn is in 10 s")
}

func TestAQuotaMayBeAFraction(t *testing.T) {
	t.Parallel()
	for quota, every := range map[float64]time.Duration{
		50: 20 * time.Millisecond, 1: time.Second, 0.5: 2 * time.Second, 2.5: 400 * time.Millisecond,
		3: 333333334, // not above the quota
	} {
		assert.Equal(t, every, newSharedLimiter("unused", "endpoint", quota).every)
	}
}

func TestATurnAfterTheDeadlineIsNotTaken(t *testing.T) {
	t.Parallel()
	limiter := newSharedLimiter(startRedis(t), "endpoint", 2)
	require.NoError(t, limiter.Wait(t.Context()))
	start := time.Now()
	for range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		assert.ErrorContains(t, limiter.Wait(ctx), "no turn is free within")
		assert.NoError(t, ctx.Err(), "it did not wait")
		cancel()
	}
	require.NoError(t, limiter.Wait(t.Context()))
	assert.Less(t, time.Since(start), 5*time.Second, "twenty turns would be 10 s")
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	limiter := newSharedLimiter(startRedis(t), "endpoint", 0.01)
	require.NoError(t, limiter.Wait(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	assert.ErrorIs(t, limiter.Wait(ctx), context.Canceled)
}

// newClient returns a client of a service in memory, with a limiter.
func newClient(t *testing.T, limiter cams.Limiter) (*camstest.Server, *cams.Client) {
	service := camstest.NewServer()
	service.AddGroup(camstest.Group{
		BusinessNumber: sandboxNumber, CustSpaceID: sandboxSpace, GroupID: sandboxGroup, Participants: []string{"8613800000001"},
	})
	client, err := service.NewClient(cams.WithLimiter(limiter, operation))
	require.NoError(t, err)
	return service, client
}

var request = &cams.ListChatGroupParticipantsRequest{BusinessNumber: sandboxNumber, CustSpaceID: sandboxSpace, GroupID: sandboxGroup}

func TestWithoutRedisACallIsNotSent(t *testing.T) {
	t.Parallel()
	service, client := newClient(t, newSharedLimiter("127.0.0.1:1", "endpoint", 50))
	start := time.Now()
	_, err := client.ListChatGroupParticipants(t.Context(), request)
	require.ErrorIs(t, err, cams.ErrThrottled)
	assert.ErrorContains(t, err, "asking Redis for a turn")
	assert.Less(t, time.Since(start), 3*time.Second)
	assert.Empty(t, service.Requests())
}

func TestAJobWithPatienceOutlastsRedis(t *testing.T) {
	t.Parallel()
	memory := miniredis.RunT(t)
	_, client := newClient(t, newSharedLimiter(memory.Addr(), "endpoint", 50))
	memory.Close()
	time.AfterFunc(200*time.Millisecond, func() { assert.NoError(t, memory.Restart()) })
	members := 0
	for _, err := range cams.NewListChatGroupParticipantsPager(client, request, cams.WithPatience(10*time.Second)).All(t.Context()) {
		require.NoError(t, err)
		members++
	}
	assert.Equal(t, 1, members)
}
