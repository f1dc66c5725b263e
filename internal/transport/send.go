package transport

import (
	"crypto/tls"
	"fmt"
	"net/http"
)

// Send sends a request. It reads the client's transport each time, as http.Client itself
// does, because a test may replace it, or http.DefaultTransport, at any time.
//
// It never follows a redirect: a refused one is returned as an answer. An answer has its
// Request, whatever the transport.
func Send(client *http.Client, req *http.Request) (*http.Response, error) {
	last := &lastHop{client: *client, base: client.Transport}
	last.client.Transport = last
	res, err := last.client.Do(req)
	if err == nil && last.redirect != nil {
		res.Header = last.redirect
	}
	if err == nil && res.Request == nil {
		answer := *res // a copy: the transport may keep res
		answer.Request = req
		return &answer, nil
	}
	return res, err
}

// lastHop is a RoundTripper between an http.Client and its transport.
type lastHop struct {
	client   http.Client
	base     http.RoundTripper // the transport of the user's http.Client
	redirect http.Header       // header of the answer, if that is a redirect
}

// RoundTrip hides the Location header of a redirect from http.Client. Then http.Client
// returns the redirect as an answer, instead of carrying the security token to another
// host. CheckRedirect is not enough: http.Client parses Location first, and if that fails,
// the status is lost.
func (t *lastHop) RoundTrip(req *http.Request) (*http.Response, error) {
	base := t.base
	if base == nil {
		base = http.DefaultTransport
	}
	if transport, ok := base.(*http.Transport); ok && isLong(req) && req.URL.Scheme == "https" {
		base = alone(transport)
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

// longURL is a size in bytes: half of what common gateways take.
const longURL = 4 << 10

// isLong reports whether a request's URL may be too long for a gateway.
func isLong(req *http.Request) bool {
	return req.URL != nil && len(req.URL.RawQuery) > longURL // a custom signer may have removed the URL
}

// LongHint returns a hint that a request's URL may be too long for a gateway, or "".
func LongHint(req *http.Request) string {
	if !isLong(req) {
		return ""
	}
	return fmt.Sprintf("the URL has %d bytes, perhaps too many for a gateway", len(req.URL.String()))
}

// alone returns a transport for a single request, over HTTP/1.1. An HTTP/2 gateway for which
// a URL is too long closes the connection, and all other calls share that one. Over HTTP/1.1
// it answers with a status.
func alone(shared *http.Transport) *http.Transport {
	own := shared.Clone()
	own.DisableKeepAlives = true
	own.Protocols = new(http.Protocols)
	own.Protocols.SetHTTP1(true)
	if own.TLSClientConfig == nil {
		own.TLSClientConfig = new(tls.Config)
	}
	own.TLSClientConfig.NextProtos = []string{"http/1.1"}
	return own
}
