package redact_test

import (
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/cams-go/cams/internal/redact"
)

func TestValuesAreMaskedInEverySpelling(t *testing.T) {
	t.Parallel()
	const token = "test token/+=&<é"
	for name, spelled := range map[string]string{
		"plain":           token,
		"percent":         "test%20token%2F%2B%3D%26%3C%C3%A9",
		"percent twice":   "test%2520token%252F%252B%253D%2526%253C%25C3%25A9",
		"form":            "test+token%2F%2B%3D%26%3C%C3%A9",
		"HTML":            "test token/&#43;=&amp;&lt;é",
		"escaped slashes": `test token\/+=&<é`,
		"JSON":            `test token/+=\u0026\u003cé`,
		"Gson":            `test token/+\u003d\u0026\u003cé`,
		".NET's JSON":     `test token/\u002B=\u0026\u003Cé`,
		"JSON in JSON":    `test token\\/+\\u003d\\u0026<é`,
		"all of it":       `test\u0020token\u002f\u002b\u003d\u0026\u003cé`,
		"percent, lower":  "test%20token%2f%2b%3d%26%3c%c3%a9",
		"form, lower":     "test+token%2f%2b%3d%26%3c%c3%a9",
		"twice, lower":    "test%2520token%252f%252b%253d%2526%253c%25c3%25a9",
		"HTML, all of it": "test&#32;token&#x2F;&#x2b;&#x3D;&#38;&#060;é",
		"HTML by names":   "test token/+=&amp;&lt;é",
		"HTML twice":      "test token/&amp;#43;&amp;#x3D;&amp;amp;&amp;lt;é",
	} {
		assert.Equal(t, "a [redacted] z", redact.Values("a "+spelled+" z", token), name)
	}
	assert.Equal(t, "[redacted]&%2", redact.Values("a%2525b&%2", "a%25b"), "a percent sign, encoded")
	assert.Equal(t, `[redacted]\`, redact.Values(`a\"b\'c\`, `a"b'c`), "quotes, escaped")
	for _, unlike := range []string{"a/b", "a%", "a%2", "a%2g==", `a\`, `a\u`, `a\u00`, `a\u002`, "a&", "a&#", "a&#x", "a&#;==", "a&#47", "a&#303;==", "a&x;==", "a&;=="} {
		assert.Equal(t, unlike, redact.Values(unlike, "a/=="))
	}
	assert.Equal(t, "a b", redact.Values("a b", "", "a"), "short values would shred the text")
}

// The caller's own numbers, however short and however they are grouped.
func TestKnownNumbersAreMaskedHoweverTheyAreGrouped(t *testing.T) {
	t.Parallel()
	const number = "8613800000001"
	for _, spelled := range []string{
		"8613800000001", "86 138 0000 0001", "86-138-0000-0001", "86.138.0000.0001", "86/138/0000/0001", "86 (138) 0000-0001",
		"86\u00a0138\u00a00000\u00a00001", "86\u202f138\u202f0000\u202f0001", "86%20138%200000%200001", "86%C2%A0138%C2%A00000%c2%a00001", "86+138+0000+0001",
		`86\u00a0138\u00A00000\\u202f0001`, "86&nbsp;138&#160;0000&#xA0;0001", "８６１３８０００００００１", "８６ １３８ ００００ ０００１", "٨٦ ١٣٨ ٠٠٠٠ ٠٠٠١", "۸۶۱۳۸۰۰۰۰۰۰۰۱", "८६१३८०००००००१",
		`\uff18\uFF1613800000001`, "%EF%BC%98%ef%bc%9613800000001", "8 6 1 3 8 0 0 0 0 0 0 0 1",
	} {
		assert.Equal(t, "to [redacted] 7 refused", redact.Values("to "+spelled+" 7 refused", number), spelled)
		assert.Equal(t, "to +[redacted] 7 refused", redact.Values("to +"+spelled+" 7 refused", "+"+number), spelled)
	}
	assert.Equal(t, "[redacted] and [redacted]", redact.Values("1234 and 56 78", "5678", "1234"))
	assert.Equal(t, "[redacted] [redacted]", redact.Values("861380000 8613800000001", "861380000", number), "the longer one first")
	assert.Equal(t, "a [redacted] z", redact.Values("a From=8613800000001&To=x z", "From=8613800000001&To=x", number), "what has a number in it goes whole")
	for _, text := range []string{"token1234", "1234token", "1234=", "(a1234)", "1----2345"} {
		assert.Equal(t, "a [redacted] z 1234", redact.Values("a "+text+" z 1234", text), "no number")
	}
	assert.Equal(t, "1, 2, 3, 4 1----2----3----4", redact.Values("1, 2, 3, 4 1----2----3----4", "1234"), "no single number")
	assert.Equal(t, "123 0", redact.Values("123 0", "123", "86138"))
}

func TestRequestIDsStay(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"90E63D28-E31D-1EB2-8939-A94866411B2O": "90E63D28-E31D-1EB2-8939-A94866411B2O",
		"0a06e33f15971234567890123e":           "0a06e33f15971234567890123e",
		"8613800000000":                        "[redacted]",
		"86-138-0000-0001":                     "[redacted]",
		"call 8613800000000":                   "call [redacted]",
		"":                                     "",
	} {
		assert.Equal(t, want, redact.ID(in))
	}
}

// The secrets that credentials-go and others handle, in each place where an error may quote one.
func TestUnknownMasksAnySecretAnywhere(t *testing.T) {
	t.Parallel()
	const base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	random := rand.New(rand.NewPCG(1, 2)) // each run the same
	text := func(alphabet string, n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = alphabet[random.IntN(len(alphabet))]
		}
		return string(b)
	}
	secrets := []struct {
		kind string
		make func() string
	}{
		{"AccessKey secret", func() string { return text(base64[:62], 30) }},
		{"security token", func() string { return "CAIS" + text(base64, 100) + "==" }},
		{"JWT", func() string { return "eyJ" + text(base64[:62]+"-_", 33) + ".eyJ" + text(base64[:62]+"-_", 80) }},
		{"hexadecimal", func() string { return text("0123456789abcdef", 32) }},
		{"letters", func() string { return text(base64[:52], 30) }},
	}
	for _, place := range []string{
		"%s", "x %s y", "refused (%s)", "'%s'", `"%s"`, "[%s]", "key=%s", "user:%s", "id,%s,x", "x;%s", "-k %s: exit status 1",
		"http://h/%s", "http://u:%s@h/", "http://h/?k=%s", "stderr:\n%s\n", "the token is: %s.", "Authorization: Bearer %s",
	} {
		for _, secret := range secrets {
			for range 5 {
				value := secret.make()
				out := redact.Unknown(strings.ReplaceAll(place, "%s", value))
				for i := range len(value) - 12 {
					assert.NotContains(t, out, value[i:i+12], "%s in %s", secret.kind, place)
				}
			}
		}
	}
}

func TestClipKeepsValidUTF8(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "群", redact.Clip("群群", 5))
	assert.Equal(t, "a\uFFFDb", redact.Clip("a\xffb", 10))
	assert.True(t, utf8.ValidString(redact.Clip(strings.Repeat("é", 300), 511)))
}

// A pattern made of the value would take minutes here.
func TestALongValueIsMaskedWithoutAPatternOfIt(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"/", "a/+=", "é&", `"\u0026`} {
		long := strings.Repeat(unit, 16<<10/len(unit))
		escaped := url.QueryEscape(long)
		s := strings.Repeat("a "+escaped+" z", 64<<10/len(escaped)+1)
		assert.Equal(t, strings.ReplaceAll(s, escaped, redact.Mask), redact.Values(s, long), unit)
		assert.Equal(t, s[:len(escaped)-3], redact.Values(s[:len(escaped)-3], long), "%s, but not all of it", unit)
	}
}

func BenchmarkValues(b *testing.B) {
	for _, size := range []int{1 << 10, 4 << 10, 16 << 10} {
		for name, unit := range map[string]string{"slashes": "/", "base64": "CAIS8AF1q6Ft5B2yfSjIr5eDEvz/gLtU+qCm="} {
			value := strings.Repeat(unit, size/len(unit)+1)[:size]
			escaped := url.QueryEscape(value) + " "
			text := strings.Repeat(escaped, 64<<10/len(escaped)+1)[:64<<10]
			b.Run(fmt.Sprintf("%s/%dKiB", name, size>>10), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					redact.Values(text, value, "8613800000001")
				}
			})
		}
	}
}

func TestUnknownIsNoLongerThanAnyoneReads(t *testing.T) {
	t.Parallel()
	assert.LessOrEqual(t, len(redact.Unknown(strings.Repeat("é ", 1<<20))), 1<<10)
}

// spellings are how encoders of several languages write a text.
func spellings(v string) []string {
	object, _ := json.Marshal(v)
	inner := string(object[1 : len(object)-1])
	twice := url.QueryEscape(url.QueryEscape(v))
	gson := strings.NewReplacer("=", `\u003d`, "'", `\u0027`).Replace(inner)
	dotNet := strings.NewReplacer("+", `\u002B`, "'", `\u0027`).Replace(inner)
	mustache := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;", "/", "&#x2F;", "`", "&#x60;", "=", "&#x3D;").Replace(v)
	return []string{
		v, url.QueryEscape(v), url.PathEscape(v), strings.ToLower(url.QueryEscape(v)), twice, html.EscapeString(v),
		inner, gson, dotNet, strings.ReplaceAll(inner, "/", `\/`), mustache,
	}
}

// grouped writes a number with separators that the bytes of seed choose.
func grouped(number, seed string) string {
	separators := []string{"", "", " ", "-", ".", "\u00a0", "\u202f", "%20", "%C2%A0", "%25E2%2580%25AF", "+", "/", ") (", `\u00a0`, `\\u202F`, "&nbsp;", "&amp;#160;"}
	var b strings.Builder
	for i, digit := range number {
		b.WriteRune(digit)
		if i < len(number)-1 {
			b.WriteString(separators[int(seed[i%len(seed)])%len(separators)])
		}
	}
	return b.String()
}

// halfEscape is where an escape ends too early: what follows may look like the rest of it.
var halfEscape = regexp.MustCompile(`(?:%[0-9A-Fa-f]*|\\(?:u[0-9A-Fa-f]*)?|&#?\w*)$`)

// FuzzValues wants no spelling of a secret and of a number in the output, whatever stands around it.
func FuzzValues(f *testing.F) {
	f.Add("a ", "token/+==", " z")
	f.Add("%25", "CAIS8AF1q6Ft5B2yfSjIr5eDEvz/gLtU+qCmYhXwPfZ5oaPJqTz2IHhMf3lpA+8Ys/k=", `\`)
	f.Add("&#x2", "/////", "&amp")
	f.Fuzz(func(t *testing.T, before, secret, after string) {
		if strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`[]\`, r) }) ||
			len(secret) < 4 || strings.Contains(redact.Mask, secret) || halfEscape.MatchString(secret) {
			return
		}
		const number = "8613800000001"
		spelled := grouped(number, secret)
		if !halfEscape.MatchString(before) {
			assert.NotContains(t, redact.Values(before+spelled+after, number), spelled)
		}
		for _, spelling := range spellings(secret) {
			if strings.ToLower(spelling) == spelling && strings.ToLower(secret) != secret {
				continue // lower case of the secret itself is another secret
			}
			if spelling != secret && halfEscape.MatchString(before) && strings.ContainsFunc(secret[:4], isNoLetterOrDigit) {
				continue
			}
			out := redact.Values(before+spelling+after, secret, number)
			assert.NotContains(t, out, secret)
			assert.NotContains(t, out, spelling)
			assert.LessOrEqual(t, len(out), (len(before)+len(spelling)+len(after))*3)
			assert.Equal(t, out, redact.Values(out, secret, number), "the second time")
		}
	})
}

func isNoLetterOrDigit(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9')
}

// FuzzPhones wants no number of ten to fifteen digits in the output, but in
// request IDs, sizes and durations.
func FuzzPhones(f *testing.F) {
	for _, text := range maskedAnswers {
		f.Add(text[0])
	}
	for _, text := range stays {
		f.Add(text)
	}
	for _, seed := range []string{"12345678-1234-1234-1234-1234567890123", "a 1234567 z", "é8613800000001é", "+86 138 0000 0001 2024-01-02", "1 1.1.1.1.1 22"} {
		f.Add(seed)
	}
	uuid := regexp.MustCompile(`[0-9A-Za-z]{8}-[0-9A-Za-z]{4}-[0-9A-Za-z]{4}-[0-9A-Za-z]{4}-[0-9A-Za-z]{12}`)
	glued := regexp.MustCompile(`\w\+`)
	size := regexp.MustCompile(`[0-9] ?([KMGTbBnµmsh])`)
	digits := regexp.MustCompile(`(^|[^0-9])[0-9]{10,15}($|[^0-9])`)
	f.Fuzz(func(t *testing.T, s string) {
		out := redact.Phones(s)
		assert.LessOrEqual(t, len(out), 2*len(s))
		if !glued.MatchString(s) { // a plus after a letter or digit starts no number
			assert.Equal(t, out, redact.Phones(out), "the second time")
		}
		if strings.Contains(s, "0000") || uuid.MatchString(s) || size.MatchString(s) {
			return
		}
		assert.Empty(t, digits.FindString(out), "%q", out)
		assert.NotContains(t, redact.Phones(s+" call +86 138-0000.0002 now"), "0000", "%q", s)
	})
}

// FuzzUnknown wants the secret gone, the text short and valid, and no change the second time.
func FuzzUnknown(f *testing.F) {
	f.Add("cannot refresh ", "hunter2hunter2", " in time")
	f.Add("token (", "A1b2C3d4E5", ")")
	f.Fuzz(func(t *testing.T, before, secret, after string) {
		out := redact.Unknown(before + secret + after)
		assert.LessOrEqual(t, len(out), 1<<10)
		assert.True(t, utf8.ValidString(out))
		assert.Equal(t, out, redact.Unknown(out), "the second time")
		if len(secret) < 8 || len(before) > 200 || !strings.ContainsAny(secret, "0123456789") || strings.ContainsAny(before, "\"'`\\?") ||
			strings.ContainsFunc(secret, isNoLetterOrDigit) || strings.Contains(before, secret) || strings.Contains(after, secret) {
			return
		}
		for _, format := range []string{`%s AccessKeySecret: %s %s`, `%s{"SecurityToken":"%s"}%s`, `%s secret="%s" %s`, `%s Authorization: Bearer %s %s`, `%s https://me:%s@host/%s`, `%s https://host/?k=%s %s`} {
			assert.NotContains(t, redact.Unknown(fmt.Sprintf(format, before, secret, after)), secret)
		}
	})
}
