// Package endpoint parses and creates endpoint URLs: HTTPS, or plain HTTP to a loopback
// host.
package endpoint

import (
	"net"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// DefaultRegion is the only region with a published endpoint, and Published is its host.
const (
	DefaultRegion = "ap-southeast-1"
	Published     = "cams." + DefaultRegion + ".aliyuncs.com"
)

// OfRegion returns the endpoint of a region: https://cams.<region>.aliyuncs.com/.
func OfRegion(region string) *url.URL {
	return &url.URL{Scheme: "https", Host: "cams." + region + ".aliyuncs.com", Path: "/"}
}

// IsRegion reports whether s has the form of a region ID, such as ap-southeast-1.
func IsRegion(s string) bool {
	return s != "" && len(s) <= 63 && !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-')
	})
}

// Blemish says which character that a reader does not see is in a setting, or "". The value
// is not quoted, because it may contain a password.
func Blemish(value string) string {
	switch {
	case strings.ContainsAny(value, "\r\n"):
		return "has a line break"
	case value != strings.TrimSpace(value):
		return "begins or ends with a space"
	case strings.ContainsFunc(value, unicode.IsSpace):
		return "contains a space"
	case strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "has a character that is not printable"
	}
	return ""
}

// RegionProblem says what is wrong with a region.
func RegionProblem(region string) string {
	const must = "must be a region ID, for instance " + DefaultRegion
	if blemish := Blemish(region); blemish != "" {
		return blemish + ": it " + must
	}
	return must
}

// Parse parses "host", "host:port" or a URL without a path. problem says what is wrong
// with the endpoint. It does not quote the endpoint, which may contain a password.
func Parse(endpoint string) (_ *url.URL, problem string) {
	raw := endpoint
	if !strings.Contains(raw, "://") {
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, `is not "host", "host:port" or a URL`
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, "must be https:// (or http:// for a loopback host)"
	case !isHost(u):
		return nil, "has no valid host (write an internationalized name in its xn-- form, and IPv6 in brackets)"
	case strings.HasSuffix(u.Host, ":") || u.Port() != "" && !isPort(u.Port()):
		return nil, "has a port that is not between 1 and 65535"
	case u.User != nil:
		return nil, "contains a user or password"
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, "has a path, a query or a fragment; the API has none"
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, "must be https:// unless the host is loopback: the request would be sent in plain text"
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host), Path: "/"}, ""
}

// isHost reports whether u has a valid host. url.Parse alone is not enough: how it treats
// colons and brackets depends on the Go version in the program's go.mod.
func isHost(u *url.URL) bool {
	host := u.Hostname()
	if strings.HasPrefix(u.Host, "[") {
		return net.ParseIP(host) != nil
	}
	return host != "" && !strings.ContainsFunc(host, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-._", r))
	})
}

func isPort(s string) bool {
	port, err := strconv.ParseUint(s, 10, 16)
	return err == nil && port > 0
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
