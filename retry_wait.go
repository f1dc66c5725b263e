package cams

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// askedWait reads how long an answer asks to wait, the plainest word first:
// x-acs-retry-after in milliseconds; for a throttled request the longest
// TimeLeft of x-ratelimit-user-api and x-ratelimit-user, in milliseconds;
// Retry-After in seconds or as a date.
func askedWait(res *http.Response, throttled bool) time.Duration {
	if wait := acsRetryAfter(res); wait > 0 {
		return wait
	}
	if throttled {
		wait := max(timeLeft(res.Header.Get("X-Ratelimit-User-Api")), timeLeft(res.Header.Get("X-Ratelimit-User")))
		if wait > 0 {
			return wait
		}
	}
	value := res.Header.Get("Retry-After")
	if wait := duration(value, time.Second); wait > 0 {
		return wait
	}
	if at, err := http.ParseTime(value); err == nil {
		now := time.Now()
		if date, err := http.ParseTime(res.Header.Get("Date")); err == nil {
			now = date // by the clock that the date was made with
		}
		return max(0, at.Sub(now))
	}
	return 0
}

func acsRetryAfter(res *http.Response) time.Duration {
	return duration(res.Header.Get("X-Acs-Retry-After"), time.Millisecond)
}

// timeLeft reads TimeLeft of "Limit:1,Remain:0,TimeLeft:2000,Reset:1234".
func timeLeft(header string) time.Duration {
	for item := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(item, ":")
		if strings.EqualFold(strings.TrimSpace(name), "TimeLeft") {
			return duration(value, time.Millisecond)
		}
	}
	return 0
}

// duration reads a count of units. What is no count, or negative, is 0.
func duration(count string, unit time.Duration) time.Duration {
	n, err := strconv.ParseInt(strings.TrimSpace(count), 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || n <= 0 {
		return 0
	}
	return time.Duration(min(n, math.MaxInt64/int64(unit))) * unit
}
