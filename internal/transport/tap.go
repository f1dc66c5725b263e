// Package transport is the last hop of a request: it never follows a redirect, knows
// whether anything was sent, and says why a connection failed.
package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
)

// maxNewConnections limits the connections that one attempt may open. It needs one.
// Without a limit, net/http keeps opening them to an HTTP/2 server that closes each
// before it reads a request.
const maxNewConnections = 4

// ErrConnectionsClosed is the error of an attempt that opened too many connections.
var ErrConnectionsClosed = errors.New("one request opened 5 connections, because the server closed each one")

// maxLost is as many idle connections as the default transport keeps.
const maxLost = 128

// closedTooEarly is net/http's text for an HTTP/2 connection that was closed before it took
// its first request.
const closedTooEarly = "http2: client conn could not be established"

// Tap counts the connections that a request uses.
type Tap struct {
	trace               httptrace.ClientTrace
	wanted, got, opened atomic.Int32
	wasIdle             atomic.Bool // the latest connection, of HTTP/1
	lost                int         // connections that had been idle
	giveUp              context.CancelFunc
}

// Watch returns a context that reports a request's connections to the returned tap. The
// tap calls giveUp when there are too many.
func Watch(ctx context.Context, giveUp context.CancelFunc, repeatable bool) (context.Context, *Tap) {
	tap := &Tap{giveUp: giveUp}
	tap.trace.GotConn = tap.gotConn
	if !repeatable { // only then it matters whether the request was sent
		tap.trace.GetConn = tap.getConn
	}
	return httptrace.WithClientTrace(ctx, &tap.trace), tap
}

func (t *Tap) getConn(string) { t.wanted.Add(1) }

func (t *Tap) gotConn(info httptrace.GotConnInfo) {
	t.got.Add(1)
	t.wasIdle.Store(info.WasIdle && !isHTTP2(info.Conn))
	if !info.Reused && t.opened.Add(1) > maxNewConnections {
		t.giveUp()
	}
}

// Endless reports whether the tap ended the request.
func (t *Tap) Endless() bool { return t.opened.Load() > maxNewConnections }

func isHTTP2(conn net.Conn) bool {
	secure, ok := conn.(*tls.Conn)
	return ok && secure.ConnectionState().NegotiatedProtocol == "h2"
}

// LostIdle reports whether a failed request was sent on a connection that had been idle. In
// general the server closed it meanwhile, so a repeatable request can be sent again at
// once, with another signature: if net/http did that, it would repeat the signature. Each repetition
// uses up a connection that served an earlier request, so they end.
//
// It reports false for HTTP/2, where a failed request leaves the connection open, and
// perhaps idle.
func (t *Tap) LostIdle(err error) bool {
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() || !t.wasIdle.Load() {
		return false
	}
	t.got.Store(0)
	t.lost++
	return t.lost <= maxLost
}

// MayHaveSent reports whether a server may have read a failed request, which needs a
// connection. If the transport does not report connections, only an error of dialing
// means that nothing was sent.
func (t *Tap) MayHaveSent(err error) bool {
	if refusesCertificate(err) || strings.HasSuffix(err.Error(), closedTooEarly) {
		return false
	}
	if t.wanted.Load() > 0 {
		return t.got.Load() > 0
	}
	var failed *net.OpError
	return !errors.As(err, &failed) || failed.Op != "dial"
}

// Awaited says what a request waited for when it ended: a connection or the answer. It
// returns "" if that is not known.
func (t *Tap) Awaited(client *http.Client, req *http.Request) string {
	base := transportOf(client, req)
	switch {
	case t.got.Load() > 0:
		return "the answer"
	case base == nil:
		return ""
	}
	if proxy := proxyOf(base, req).Host; proxy != "" {
		return "a connection through the proxy " + proxy
	}
	return "a connection"
}

// Where returns a hint that says where a request that found no connection failed, if the
// error's text does not, or "".
func (t *Tap) Where(client *http.Client, req *http.Request, err error) string {
	base := transportOf(client, req)
	if t.got.Load() > 0 || base == nil || base.Proxy == nil {
		return ""
	}
	proxy := proxyOf(base, req).Host
	switch {
	case req.URL.Scheme == "https" && (proxy == "" || strings.HasSuffix(proxy, ":")): // net/http takes "http:" out of a value that it cannot parse
		return proxyProblem()
	case proxy == "" || opOf(err) == "socks connect" || opOf(err) == "proxyconnect" || connectError(err) != nil:
		return ""
	}
	return "it failed at the proxy " + proxy + ", or on the way from there"
}

// transportOf returns the transport of a request, or nil if it is of a kind that may not
// report its connections, or if there was no request.
func transportOf(client *http.Client, req *http.Request) *http.Transport {
	if req.URL == nil { // a custom signer removed it
		return nil
	}
	base := client.Transport
	if base == nil {
		base = http.DefaultTransport
	}
	transport, _ := base.(*http.Transport)
	return transport
}
