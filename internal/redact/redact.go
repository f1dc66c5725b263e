// Package redact keeps secrets and phone numbers out of texts that people see.
package redact

import (
	"net/url"
	"regexp"
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
		for _, spelling := range []string{
			percent.Encode(encoded), encoded, url.QueryEscape(v), escapeHTML.Replace(v), escapeJSON.Replace(v),
			strings.ReplaceAll(v, "/", `\/`), v,
		} {
			s = strings.ReplaceAll(s, spelling, Mask)
		}
	}
	return s
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
	if len(s) < uuidLength {
		return false
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

// escapeHTML is what html.EscapeString does, without the entity table that
// comes with that package (64 KB in every program).
var escapeHTML = strings.NewReplacer("&", "&amp;", "'", "&#39;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "+", "&#43;")

// escapeJSON is what encoding/json does to characters that HTML knows.
var escapeJSON = strings.NewReplacer("&", `\u0026`, "<", `\u003c`, ">", `\u003e`)

// shapes are how secrets look in texts whose values we do not know.
var shapes = sync.OnceValue(func() []shape {
	return []shape{
		// What a server, a file or a parser's input held, quoted whole: nothing of it is kept.
		{regexp.MustCompile(`(?is)(session token(?: from \w+)? failed: |(?:credentials|config) from .+? failed: |from OAuth: |message = )(.*)`), withoutBody},
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
