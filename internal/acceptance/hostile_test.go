package acceptance

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// byHand serves each connection of a client with the function serve, over a pipe and
// within a synctest bubble. The client has its own transport, and time is virtual. A
// goroutine or connection that is left over fails the test. serve gets the number of
// the connection, counted from 1. The connection closes when serve returns.
type byHand struct {
	serve  func(n int, conn net.Conn)
	served sync.WaitGroup

	mu     sync.Mutex
	dialed []string // addresses, one a connection
	nonces []string // of the requests that readRequest read
}

// seen returns what was dialed and read so far, and forgets it.
func (h *byHand) seen() (dialed, nonces []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	dialed, nonces = h.dialed, h.nonces
	h.dialed, h.nonces = nil, nil
	return dialed, nonces
}

func (h *byHand) transport() *http.Transport {
	transport := cams.NewTransport()
	transport.DialContext = func(_ context.Context, _, address string) (net.Conn, error) {
		near, far := net.Pipe()
		h.mu.Lock()
		h.dialed = append(h.dialed, address)
		n := len(h.dialed)
		h.mu.Unlock()
		h.served.Go(func() {
			defer far.Close()
			h.serve(n, far)
		})
		return near, nil
	}
	return transport
}

func (h *byHand) client(t *testing.T, opts ...cams.Option) *cams.Client {
	t.Helper()
	client := clientOf(t, append([]cams.Option{cams.WithEndpoint("http://127.0.0.1"),
		cams.WithHTTPClient(&http.Client{Transport: h.transport()}), testCredentials()}, opts...)...)
	t.Cleanup(func() {
		client.CloseIdleConnections()
		h.served.Wait()
	})
	return client
}

// readRequest reads one request, whose body is empty.
func (h *byHand) readRequest(conn net.Conn) bool {
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.nonces = append(h.nonces, req.Header.Get("x-acs-signature-nonce"))
	return true
}

// untilClosed keeps a connection open until the client closes it.
func untilClosed(conn net.Conn) { io.Copy(io.Discard, conn) }

// endless writes the same for ever, with a pause after each if it is not zero.
func endless(head, repeated string, pause time.Duration) func(net.Conn) {
	return func(conn net.Conn) {
		_, err := io.WriteString(conn, head)
		for err == nil {
			_, err = io.WriteString(conn, repeated)
			time.Sleep(pause)
		}
	}
}

// slowly writes a text byte by byte, one a second.
func slowly(head, text string) func(net.Conn) {
	return func(conn net.Conn) {
		_, err := io.WriteString(conn, head)
		for i := 0; err == nil && i < len(text); i++ {
			time.Sleep(time.Second)
			_, err = io.WriteString(conn, text[i:i+1])
		}
	}
}

// says writes a text and keeps the connection; hangsUp closes it.
func says(text string) func(net.Conn) {
	return func(conn net.Conn) {
		io.WriteString(conn, text)
		untilClosed(conn)
	}
}

func hangsUp(text string) func(net.Conn) {
	return func(conn net.Conn) { io.WriteString(conn, text) }
}

func gzipped(text string) string {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	io.WriteString(w, text)
	w.Close()
	return packed.String()
}

const (
	goodBody  = `{"RequestId":"` + requestID + `","Code":"OK","Success":true,"Data":{"Total":1,"List":[{"ParticipantNumber":"8613800000001"}]}}`
	okHead    = "HTTP/1.1 200 OK\r\nX-Acs-Request-Id: " + requestID + "\r\n"
	errorHead = "HTTP/1.1 503 Service Unavailable\r\nX-Acs-Request-Id: " + requestID + "\r\n"
	chunked   = "Transfer-Encoding: chunked\r\n\r\n"
)

func withLength(length any, body string) string {
	return fmt.Sprintf("%sContent-Length: %v\r\n\r\n%s", okHead, length, body)
}

// hostile is what a server does after it has read a request, and how the call ends.
type hostile struct {
	serve    func(net.Conn)
	status   int    // of the *ResponseError; 0 if it is no answer
	is       error  // what errors.Is finds, beside
	text     string // what the error's text holds
	attempts int    // 0 means 3: it is retried
	megabyte uint64 // of memory allocated in all, freed or not; 0 means 4
}

// wrongType is an answer of n bytes that asks for as much leniency as it can.
func wrongType(n int) string {
	const head, tail = `{"Success":"true","Data":{"List":[`, `1]}}`
	return head + strings.Repeat("1,", (n-len(head+tail))/2) + tail
}

// emptyMembers is an answer of n bytes whose list takes the most memory.
func emptyMembers(n int) string {
	const head, tail = `{"Data":{"List":[`, `{}]}}`
	return head + strings.Repeat("{},", (n-len(head+tail))/3) + tail
}

func hostileServers() map[string]hostile {
	zeros := gzipped(strings.Repeat("\x00", 8<<20))
	filler := strings.Repeat("x", 32<<10)
	line := "X-Filler: " + strings.Repeat("x", 1000) + "\r\n"
	deadline := context.DeadlineExceeded
	packed := []byte(gzipped(goodBody))
	packed[len(packed)-8] ^= 0xff
	misspelled := string(packed)
	servers := map[string]hostile{
		"an endless success":                {serve: endless(okHead+"\r\n", filler, 0), status: 200, text: "too large", attempts: 1, megabyte: 80},
		"an endless success, chunked":       {serve: endless(okHead+chunked, "8000\r\n"+filler+"\r\n", 0), status: 200, text: "too large", attempts: 1, megabyte: 80},
		"an endless error":                  {serve: endless(errorHead+"\r\n", filler, 0), status: 503, text: "too large"},
		"a success of a terabyte":           {serve: endless(withLength(int64(1<<40), ""), filler, 0), status: 200, text: "too large", attempts: 1, megabyte: 80},
		"a gzip bomb":                       {serve: endless(okHead+"Content-Encoding: gzip\r\n\r\n", zeros, 0), status: 200, text: "too large", attempts: 1, megabyte: 80},
		"a gzip bomb of an error":           {serve: endless(errorHead+"Content-Encoding: gzip\r\n\r\n", zeros, 0), status: 503, text: "too large"},
		"endless gzip of nothing":           {serve: endless(okHead+"Content-Encoding: gzip\r\n\r\n", strings.Repeat(gzipped(""), 100), time.Second), is: deadline, text: "status 200"},
		"endless header lines":              {serve: endless("HTTP/1.1 200 OK\r\n", line, 0), text: "exceeded 65536 bytes"},
		"an endless header":                 {serve: endless("HTTP/1.1 200 OK\r\nX-Filler: ", filler, 0), text: "exceeded 65536 bytes"},
		"an endless header name":            {serve: endless("HTTP/1.1 200 OK\r\n", filler, 0), text: "exceeded 65536 bytes"},
		"an endless status line":            {serve: endless("HTTP/1.1 200 ", filler, 0), text: "exceeded 65536 bytes"},
		"an endless trailer":                {serve: endless(okHead+chunked+"2\r\n{}\r\n0\r\n", line, 0), status: 200, text: "trailer"},
		"endless chunk extensions":          {serve: endless(okHead+chunked, "1;"+strings.Repeat("x", 2000)+"\r\n \r\n", 0), status: 200, text: "non-data"},
		"an endless chunk size":             {serve: endless(okHead+chunked, filler, 0), status: 200, text: "cut off"},
		"100 Continue for ever":             {serve: endless("", "HTTP/1.1 100 Continue\r\n\r\n", 0), text: "exceeded 65536 bytes"},
		"103 Early Hints for ever":          {serve: endless("", "HTTP/1.1 103 Early Hints\r\n"+line+"\r\n", 0), text: "exceeded 65536 bytes"},
		"102 Processing every second":       {serve: endless("", "HTTP/1.1 102 Processing\r\n\r\n", time.Second), is: deadline},
		"another protocol, silent":          {serve: says("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"), status: 101, attempts: 1},
		"another protocol, endless":         {serve: endless("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", filler, 0), status: 101, attempts: 1},
		"a 101 to what nobody asked":        {serve: says("HTTP/1.1 101 Switching Protocols\r\n\r\n"), status: 101, attempts: 1},
		"a million brackets":                {serve: hangsUp(okHead + "\r\n" + strings.Repeat("[", 1<<20)), status: 200, text: "JSON", attempts: 1, megabyte: 16},
		"a quarter megabyte of wrong types": {serve: hangsUp(okHead + "\r\n" + wrongType(1<<18)), status: 200, text: "JSON", attempts: 1, megabyte: 8},
		"a megabyte of wrong types":         {serve: hangsUp(okHead + "\r\n" + wrongType(1<<20+100)), status: 200, text: "JSON", attempts: 1, megabyte: 16},
		"ten megabytes of wrong types":      {serve: hangsUp(okHead + "\r\n" + wrongType(10<<20)), status: 200, text: "JSON", attempts: 1, megabyte: 64},
		"ten megabytes of empty members":    {serve: hangsUp(okHead + "Content-Encoding: gzip\r\n\r\n" + gzipped(emptyMembers(10<<20))), status: 200, text: "JSON", attempts: 1, megabyte: 64},
		"as many wrong types as may come":   {serve: hangsUp(okHead + "\r\n" + wrongType(2*99_000)), status: 200, text: "JSON", attempts: 1, megabyte: 100},
		"as many empty members as may come": {serve: hangsUp(okHead + "\r\n" + emptyMembers(3*99_000)), status: 200, text: "neither", attempts: 1, megabyte: 20},
		"an answer of deep objects":         {serve: hangsUp(okHead + "\r\n" + strings.Repeat(`{"RequestId":`, 1<<19)), status: 200, text: "JSON", attempts: 1, megabyte: 64},
		"silence":                           {serve: untilClosed, is: deadline, text: "attempt timeout of 15s"},
		"a header byte a second":            {serve: slowly("", withLength(2, "{}")), is: deadline},
		"a body byte a second":              {serve: slowly(withLength(len(goodBody), ""), goodBody), is: deadline, text: "status 200, request ID " + requestID},
		"an error byte a second":            {serve: slowly(errorHead+"\r\n", goodBody), is: deadline, text: "status 503, request ID " + requestID},
		"a chunk and then silence":          {serve: says(okHead + chunked + "2\r\n{}\r\n"), is: deadline, text: "status 200"},
		"a hang-up without a word":          {serve: hangsUp(""), is: io.EOF},
		"HTML without HTTP":                 {serve: hangsUp("<html><body>It works!</body></html>\r\n"), text: "malformed HTTP"},
		"JSON without HTTP":                 {serve: hangsUp(goodBody + "\r\n\r\n"), text: "malformed HTTP"},
		"binary garbage":                    {serve: hangsUp("\x15\x03\x01\x00\x02\x02\x16\x00\xff\xfe\r\n"), text: "malformed HTTP"},
		"another protocol's banner":         {serve: hangsUp("SSH-2.0-OpenSSH_9.6\r\n"), text: "malformed HTTP"},
		"HTTP/2 without asking":             {serve: hangsUp("\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80\r\n"), text: "malformed HTTP"},
		"a long line of garbage":            {serve: hangsUp("HTTP/1.1 200 OK\r\n" + strings.Repeat("not a header ", 4000) + "\r\n\r\n"), text: "malformed MIME header"},
		"no status":                         {serve: hangsUp("HTTP/1.1\r\n\r\n"), text: "malformed HTTP"},
		"a status of two digits":            {serve: hangsUp("HTTP/1.1 99 Odd\r\n\r\n"), text: "malformed HTTP status"},
		"a status of four digits":           {serve: hangsUp("HTTP/1.1 2000 OK\r\n\r\n"), text: "malformed HTTP status"},
		"a status of 1000":                  {serve: hangsUp("HTTP/1.1 1000 Odd\r\n\r\n"), text: "malformed HTTP status"},
		"a negative status":                 {serve: hangsUp("HTTP/1.1 -20 Odd\r\n\r\n"), text: "malformed HTTP status"},
		"a status of letters":               {serve: hangsUp("HTTP/1.1 two OK\r\n\r\n"), text: "malformed HTTP status"},
		"a status of 099":                   {serve: hangsUp("HTTP/1.1 099 Odd\r\n\r\n"), status: 99, attempts: 1},
		"a status of 999":                   {serve: hangsUp("HTTP/1.1 999 Odd\r\n\r\n"), status: 999, attempts: 1},
		"a Content-Length too long":         {serve: hangsUp(withLength(len(goodBody)+1, goodBody)), status: 200, is: io.ErrUnexpectedEOF, text: "cut off"},
		"a Content-Length never reached":    {serve: says(withLength(len(goodBody)+1, goodBody)), is: deadline, text: "status 200"},
		"a Content-Length too short":        {serve: hangsUp(withLength(len(goodBody)-1, goodBody)), status: 200, text: "JSON", attempts: 1},
		"a Content-Length of 0":             {serve: hangsUp(withLength(0, goodBody)), status: 200, text: "the answer is empty", attempts: 1},
		"a negative Content-Length":         {serve: hangsUp(withLength(-1, goodBody)), text: "Content-Length"},
		"a Content-Length of letters":       {serve: hangsUp(withLength("many", goodBody)), text: "Content-Length"},
		"a Content-Length beyond 64 bits":   {serve: hangsUp(withLength("99999999999999999999", goodBody)), text: "Content-Length"},
		"two Content-Lengths":               {serve: hangsUp(okHead + "Content-Length: 5\r\n" + strings.TrimPrefix(withLength(6, goodBody), okHead)), text: "Content-Length"},
		"a bad chunk size":                  {serve: hangsUp(okHead + chunked + "zz\r\n{}\r\n0\r\n\r\n"), status: 200, text: "cut off"},
		"a chunk size too large":            {serve: hangsUp(okHead + chunked + "fffffffffffffffff\r\n{}"), status: 200, text: "cut off"},
		"a chunk longer than its size":      {serve: hangsUp(okHead + chunked + "1\r\n{}\r\n0\r\n\r\n"), status: 200, text: "cut off"},
		"a chunk that breaks off":           {serve: hangsUp(okHead + chunked + "10\r\n{}"), status: 200, is: io.ErrUnexpectedEOF, text: "cut off"},
		"no last chunk":                     {serve: hangsUp(okHead + chunked + "2\r\n{}\r\n"), status: 200, is: io.ErrUnexpectedEOF, text: "cut off"},
		"an error that breaks off":          {serve: hangsUp("HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\n{"), status: 404, is: io.ErrUnexpectedEOF, text: "cut off"},
		"an unknown transfer encoding":      {serve: hangsUp(okHead + "Transfer-Encoding: brotli\r\n\r\n" + goodBody), text: "transfer encoding"},
		"an unknown content encoding":       {serve: hangsUp(okHead + "Content-Encoding: br\r\n\r\n\x0b\x00"), status: 200, text: "JSON", attempts: 1},
		"gzip that is none":                 {serve: hangsUp(okHead + "Content-Encoding: gzip\r\n\r\n" + goodBody), status: 200, is: gzip.ErrHeader, attempts: 1},
		"gzip that breaks off":              {serve: hangsUp(okHead + "Content-Encoding: gzip\r\n\r\n" + gzipped(goodBody)[:50]), status: 200, is: io.ErrUnexpectedEOF, text: "cut off"},
		"gzip with another checksum":        {serve: hangsUp(okHead + "Content-Encoding: gzip\r\n\r\n" + misspelled), status: 200, is: gzip.ErrChecksum, text: requestID, attempts: 1},
		"gzip with garbage after it":        {serve: hangsUp(okHead + "Content-Encoding: gzip\r\n\r\n" + gzipped(goodBody) + "garbage and more garbage"), status: 200, is: gzip.ErrHeader, attempts: 1},
	}
	for what, location := range map[string]string{
		"to another host": "Location: http://evil.example/\r\n",
		"to another port": "Location: http://127.0.0.1:8080/\r\n",
		"to itself":       "Location: http://127.0.0.1/\r\n",
		"to a path":       "Location: /elsewhere\r\n",
		"to a non-URL":    "Location: http://%zz\r\n",
		"to no scheme":    "Location: ://\r\n",
		"to two places":   "Location: http://evil.example/\r\nLocation: http://%zz\r\n",
		"to nowhere":      "Location:\r\n",
		"without a word":  "",
	} {
		for _, status := range []int{300, 301, 302, 303, 307, 308, 399} {
			servers[fmt.Sprintf("a %d %s", status, what)] = hostile{
				serve:  says(fmt.Sprintf("HTTP/1.1 %d Moved\r\n%sContent-Length: 0\r\n\r\n", status, location)),
				status: status, text: "redirect", attempts: 1,
			}
		}
	}
	return servers
}

// It is not parallel: it measures the memory of the whole process.
func TestHostileServersEndInATypedErrorAndBoundedMemory(t *testing.T) {
	for name, test := range hostileServers() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &byHand{}
				server.serve = func(_ int, conn net.Conn) {
					if server.readRequest(conn) {
						test.serve(conn)
					}
				}
				client := server.client(t)
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				start := time.Now()
				resp, err := client.ListChatGroupParticipants(t.Context(), validRequest())
				took := time.Since(start)
				runtime.ReadMemStats(&after)

				requireTyped(t, resp, err)
				if protocol := new(cams.ResponseError); errors.As(err, &protocol) {
					assert.Equal(t, test.status, protocol.StatusCode)
				} else {
					assert.Zero(t, test.status, "an answer with a status: %v", err)
				}
				if test.is != nil {
					assert.ErrorIs(t, err, test.is)
				}
				assert.Contains(t, err.Error(), test.text)
				if test.attempts == 0 {
					test.attempts = 3
				}
				assert.Contains(t, err.Error(), fmt.Sprintf("%d attempt", test.attempts))
				dialed, nonces := server.seen()
				assert.Len(t, nonces, test.attempts)
				assert.LessOrEqual(t, took, 3*15*time.Second+600*time.Millisecond, "three attempts and two pauses")
				for _, address := range dialed {
					assert.Equal(t, "127.0.0.1:80", address, "no other host is reached")
				}
				if test.megabyte == 0 {
					test.megabyte = 4
				}
				assert.LessOrEqual(t, after.TotalAlloc-before.TotalAlloc, test.megabyte<<20)
			})
		})
	}
}

// requireTyped checks what every failed call must return to its caller.
func requireTyped(t *testing.T, resp *cams.ListChatGroupParticipantsResponse, err error) {
	t.Helper()
	require.Error(t, err)
	require.Nil(t, resp)
	var timeout net.Error
	typed := errors.As(err, new(*cams.APIError)) || errors.As(err, new(*cams.ResponseError)) || errors.As(err, new(*cams.ValidationError)) ||
		errors.As(err, new(*url.Error)) || errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded)
	require.True(t, typed, "%T: %v", err, err)
	text := err.Error()
	assert.Contains(t, text, "ListChatGroupParticipants")
	assert.NotContains(t, text, "\n")
	assert.LessOrEqual(t, len(text), 4<<10)
	for _, secret := range forbidden(testSecret, testToken, testNumber) {
		assert.NotContains(t, text, secret)
	}
}

func TestAnAnswerCutAnywhereIsATypedErrorAndARetrySucceeds(t *testing.T) {
	t.Parallel()
	pieces := ""
	for body := goodBody; body != ""; {
		n := min(len(body), 40)
		pieces += fmt.Sprintf("%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	packed := gzipped(goodBody)
	for framing, answer := range map[string]string{
		"with a length":   withLength(len(goodBody), goodBody),
		"in chunks":       okHead + chunked + pieces + "0\r\n\r\n",
		"gzipped":         okHead + "Content-Encoding: gzip\r\n" + strings.TrimPrefix(withLength(len(packed), packed), okHead),
		"until it closes": okHead + "Connection: close\r\n\r\n" + goodBody,
	} {
		t.Run(framing, func(t *testing.T) {
			t.Parallel()
			head := strings.Index(answer, "\r\n\r\n") + 4
			for cut := range len(answer) + 1 {
				synctest.Test(t, func(t *testing.T) {
					server := &byHand{}
					server.serve = func(n int, conn net.Conn) {
						if server.readRequest(conn) && n == 1 {
							io.WriteString(conn, answer[:cut])
						} else if n > 1 {
							io.WriteString(conn, answer)
						}
					}
					call := func(opts ...cams.Option) (*cams.ListChatGroupParticipantsResponse, error) {
						server.seen()
						return server.client(t, opts...).ListChatGroupParticipants(t.Context(), validRequest())
					}

					resp, err := call(cams.WithRetry(cams.NoRetry()))
					protocol := new(cams.ResponseError)
					switch {
					case cut == len(answer):
						require.NoError(t, err)
						assert.Len(t, resp.Data.List, 1)
						return
					case cut < head:
						requireTyped(t, resp, err)
						assert.False(t, errors.As(err, &protocol), "cut at %d: %v", cut, err)
					default:
						requireTyped(t, resp, err)
						require.ErrorAs(t, err, &protocol, "cut at %d", cut)
						assert.Equal(t, 200, protocol.StatusCode)
						assert.Equal(t, requestID, protocol.RequestID)
					}

					resp, err = call()
					if framing == "until it closes" && cut >= head {
						// The client cannot tell this end from the real end, so the error is JSON that does not decode.
						requireTyped(t, resp, err)
						_, nonces := server.seen()
						assert.Len(t, nonces, 1)
						return
					}
					require.NoError(t, err, "cut at %d", cut)
					assert.Len(t, resp.Data.List, 1)
					_, nonces := server.seen()
					require.Len(t, nonces, 2)
					assert.NotEqual(t, nonces[0], nonces[1])
				})
			}
		})
	}
}

// listen serves TCP connections, counted from 1, by hand.
func listen(t *testing.T, serve func(n int, conn *net.TCPConn)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for n := 1; ; n++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(n, conn.(*net.TCPConn))
			}()
		}
	}()
	return listener.Addr().String()
}

func TestAConnectionResetAnywhereIsATypedErrorAndARetrySucceeds(t *testing.T) {
	t.Parallel()
	answer := withLength(len(goodBody), goodBody)
	for cut := 0; cut < len(answer); cut += 11 {
		var connections atomic.Int64
		address := listen(t, func(_ int, conn *net.TCPConn) {
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
				return
			}
			if connections.Add(1)%3 == 0 { // the third connection is that of the retry
				io.WriteString(conn, answer)
				return
			}
			io.WriteString(conn, answer[:cut])
			conn.SetLinger(0) // closing resets
		})
		call := func(retry cams.RetryPolicy) (*cams.ListChatGroupParticipantsResponse, error) {
			client := clientOf(t, cams.WithEndpoint("http://"+address), testCredentials(), cams.WithRetry(retry))
			defer client.CloseIdleConnections()
			return client.ListChatGroupParticipants(t.Context(), validRequest())
		}
		resp, err := call(cams.NoRetry())
		requireTyped(t, resp, err)
		resp, err = call(cams.RetryPolicy{BaseDelay: time.Microsecond})
		require.NoError(t, err, "cut at %d", cut)
		assert.Len(t, resp.Data.List, 1)
	}
}

func TestTLSAndPlainDoNotMix(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(camstest.NewServer())
	defer plain.Close()
	secure := httptest.NewUnstartedServer(camstest.NewServer())
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	secure.StartTLS()
	defer secure.Close()
	garbage := listen(t, func(_ int, conn *net.TCPConn) {
		conn.Read(make([]byte, 1))
		io.WriteString(conn, "220 mail.example ESMTP ready\r\n")
		untilClosed(conn)
	})
	call := func(endpoint string) error {
		client := clientOf(t, cams.WithEndpoint(endpoint), testCredentials())
		defer client.CloseIdleConnections()
		resp, err := client.ListChatGroupParticipants(t.Context(), validRequest())
		requireTyped(t, resp, err)
		return err
	}

	err := call(strings.Replace(plain.URL, "http:", "https:", 1))
	assert.ErrorIs(t, err, http.ErrSchemeMismatch)
	assert.Contains(t, err.Error(), "1 attempt)", "no repetition changes that")
	err = call("https://" + garbage)
	assert.ErrorAs(t, err, new(tls.RecordHeaderError))
	assert.Contains(t, err.Error(), "1 attempt)")
	var protocol *cams.ResponseError
	require.ErrorAs(t, call(strings.Replace(secure.URL, "https:", "http:", 1)), &protocol)
	assert.Equal(t, 400, protocol.StatusCode)
	assert.Contains(t, protocol.Snippet, "HTTP request to an HTTPS server")
}

func TestATLSHandshakeThatDoesNotEndIsEndedAndRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &byHand{serve: func(_ int, conn net.Conn) { untilClosed(conn) }}
		client := server.client(t, cams.WithEndpoint("https://127.0.0.1"))
		start := time.Now()
		resp, err := client.ListChatGroupParticipants(t.Context(), validRequest())
		requireTyped(t, resp, err)
		var timeout net.Error
		require.ErrorAs(t, err, &timeout)
		assert.True(t, timeout.Timeout())
		assert.Contains(t, err.Error(), "TLS handshake timeout")
		dialed, _ := server.seen()
		assert.Len(t, dialed, 3)
		assert.WithinDuration(t, start.Add(3*5*time.Second), time.Now(), 600*time.Millisecond)
	})
}

func TestHostileHTTP2StreamsEndInATypedErrorOrARetry(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		serve    http.HandlerFunc // for the first request; the second gets a good answer
		status   int              // of the *ResponseError; 0 if there is none
		text     string
		attempts int // with one, the error is the end
	}{
		"reset before an answer": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, "stream error", 2},
		"reset within a body": {func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, goodBody[:len(goodBody)/2])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, 200, "cut off", 2},
		"reset within an error": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(404)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, 404, "cut off", 2},
		"shorter than it says": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, goodBody)
		}, 200, "cut off", 2},
		"an endless body": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				w.Write(make([]byte, 64<<10))
			}
		}, 200, "too large", 1},
		"a flood of headers": {func(w http.ResponseWriter, _ *http.Request) {
			for i := range 100 {
				w.Header().Set(fmt.Sprintf("X-Filler-%d", i), strings.Repeat("x", 1000))
			}
		}, 0, "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, 2, r.ProtoMajor)
				if requests.Add(1)%3 != 0 { // the third is the retry
					test.serve(w, r)
					return
				}
				io.WriteString(w, goodBody)
			}))
			server.EnableHTTP2 = true
			server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
			server.StartTLS()
			defer server.Close()
			client := func(retry cams.RetryPolicy) *cams.Client {
				transport := trusting(server)
				client := clientOf(t, cams.WithEndpoint(server.URL), testCredentials(), cams.WithRetry(retry),
					cams.WithHTTPClient(&http.Client{Transport: transport}))
				t.Cleanup(client.CloseIdleConnections)
				return client
			}
			resp, err := client(cams.NoRetry()).ListChatGroupParticipants(t.Context(), validRequest())
			requireTyped(t, resp, err)
			var protocol *cams.ResponseError
			if errors.As(err, &protocol) {
				assert.Equal(t, test.status, protocol.StatusCode)
			} else {
				assert.Zero(t, test.status, "%v", err)
			}
			assert.Contains(t, err.Error(), test.text)
			resp, err = client(cams.RetryPolicy{BaseDelay: time.Microsecond}).ListChatGroupParticipants(t.Context(), validRequest())
			if test.attempts == 1 {
				requireTyped(t, resp, err)
			} else {
				require.NoError(t, err)
				assert.Len(t, resp.Data.List, 1)
			}
			assert.EqualValues(t, 1+test.attempts, requests.Load())
		})
	}
}

func TestTheTimeToDecodeAHugeAnswerIsPartOfTheAttempt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	client, mock := newClient(t)
	mock.RegisterNoResponder(func(*http.Request) (*http.Response, error) {
		body := iotest.DataErrReader(strings.NewReader(wrongType(90_000))) // ends with the last bytes
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(endingReader{body, cancel})}, nil
	})
	_, err := client.ListChatGroupParticipants(ctx, validRequest())
	assert.ErrorIs(t, err, context.Canceled)
	assert.NotErrorAs(t, err, new(*cams.ResponseError))
}

// endingReader calls end when what it reads has ended.
type endingReader struct {
	io.Reader
	end func()
}

func (r endingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == io.EOF {
		r.end()
	}
	return n, err
}
