package acceptance

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
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
