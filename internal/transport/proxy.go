package transport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/cams-go/cams/internal/endpoint"
)

// ConnectError is the answer of a proxy that did not connect.
type ConnectError struct{ Status int }

// Error does not show the proxy's text, which may repeat the password.
func (e *ConnectError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("the proxy answered CONNECT with %d %s", e.Status, http.StatusText(e.Status)))
}

// OnConnect is for OnProxyConnectResponse of an http.Transport, whose own error is the
// proxy's text alone, for instance "Forbidden".
func OnConnect(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode == http.StatusOK {
		return nil
	}
	return &ConnectError{res.StatusCode}
}

const (
	checkLogin = "check the user and password of the proxy, for instance in HTTPS_PROXY"
	checkProxy = "check the proxy, for instance in HTTPS_PROXY: "
	forbidden  = checkProxy + "it does not allow this connection"
)

// hint returns the hint for a status that a retry does not change, or "".
func (e *ConnectError) hint() string {
	switch {
	case e.Status == http.StatusProxyAuthRequired || e.Status == http.StatusUnauthorized:
		return checkLogin
	case e.Status == http.StatusRequestTimeout || e.Status == http.StatusTooManyRequests || e.Status >= 500:
		return ""
	case e.Status >= 400:
		return forbidden
	}
	return checkProxy + "it does not connect, but answers by itself"
}

// connectError returns the answer of a proxy to CONNECT, or nil. A transport without
// OnConnect has only the text of the status.
func connectError(err error) *ConnectError {
	var refused *ConnectError
	if errors.As(err, &refused) {
		return refused
	}
	text := err.Error()
	if failed := new(url.Error); errors.As(err, &failed) {
		text = failed.Err.Error()
	}
	for status := 300; status < 600; status++ {
		if text == http.StatusText(status) {
			return &ConnectError{status}
		}
	}
	return nil
}

// socksHint returns the hint for an answer of a SOCKS proxy that a retry does not change,
// or "".
func socksHint(err error) string {
	text := err.Error()
	switch {
	case strings.Contains(text, "authentication") || strings.Contains(text, "invalid username/password"):
		return checkLogin
	case strings.Contains(text, "not allowed by ruleset"):
		return forbidden
	case strings.Contains(text, "unexpected protocol version"):
		return checkProxy + "it does not speak SOCKS5"
	}
	return ""
}

// proxyOf returns the proxy for a request, or an empty URL if there is none, or if it is not
// known.
func proxyOf(transport *http.Transport, req *http.Request) *url.URL {
	if transport == nil || transport.Proxy == nil {
		return new(url.URL)
	}
	proxy, err := transport.Proxy(req)
	if err != nil || proxy == nil {
		return new(url.URL)
	}
	return proxy
}

// ProxyPassword returns the password for the proxy of a request, or "". A proxy may repeat
// it in an answer.
func ProxyPassword(client *http.Client, req *http.Request) string {
	password, _ := proxyOf(transportOf(client, req), req).User.Password()
	return password
}

// opOf returns the operation of the outermost error of the network, or "".
func opOf(err error) string {
	if failed := new(net.OpError); errors.As(err, &failed) {
		return failed.Op
	}
	return ""
}

// proxyProblem says what is wrong with the proxy of the environment, without its value.
// net/http then uses none, or "http:", and says nothing.
func proxyProblem() string {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		value := os.Getenv(name)
		if value == "" {
			continue
		}
		if isProxy(value) || !strings.Contains(value, "://") && isProxy("http://"+value) {
			return ""
		}
		return "check " + name + ": it " + cmp.Or(endpoint.Blemish(value), "is not a URL") + ", so it is not used"
	}
	return ""
}

func isProxy(value string) bool {
	proxy, err := url.Parse(value)
	return err == nil && proxy.Scheme != "" && proxy.Host != ""
}
