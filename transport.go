package cams

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// maxIdleConns is how many connections wait for the next request: enough for a
// hundred goroutines on one client, so that they need not dial anew.
const maxIdleConns = 128

// NewTransport returns a transport as a client has it without [WithHTTPClient],
// to adjust (a proxy, a root certificate) or to wrap (tracing, a rate limit)
// before it goes into an http.Client: TLS 1.2 or newer, HTTP/2, proxies from the
// environment, 5 seconds to dial and to shake hands, 128 idle connections,
// response headers of 64 KiB at most. Each call returns a new one.
func NewTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    5 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           maxIdleConns,
		MaxIdleConnsPerHost:    maxIdleConns,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10, // the service sends less than 2 KiB
		// All requests may share one HTTP/2 connection, which an attempt timeout
		// does not close. If its peer is gone, a ping tells within an attempt.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 5 * time.Second, PingTimeout: 5 * time.Second},
	}
}

// send asks the http.Client for its transport at each request, as the http.Client
// itself does: a test may replace it, or http.DefaultTransport, at any time.
func (c *Client) send(req *http.Request, repeatable bool) (*http.Response, error) {
	last := &lastHop{client: *c.httpClient, base: c.httpClient.Transport, repeatable: repeatable}
	last.client.Transport = last
	res, err := last.client.Do(req)
	if err == nil && last.redirect != nil {
		res.Header = last.redirect
	}
	return res, err
}

// lastHop is what a request passes between an http.Client and its transport.
type lastHop struct {
	client     http.Client
	base       http.RoundTripper // the client's own
	repeatable bool
	redirect   http.Header // of the answer, if it is one
}

// RoundTrip marks the request, and hides from http.Client where a redirect leads,
// so that it returns the redirect itself, which then ends as a [ResponseError]: to
// follow it would carry the security token elsewhere. CheckRedirect would not do:
// http.Client parses Location before it asks, and where it cannot, the status is lost.
func (t *lastHop) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.repeatable {
		// It is not sent. It allows net/http to use another connection at once
		// where an idle one turns out to be dead.
		req.Header["Idempotency-Key"] = nil
	}
	base := t.base
	if base == nil {
		base = http.DefaultTransport
	}
	res, err := base.RoundTrip(req)
	if err != nil || res == nil || res.Header.Get("Location") == "" {
		return res, err
	}
	t.redirect = res.Header
	answer := *res // the transport may keep its own
	answer.Header = res.Header.Clone()
	answer.Header.Del("Location")
	return &answer, nil
}

// maxNewConnections is how many connections one attempt may open. It needs one.
// net/http would open them without end to an HTTP/2 server that closes each
// before it takes a request.
const maxNewConnections = 4

// errConnectionsClosed ends an attempt that opened too many connections.
var errConnectionsClosed = errors.New("the server closed each new connection before it took the request")

// wireTap watches the connections that a request gets.
type wireTap struct {
	trace               httptrace.ClientTrace
	wanted, got, opened atomic.Int32
	giveUp              context.CancelFunc
}

// watch returns a context whose request tells the tap. giveUp ends the request.
func watch(ctx context.Context, giveUp context.CancelFunc) (context.Context, *wireTap) {
	tap := &wireTap{giveUp: giveUp}
	tap.trace.GetConn, tap.trace.GotConn = tap.getConn, tap.gotConn
	return httptrace.WithClientTrace(ctx, &tap.trace), tap
}

func (t *wireTap) getConn(string) { t.wanted.Add(1) }

func (t *wireTap) gotConn(info httptrace.GotConnInfo) {
	t.got.Add(1)
	if !info.Reused && t.opened.Add(1) > maxNewConnections {
		t.giveUp()
	}
}

// endless reports whether the tap ended the request.
func (t *wireTap) endless() bool { return t.opened.Load() > maxNewConnections }

// mayHaveSent reports whether a request that failed may have left this machine:
// it got a connection. A transport that tells nothing of connections is believed
// if it says that it could not dial.
func (t *wireTap) mayHaveSent(err error) bool {
	if t.wanted.Load() > 0 {
		return t.got.Load() > 0
	}
	var failed *net.OpError
	return !errors.As(err, &failed) || failed.Op != "dial"
}
