package retry

import (
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func FuzzAskedWaitIsNeverNegative(f *testing.F) {
	f.Add("1500", "Limit:1,Remain:0,TimeLeft:2000,Reset:1234", "", "2", "Mon, 02 Jan 2006 15:04:05 GMT", true)
	f.Add("-1", "TimeLeft:-9223372036854775808", "timeleft : 9223372036854775807", "Mon, 02 Jan 0001 15:04:05 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", true)
	f.Add("99999999999999999999", ",:,TimeLeft", "TimeLeft:1e3", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 02 Jan 0001 15:04:05 GMT", false)
	f.Fuzz(func(t *testing.T, acs, userAPI, user, retryAfter, date string, throttled bool) {
		header := http.Header{
			"X-Acs-Retry-After": {acs}, "X-Ratelimit-User-Api": {userAPI}, "X-Ratelimit-User": {user}, "Retry-After": {retryAfter}, "Date": {date},
		}
		assert.GreaterOrEqual(t, Asked(header, throttled), AcsRetryAfter(header))
		assert.GreaterOrEqual(t, AcsRetryAfter(header), time.Duration(0))
		assert.GreaterOrEqual(t, timeLeft(userAPI), time.Duration(0))
	})
}

func TestAskedWaits(t *testing.T) {
	t.Parallel()
	const date = "Tue, 02 Jan 2024 03:04:05 GMT"
	for name, test := range map[string]struct {
		header    map[string]string
		throttled bool
		want      time.Duration
	}{
		"nothing":                        {nil, true, 0},
		"x-acs-retry-after in ms":        {map[string]string{"x-acs-retry-after": "1500"}, false, 1500 * time.Millisecond},
		"it comes before the others":     {map[string]string{"x-acs-retry-after": "100", "x-ratelimit-user": "TimeLeft:9000", "Retry-After": "9"}, true, 100 * time.Millisecond},
		"a negative one is none":         {map[string]string{"x-acs-retry-after": "-5", "Retry-After": "2"}, false, 2 * time.Second},
		"nonsense is none":               {map[string]string{"x-acs-retry-after": "soon", "Retry-After": "soon"}, true, 0},
		"one too large is the largest":   {map[string]string{"x-acs-retry-after": "99999999999999999999"}, false, math.MaxInt64},
		"decimals of milliseconds":       {map[string]string{"x-acs-retry-after": "1500.0"}, false, 1500 * time.Millisecond},
		"decimals of seconds":            {map[string]string{"Retry-After": "299.997"}, false, 299997 * time.Millisecond},
		"two dots are none":              {map[string]string{"Retry-After": "1.2.3"}, false, 0},
		"an exponent is none":            {map[string]string{"x-acs-retry-after": "1e3"}, false, 0},
		"the rate limit of the API":      {map[string]string{"x-ratelimit-user-api": "Limit:1,Remain:0,TimeLeft:2000,Reset:1234"}, true, 2 * time.Second},
		"the rate limit of the user":     {map[string]string{"x-ratelimit-user": "Limit:1, Remain:0, timeleft: 3000"}, true, 3 * time.Second},
		"the larger of the two":          {map[string]string{"x-ratelimit-user-api": "TimeLeft:2000", "x-ratelimit-user": "TimeLeft:1000"}, true, 2 * time.Second},
		"no rate limit if not throttled": {map[string]string{"x-ratelimit-user-api": "TimeLeft:2000"}, false, 0},
		"a rate limit without TimeLeft":  {map[string]string{"x-ratelimit-user-api": "Limit:1"}, true, 0},
		"Retry-After in seconds":         {map[string]string{"Retry-After": " 120 "}, false, 2 * time.Minute},
		"Retry-After as a date":          {map[string]string{"Retry-After": "Tue, 02 Jan 2024 03:05:05 GMT", "Date": date}, false, time.Minute},
		"a date in the past":             {map[string]string{"Retry-After": "Tue, 02 Jan 2024 03:04:00 GMT", "Date": date}, false, 0},
		"a date without a Date":          {map[string]string{"Retry-After": "Tue, 02 Jan 2024 03:04:00 GMT"}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{}
			for key, value := range test.header {
				header.Set(key, value)
			}
			assert.Equal(t, test.want, Asked(header, test.throttled))
		})
	}
}
