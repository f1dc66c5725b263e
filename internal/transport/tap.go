// Package transport is the last hop of a request: it never follows a redirect, knows
// whether anything was sent, and says why a connection failed.
package transport

import (
	"context"
	"errors"
	"net"
	"net/http/httptrace"
	"sync/atomic"
)

// maxNewConnections limits the connections that one attempt may open. It needs one.
// Without a limit, net/http keeps opening them to an HTTP/2 server that closes each
// before it reads a request.
const maxNewConnections = 4

// ErrConnectionsClosed is the error of an attempt that opened too many connections.
var ErrConnectionsClosed = errors.New("one request opened 5 connections, because the server closed each one")

// Tap counts the connections that a request uses.
type Tap struct {
	trace               httptrace.ClientTrace
	wanted, got, opened atomic.Int32
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
	if !info.Reused && t.opened.Add(1) > maxNewConnections {
		t.giveUp()
	}
}

// Endless reports whether the tap ended the request.
func (t *Tap) Endless() bool { return t.opened.Load() > maxNewConnections }

// MayHaveSent reports whether a failed request may have left this machine, which needs a
// connection. If the transport does not report connections, only an error of dialing
// means that nothing was sent.
func (t *Tap) MayHaveSent(err error) bool {
	if t.wanted.Load() > 0 {
		return t.got.Load() > 0
	}
	var failed *net.OpError
	return !errors.As(err, &failed) || failed.Op != "dial"
}
