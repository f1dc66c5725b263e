package redact

import (
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Values masks each of these values in s, in every form in which an answer may repeat
// it: plain, percent-encoded, form-encoded, escaped for HTML or JSON, or several of these
// nested. Numbers are also masked in groups and in the digits of any script. Values
// shorter than four bytes are not masked, because they match too much.
func Values(s string, values ...string) string {
	var texts, numbers []string
	for _, v := range values {
		decoded := decodings(v, nil)
		if number := decoded[0].rewrite(digits()).text; len(number) >= 4 && !strings.Contains(number, " ") {
			numbers = append(numbers, number)
			continue
		}
		for _, d := range decoded {
			if len(d.text) >= 4 {
				texts = append(texts, d.text)
			}
		}
	}
	hidden := make([]bool, len(s))
	all := decodings(s, nil)
	if len(all) > 1 { // decode again, this time keeping what only looks like an escape
		all = append(all, decodings(s, slices.Concat(texts, numbers))[1:]...)
	}
	for _, d := range all {
		d.hide(hidden, texts)
		d.rewrite(digits()).hide(hidden, numbers)
	}
	var b strings.Builder
	for i := range len(s) {
		if !hidden[i] {
			b.WriteByte(s[i])
		} else if i == 0 || !hidden[i-1] {
			b.WriteString(Mask)
		}
	}
	return b.String()
}

// decoding is a decoded text. from and to have, for each of its bytes, where it starts and
// ends in the original. They are nil for the original itself.
type decoding struct {
	text     string
	from, to []int32
}

func (d decoding) origin(start, end int) (from, to int32) {
	if d.from == nil {
		return int32(start), int32(end)
	}
	return d.from[start], d.to[end-1]
}

// decodings returns s, s decoded once, decoded twice, and so on until it no longer
// changes, at most eight texts.
func decodings(s string, texts []string) []decoding {
	all := []decoding{{text: s}}
	for last := all[0]; len(all) < 8 && strings.ContainsAny(last.text, `+%&\`); all = append(all, last) {
		next := last.rewrite(func(s string) (string, int) { return unescape(s, texts) })
		if next.text == last.text {
			break
		}
		last = next
	}
	return all
}

// rewrite builds a new text from d. Each call of step replaces the first n bytes of the
// rest of the text by text.
func (d decoding) rewrite(step func(rest string) (text string, n int)) decoding {
	var b strings.Builder
	starts, ends := []int32{}, []int32{}
	for i := 0; i < len(d.text); {
		text, n := step(d.text[i:])
		b.WriteString(text)
		from, to := d.origin(i, i+n)
		for range len(text) {
			starts, ends = append(starts, from), append(ends, to)
		}
		i += n
	}
	return decoding{b.String(), starts, ends}
}

// hide marks in hidden the bytes of the original that make up each occurrence of texts.
func (d decoding) hide(hidden []bool, texts []string) {
	for _, text := range texts {
		at := 0
		for before := range strings.SplitSeq(d.text, text) {
			if at += len(before); at == len(d.text) {
				break
			}
			for from, to := d.origin(at, at+len(text)); from < to; from++ {
				hidden[from] = true
			}
			at += len(text)
		}
	}
}

var escape = lazy(`^(?:%[0-9A-Fa-f]{2}`, `(?:\\u[Dd][89ABab][0-9A-Fa-f]{2})?\\u[0-9A-Fa-f]{4}`, `\\[^0-9A-Za-z]`, `&#?\w{1,31};)`)

// unescape decodes the first character of s, which may be an escape of a URL, JSON or
// HTML. It does not decode an escape that overlaps the start of one of texts.
func unescape(s string, texts []string) (plain string, n int) {
	switch s[0] {
	case '+': // in a form
		return " ", 1
	case '%', '&', '\\':
	default:
		return s[:1], 1
	}
	token := escape().FindString(s)
	n = len(token)
	if n == 0 || slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(s[1:min(n+3, len(s))], t[:4]) }) {
		return s[:1], 1
	}
	switch {
	case s[0] == '%':
		token, _ = url.PathUnescape(token)
	case s[0] == '&':
		token = html.UnescapeString(token)
	case json.Unmarshal([]byte(`"`+token+`"`), &token) != nil:
		token = token[1:]
	}
	return token, n
}

// digits returns a step for rewrite that keeps only digits, in ASCII, and puts a space
// where a number ends. Digits of one number have at most three separators between them.
func digits() func(string) (string, int) {
	gap := 0
	return func(s string) (string, int) {
		r, n := utf8.DecodeRuneInString(s)
		if unicode.IsDigit(r) {
			digit := 0
			for ; unicode.IsDigit(r - 1); r-- {
				digit++
			}
			gap = 0
			return "0123456789"[digit%10:][:1], n
		}
		gap++
		if gap > 4 || gap < 4 && (strings.ContainsRune("./()+", r) || unicode.In(r, unicode.White_Space, unicode.Z, unicode.Pd, unicode.Cf)) {
			return "", n
		}
		gap = 4
		return " ", n
	}
}
