package camstest

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// SetQuota limits each operation to n requests in each window of length per, for each access key. Windows are fixed:
// a window of a second begins with the second of the server's clock. A request counts when its signature is right;
// one more is refused as [OverQuota]. 0 turns it off.
func (s *Server) SetQuota(n int, per time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota.set(n, per, 0)
}

// SetTokenBucket is [Server.SetQuota] for a quota that lets a burst of capacity through and then rate requests a second,
// evenly. The bucket is full at first; a later call changes its size and speed, not what is in it. 0 turns it off.
func (s *Server) SetTokenBucket(rate float64, capacity int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota.set(capacity, 0, rate)
}

// SetRetryAfter makes refusals for a quota say when the next request would pass, in the header x-acs-retry-after.
func (s *Server) SetRetryAfter(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota.sayWait = on
}

// SetRateLimitHeader makes every answer to a request that counts say what is left of the quota, in the header
// x-ratelimit-user-api: "Limit:10,Remain:0,TimeLeft:350,Reset:1767225600". TimeLeft is how many milliseconds it takes
// until there is more; Reset, whose meaning is assumed, is that time in seconds since 1970.
func (s *Server) SetRateLimitHeader(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota.sayRest = on
}

// quota is what an access key may do with an operation: limit requests in each window of length per or, when per is 0,
// those that a bucket of limit tokens lets through.
type quota struct {
	limit            int
	per              time.Duration
	rate             float64 // tokens a second
	used             map[quotaKey]*usage
	sayWait, sayRest bool
}

type quotaKey struct{ accessKeyID, bearerToken, operation string }

// usage is the state of one quota: that of a window, or that of a bucket.
type usage struct {
	window time.Time // when it began
	count  int

	filled time.Time // when tokens was computed
	tokens float64
}

func (q *quota) set(limit int, per time.Duration, rate float64) {
	if q.per != per || q.used == nil {
		q.used = make(map[quotaKey]*usage) // another kind, or windows that begin at other times
	}
	q.limit, q.per, q.rate = limit, per, rate
}

func (q *quota) isOff() bool { return q.limit <= 0 || q.per <= 0 && q.rate <= 0 }

// use takes one request out of a quota. It returns what the answer must say of that, and whether there was none left.
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
	ok, left, wait := take(q, now)

	header, milliseconds := http.Header{}, (wait+time.Millisecond-1)/time.Millisecond
	if q.sayRest {
		header.Set("X-Ratelimit-User-Api", fmt.Sprintf("Limit:%d,Remain:%d,TimeLeft:%d,Reset:%d",
			q.limit, left, milliseconds, now.Add(wait).Unix()))
	}
	if ok {
		return header, nil
	}
	if q.sayWait {
		header.Set("X-Acs-Retry-After", strconv.FormatInt(int64(milliseconds), 10))
	}
	return header, overQuota
}

// takeFromWindow and takeFromBucket tell whether there was a request left, how many there are now, and how long it takes
// until there is more.

func (u *usage) takeFromWindow(q *quota, now time.Time) (ok bool, left int, wait time.Duration) {
	// Requests may come here in another order than they arrived: never go back to an older window.
	if window := now.Truncate(q.per); window.After(u.window) {
		u.window, u.count = window, 0
	}
	wait = u.window.Add(q.per).Sub(now)
	if u.count >= q.limit {
		return false, 0, wait
	}
	u.count++
	return true, q.limit - u.count, wait
}

func (u *usage) takeFromBucket(q *quota, now time.Time) (ok bool, left int, wait time.Duration) {
	if elapsed := now.Sub(u.filled); elapsed > 0 {
		u.tokens += elapsed.Seconds() * q.rate
		u.filled = now
	}
	u.tokens = min(u.tokens, float64(q.limit))
	const rounding = 1e-6 // who waits as long as told must pass
	if ok = u.tokens >= 1-rounding; ok {
		u.tokens = max(0, u.tokens-1)
	}
	left = int(u.tokens + rounding)
	missing := float64(left+1) - u.tokens
	return ok, left, time.Duration(missing / q.rate * float64(time.Second))
}
