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

func TestPhonesAreMasked(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                            "",
		"status 404 on 2024-01-02":    "status 404 on 2024-01-02",
		"8613800000000":               "[redacted]",
		"+8613800000000, 4479001234.": "+[redacted], [redacted].",
		"From%3D8613800000000%26":     "From%3D[redacted]%26",
		"ID 90E63D28-E31D-1EB2-8939-12345678901O 1234567":  "ID 90E63D28-E31D-1EB2-8939-12345678901O [redacted]",
		"12345678-1234-1234-1234-123456789012-86138000000": "12345678-1234-1234-1234-123456789012-[redacted]",
		"12345678-1234-1234-1234-12345678901":              "[redacted]-1234-1234-1234-[redacted]",
		"ABCDEFAB-1234-1234-1234-8613800000000":            "ABCDEFAB-1234-1234-1234-[redacted]",
		"123456 is short, 1234567 not":                     "123456 is short, [redacted] not",
	} {
		assert.Equal(t, want, redact.Phones(in))
	}
}

func TestRequestIDsStay(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"90E63D28-E31D-1EB2-8939-A94866411B2O": "90E63D28-E31D-1EB2-8939-A94866411B2O",
		"0a06e33f15971234567890123e":           "0a06e33f15971234567890123e",
		"8613800000000":                        "[redacted]",
		"call 8613800000000":                   "call [redacted]",
		"":                                     "",
	} {
		assert.Equal(t, want, redact.ID(in))
	}
}

func TestUnknownMasksWhatLooksLikeASecret(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"a JSON body":       `refresh credentials from http://127.0.0.1/ failed: {"AccessKeySecret":"hunter2"}`,
		"key and value":     "AccessKeyId: x, AccessKeySecret: hunter2, SecurityToken: hunter2, Expiration: z",
		"an ini line":       "key-value delimiter not found: hunter2",
		"an assignment":     "bad access_key_secret = hunter2",
		"userinfo":          "get http://me:hunter2@host/path: refused",
		"a query":           "get http://host/path?k=hunter2: refused",
		"a long opaque run": "cannot use hunter2hunter2hunter2hunter2",
		"an XML body":       "answer <Secret>hunter2</Secret>",
	} {
		out := redact.Unknown(in)
		assert.NotContains(t, out, "hunter2", name)
		assert.NotEmpty(t, out, name)
	}
}

// The secrets that credentials-go and others handle, in each place where an error may quote one.
func TestUnknownMasksAnySecretAnywhere(t *testing.T) {
	t.Parallel()
	const base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	text := func(alphabet string, n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = alphabet[rand.IntN(len(alphabet))]
		}
		return string(b)
	}
	secrets := map[string]func() string{
		"AccessKey secret": func() string { return text(base64[:62], 30) },
		"security token":   func() string { return "CAIS" + text(base64, 100) + "==" },
		"JWT":              func() string { return "eyJ" + text(base64[:62]+"-_", 33) + ".eyJ" + text(base64[:62]+"-_", 80) },
		"hexadecimal":      func() string { return text("0123456789abcdef", 32) },
		"letters":          func() string { return text(base64[:52], 30) },
	}
	for _, place := range []string{
		"%s", "x %s y", "refused (%s)", "'%s'", `"%s"`, "[%s]", "key=%s", "user:%s", "id,%s,x", "x;%s", "-k %s: exit status 1",
		"http://h/%s", "http://u:%s@h/", "http://h/?k=%s", "stderr:\n%s\n", "the token is: %s.", "Authorization: Bearer %s",
	} {
		for kind, secret := range secrets {
			for range 5 {
				secret := secret()
				out := redact.Unknown(strings.ReplaceAll(place, "%s", secret))
				for i := range len(secret) - 12 {
					assert.NotContains(t, out, secret[i:i+12], "%s in %s", kind, place)
				}
			}
		}
	}
}

// What looks like a secret is masked, whatever it is.
func TestUnknownRatherMasksTooMuch(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"request 90e63d28-e31d-1eb2-8939-a94866411b2f": "request [redacted]",
		"acs:ram::1234567890123456:role/admin":         "acs:ram::[redacted]:role/admin",
		"get token: connection refused":                "get token: [redacted] refused",
		"the token ABC is bad":                         "the token [redacted] is bad",
		"open /home/user12345/0123456789abcdef0":       "open [redacted]",
	} {
		assert.Equal(t, want, redact.Unknown(in))
	}
}

func TestUnknownKeepsWhatHelps(t *testing.T) {
	t.Parallel()
	for _, harmless := range []string{
		"unable to get credentials: ALIBABA_CLOUD_ACCESS_KEY_ID must be set; dial tcp 127.0.0.1:80: connect: connection refused",
		"Access key secret must be specified via environment variable (ALIBABA_CLOUD_ACCESS_KEY_SECRET)",
		"the security token is empty",
		"sts_token is empty",
		"CloudSSO access token is empty or expired, please re-login with cli",
		"get metadata token failed: dial tcp: no route to host",
		"open /var/run/secrets/tokens/oidc-token: no such file or directory",
		"open /home/A1/Library/Application-Support-Of-Somebody/config: no such file or directory",
		"cams: ListChatGroupParticipants: no credentials",
		"tls: failed to verify certificate: x509: certificate has expired or is not yet valid",
		"Get \"http://100.100.100.200/latest/meta-data/ram/security-credentials/\": dial tcp 100.100.100.200:80: i/o timeout",
		"post https://sts.cn-hangzhou.aliyuncs.com: http2: client connection lost",
		`exec: "aliyun": executable file not found in $PATH`,
		"open C:\\Users\\somebody\\.alibabacloud\\credentials: The system cannot find the file specified.",
		"unable to get credentials from any of the providers in the chain: unable to get credentials from enviroment variables, " +
			"get role name failed: Get http://100.100.100.200/latest/meta-data/: dial tcp 100.100.100.200:80: i/o timeout",
		"获取凭证失败，请检查配置",
	} {
		assert.Equal(t, harmless, redact.Unknown(harmless))
	}
	assert.Equal(t, "refresh session token failed: [redacted] (NoPermission)",
		redact.Unknown(`refresh session token failed: {"Message":"hunter2","Code":"NoPermission","Secret":"hunter2"}`))
	assert.LessOrEqual(t, len(redact.Unknown(strings.Repeat("é ", 1<<20))), 1<<10, "no more than anyone reads")
}

func TestClipKeepsValidUTF8(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "群", redact.Clip("群群", 5))
	assert.Equal(t, "a\uFFFDb", redact.Clip("a\xffb", 10))
	assert.True(t, utf8.ValidString(redact.Clip(strings.Repeat("é", 300), 511)))
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

// FuzzValues wants no spelling of a secret in the output, whatever stands around it.
func FuzzValues(f *testing.F) {
	f.Add("a ", "token/+==", " z")
	f.Add("%25", "CAIS8AF1q6Ft5B2yfSjIr5eDEvz/gLtU+qCmYhXwPfZ5oaPJqTz2IHhMf3lpA+8Ys/k=", `\`)
	f.Add("&#x2", "/////", "&amp")
	f.Fuzz(func(t *testing.T, before, secret, after string) {
		if strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`[]\`, r) }) ||
			len(secret) < 4 || strings.Contains(redact.Mask, secret) {
			return
		}
		for _, spelling := range spellings(secret) {
			if strings.ToLower(spelling) == spelling && strings.ToLower(secret) != secret {
				continue // lower case of the secret itself is another secret
			}
			out := redact.Values(before+spelling+after, secret)
			assert.NotContains(t, out, secret)
			assert.NotContains(t, out, spelling)
			assert.LessOrEqual(t, len(out), (len(before)+len(spelling)+len(after))*len(redact.Mask))
		}
	})
}

// FuzzPhones wants no number of seven or more digits in the output, but in UUIDs.
func FuzzPhones(f *testing.F) {
	for _, seed := range []string{"+8613800000000", "12345678-1234-1234-1234-1234567890123", "a 1234567 z", "é1234567é"} {
		f.Add(seed)
	}
	uuid := regexp.MustCompile(`[0-9A-Za-z]{8}-[0-9A-Za-z]{4}-[0-9A-Za-z]{4}-[0-9A-Za-z]{4}-[0-9A-Za-z]{12}($|[^0-9A-Za-z])`)
	digits := regexp.MustCompile(`[0-9]{7}`)
	f.Fuzz(func(t *testing.T, s string) {
		out := redact.Phones(s)
		assert.Equal(t, out, redact.Phones(out))
		assert.Empty(t, digits.FindString(uuid.ReplaceAllString(out, " $1")), "%q", out)
	})
}

// FuzzUnknown wants the secret gone, the text short, and no change the second time.
func FuzzUnknown(f *testing.F) {
	f.Add("cannot refresh ", "hunter2hunter2", " in time")
	f.Add("token (", "A1b2C3d4E5", ")")
	f.Fuzz(func(t *testing.T, before, secret, after string) {
		if len(secret) < 8 || len(before) > 200 || !strings.ContainsAny(secret, "0123456789") || strings.ContainsAny(before, "\"'`\\?") || strings.ContainsFunc(secret, func(r rune) bool {
			return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9')
		}) || strings.Contains(before, secret) || strings.Contains(after, secret) {
			return
		}
		for _, format := range []string{`%s AccessKeySecret: %s %s`, `%s{"SecurityToken":"%s"}%s`, `%s secret="%s" %s`, `%s Authorization: Bearer %s %s`, `%s https://me:%s@host/%s`, `%s https://host/?k=%s %s`} {
			out := redact.Unknown(fmt.Sprintf(format, before, secret, after))
			assert.NotContains(t, out, secret)
			assert.LessOrEqual(t, len(out), 1<<10)
			assert.True(t, utf8.ValidString(out))
		}
	})
}
