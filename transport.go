package cams

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// maxIdleConns is how many connections wait for the next request: enough for a
// hundred goroutines on one client, so that they need not dial anew.
const maxIdleConns = 128

// newTransport is what a service wants of a transport that talks to one host.
func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    5 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           maxIdleConns,
		MaxIdleConnsPerHost:    maxIdleConns,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10, // the service sends less than 2 KiB
	}
}

// refuseRedirect makes http.Client return the redirect itself, which then ends
// as a [ResponseError]: a redirect would carry the security token elsewhere.
func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
