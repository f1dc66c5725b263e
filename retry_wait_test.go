package cams

import (
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
		res := &http.Response{Header: http.Header{
			"X-Acs-Retry-After": {acs}, "X-Ratelimit-User-Api": {userAPI}, "X-Ratelimit-User": {user}, "Retry-After": {retryAfter}, "Date": {date},
		}}
		assert.GreaterOrEqual(t, askedWait(res, throttled), acsRetryAfter(res))
		assert.GreaterOrEqual(t, acsRetryAfter(res), time.Duration(0))
		assert.GreaterOrEqual(t, timeLeft(userAPI), time.Duration(0))
	})
}
