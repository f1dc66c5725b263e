package camstest

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const ms = time.Millisecond

// passed sends requests until one is refused, and returns how many passed.
func passed(t *testing.T, s *Server, c caller) (n int) {
	t.Helper()
	for {
		a := inMemory(s).call(t, c)
		if a.body.Code != "OK" {
			require.Equal(t, "Throttling.User", a.body.Code, a.text)
			require.Equal(t, 429, a.StatusCode)
			return n
		}
		n++
		require.Less(t, n, 1000, "no quota")
	}
}

func TestQuotasPassWhatTheyShould(t *testing.T) {
	t.Parallel()
	type look struct {
		after time.Duration // the look before
		pass  int
	}
	cases := []struct {
		name  string
		set   func(*Server)
		looks []look
	}{
		{"a window fills at its end, at once", func(s *Server) { s.SetQuota(3, time.Second) }, []look{
			{0, 3}, {999 * ms, 0}, {1 * ms, 3}, {500 * ms, 0}, {500 * ms, 3}, {time.Hour, 3},
		}},
		{"windows begin with the clock's, not with the first request", func(s *Server) { s.SetQuota(3, time.Minute) }, []look{
			{59 * time.Second, 3}, {time.Second, 3}, {59 * time.Second, 0}, {time.Second, 3},
		}},
		{"a bucket lets a burst through, then fills evenly", func(s *Server) { s.SetTokenBucket(10, 5) }, []look{
			{0, 5}, {99 * ms, 0}, {1 * ms, 1}, {250 * ms, 2}, {50 * ms, 1}, {time.Hour, 5},
		}},
		{"a slow bucket", func(s *Server) { s.SetTokenBucket(0.1, 1) }, []look{
			{0, 1}, {9 * time.Second, 0}, {time.Second, 1},
		}},
		{"a bucket that is looked at often", func(s *Server) { s.SetTokenBucket(10, 1) }, []look{
			{0, 1}, {10 * ms, 0}, {10 * ms, 0}, {10 * ms, 0}, {10 * ms, 0}, {10 * ms, 0}, {10 * ms, 0}, {10 * ms, 0}, {10 * ms, 0}, {10 * ms, 0}, {10 * ms, 1},
		}},
		{"a bucket of thirds", func(s *Server) { s.SetTokenBucket(3, 3) }, []look{
			{0, 3}, {time.Second, 3}, {333 * ms, 0}, {1 * ms, 1},
		}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer(1)
				tc.set(s)
				for i, look := range tc.looks {
					time.Sleep(look.after)
					assert.Equal(t, look.pass, passed(t, s, caller{}), "look %d", i+1)
				}
			})
		})
	}
}

func TestAQuotaIsOfAnAccessKeyAndAnOperation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(1)
		s.SetQuota(3, time.Minute)
		temporary := caller{keyID: "temporary-id", secret: "temporary-secret", token: "token/+=abc"}
		s.AddBearerToken("another")
		for _, c := range []caller{{}, temporary, {bearer: "bearer/+=abc"}, {bearer: "another"}, {action: "AddChatGroup"}} {
			assert.Equal(t, 3, passed(t, s, c))
		}
		assert.Zero(t, passed(t, s, caller{rpc: true}), "however it is signed")
		assert.Zero(t, passed(t, s, caller{set: map[string]string{"GroupId": "other"}}), "whatever the group")
	})
}

func TestOnlyWhatIsAuthenticatedCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(1)
		s.SetQuota(3, time.Minute)
		f := inMemory(s)
		s.AnswerOnce(Refusal(500, "Told", ""))
		assert.Equal(t, "Told", f.call(t, caller{}).body.Code)
		assert.Equal(t, "SignatureDoesNotMatch", f.call(t, caller{secret: "guess"}).body.Code)
		assert.Equal(t, "MissingGroupId", f.call(t, caller{drop: []string{"GroupId"}}).body.Code, "this one counts")
		assert.Equal(t, 2, passed(t, s, caller{}))
		assert.Equal(t, "SignatureDoesNotMatch", f.call(t, caller{secret: "guess"}).body.Code)
	})
}

func TestAQuotaStopsWrites(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := NewServer()
		s.SetQuota(3, time.Minute)
		passed(t, s, caller{action: "AddChatGroup"})
		assert.Len(t, s.Groups(), 3)
	})
}

func TestQuotasChangeAndEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(1)
		s.SetTokenBucket(20, 20)
		assert.Equal(t, 20, passed(t, s, caller{}))
		s.SetTokenBucket(6, 6)
		assert.Zero(t, passed(t, s, caller{}), "a change does not fill a bucket")
		time.Sleep(time.Second)
		assert.Equal(t, 6, passed(t, s, caller{}))
		time.Sleep(time.Minute)
		s.SetTokenBucket(6, 3)
		assert.Equal(t, 3, passed(t, s, caller{}), "a smaller one holds less")

		s.SetQuota(5, time.Second)
		assert.Equal(t, 5, passed(t, s, caller{}), "another kind begins anew")
		s.SetQuota(7, time.Second)
		assert.Equal(t, 2, passed(t, s, caller{}), "a larger window has used what it has used")
		s.SetQuota(4, time.Hour)
		assert.Equal(t, 4, passed(t, s, caller{}))

		for _, off := range []func(){
			func() { s.SetQuota(0, time.Second) }, func() { s.SetQuota(5, 0) },
			func() { s.SetTokenBucket(0, 5) }, func() { s.SetTokenBucket(5, 0) },
		} {
			off()
			for range 10 {
				require.Equal(t, "OK", inMemory(s).call(t, caller{}).body.Code)
			}
		}
	})
}

func TestAQuotaSaysHowLongToWaitOnlyIfToldTo(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		set  func(*Server)
		wait time.Duration
	}{
		{"a window", func(s *Server) { s.SetQuota(1, time.Second) }, 750 * ms},
		{"a bucket", func(s *Server) { s.SetTokenBucket(10, 1) }, 100 * ms},
		{"a bucket of thirds", func(s *Server) { s.SetTokenBucket(3, 1) }, 334 * ms},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer(1)
				tc.set(s)
				time.Sleep(250 * ms)
				require.Equal(t, 1, passed(t, s, caller{}))
				assert.Empty(t, inMemory(s).call(t, caller{}).Header.Get("X-Acs-Retry-After"))

				s.SetRetryAfter(true)
				refused := inMemory(s).call(t, caller{})
				require.Equal(t, 429, refused.StatusCode)
				assert.Equal(t, strconv.FormatInt(tc.wait.Milliseconds(), 10), refused.Header.Get("X-Acs-Retry-After"))
				time.Sleep(tc.wait - ms)
				assert.Zero(t, passed(t, s, caller{}))
				time.Sleep(ms)
				good := inMemory(s).call(t, caller{})
				assert.Equal(t, "OK", good.body.Code, "who waits as told passes")
				assert.Empty(t, good.Header.Get("X-Acs-Retry-After"))
			})
		})
	}
}

// Requests at the same time reach the quota in any order, also around the end of a window.
func TestAWindowIsNotOpenedAgain(t *testing.T) {
	t.Parallel()
	q, key := &quota{}, quotaKey{}
	q.set(1, time.Second, 0)
	second := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	_, bad := q.use(key, second)
	assert.Nil(t, bad)
	_, bad = q.use(key, second.Add(-ms))
	assert.Equal(t, overQuota, bad)
	_, bad = q.use(key, second.Add(ms))
	assert.Equal(t, overQuota, bad)
}

func TestWhoWaitsAsABucketSaysPasses(t *testing.T) {
	t.Parallel()
	for rate := 0.1; rate < 100; rate *= 1.07 {
		q, key, now := &quota{sayWait: true}, quotaKey{}, time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC)
		q.set(1, 0, rate)
		for i := range 100 {
			if header, bad := q.use(key, now); bad != nil {
				wait, err := strconv.Atoi(header.Get("X-Acs-Retry-After"))
				require.NoError(t, err)
				now = now.Add(time.Duration(wait) * ms)
				_, bad = q.use(key, now)
				require.Nil(t, bad, "rate %v, request %d", rate, i+1)
			}
			now = now.Add(time.Duration(i) * 317 * time.Microsecond)
		}
	}
}

// Many workers in virtual time: nobody sleeps for real, and the quota is used to the last request.
func TestQuotasWorkInSynctest(t *testing.T) {
	t.Parallel()
	const workers, jobs = 16, 600
	cases := map[string]struct {
		set  func(*Server)
		took time.Duration
	}{
		"10 in each second": {func(s *Server) { s.SetQuota(10, time.Second) }, 59 * time.Second},
		"a bucket of 10":    {func(s *Server) { s.SetTokenBucket(10, 10) }, 59 * time.Second},
		"600 in a minute":   {func(s *Server) { s.SetQuota(600, time.Minute) }, 0},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer(1)
				test.set(s)
				s.SetRetryAfter(true)
				s.SetLatency(40 * ms)
				start := time.Now()
				var left, done atomic.Int64
				left.Store(jobs)
				var group sync.WaitGroup
				for range workers {
					group.Go(func() {
						for left.Add(-1) >= 0 {
							for {
								a := inMemory(s).call(t, caller{})
								if a.StatusCode == http.StatusOK {
									break
								}
								wait, err := strconv.Atoi(a.Header.Get("X-Acs-Retry-After"))
								if !assert.NoError(t, err) {
									return
								}
								time.Sleep(time.Duration(wait)*ms - 40*ms) // it took 40 to be told
							}
							done.Add(1)
						}
					})
				}
				group.Wait()
				assert.EqualValues(t, jobs, done.Load())
				assert.InDelta(t, test.took.Seconds(), time.Since(start).Seconds(), 2)
			})
		})
	}
}
