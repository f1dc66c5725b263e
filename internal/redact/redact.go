// Package redact keeps secrets and phone numbers out of texts that people see.
package redact

import (
	"bytes"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Mask stands where something was taken out.
const Mask = "[redacted]"

// Values masks each of these values in s, in every spelling in which an answer
// may repeat it: plain, percent-encoded, form-encoded or escaped for HTML or
// JSON, and numbers also with separators between their digits.
// Values of fewer than four bytes are left: they would shred the text and say nothing.
func Values(s string, values ...string) string {
	var numbers []string
	for _, v := range values {
		if v = strings.TrimPrefix(v, "+"); len(v) >= 4 && isDigits(v) {
			numbers = append(numbers, v)
		}
	}
	if numbers != nil { // first, as other values are made of them
		s = compileNumbers().maskKnown(s, numbers)
	}
	for _, v := range values {
		if len(v) >= 4 && !isDigits(v) && containsWords(s, v) {
			s = replace(s, v, valuePattern(v))
		}
	}
	return s
}

// replace masks what pattern matches. If v is too long for a pattern, it masks v as it is.
func replace(s, v, pattern string) string {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return strings.ReplaceAll(s, v, Mask)
	}
	return re.ReplaceAllLiteralString(s, Mask)
}

// containsWords reports whether all letters and digits of v are in s. No encoder
// escapes them, so without them there is no need to compile a pattern.
func containsWords(s, v string) bool {
	for word := range strings.FieldsFuncSeq(v, func(r rune) bool { return !isAlphanumeric(r) }) {
		if !strings.Contains(s, word) {
			return false
		}
	}
	return true
}

func valuePattern(v string) string {
	var b strings.Builder
	for len(v) > 0 {
		r, size := utf8.DecodeRuneInString(v)
		if isAlphanumeric(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(spellings(r, v[:size]))
		}
		v = v[size:]
	}
	return b.String()
}

// entities are the names that HTML has for what stands in values.
var entities = map[rune]string{'&': "amp", '<': "lt", '>': "gt", '"': "quot", '\'': "apos", '/': "sol", '+': "plus", '=': "equals"}

// spellings is a pattern of all spellings of r, whose bytes are raw.
func spellings(r rune, raw string) string {
	percent, unicode := "", ""
	for i := range len(raw) {
		percent += fmt.Sprintf("%%(?:25)*%02x", raw[i])
	}
	for _, unit := range utf16.AppendRune(nil, r) {
		unicode += fmt.Sprintf(`\\+u%04x`, unit)
	}
	if r == ' ' { // in a form
		percent += `|\+|%(?:25)*2b`
	}
	name := entities[r]
	if name == "" {
		name = "#" // there is no such entity
	}
	return fmt.Sprintf(`(?:\\*%s|(?i:%s|%s|&(?:amp;)*(?:%s|#0*%d|#x0*%x);))`, regexp.QuoteMeta(string(r)), percent, unicode, name, r, r)
}

// numbers finds what is no phone number, or may be one.
type numbers struct{ other, phone, digits, spaced, digit *regexp.Regexp }

// A uuid is a request ID. The service's are not always hexadecimal.
const uuid = `\b[0-9A-Za-z]{8}-(?:[0-9A-Za-z]{4}-){3}[0-9A-Za-z]{12}\b`

// compileNumbers compiles at the first need, for a quick start of the program.
var compileNumbers = sync.OnceValue(func() numbers {
	// One separator, or parentheses around a group.
	const separator = `(?:\)?(?:[ .\x{A0}\x{202F}\x{2009}\x{2010}-\x{2013}-]|%20)\(?|[()])`
	const escaped = `(?i:%(?:25)*(?:2[089BDEF]|C2%(?:25)*A0|E2%(?:25)*80%(?:25)*AF)|\\+u(?:00a0|202f)|&nbsp;|&#160;|&#xa0;)`
	const gap = `(?:[\s\pZ\p{Pd}\p{Cf}./()+]|` + escaped + `){0,3}`
	const international = `\B\+\(?[1-9]\p{Nd}*(?:` + separator + `\p{Nd}+)*`
	return numbers{
		other: regexp.MustCompile(strings.Join([]string{
			international, // starts before what may look like an address in it
			uuid,
			`\b(?:19|20)\d\d([-/.])(?:0[1-9]|1[0-2])[-/.](?:0[1-9]|[12]\d|3[01])(?:\b|T\d)`, // a date
			`\b\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?`,                                         // a time
			`\bv\d+\.\d+\.\d+[\w.+-]*`,                                                      // a version
			`\b\d{1,12}(?:\.\d{1,9})? ?(?:bytes?|[KMGT]i?B|[nµm]?s|seconds)\b`,              // a size or a duration
			`\b\d+(?:\.\d+){3,}\b`,                                                          // an address, perhaps
		}, "|")),
		phone:  regexp.MustCompile(international + `|\p{Nd}{2,}(?:` + separator + `\p{Nd}{2,})*`),
		digits: regexp.MustCompile(`\p{Nd}+`),
		spaced: regexp.MustCompile(`[0-9０-９](?:` + gap + `[0-9０-９])+`),
		digit:  regexp.MustCompile(escaped + `|[0-9０-９]`),
	}
})

// maskKnown masks known numbers, also with up to three separators between two
// digits, and in full-width digits.
func (n numbers) maskKnown(s string, known []string) string {
	return n.spaced.ReplaceAllStringFunc(s, func(spaced string) string {
		var digits []byte
		var ats [][]int // where they are in spaced
		for _, at := range n.digit.FindAllStringIndex(spaced, -1) {
			if at[1]-at[0] == 1 || spaced[at[0]] >= utf8.RuneSelf { // no separator
				digits, ats = append(digits, '0'+spaced[at[1]-1]%16), append(ats, at) // the last byte of '０' ends in 0 too
			}
		}
		var b strings.Builder
		kept := 0
		for i := 0; i < len(digits); i++ {
			for _, number := range known {
				if !bytes.HasPrefix(digits[i:], []byte(number)) {
					continue
				}
				b.WriteString(spaced[kept:ats[i][0]] + Mask)
				i += len(number) - 1
				kept = ats[i][1]
				break
			}
		}
		return b.String() + spaced[kept:]
	})
}

// Phones masks what looks like a phone number: ten to fifteen digits, in one run
// or in groups, or eight if they start with a plus. Dates, times, addresses,
// versions, sizes and request IDs stay, and account IDs, which have sixteen digits.
func Phones(s string) string {
	if strings.IndexFunc(s, unicode.IsDigit) < 0 {
		return s
	}
	n := compileNumbers()
	var b strings.Builder
	kept := 0
	for _, at := range n.other.FindAllStringIndex(s, -1) {
		found := s[at[0]:at[1]]
		if _, err := netip.ParseAddr(found); found[0] == '+' || err != nil && strings.Count(found, ".") >= 3 && found[0] != 'v' {
			continue // may be a phone number
		}
		b.WriteString(n.phone.ReplaceAllStringFunc(s[kept:at[0]], n.maskPhone))
		b.WriteString(found)
		kept = at[1]
	}
	b.WriteString(n.phone.ReplaceAllStringFunc(s[kept:], n.maskPhone))
	return b.String()
}

// maskPhone masks the phone numbers in groups of digits: each group that is one
// by itself, and the groups between those if they are one together.
func (n numbers) maskPhone(groups string) string {
	least := 10
	if groups[0] == '+' {
		least = 8
	}
	var b strings.Builder
	kept, start, end, total := 0, 0, 0, 0 // the short groups in groups[start:end] have total digits
	flush := func() {
		if total >= least {
			b.WriteString(groups[kept:start] + Mask)
			kept = end
		}
		total = 0
	}
	for _, at := range n.digits.FindAllStringIndex(groups, -1) {
		count := utf8.RuneCountInString(groups[at[0]:at[1]])
		if total == 0 || count >= 10 {
			flush()
			start = at[0]
		}
		end = at[1]
		if count <= 15 {
			total += count
		}
		if count >= 10 {
			flush()
		}
	}
	flush()
	return b.String() + groups[kept:]
}

// ID masks what was sent as a request ID unless it looks like one: letters,
// digits and dashes, not all digits.
func ID(s string) string {
	if isDigits(s) || strings.ContainsFunc(s, func(r rune) bool { return !isAlphanumeric(r) && r != '-' }) {
		return Phones(s)
	}
	return s
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

func isAlphanumeric(r rune) bool {
	return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

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
type patterns struct{ body, code, url, userinfo, query, named, following, word, uuid *regexp.Regexp }

// compilePatterns compiles at the first need: most programs never see such a text.
var compilePatterns = sync.OnceValue(func() patterns {
	// The name of a secret, but not the end of a path.
	const name = `(?:^|[^/\w.-])[\w.-]*(?i:secret|token|passw(?:or)?d|passphrase|pwd|private[ _-]?key|api[ _-]?key|` +
		`signature|authorization|bearer)[\w-]*["'\\\x60]*`
	return patterns{
		// What a server or a file held: JSON, XML, or where credentials-go or a parser append it as it is.
		body: regexp.MustCompile(`(?s)((?:credentials|config) from (?:GET )?(?:'[^']*'|\S+) failed: |session token(?: from \w+)? failed: |from OAuth: |` +
			`message = |delimiter not found: |parsing time |(?:string to sign|canonical request) is ?:|[{<]).*`),
		code:     regexp.MustCompile(`"[Cc]ode"\s*:\s*"([A-Z][A-Za-z.]{1,63})"`),
		url:      regexp.MustCompile(`((?:parse|invalid port|invalid URL escape) )"(?:[^"\\]|\\.)*"?`), // what url.Parse quotes
		userinfo: regexp.MustCompile(`(//)(?:\S*|[^\s/"':@]*:[^"'/\n]*)@|[^\s/"'=]+:(?:[^\s/]|/[^\s/])\S*@`),
		query:    regexp.MustCompile(`(\?)\S+`),
		// AccessKeySecret: ..., "token" = "...", Authorization: Bearer ...
		named: regexp.MustCompile(`(` + name + `\s*[:=]+>?\s*(?i:(?:bearer|basic)\s+)?)(?:"[^"]*"?|'[^']*'?|[^\s,;&)]+)`),
		// invalid token ABC, but not "the token is empty".
		following: regexp.MustCompile(`(` + name + `\s+)["']?[a-z]*[^\sa-z:=,.;()"'][^\s,;]*`),
		// In ASCII, what nothing quotes, encloses or separates.
		word: regexp.MustCompile(`[^\s[:cntrl:][:^ascii:]"'\x60&*(),:;<>[\]{|}]+`),
		uuid: regexp.MustCompile(`^` + uuid + `$`),
	}
})

// maxUnknown is how much of a text is looked at: a server may have written it.
const maxUnknown = 16 << 10

// Unknown masks everything in s that may be a secret, and clips it to 1 KiB. It
// is for errors of others, which quote what they could not use. It rather masks
// too much: what stays is words, short numbers, request IDs, addresses and paths.
func Unknown(s string) string {
	p := compilePatterns()
	s = p.body.ReplaceAllStringFunc(Clip(s, maxUnknown), func(found string) string { return withoutBody(p, found) })
	s = p.url.ReplaceAllString(s, "${1}"+Mask)
	s = p.userinfo.ReplaceAllString(s, "${1}"+Mask+"@")
	s = p.query.ReplaceAllString(s, "${1}"+Mask)
	s = p.named.ReplaceAllString(s, "${1}"+Mask)
	s = p.following.ReplaceAllString(s, "${1}"+Mask)
	s = p.word.ReplaceAllStringFunc(s, func(word string) string {
		if isOpaque(word) && !p.uuid.MatchString(word) {
			return Mask
		}
		return word
	})
	return Clip(Phones(s), 1<<10)
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
// characters in parts that are no plain words and no numbers. "x509", "us-west-1a"
// and "10.0.0.1/24" have not. A path may have more of them, but not as many as a
// secret that begins with a slash.
func isOpaque(word string) bool {
	allowed := 6
	if word[0] == '/' {
		allowed = 24
	}
	for part := range strings.FieldsFuncSeq(word, func(r rune) bool { return strings.ContainsRune(`/\=_.~%-`, r) }) {
		letters := !strings.ContainsFunc(part, func(r rune) bool { return !unicode.IsLetter(r) })
		if !(letters && len(part) <= 25 || isDigits(part) && len(part) <= 16) { // the longest names and account IDs
			allowed -= len(part)
		}
	}
	return allowed < 0
}
