package retry

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Asked returns how long an answer asks to wait, 0 if it does not. The first of these
// headers counts: x-acs-retry-after in milliseconds; if throttled, the larger TimeLeft
// of x-ratelimit-user-api and x-ratelimit-user, in milliseconds; Retry-After in seconds
// or as a date.
func Asked(header http.Header, throttled bool) time.Duration {
	if wait := AcsRetryAfter(header); wait > 0 {
		return wait
	}
	if throttled {
		wait := max(timeLeft(header.Get("X-Ratelimit-User-Api")), timeLeft(header.Get("X-Ratelimit-User")))
		if wait > 0 {
			return wait
		}
	}
	value := header.Get("Retry-After")
	if wait := duration(value, time.Second); wait > 0 {
		return wait
	}
	if at, err := http.ParseTime(value); err == nil {
		now := time.Now()
		if date, err := http.ParseTime(header.Get("Date")); err == nil {
			now = date // the server's clock, which Retry-After is based on
		}
		return max(0, at.Sub(now))
	}
	return 0
}

// AcsRetryAfter returns x-acs-retry-after. A positive one means throttling, whatever else
// the answer says.
func AcsRetryAfter(header http.Header) time.Duration {
	return duration(header.Get("X-Acs-Retry-After"), time.Millisecond)
}

// timeLeft returns TimeLeft of a header such as
// "Limit:1,Remain:0,TimeLeft:2000,Reset:1234".
func timeLeft(header string) time.Duration {
	return duration(item(header, "TimeLeft"), time.Millisecond)
}

// item returns the value of name in such a header.
func item(header, name string) string {
	for pair := range strings.SplitSeq(header, ",") {
		key, value, _ := strings.Cut(pair, ":")
		if strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// duration parses a number of units, which may have decimals. It returns 0 for anything
// else, also for a negative number.
func duration(count string, unit time.Duration) time.Duration {
	count = strings.TrimSpace(count)
	if strings.ContainsFunc(count, func(r rune) bool { return r != '.' && (r < '0' || r > '9') }) {
		return 0
	}
	n, err := strconv.ParseFloat(count, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0
	}
	if n *= float64(unit); n >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(math.Ceil(n))
}
