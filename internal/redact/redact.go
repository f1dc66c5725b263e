// Package redact keeps secrets and phone numbers out of texts that people see.
package redact

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/cams-go/cams/internal/percent"
)

// Mask stands where something was taken out.
const Mask = "[redacted]"

// Values masks each of these values in s, in every spelling in which an answer
// may repeat it: plain, percent-encoded once or twice, form-encoded or escaped
// for HTML or JSON.
// Values of fewer than four bytes are left: they would shred the text and say nothing.
func Values(s string, values ...string) string {
	for _, v := range values {
		if len(v) < 4 {
			continue
		}
		encoded := percent.Encode(v)
		for _, spelling := range []string{percent.Encode(encoded), encoded, v} {
			s = strings.ReplaceAll(s, spelling, Mask)
		}
		if encoded != v { // else there is nothing to escape
			s = escapedValue(s, v)
		}
	}
	return s
}

// escapedValue masks v in s where any of its bytes is escaped, in whatever way:
// encoders differ in what they escape, and in the case of their hexadecimal.
func escapedValue(s, v string) string {
	var b strings.Builder
	kept := 0 // s[:kept] is in b
	for i := 0; i < len(s); {
		length := spelled(s[i:], v)
		if length > 0 {
			b.WriteString(s[kept:i])
			b.WriteString(Mask)
			kept = i + length
		}
		i += max(length, 1)
	}
	if kept == 0 {
		return s
	}
	b.WriteString(s[kept:])
	return b.String()
}

// spelled returns how long v is at the start of s, 0 if it is not there.
func spelled(s, v string) int {
	length := 0
	for i := range len(v) {
		n := spelledByte(s[length:], v[i])
		if n == 0 {
			return 0
		}
		length += n
	}
	return length
}

// spelledByte returns how long c is at the start of s, 0 if it is not there.
// Letters and digits are what no encoder escapes.
func spelledByte(s string, c byte) int {
	if s == "" {
		return 0
	}
	if !isAlphanumeric(c) {
		switch s[0] {
		case '%':
			if isHex(s[1:], c) {
				return 3
			}
			if strings.HasPrefix(s, "%25") && isHex(s[3:], c) {
				return 5
			}
		case '\\':
			rest := strings.TrimPrefix(s[1:], `\`) // JSON in JSON has two
			escape := len(s) - len(rest)
			if strings.HasPrefix(rest, "u00") && isHex(rest[3:], c) {
				return escape + 5
			}
			if rest != "" && rest[0] == c {
				return escape + 1
			}
		case '&':
			if n := entity(s, c); n > 0 {
				return n
			}
		case '+':
			if c == ' ' {
				return 1
			}
		}
	}
	if s[0] == c {
		return 1
	}
	return 0
}

// isHex reports whether s starts with c in two hexadecimal digits.
func isHex(s string, c byte) bool {
	if len(s) < 2 {
		return false
	}
	n, err := strconv.ParseUint(s[:2], 16, 8)
	return err == nil && byte(n) == c
}

// entity returns how long an HTML entity of c is at the start of s, 0 if there is none.
func entity(s string, c byte) int {
	end := strings.IndexByte(s[:min(len(s), 10)], ';')
	if end < 0 {
		return 0
	}
	name := s[1:end]
	if name != "" && name == entityName(c) {
		return end + 1
	}
	digits, isNumber := strings.CutPrefix(strings.ToLower(name), "#")
	base := 10
	if hexadecimal, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hexadecimal, 16
	}
	if n, err := strconv.ParseUint(digits, base, 8); isNumber && err == nil && byte(n) == c {
		return end + 1
	}
	return 0
}

func entityName(c byte) string {
	switch c {
	case '&':
		return "amp"
	case '<':
		return "lt"
	case '>':
		return "gt"
	case '"':
		return "quot"
	case '\'':
		return "apos"
	}
	return ""
}

// minPhoneDigits is the length of the shortest phone numbers, country code included.
const minPhoneDigits = 7

// Phones masks every run of seven or more digits: no phone number is shorter.
// Runs within a UUID, as request IDs are, stay.
func Phones(s string) string {
	var b strings.Builder
	kept := 0 // s[:kept] is in b
	for i := 0; i < len(s); {
		if isUUID(s[i:]) {
			i += uuidLength
			continue
		}
		end := i
		for end < len(s) && isDigit(s[end]) {
			end++
		}
		if end-i >= minPhoneDigits {
			b.WriteString(s[kept:i])
			b.WriteString(Mask)
			kept = end
		}
		i = max(end, i+1)
	}
	if kept == 0 {
		return s
	}
	b.WriteString(s[kept:])
	return b.String()
}

const uuidLength = len("90E63D28-E31D-1EB2-8939-A94866411B2O")

// isUUID reports whether s starts with what looks like a UUID. The service's
// are not always hexadecimal.
func isUUID(s string) bool {
	if len(s) < uuidLength || len(s) > uuidLength && isAlphanumeric(s[uuidLength]) {
		return false // too short, or the last group too long
	}
	for i := range uuidLength {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (s[i] == '-') || !dash && !isAlphanumeric(s[i]) {
			return false
		}
	}
	return true
}

// ID masks what was sent as a request ID unless it looks like one: letters,
// digits and dashes, not all digits.
func ID(s string) string {
	onlyDigits := true
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && s[i] != '-' {
			return Phones(s)
		}
		onlyDigits = onlyDigits && isDigit(s[i])
	}
	if onlyDigits {
		return Phones(s)
	}
	return s
}

func isAlphanumeric(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// Clip shortens s to at most max bytes of valid UTF-8.
func Clip(s string, max int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= max {
		return s
	}
	for max > 0 && !utf8.RuneStart(s[max]) {
		max--
	}
	return strings.Clone(s[:max]) // lets go of the rest
}

// patterns find what may be secret in texts whose values we do not know.
type patterns struct{ body, code, userinfo, query, named, following, word *regexp.Regexp }

// compiled is compiled at the first need: most programs never see such a text.
var compiled = sync.OnceValue(func() patterns {
	// The name of a secret, but not the end of a path.
	const name = `(?:^|[^/\w.-])[\w.-]*(?i:secret|token|passw(?:or)?d|passphrase|pwd|private[_-]?key|api[_-]?key|` +
		`signature|authorization|bearer)[\w-]*["'\\\x60]*`
	return patterns{
		// What a server or a file held: JSON, XML, or where credentials-go or a parser append it as it is.
		body: regexp.MustCompile(`(?s)((?:credentials|config) from (?:GET )?(?:'[^']*'|\S+) failed: |session token(?: from \w+)? failed: |from OAuth: |` +
			`message = |delimiter not found: |parsing time |[{<]).*`),
		code:     regexp.MustCompile(`"[Cc]ode"\s*:\s*"([A-Z][A-Za-z.]{1,63})"`),
		userinfo: regexp.MustCompile(`(//)\S*@`),
		query:    regexp.MustCompile(`(\?)\S+`),
		// AccessKeySecret: ..., "token" = "...", Authorization: Bearer ...
		named: regexp.MustCompile(`(` + name + `\s*[:=]+>?\s*(?i:(?:bearer|basic)\s+)?)(?:"[^"]*"?|'[^']*'?|[^\s,;&)]+)`),
		// invalid token ABC, but not "the token is empty".
		following: regexp.MustCompile(`(` + name + `\s+)["']?[a-z]*[^\sa-z:,.;()"'][^\s,;]*`),
		// In ASCII, what nothing quotes, encloses or separates.
		word: regexp.MustCompile(`[^\s[:cntrl:][:^ascii:]"'\x60&*(),:;<>[\]{|}]+`),
	}
})

// maxUnknown is how much of a text is looked at: a server may have written it.
const maxUnknown = 16 << 10

// Unknown masks everything in s that may be a secret, and clips it to 1 KiB. It
// is for errors of others, which quote what they could not use. It rather masks
// too much: what stays is words, short numbers, addresses and paths.
func Unknown(s string) string {
	p := compiled()
	s = p.body.ReplaceAllStringFunc(Clip(s, maxUnknown), func(found string) string { return withoutBody(p, found) })
	s = p.userinfo.ReplaceAllString(s, "${1}"+Mask+"@")
	s = p.query.ReplaceAllString(s, "${1}"+Mask)
	s = p.named.ReplaceAllString(s, "${1}"+Mask)
	s = p.following.ReplaceAllString(s, "${1}"+Mask)
	s = p.word.ReplaceAllStringFunc(s, func(word string) string {
		if isOpaque(word) {
			return Mask
		}
		return word
	})
	return Clip(s, 1<<10)
}

// withoutBody keeps what leads to a body, and the error code in it: that says the most.
func withoutBody(p patterns, found string) string {
	text := strings.TrimRight(p.body.FindStringSubmatch(found)[1], "{<") + Mask
	if code := p.code.FindStringSubmatch(found); code != nil {
		text += " (" + code[1] + ")"
	}
	return text
}

// isOpaque reports whether a word may be a key or a token: it has more than a few
// characters in parts that are no plain words and no short numbers. "x509",
// "us-west-1a" and "10.0.0.1/24" have not. A path may have more of them, but not
// as many as a secret that begins with a slash.
func isOpaque(word string) bool {
	allowed := 6
	if word[0] == '/' {
		allowed = 24
	}
	for part := range strings.FieldsFuncSeq(word, func(r rune) bool { return strings.ContainsRune(`/\=_.~%-`, r) }) {
		if !isPlain(part) {
			allowed -= len(part)
		}
	}
	return allowed < 0
}

// isPlain reports whether a part of a word is letters, no more than the longest
// names have, or digits, fewer than a phone number has.
func isPlain(part string) bool {
	digits, others := 0, 0
	for i := range len(part) {
		switch {
		case isDigit(part[i]):
			digits++
		case !isAlphanumeric(part[i]):
			others++
		}
	}
	return others == 0 && (digits == 0 && len(part) <= 25 || digits == len(part) && digits < minPhoneDigits)
}
