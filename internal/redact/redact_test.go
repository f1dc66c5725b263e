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

// What gateways answer to a signature that is wrong: all that they signed.
func TestWhatGatewaysEchoOfTheRequestIsMasked(t *testing.T) {
	t.Parallel()
	const token, signature, number = "CAIS+a/b==", "oRyM9/x+k=", "8613800000001"
	for in, want := range map[string]string{
		"server string to sign is:POST&%2F&BusinessNumber%3D8613800000001%26SecurityToken%3DCAIS%252Ba%252Fb%253D%253D%26Version%3D2020-06-06": "server string to sign is:POST&%2F&BusinessNumber%3D[redacted]%26SecurityToken%3D[redacted]%26Version%3D2020-06-06",
		"canonical request is: POST\n/\n\nx-acs-security-token:CAIS+a/b==\nx-acs-version:2020-06-06":                                           "canonical request is: POST\n/\n\nx-acs-security-token:[redacted]\nx-acs-version:2020-06-06",
		`{"Message":"token CAIS+a\/b\u003D\u003d for 86 138 0000 0001"}`:                                                                       `{"Message":"token [redacted] for [redacted]"}`,
		"<a href=\"/?Signature=oRyM9%2fx%2bk%3d&amp;x=1\">oRyM9&#x2F;x&plus;k&#61;</a>":                                                        "<a href=\"/?Signature=[redacted]&amp;x=1\">[redacted]</a>",
	} {
		assert.Equal(t, want, redact.Values(in, token, signature, number), in)
	}
}

// What Phones, and so every text that the package shows, says nothing of.
func TestPhoneNumbersAreMasked(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"8613800000000":                                    "[redacted]",
		"+8613800000000, 4479001234.":                      "+[redacted], [redacted].",
		"From%3D8613800000000%26":                          "From%3D[redacted]%26",
		"+86 138 0000 0001 is not a member":                "+[redacted] is not a member",
		"call +1 (415) 555-0100 now":                       "call +[redacted] now",
		"call 1-415-555-0100 now":                          "call 1-[redacted] now",
		"138.0013.8000.01 is blocked":                      "[redacted] is blocked",
		"138-0013-8000 is blocked":                         "[redacted] is blocked",
		"06.12.34.56.78 is blocked":                        "[redacted] is blocked",
		"+33 142.34.56.78 is no address":                   "+[redacted] is no address",
		"+44 (0)20 7946 0958":                              "+[redacted]",
		"86\u00a0138\u202f0000\u00a00001":                  "[redacted]",
		"８６１３８０００００００１ 未注册":                                "[redacted] 未注册",
		"+290 22222 is short, but has a plus":              "+[redacted] is short, but has a plus",
		"138%200000%200001":                                "[redacted]",
		"8613800000001-1546300800@g.us":                    "[redacted]-[redacted]@g.us",
		"8613800000001 2024-01-02":                         "[redacted] 2024-01-02",
		"status 404 2024-01-02 15:04:05 4479001234":        "status 404 2024-01-02 15:04:05 [redacted]",
		"12345678-1234-1234-1234-123456789012-86138000000": "12345678-1234-1234-1234-123456789012-[redacted]",
		"138-0013-8000 s'il vous plaît":                    "[redacted] s'il vous plaît",
		"404 8613800000001 20 times":                       "404 [redacted] 20 times",
		"1234567890123456 138 0000 0001":                   "1234567890123456 [redacted]",
		"wa:8613800000001/8613800000002":                   "wa:[redacted]/[redacted]",
	} {
		assert.Equal(t, want, redact.Phones(in), in)
	}
}

func TestWhatIsNoPhoneNumberStays(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"",
		"status 404 on 2024-01-02",
		"the maximum size is 5242880 bytes",
		"the maximum size is 1073741824 bytes",
		"valid from 2024-01-02T15:04:05Z to 2024-01-02 15:04:05.123456789 +0800",
		"code 403 2024-01-02T15:04:05+08:00",
		"timed out after 12.345678901s",
		"Mon Jan 02 15:04:05 +0800 2024",
		"90E63D28-E31D-1EB2-8939-A94866411B2O",
		"RequestId: 12345678-1234-1234-1234-123456789012.",
		"acs:ram::1234567890123456:role/admin",
		"1234567890123456.cn-hangzhou.fc.aliyuncs.com",
		"dial tcp 100.100.100.200:80: i/o timeout",
		"port 8080 192.168.100.200 192.168.100.201",
		"[2001:db8::1]:443",
		"credentials-go v1.4.14, v0.0.0-20180228061459-e0a39a4cb421, Windows 10.0.19045.3803",
		"cams.ap-southeast-1.aliyuncs.com, version 2020-06-06",
		"0, 12, 345, 6789 or 1234567",
		"5,242,880 of 10,485,760",
		"群成员数量不能超过 1024 个",
		"a request ID is missing",
		"120363025246125486@g.us",
	} {
		assert.Equal(t, in, redact.Phones(in))
	}
}

// The caller's own numbers, however short and however they are grouped.
func TestKnownNumbersAreMaskedHoweverTheyAreGrouped(t *testing.T) {
	t.Parallel()
	const number = "8613800000001"
	for _, spelled := range []string{
		"8613800000001", "86 138 0000 0001", "86-138-0000-0001", "86.138.0000.0001", "86/138/0000/0001", "86 (138) 0000-0001",
		"86\u00a0138\u00a00000\u00a00001", "86\u202f138\u202f0000\u202f0001", "86%20138%200000%200001", "86%C2%A0138%C2%A00000%c2%a00001", "86+138+0000+0001",
		`86\u00a0138\u00A00000\\u202f0001`, "86&nbsp;138&#160;0000&#xA0;0001", "８６１３８０００００００１", "８６ １３８ ００００ ０００１", "8 6 1 3 8 0 0 0 0 0 0 0 1",
	} {
		assert.Equal(t, "to [redacted] 7 refused", redact.Values("to "+spelled+" 7 refused", number), spelled)
		assert.Equal(t, "to +[redacted] 7 refused", redact.Values("to +"+spelled+" 7 refused", "+"+number), spelled)
	}
	assert.Equal(t, "[redacted] and [redacted]", redact.Values("1234 and 56 78", "5678", "1234"))
	assert.Equal(t, "[redacted] [redacted]", redact.Values("861380000 8613800000001", "861380000", number), "the longer one first")
	assert.Equal(t, "a [redacted] z", redact.Values("a From=8613800000001&To=x z", "From=8613800000001&To=x", number), "what has a number in it goes whole")
	assert.Equal(t, "123 0", redact.Values("123 0", "123", "86138"))
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

// The errors of credentials-go, of gateways and of net/url, which quote what they could not use.
func TestUnknownMasksWhatLooksLikeASecret(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`refresh credentials from GET http://127.0.0.1/ failed: {"AccessKeySecret":"hunter2"}`:                          "refresh credentials from GET http://127.0.0.1/ failed: [redacted]",
		`get credentials from GET http://127.0.0.1/ failed: hunter2`:                                                    "get credentials from GET http://127.0.0.1/ failed: [redacted]",
		`refresh session token failed: {"Message":"hunter2","Code":"NoPermission","Secret":"hunter2"}`:                  "refresh session token failed: [redacted] (NoPermission)",
		`get session token failed: {"Code":"AuthenticationFail.OIDCToken.Invalid","Message":"hunter2"}`:                 "get session token failed: [redacted] (AuthenticationFail.OIDCToken.Invalid)",
		"get session token from sso failed: hunter2":                                                                    "get session token from sso failed: [redacted]",
		"get session token from OAuth failed: hunter2":                                                                  "get session token from OAuth failed: [redacted]",
		"refresh session token err, fail to get credentials from OAuth: hunter2":                                        "refresh session token err, fail to get credentials from OAuth: [redacted]",
		"failed to refresh token from OAuth: hunter2":                                                                   "failed to refresh token from OAuth: [redacted]",
		"refresh Ecs sts token err, httpStatus: 500, message = hunter2":                                                 "refresh Ecs sts token err, httpStatus: 500, message = [redacted]",
		"unmarshal aliyun cli config from '/home/me/.aliyun/config.json' failed: hunter2":                               "unmarshal aliyun cli config from '/home/me/.aliyun/config.json' failed: [redacted]",
		"refresh RoleArn sts token err: AccessKeyId: x, AccessKeySecret: hunter2, SecurityToken: hunter2, Expiration: ": "refresh RoleArn sts token err: AccessKeyId: x, AccessKeySecret: [redacted], SecurityToken: [redacted], Expiration: ",
		"refresh KeyPair err: SessionAccessKeyId: x, SessionAccessKeySecret: hunter2":                                   "refresh KeyPair err: SessionAccessKeyId: x, SessionAccessKeySecret: [redacted]",
		"ERROR: Can not load sectionkey-value delimiter not found: hunter2":                                             "ERROR: Can not load sectionkey-value delimiter not found: [redacted]",
		`failed to execute external command: exit status 1
stderr: bad access_key_secret = hunter2`: "failed to execute external command: exit status 1\nstderr: bad access_key_secret = [redacted]",
		`parsing time "hunter2" as "2006-01-02T15:04:05Z07:00"`:                                         "parsing time [redacted]",
		"get http://me:hunter2@host/path: refused":                                                      "get http://[redacted]@host/path: refused",
		"get http://host/path?k=hunter2: refused":                                                       "get http://host/path?[redacted] refused",
		"cannot use hunter2hunter2hunter2hunter2":                                                       "cannot use [redacted]",
		"answer <Secret>hunter2</Secret>":                                                               "answer [redacted]",
		"Specified signature is not matched. server string to sign is:POST&%2F&SecurityToken%3Dhunter2": "Specified signature is not matched. server string to sign is:[redacted]",
		`parse "http://me:hun ter2@proxy:8080": net/url: invalid userinfo`:                              "parse [redacted]: net/url: invalid userinfo",
		`parse "http://me:hunter2": invalid port ":hunter2" after host`:                                 "parse [redacted]: invalid port [redacted] after host",
		`parse "me:hunter2@proxy:8080": first path segment in URL cannot contain colon`:                 "parse [redacted]: first path segment in URL cannot contain colon",
		`parse "http://me:%hunter2@proxy": invalid URL escape "%hu"`:                                    "parse [redacted]: invalid URL escape [redacted]",
		"proxyconnect tcp: cannot reach me:hunter2@proxy:8080":                                          "proxyconnect tcp: cannot reach [redacted]@proxy:8080",
		"Authorization: Bearer hunter2":                                                                 "Authorization: Bearer [redacted]",
		"the api key=hunter2 is bad":                                                                    "the api key=[redacted] is bad",
		"the token ABC is bad":                                                                          "the token [redacted] is bad",
		"+86 138 0000 0001 may not assume acs:ram::1234567890123456:role/admin":                         "+[redacted] may not assume acs:ram::1234567890123456:role/admin",
		"open /home/user12345/0123456789abcdef0":                                                        "open [redacted]",
	} {
		assert.Equal(t, want, redact.Unknown(in), in)
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
		"request 90E63D28-E31D-1EB2-8939-A94866411B2O failed",
		"request 90e63d28-e31d-1eb2-8939-a94866411b2f failed",
		"You are not authorized to do this action: acs:ram::1234567890123456:role/admin",
		"refresh Ecs sts token err: the session expired at 2024-01-02T15:04:05Z",
		"command process timed out after 60000 milliseconds",
		"unable to get profile with 'default'",
		"read /etc/ssl/certs: x509: certificate signed by unknown authority",
		"lookup cams.ap-southeast-1.aliyuncs.com on 127.0.0.53:53: no such host",
		"the maximum size is 5242880 bytes",
		"failed to refresh token, status code: 503",
		"using credentials-go v1.4.14 with go1.26.8",
		"write tcp 10.0.0.1:54321->100.100.100.200:443: write: broken pipe",
		"net/http: TLS handshake timeout after 10s",
	} {
		assert.Equal(t, harmless, redact.Unknown(harmless))
	}
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

// FuzzPhones wants no number of ten to fifteen digits in the output, but in
// request IDs, versions, sizes and durations.
func FuzzPhones(f *testing.F) {
	for _, seed := range []string{"+8613800000000", "12345678-1234-1234-1234-1234567890123", "a 1234567 z", "é8613800000001é", "+86 138 0000 0001 2024-01-02", "1 1.1.1.1.1 22"} {
		f.Add(seed)
	}
	uuid := regexp.MustCompile(`[0-9A-Za-z]{8}-[0-9A-Za-z]{4}-[0-9A-Za-z]{4}-[0-9A-Za-z]{4}-[0-9A-Za-z]{12}`)
	version := regexp.MustCompile(`v\d+\.\d+\.\d+[\w.+-]*`)
	size := regexp.MustCompile(`[0-9] ?([KMGTbBnµms])`)
	digits := regexp.MustCompile(`(^|[^0-9])[0-9]{10,15}($|[^0-9])`)
	f.Fuzz(func(t *testing.T, s string) {
		if uuid.MatchString(s) || version.MatchString(s) || size.MatchString(s) {
			return
		}
		out := redact.Phones(s)
		assert.Empty(t, digits.FindString(out), "%q", out)
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
