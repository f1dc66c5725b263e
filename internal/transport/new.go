package transport

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// maxIdleConns is the size of the pool of idle connections. It is enough for a hundred
// goroutines on one client.
const maxIdleConns = 128

// New returns a transport with the settings of NewTransport of package cams.
func New() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		OnProxyConnectResponse: OnConnect,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(0)},
		TLSHandshakeTimeout:    5 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           maxIdleConns,
		MaxIdleConnsPerHost:    maxIdleConns,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10, // the service sends less than 2 KiB
		// All requests may share one HTTP/2 connection, and an attempt timeout does not
		// close it. Pings close it within 10 seconds if the server is gone.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 5 * time.Second, PingTimeout: 5 * time.Second},
	}
}
