package transport

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"
)

// Hint returns the hint for a failure that a retry cannot fix, or "" for any
// other failure.
func Hint(err error) string {
	var (
		dns    *net.DNSError
		failed *net.OpError
	)
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "check the host: it is unknown"
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return "check this machine's root certificates, and proxies that inspect TLS"
	case errors.As(err, new(tls.RecordHeaderError)), errors.Is(err, http.ErrSchemeMismatch):
		return "check the endpoint and its port: it does not speak TLS"
	case errors.As(err, &failed) && (failed.Op == "remote error" || failed.Op == "local error"): // an alert
		return "check the endpoint, and proxies that inspect TLS: client and server cannot agree on TLS"
	case strings.HasSuffix(err.Error(), http.StatusText(http.StatusProxyAuthRequired)): // net/http has no error type for it
		return "check the user and password of the proxy, for instance in HTTPS_PROXY"
	}
	return ""
}
