package acceptance

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
)

func TestAReadOutlivesAnyNumberOfDeadIdleConnections(t *testing.T) {
	t.Parallel()
	eachRepeatable(t, func(t *testing.T, op operationCase) {
		synctest.Test(t, func(t *testing.T) {
			const idle = 8
			var arrived sync.WaitGroup // the first requests wait for each other, so that each needs a connection
			arrived.Add(idle)
			server := &byHand{}
			server.serve = func(n int, conn net.Conn) {
				requests := bufio.NewReader(conn)
				if _, err := http.ReadRequest(requests); err != nil {
					return
				}
				if n <= idle {
					arrived.Done()
					arrived.Wait()
				}
				io.WriteString(conn, withLength(len(op.success()), op.success()))
				if n <= idle {
					http.ReadRequest(requests) // then close without an answer
					return
				}
				untilClosed(conn)
			}
			client := server.client(t, cams.WithRetry(cams.NoRetry()))
			var group sync.WaitGroup
			for range idle {
				group.Go(func() {
					_, err := op.call(t.Context(), client)
					assert.NoError(t, err)
				})
			}
			group.Wait()
			synctest.Wait() // all connections are idle
			_, err := op.call(t.Context(), client)
			require.NoError(t, err)
			dialed, _ := server.seen()
			assert.Len(t, dialed, idle+1)
		})
	})
}

// brittle decides which requests break their connection, one in five, and counts nonces.
type brittle struct {
	mu     sync.Mutex
	random *rand.Rand
	nonces map[string]int
	breaks int
}

func newBrittle() *brittle {
	return &brittle{random: rand.New(rand.NewPCG(1, 2)), nonces: map[string]int{}}
}

// read notes a request, and reports whether its connection is to break.
func (b *brittle) read(req *http.Request) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.nonces[req.Header.Get("x-acs-signature-nonce")]++
	if b.random.IntN(5) > 0 {
		return false
	}
	b.breaks++
	return true
}

// overHTTP1 and overHTTP2 are services on links that break.
func overHTTP1(t *testing.T, link *brittle) []cams.Option {
	address := listen(t, func(n int, conn *net.TCPConn) {
		requests := bufio.NewReader(conn)
		for {
			req, err := http.ReadRequest(requests)
			if err != nil {
				return
			}
			if link.read(req) {
				conn.SetLinger(n%2 - 1) // every other one is reset
				return
			}
			io.WriteString(conn, withLength(len(goodBody), goodBody))
		}
	})
	return []cams.Option{cams.WithEndpoint("http://" + address)}
}

type connKey struct{}

func overHTTP2(t *testing.T, link *brittle) []cams.Option {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, 2, r.ProtoMajor)
		if link.read(r) {
			r.Context().Value(connKey{}).(*tls.Conn).NetConn().Close()
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, goodBody)
	}))
	server.Config.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, conn)
	}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	return []cams.Option{cams.WithEndpoint(server.URL), cams.WithHTTPClient(&http.Client{Transport: trusting(server)})}
}

func TestReadsOutliveALinkOnWhichOneRequestInFiveBreaksItsConnection(t *testing.T) {
	t.Parallel()
	const calls = 3000
	for name, test := range map[string]struct {
		link func(*testing.T, *brittle) []cams.Option
		lost int // at most: three breaks in a row end a call, over HTTP/1.1 four
	}{
		"HTTP/1.1": {overHTTP1, calls * 2 / 1000},
		"HTTP/2":   {overHTTP2, calls * 10 / 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			link := newBrittle()
			client := clientOf(t, append(test.link(t, link), testCredentials(), cams.WithRetry(cams.RetryPolicy{BaseDelay: 1}))...)
			t.Cleanup(client.CloseIdleConnections)
			lost := 0
			for range calls {
				if err := list(t.Context(), client); err != nil {
					lost++
					require.ErrorIs(t, err, cams.ErrUnavailable)
					require.ErrorContains(t, err, "no answer")
				}
			}
			link.mu.Lock()
			defer link.mu.Unlock()
			t.Logf("%d calls, %d requests, %d breaks, %d calls lost", calls, len(link.nonces), link.breaks, lost)
			for nonce, n := range link.nonces {
				require.Equal(t, 1, n, "nonce %s", nonce)
			}
			assert.LessOrEqual(t, lost, test.lost)
			assert.Greater(t, link.breaks, calls/5)
		})
	}
}

// An HTTP/2 connection outlives the request that failed on it.
func TestAReadOverHTTP2IsSentOnceAnAttempt(t *testing.T) {
	t.Parallel()
	requests := 0
	server, transport := overTLS(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests++; requests > 1 {
			panic(http.ErrAbortHandler) // resets the stream
		}
		io.WriteString(w, goodBody)
	}))
	client := clientOf(t, cams.WithEndpoint(server.URL), testCredentials(), cams.WithRetry(cams.RetryPolicy{BaseDelay: 1}),
		cams.WithHTTPClient(&http.Client{Transport: transport}))
	t.Cleanup(client.CloseIdleConnections)
	require.NoError(t, list(t.Context(), client))
	require.ErrorContains(t, list(t.Context(), client), "(3 attempts)")
	assert.Equal(t, 4, requests)
}

// goingAway is an HTTP/2 server that closes each connection before it takes a
// request. It counts the connections.
func goingAway(t *testing.T) (address string, transport *http.Transport, connections *atomic.Int64) {
	t.Helper()
	certificates := httptest.NewTLSServer(nil)
	t.Cleanup(certificates.Close)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: certificates.TLS.Certificates, NextProtos: []string{"h2"}})
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	connections = new(atomic.Int64)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			go func() {
				defer conn.Close()
				const settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
				const goAway = "\x00\x00\x08\x07\x00\x00\x00\x00\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"
				io.WriteString(conn, settings+goAway)
				io.Copy(io.Discard, conn)
			}()
		}
	}()
	transport = trusting(certificates)
	t.Cleanup(transport.CloseIdleConnections)
	return listener.Addr().String(), transport, connections
}

func TestAServerThatClosesEachNewConnectionIsNotDialedWithoutEnd(t *testing.T) {
	t.Parallel()
	const perAttempt = 2 * 5 // net/http dials ahead
	eachOperation(t, allOperations(), func(t *testing.T, op operationCase) {
		address, transport, connections := goingAway(t)
		options := []cams.Option{cams.WithEndpoint("https://" + address), testCredentials(), cams.WithHTTPClient(&http.Client{Transport: transport})}
		client := clientOf(t, append(options, cams.WithRetry(cams.NoRetry()))...)
		_, err := op.call(t.Context(), client)
		require.ErrorContains(t, err, "because the server closed each one")
		assert.NotErrorIs(t, err, context.Canceled)
		assert.Equal(t, !op.repeatable, errors.Is(err, cams.ErrOutcomeUnknown))
		assert.LessOrEqual(t, connections.Load(), int64(perAttempt))

		client = clientOf(t, append(options, cams.WithRetry(cams.RetryPolicy{BaseDelay: 1}))...)
		_, err = op.call(t.Context(), client)
		require.Error(t, err)
		attempts := int64(3)
		if !op.repeatable {
			attempts = 1
		}
		assert.LessOrEqual(t, connections.Load(), perAttempt*(1+attempts))
	})
}

// longest is the longest description: its URL has 18 KB.
func longest() *cams.UpdateChatGroupRequest {
	return &cams.UpdateChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: "cams-k001", GroupID: "EA939", Description: strings.Repeat("群", 2048)}
}

// An HTTP/2 gateway for which a URL is too long closes the connection, which other calls
// share.
func TestALongRequestSharesNoConnection(t *testing.T) {
	t.Parallel()
	type seen struct {
		proto  string
		closes bool
	}
	var requests []seen
	var addresses []string
	server, transport := overTLS(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests = append(requests, seen{r.Proto, r.Close})
		addresses = append(addresses, r.RemoteAddr)
		io.WriteString(w, `{"Code":"OK","Success":true,"Result":1,"Data":{"Total":0,"List":[]}}`)
	}))
	client := clientOf(t, cams.WithEndpoint(server.URL), testCredentials(), cams.WithHTTPClient(&http.Client{Transport: transport}))
	t.Cleanup(client.CloseIdleConnections)
	short := longest()
	short.Description = strings.Repeat("a", 2048)
	for _, call := range []func() error{
		func() error { return list(t.Context(), client) },
		func() error { _, err := client.UpdateChatGroup(t.Context(), short); return err },
		func() error { _, err := client.UpdateChatGroup(t.Context(), longest()); return err },
		func() error { return list(t.Context(), client) },
	} {
		require.NoError(t, call())
	}
	assert.Equal(t, []seen{{"HTTP/2.0", false}, {"HTTP/2.0", false}, {"HTTP/1.1", true}, {"HTTP/2.0", false}}, requests)
	assert.Equal(t, addresses[0], addresses[1])
	assert.NotEqual(t, addresses[0], addresses[2])
	assert.Equal(t, addresses[0], addresses[3], "the others keep theirs")
}

func TestAURLThatMayBeTooLongForAGatewayIsNamedWithItsSize(t *testing.T) {
	t.Parallel()
	const size = "the URL has 18551 bytes, perhaps too many for a gateway"
	for name, test := range map[string]struct {
		answer  transportFunc
		request *cams.UpdateChatGroupRequest
		named   bool
	}{
		"414":           {answered(414, "<html>414 Request-URI Too Large</html>"), longest(), true},
		"400":           {answered(400, "<html>400 Bad request</html>"), longest(), true},
		"413":           {answered(413, ""), longest(), true},
		"431":           {answered(431, ""), longest(), true},
		"502":           {answered(502, ""), longest(), false},
		"a refusal":     {answered(400, `{"Code":"InvalidParameter"}`), longest(), false},
		"no answer":     {failing(io.ErrUnexpectedEOF), longest(), true},
		"a shorter one": {answered(400, ""), &cams.UpdateChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: "c", GroupID: "g", Subject: "s"}, false},
		"a certificate": {failing(&tls.CertificateVerificationError{Err: errors.New("unknown")}), longest(), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := clientOf(t, withTransport(test.answer), testCredentials(), cams.WithRetry(cams.NoRetry()))
			_, err := client.UpdateChatGroup(t.Context(), test.request)
			require.Error(t, err)
			assert.Equal(t, test.named, strings.Contains(err.Error(), size), err)
			assert.Equal(t, test.named, strings.Contains(err.Error(), "the URL has"), err)
		})
	}
}
