// Package redact keeps secrets and phone numbers out of texts that people see.
package redact

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode"
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

// shapes are how secrets look in texts whose values we do not know.
var shapes = sync.OnceValue(func() []shape {
	return []shape{
		// What a server, a file or a parser's input held, quoted whole: nothing of it is kept.
		{regexp.MustCompile(`(?is)(session token(?: from \w+)? failed: |(?:credentials|config) from [^,]+? failed: |from OAuth: |message = )(.*)`), withoutBody},
		{regexp.MustCompile(`(?s)()([{<].*)`), withoutBody},
		{regexp.MustCompile(`(?is)((?:delimiter not found|invalid character|cannot unmarshal|parsing time) ?)(.*)`), withoutBody},
		// https://user:password@host, and every query.
		{regexp.MustCompile(`(//)[^/\s@]+@`), func(m []string) string { return m[1] + Mask + "@" }},
		{regexp.MustCompile(`(\?)\S+`), withoutRest},
		// AccessKeySecret: ..., security_token=..., secret "...", Authorization: Bearer ...
		{regexp.MustCompile(`(?i)((?:secret|token|passw(?:or)?d|passphrase|pwd|private[_-]?key|api[_-]?key|signature|authorization|bearer)[\w-]*` +
			`[\\"'\x60]*\s*(?:[:=]+>?|\s)\s*(?:(?:bearer|basic)\s+)?)("[^"]*"?|'[^']*'?|[^\s,;&)]+)`), withoutValue},
		// Long opaque strings, as keys and tokens are, but not paths, UUIDs and names.
		{regexp.MustCompile(`[A-Za-z0-9+=]{24,}`), withoutKey},
		{regexp.MustCompile(`[A-Za-z0-9+/=_-]{32,}(?:\.[A-Za-z0-9_-]+)*`), withoutOpaque},
	}
})

// shape is what to find and what to make of it and its groups.
type shape struct {
	find    *regexp.Regexp
	replace func(match []string) string
}

func withoutRest(match []string) string { return match[1] + Mask }

// withoutBody keeps the error code of a body: it is letters and says the most.
func withoutBody(match []string) string {
	text := match[1] + Mask
	if code := errorCode().FindStringSubmatch(match[2]); code != nil {
		text += " (" + code[1] + ")"
	}
	return text
}

var errorCode = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`"[Cc]ode"\s*:\s*"([A-Z][A-Za-z.]{1,63})"`)
})

// withoutValue leaves sentences about secrets, such as "the token is empty".
func withoutValue(match []string) string {
	if prose()[strings.ToLower(strings.TrimRight(match[2], ".:"))] {
		return match[0]
	}
	return match[1] + Mask
}

var prose = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(`a an and are at be been but by can cannot configured could credentials does empty endpoint err error
		expired fail failed file for from found had has have id in invalid is it malformed may missing must name no not of on or path
		provider request response service set should specified that the to type unset value via was were with`) {
		words[word] = true
	}
	return words
})

// withoutKey leaves names such as ListChatGroupParticipants.
func withoutKey(match []string) string {
	if camelCase().MatchString(match[0]) {
		return match[0]
	}
	return Mask
}

var camelCase = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:[A-Z][a-z]{1,15})+[0-9]{0,10}$`)
})

// withoutOpaque leaves what is a path or no mix of digits and letters of both cases.
func withoutOpaque(match []string) string {
	s := match[0]
	if s[0] == '/' || !strings.ContainsFunc(s, unicode.IsDigit) || !strings.ContainsFunc(s, unicode.IsUpper) || !strings.ContainsFunc(s, unicode.IsLower) {
		return s
	}
	return Mask
}

// maxUnknown is how much of a text is looked at: a server may have written it.
const maxUnknown = 16 << 10

// Unknown masks everything in s that looks like a secret, and clips it to
// 1 KiB. It is for errors of others, which quote what they could not use.
func Unknown(s string) string {
	s = Clip(s, maxUnknown)
	for _, shape := range shapes() {
		s = shape.find.ReplaceAllStringFunc(s, func(found string) string {
			return shape.replace(shape.find.FindStringSubmatch(found))
		})
	}
	return Clip(s, 1<<10)
}
