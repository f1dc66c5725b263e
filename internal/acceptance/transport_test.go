package acceptance

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"reflect"
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

func TestTheDefaultTransportIsMadeForAService(t *testing.T) {
	t.Parallel()
	transport := cams.NewTransport()
	assert.EqualValues(t, tls.VersionTLS12, transport.TLSClientConfig.MinVersion)
	assert.False(t, transport.TLSClientConfig.InsecureSkipVerify)
	assert.True(t, transport.ForceAttemptHTTP2, "it has a dialer and a TLS configuration of its own")
	assert.Equal(t, reflect.ValueOf(http.ProxyFromEnvironment).Pointer(), reflect.ValueOf(transport.Proxy).Pointer())
	assert.EqualValues(t, 64<<10, transport.MaxResponseHeaderBytes)
	assert.GreaterOrEqual(t, transport.MaxIdleConnsPerHost, 100)
	assert.GreaterOrEqual(t, transport.MaxIdleConns, transport.MaxIdleConnsPerHost)
	assert.Zero(t, transport.MaxConnsPerHost, "none waits for another's connection")
	assert.False(t, transport.DisableKeepAlives)
	for name, limit := range map[string]time.Duration{
		"TLS handshake":    transport.TLSHandshakeTimeout,
		"idle connections": transport.IdleConnTimeout,
	} {
		assert.Positive(t, limit, name)
		assert.LessOrEqual(t, limit, 90*time.Second, name)
	}
	attempt := 15 * time.Second
	assert.Less(t, transport.HTTP2.SendPingTimeout+transport.HTTP2.PingTimeout, attempt)
	assert.NotSame(t, transport, cams.NewTransport(), "each client has its own")
}

// overTLS serves HTTP/2 and returns the default transport, which trusts it.
func overTLS(t *testing.T, handler http.Handler) (*httptest.Server, *http.Transport) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, trusting(server)
}

func TestTheSecondConnectionResumesTheTLSSession(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var resumed []bool
			server, transport := overTLS(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				resumed = append(resumed, r.TLS.DidResume)
				io.WriteString(w, goodBody)
			}))
			transport.TLSClientConfig.MaxVersion = version
			client := clientOf(t, cams.WithEndpoint(server.URL), testCredentials(), cams.WithHTTPClient(&http.Client{Transport: transport}))
			for range 2 {
				require.NoError(t, list(t.Context(), client))
				client.CloseIdleConnections()
			}
			assert.Equal(t, []bool{false, true}, resumed)
		})
	}
}

func TestAHundredGoroutinesReuseTheirConnections(t *testing.T) {
	t.Parallel()
	const callers = 100
	var dialed atomic.Int64
	var arrived sync.WaitGroup // the first requests wait for each other, so that all connections are needed at once
	arrived.Add(callers)
	var requests atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) <= callers {
			arrived.Done()
			arrived.Wait()
		}
		io.WriteString(w, goodBody)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			dialed.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	client := clientOf(t, cams.WithEndpoint(server.URL), testCredentials(), cams.WithRetry(cams.NoRetry()))
	defer client.CloseIdleConnections()
	const calls = 40
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			for range calls {
				_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
				assert.NoError(t, err)
			}
		})
	}
	group.Wait()
	t.Logf("%d requests of %d goroutines: %d connections", requests.Load(), callers, dialed.Load())
	// net/http dials for a waiting request, even if that then gets another connection. So on a
	// busy machine there may be more connections than callers.
	assert.Less(t, dialed.Load(), requests.Load()/4)
}

// silencer is a connection whose peer can vanish without closing it.
type silencer struct {
	net.Conn
	gone *atomic.Bool
}

func (s silencer) Write(p []byte) (int, error) {
	if s.gone.Load() {
		return len(p), nil // lost
	}
	return s.Conn.Write(p)
}

// pipeListener accepts what is sent to it.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l pipeListener) Close() error { close(l.closed); return nil }

func (l pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

// inOwnProcess runs a test in a separate process, and reports whether this is that process.
// Go 1.25's HTTP/2 server keeps channels from one use to the next, which must not
// come from another bubble of synctest.
func inOwnProcess(t *testing.T) bool {
	t.Helper()
	const variable = "CAMS_TEST_IN_OWN_PROCESS"
	if os.Getenv(variable) == t.Name() {
		return true
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), variable+"="+t.Name())
	output, err := child.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.Contains(t, string(output), "--- PASS: "+t.Name())
	return false
}

func TestAnHTTP2ConnectionThatFellSilentIsReplacedWithinOneAttempt(t *testing.T) {
	t.Parallel()
	if !inOwnProcess(t) {
		return
	}
	certificates := httptest.NewTLSServer(nil) // for its certificate
	defer certificates.Close()
	synctest.Test(t, func(t *testing.T) {
		listener := pipeListener{make(chan net.Conn), make(chan struct{})}
		server := &http.Server{
			TLSConfig: &tls.Config{Certificates: certificates.TLS.Certificates, NextProtos: []string{"h2"}, Time: certificateTime(certificates)},
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, 2, r.ProtoMajor)
				io.WriteString(w, goodBody)
			}),
		}
		go server.ServeTLS(listener, "", "")
		defer server.Close()
		transport := trusting(certificates)
		transport.TLSClientConfig.Time = certificateTime(certificates)
		var dialed int
		var gone [3]atomic.Bool
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			listener.conns <- far
			conn := silencer{near, &gone[dialed]}
			dialed++
			return conn, nil
		}
		client := clientOf(t, cams.WithEndpoint("https://127.0.0.1"), testCredentials(),
			cams.WithHTTPClient(&http.Client{Transport: transport}))
		defer client.CloseIdleConnections()
		_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
		require.NoError(t, err)

		gone[0].Store(true)
		start := time.Now()
		_, err = client.ListChatGroupParticipants(t.Context(), validRequest())
		require.NoError(t, err)
		assert.Equal(t, 2, dialed)
		assert.Less(t, time.Since(start), 15*time.Second)
	})
}

// certificateTime is a moment at which the certificate is good: a bubble's
// clock starts in the year 2000.
func certificateTime(server *httptest.Server) func() time.Time {
	moment := server.Certificate().NotBefore.Add(time.Hour)
	return func() time.Time { return moment }
}

func TestTheCallersTransportIsSharedAndNotChanged(t *testing.T) {
	t.Parallel()
	service := camstest.NewServer()
	server := httptest.NewServer(service)
	defer server.Close()
	transport := &http.Transport{TLSHandshakeTimeout: 7 * time.Second}
	defer transport.CloseIdleConnections()
	redirects := 0
	own := &http.Client{Transport: transport, Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { redirects++; return nil }}
	client := clientOf(t, cams.WithHTTPClient(own), cams.WithEndpoint(server.URL), testCredentials())
	service.AnswerOnce(camstest.Answer{Body: goodBody}, camstest.Answer{Status: 307, Header: http.Header{"Location": {"/"}}, Body: "x"})
	_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
	require.NoError(t, err)
	assert.Zero(t, redirects)
	res, err := own.Get(server.URL)
	require.NoError(t, err, "it follows redirects as before")
	res.Body.Close()
	assert.Equal(t, 404, res.StatusCode)
	assert.Len(t, service.Requests(), 3)
	assert.Same(t, transport, own.Transport)
	assert.Equal(t, 1, redirects)
	assert.Equal(t, time.Minute, own.Timeout)
	assert.Equal(t, 7*time.Second, transport.TLSHandshakeTimeout)

	nothing := &http.Client{}
	client, err = cams.NewClient(cams.WithHTTPClient(nothing), cams.WithEndpoint(server.URL), testCredentials())
	require.NoError(t, err)
	service.AnswerOnce(camstest.Answer{Body: goodBody})
	_, err = client.ListChatGroupParticipants(t.Context(), validRequest())
	require.NoError(t, err, "a client without a transport has Go's default one")
	assert.Equal(t, &http.Client{}, nothing)
}

func TestIdleConnectionsCloseWhenAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &byHand{}
		server.serve = func(_ int, conn net.Conn) {
			server.readRequest(conn)
			says(withLength(len(goodBody), goodBody))(conn)
		}
		client := server.client(t)
		_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
		require.NoError(t, err)
		start := time.Now()
		client.CloseIdleConnections()
		server.served.Wait()
		assert.Zero(t, time.Since(start), "not when they time out")
	})
}

func TestTheTimeoutOfTheCallersHTTPClientHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &byHand{serve: func(_ int, conn net.Conn) { untilClosed(conn) }}
		client := server.client(t, cams.WithRetry(cams.NoRetry()),
			cams.WithHTTPClient(&http.Client{Transport: server.transport(), Timeout: 3 * time.Second}))
		start := time.Now()
		resp, err := client.ListChatGroupParticipants(t.Context(), validRequest())
		requireTyped(t, resp, err)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 3*time.Second, time.Since(start))
	})
}
