package acceptance

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
)

// net/http repeats some requests by itself. These tests use its real transport, as a
// client does.

// creations is a handwritten service that counts the creations that it received.
type creations struct {
	success  string
	received atomic.Int64
}

// answer reads one request and answers it; it reports false if there was none.
func (c *creations) answer(requests *bufio.Reader, conn net.Conn) bool {
	if !c.read(requests) {
		return false
	}
	_, err := io.WriteString(conn, withLength(len(c.success), c.success))
	return err == nil
}

func (c *creations) read(requests *bufio.Reader) bool {
	if _, err := http.ReadRequest(requests); err != nil {
		return false
	}
	c.received.Add(1)
	return true
}

// overTCP returns a client with its default transport and a handwritten server.
func overTCP(t *testing.T, serve func(n int, conn *net.TCPConn)) *cams.Client {
	t.Helper()
	client := clientOf(t, cams.WithEndpoint("http://"+listen(t, serve)), testCredentials(),
		cams.WithRetry(cams.RetryPolicy{BaseDelay: time.Microsecond}))
	t.Cleanup(client.CloseIdleConnections)
	return client
}

func eachCreation(t *testing.T, test func(t *testing.T, op operationCase)) {
	eachOperation(t, operationsThatAre(once), test)
}

func eachRepeatable(t *testing.T, test func(t *testing.T, op operationCase)) {
	eachOperation(t, operationsThatAre(repeated), test)
}

func operationsThatAre(repeatable bool) []operationCase {
	return slices.DeleteFunc(allOperations(), func(op operationCase) bool { return op.repeatable != repeatable })
}

func eachOperation(t *testing.T, operations []operationCase, test func(t *testing.T, op operationCase)) {
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			test(t, op)
		})
	}
}

func TestACreationWhoseKeptConnectionClosesAfterItWasReadIsSentOnce(t *testing.T) {
	t.Parallel()
	for how, linger := range map[string]int{"closed": -1, "reset": 0} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			eachCreation(t, func(t *testing.T, op operationCase) {
				server := creations{success: op.success()}
				var connections atomic.Int64
				client := overTCP(t, func(n int, conn *net.TCPConn) {
					connections.Store(int64(n))
					requests := bufio.NewReader(conn)
					if server.answer(requests, conn) && n == 1 {
						server.read(requests)
						conn.SetLinger(linger)
						return
					}
					untilClosed(conn)
				})
				_, err := op.call(t.Context(), client)
				require.NoError(t, err)
				_, err = op.call(t.Context(), client)
				isUnknown(t, err)
				assert.EqualValues(t, 2, server.received.Load(), "the first and the second, each once")
				assert.EqualValues(t, 1, connections.Load(), "the connection was kept")
				_, err = op.call(t.Context(), client)
				require.NoError(t, err, "the client is as good as before")
				assert.EqualValues(t, 3, server.received.Load())
			})
		})
	}
}

func TestARepeatableWriteWhoseKeptConnectionClosesAfterItWasReadIsRepeated(t *testing.T) {
	t.Parallel()
	eachRepeatable(t, func(t *testing.T, op operationCase) {
		server := creations{success: op.success()}
		client := overTCP(t, func(n int, conn *net.TCPConn) {
			requests := bufio.NewReader(conn)
			if server.answer(requests, conn) && n == 1 {
				server.read(requests)
				return
			}
			untilClosed(conn)
		})
		for range 2 {
			_, err := op.call(t.Context(), client)
			require.NoError(t, err)
		}
		assert.EqualValues(t, 3, server.received.Load())
	})
}

// withDialer returns a client of a handwritten server. It dials with dial, which gets
// the number of the dial, counted from 1.
func withDialer(t *testing.T, server *byHand, dial func(n int, dial func() (net.Conn, error)) (net.Conn, error)) *cams.Client {
	t.Helper()
	transport := server.transport()
	pipe := transport.DialContext
	var mu sync.Mutex
	n := 0
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		mu.Lock()
		n++
		this := n
		mu.Unlock()
		return dial(this, func() (net.Conn, error) { return pipe(ctx, network, address) })
	}
	return server.client(t, cams.WithHTTPClient(&http.Client{Transport: transport}))
}

func TestACreationThatFoundNoConnectionIsSentOnTheNext(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"refused":             &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED},
		"no TLS":              errors.New("the tunnel is closed"),
		"reset in its dialer": &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachCreation(t, func(t *testing.T, op operationCase) {
				synctest.Test(t, func(t *testing.T) {
					service := creations{success: op.success()}
					server := &byHand{serve: func(_ int, conn net.Conn) {
						service.answer(bufio.NewReader(conn), conn)
						untilClosed(conn)
					}}
					client := withDialer(t, server, func(n int, dial func() (net.Conn, error)) (net.Conn, error) {
						if n == 1 {
							return nil, err
						}
						return dial()
					})
					_, err := op.call(t.Context(), client)
					require.NoError(t, err)
					assert.EqualValues(t, 1, service.received.Load())
				})
			})
		})
	}
}

// brokenOnReuse is a connection on which the write of the second request fails.
type brokenOnReuse struct {
	net.Conn
	writes  atomic.Int64
	written int // bytes that go out before the failure
}

func (c *brokenOnReuse) Write(p []byte) (int, error) {
	if c.writes.Add(1) == 1 {
		return c.Conn.Write(p)
	}
	n, _ := c.Conn.Write(p[:min(c.written, len(p))])
	return n, &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}
}

func succeededOrUnknown(t *testing.T, err error) {
	if err != nil {
		isUnknown(t, err)
	}
}

func TestACreationThatAKeptConnectionDidNotTakeIsSentOnceOnAnother(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		written  int
		received int64
		check    func(*testing.T, error)
	}{
		"nothing was written": {0, 2, succeeded},
		"a byte was written":  {1, 1, isUnknown},
		"all was written":     {1 << 20, 2, succeededOrUnknown}, // net/http may take the answer, or not wait for it
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachCreation(t, func(t *testing.T, op operationCase) {
				synctest.Test(t, func(t *testing.T) {
					service := creations{success: op.success()}
					server := &byHand{serve: func(_ int, conn net.Conn) {
						for requests := bufio.NewReader(conn); service.answer(requests, conn); {
						}
					}}
					client := withDialer(t, server, func(n int, dial func() (net.Conn, error)) (net.Conn, error) {
						conn, err := dial()
						if n == 1 {
							conn = &brokenOnReuse{Conn: conn, written: test.written}
						}
						return conn, err
					})
					_, err := op.call(t.Context(), client)
					require.NoError(t, err)
					synctest.Wait() // the connection is idle
					_, err = op.call(t.Context(), client)
					test.check(t, err)
					synctest.Wait()
					assert.Equal(t, test.received, service.received.Load())
				})
			})
		})
	}
}

func TestACreationWhoseHTTP2StreamIsResetIsSentOnce(t *testing.T) {
	t.Parallel()
	eachCreation(t, func(t *testing.T, op operationCase) {
		var received atomic.Int64
		server, transport := overTLS(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, 2, r.ProtoMajor)
			if received.Add(1) == 2 {
				panic(http.ErrAbortHandler) // resets the stream
			}
			io.WriteString(w, op.success())
		}))
		client := clientOf(t, cams.WithEndpoint(server.URL), testCredentials(), cams.WithHTTPClient(&http.Client{Transport: transport}))
		t.Cleanup(client.CloseIdleConnections)
		for _, check := range []func(*testing.T, error){succeeded, isUnknown, succeeded} {
			_, err := op.call(t.Context(), client)
			check(t, err)
		}
		assert.EqualValues(t, 3, received.Load())
	})
}

// The server closes idle connections, wholly or only for writing. net/http notices that
// before or after it writes a request. What a server reads then counts.
func TestDeadIdleConnectionsDoubleNoCreation(t *testing.T) {
	t.Parallel()
	for how, closes := range map[string]func(server *creations, n int, requests *bufio.Reader, conn *net.TCPConn){
		"every other after one more request": func(server *creations, n int, requests *bufio.Reader, _ *net.TCPConn) {
			if n%2 == 0 {
				server.read(requests)
			}
		},
		"for writing": func(server *creations, _ int, requests *bufio.Reader, conn *net.TCPConn) {
			conn.CloseWrite()
			server.read(requests)
		},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			eachCreation(t, func(t *testing.T, op operationCase) {
				server := creations{success: op.success()}
				client := overTCP(t, func(n int, conn *net.TCPConn) {
					requests := bufio.NewReader(conn)
					if server.answer(requests, conn) {
						closes(&server, n, requests, conn)
					}
				})
				const calls = 60
				done := 0
				for range calls {
					_, err := op.call(t.Context(), client)
					succeededOrUnknown(t, err)
					if err == nil {
						done++
					}
				}
				client.CloseIdleConnections()
				assert.Positive(t, done)
				assert.GreaterOrEqual(t, server.received.Load(), int64(done))
				assert.LessOrEqual(t, server.received.Load(), int64(calls))
			})
		})
	}
}
