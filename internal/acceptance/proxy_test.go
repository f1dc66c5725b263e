package acceptance

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
)

// badProxies are addresses of a proxy that url.Parse refuses, each with a password.
var badProxies = []string{
	"http://user:" + leaked + "@proxy:port",
	"http://user:" + leaked + "@proxy:80%zz",
	"http://user:" + leaked + " x@proxy:80",
	"http://user:" + leaked + "?x@proxy:80",
	"http://user:" + leaked + "#x@proxy:80",
	"http://user:" + leaked + "/x@proxy:80",
	"http://user:%zz" + leaked + "@proxy:80",
	"http://user:" + leaked + "\n@proxy:80",
	`http://user:"` + leaked + `"@pro xy:80`,
	"://user:" + leaked + "@proxy:80",
}

func TestNoErrorShowsAProxysPassword(t *testing.T) {
	t.Parallel()
	type arrange = func(transport *http.Transport)
	dial := func(err error) arrange {
		return func(transport *http.Transport) {
			transport.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, err }
		}
	}
	tests := map[string]arrange{
		"a dialer's text":         dial(errors.New("proxy http://user:" + leaked + "@proxy:80 refused")),
		"one without a scheme":    dial(errors.New("proxy user:" + leaked + "@proxy:80 refused")),
		"one with a slash":        dial(errors.New("proxy http://user:" + leaked + "/x@proxy:80 refused")),
		"a name alone":            dial(errors.New("proxy http://" + leaked + "@proxy:80 refused")),
		"a header":                dial(errors.New("sent Proxy-Authorization: Basic " + leaked)),
		"an error of the network": dial(&net.OpError{Op: "proxyconnect", Net: "tcp", Err: errors.New("http://user:" + leaked + "@proxy:80 refused")}),
		"an error with a URL":     dial(fmt.Errorf("proxy: %w", &url.Error{Op: "Connect", URL: "http://user:" + leaked + "@proxy:80", Err: errors.New("refused")})),
		"a proxy that refuses": func(transport *http.Transport) {
			transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy:80", User: url.UserPassword("user", leaked)})
			transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
				near, far := net.Pipe()
				go func() {
					_, _ = http.ReadRequest(bufio.NewReader(far))
					_, _ = far.Write([]byte("HTTP/1.1 407 user:" + leaked + "@proxy is wrong\r\n\r\n"))
				}()
				return near, nil
			}
		},
		"a proxy that is not there": func(transport *http.Transport) {
			transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "127.0.0.1:1", User: url.UserPassword("user", leaked)})
		},
		"an unknown kind of proxy": func(transport *http.Transport) {
			transport.Proxy = http.ProxyURL(&url.URL{Scheme: "gopher", Host: "127.0.0.1:1", User: url.UserPassword("user", leaked)})
		},
	}
	for _, address := range badProxies {
		_, err := url.Parse(address)
		if err == nil {
			continue // a password with a slash is a path to it
		}
		tests[fmt.Sprintf("a proxy function: %q", address)] = func(transport *http.Transport) {
			transport.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(address) }
		}
		tests[fmt.Sprintf("one that wraps: %q", address)] = func(transport *http.Transport) {
			transport.Proxy = func(*http.Request) (*url.URL, error) { return nil, fmt.Errorf("proxy: %w", err) }
		}
		tests[fmt.Sprintf("as of the environment: %q", address)] = func(transport *http.Transport) {
			transport.Proxy = func(*http.Request) (*url.URL, error) {
				return nil, fmt.Errorf("invalid proxy address %q: %v", address, err)
			}
		}
	}
	for name, arrange := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := cams.NewTransport()
			transport.Proxy = nil
			arrange(transport)
			var log bytes.Buffer
			client := clientOf(t, cams.WithHTTPClient(&http.Client{Transport: transport}), testCredentials(), cams.WithRetry(cams.NoRetry()),
				cams.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
			err := list(t.Context(), client)
			require.ErrorContains(t, err, "no answer")
			secrets := append(forbidden(leaked), leaked[:5])
			walk(err, func(err error) { requireClean(t, fmt.Sprintf("%T", err), err, secrets) })
			assert.NotContains(t, log.String(), leaked[:5])
		})
	}
}

func TestHostsStayReadableInErrorsOfTheNetwork(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"dial tcp 10.0.0.1:443: connect: connection refused",
		"proxyconnect tcp: dial tcp [2001:db8::1]:3128: i/o timeout",
		"lookup cams.ap-southeast-1.aliyuncs.com on 10.0.0.2:53: no such host",
		"write to operator@example.com",
	} {
		client := clientOf(t, withTransport(func(*http.Request) (*http.Response, error) { return nil, errors.New(text) }),
			testCredentials(), cams.WithRetry(cams.NoRetry()))
		assert.ErrorContains(t, list(t.Context(), client), text)
	}
}
