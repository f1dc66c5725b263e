package redact_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cams-go/cams/internal/redact"
)

// What the texts of the tables may hold: the signature and token of a request, and its numbers.
const (
	knownToken     = "CAIS+a/b=="
	knownSignature = "oRyM9/x+k="
	knownNumber    = "8613800000001"
)

// shown is what people see of a text of the service, or of a gateway before it.
func shown(s string) string {
	return redact.Phones(redact.Values(s, knownToken, knownSignature, knownNumber))
}

// Texts of the service, of Meta behind it and of gateways: {as sent, as shown}.
var maskedAnswers = [][2]string{
	// Gateways echo all that they signed, for both signatures.
	{"Specified signature is not matched with our calculation. server string to sign is:POST&%2F&BusinessNumber%3D8613800000001%26SecurityToken%3DCAIS%252Ba%252Fb%253D%253D%26Version%3D2020-06-06",
		"Specified signature is not matched with our calculation. server string to sign is:POST&%2F&BusinessNumber%3D[redacted]%26SecurityToken%3D[redacted]%26Version%3D2020-06-06"},
	{"canonical request is: POST\n/\nBusinessNumber=8613800000001\nx-acs-security-token:CAIS+a/b==\nx-acs-version:2020-06-06",
		"canonical request is: POST\n/\nBusinessNumber=[redacted]\nx-acs-security-token:[redacted]\nx-acs-version:2020-06-06"},
	{"Authorization: ACS3-HMAC-SHA256 Credential=id,SignedHeaders=host,Signature=oRyM9/x+k=", "Authorization: ACS3-HMAC-SHA256 Credential=id,SignedHeaders=host,Signature=[redacted]"},
	{`{"Message":"token CAIS+a\/b\u003D\u003d for 86 138 0000 0001"}`, `{"Message":"token [redacted] for [redacted]"}`},
	{`{"body":"{\\"token\\":\\"CAIS+a\\/b\\u003d\\u003d\\"}"}`, `{"body":"{\\"token\\":\\"[redacted]\\"}"}`},
	{"<a href=\"/?Signature=oRyM9%2fx%2bk%3d&amp;x=1\">oRyM9&#x2F;x&plus;k&#61;</a>", "<a href=\"/?Signature=[redacted]&amp;x=1\">[redacted]</a>"},
	{`{"url":"\/?Signature=oRyM9%2Fx%2Bk%3D\u0026x=1"}`, `{"url":"\/?Signature=[redacted]\u0026x=1"}`},
	{"body=%7B%22token%22%3A%22CAIS%2Ba%5C%2Fb%5Cu003d%5Cu003d%22%7D", "body=%7B%22token%22%3A%22[redacted]%22%7D"}, // JSON in a form
	// The numbers of the request.
	{"+86 138 0000 0001 is not a member", "+[redacted] is not a member"},
	{"(#131030) Recipient phone number 86-138-0000-0001 not in allowed list", "(#131030) Recipient phone number [redacted] not in allowed list"},
	{"86.138.0000.0001", "[redacted]"},
	{"8 6 1 3 8 0 0 0 0 0 0 0 1", "[redacted]"},
	{"86\u00a0138\u202f0000\u00a00001", "[redacted]"},
	{"８６ １３８ ００００ ０００１ 未注册", "[redacted] 未注册"},
	{`\uff18\uff16\u00a0138 0000 0001`, "[redacted]"},
	{"From%3D%2B86%20138%200000%200001%26", "From%3D%2B[redacted]%26"},
	{"٨٦١٣٨٠٠٠٠٠٠٠١", "[redacted]"},
	// Other people's.
	{"8613800000002", "[redacted]"},
	{"+8613800000002, 4479001234.", "+[redacted], [redacted]."},
	{"Message failed to send to +1 (415) 555-0100 now", "Message failed to send to +[redacted] now"},
	{"call 1-415-555-0100 now", "call 1-[redacted] now"},
	{"138.0013.8000.01 is blocked", "[redacted] is blocked"},
	{"138-0013-8000 s'il vous plaît", "[redacted] s'il vous plaît"},
	{"06.12.34.56.78 is blocked", "[redacted] is blocked"},
	{"From%3D8613800000002%26", "From%3D[redacted]%26"},
	{"+33 142.34.56.78 is no address", "+[redacted] is no address"},
	{"+33 1 42.34.56.78 is no address", "+[redacted] is no address"},
	{"+44 (0)20 7946 0958", "+[redacted]"},
	{"+290 22222 is short, but has a plus", "+[redacted] is short, but has a plus"},
	{"86\u00a0138\u202f0000\u00a00002", "[redacted]"},
	{"８６１３８０００００００２ 未注册", "[redacted] 未注册"},
	{"8613800000002-1546300800@g.us", "[redacted]-[redacted]@g.us"},
	{"wa:8613800000002/8613800000003", "wa:[redacted]/[redacted]"},
	{"8613800000002 2024-01-02", "[redacted] 2024-01-02"},
	{"status 404 2024-01-02 15:04:05 4479001234", "status 404 2024-01-02 15:04:05 [redacted]"},
	{"404 8613800000002 20 times", "404 [redacted] 20 times"},
	{"12345678-1234-1234-1234-123456789012-86138000000", "12345678-1234-1234-1234-123456789012-[redacted]"},
	{"1234567890123456 138 0000 0002", "1234567890123456 [redacted]"},
	{"138 0000 0001 138 0000 0002", "[redacted]"},
	{"123456789012345 is as long as a number gets", "[redacted] is as long as a number gets"},
	{"20240102150405", "[redacted]"}, // a time, or a number: rather a number
	// User IDs, as WhatsApp documents them, and as answers quote them.
	{"(#131212) Participant IN.1648738043044942 is not a member", "(#131212) Participant [redacted] is not a member"},
	{"US.13491208655302741918, DE.ENT.8fk2Jd83Kd9.", "[redacted], [redacted]."},
	{"DE.ENT.abcdefgh or DE.ENT.Abcdefgh12", "[redacted] or [redacted]"}, // no code has ENT there
	{"user BR.ENT.11815799212886844830@lid left", "user [redacted]@lid left"},
	{"wa:US.13491208655302741918/8613800000002", "wa:[redacted]/[redacted]"},
	{"用户US.13491208655302741918不是群成员", "用户[redacted]不是群成员"},
	{"user_US.13491208655302741918_left", "user_[redacted]_left"},
	{"US.12345678 and US.a1b2c3d4 are short", "[redacted] and [redacted] are short"},
	{"US.QWERTYUIOPASDFGH12345", "[redacted]"}, // more than four digits at the end: no code
	{"in a form: List=US.13491208655302741918+DE.12345678", "in a form: List=[redacted]+[redacted]"},
	{"List%3D%5B%7B%22ParticipantNumber%22%3A%22US.13491208655302741918%22", "List%3D%5B%7B%22ParticipantNumber%22%3A%22[redacted]%22"},
	{"%253DUS.13491208655302741918%2526", "%253D[redacted]%2526"},
	{`{"m":"not members:\nUS.13491208655302741918\tDE.12345678 \u0022IN.12345678\u0022"}`, `{"m":"not members:\n[redacted]\t[redacted] \u0022[redacted]\u0022"}`},
	{"&quot;US.13491208655302741918&quot;", "&quot;[redacted]&quot;"},
	{"GA.20240102 is a release, or a person: rather a person", "[redacted] is a release, or a person: rather a person"},
	{"ERROR.20240102", "ERR[redacted]"}, // the letters before it may belong to an escape, such as %3D
}

// Errors of credentials-go, of programs and proxies that it asks, and of net/url: {as it is, as shown}.
var maskedErrors = [][2]string{
	// URI, STS, OIDC, OAuth, SSO and ECS append the body.
	{`get credentials from GET http://127.0.0.1/ failed: hunter2`, "get credentials from GET http://127.0.0.1/ failed: [redacted]"},
	{`refresh credentials from GET http://127.0.0.1/ failed: {"AccessKeySecret":"hunter2"}`, "refresh credentials from GET http://127.0.0.1/ failed: [redacted]"},
	{`refresh session token failed: {"Message":"hunter2","Code":"NoPermission","Secret":"hunter2"}`, "refresh session token failed: [redacted] (NoPermission)"},
	{"refresh session token failed: <Error><Code>NoPermission</Code><Secret>hunter2</Secret></Error>", "refresh session token failed: [redacted] (NoPermission)"},
	{`get session token failed: {"Code":"AuthenticationFail.OIDCToken.Invalid","Message":"hunter2"}`, "get session token failed: [redacted] (AuthenticationFail.OIDCToken.Invalid)"},
	{"get session token from sso failed: hunter2", "get session token from sso failed: [redacted]"},
	{"get session token from OAuth failed: hunter2", "get session token from OAuth failed: [redacted]"},
	{"refresh session token err, fail to get credentials from OAuth: hunter2", "refresh session token err, fail to get credentials from OAuth: [redacted]"},
	{"failed to refresh token from OAuth: hunter2", "failed to refresh token from OAuth: [redacted]"},
	{"refresh Ecs sts token err, httpStatus: 500, message = hunter2", "refresh Ecs sts token err, httpStatus: 500, message = [redacted]"},
	{"refresh RoleArn sts token err: AccessKeyId: x, AccessKeySecret: hunter2, SecurityToken: hunter2, Expiration: ", "refresh RoleArn sts token err: AccessKeyId: x, AccessKeySecret: [redacted], SecurityToken: [redacted], Expiration: "},
	{"refresh KeyPair err: SessionAccessKeyId: x, SessionAccessKeySecret: hunter2, Expiration: 9", "refresh KeyPair err: SessionAccessKeyId: x, SessionAccessKeySecret: [redacted], Expiration: 9"},
	{`no such role: {"Code":"NoPermission","Message":"swordfish"}`, "no such role: [redacted] (NoPermission)"},
	{"answer <Secret>hunter2</Secret>", "answer [redacted]"},
	{"502 Bad Gateway <html>swordfish</html>", "502 Bad Gateway [redacted]"},
	// The CLI's profile, an ini file, an external program, a field.
	{"unmarshal aliyun cli config from '/home/me/.aliyun/config.json' failed: hunter2", "unmarshal aliyun cli config from '/home/me/.aliyun/config.json' failed: [redacted]"},
	{"ERROR: Can not open filekey-value delimiter not found: hunter2", "ERROR: Can not open filekey-value delimiter not found: [redacted]"},
	{"failed to execute external command: exit status 1\nstderr: bad access_key_secret = hunter2", "failed to execute external command: exit status 1\nstderr: bad access_key_secret = [redacted]"},
	{"failed to execute external command: exit status 1\nstderr: usage: helper --password hunter2", "failed to execute external command: exit status 1\nstderr: usage: helper --password [redacted]"},
	{`parsing time "hunter2" as "2006-01-02T15:04:05Z07:00": cannot parse`, "parsing time [redacted]"},
	{"Specified signature is not matched. server string to sign is:POST&%2F&SecurityToken%3Dhunter2", "Specified signature is not matched. server string to sign is:[redacted]"},
	// URLs, of proxies and others.
	{"get http://me:hunter2@host/path: refused", "get http://[redacted]@host/path: refused"},
	{"get http://host/path?k=hunter2: refused", "get http://host/path?[redacted] refused"},
	{`parse "http://me:hun ter2@proxy:8080": net/url: invalid userinfo`, "parse [redacted]: net/url: invalid userinfo"},
	{`parse "http://me:hunter2": invalid port ":hunter2" after host`, "parse [redacted]: invalid port [redacted] after host"},
	{`parse "me:hunter2@proxy:8080": first path segment in URL cannot contain colon`, "parse [redacted]: first path segment in URL cannot contain colon"},
	{`parse "http://me:%hunter2@proxy": invalid URL escape "%hu"`, "parse [redacted]: invalid URL escape [redacted]"},
	{"proxyconnect tcp: cannot reach me:hunter2@proxy:8080", "proxyconnect tcp: cannot reach [redacted]@proxy:8080"},
	// By name, and by shape.
	{"Authorization: Bearer hunter2", "Authorization: Bearer [redacted]"},
	{"password: swordfish is wrong", "password: [redacted] is wrong"},
	{"the api key=hunter2 is bad", "the api key=[redacted] is bad"},
	{"x-acs-security-token:swordfish is wrong", "x-acs-security-token:[redacted] is wrong"},
	{"token = swordfish is wrong", "token = [redacted] is wrong"},
	{"token: hunter2 is wrong", "token: [redacted] is wrong"},
	{"invalid token: swordfish", "invalid token: [redacted]"},
	{"invalid token A1BC", "invalid token [redacted]"},
	{"the token ABC is bad", "the token [redacted] is bad"}, // it rather masks too much
	{"cannot use hunter2hunter2hunter2hunter2", "cannot use [redacted]"},
	{"open /home/user12345/0123456789abcdef0", "open [redacted]"},
	{"+86 138 0000 0001 may not assume acs:ram::1234567890123456:role/admin", "+[redacted] may not assume acs:ram::1234567890123456:role/admin"},
}

// Texts that say nothing secret stay as they are, whoever wrote them.
var stays = []string{
	"",
	"status 404 on 2024-01-02",
	"the maximum size is 5242880 bytes",
	"the maximum size is 1073741824 bytes",
	"valid from 2024-01-02T15:04:05Z to 2024-01-02 15:04:05.123456789 +0800",
	"code 403 2024-01-02T15:04:05+08:00",
	"timed out after 12.345678901s",
	"Mon Jan 02 15:04:05 +0800 2024",
	"RequestId: 12345678-1234-1234-1234-123456789012.",
	"request 90E63D28-E31D-1EB2-8939-A94866411B2O failed",
	"request 90e63d28-e31d-1eb2-8939-a94866411b2f failed",
	"You are not authorized to do this action: acs:ram::1234567890123456:role/admin",
	"1234567890123456.cn-hangzhou.fc.aliyuncs.com",
	"dial tcp 100.100.100.200:80: i/o timeout",
	"port 8080 192.168.100.200 192.168.100.201",
	"dial tcp [2001:db8::1]:443: connect: network is unreachable",
	"cams.ap-southeast-1.aliyuncs.com, version 2020-06-06",
	"0, 12, 345, 6789 or 1234567",
	"5,242,880 of 10,485,760",
	"群成员数量不能超过 1024 个",
	"获取凭证失败，请检查配置",
	"DeleteChatGroupParticipants and UpdateConversationalAutomation are throttled",
	"InvalidAccountStatus.NotEnoughBalance",
	"unable to get credentials: ALIBABA_CLOUD_ACCESS_KEY_ID must be set; dial tcp 127.0.0.1:80: connect: connection refused",
	"Access key secret must be specified via environment variable (ALIBABA_CLOUD_ACCESS_KEY_SECRET)",
	"the security token is empty",
	"CloudSSO access token is empty or expired, please re-login with cli",
	"get metadata token failed: dial tcp: no route to host",
	"open /var/run/secrets/tokens/oidc-token: no such file or directory",
	"open /home/A1/Library/Application-Support-Of-Somebody/config: no such file or directory",
	"open /home/ubuntu2204/.aliyun/config.json: no such file or directory",
	"open C:\\Users\\somebody\\.alibabacloud\\credentials: The system cannot find the file specified.",
	"tls: failed to verify certificate: x509: certificate has expired or is not yet valid",
	"x509: certificate is valid for *.aliyuncs.com, not cams.example.com",
	"Get \"http://100.100.100.200/latest/meta-data/ram/security-credentials/\": dial tcp 100.100.100.200:80: i/o timeout",
	"post https://sts.cn-hangzhou.aliyuncs.com: http2: client connection lost",
	`exec: "aliyun": executable file not found in $PATH`,
	"refresh Ecs sts token err: the session expired at 2024-01-02T15:04:05Z",
	"command process timed out after 60000 milliseconds",
	"unable to get profile with 'default'",
	"lookup cams.ap-southeast-1.aliyuncs.com on 127.0.0.53:53: no such host",
	"failed to refresh token, status code: 503",
	"using credentials-go v1.4.14 with go1.26.8",
	"write tcp 10.0.0.1:54321->100.100.100.200:443: write: broken pipe",
	"net/http: TLS handshake timeout after 10s",
	"90E63D28-E31D-1EB2-8939-A94866411B2O",
	"[2001:db8::1]:443",
	"a request ID is missing",
	"sts_token is empty",
	"cams: ListChatGroupParticipants: no credentials",
	"read /etc/ssl/certs: x509: certificate signed by unknown authority",
	"took 2m34.123456789s, the limit is 90.5s",
	// What begins like a user ID. One of letters only is so rare that a code is likelier: they have
	// twenty characters, of which all known ones are digits.
	"Throttling.User, IP.Forbidden, RD.NotFound.Group and AK.Disabled.User1",
	"IN.164 is too short",
	"US.EASTERN.EXAMPLE.COM and NODE.US.example.com",
	"open DB.BACKUP.SQL, AB.txt",
	"acs:ram::1234567890123456:role/US.Operators",
}

// In errors of others these may be a token. In what the service says they stay.
var staysInAnswers = []string{
	"Windows 10.0.19045.3803",
	"120363025246125486@g.us",
	"oauth2: cannot fetch token: Get \"http://100.100.100.200/\": dial tcp 100.100.100.200:80: i/o timeout",
	"cannot use TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 with ed25519",
	"signed with ACS3-HMAC-SHA256, not HMAC-SHA1",
	"pod cams-7d9f8b6c5d-x2x4z is not ready",
	"IP.Blacklisted403 and ID.InvalidParameter0012", // a code may end with four digits
	"open DB.backup2024.sql",
	"us.12345678 has no country",
}

func TestAnswersAreMasked(t *testing.T) {
	t.Parallel()
	for _, text := range maskedAnswers {
		assert.Equal(t, text[1], shown(text[0]), text[0])
	}
}

func TestErrorsOfOthersAreMasked(t *testing.T) {
	t.Parallel()
	for _, text := range maskedErrors {
		assert.Equal(t, text[1], redact.Unknown(text[0]), text[0])
	}
}

func TestWhatIsNoSecretStays(t *testing.T) {
	t.Parallel()
	for _, text := range stays {
		assert.Equal(t, text, shown(text), "of the service")
		assert.Equal(t, text, redact.Unknown(text), "of others")
	}
	for _, text := range staysInAnswers {
		assert.Equal(t, text, shown(text))
	}
}

func TestACodeStaysAndAUserIDDoesNot(t *testing.T) {
	t.Parallel()
	attempt := redact.Attempt{Request: &http.Request{}, Private: func() []string { return []string{"User"} }}
	for _, code := range []string{"Throttling.User", "IP.Forbidden0403", "InvalidParameter.FromOnlyNumeric", "131212"} {
		assert.Equal(t, code, attempt.Code(code))
	}
	for _, id := range []string{"US.13491208655302741918", "DE.ENT.8fk2Jd83Kd9"} {
		assert.Equal(t, redact.Mask, attempt.Code(id))
		assert.Equal(t, redact.Mask, attempt.ID(id))
		assert.Equal(t, redact.Mask, attempt.Text(id))
	}
}

func TestAUserIDIsACountryAndLettersOrDigits(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"US.13491208655302741918": true, "IN.1648738043044942": true, "DE.ENT.8fk2Jd83Kd9": true,
		"US." + strings.Repeat("1", 128): true, "US." + strings.Repeat("1", 129): false,
		"": false, "US.1234567": false, "us.12345678": false, "USA.12345678": false, "12345678": false,
		"US.1234****5678": false, "US.1234-5678": false, "US.12345678\n": false, "US.１２３４５６７８": false,
	} {
		assert.Equal(t, want, redact.IsUserID(id), id)
	}
}
