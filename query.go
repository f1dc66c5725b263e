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
// that it can be signed as it stands, and has no parameter of the name without.
// It looks once at each byte.
func isCanonical(raw, without string) bool {
	last, start, inValue := "", 0, false // the name before, where this one starts
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case percent.Unreserved(c):
		case c == '=' && !inValue && last < raw[start:i] && raw[start:i] != without: // a plain name sorts as it is written
			last, inValue = raw[start:i], true
		case c == '&' && inValue && i+1 < len(raw):
			start, inValue = i+1, false
		case c == '%' && inValue && i+2 < len(raw) && isEscape(raw[i+1], raw[i+2]):
			i += 2
		default:
			return false
		}
	}
	return inValue || raw == ""
}

// isEscape reports whether %hl is how an encoder writes it: upper-case
// hexadecimal, of a byte that does not stand for itself.
func isEscape(h, l byte) bool {
	hi, lo := unhex(h), unhex(l)
	return hi|lo < 16 && !percent.Unreserved(hi<<4|lo)
}

// unhex is the value of an upper-case hexadecimal digit, 255 of anything else.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
