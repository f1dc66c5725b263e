package cams

import (
	"net/url"
	"strings"

	"github.com/cams-go/cams/internal/percent"
)

// param is one parameter of a query, or one header, decoded.
type param struct{ name, value string }

type params []param

// sort sorts by name. It is stable, and made for the dozen parameters or headers
// of a request that come nearly sorted.
func (p params) sort() {
	for i := range p {
		for j := i; j > 0 && p[j].name < p[j-1].name; j-- {
			p[j], p[j-1] = p[j-1], p[j]
		}
	}
}

// appendCanonical sorts the parameters and appends name=value pairs joined by
// "&", percent-encoded. An empty value keeps its "=".
func (p params) appendCanonical(dst []byte) []byte {
	p.sort()
	for i, kv := range p {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = percent.Append(dst, kv.name)
		dst = append(dst, '=')
		dst = percent.Append(dst, kv.value)
	}
	return dst
}

// canonical is appendCanonical for a whole query.
func (p params) canonical() string {
	var buf [512]byte
	return string(p.appendCanonical(buf[:0]))
}

// parseQuery decodes a query and leaves out the parameters that drop names.
// What cannot be decoded is taken as it is: the canonical form encodes it.
func parseQuery(raw string, drop func(name string) bool) params {
	out := make(params, 0, 16)
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescape(name), unescape(value)
		if drop == nil || !drop(name) {
			out = append(out, param{name, value})
		}
	}
	return out
}

func unescape(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

// isCanonical reports whether a query is what appendCanonical would write, so
// that it can be signed as it stands.
func isCanonical(raw string) bool {
	last := ""
	for raw != "" {
		pair, rest, more := strings.Cut(raw, "&")
		name, value, hasValue := strings.Cut(pair, "=")
		if !hasValue || !isPlain(name) || name <= last || !isEncoded(value) || more && rest == "" {
			return false
		}
		last, raw = name, rest
	}
	return true
}

// isPlain reports whether a name is its own encoding, and so sorts as it is written.
func isPlain(name string) bool {
	for i := range len(name) {
		if !percent.Unreserved(name[i]) {
			return false
		}
	}
	return name != ""
}

func isEncoded(s string) bool {
	for i := 0; i < len(s); i++ {
		if percent.Unreserved(s[i]) {
			continue
		}
		if s[i] != '%' || i+2 >= len(s) || !isEscape(s[i+1], s[i+2]) {
			return false
		}
		i += 2
	}
	return true
}

// isEscape reports whether %hl is how an encoder writes it: upper-case
// hexadecimal, of a byte that does not stand for itself.
func isEscape(h, l byte) bool {
	const digits = "0123456789ABCDEF"
	hi, lo := strings.IndexByte(digits, h), strings.IndexByte(digits, l)
	return hi >= 0 && lo >= 0 && !percent.Unreserved(byte(hi<<4|lo))
}
