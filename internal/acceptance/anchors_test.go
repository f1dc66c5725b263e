package acceptance

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// Each case says what the official SDK (alibabacloud-go/cams-20200606 v6.3.0) does, and
// tests what this package does.
func TestSituationsThatTheOfficialSDKGetsWrong(t *testing.T) {
	t.Parallel()
	for situation, test := range map[string]struct {
		officially string
		here       func(t *testing.T)
	}{
		"HTTP 200 with Success:false":                    {"err == nil", refusedInside200},
		"200 with an empty body, 204, 304, a 600 status": {"err == nil, nil body: the caller panics", answersWithoutABody},
		"502 with an HTML page":                          {"invalid character '<', the status is lost", aPageWithA502},
		"a server that never answers":                    {"blocks for ever", noAnswerEver},
		"cancelling during a retry pause":                {"waited 1 min 40 s past a 1 s deadline", cancelledInAPause},
		"throttled":                                      {"no retry; RetryAfter dropped by default", throttled},
		"a 307 to another host":                          {"forwards the security token to it", redirectedElsewhere},
		"a 256 MiB error body":                           {"read whole into memory", aHugeErrorBody},
		"one client, many goroutines":                    {"data races", manyGoroutines},
		"credentials during first use":                   {"212 of 3,200 concurrent first calls failed", firstUseOfCredentials},
		"DEBUG logging":                                  {"prints Authorization and tokens", debugLogging},
		"nil request, nil runtime":                       {"panic", nilArguments},
	} {
		t.Run(situation, func(t *testing.T) {
			t.Parallel()
			t.Logf("the official SDK: %s", test.officially)
			test.here(t)
		})
	}
}

func refusedInside200(t *testing.T) {
	client, mock := newClient(t)
	answerWith(mock, 200, nil, `{"RequestId":"r1","Success":false,"Code":"Product.Unsubscript","Message":"m"}`)
	resp, err := client.ListChatGroupParticipants(t.Context(), validRequest())
	assert.Nil(t, resp)
	var api *cams.APIError
	require.ErrorAs(t, err, &api)
	assert.Equal(t, "Product.Unsubscript", api.Code)
	assert.Equal(t, "r1", api.RequestID)
	assert.Equal(t, 200, api.StatusCode)
}

func answersWithoutABody(t *testing.T) {
	for _, status := range []int{200, 204, 304, 600} {
		client, mock := newClient(t)
		answerWith(mock, status, nil, "")
		resp, err := client.ListChatGroupParticipants(t.Context(), validRequest())
		assert.Nil(t, resp)
		var protocol *cams.ResponseError
		require.ErrorAs(t, err, &protocol)
		assert.Equal(t, status, protocol.StatusCode)
	}
}

func aPageWithA502(t *testing.T) {
	client, mock := newClient(t)
	answerWith(mock, 502, http.Header{"X-Acs-Request-Id": {requestID}}, "<html><h1>502 Bad Gateway</h1></html>")
	_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
	var protocol *cams.ResponseError
	require.ErrorAs(t, err, &protocol)
	assert.Equal(t, 502, protocol.StatusCode)
	assert.Equal(t, requestID, protocol.RequestID)
	assert.Contains(t, protocol.Snippet, "502 Bad Gateway")
}

func noAnswerEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &byHand{serve: func(_ int, conn net.Conn) { untilClosed(conn) }}
		client := server.client(t)
		start := time.Now()
		_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.WithinDuration(t, start.Add(45*time.Second), time.Now(), 600*time.Millisecond, "three attempts of 15 s")

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		_, err = client.ListChatGroupParticipants(ctx, validRequest())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(start), "the caller's context comes first")
	})
}

func cancelledInAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, cams.WithRetry(cams.RetryPolicy{BaseDelay: time.Hour, MaxDelay: time.Hour}))
		server.Answer(camstest.Refusal(503, "ServiceUnavailable", "m"))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		_, err := client.ListChatGroupParticipants(ctx, validRequest())
		require.ErrorIs(t, err, context.Canceled)
		assert.True(t, cams.IsCode(err, "ServiceUnavailable"), "and why there was a pause")
		assert.Equal(t, time.Second, time.Since(start))
	})
}

func throttled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, cams.WithLimiter(cams.Unlimited()))
		refusal := camstest.Refusal(429, "Throttling.User", "m")
		refusal.Header = http.Header{"X-Acs-Retry-After": {"7000"}}
		server.AnswerOnce(refusal)
		start := time.Now()
		_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
		require.NoError(t, err)
		assertWaited(t, 7*time.Second, time.Since(start))

		refusal.Header = http.Header{"X-Acs-Retry-After": {"60000"}}
		server.AnswerOnce(refusal)
		start = time.Now()
		_, err = client.ListChatGroupParticipants(t.Context(), validRequest())
		require.ErrorIs(t, err, cams.ErrThrottled)
		assert.Zero(t, time.Since(start), "beyond the cap it is for the caller to decide")
		var api *cams.APIError
		require.ErrorAs(t, err, &api)
		assert.Equal(t, time.Minute, api.RetryAfter)
	})
}

func redirectedElsewhere(t *testing.T) {
	var reached atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	client, err := cams.NewClient(cams.WithEndpoint(server.URL), testCredentials())
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	_, err = client.ListChatGroupParticipants(t.Context(), validRequest())
	var protocol *cams.ResponseError
	require.ErrorAs(t, err, &protocol)
	assert.Equal(t, 307, protocol.StatusCode)
	assert.False(t, reached.Load())
}

func aHugeErrorBody(t *testing.T) {
	var sent atomic.Int64
	address := listen(t, func(_ int, conn *net.TCPConn) {
		conn.SetWriteBuffer(64 << 10)
		http.ReadRequest(bufio.NewReader(conn))
		io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nContent-Length: 268435456\r\n\r\n")
		for range 256 << 20 / (64 << 10) {
			n, err := conn.Write(make([]byte, 64<<10))
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	client, err := cams.NewClient(cams.WithEndpoint("http://"+address), testCredentials())
	require.NoError(t, err)
	_, err = client.ListChatGroupParticipants(t.Context(), validRequest())
	var protocol *cams.ResponseError
	require.ErrorAs(t, err, &protocol)
	assert.Equal(t, 400, protocol.StatusCode)
	assert.Contains(t, protocol.Reason, "too large")
	assert.Less(t, sent.Load(), int64(64<<20), "the rest is never sent: all but what the sockets buffer")
}

func manyGoroutines(t *testing.T) { // shows under -race
	_, client := service(t)
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			for range 10 {
				resp, err := client.ListChatGroupParticipants(t.Context(), validRequest())
				assert.NoError(t, err)
				assert.Len(t, resp.Data.List, 1)
			}
		})
	}
	group.Wait()
}

func firstUseOfCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refreshes := 0 // unguarded: one at a time asks
		_, client := service(t, cams.WithCredentials(providerFunc(func(context.Context) (cams.Credentials, error) {
			refreshes++
			time.Sleep(time.Second)
			return cams.Credentials{AccessKeyID: camstest.AccessKeyID, AccessKeySecret: camstest.AccessKeySecret}, nil
		})))
		var served atomic.Int64
		var group sync.WaitGroup
		for range 3200 {
			group.Go(func() {
				_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
				if assert.NoError(t, err) {
					served.Add(1)
				}
			})
		}
		group.Wait()
		assert.EqualValues(t, 3200, served.Load())
		assert.Equal(t, 1, refreshes)
	})
}

func debugLogging(t *testing.T) {
	var log bytes.Buffer
	client, mock := newClient(t, cams.WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	var authorization string
	mock.RegisterNoResponder(func(req *http.Request) (*http.Response, error) {
		authorization = req.Header.Get("Authorization")
		return echo(403, `{"Code":"NoPermission","Message":%q}`)(req)
	})
	_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
	require.ErrorIs(t, err, cams.ErrAccessDenied)
	assert.Equal(t, 2, strings.Count(log.String(), "\n"), "an attempt and a failure")
	require.NotEmpty(t, authorization)
	for _, secret := range append(forbidden(testSecret, testToken, testNumber), authorization, authorization[strings.LastIndex(authorization, "=")+1:]) {
		assert.NotContains(t, log.String(), secret)
	}
}

func nilArguments(t *testing.T) {
	_, client := service(t)
	var none *cams.Client
	for field, call := range map[string]func() (*cams.ListChatGroupParticipantsResponse, error){
		"ListChatGroupParticipantsRequest": func() (*cams.ListChatGroupParticipantsResponse, error) {
			return client.ListChatGroupParticipants(t.Context(), nil)
		},
		"ctx": func() (*cams.ListChatGroupParticipantsResponse, error) {
			//lint:ignore SA1012 that is the test
			return client.ListChatGroupParticipants(nil, validRequest())
		},
		"Client": func() (*cams.ListChatGroupParticipantsResponse, error) {
			return none.ListChatGroupParticipants(t.Context(), validRequest())
		},
	} {
		resp, err := call()
		assert.Nil(t, resp)
		var invalid *cams.ValidationError
		require.ErrorAs(t, err, &invalid)
		assert.Equal(t, field, invalid.Field)
	}
}
