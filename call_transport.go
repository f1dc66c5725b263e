package cams

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// send sends a request. It reads the http.Client's transport each time, as http.Client
// itself does, because a test may replace it, or http.DefaultTransport, at any time.
func (c *Client) send(req *http.Request, repeatable bool) (*http.Response, error) {
	last := &lastHop{client: *c.httpClient, base: c.httpClient.Transport, repeatable: repeatable}
	last.client.Transport = last
	res, err := last.client.Do(req)
	if err == nil && last.redirect != nil {
		res.Header = last.redirect
	}
	return res, err
}

// lastHop is a RoundTripper between an http.Client and its transport.
type lastHop struct {
	client     http.Client
	base       http.RoundTripper // the transport of the user's http.Client
	repeatable bool
	redirect   http.Header // header of the answer, if that is a redirect
}

// RoundTrip marks repeatable requests for net/http, and hides the Location header of a
// redirect from http.Client. Then http.Client returns the redirect, which becomes a
// [ResponseError], instead of carrying the security token to another host. CheckRedirect
// is not enough: http.Client parses Location first, and if that fails, the status is lost.
func (t *lastHop) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.repeatable {
		// A nil value is not sent. It lets net/http retry at once on another connection
		// if an idle one turns out to be closed.
		req.Header["Idempotency-Key"] = nil
	}
	base := t.base
	if base == nil {
		base = http.DefaultTransport
	}
	res, err := base.RoundTrip(req)
	switch {
	case err == nil && res == nil:
		return nil, fmt.Errorf("the transport %T returned neither a response nor an error", base)
	case err != nil || res.Header.Get("Location") == "":
		return res, err
	}
	t.redirect = res.Header
	answer := *res // a copy: the transport may keep res
	answer.Header = res.Header.Clone()
	answer.Header.Del("Location")
	return &answer, nil
}

// maxNewConnections limits the connections that one attempt may open. It needs one.
// Without a limit, net/http keeps opening them to an HTTP/2 server that closes each
// before it reads a request.
const maxNewConnections = 4

// errConnectionsClosed is the error of an attempt that opened too many connections.
var errConnectionsClosed = errors.New("one request opened 5 connections, because the server closed each one")

// wireTap counts the connections that a request uses.
type wireTap struct {
	trace               httptrace.ClientTrace
	wanted, got, opened atomic.Int32
	giveUp              context.CancelFunc
}

// watch returns a context that reports a request's connections to the returned tap. The
// tap calls giveUp when there are too many.
func watch(ctx context.Context, giveUp context.CancelFunc, repeatable bool) (context.Context, *wireTap) {
	tap := &wireTap{giveUp: giveUp}
	tap.trace.GotConn = tap.gotConn
	if !repeatable { // only then it matters whether the request was sent
		tap.trace.GetConn = tap.getConn
	}
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

// mayHaveSent reports whether a failed request may have left this machine, which needs a
// connection. If the transport does not report connections, only an error of dialing
// means that nothing was sent.
func (t *wireTap) mayHaveSent(err error) bool {
	if t.wanted.Load() > 0 {
		return t.got.Load() > 0
	}
	var failed *net.OpError
	return !errors.As(err, &failed) || failed.Op != "dial"
}
