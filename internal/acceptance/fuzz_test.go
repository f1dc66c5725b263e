package acceptance

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
)

// FuzzAnswers lets a read and a creation meet an answer of any status, header and body. SECRET
// and NUMBER in it stand for what no error may show.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{
		``, `{}`, `null`, `[]`, `"x"`, `{"Code":"OK","Success":true,"Data":{"Total":1,"List":[{"ParticipantNumber":"1"}]}}`,
		`{"Success":false,"Code":"X","Message":"SECRET of NUMBER"}`, `<Error><Code>X</Code></Error>`, `{"Data":{"Total":"1e3"}}`,
		`{"AccessDeniedDetail":{"AuthAction":1}}`, `{"Success":"maybe"}`, "\xef\xbb\xbf{}", `{"RequestId":"` + strings.Repeat("a", 300) + `"}`,
		`{"Code":"OK","UniqueCode":"x"}`, `{"Code":"InvalidTimeStamp.Expired"}`, `{"Code":"SignatureNonceUsed"}`, `<html>SECRET`,
	} {
		for _, status := range []int{200, 204, 304, 400, 408, 429, 503, 600} {
			f.Add(status, "", body)
		}
	}
	for _, header := range []string{
		"Retry-After: 1", "Retry-After: Fri, 01 Jan 2100 00:00:00 GMT", "X-Acs-Retry-After: 99999999999999999999", "Date: Fri, 01 Jan 2100 00:00:00 GMT\nAge: 1",
		"Content-Encoding: gzip", "Content-Encoding: br", "Location: https://SECRET@host/NUMBER", "X-Acs-Request-Id: NUMBER", "Content-Length: 5",
	} {
		f.Add(400, header, `{"Code":"Throttling.User"}`)
		f.Add(503, header, ``)
		f.Add(200, header, `{"Code":"OK","Success":true}`)
	}
	f.Fuzz(func(t *testing.T, status int, header, body string) {
		echo := strings.NewReplacer("SECRET", testSecret, "NUMBER", testNumber)
		header, body = echo.Replace(header), echo.Replace(body)
		lines, _ := textproto.NewReader(bufio.NewReader(strings.NewReader(strings.ReplaceAll(header, "\n", "\r\n") + "\r\n\r\n"))).ReadMIMEHeader()
		synctest.Test(t, func(t *testing.T) { // the answer may ask to wait for minutes
			requests := 0
			client := clientOf(t, testCredentials(), withTransport(func(*http.Request) (*http.Response, error) {
				requests++
				return &http.Response{StatusCode: status, Header: http.Header(lines).Clone(), Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1}, nil
			}))
			resp, err := client.ListChatGroupParticipants(t.Context(), validRequest())
			requireSound(t, status, err)
			assert.Equal(t, err == nil, resp != nil)
			var want cams.ListChatGroupParticipantsResponse
			if err == nil && json.Unmarshal([]byte(body), &want) == nil && hasUniqueKeys(json.NewDecoder(strings.NewReader(body))) {
				want.RequestID = resp.RequestID // without spaces
				for i := range resp.Data.List {
					resp.Data.List[i].Extra = ""
				}
				assert.Equal(t, want, *resp, "a response is what its own type decodes to")
			}

			time.Sleep(time.Hour) // to another limiter's minute
			requests = 0
			created, err := client.AddChatGroup(t.Context(), &cams.AddChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: "cams-k001"})
			requireSound(t, status, err)
			assert.Equal(t, err == nil, created != nil)
			if requests > 1 && status != http.StatusMisdirectedRequest && status != http.StatusTooEarly {
				assert.True(t, errors.Is(err, cams.ErrThrottled) || errors.Is(err, cams.ErrUnauthenticated), "created %d times: %v", requests, err)
			}
		})
	})
}

// requireSound checks what holds for the result of each call.
func requireSound(t *testing.T, status int, err error) {
	t.Helper()
	if err == nil {
		assert.True(t, status >= 200 && status <= 299)
		return
	}
	api, protocol, failed := new(cams.APIError), new(cams.ResponseError), new(cams.CallError)
	switch {
	case errors.As(err, &api):
		assert.Equal(t, status, api.StatusCode)
	case errors.As(err, &protocol):
		assert.Equal(t, status, protocol.StatusCode)
		assert.LessOrEqual(t, len(protocol.Snippet), 512)
	default:
		require.ErrorAs(t, err, &failed)
	}
	text := err.Error()
	assert.NotContains(t, text, "\n")
	assert.Less(t, len(text), 8<<10)
	assert.NotContains(t, text, testSecret)
	assert.NotContains(t, text, testNumber)
}
