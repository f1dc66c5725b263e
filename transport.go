package cams

import (
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
func (c *Client) send(req *http.Request) (*http.Response, error) {
	client := *c.httpClient
	client.Transport = noRedirects{client.Transport}
	return client.Do(req)
}

// noRedirects keeps from http.Client where a redirect leads, so that it returns
// the redirect itself, which then ends as a [ResponseError]: to follow it would
// carry the security token elsewhere. CheckRedirect would not do: http.Client
// parses Location before it asks, and where it cannot, the status is lost.
type noRedirects struct{ base http.RoundTripper }

func (t noRedirects) RoundTrip(req *http.Request) (*http.Response, error) {
	base := t.base
	if base == nil {
		base = http.DefaultTransport
	}
	res, err := base.RoundTrip(req)
	if err != nil || res == nil || res.Header.Get("Location") == "" {
		return res, err
	}
	answer := *res // the transport may keep its own
	answer.Header = res.Header.Clone()
	answer.Header.Del("Location")
	return &answer, nil
}

// wireTap sees whether a request got a connection, on which it may have left.
type wireTap struct{ wanted, got atomic.Int32 }

// watch makes a request that tells the tap.
func watch(req *http.Request) (*wireTap, *http.Request) {
	tap := new(wireTap)
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GetConn: func(string) { tap.wanted.Add(1) },
		GotConn: func(httptrace.GotConnInfo) { tap.got.Add(1) },
	})
	return tap, req.WithContext(ctx)
}

// mayHaveSent reports whether a request that failed may have been sent. A
// transport that tells nothing of connections is believed if it says that it
// could not dial.
func (t *wireTap) mayHaveSent(err error) bool {
	if t != nil && t.wanted.Load() > 0 {
		return t.got.Load() > 0
	}
	var failed *net.OpError
	return !errors.As(err, &failed) || failed.Op != "dial"
}
