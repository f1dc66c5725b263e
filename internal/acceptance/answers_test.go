package acceptance

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
)

const requestID = "90E63D28-E31D-1EB2-8939-A94866411B2O"

func TestSuccessesDecode(t *testing.T) {
	t.Parallel()
	two := cams.ListChatGroupParticipantsData{Total: 2, List: []cams.ChatGroupParticipant{{ParticipantNumber: "8613800000001"}, {ParticipantNumber: "8613800000002"}}}
	for name, test := range map[string]struct {
		body string
		want cams.ListChatGroupParticipantsResponse
	}{
		"as published": {
			`{"AccessDeniedDetail":"None","Message":"None","RequestId":"r","Data":{"Total":2,"List":[{"ParticipantNumber":"8613800000001"},{"ParticipantNumber":"8613800000002"}]},"Code":"OK","Success":true}`,
			cams.ListChatGroupParticipantsResponse{ResponseMetadata: cams.ResponseMetadata{RequestID: "r", Code: "OK", Message: "None", Success: true, AccessDeniedDetail: cams.AccessDeniedDetail{Text: "None"}}, Data: two},
		},
		"lower camel keys": {
			`{"requestId":"r","data":{"total":2,"list":[{"participantNumber":"8613800000001"},{"participantNumber":"8613800000002"}]},"code":"OK","success":true}`,
			cams.ListChatGroupParticipantsResponse{ResponseMetadata: cams.ResponseMetadata{RequestID: "r", Code: "OK", Success: true}, Data: two},
		},
		"all scalars drifted": {
			`{"RequestId":"r","Data":{"Total":"2","List":[{"ParticipantNumber":8613800000001},{"ParticipantNumber":"8613800000002"}]},"Code":"OK","Success":"true"}`,
			cams.ListChatGroupParticipantsResponse{ResponseMetadata: cams.ResponseMetadata{RequestID: "r", Code: "OK", Success: true}, Data: two},
		},
		"nulls": {
			`{"RequestId":null,"AccessDeniedDetail":null,"Message":null,"Data":null,"Code":"OK","Success":true}`,
			cams.ListChatGroupParticipantsResponse{ResponseMetadata: cams.ResponseMetadata{Code: "OK", Success: true}},
		},
		"no members": {
			`{"Data":{"Total":0,"List":[]},"Code":"OK","Success":true}`,
			cams.ListChatGroupParticipantsResponse{ResponseMetadata: cams.ResponseMetadata{Code: "OK", Success: true}, Data: cams.ListChatGroupParticipantsData{List: []cams.ChatGroupParticipant{}}},
		},
		"null members": {
			`{"Data":{"Total":null,"List":null},"Code":"OK","Success":true}`,
			cams.ListChatGroupParticipantsResponse{ResponseMetadata: cams.ResponseMetadata{Code: "OK", Success: true}},
		},
		"no members, as a text": {
			`{"Data":{"Total":0,"List":""},"Code":"OK","Success":true}`,
			cams.ListChatGroupParticipantsResponse{ResponseMetadata: cams.ResponseMetadata{Code: "OK", Success: true}},
		},
		"no Data, as a text": {
			`{"Data":"","Code":"OK","Success":true}`,
			cams.ListChatGroupParticipantsResponse{ResponseMetadata: cams.ResponseMetadata{Code: "OK", Success: true}},
		},
		"an empty Data": {
			`{"Data":{},"Code":"OK","Success":true}`,
			cams.ListChatGroupParticipantsResponse{ResponseMetadata: cams.ResponseMetadata{Code: "OK", Success: true}},
		},
		"a byte order mark": {
			"\ufeff" + `{"Code":"OK","Success":"true"}`,
			cams.ListChatGroupParticipantsResponse{ResponseMetadata: cams.ResponseMetadata{Code: "OK", Success: true}},
		},
		"no Code":         {`{"Success":true}`, cams.ListChatGroupParticipantsResponse{ResponseMetadata: cams.ResponseMetadata{Success: true}}},
		"no Success":      {`{"Code":"OK"}`, cams.ListChatGroupParticipantsResponse{ResponseMetadata: cams.ResponseMetadata{Code: "OK"}}},
		"Success is null": {`{"Code":"ok","Success":null}`, cams.ListChatGroupParticipantsResponse{ResponseMetadata: cams.ResponseMetadata{Code: "ok"}}},
		"unknown members": {`{"Code":"OK","Success":true,"New":[{}]}`, cams.ListChatGroupParticipantsResponse{ResponseMetadata: cams.ResponseMetadata{Code: "OK", Success: true}}},
		"space around":    {" \n{\"Code\":\"OK\",\"Success\":true}\r\n", cams.ListChatGroupParticipantsResponse{ResponseMetadata: cams.ResponseMetadata{Code: "OK", Success: true}}},
		"a denied object": {
			`{"Code":"OK","Success":true,"AccessDeniedDetail":{"AuthAction":"cams:x","AuthPrincipalOwnerId":123}}`,
			cams.ListChatGroupParticipantsResponse{ResponseMetadata: cams.ResponseMetadata{Code: "OK", Success: true, AccessDeniedDetail: cams.AccessDeniedDetail{AuthAction: "cams:x", AuthPrincipalOwnerID: "123"}}},
		},
		"a denied number": {
			`{"Code":"OK","Success":true,"AccessDeniedDetail":7}`,
			cams.ListChatGroupParticipantsResponse{ResponseMetadata: cams.ResponseMetadata{Code: "OK", Success: true, AccessDeniedDetail: cams.AccessDeniedDetail{Text: "7"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, status := range []int{200, 201} {
				client, mock := newClient(t)
				answerWith(mock, status, nil, test.body)
				resp, err := client.ListChatGroupParticipants(t.Context(), validRequest())
				require.NoError(t, err)
				assert.Equal(t, &test.want, resp)
				if name == "as published" {
					for i, fields := 0, reflect.ValueOf(*resp); i < fields.NumField(); i++ {
						assert.False(t, fields.Field(i).IsZero(), "%s is not decoded", fields.Type().Field(i).Name)
					}
				}
			}
		})
	}
}

func TestRefusalsAreAPIErrors(t *testing.T) {
	t.Parallel()
	const detail = `{"AuthAction":"cams:ListChatGroupParticipants","AuthPrincipalType":"SubUser","AuthPrincipalOwnerId":"1234567890123456","AuthPrincipalDisplayName":"bob","NoPermissionType":"ImplicitDeny","PolicyType":"AccountLevelIdentityBasedPolicy","EncodedDiagnosticMessage":"AQEA"}`
	denied := cams.AccessDeniedDetail{AuthAction: "cams:ListChatGroupParticipants", AuthPrincipalType: "SubUser", AuthPrincipalOwnerID: "1234567890123456", AuthPrincipalDisplayName: "bob", NoPermissionType: "ImplicitDeny", PolicyType: "AccountLevelIdentityBasedPolicy", EncodedDiagnosticMessage: "AQEA"}
	for name, test := range map[string]struct {
		status int
		header http.Header
		body   string
		want   cams.APIError
		is     []error
	}{
		"inside a 200": {200, nil, `{"Success":false,"Code":"InvalidParameter","Message":"no such group","RequestId":"r"}`,
			cams.APIError{Code: "InvalidParameter", Message: "no such group", RequestID: "r"}, nil},
		"inside a 200, drifted": {200, nil, `{"success":"false","code":123,"message":"m","requestId":"r","Data":"none"}`,
			cams.APIError{Code: "123", Message: "m", RequestID: "r"}, nil},
		"inside a 200, no code": {200, nil, `{"Success":false}`, cams.APIError{}, nil},
		"inside a 200, Code OK": {200, nil, `{"Success":false,"Code":"OK"}`, cams.APIError{Code: "OK"}, nil},
		"inside a 200, Success true with another code": {200, nil, `{"Success":true,"Code":"Throttling"}`,
			cams.APIError{Code: "Throttling"}, []error{cams.ErrThrottled}},
		"inside a 200, a code alone": {200, nil, `{"Code":"NoPermission"}`, cams.APIError{Code: "NoPermission"}, []error{cams.ErrAccessDenied}},
		"by the gateway": {404, nil, `{"RequestId":"r","HostId":"h","Code":"InvalidAccessKeyId.NotFound","Message":"m","Recommend":"https://api.aliyun.com/x"}`,
			cams.APIError{RequestID: "r", HostID: "h", Code: "InvalidAccessKeyId.NotFound", Message: "m", Recommend: "https://api.aliyun.com/x"}, []error{cams.ErrUnauthenticated}},
		"in lower camel case": {400, nil, `{"requestId":"r","hostId":"h","code":"SignatureDoesNotMatch","message":"m"}`,
			cams.APIError{RequestID: "r", HostID: "h", Code: "SignatureDoesNotMatch", Message: "m"}, []error{cams.ErrUnauthenticated}},
		"in XML": {403, nil, `<?xml version='1.0'?><Error><RequestId>r</RequestId><HostId>h</HostId><Code>Forbidden.RAM</Code><Message>m</Message></Error>`,
			cams.APIError{RequestID: "r", HostID: "h", Code: "Forbidden.RAM", Message: "m"}, []error{cams.ErrAccessDenied}},
		"denied by an object": {403, nil, `{"Code":"Whatever","AccessDeniedDetail":` + detail + `}`,
			cams.APIError{Code: "Whatever", AccessDeniedDetail: denied}, []error{cams.ErrAccessDenied}},
		"denied by an object in a 200": {200, nil, `{"Success":false,"Code":"Whatever","AccessDeniedDetail":` + detail + `}`,
			cams.APIError{Code: "Whatever", AccessDeniedDetail: denied}, []error{cams.ErrAccessDenied}},
		"denied by an object in lower camel case": {403, nil, `{"code":"Whatever","accessDeniedDetail":{"authAction":"a"}}`,
			cams.APIError{Code: "Whatever", AccessDeniedDetail: cams.AccessDeniedDetail{AuthAction: "a"}}, []error{cams.ErrAccessDenied}},
		"denied by an object alone": {403, nil, `{"AccessDeniedDetail":` + detail + `}`,
			cams.APIError{AccessDeniedDetail: denied}, []error{cams.ErrAccessDenied}},
		"an empty denied object is none": {403, nil, `{"Code":"Whatever","AccessDeniedDetail":{}}`, cams.APIError{Code: "Whatever"}, nil},
		"a denied string is kept":        {403, nil, `{"Code":"Whatever","AccessDeniedDetail":"why"}`, cams.APIError{Code: "Whatever", AccessDeniedDetail: cams.AccessDeniedDetail{Text: "why"}}, nil},
		"the request ID of the header":   {400, http.Header{"X-Acs-Request-Id": {"h"}}, `{"Code":"X"}`, cams.APIError{Code: "X", RequestID: "h"}, nil},
		"throttled by code in a 400":     {400, nil, `{"Code":"Throttling.User"}`, cams.APIError{Code: "Throttling.User"}, []error{cams.ErrThrottled}},
		"throttled by status":            {429, nil, `{"Code":"X"}`, cams.APIError{Code: "X"}, []error{cams.ErrThrottled}},
		"throttled by header": {503, http.Header{"X-Acs-Retry-After": {"1500"}}, `{"Code":"X"}`,
			cams.APIError{Code: "X", RetryAfter: 1500 * time.Millisecond}, []error{cams.ErrThrottled}},
		"a wait is not throttling": {503, http.Header{"Retry-After": {"2"}}, `{"Code":"X"}`, cams.APIError{Code: "X", RetryAfter: 2 * time.Second}, nil},
		"with a Message that is no text": {400, nil, `{"Code":"Throttling.User","Message":{"en":"m"},"RequestId":"r"}`,
			cams.APIError{Code: "Throttling.User", RequestID: "r"}, []error{cams.ErrThrottled}},
		"with a Success that is none": {200, nil, `{"success":"no","code":"NoPermission","message":"m","requestId":"r"}`,
			cams.APIError{Code: "NoPermission", Message: "m", RequestID: "r"}, []error{cams.ErrAccessDenied}},
		"inside a 200, with a list in place of a text": {200, nil, `{"Code":"X","Success":"false","Message":"m","Recommend":[]}`, cams.APIError{Code: "X", Message: "m"}, nil},
		"with an unusual status":                       {600, nil, `{"Code":"X"}`, cams.APIError{Code: "X"}, nil},
		"with a status of 3xx":                         {302, nil, `{"Code":"X"}`, cams.APIError{Code: "X"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, mock := newClient(t)
			answerWith(mock, test.status, test.header, test.body)
			resp, err := client.ListChatGroupParticipants(t.Context(), validRequest())
			assert.Nil(t, resp)
			var got *cams.APIError
			require.ErrorAs(t, err, &got)
			for _, class := range []error{cams.ErrThrottled, cams.ErrAccessDenied, cams.ErrUnauthenticated} {
				assert.Equal(t, contains(test.is, class), errors.Is(err, class), "%v", class)
			}
			test.want.Operation, test.want.StatusCode, test.want.Attempts = "ListChatGroupParticipants", test.status, 1
			assert.Equal(t, test.want.Error(), got.Error())
			assert.Equal(t, test.want.Code, got.Code)
			assert.Equal(t, test.want.Message, got.Message)
			assert.Equal(t, test.want.HostID, got.HostID)
			assert.Equal(t, test.want.Recommend, got.Recommend)
			assert.Equal(t, test.want.RetryAfter, got.RetryAfter)
			assert.Equal(t, test.want.AccessDeniedDetail, got.AccessDeniedDetail)
			assert.True(t, cams.IsCode(err, "another", test.want.Code))
			assert.False(t, cams.IsCode(err, "another"))
		})
	}
}

func contains(all []error, one error) bool {
	for _, err := range all {
		if err == one {
			return true
		}
	}
	return false
}

func TestAnEmptyAccessDeniedDetailIsNoDetail(t *testing.T) {
	t.Parallel()
	detail := cams.AccessDeniedDetail{Text: "old"}
	assert.NoError(t, detail.UnmarshalJSON(nil), "no decoder does that, but anyone may")
	assert.Zero(t, detail)
}

func TestEveryCodeHasItsClass(t *testing.T) {
	t.Parallel()
	classes := map[error][]string{
		cams.ErrThrottled:    {"Throttling", "Throttling.User", "Throttling.Api", "Throttling.System", "System.LimitControl", "FlowControl", "Api.FlowControl"},
		cams.ErrAccessDenied: {"NoPermission", "NoPermission.x", "Forbidden", "Forbidden.RAM", "Ram.PermissionDeny"},
		cams.ErrUnauthenticated: {"InvalidAccessKeyId.NotFound", "InvalidAccessKeyId", "SignatureDoesNotMatch", "SignatureNonceUsed", "IncompleteSignature",
			"InvalidTimeStamp.Expired", "InvalidTimeStamp.Format", "InvalidSecurityToken.Expired", "InvalidSecurityToken.Malformed", "MissingSecurityToken"},
		nil: {"", "OK", "MissingParameter", "InvalidParameter", "Product.Unsubscript", "Unknown.ResourceOwnerId", "ServiceUnavailable", "InternalError", "InternalFailure", "Ram.PermissionDenyX"},
	}
	for class, codes := range classes {
		for _, code := range codes {
			err := &cams.APIError{Code: code}
			for _, other := range []error{cams.ErrThrottled, cams.ErrAccessDenied, cams.ErrUnauthenticated} {
				assert.Equal(t, class == other, errors.Is(err, other), "%s is %v", code, other)
			}
		}
	}
	assert.False(t, cams.IsCode(nil, ""))
	assert.False(t, cams.IsCode(io.EOF, ""))
}

func TestWhatIsNotTheProtocolIsAResponseError(t *testing.T) {
	t.Parallel()
	html := "<html>\n<body>502 Bad Gateway</body>\n" + strings.Repeat("<p>", 400)
	header := http.Header{"X-Acs-Request-Id": {requestID}}
	for name, test := range map[string]struct {
		status    int
		header    http.Header
		body      string
		reason    string
		requestID string
	}{
		"an empty 200":                 {200, header, "", "the answer is empty", requestID},
		"a 204":                        {204, header, "", "the answer is empty", requestID},
		"a 304":                        {304, nil, "", "the answer is a redirect, not an answer of the service", ""},
		"a redirect without Location":  {307, nil, "", "the answer is a redirect, not an answer of the service", ""},
		"a 600":                        {600, nil, "", "HTTP status 600 without the service's error", ""},
		"a 999":                        {999, nil, "?", "HTTP status 999 without the service's error", ""},
		"an empty 500":                 {500, header, "", "HTTP status 500 without the service's error", requestID},
		"a 502 with an HTML page":      {502, header, html, "HTTP status 502 without the service's error", requestID},
		"a 200 with an HTML page":      {200, nil, html, "the answer is not the service's JSON", ""},
		"a 200 with XML":               {200, nil, "<Answer><RequestId>x1</RequestId></Answer>", "the answer is not the service's JSON", "x1"},
		"truncated JSON":               {200, nil, `{"RequestId":"r1","Data":{"Total":8,"List":[{"Partic`, "the answer is not the service's JSON", "r1"},
		"truncated lower camel keys":   {200, nil, `{"requestId":"r1","data":{"total":8,"list":[{"partic`, "the answer is not the service's JSON", "r1"},
		"truncated JSON of an error":   {400, header, `{"Code":"X","Mess`, "HTTP status 400 without the service's error", requestID},
		"a JSON array":                 {200, nil, `[{"Success":true}]`, "the answer is not the service's JSON", ""},
		"a JSON string":                {200, nil, `"OK"`, "the answer is not the service's JSON", ""},
		"a JSON number":                {200, nil, `8`, "the answer is not the service's JSON", ""},
		"a JSON null":                  {200, nil, `null`, "the answer says neither success nor error", ""},
		"an empty object":              {200, nil, `{}`, "the answer says neither success nor error", ""},
		"members without a verdict":    {200, nil, `{"RequestId":"r1","Data":{"Total":0,"List":[]}}`, "the answer says neither success nor error", "r1"},
		"two answers in one":           {200, nil, `{"Code":"OK","Success":true}{"Code":"OK","Success":true}`, "the answer is not the service's JSON", ""},
		"a Success that is none":       {200, nil, `{"Code":"OK","Success":["false"]}`, "the answer is not the service's JSON", ""},
		"a list that is none":          {200, nil, `{"Code":"OK","Success":true,"Data":{"List":"none"}}`, "the answer is not the service's JSON", ""},
		"a Total that is none":         {200, nil, `{"Code":"OK","Success":true,"Data":{"Total":"many"}}`, "the answer is not the service's JSON", ""},
		"a success with a 500":         {500, nil, `{"Code":"OK","Success":true,"RequestId":"r1"}`, "HTTP status 500 without the service's error", "r1"},
		"an array with a 500":          {500, nil, `[1]`, "HTTP status 500 without the service's error", ""},
		"a gateway that is not theirs": {404, nil, `{"message":"no Route matched"}`, "HTTP status 404 without the service's error", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, mock := newClient(t)
			answerWith(mock, test.status, test.header, test.body)
			resp, err := client.ListChatGroupParticipants(t.Context(), validRequest())
			assert.Nil(t, resp)
			var got *cams.ResponseError
			require.ErrorAs(t, err, &got)
			assert.Equal(t, test.status, got.StatusCode)
			assert.Equal(t, test.reason, got.Reason)
			assert.Equal(t, test.requestID, got.RequestID)
			assert.Equal(t, 1, got.Attempts)
			assert.LessOrEqual(t, len(got.Snippet), 512)
			assert.Equal(t, test.body == "", got.Snippet == "")
			assert.NotContains(t, err.Error(), "\n")
			assert.Contains(t, err.Error(), "ListChatGroupParticipants")
			assert.Contains(t, err.Error(), got.RequestID)
		})
	}
}

func TestAnAnswerThatIsNotTheProtocolCanBeThrottling(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status    int
		header    http.Header
		throttled bool
		wait      time.Duration
	}{
		"by its status":         {429, nil, true, 0},
		"by x-acs-retry-after":  {503, http.Header{"X-Acs-Retry-After": {"1500"}}, true, 1500 * time.Millisecond},
		"not by Retry-After":    {503, http.Header{"Retry-After": {"2"}}, false, 2 * time.Second},
		"not by a wait of zero": {503, http.Header{"X-Acs-Retry-After": {"0"}}, false, 0},
	} {
		client, mock := newClient(t)
		answerWith(mock, test.status, test.header, "<html>")
		_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
		var got *cams.ResponseError
		require.ErrorAs(t, err, &got, name)
		assert.Equal(t, test.throttled, errors.Is(err, cams.ErrThrottled), name)
		assert.Equal(t, test.wait, got.RetryAfter, name)
		assert.Contains(t, got.LogValue().String(), "retry_after="+test.wait.String(), name)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status, limit int
	}{
		"a success": {200, 10 << 20},
		"an error":  {400, 64 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, mock := newClient(t)
			endless := &countingReader{}
			mock.RegisterNoResponder(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: test.status, Header: http.Header{}, Body: endless, ContentLength: -1}, nil
			})
			_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
			var got *cams.ResponseError
			require.ErrorAs(t, err, &got)
			assert.Equal(t, "the answer is too large", got.Reason)
			assert.LessOrEqual(t, endless.read, test.limit+1)
			assert.True(t, endless.closed)
		})
	}
}

// countingReader is a body without end.
type countingReader struct {
	read   int
	closed bool
}

func (r *countingReader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	r.read += len(p)
	return len(p), nil
}

func (r *countingReader) Close() error { r.closed = true; return nil }

func TestAnErrorKeepsLittleOfALargeRefusal(t *testing.T) { // not parallel: it looks at the heap
	client, mock := newClient(t)
	large := strings.Repeat("x", 1<<20)
	answerWith(mock, 200, nil, strings.ReplaceAll(`{"Success":false,"Code":"%","Message":"%","RequestId":"%","HostId":"%","Recommend":"%",
		"AccessDeniedDetail":{"AuthAction":"%","AuthPrincipalOwnerId":"%","EncodedDiagnosticMessage":"%"}}`, "%", large))
	_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
	var got *cams.APIError
	require.ErrorAs(t, err, &got)
	detail := got.AccessDeniedDetail
	assert.Equal(t, 64<<10, len(detail.EncodedDiagnosticMessage), "all that an error's body may have")
	for _, text := range []string{got.Code, got.Message, got.RequestID, got.HostID, got.Recommend, detail.AuthAction, detail.AuthPrincipalOwnerID} {
		assert.LessOrEqual(t, len(text), 1<<10)
	}

	client.CloseIdleConnections()
	mock.Reset()
	large = ""
	before := liveHeap()
	runtime.KeepAlive(err)
	err, got, detail = nil, nil, cams.AccessDeniedDetail{}
	assert.Less(t, before-liveHeap(), 1<<20, "what the error kept alive")
}

func TestTheLargestAnswerIsRead(t *testing.T) {
	t.Parallel()
	client, mock := newClient(t)
	body := `{"Code":"OK","Success":true}`
	body += strings.Repeat(" ", 10<<20-len(body))
	answerWith(mock, 200, nil, body)
	_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
	assert.NoError(t, err)
}

// overPlainTransport answers each request over TCP, to a client whose transport does not unpack gzip.
func overPlainTransport(t *testing.T, encoding string, status int, body string) *cams.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", encoding)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	transport := cams.NewTransport()
	transport.DisableCompression = true
	return clientOf(t, cams.WithEndpoint(server.URL), testCredentials(), cams.WithRetry(cams.NoRetry()), cams.WithHTTPClient(&http.Client{Transport: transport}))
}

func TestAGzipBodyThatTheTransportDidNotUnpackIsUnpackedAndBounded(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"gzip", "GZIP", "x-gzip"} {
		resp, err := overPlainTransport(t, encoding, 200, gzipped(goodBody)).ListChatGroupParticipants(t.Context(), validRequest())
		require.NoError(t, err, encoding)
		assert.Len(t, resp.Data.List, 1)
	}
	_, err := overPlainTransport(t, "gzip", 403, gzipped(`{"Code":"NoPermission","Message":"no"}`)).ListChatGroupParticipants(t.Context(), validRequest())
	assert.True(t, cams.IsCode(err, "NoPermission"), "%v", err)
	for reason, body := range map[string]string{
		"too large": gzipped(strings.Repeat(" ", 10<<20+1)),
		"empty":     "",
		"cut off":   gzipped(goodBody)[:50],
		"JSON":      goodBody,
	} {
		_, err := overPlainTransport(t, "gzip", 200, body).ListChatGroupParticipants(t.Context(), validRequest())
		var got *cams.ResponseError
		require.ErrorAs(t, err, &got, reason)
		assert.Contains(t, got.Reason, reason)
	}
}

func TestTheErrorOfARedirectNamesTheTargetsHost(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"https://login.example.com/sign-in?token=" + testToken: "the answer is a redirect to https://login.example.com, not an answer of the service",
		"http://user:" + testSecret + "@portal.example:8080/x": "the answer is a redirect to http://portal.example:8080, not an answer of the service",
		"//login.example.com/x":                                "the answer is a redirect to https://login.example.com, not an answer of the service",
		"https://" + testNumber + ".example/":                  "the answer is a redirect to https://[redacted].example, not an answer of the service",
		"/sign-in":                                             "the answer is a redirect, not an answer of the service",
		"http://%zz":                                           "the answer is a redirect, not an answer of the service",
	} {
		client, mock := newClient(t)
		answerWith(mock, 302, http.Header{"Location": {location}}, "")
		var info cams.CallInfo
		_, err := client.ListChatGroupParticipants(cams.WithCallInfo(t.Context(), &info), validRequest())
		var got *cams.ResponseError
		require.ErrorAs(t, err, &got, location)
		assert.Equal(t, want, got.Reason)
		assert.Equal(t, location, info.Header.Get("Location"), "the answer's headers are whole")
	}
}

func TestErrorTextsAreOneLineWithTheFacts(t *testing.T) {
	t.Parallel()
	for want, test := range map[string]struct {
		status int
		body   string
	}{
		"cams: ListChatGroupParticipants: InvalidAccessKeyId.NotFound: Specified access key is not found. - check the AccessKey ID: it does not exist or is disabled (status 404, request ID r1, 1 attempt)": {
			404, `{"Code":"InvalidAccessKeyId.NotFound","Message":"Specified access key is not found.","RequestId":"r1"}`},
		"cams: ListChatGroupParticipants: NoPermission: a b - the RAM identity needs the action cams:ListChatGroupParticipants (status 200, request ID r1, 1 attempt)": {
			200, `{"Success":false,"Code":"NoPermission","Message":"a\nb","RequestId":"r1"}`},
		`cams: ListChatGroupParticipants: HTTP status 502 without the service's error: "no 502" (status 502, 1 attempt)`: {
			502, "<html>no\n502"},
		"cams: ListChatGroupParticipants: the answer is empty (status 200, 1 attempt)": {200, ""},
		"cams: ListChatGroupParticipants: X - the RAM identity needs the action cams:Y (status 403, 1 attempt)": {
			403, `{"Code":"X","AccessDeniedDetail":{"AuthAction":"cams:Y","NoPermissionType":"ImplicitDeny"}}`},
		"cams: ListChatGroupParticipants: Forbidden.RAM - a policy denies the RAM identity the action cams:ListChatGroupParticipants (status 403, 1 attempt)": {
			403, `{"Code":"Forbidden.RAM","AccessDeniedDetail":{"NoPermissionType":"ExplicitDeny"}}`},
		"cams: ListChatGroupParticipants: X: a b c [31m d 群 é (status 400, 1 attempt)": {
			400, `{"Code":"X","Message":"a\u0085b\u2028c\u009b[31m\u202ed 群 é"}`},
	} {
		client, mock := newClient(t)
		answerWith(mock, test.status, nil, test.body)
		_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
		assert.EqualError(t, err, want)
	}
}

// hasUniqueKeys reports whether no object has two keys that differ in case alone.
func hasUniqueKeys(d *json.Decoder) bool {
	open, _ := d.Token()
	if open != json.Delim('{') && open != json.Delim('[') {
		return true
	}
	seen := map[string]bool{}
	for d.More() {
		if open == json.Delim('{') {
			key, _ := d.Token()
			name := strings.ToLower(strings.ToUpper(key.(string)))
			if seen[name] {
				return false
			}
			seen[name] = true
		}
		if !hasUniqueKeys(d) {
			return false
		}
	}
	_, err := d.Token()
	return err == nil
}

// squidPage begins as squid's error pages do.
var squidPage = `<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">
<html><head>
<meta type="copyright" content="Copyright (C) 1996-2020 The Squid Software Foundation and contributors">
<meta http-equiv="Content-Type" content="text/html; charset=utf-8">
<title>ERROR: The requested URL could not be retrieved</title>
<style type="text/css"><!--
` + strings.Repeat(" /*\n * Copyright (C) the licence\n */\nbody > p { font-family: verdana; }\n", 40) + `--></style>
<script>if (1 > 0) { tell("` + testNumber + `") }</script></head><body id=ERR_CONNECT_FAIL>
<div id="content"><p>The system returned: <i>(111) Connection&nbsp;refused</i></p><!-- <p>not shown</p> --></div>`

func TestTheSnippetOfAPageIsItsText(t *testing.T) {
	t.Parallel()
	const text = "ERROR: The requested URL could not be retrieved The system returned: (111) Connection refused"
	html := http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	for name, test := range map[string]struct {
		header        http.Header
		body, snippet string
	}{
		"squid's page":           {html, squidPage, text},
		"without a type":         {nil, squidPage, text},
		"nginx's page":           {html, "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>", "502 Bad Gateway 502 Bad Gateway"},
		"a part of a page":       {html, "<p>no upstream</p>", "no upstream"},
		"a style without an end": {html, "<html><b>busy</b><style>p { }", "busy"},
		"a page without a text":  {html, "<html></html>", "<html></html>"},
		"a private number":       {html, "<html>for " + testNumber + "</html>", "for [redacted]"},
		"a text of that type":    {html, "a < b, c > d", "a < b, c > d"},
		"XML":                    {http.Header{"Content-Type": {"application/xml"}}, "<busy/>", "<busy/>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, mock := newClient(t)
			answerWith(mock, 502, test.header, test.body)
			var got *cams.ResponseError
			require.ErrorAs(t, list(t.Context(), client), &got)
			assert.Equal(t, test.snippet, got.Snippet)
		})
	}
}

func TestAnEncodingThatTheClientDoesNotAcceptIsNamed(t *testing.T) {
	t.Parallel()
	const binary = "\x28\xb5\x2f\xfd\x04\x58"
	for name, test := range map[string]struct {
		status         int
		encoding, body string
		want           string
	}{
		"br":                 {200, "br", binary, "the answer has the Content-Encoding br, which this client does not accept: "},
		"zstd":               {200, "zstd", binary, "Content-Encoding zstd,"},
		"gzip twice":         {200, "gzip, gzip", gzipped(gzipped(goodBody)), "Content-Encoding gzip, gzip,"},
		"of an error":        {502, "br", binary, "Content-Encoding br, which this client does not accept (status 502"},
		"something else":     {200, strings.Repeat("x", 100), binary, "Content-Encoding of an unknown kind,"},
		"not true of a page": {502, "br", "<html>busy</html>", "HTTP status 502 without the service's error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, mock := newClient(t)
			answerWith(mock, test.status, http.Header{"Content-Encoding": {test.encoding}}, test.body)
			err := list(t.Context(), client)
			require.ErrorContains(t, err, test.want)
			var got *cams.ResponseError
			require.ErrorAs(t, err, &got)
			assert.Equal(t, test.body != "<html>busy</html>", got.Snippet == "")
		})
	}
	client, mock := newClient(t)
	answerWith(mock, 200, http.Header{"Content-Encoding": {"br"}}, goodBody)
	require.NoError(t, list(t.Context(), client), "the header is not true")
}
