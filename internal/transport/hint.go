package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"
)

// Hint returns the hint for a failure that a retry cannot fix, or "" for any
// other failure.
func Hint(err error) string {
	if dns := new(net.DNSError); errors.As(err, &dns) && dns.IsNotFound {
		return "check the host: it is unknown"
	}
	if refused := connectError(err); refused != nil {
		return refused.hint()
	}
	switch opOf(err) {
	case "socks connect":
		return socksHint(err)
	case "proxyconnect":
		return proxyTLSHint(err)
	}
	return tlsHint(err)
}

// tlsHint is for TLS with the server.
func tlsHint(err error) string {
	switch {
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return certificateHint(err)
	case isNoTLS(err):
		return "check the endpoint and its port: it does not speak TLS"
	case refusesCertificate(err):
		return "check TLSClientConfig of your transport: the server demands a client certificate, or refuses the one it got"
	case isAlert(err):
		return "check the endpoint, and proxies that inspect TLS: client and server cannot agree on TLS, or the server demands a client certificate"
	}
	return ""
}

// proxyTLSHint is for TLS with an https:// proxy.
func proxyTLSHint(err error) string {
	switch {
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return "the proxy's certificate: " + certificateHint(err)
	case isNoTLS(err):
		return checkProxy + "it does not speak TLS, so its URL begins with http://"
	case isAlert(err):
		return checkProxy + "client and proxy cannot agree on TLS"
	}
	return ""
}

func certificateHint(err error) string {
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, new(x509.HostnameError)):
		return "check the host, DNS, and proxies that inspect TLS: the certificate is for another host"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "check this machine's clock: the certificate has expired, or is not yet valid"
	}
	return "check this machine's root certificates, and proxies that inspect TLS"
}

func isNoTLS(err error) bool {
	return errors.As(err, new(tls.RecordHeaderError)) || errors.Is(err, http.ErrSchemeMismatch)
}

// isAlert reports whether client or server ended the handshake.
func isAlert(err error) bool { return alert(err) != nil }

// alert returns the error of a TLS alert, or nil. It is the innermost one of the network.
func alert(err error) *net.OpError {
	for failed := new(net.OpError); errors.As(err, &failed); err = failed.Err {
		if failed.Op == "remote error" || failed.Op == "local error" {
			return failed
		}
	}
	return nil
}

// refusesCertificate reports whether the server refused the client's certificate, or that
// there is none. In TLS 1.3 the client learns this only after it has sent the request, but
// the server does not read a request before it has seen the certificate.
func refusesCertificate(err error) bool {
	failed := alert(err)
	return failed != nil && failed.Op == "remote error" &&
		(strings.Contains(failed.Err.Error(), "certificate") || strings.Contains(failed.Err.Error(), "access denied"))
}
