package acceptance

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
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

// middlebox is a machine between client and service. It returns an endpoint and a transport
// to it.
type middlebox func(t *testing.T) (endpoint string, transport *http.Transport)

const behind = "cams.example.com"

// through is a proxy that serves each connection by hand. It ends each gently: closing with
// bytes unread would reset it, and a reset can overtake what was said.
func through(scheme string, serve func(n int, conn *net.TCPConn)) middlebox {
	return func(t *testing.T) (string, *http.Transport) {
		transport := cams.NewTransport()
		proxy := &url.URL{Scheme: scheme, Host: listen(t, func(n int, conn *net.TCPConn) {
			serve(n, conn)
			_ = conn.CloseWrite()
			untilClosed(conn)
		}), User: url.UserPassword("user", leaked)}
		transport.Proxy = http.ProxyURL(proxy)
		return behind, transport
	}
}

// speaks says a text, whatever it is asked.
func speaks(text string) func(n int, conn *net.TCPConn) {
	return func(_ int, conn *net.TCPConn) { says(text)(conn) }
}

// connect is a forward proxy that answers CONNECT with a status line.
func connect(status string) middlebox {
	return through("http", func(_ int, conn *net.TCPConn) {
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		_, _ = io.WriteString(conn, "HTTP/1.1 "+status+"\r\nContent-Length: 0\r\n\r\n")
	})
}

// socks is a SOCKS5 proxy that takes this method of authentication, and then answers each
// message.
func socks(method byte, answers ...string) middlebox {
	return through("socks5", func(_ int, conn *net.TCPConn) {
		message := make([]byte, 512)
		for _, answer := range append([]string{string([]byte{5, method})}, answers...) {
			if _, err := conn.Read(message); err != nil {
				return
			}
			_, _ = io.WriteString(conn, answer)
		}
	})
}

// ofYours replaces the default transport by one without its settings.
func ofYours(box middlebox) middlebox {
	return func(t *testing.T) (string, *http.Transport) {
		endpoint, transport := box(t)
		return endpoint, &http.Transport{Proxy: transport.Proxy}
	}
}

// secured is a service over TLS; adjust changes server and transport.
func secured(adjust func(server *tls.Config, transport *http.Transport)) middlebox {
	return func(t *testing.T) (string, *http.Transport) {
		server := httptest.NewUnstartedServer(camstest.NewServer())
		server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		server.EnableHTTP2 = true
		server.TLS = new(tls.Config)
		transport := cams.NewTransport()
		adjust(server.TLS, transport)
		server.StartTLS()
		t.Cleanup(server.Close)
		if !transport.TLSClientConfig.InsecureSkipVerify && transport.TLSClientConfig.RootCAs == nil {
			transport.TLSClientConfig.RootCAs = trusting(server).TLSClientConfig.RootCAs
		}
		address := server.Listener.Addr().String()
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		return "example.com", transport
	}
}

func TestAnErrorNamesTheHopThatFailedAndWhatToDo(t *testing.T) {
	t.Parallel()
	const (
		login   = " - check the user and password of the proxy, for instance in HTTPS_PROXY (1 attempt)"
		denied  = " - check the proxy, for instance in HTTPS_PROXY: it does not allow this connection (1 attempt)"
		itself  = " - check the proxy, for instance in HTTPS_PROXY: it does not connect, but answers by itself (1 attempt)"
		noSOCKS = " - check the proxy, for instance in HTTPS_PROXY: it does not speak SOCKS5 (1 attempt)"
	)
	for name, test := range map[string]struct {
		box         middlebox
		cause, hint string // hint ends with the attempts
	}{
		"a proxy: 403":                       {connect("403 Forbidden"), "the proxy answered CONNECT with 403 Forbidden", denied},
		"a proxy: 404":                       {connect("404 Not Found"), "the proxy answered CONNECT with 404 Not Found", denied},
		"a proxy: 401":                       {connect("401 Unauthorized"), "the proxy answered CONNECT with 401 Unauthorized", login},
		"a proxy: 407":                       {connect("407 Proxy Authentication Required"), "CONNECT with 407 Proxy Authentication Required", login},
		"a proxy: 407, another text":         {connect("407 authenticationrequired"), "CONNECT with 407 Proxy Authentication Required", login},
		"a proxy: 407, no text":              {connect("407"), "CONNECT with 407 Proxy Authentication Required", login},
		"a proxy: 407 with the password":     {connect("407 user:" + leaked + " is wrong"), "CONNECT with 407 Proxy Authentication Required", login},
		"a proxy: 302, a login page":         {connect("302 Found"), "the proxy answered CONNECT with 302 Found", itself},
		"a proxy: 204":                       {connect("204 No Content"), "the proxy answered CONNECT with 204 No Content", itself},
		"a proxy: 502":                       {connect("502 Bad Gateway"), "the proxy answered CONNECT with 502 Bad Gateway", " (3 attempts)"},
		"a proxy: 503":                       {connect("503 Service Unavailable"), "CONNECT with 503 Service Unavailable", " (3 attempts)"},
		"a proxy: 429":                       {connect("429 Too Many Requests"), "CONNECT with 429 Too Many Requests", " (3 attempts)"},
		"a proxy: 599":                       {connect("599 x"), "the proxy answered CONNECT with 599", " (3 attempts)"},
		"a proxy: 403, a transport of yours": {ofYours(connect("403 Forbidden")), "Forbidden", denied},
		"a proxy: 302, a transport of yours": {ofYours(connect("302 Found")), "Found", itself},
		"a proxy: 502, a transport of yours": {ofYours(connect("502 Bad Gateway")), "Bad Gateway", " (3 attempts)"},
		"a proxy: the bare password, a transport of yours": {ofYours(connect("502 " + leaked + " is wrong")), "[redacted] is wrong", " (3 attempts)"},
		"a proxy that hangs up": {through("http", func(_ int, conn *net.TCPConn) { _, _ = http.ReadRequest(bufio.NewReader(conn)) }),
			"EOF", ", or on the way from there (3 attempts)"},
		"a proxy that speaks something else": {through("http", speaks("\x15\x03\x01\x00\r\n\r\n")),
			"malformed HTTP", ", or on the way from there (3 attempts)"},
		"a plain proxy with https://": {through("https", speaks("HTTP/1.1 400 Bad Request\r\n\r\n")),
			"proxyconnect", " - check the proxy, for instance in HTTPS_PROXY: it does not speak TLS, so its URL begins with http:// (1 attempt)"},
		"a proxy with a certificate of its own": {func(t *testing.T) (string, *http.Transport) {
			server := httptest.NewUnstartedServer(nil)
			server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
			server.StartTLS()
			t.Cleanup(server.Close)
			transport := cams.NewTransport()
			transport.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(server.URL) }
			return behind, transport
		}, "proxyconnect", " - the proxy's certificate: check this machine's root certificates, and proxies that inspect TLS (1 attempt)"},

		"SOCKS: it refuses the login":       {socks(2, "\x01\x01"), "socks connect", login},
		"SOCKS: it takes no login of ours":  {socks(0xff), "socks connect", login},
		"SOCKS: its rules":                  {socks(0, "\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00"), "socks connect", denied},
		"SOCKS: the host cannot be reached": {socks(0, "\x05\x04\x00\x01\x00\x00\x00\x00\x00\x00"), "host unreachable", " (3 attempts)"},
		"SOCKS: it speaks HTTP":             {through("socks5", speaks("HTTP/1.1 400 Bad Request\r\n\r\n")), "socks connect", noSOCKS},
		"SOCKS: it hangs up":                {socks(0), "socks connect", "EOF (3 attempts)"},
		"the certificate is for another host": {secured(func(_ *tls.Config, transport *http.Transport) {
			transport.TLSClientConfig.ServerName = "other.example.net"
		}),
			"certificate is valid for", " - check the host, DNS, and proxies that inspect TLS: the certificate is for another host (1 attempt)"},
		"the certificate has expired": {secured(func(_ *tls.Config, transport *http.Transport) {
			transport.TLSClientConfig.Time = func() time.Time { return time.Now().AddDate(100, 0, 0) }
		}), "expired", " - check this machine's clock: the certificate has expired, or is not yet valid (1 attempt)"},
		"the authority is unknown": {secured(func(_ *tls.Config, transport *http.Transport) { transport.TLSClientConfig.RootCAs = x509.NewCertPool() }),
			"unknown authority", " - check this machine's root certificates, and proxies that inspect TLS (1 attempt)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint, transport := test.box(t)
			client := clientOf(t, cams.WithEndpoint(endpoint), testCredentials(), cams.WithHTTPClient(&http.Client{Transport: transport}),
				cams.WithRetry(cams.RetryPolicy{BaseDelay: 1, Budget: -1}))
			for _, op := range allOperations() {
				_, err := op.call(t.Context(), client)
				require.ErrorContains(t, err, test.cause, op.name)
				assert.Equal(t, strings.HasSuffix(test.hint, "(3 attempts)"), errors.Is(err, cams.ErrUnavailable), op.name)
				assert.True(t, strings.HasSuffix(err.Error(), test.hint), err.Error())
				assert.NotErrorIs(t, err, cams.ErrOutcomeUnknown, "nothing was sent")
				for _, secret := range append(forbidden(leaked), leaked[:5]) {
					assert.NotContains(t, err.Error(), secret)
				}
			}
		})
	}
}

// withoutReset closes a connection when its peer has: after a failed handshake, a reset could
// overtake the alert.
type withoutReset struct{ net.Listener }

func (l withoutReset) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return lingering{conn}, err
}

type lingering struct{ net.Conn }

func (c lingering) Close() error {
	go func() {
		_ = c.Conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, c.Conn)
		_ = c.Conn.Close()
	}()
	return nil
}

func TestARequestWithoutTheClientCertificateThatTheServerDemandsWasNotCarriedOut(t *testing.T) {
	t.Parallel()
	const (
		unclear = "client and server cannot agree on TLS, or the server demands a client certificate"
		clear   = "check TLSClientConfig of your transport: the server demands a client certificate, or refuses the one it got"
	)
	for name, test := range map[string]struct {
		version uint16
		http2   bool
		hint    string
	}{
		"TLS 1.2":         {tls.VersionTLS12, false, unclear},
		"TLS 1.2, HTTP/2": {tls.VersionTLS12, true, unclear},
		"TLS 1.3":         {tls.VersionTLS13, false, clear},
		"TLS 1.3, HTTP/2": {tls.VersionTLS13, true, clear},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewUnstartedServer(camstest.NewServer())
			server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
			server.Listener = withoutReset{server.Listener}
			server.EnableHTTP2 = test.http2
			server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: test.version}
			server.StartTLS()
			t.Cleanup(server.Close)
			client := clientOf(t, cams.WithEndpoint(server.URL), testCredentials(), cams.WithHTTPClient(&http.Client{Transport: trusting(server)}),
				cams.WithRetry(cams.RetryPolicy{BaseDelay: 1, Budget: -1}))
			for _, op := range allOperations() {
				_, err := op.call(t.Context(), client)
				require.ErrorContains(t, err, "no answer")
				assert.NotErrorIs(t, err, cams.ErrOutcomeUnknown)
				if !strings.Contains(err.Error(), "http2: client conn could not be established") { // net/http did not wait for the alert
					assert.ErrorContains(t, err, test.hint)
				}
			}
		})
	}
}

func TestATimeoutSaysWhatItWaitedFor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		arrange func(t *testing.T, transport *http.Transport)
		text    string
	}{
		"a connection": {func(_ *testing.T, transport *http.Transport) {
			transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
		}, "it waited for a connection (1 attempt)"},
		"the proxy": {func(_ *testing.T, transport *http.Transport) {
			transport.Proxy = http.ProxyURL(&url.URL{Scheme: "socks5", Host: "proxy.example:1080", User: url.UserPassword("user", leaked)})
		}, "it waited for a connection through the proxy proxy.example:1080 (1 attempt)"},
		"the answer": {func(_ *testing.T, transport *http.Transport) {}, "it waited for the answer (1 attempt)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &byHand{serve: func(_ int, conn net.Conn) { untilClosed(conn) }}
				transport := server.transport()
				test.arrange(t, transport)
				client := server.client(t, cams.WithRetry(cams.NoRetry()), cams.WithHTTPClient(&http.Client{Transport: transport}))
				require.ErrorContains(t, list(t.Context(), client), "timed out: no complete answer within the attempt timeout of 15s - "+test.text)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				require.ErrorContains(t, list(ctx, client), "stopped by the caller's context: context deadline exceeded - "+test.text)
			})
		})
	}
}

// net/http says nothing of a value that it cannot parse, and uses no proxy. But where the
// value makes sense behind another "http://", that becomes the proxy.
func TestAProxyThatTheEnvironmentNamesWronglyIsNamed(t *testing.T) {
	for value, problem := range map[string]string{
		"http://user:" + leaked + "@proxy:3128\n": "has a line break",
		" http://user:" + leaked + "@proxy:3128":  "begins or ends with a space",
		"http://user:" + leaked + "@proxy:3128 ":  "begins or ends with a space",
		"http://user:" + leaked + "@pro xy:3128":  "contains a space",
		"http://user:" + leaked + "@proxy:port":   "is not a URL",
	} {
		t.Setenv("HTTPS_PROXY", value)
		for _, fails := range []func(string) error{noSuchHost, func(string) error { return errors.New("i/o timeout") }} {
			transport := cams.NewTransport()
			transport.Proxy = func(*http.Request) (*url.URL, error) { // as net/http, which reads the environment once
				proxy, err := url.Parse("http://" + value)
				if err != nil {
					proxy = nil
				}
				return proxy, nil
			}
			transport.DialContext = func(_ context.Context, _, address string) (net.Conn, error) { return nil, fails(address) }
			oneAttemptWith(t, clientOf(t, cams.WithHTTPClient(&http.Client{Transport: transport}), testCredentials(), cams.WithRetry(cams.NoRetry())),
				"check HTTPS_PROXY: it "+problem+", so it is not used")
		}
	}
}

func TestARegionWithACharacterThatNobodySeesIsDescribed(t *testing.T) {
	for region, problem := range map[string]string{
		"ap-southeast-1\n":     "has a line break: it must be a region ID, for instance ap-southeast-1",
		" ap-southeast-1":      "begins or ends with a space: it must be a region ID, for instance ap-southeast-1",
		"ap-southeast-1\u200b": "has a character that is not printable: it must be a region ID, for instance ap-southeast-1",
		"AP-SOUTHEAST-1":       "must be a region ID, for instance ap-southeast-1",
	} {
		_, err := cams.NewClient(cams.WithRegion(region), testCredentials())
		require.EqualError(t, err, "cams: WithRegion "+problem)
		t.Setenv("ALIBABA_CLOUD_REGION_ID", region)
		_, err = cams.NewClient(testCredentials())
		require.EqualError(t, err, "cams: ALIBABA_CLOUD_REGION_ID "+problem)
	}
}
