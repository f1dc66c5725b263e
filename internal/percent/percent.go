// Package percent implements the percent-encoding of Alibaba Cloud's signatures: RFC
// 3986, byte by byte, upper-case hexadecimal, a space as %20.
//
// [net/url.QueryEscape] encodes a space as "+", which would make the signature invalid.
package percent

const upperHex = "0123456789ABCDEF"

// unreserved has the bytes that are not encoded.
var unreserved = func() (table [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~") {
		table[c] = true
	}
	return table
}()

// Unreserved reports whether c is not encoded: A-Z a-z 0-9 - _ . ~
func Unreserved(c byte) bool { return unreserved[c] }

// Append appends the encoding of s to dst.
func Append(dst []byte, s string) []byte {
	for i := range len(s) {
		dst = appendByte(dst, s[i])
	}
	return dst
}

// AppendBytes appends the encoding of s to dst; s and dst must not overlap.
func AppendBytes(dst, s []byte) []byte {
	for _, c := range s {
		dst = appendByte(dst, c)
	}
	return dst
}

// Encode returns the encoding of s.
func Encode(s string) string {
	return string(Append(make([]byte, 0, len(s)+len(s)/2), s))
}

func appendByte(dst []byte, c byte) []byte {
	if Unreserved(c) {
		return append(dst, c)
	}
	return append(dst, '%', upperHex[c>>4], upperHex[c&15])
}
