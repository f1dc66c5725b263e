package acceptance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
)

// verdict is what a call makes of the end of its first attempt.
type verdict string

const (
	again       verdict = "it is repeated, within the attempts"
	againOnce   verdict = "it is repeated once, with another time, nonce or token"
	refused     verdict = "the caller gets an APIError"
	notProtocol verdict = "the caller gets a ResponseError"
	unknown     verdict = "the caller gets ErrOutcomeUnknown"
)

// requests is how many a call makes if they all end so.
func (v verdict) requests() int {
	switch v {
	case again:
		return 3
	case againOnce:
		return 2
	}
	return 1
}

// check checks the error of a call that ended with the verdict.
func (v verdict) check(t *testing.T, err error) {
	t.Helper()
	switch v {
	case refused:
		isRefusal(t, err)
	case notProtocol:
		isNoProtocol(t, err)
	case unknown:
		isUnknown(t, err)
	}
}

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

// ending is a row of the table: how a first attempt ends, and what follows. read is for
// an operation that may be repeated, creation for one that may not.
type ending struct {
	name           string
	first          transportFunc
	read, creation verdict
	class          error // of a read whose attempts all end so
}

// endings is the table. An attempt after which a creation is repeated surely did nothing.
func endings() []ending {
	dial := func(err error) transportFunc { return failing(&net.OpError{Op: "dial", Net: "tcp", Err: err}) }
	table := []ending{
		// Too many requests.
		{"a 429 without a body", answered(429, ""), again, again, cams.ErrThrottled},
		{"a 429 with a code", answered(429, `{"Code":"Throttling.User"}`), again, again, cams.ErrThrottled},
		{"a 429 with another code", answered(429, `{"Code":"X"}`), again, again, cams.ErrThrottled},
		{"throttled by code in a 400", answered(400, `{"Code":"Throttling.Api"}`), again, again, cams.ErrThrottled},
		{"throttled by code in a 200", answered(200, `{"Success":false,"Code":"Throttling"}`), again, again, cams.ErrThrottled},
		{"throttled by code in a 503", answered(503, `{"Code":"Throttling"}`), again, again, cams.ErrThrottled},
		{"throttled by header", answered(400, `{"Code":"X"}`, "x-acs-retry-after", "10"), again, again, cams.ErrThrottled},

		// No connection.
		{"connection refused", dial(syscall.ECONNREFUSED), again, again, cams.ErrUnavailable},
		{"a host that has no address", dial(&net.DNSError{Err: "no such host", Name: "h"}), again, again, cams.ErrUnavailable},

		// What the client can mend.
		{"a clock that is wrong", answered(400, `{"Code":"InvalidTimeStamp.Expired"}`, "Date", "Sat, 01 Jan 2000 01:00:00 GMT"), againOnce, againOnce, cams.ErrUnauthenticated},
		{"a token that has expired", answered(400, `{"Code":"InvalidSecurityToken.Expired"}`), againOnce, againOnce, cams.ErrUnauthenticated},
		{"a key that is unknown", answered(404, `{"Code":"InvalidAccessKeyId.NotFound"}`), againOnce, againOnce, cams.ErrUnauthenticated},
		{"a nonce that was used", answered(400, `{"Code":"SignatureNonceUsed"}`), again, unknown, cams.ErrUnauthenticated},

		// No whole answer.
		{"a reset while reading", failing(&net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}), again, unknown, cams.ErrUnavailable},
		{"a reset while writing", failing(&net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}), again, unknown, cams.ErrUnavailable},
		{"a connection that closed", failing(io.EOF), again, unknown, cams.ErrUnavailable},
		{"no answer in time", silent, again, unknown, cams.ErrUnavailable},
		{"a body that takes too long", stalled, again, unknown, cams.ErrUnavailable},
		{"a 200 cut off", cutOff(200, `{"Code":"OK","Succ`), again, unknown, cams.ErrUnavailable},
		{"a 200 cut off at its start", cutOff(200, ""), again, unknown, cams.ErrUnavailable},
		{"a 500 cut off", cutOff(500, `{"Code":"Inter`), again, unknown, cams.ErrUnavailable},
		{"a 400 cut off", cutOff(400, `{"Code":"SystemBu`), again, unknown, cams.ErrUnavailable},
		{"a 307 cut off", cutOff(307, "<html"), again, unknown, cams.ErrUnavailable},

		// A failure of the service that passes.
		{"a 599", answered(599, ""), again, unknown, cams.ErrUnavailable},
		{"a 503 that names a wait", answered(503, `{"Code":"ServiceUnavailable"}`, "x-acs-retry-after", "10"), again, unknown, cams.ErrThrottled},
		{"a page that names a wait", answered(200, "<html>", "x-acs-retry-after", "10"), again, unknown, cams.ErrThrottled},
		{"a 400 with such a page", answered(400, "<html>", "x-acs-retry-after", "10"), again, again, cams.ErrThrottled},
		{"ServiceUnavailable in a 403", answered(403, `{"Code":"ServiceUnavailable"}`), again, unknown, cams.ErrUnavailable},
		{"InternalError in a 429", answered(429, `{"Code":"InternalError"}`), again, unknown, cams.ErrThrottled},
		{"ERR-COMMON-001 in a 400", answered(400, `{"Code":"ERR-COMMON-001"}`), again, unknown, cams.ErrUnavailable},

		// A status of a proxy that passes; see refusal.StatusMayBeDone.
		{"a 408 with a page", answered(408, "<html>"), again, unknown, cams.ErrUnavailable},
		{"an empty 499", answered(499, ""), again, unknown, cams.ErrUnavailable},
		{"an empty 421", answered(421, ""), again, again, cams.ErrUnavailable},
		{"a 425 with a page", answered(425, "<html>"), again, again, cams.ErrUnavailable},

		// An answer that is none, though the service may have done it.
		{"a 200 that does not decode", answered(200, "<html>Log in</html>"), notProtocol, unknown, nil},
		{"a 200 of another shape", answered(200, `[1]`), notProtocol, unknown, nil},
		{"a 200 that says nothing", answered(200, `{}`), notProtocol, unknown, nil},
		{"an empty 200", answered(200, ""), notProtocol, unknown, nil},
		{"a 600", answered(600, ""), notProtocol, unknown, nil},

		// A refusal, or the answer of somebody else.
		{"an ordinary refusal", answered(400, `{"Code":"InvalidParameter"}`), refused, refused, nil},
		{"a refusal in a 200", answered(200, `{"Success":false,"Code":"InvalidParameter"}`), refused, refused, nil},
		{"a refusal with a 500", answered(500, `{"Code":"InvalidParameter"}`), refused, refused, nil},
		{"a subscription that is none", answered(500, `{"Code":"Product.Unsubscript"}`), refused, refused, nil},
		{"access denied", answered(403, `{"Code":"NoPermission"}`), refused, refused, cams.ErrAccessDenied},
		{"access denied with a 500", answered(500, `{"Code":"NoPermission"}`), refused, refused, cams.ErrAccessDenied},
		{"a wrong clock without Date", answered(400, `{"Code":"InvalidTimeStamp.Expired"}`), refused, refused, cams.ErrUnauthenticated},
		{"a 404 that is not theirs", answered(404, "<html>"), notProtocol, notProtocol, nil},
		{"a redirect", answered(307, "", "Location", "https://cams.ap-southeast-1.aliyuncs.com/"), notProtocol, notProtocol, nil},
	}
	for _, code := range []string{"InternalError", "SystemBusy", "999999"} {
		table = append(table,
			ending{code + " in a 200", answered(200, `{"Success":false,"Code":"`+code+`"}`), again, unknown, cams.ErrUnavailable},
			ending{code + " in a 400", answered(400, `{"Code":"`+code+`"}`), again, unknown, cams.ErrUnavailable})
	}
	for _, status := range []int{500, 502, 503, 504} {
		for what, body := range map[string]string{"nothing": "", "a page": "<html>", "a code": `{"Code":"ServiceUnavailable"}`} {
			table = append(table, ending{fmt.Sprintf("a %d with %s", status, what), answered(status, body), again, unknown, cams.ErrUnavailable})
		}
	}
	return table
}

// stalled is an answer whose body hangs until its request ends.
func stalled(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(blocked{req.Context()})}, nil
}

// eachEnding runs a test for each operation and each end of an attempt.
func eachEnding(t *testing.T, operations []operationCase, test func(t *testing.T, op operationCase, end ending, want verdict)) {
	for _, op := range operations {
		for _, end := range endings() {
			want := end.read
			if !op.repeatable {
				want = end.creation
			}
			t.Run(op.name+"/"+end.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { test(t, op, end, want) })
			})
		}
	}
}

func TestEveryEndOfAFirstAttemptIsRepeatedOrReportedAsWhatItIs(t *testing.T) {
	t.Parallel()
	eachEnding(t, allOperations(), func(t *testing.T, op operationCase, end ending, want verdict) {
		requests := 0
		response, err := op.call(t.Context(), clientOf(t, otherEachTime(), firstThen(end.first, op.success(), &requests)))
		assert.Equal(t, err == nil, response != nil, "either a response or an error")
		assert.Equal(t, min(2, want.requests()), requests)
		if want.requests() > 1 {
			require.NoError(t, err)
			return
		}
		want.check(t, err)
		assert.Contains(t, err.Error(), op.name)
	})
}

// With a limiter of the caller's, a throttled attempt counts like any other.
func TestAttemptsThatAllEndSoEndTheCallWithTheirError(t *testing.T) {
	t.Parallel()
	readAndCreation := allOperations()[1:3]
	eachEnding(t, readAndCreation, func(t *testing.T, op operationCase, end ending, want verdict) {
		requests, nonces := 0, map[string]bool{}
		client := clientOf(t, otherEachTime(), cams.WithLimiter(cams.Unlimited()), counted(&requests, func(req *http.Request) (*http.Response, error) {
			nonces[req.Header.Get("x-acs-signature-nonce")] = true
			return end.first(req)
		}))
		start := time.Now()
		_, err := op.call(t.Context(), client)
		require.Error(t, err)
		want.check(t, err)
		assert.Equal(t, want == unknown, errors.Is(err, cams.ErrOutcomeUnknown), "%v", err)
		assert.Equal(t, want.requests(), requests)
		assert.Contains(t, err.Error(), fmt.Sprintf("%d attempt", requests))
		assert.Len(t, nonces, requests, "each attempt has its own nonce")
		assert.LessOrEqual(t, time.Since(start), 3*15*time.Second+3*time.Second, "the attempts and their pauses")
		if op.repeatable {
			for _, class := range []error{cams.ErrThrottled, cams.ErrAccessDenied, cams.ErrUnauthenticated} {
				assert.Equal(t, class == end.class, errors.Is(err, class), "%v: %v", class, err)
			}
		}
	})
}

func TestACallerWhoCancelsIsToldWhetherItMayHaveBeenDone(t *testing.T) {
	t.Parallel()
	throttled := answered(429, `{"Code":"Throttling.User"}`, "x-acs-retry-after", "5000")
	for name, test := range map[string]struct {
		after          time.Duration
		first          transportFunc
		requests       int
		read, creation func(*testing.T, error)
	}{
		"before the call":          {0, silent, 0, isStopped, isStopped},
		"while an answer is due":   {time.Second, silent, 1, isStopped, isUnknownAndStopped},
		"in a pause, so it is not": {time.Second, throttled, 1, isStopped, isStopped},
	} {
		for _, op := range allOperations() {
			t.Run(op.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					if test.after == 0 {
						cancel()
					}
					time.AfterFunc(test.after, cancel)
					provider := providerFunc(func(context.Context) (cams.Credentials, error) {
						assert.NotZero(t, test.requests, "credentials are not asked for either")
						return someCredentials, nil
					})
					requests := 0
					_, err := op.call(ctx, clientOf(t, cams.WithCredentials(provider), firstThen(test.first, op.success(), &requests)))
					if op.repeatable {
						test.read(t, err)
					} else {
						test.creation(t, err)
					}
					assert.Equal(t, test.requests, requests)
				})
			})
		}
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
