package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
)

// caller makes one call of an operation.
type caller func(context.Context, *cams.Client) (response any, err error)

// operationCase is the row of an operation in these tests.
type operationCase struct {
	name        string
	repeatable  bool
	result      string // the member of an answer that holds the result
	call        caller // with a valid request
	withNil     caller
	withMissing map[string]caller // by the field that is missing
}

func (o operationCase) success() string { return `{"Code":"OK","Success":true,` + o.result + `}` }

// method is a method of the client: an operation.
type method[Q, R any] func(*cams.Client, context.Context, *Q) (*R, error)

func (m method[Q, R]) with(req *Q) caller {
	return func(ctx context.Context, client *cams.Client) (any, error) {
		response, err := m(client, ctx, req)
		if response == nil {
			return nil, err
		}
		return response, err
	}
}

// operationOf makes a row of the table. spoil takes a required field out of a request.
func operationOf[Q, R any](name string, repeatable bool, result string, call method[Q, R], valid Q, spoil map[string]func(*Q)) operationCase {
	o := operationCase{name: name, repeatable: repeatable, result: result, call: call.with(&valid), withNil: call.with(nil), withMissing: map[string]caller{}}
	for field, without := range spoil {
		req := valid
		without(&req)
		o.withMissing[field] = call.with(&req)
	}
	return o
}

const (
	repeated, once = true, false
	aResult        = `"Result":1`
	space          = "cams-k001"
	groupID        = "EA939"
)

// allOperations is the table of the operations.
func allOperations() []operationCase {
	type (
		members    = cams.ListChatGroupParticipantsRequest
		list       = cams.ListChatGroupRequest
		add        = cams.AddChatGroupRequest
		update     = cams.UpdateChatGroupRequest
		remove     = cams.DeleteChatGroupRequest
		addLink    = cams.AddChatGroupInviteLinkRequest
		removeLink = cams.DeleteChatGroupInviteLinkRequest
		expel      = cams.DeleteChatGroupParticipantsRequest
	)
	page := &cams.Page{Index: 1, Size: 10}
	someone := []cams.ChatGroupParticipant{{ParticipantNumber: "8613800000001"}}
	return []operationCase{
		operationOf("ListChatGroupParticipants", repeated, `"Data":{"Total":0,"List":[]}`, (*cams.Client).ListChatGroupParticipants,
			members{BusinessNumber: testNumber, CustSpaceID: space, GroupID: groupID},
			map[string]func(*members){
				"BusinessNumber": func(r *members) { r.BusinessNumber = "" },
				"CustSpaceID":    func(r *members) { r.CustSpaceID = "" },
				"GroupID":        func(r *members) { r.GroupID = "" },
				"Page.Size":      func(r *members) { r.Page = &cams.Page{Index: 1} },
				"Page.Index":     func(r *members) { r.Page = &cams.Page{Size: 1} },
			}),
		operationOf("ListChatGroup", repeated, `"Data":{"Total":0,"List":[]}`, (*cams.Client).ListChatGroup,
			list{BusinessNumber: testNumber, CustSpaceID: space, Page: page},
			map[string]func(*list){
				"BusinessNumber": func(r *list) { r.BusinessNumber = "" },
				"CustSpaceID":    func(r *list) { r.CustSpaceID = "" },
				"Page":           func(r *list) { r.Page = nil },
				"Page.Size":      func(r *list) { r.Page = &cams.Page{Index: 1} },
				"Page.Index":     func(r *list) { r.Page = &cams.Page{Size: 1} },
			}),
		operationOf("AddChatGroup", once, `"UniqueCode":"893800001"`, (*cams.Client).AddChatGroup,
			add{BusinessNumber: testNumber, CustSpaceID: space, Subject: "s"},
			map[string]func(*add){
				"BusinessNumber": func(r *add) { r.BusinessNumber = "" },
				"CustSpaceID":    func(r *add) { r.CustSpaceID = "" },
			}),
		operationOf("UpdateChatGroup", repeated, aResult, (*cams.Client).UpdateChatGroup,
			update{BusinessNumber: testNumber, CustSpaceID: space, GroupID: groupID, Subject: "s"},
			map[string]func(*update){
				"BusinessNumber": func(r *update) { r.BusinessNumber = "" },
				"CustSpaceID":    func(r *update) { r.CustSpaceID = "" },
				"GroupID":        func(r *update) { r.GroupID = "" },
				"Subject, Description and ProfilePictureFile": func(r *update) { r.Subject = "" },
			}),
		operationOf("DeleteChatGroup", repeated, aResult, (*cams.Client).DeleteChatGroup,
			remove{BusinessNumber: testNumber, CustSpaceID: space, GroupID: groupID},
			map[string]func(*remove){
				"BusinessNumber": func(r *remove) { r.BusinessNumber = "" },
				"CustSpaceID":    func(r *remove) { r.CustSpaceID = "" },
				"GroupID":        func(r *remove) { r.GroupID = "" },
			}),
		operationOf("AddChatGroupInviteLink", once, `"InviteLink":"https://chat.whatsapp.com/x"`, (*cams.Client).AddChatGroupInviteLink,
			addLink{BusinessNumber: testNumber, CustSpaceID: space, GroupID: groupID},
			map[string]func(*addLink){
				"BusinessNumber": func(r *addLink) { r.BusinessNumber = "" },
				"CustSpaceID":    func(r *addLink) { r.CustSpaceID = "" },
				"GroupID":        func(r *addLink) { r.GroupID = "" },
			}),
		operationOf("DeleteChatGroupInviteLink", repeated, aResult, (*cams.Client).DeleteChatGroupInviteLink,
			removeLink{BusinessNumber: testNumber, CustSpaceID: space, GroupID: groupID},
			map[string]func(*removeLink){
				"BusinessNumber": func(r *removeLink) { r.BusinessNumber = "" },
				"CustSpaceID":    func(r *removeLink) { r.CustSpaceID = "" },
				"GroupID":        func(r *removeLink) { r.GroupID = "" },
			}),
		operationOf("DeleteChatGroupParticipants", repeated, aResult, (*cams.Client).DeleteChatGroupParticipants,
			expel{BusinessNumber: testNumber, CustSpaceID: space, GroupID: groupID, List: someone},
			map[string]func(*expel){
				"BusinessNumber":            func(r *expel) { r.BusinessNumber = "" },
				"CustSpaceID":               func(r *expel) { r.CustSpaceID = "" },
				"GroupID":                   func(r *expel) { r.GroupID = "" },
				"List":                      func(r *expel) { r.List = []cams.ChatGroupParticipant{} },
				"List[1].ParticipantNumber": func(r *expel) { r.List = append(someone[:1:1], cams.ChatGroupParticipant{}) },
			}),
	}
}

// answered is a transport that gives one answer.
func answered(status int, body string, header ...string) transportFunc {
	return func(*http.Request) (*http.Response, error) {
		res := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
		for i := 0; i < len(header); i += 2 {
			res.Header.Set(header[i], header[i+1])
		}
		return res, nil
	}
}

func failing(err error) transportFunc {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// cutOff is an answer whose body breaks off after body.
func cutOff(status int, body string) transportFunc {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, ContentLength: -1,
			Body: io.NopCloser(io.MultiReader(strings.NewReader(body), cut{}))}, nil
	}
}

func silent(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

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

// firstThen is a transport that gives first to the first request and a success to
// the others, and counts them.
func firstThen(first transportFunc, success string, requests *int) cams.Option {
	return withTransport(func(req *http.Request) (*http.Response, error) {
		if *requests++; *requests == 1 {
			return first(req)
		}
		return answered(200, success)(req)
	})
}

// counted answers each request in the same way.
func counted(requests *int, each transportFunc) cams.Option {
	return withTransport(func(req *http.Request) (*http.Response, error) {
		*requests++
		return each(req)
	})
}

// otherEachTime is a provider that has other credentials each time.
func otherEachTime() cams.Option {
	n := 0
	return cams.WithCredentials(providerFunc(func(context.Context) (cams.Credentials, error) {
		n++
		return cams.Credentials{AccessKeyID: "id", AccessKeySecret: testSecret, SecurityToken: fmt.Sprint("token-", n)}, nil
	}))
}

func clientOf(t *testing.T, opts ...cams.Option) *cams.Client {
	t.Helper()
	client, err := cams.NewClient(opts...)
	require.NoError(t, err)
	return client
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

func TestCodeOKWithSuccessFalseIsASuccessIfTheResultIsThere(t *testing.T) {
	t.Parallel()
	for _, op := range allOperations() {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			requests := 0
			call := func(body string) (any, error) {
				return op.call(t.Context(), clientOf(t, testCredentials(), firstThen(answered(200, body), body, &requests)))
			}
			const head = `{"RequestId":"r","Message":"None","AccessDeniedDetail":"None","Code":"OK","Success":false`
			response, err := call(head + `,` + op.result + `}`)
			require.NoError(t, err)
			text, err := json.Marshal(response)
			require.NoError(t, err)
			assert.Contains(t, string(text), op.result)

			for what, body := range map[string]string{"none": head + `}`, "a null": head + `,` + nulled(op.result) + `}`, "another": head + `,"Other":1}`} {
				response, err = call(body)
				refusal := new(cams.APIError)
				require.ErrorAs(t, err, &refusal, what)
				assert.Equal(t, "OK", refusal.Code)
				assert.NotErrorIs(t, err, cams.ErrOutcomeUnknown)
				assert.Nil(t, response)
			}
			assert.Equal(t, 4, requests)
		})
	}
}

// nulled returns a result's member with the value null.
func nulled(result string) string {
	name, _, _ := strings.Cut(result, ":")
	return name + ":null"
}

func TestPublishedAnswersDecodeWithEveryField(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "camstest/testdata/answers.json"))
	require.NoError(t, err)
	var published []struct {
		Operation string
		Answer    json.RawMessage
	}
	require.NoError(t, json.Unmarshal(text, &published))
	answers := map[string]string{}
	for _, one := range published {
		answers[one.Operation] = string(one.Answer)
	}
	for _, op := range allOperations() {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, answers, op.name)
			requests := 0
			response, err := op.call(t.Context(), clientOf(t, testCredentials(), firstThen(answered(200, answers[op.name]), "", &requests)))
			require.NoError(t, err)
			decoded, err := json.Marshal(response)
			require.NoError(t, err)
			assert.JSONEq(t, answers[op.name], string(decoded), "no field is lost, and none is there that was not published")
		})
	}
}

func TestARequestWithoutARequiredFieldIsNotSent(t *testing.T) {
	t.Parallel()
	for _, op := range allOperations() {
		for field, call := range op.withMissing {
			t.Run(op.name+"/"+field, func(t *testing.T) {
				t.Parallel()
				requireInvalid(t, op, call, field)
			})
		}
	}
}

func TestANilRequestIsNotSent(t *testing.T) {
	t.Parallel()
	for _, op := range allOperations() {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			requireInvalid(t, op, op.withNil, op.name+"Request")
		})
	}
}

func TestAClientThatNewClientDidNotMakeIsAnError(t *testing.T) {
	t.Parallel()
	for _, op := range allOperations() {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			for _, client := range []*cams.Client{nil, {}} {
				_, err := op.call(t.Context(), client)
				requireInvalidField(t, err, "Client")
				_, err = op.withNil(t.Context(), client)
				requireInvalidField(t, err, op.name+"Request")
			}
		})
	}
}

// requireInvalid makes a call that must be refused by this package, for field.
func requireInvalid(t *testing.T, op operationCase, call caller, field string) {
	t.Helper()
	requests := 0
	response, err := call(t.Context(), clientOf(t, testCredentials(), firstThen(silent, op.success(), &requests)))
	requireInvalidField(t, err, field)
	assert.Nil(t, response)
	assert.Zero(t, requests)
}

func requireInvalidField(t *testing.T, err error, field string) {
	t.Helper()
	invalid := new(cams.ValidationError)
	require.True(t, errors.As(err, &invalid), "%T: %v", err, err)
	assert.Equal(t, field, invalid.Field)
}
