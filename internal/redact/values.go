package redact

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Values masks each of these values in s, see [Known.Mask].
func Values(s string, values ...string) string { return NewKnown(values...).Mask(s) }

// Known is a set of values to mask.
type Known struct{ texts, numbers, all index }

// NewKnown returns the set of these values. Values shorter than four bytes are left out,
// because they match too much.
func NewKnown(values ...string) *Known {
	known := &Known{index{}, index{}, index{}}
	for _, v := range values {
		decoded := decodings(v, nil)
		if number := decoded[0].rewrite(digits()).text; len(number) >= 4 && !strings.Contains(number, " ") {
			known.numbers.add(number)
			known.all.add(number)
			continue
		}
		for _, d := range decoded {
			known.texts.add(d.text)
			known.all.add(d.text)
		}
	}
	return known
}

// Mask masks the values in s, in every form in which an answer may repeat them: plain,
// percent-encoded, form-encoded, escaped for HTML or JSON, or several of these nested.
// Numbers are also masked in groups and in the digits of any script.
func (k *Known) Mask(s string) string {
	hidden := make([]bool, len(s))
	all := decodings(s, nil)
	if len(all) > 1 { // decode again, this time keeping what only looks like an escape
		all = append(all, decodings(s, k.all)[1:]...)
	}
	for _, d := range all {
		d.hide(hidden, k.texts)
		if len(k.numbers) > 0 {
			d.rewrite(digits()).hide(hidden, k.numbers)
		}
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

// index has texts by their first bytes, so that searching a text for thousands of values
// takes little longer than for one.
type index map[string][]string

const indexed = 4 // bytes

func (x index) add(text string) {
	if len(text) >= indexed {
		x[text[:indexed]] = append(x[text[:indexed]], text)
	}
}

// startingLike returns the texts that have the first bytes of s.
func (x index) startingLike(s string) []string {
	if len(s) < indexed {
		return nil
	}
	return x[s[:indexed]]
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
func decodings(s string, texts index) []decoding {
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
func (d decoding) hide(hidden []bool, texts index) {
	var marked int32
	for at := range len(d.text) {
		for _, text := range texts.startingLike(d.text[at:]) {
			if strings.HasPrefix(d.text[at:], text) {
				from, to := d.origin(at, at+len(text))
				for marked = max(marked, from); marked < to; marked++ {
					hidden[marked] = true
				}
			}
		}
	}
}

var escape = lazy(`^(?:%[0-9A-Fa-f]{2}`, `(?:\\u[Dd][89ABab][0-9A-Fa-f]{2})?\\u[0-9A-Fa-f]{4}`, `\\[^0-9A-Za-z]`, `&#?\w{1,31};)`)

// unescape decodes the first character of s, which may be an escape of a URL, JSON or
// HTML. It does not decode an escape that overlaps the start of one of texts.
func unescape(s string, texts index) (plain string, n int) {
	switch s[0] {
	case '+': // in a form
		return " ", 1
	case '%', '&', '\\':
	default:
		return s[:1], 1
	}
	token := escape().FindString(s)
	n = len(token)
	if n == 0 {
		return s[:1], 1
	}
	for i := 1; i < n; i++ {
		if len(texts.startingLike(s[i:])) > 0 {
			return s[:1], 1
		}
	}
	switch {
	case s[0] == '%':
		token, _ = url.PathUnescape(token)
	case s[0] == '&':
		token = unescapeHTML(token)
	case json.Unmarshal([]byte(`"`+token+`"`), &token) != nil:
		token = token[1:]
	}
	return token, n
}

// entities are the named entities of the characters that encoders escape. Package html
// knows two thousand, which would make each program 150 KB larger.
var entities = map[string]string{
	"amp": "&", "lt": "<", "gt": ">", "quot": `"`, "apos": "'", "nbsp": "\u00a0", "plus": "+", "equals": "=", "sol": "/", "percnt": "%",
}

// unescapeHTML decodes an entity, such as &#43; or &plus;. It returns others unchanged.
func unescapeHTML(entity string) string {
	name := strings.ToLower(entity[1 : len(entity)-1])
	if plain, ok := entities[name]; ok {
		return plain
	}
	number, isNumber := strings.CutPrefix(name, "#")
	base := 10
	if hexadecimal, ok := strings.CutPrefix(number, "x"); ok {
		number, base = hexadecimal, 16
	}
	if code, err := strconv.ParseInt(number, base, 32); isNumber && err == nil {
		return string(rune(code))
	}
	return entity
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
