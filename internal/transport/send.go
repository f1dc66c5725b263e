package transport

import (
	"fmt"
	"net/http"
)

// Send sends a request. It reads the client's transport each time, as http.Client itself
// does, because a test may replace it, or http.DefaultTransport, at any time.
//
// It never follows a redirect: a refused one is returned as an answer.
func Send(client *http.Client, req *http.Request) (*http.Response, error) {
	last := &lastHop{client: *client, base: client.Transport}
	last.client.Transport = last
	res, err := last.client.Do(req)
	if err == nil && last.redirect != nil {
		res.Header = last.redirect
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
