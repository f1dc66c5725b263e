package camstest

import (
	"net/http"
	"strconv"
	"time"
)

// SetQuota limits each operation to n requests per window of length per, for each access key or bearer token. Windows
// are fixed: a window of one second starts with each second of the server's clock. Only requests with a valid signature
// count. Requests over the quota are refused with 429 Throttling.User. n = 0 turns the quota off.
func (s *Server) SetQuota(n int, per time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota.set(n, per, 0)
}

// SetTokenBucket is like [Server.SetQuota], but with a token bucket: it grants a burst of capacity requests and then rate
// requests per second. The bucket is full at first. A later call changes its capacity and rate, not its content. 0 turns
// the quota off.
func (s *Server) SetTokenBucket(rate float64, capacity int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota.set(capacity, 0, rate)
}

// SetRetryAfter sets whether a refusal over quota says when the next request would pass, in the header x-acs-retry-after.
func (s *Server) SetRetryAfter(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota.sayWait = on
}

// quota limits what an access key may do with an operation: limit requests per window of length per. If per is 0, it is
// a token bucket of capacity limit instead.
type quota struct {
	limit   int
	per     time.Duration
	rate    float64 // tokens per second
	used    map[quotaKey]*usage
	sayWait bool
}

type quotaKey struct{ accessKeyID, bearerToken, operation string }

// usage is the state of one quota: that of a window, or that of a bucket.
type usage struct {
	window time.Time // when the window started
	count  int

	filled time.Time // when tokens was computed
	tokens float64
}

func (q *quota) set(limit int, per time.Duration, rate float64) {
	if q.per != per || q.used == nil {
		q.used = make(map[quotaKey]*usage) // another kind of quota, or windows that start at other times
	}
	q.limit, q.per, q.rate = limit, per, rate
}

func (q *quota) isOff() bool { return q.limit <= 0 || q.per <= 0 && q.rate <= 0 }

// use takes one request from the quota. If nothing is left, it returns a refusal and headers for it.
func (q *quota) use(key quotaKey, now time.Time) (http.Header, *refusal) {
	if q.isOff() {
		return nil, nil
	}
	u := q.used[key]
	if u == nil {
		u = &usage{filled: now, tokens: float64(q.limit)}
		q.used[key] = u
	}
	take := u.takeFromBucket
	if q.per > 0 {
		take = u.takeFromWindow
	}
	ok, wait := take(q, now)
	if ok {
		return nil, nil
	}
	header := http.Header{}
	if q.sayWait {
		milliseconds := (wait + time.Millisecond - 1) / time.Millisecond
		header.Set("X-Acs-Retry-After", strconv.FormatInt(int64(milliseconds), 10))
	}
	return header, overQuota
}

// takeFromWindow and takeFromBucket return whether a request was left and, if not, how long it takes until there is one.

func (u *usage) takeFromWindow(q *quota, now time.Time) (ok bool, wait time.Duration) {
	// Requests may get here in another order than they arrived, so never go back to an older window.
	if window := now.Truncate(q.per); window.After(u.window) {
		u.window, u.count = window, 0
	}
	if u.count >= q.limit {
		return false, u.window.Add(q.per).Sub(now)
	}
	u.count++
	return true, 0
}

func (u *usage) takeFromBucket(q *quota, now time.Time) (ok bool, wait time.Duration) {
	if elapsed := now.Sub(u.filled); elapsed > 0 {
		u.tokens += elapsed.Seconds() * q.rate
		u.filled = now
	}
	u.tokens = min(u.tokens, float64(q.limit))
	const rounding = 1e-6 // a caller who waits exactly as long as the header says must pass
	if u.tokens < 1-rounding {
		return false, time.Duration((1 - u.tokens) / q.rate * float64(time.Second))
	}
	u.tokens = max(0, u.tokens-1)
	return true, 0
}
