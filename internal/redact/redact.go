// Package redact masks secrets, phone numbers and user IDs in error texts and logs.
package redact

import (
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Mask replaces what is masked.
const Mask = "[redacted]"

// lazy joins patterns and compiles them at their first use. Most programs never use them.
func lazy(patterns ...string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(strings.Join(patterns, "|")) })
}

const (
	// uuid matches a request ID. Those of the service are not always hexadecimal.
	uuid = `\b[0-9A-Za-z]{8}-(?:[0-9A-Za-z]{4}-){3}[0-9A-Za-z]{12}\b`
	// One separator, or parentheses around a group.
	separator     = `(?:\)?[ .\x{A0}\x{202F}\x{2009}\x{2010}-\x{2013}-]\(?|[()])`
	international = `\B\+\(?[1-9]\p{Nd}*(?:` + separator + `\p{Nd}+)*`
	// userID begins WhatsApp's ID of a person: a country, perhaps ENT, and 8 to 128 letters or
	// digits.
	userID = `[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]`
)

var (
	// apart finds user IDs, and digits that do not belong to a phone number in groups.
	apart = lazy(
		`(`+userID+`{8,})`, // wherever it starts: an escape may stand before it
		international,      // skipped, so that no part of it matches as an address
		uuid,
		`\b(?:19|20)\d\d[-/.](?:0[1-9]|1[0-2])[-/.](?:0[1-9]|[12]\d|3[01])(?:\b|T\d)`, // a date
		`\b\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:\b|Z)`,                               // a time
		`\b\d{1,12}(?:\.\d{1,9})? ?(?:bytes?|[KMGT]i?B|seconds)\b`,                    // a size
		`\b\d{1,12}(?:\.\d{1,9})?[nµm]?s\b`,                                           // a duration
		`\b\d+(?:\.\d+){3,}\b`,                                                        // perhaps an IP address
		`(\p{Nd}{10,})`,                                                               // a number in one run
	)
	groups   = lazy(international, `\p{Nd}{2,}(?:`+separator+`\p{Nd}{2,})*`)
	id       = lazy(`^[0-9-]*[A-Za-z][0-9A-Za-z-]*$`)
	onlyUser = lazy(`^` + userID + `{8,128}$`)
)

// IsUserID reports whether s has the form of a user ID of WhatsApp, such as
// US.13491208655302741918.
func IsUserID(s string) bool { return onlyUser().MatchString(s) }

// Phones masks what looks like a phone number: ten to fifteen digits in one run, ten or
// more in groups, or eight or more after a plus. It does not mask dates, times, IP
// addresses, sizes, request IDs and account IDs, which have sixteen digits.
//
// It also masks user IDs, but not what may be an error code, such as Throttling.User.
func Phones(s string) string {
	var b strings.Builder
	kept := 0
	for _, at := range apart().FindAllStringSubmatchIndex(s, -1) {
		found := s[at[0]:at[1]]
		isUser, isNumber := at[2] >= 0, at[4] >= 0
		switch {
		case isUser && (!isCode(found) || found[2:7] == ".ENT."), isNumber && utf8.RuneCountInString(found) <= 15:
			found = Mask
		case mayBeGroups(found):
			continue
		}
		b.WriteString(groups().ReplaceAllStringFunc(s[kept:at[0]], maskGroups) + found)
		kept = at[1]
	}
	return b.String() + groups().ReplaceAllStringFunc(s[kept:], maskGroups)
}

// mayBeGroups reports whether what apart found may still be a phone number in groups: it
// has a plus, or is no address although it looks like one.
func mayBeGroups(found string) bool {
	_, err := netip.ParseAddr(found)
	return found[0] == '+' || strings.Count(found, ".") >= 3 && err != nil
}

// maskGroups masks groups of digits with as many digits as a phone number: ten, or eight
// after a plus.
func maskGroups(groups string) string {
	digits := 0
	for _, r := range groups {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	switch {
	case groups[0] == '+' && digits >= 8:
		return "+" + Mask
	case digits >= 10:
		return Mask
	}
	return groups
}

// ID masks phone numbers in s unless s looks like a request ID: letters, digits and
// dashes, but not only digits.
func ID(s string) string {
	if id().MatchString(s) {
		return s
	}
	return Phones(s)
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
	return strings.Clone(s[:max]) // a copy frees the rest
}

// Passwords masks the user and password of a URL or a proxy's address, and HTTP
// credentials.
func Passwords(s string) string {
	if !strings.Contains(s, "@") && !strings.Contains(strings.ToLower(s), "authorization") {
		return s
	}
	return passwords().ReplaceAllString(s, "${1}${4}"+Mask+"${2}${3}")
}

var passwords = lazy(`(//)(?:\S*|[^\s/"':@]*:[^"'/\n]*)(@)`, `[^\s/"'=(]+:\S+(@)`, `((?i:authorization)\W+(?i:basic|bearer)\s+)\S+`)

// name matches the name of a secret, but not at the end of a path.
const name = `(?:^|[^/\w.-])[\w.-]*(?i:secret|token|passw(?:or)?d|passphrase|pwd|private[ _-]?key|api[ _-]?key|` +
	`signature|authorization|bearer)[\w-]*["'\\\x60]*`

var (
	// body finds where the content of an answer or file starts: JSON, XML, or a text after
	// which credentials-go or a parser appends it.
	body = lazy(`((?:credentials|config) from (?:GET )?(?:'[^']*'|\S+) failed: |session token(?: from \w+)? failed: |from OAuth: |`+
		`message = |delimiter not found: |parsing time |(?:string to sign|canonical request) is ?:)`, `[{<]`)
	code = lazy(`(?:"[Cc]ode"\s*:\s*"|<Code>)([A-Z][A-Za-z.]{1,63})["<]`)
	// quoted are patterns of secrets. What their groups match is not masked.
	quoted = []func() *regexp.Regexp{
		lazy(`((?:parse|invalid port|invalid URL escape) )"(?:[^"\\]|\\.)*"?`),            // what url.Parse quotes
		lazy(`(?:(//)(?:\S*|[^\s/"':@]*:[^"'/\n]*)|[^\s/"'=]+:(?:[^\s/]|/[^\s/])\S*)(@)`), // of a URL, of a proxy
		lazy(`(\?)\S+`), // a query
		// AccessKeySecret: ..., "token" = "...", Authorization: Bearer ...
		lazy(`(` + name + `\s*[:=]+>?\s*(?i:(?:bearer|basic)\s+)?)(?:"[^"]*"?|'[^']*'?|[^\s,;&)]+)`),
		// invalid token ABC, but not "the token is empty".
		lazy(`(` + name + `\s+)["']?[a-z]*[^\sa-z:=,.;()"'][^\s,;]*`),
	}
	word  = lazy(`[^\s[:cntrl:][:^ascii:]"'\x60&*(),:;<>[\]{|}]+`)                      // ASCII without quotes, brackets and separators
	plain = lazy(`^(?:[A-Za-z]{1,25}|[a-z]{0,15}(?:[A-Z][a-z]{3,15})+|[0-9]{1,16}s?)$`) // words, CamelCase, account IDs
	parts = lazy(`[^/\\=_.~%-]+`)
	isID  = lazy(`^` + uuid + `$`)
)

// Unknown masks everything in s that may be a secret, and clips it to 1 KiB. It is for
// errors of other packages, which quote what they cannot use. It masks too much rather
// than too little. It keeps words, short numbers, request IDs, addresses and paths.
func Unknown(s string) string {
	s = Clip(s, 16<<10) // the text may come from a server
	if at := body().FindStringSubmatchIndex(s); at != nil {
		code := code().FindStringSubmatch(s[at[0]:]) // the most useful part
		s = s[:max(at[0], at[3])] + Mask
		if code != nil {
			s += " (" + code[1] + ")"
		}
	}
	for _, re := range quoted {
		s = re().ReplaceAllString(s, "${1}"+Mask+"${2}")
	}
	s = word().ReplaceAllStringFunc(s, func(word string) string {
		if isOpaque(word) && !isID().MatchString(word) {
			return Mask
		}
		return word
	})
	return Clip(Phones(s), 1<<10)
}

// isOpaque reports whether a word may be a key or a token: it has more than 6 characters
// in parts that are not plain words or numbers. "x509", "us-west-1a" and "10.0.0.1/24" do
// not. A path may have 24, which is fewer than in a secret that begins with a slash.
func isOpaque(word string) bool {
	allowed := 6
	if word[0] == '/' {
		allowed = 24
	}
	for _, part := range parts().FindAllString(word, -1) {
		if !plain().MatchString(part) {
			allowed -= len(part)
		}
	}
	return allowed < 0
}
