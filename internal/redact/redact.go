// Package redact keeps secrets and phone numbers out of texts that people see.
package redact

import (
	"bytes"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
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
		if len(v) < 4 {
			continue
		}
		if number := strings.TrimPrefix(v, "+"); isDigits(number) {
			numbers = append(numbers, number)
			continue
		}
		s = strings.ReplaceAll(s, v, Mask) // also if it is too long for a pattern
		if !containsWords(s, v) {
			continue
		}
		if re, err := regexp.Compile(valuePattern(v)); err == nil {
			s = re.ReplaceAllLiteralString(s, Mask)
		}
	}
	if len(numbers) == 0 {
		return s
	}
	slices.SortFunc(numbers, func(a, b string) int { return len(b) - len(a) }) // one may start with another
	return compileNumbers().maskKnown(s, numbers)
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

// entities are the names that HTML has for what stands in values.
var entities = map[rune]string{'&': "amp|", '<': "lt|", '>': "gt|", '"': "quot|", '\'': "apos|", '/': "sol|", '+': "plus|", '=': "equals|"}

// valuePattern matches v whatever an encoder escapes in it, and how.
func valuePattern(v string) string {
	var b strings.Builder
	for _, r := range v {
		if isAlphanumeric(r) {
			b.WriteRune(r)
			continue
		}
		var percent, json string
		for _, c := range []byte(string(r)) {
			percent += fmt.Sprintf("%%(?:25)*%02x", c)
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			json += fmt.Sprintf(`\\+u%04x`, unit)
		}
		if r == ' ' { // in a form
			percent += `|\+|%(?:25)*2b`
		}
		fmt.Fprintf(&b, `(?:\\*%s|(?i:%s|%s|&(?:amp;)*(?:%s#0*%d|#x0*%x);))`, regexp.QuoteMeta(string(r)), percent, json, entities[r], r, r)
	}
	return b.String()
}

// numbers finds phone numbers: groups of digits that are nothing else, and digits
// with any separators, which may be a known number.
type numbers struct{ other, groups, spaced, digit *regexp.Regexp }

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
			`\b\d{1,12}(?:\.\d{1,9})? ?(?:bytes?|[KMGT]i?B|seconds)\b`,                      // a size
			`\b\d{1,12}(?:\.\d{1,9})?[nµm]?s\b`,                                             // a duration
			`\b\d+(?:\.\d+){3,}\b`,                                                          // an address, perhaps
			`\p{Nd}{10,}`,                                                                   // a number in one run
		}, "|")),
		groups: regexp.MustCompile(international + `|\p{Nd}{2,}(?:` + separator + `\p{Nd}{2,})*`),
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
		if _, err := netip.ParseAddr(found); found[0] == '+' || found[0] != 'v' && strings.Count(found, ".") >= 3 && err != nil {
			continue // no address, but perhaps a phone number in groups
		}
		b.WriteString(n.groups.ReplaceAllStringFunc(s[kept:at[0]], maskGroups))
		if count := utf8.RuneCountInString(found); count <= 15 && strings.TrimFunc(found, unicode.IsDigit) == "" {
			found = Mask
		}
		b.WriteString(found)
		kept = at[1]
	}
	b.WriteString(n.groups.ReplaceAllStringFunc(s[kept:], maskGroups))
	return b.String()
}

// maskGroups masks groups of digits that have as many as a phone number. A plus
// makes it likely that they are one.
func maskGroups(groups string) string {
	number, international := strings.CutPrefix(strings.ReplaceAll(groups, "%20", " "), "+")
	least, plus := 10, ""
	if international {
		least, plus = 8, "+"
	}
	for _, r := range number {
		if unicode.IsDigit(r) {
			least--
		}
	}
	if least > 0 {
		return groups
	}
	return plus + Mask
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
type patterns struct {
	body, code, word, uuid *regexp.Regexp
	quoted                 []*regexp.Regexp // each keeps what its groups match
}

// compilePatterns compiles at the first need: most programs never see such a text.
var compilePatterns = sync.OnceValue(func() patterns {
	// The name of a secret, but not the end of a path.
	const name = `(?:^|[^/\w.-])[\w.-]*(?i:secret|token|passw(?:or)?d|passphrase|pwd|private[ _-]?key|api[ _-]?key|` +
		`signature|authorization|bearer)[\w-]*["'\\\x60]*`
	return patterns{
		// What a server or a file held: JSON, XML, or where credentials-go or a parser append it as it is.
		body: regexp.MustCompile(`((?:credentials|config) from (?:GET )?(?:'[^']*'|\S+) failed: |session token(?: from \w+)? failed: |from OAuth: |` +
			`message = |delimiter not found: |parsing time |(?:string to sign|canonical request) is ?:|[{<])`),
		code: regexp.MustCompile(`"[Cc]ode"\s*:\s*"([A-Z][A-Za-z.]{1,63})"`),
		quoted: []*regexp.Regexp{
			regexp.MustCompile(`((?:parse|invalid port|invalid URL escape) )"(?:[^"\\]|\\.)*"?`),            // what url.Parse quotes
			regexp.MustCompile(`(?:(//)(?:\S*|[^\s/"':@]*:[^"'/\n]*)|[^\s/"'=]+:(?:[^\s/]|/[^\s/])\S*)(@)`), // of a URL, of a proxy
			regexp.MustCompile(`(\?)\S+`),
			// AccessKeySecret: ..., "token" = "...", Authorization: Bearer ...
			regexp.MustCompile(`(` + name + `\s*[:=]+>?\s*(?i:(?:bearer|basic)\s+)?)(?:"[^"]*"?|'[^']*'?|[^\s,;&)]+)`),
			// invalid token ABC, but not "the token is empty".
			regexp.MustCompile(`(` + name + `\s+)["']?[a-z]*[^\sa-z:=,.;()"'][^\s,;]*`),
		},
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
	s = Clip(s, maxUnknown)
	if at := p.body.FindStringSubmatchIndex(s); at != nil {
		code := p.code.FindStringSubmatch(s[at[0]:]) // says the most
		s = strings.TrimRight(s[:at[3]], "{<") + Mask
		if code != nil {
			s += " (" + code[1] + ")"
		}
	}
	for _, quoted := range p.quoted {
		s = quoted.ReplaceAllString(s, "${1}"+Mask+"${2}")
	}
	s = p.word.ReplaceAllStringFunc(s, func(word string) string {
		if isOpaque(word) && !p.uuid.MatchString(word) {
			return Mask
		}
		return word
	})
	return Clip(Phones(s), 1<<10)
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
