package acceptance

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
)

// fate is the result of a call whose first attempt ended in a certain way.
type fate struct {
	requests int
	check    func(*testing.T, error)
}

var (
	secondSucceeds = fate{2, succeeded}
	refused        = fate{1, isRefusal}
	notProtocol    = fate{1, isNoProtocol}
	unknown        = fate{1, isUnknown}
)

func succeeded(t *testing.T, err error) { require.NoError(t, err) }

func isRefusal(t *testing.T, err error) {
	require.ErrorAs(t, err, new(*cams.APIError))
	assert.NotErrorIs(t, err, cams.ErrOutcomeUnknown)
}

func isNoProtocol(t *testing.T, err error) {
	require.ErrorAs(t, err, new(*cams.ResponseError))
	assert.NotErrorIs(t, err, cams.ErrOutcomeUnknown)
}

func isUnknown(t *testing.T, err error) {
	require.ErrorIs(t, err, cams.ErrOutcomeUnknown)
	require.ErrorAs(t, err, new(*cams.CallError))
	assert.Contains(t, err.Error(), "check with ListChatGroup before you call again")
}

func isStopped(t *testing.T, err error) {
	require.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, err, cams.ErrOutcomeUnknown)
}

func isUnknownAndStopped(t *testing.T, err error) {
	isUnknown(t, err)
	assert.ErrorIs(t, err, context.Canceled)
}

// ending is a way in which a first attempt can end, and what follows: for an
// operation that may be repeated, and for one that may not.
type ending struct {
	first         transportFunc
	read, creates fate
}

// didNothing is an attempt that surely did nothing, so everything is repeated.
func didNothing(first transportFunc) ending { return ending{first, secondSucceeds, secondSucceeds} }

// unclear is an attempt that may have been carried out, and that may pass by itself.
func unclear(first transportFunc) ending { return ending{first, secondSucceeds, unknown} }

// final is an attempt whose answer is the call's, whatever the operation.
func final(first transportFunc, end fate) ending { return ending{first, end, end} }

func endings() map[string]ending {
	all := map[string]ending{
		"a 429 without a body":        didNothing(answered(429, "")),
		"a 429 with a code":           didNothing(answered(429, `{"Code":"Throttling.User"}`)),
		"throttled by code in a 400":  didNothing(answered(400, `{"Code":"Throttling.Api"}`)),
		"throttled by code in a 200":  didNothing(answered(200, `{"Success":false,"Code":"Throttling"}`)),
		"throttled by header":         didNothing(answered(400, `{"Code":"X"}`, "x-acs-retry-after", "10")),
		"throttled by code in a 503":  didNothing(answered(503, `{"Code":"Throttling"}`)),
		"connection refused":          didNothing(failing(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED})),
		"a host that has no address":  didNothing(failing(&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "h"}})),
		"a clock that is wrong":       didNothing(answered(400, `{"Code":"InvalidTimeStamp.Expired"}`, "Date", "Sat, 01 Jan 2000 01:00:00 GMT")),
		"a token that has expired":    didNothing(answered(400, `{"Code":"InvalidSecurityToken.Expired"}`)),
		"a reset while reading":       unclear(failing(&net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET})),
		"a reset while writing":       unclear(failing(&net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE})),
		"a connection that closed":    unclear(failing(io.EOF)),
		"no answer in time":           unclear(silent),
		"a 200 cut off":               unclear(cutOff(200, `{"Code":"OK","Succ`)),
		"a 200 cut off at its start":  unclear(cutOff(200, "")),
		"a 500 cut off":               unclear(cutOff(500, `{"Code":"Inter`)),
		"a 400 cut off":               unclear(cutOff(400, `{"Code":"SystemBu`)),
		"a 307 cut off":               unclear(cutOff(307, "<html")),
		"a 503 that names a wait":     unclear(answered(503, `{"Code":"ServiceUnavailable"}`, "x-acs-retry-after", "10")),
		"a 200 cut off, with a wait":  unclear(cutOff(200, `{"Co`)),
		"InternalError in a 429":      unclear(answered(429, `{"Code":"InternalError"}`)),
		"a page that names a wait":    unclear(answered(200, "<html>", "x-acs-retry-after", "10")),
		"InternalError in a 200":      unclear(answered(200, `{"Success":false,"Code":"InternalError"}`)),
		"SystemBusy in a 200":         unclear(answered(200, `{"Success":false,"Code":"SystemBusy"}`)),
		"999999 in a 200":             unclear(answered(200, `{"Success":false,"Code":"999999"}`)),
		"InternalError in a 400":      unclear(answered(400, `{"Code":"InternalError"}`)),
		"SystemBusy in a 400":         unclear(answered(400, `{"Code":"SystemBusy"}`)),
		"999999 in a 400":             unclear(answered(400, `{"Code":"999999"}`)),
		"a nonce that was used":       unclear(answered(400, `{"Code":"SignatureNonceUsed"}`)),
		"a 200 that does not decode":  {answered(200, "<html>Log in</html>"), notProtocol, unknown},
		"a 200 of another shape":      {answered(200, `[1]`), notProtocol, unknown},
		"a 200 that says nothing":     {answered(200, `{}`), notProtocol, unknown},
		"an empty 200":                {answered(200, ""), notProtocol, unknown},
		"an ordinary refusal":         final(answered(400, `{"Code":"InvalidParameter"}`), refused),
		"a refusal in a 200":          final(answered(200, `{"Success":false,"Code":"InvalidParameter"}`), refused),
		"a refusal with a 500":        final(answered(500, `{"Code":"InvalidParameter"}`), refused),
		"access denied":               final(answered(403, `{"Code":"NoPermission"}`), refused),
		"a 404 that is not theirs":    final(answered(404, "<html>"), notProtocol),
		"a redirect":                  final(answered(307, "", "Location", "https://cams.ap-southeast-1.aliyuncs.com/"), notProtocol),
		"a wrong clock without Date":  final(answered(400, `{"Code":"InvalidTimeStamp.Expired"}`), refused),
		"a subscription that is none": final(answered(500, `{"Code":"Product.Unsubscript"}`), refused),
	}
	for _, status := range []int{500, 502, 503, 504} {
		for what, body := range map[string]string{"nothing": "", "a page": "<html>", "a code": `{"Code":"ServiceUnavailable"}`} {
			all[fmt.Sprintf("a %d with %s", status, what)] = unclear(answered(status, body))
		}
	}
	return all
}

func TestEveryEndOfAFirstAttemptIsRepeatedOrReportedAsWhatItIs(t *testing.T) {
	t.Parallel()
	for _, op := range allOperations() {
		for name, end := range endings() {
			t.Run(op.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					want := end.read
					if !op.repeatable {
						want = end.creates
					}
					requests := 0
					response, err := op.call(t.Context(), clientOf(t, otherEachTime(), firstThen(end.first, op.success(), &requests)))
					want.check(t, err)
					assert.Equal(t, want.requests, requests)
					assert.Equal(t, err == nil, response != nil, "either a response or an error")
					if err != nil {
						assert.Contains(t, err.Error(), op.name)
					}
				})
			})
		}
	}
}

func TestACallerWhoCancelsWhileAnAnswerIsDueIsToldWhetherItMayHaveBeenDone(t *testing.T) {
	t.Parallel()
	for _, op := range allOperations() {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, cancel)
				requests := 0
				_, err := op.call(ctx, clientOf(t, testCredentials(), firstThen(silent, op.success(), &requests)))
				if op.repeatable {
					isStopped(t, err)
				} else {
					isUnknownAndStopped(t, err)
				}
				assert.Equal(t, 1, requests)
			})
		})
	}
}

func TestACallerWhoCancelsWithinAPauseKnowsThatNothingWasDone(t *testing.T) {
	t.Parallel()
	for _, op := range allOperations() {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, cancel)
				requests := 0
				throttled := answered(429, `{"Code":"Throttling.User"}`, "x-acs-retry-after", "5000")
				_, err := op.call(ctx, clientOf(t, testCredentials(), firstThen(throttled, op.success(), &requests)))
				isStopped(t, err)
				assert.ErrorIs(t, err, cams.ErrThrottled)
				assert.Equal(t, 1, requests)
			})
		})
	}
}

func TestACallerWhoHasCancelledSendsNothing(t *testing.T) {
	t.Parallel()
	for _, op := range allOperations() {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			requests := 0
			_, err := op.call(ctx, clientOf(t, testCredentials(), firstThen(silent, op.success(), &requests)))
			isStopped(t, err)
			assert.Zero(t, requests)
		})
	}
}

// A throttled attempt is repeated; what follows it is judged by itself.
func TestACreationThatEndsUnclearlyAfterThrottlingIsNotRepeatedAgain(t *testing.T) {
	t.Parallel()
	eachCreation(t, func(t *testing.T, op operationCase) {
		synctest.Test(t, func(t *testing.T) {
			requests := 0
			_, err := op.call(t.Context(), clientOf(t, testCredentials(), withTransport(func(req *http.Request) (*http.Response, error) {
				if requests++; requests == 1 {
					return answered(429, "")(req)
				}
				return nil, io.ErrUnexpectedEOF
			})))
			isUnknown(t, err)
			assert.Equal(t, 2, requests)
			assert.Contains(t, err.Error(), "2 attempts")
		})
	})
}

// A call whose attempts all did nothing is not reported as unknown, even after many attempts.
func TestACallWhoseEveryAttemptDidNothingIsNotCalledUnknown(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		each transportFunc
		is   error
	}{
		"no connection": {failing(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}), syscall.ECONNREFUSED},
		"throttled":     {answered(429, `{"Code":"Throttling.User"}`), cams.ErrThrottled},
	} {
		for _, op := range allOperations() {
			t.Run(op.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					requests := 0
					_, err := op.call(t.Context(), clientOf(t, testCredentials(), counted(&requests, test.each)))
					require.ErrorIs(t, err, test.is)
					assert.NotErrorIs(t, err, cams.ErrOutcomeUnknown)
					assert.Equal(t, 3, requests)
				})
			})
		}
	}
}

func TestWhatIsRetried(t *testing.T) {
	t.Parallel()
	reset := &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	answer := func(status int, header map[string]string, body string) transportFunc {
		return func(*http.Request) (*http.Response, error) {
			res := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
			for key, value := range header {
				res.Header.Set(key, value)
			}
			return res, nil
		}
	}
	for name, test := range map[string]struct {
		transport transportFunc
		attempts  int
	}{
		"a connection failure":           {func(*http.Request) (*http.Response, error) { return nil, reset }, 3},
		"an attempt that takes too long": {func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }, 3},
		"a body that takes too long": {func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(blocked{r.Context()})}, nil
		}, 3},
		"a body that is cut off": {func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(cut{})}, nil
		}, 3},
		"an HTML 500":                     {answer(500, nil, "<html>"), 3},
		"an empty 503":                    {answer(503, nil, ""), 3},
		"a 599":                           {answer(599, nil, ""), 3},
		"a 500 with a passing code":       {answer(500, nil, `{"Code":"InternalError"}`), 3},
		"a 503 with a passing code":       {answer(503, nil, `{"Code":"ServiceUnavailable"}`), 3},
		"a 500 with a code of throttling": {answer(500, nil, `{"Code":"Throttling"}`), 3},
		"a 400 with a code of throttling": {answer(400, nil, `{"Code":"Throttling.User"}`), 3},
		"throttling inside a 200":         {answer(200, nil, `{"Success":false,"Code":"Throttling.Api"}`), 3},
		"a passing code inside a 200":     {answer(200, nil, `{"Success":false,"Code":"InternalError"}`), 3},
		"a passing code in a 400":         {answer(400, nil, `{"Code":"SystemBusy"}`), 3},
		"a passing code in a 403":         {answer(403, nil, `{"Code":"ServiceUnavailable"}`), 3},
		"the system exception, try again": {answer(200, nil, `{"Success":false,"Code":"999999"}`), 3},
		"its other code":                  {answer(400, nil, `{"Code":"ERR-COMMON-001"}`), 3},
		"a 429 without a body":            {answer(429, nil, ""), 3},
		"a 429 with another code":         {answer(429, nil, `{"Code":"X"}`), 3},
		"a wait in x-acs-retry-after":     {answer(400, map[string]string{"x-acs-retry-after": "10"}, `{"Code":"X"}`), 3},
		"one with a page":                 {answer(400, map[string]string{"x-acs-retry-after": "10"}, "<html>"), 3},

		"a refusal":                      {answer(400, nil, `{"Code":"InvalidParameter"}`), 1},
		"a refusal inside a 200":         {answer(200, nil, `{"Success":false,"Code":"X"}`), 1},
		"a wrong key":                    {answer(404, nil, `{"Code":"InvalidAccessKeyId.NotFound"}`), 1},
		"a wrong signature":              {answer(400, nil, `{"Code":"SignatureDoesNotMatch"}`), 1},
		"no permission, with a 5xx":      {answer(500, nil, `{"Code":"NoPermission"}`), 1},
		"a permanent code, with a 5xx":   {answer(503, nil, `{"Code":"InvalidParameter"}`), 1},
		"an unsubscribed product":        {answer(500, nil, `{"Code":"Product.Unsubscript"}`), 1},
		"a 200 that does not decode":     {answer(200, nil, "<html>"), 1},
		"an empty 200":                   {answer(200, nil, ""), 1},
		"a 404 without a code":           {answer(404, nil, "<html>"), 1},
		"a redirect":                     {answer(307, map[string]string{"Location": "/x"}, ""), 1},
		"a 600":                          {answer(600, nil, ""), 1},
		"an invalid time without a Date": {answer(400, nil, `{"Code":"InvalidTimeStamp.Expired"}`), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var nonces sync.Map
				var attempts int
				client, err := cams.NewClient(testCredentials(), withTransport(func(r *http.Request) (*http.Response, error) {
					attempts++
					nonces.Store(r.Header.Get("x-acs-signature-nonce"), true)
					return test.transport(r)
				}))
				require.NoError(t, err)
				start := time.Now()
				resp, err := client.ListChatGroupParticipants(t.Context(), validRequest())
				require.Error(t, err)
				assert.Nil(t, resp)
				assert.Equal(t, test.attempts, attempts)
				assert.Contains(t, err.Error(), fmt.Sprintf("%d attempt", test.attempts))
				distinct := 0
				nonces.Range(func(any, any) bool { distinct++; return true })
				assert.Equal(t, attempts, distinct, "each attempt has its own nonce")
				assert.LessOrEqual(t, time.Since(start), 3*15*time.Second+600*time.Millisecond)
			})
		})
	}
}
