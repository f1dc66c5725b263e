package acceptance

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// job is 1,500 calls by some workers against a quota that the client does not know.
type job struct {
	set     func(*camstest.Server)
	perSec  float64 // the quota in the long run
	burst   float64 // and what it lets through at once
	options []cams.Option
}

// jobResult is what became of a job.
type jobResult struct {
	lost, refused int
	took          time.Duration
	used          float64 // the share of the quota that was used
}

const (
	jobCalls = 1500
	startGap = 100 * time.Microsecond // between the starts of two workers
)

func (j job) run(t *testing.T, workers int, named bool) (r jobResult) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, j.options...)
		server.SetLatency(40 * time.Millisecond)
		server.SetRetryAfter(named)
		j.set(server)
		start := time.Now()
		next := make(chan int)
		var group sync.WaitGroup
		var mu sync.Mutex
		for i := range workers {
			group.Go(func() {
				// No two workers do anything at the same moment, so each run is the same.
				time.Sleep(time.Duration(i) * startGap)
				for range next {
					if err := list(t.Context(), client); err != nil {
						mu.Lock()
						r.lost++
						mu.Unlock()
					}
				}
			})
		}
		for i := range jobCalls {
			next <- i
		}
		close(next)
		group.Wait()
		r.took = time.Since(start)
		for _, request := range server.Requests() {
			if request.Code == "Throttling.User" {
				r.refused++
			}
		}
		r.used = jobCalls / (j.burst + j.perSec*r.took.Seconds())
	})
	return r
}

func TestNothingIsLostUnderAnUnknownQuota(t *testing.T) {
	t.Parallel()
	patient := []cams.Option{cams.WithRetry(cams.RetryPolicy{MaxAttempts: 10, MaxDelay: 2 * time.Minute})}
	for name, test := range map[string]struct {
		job
		atLeast float64 // of the quota used by 4 workers and more
	}{
		"a bucket of 10 a second": {job{func(s *camstest.Server) { s.SetTokenBucket(10, 10) }, 10, 10, nil}, 0.95},
		"a bucket of 50 a second": {job{func(s *camstest.Server) { s.SetTokenBucket(50, 50) }, 50, 50, nil}, 0.92},
		"10 in each second":       {job{func(s *camstest.Server) { s.SetQuota(10, time.Second) }, 10, 0, nil}, 0.90},
		"600 in each minute":      {job{func(s *camstest.Server) { s.SetQuota(600, time.Minute) }, 10, 600, patient}, 0.6},
	} {
		for _, named := range []bool{false, true} {
			for _, workers := range []int{1, 4, 16, 64} {
				t.Run(fmt.Sprintf("%s, %d workers, wait named %v", name, workers, named), func(t *testing.T) {
					t.Parallel()
					r := test.run(t, workers, named)
					t.Logf("lost %d, refused %.1f %%, used %.1f %%, took %v", r.lost, 100*float64(r.refused)/jobCalls, 100*r.used, r.took)
					assert.Zero(t, r.lost)
					most := 0.05
					if workers == 64 {
						most = 0.08
					}
					if test.options != nil {
						most = 0.12
					}
					assert.LessOrEqual(t, float64(r.refused), most*jobCalls)
					if workers > 1 {
						assert.GreaterOrEqual(t, r.used, test.atLeast)
					}
				})
			}
		}
	}
}

func TestAQuotaThatFallsAndComesBackLosesNothing(t *testing.T) {
	t.Parallel()
	for _, workers := range []int{1, 4, 16, 64} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			t.Parallel()
			r := job{set: func(s *camstest.Server) {
				s.SetTokenBucket(20, 20)
				time.AfterFunc(20*time.Second, func() { s.SetTokenBucket(6, 6) })
				time.AfterFunc(80*time.Second, func() { s.SetTokenBucket(20, 20) })
			}, perSec: 20}.run(t, workers, false)
			t.Logf("lost %d, refused %.1f %%, took %v", r.lost, 100*float64(r.refused)/jobCalls, r.took)
			assert.Zero(t, r.lost)
			assert.LessOrEqual(t, float64(r.refused), 0.08*jobCalls)
		})
	}
}

func TestWithoutAQuotaNothingIsSlower(t *testing.T) {
	t.Parallel()
	r := job{set: func(*camstest.Server) {}}.run(t, 15, false)
	require.Zero(t, r.lost+r.refused)
	assert.Equal(t, jobCalls/15*40*time.Millisecond+14*startGap, r.took)
}
