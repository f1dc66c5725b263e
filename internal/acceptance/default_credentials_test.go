package acceptance

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
)

// These tests replace the environment and http.DefaultTransport, so none is parallel.

// cloud is the metadata service, STS, CloudSSO and OAuth on loopback. credentials-go
// reaches all of them through the proxy of http.DefaultTransport.
type cloud struct {
	mu     sync.Mutex
	paths  []string // of all requests, with host
	status int      // of all answers; 0: 200
	code   string   // of a refusal

	expiration string // of sessions
}

// refuse makes it answer everything with a status and a code; 0 ends that.
func (c *cloud) refuse(status int, code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status, c.code = status, code
}

// asked tells the requests so far.
func (c *cloud) asked() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.paths)
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{expiration: "2100-01-01T00:00:00Z"}
	secure := httptest.NewTLSServer(c)
	t.Cleanup(secure.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect {
			splice(t, w, secure.Listener.Addr().String())
			return
		}
		c.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	address, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	transport := secure.Client().Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.InsecureSkipVerify = true
	transport.Proxy = http.ProxyURL(address)
	transport.DisableKeepAlives = true
	replaceDefaultTransport(t, transport)
	return c
}

func replaceDefaultTransport(t *testing.T, transport *http.Transport) {
	before := http.DefaultTransport
	http.DefaultTransport = transport
	t.Cleanup(func() { http.DefaultTransport = before })
}

// splice makes a tunnel.
func splice(t *testing.T, w http.ResponseWriter, to string) {
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if !assert.NoError(t, err) {
		return
	}
	defer conn.Close()
	server, err := net.Dial("tcp", to)
	if !assert.NoError(t, err) {
		return
	}
	defer server.Close()
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { _, _ = io.Copy(server, buffered) }()
	_, _ = io.Copy(conn, server)
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paths = append(c.paths, r.Host+r.URL.Path)
	if c.status != 0 {
		w.WriteHeader(c.status)
		_ = json.NewEncoder(w).Encode(map[string]string{"Code": c.code, "Message": leaked})
		return
	}
	session := map[string]any{"Code": "Success", "AccessKeyId": "session-id", "AccessKeySecret": "session-secret", "SecurityToken": "session-token", "Expiration": c.expiration}
	var answer any
	switch r.Host + r.URL.Path {
	case "100.100.100.200/latest/api/token":
		_, _ = io.WriteString(w, "metadata-token")
		return
	case "100.100.100.200/latest/meta-data/ram/security-credentials/":
		_, _ = io.WriteString(w, "role")
		return
	case "100.100.100.200/latest/meta-data/ram/security-credentials/role", "uri.example/credentials":
		answer = session
	case "sts.aliyuncs.com/":
		answer = map[string]any{"Credentials": session}
	case "sso.example/cloud-credentials":
		answer = map[string]any{"CloudCredential": session}
	case "oauth.aliyun.com/v1/token":
		answer = map[string]any{"access_token": "t", "refresh_token": "t", "expires_in": 3600}
	case "oauth.aliyun.com/v1/exchange":
		answer = map[string]string{"accessKeyId": "session-id", "accessKeySecret": "session-secret", "securityToken": "session-token", "expiration": c.expiration}
	default:
		http.NotFound(w, r)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// config is the CLI's configuration with one profile of a mode, which is current.
func config(mode, fields string) string {
	return `{"current":"p","profiles":[{"name":"p","mode":"` + mode + `"` + fields + `}]}`
}

var sessionCredentials = cams.Credentials{AccessKeyID: "session-id", AccessKeySecret: "session-secret", SecurityToken: "session-token"}

// modes are the modes of the CLI's profiles, each filled in.
var modes = []struct {
	mode, fields string
	want         cams.Credentials
	asks         string // the last request
}{
	{"AK", `,"access_key_id":"id","access_key_secret":"secret"`, cams.Credentials{AccessKeyID: "id", AccessKeySecret: "secret"}, ""},
	{"StsToken", `,"access_key_id":"id","access_key_secret":"secret","sts_token":"token"`, cams.Credentials{AccessKeyID: "id", AccessKeySecret: "secret", SecurityToken: "token"}, ""},
	{"RamRoleArn", `,"access_key_id":"id","access_key_secret":"secret","ram_role_arn":"acs:ram::1:role/r","ram_session_name":"s"`, sessionCredentials, "sts.aliyuncs.com/"},
	{"EcsRamRole", `,"ram_role_name":"role"`, sessionCredentials, "100.100.100.200/latest/meta-data/ram/security-credentials/role"},
	{"OIDC", `,"oidc_provider_arn":"acs:ram::1:oidc-provider/p","oidc_token_file":"$HOME/oidc","ram_role_arn":"acs:ram::1:role/r"`, sessionCredentials, "sts.aliyuncs.com/"},
	{"External", `,"process_command":"cat $HOME/external"`, cams.Credentials{AccessKeyID: "external-id", AccessKeySecret: "external-secret"}, ""},
	{"CredentialsURI", `,"credentials_uri":"http://uri.example/credentials"`, sessionCredentials, "uri.example/credentials"},
	{"ChainableRamRoleArn", `,"source_profile":"source","ram_role_arn":"acs:ram::1:role/r","ram_session_name":"s"},{"name":"source","mode":"AK","access_key_id":"id","access_key_secret":"secret"`, sessionCredentials, "sts.aliyuncs.com/"},
	{"CloudSSO", `,"cloud_sso_sign_in_url":"https://sso.example/start","cloud_sso_account_id":"1","cloud_sso_access_config":"c","access_token":"t","cloud_sso_access_token_expire":4000000000`, sessionCredentials, "sso.example/cloud-credentials"},
	{"OAuth", `,"oauth_site_type":"CN","oauth_access_token":"t","oauth_access_token_expire":4000000000`, sessionCredentials, "oauth.aliyun.com/v1/exchange"},
}

// arrange writes a profile and the files that it names. It returns the path.
func arrange(t *testing.T, home, content string) string {
	t.Helper()
	writeFile(t, filepath.Join(home, "oidc"), "oidc-token")
	writeFile(t, filepath.Join(home, "external"), `{"mode":"AK","access_key_id":"external-id","access_key_secret":"external-secret"}`)
	return writeFile(t, filepath.Join(home, ".aliyun", "config.json"), strings.ReplaceAll(content, "$HOME", filepath.ToSlash(home)))
}

func TestEachModeOfTheCLIWorks(t *testing.T) {
	for _, test := range modes {
		t.Run(test.mode, func(t *testing.T) {
			if test.mode == "External" && runtime.GOOS == "windows" {
				t.Skip("there is no cat")
			}
			home := withoutEnvironment(t)
			t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "")
			cloud := newCloud(t)
			arrange(t, home, config(test.mode, test.fields))
			creds, err := cams.DefaultCredentials().Credentials(t.Context())
			require.NoError(t, err)
			assert.Equal(t, test.want, creds)
			if test.asks != "" {
				require.NotEmpty(t, cloud.asked())
				assert.Equal(t, test.asks, cloud.asked()[len(cloud.asked())-1])
			}
		})
	}
}

// others sets up everything that comes after the CLI's profile, each of which would work.
func others(t *testing.T, home string) *cloud {
	t.Helper()
	t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "")
	t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", "http://uri.example/credentials")
	writeFile(t, filepath.Join(home, ".alibabacloud", "credentials"), "[default]\ntype = access_key\naccess_key_id = other\naccess_key_secret = other\n")
	return newCloud(t)
}

func TestAModeThatFailsIsOneClearLineAndNoOtherIdentity(t *testing.T) {
	for mode, test := range map[string]struct{ fields, want string }{
		"AK":                     {`,"access_key_id":"id"`, `: the access key secret is empty`},
		"StsToken":               {`,"access_key_id":"id","access_key_secret":"secret"`, `: the security token is empty`},
		"RamRoleArn":             {modes[2].fields, `: refresh session token failed: [redacted] (NoPermission)`},
		"EcsRamRole":             {modes[3].fields, `: refresh Ecs sts token err, httpStatus: 403, message = [redacted] (NoPermission)`},
		"OIDC":                   {modes[4].fields, `: get session token failed: [redacted] (NoPermission)`},
		"External":               {`,"process_command":"no-such-command"`, `: failed to execute external command`},
		"CredentialsURI":         {modes[6].fields, `: get credentials from GET http://uri.example/credentials failed: [redacted] (NoPermission)`},
		"ChainableRamRoleArn":    {`,"source_profile":"none"`, `: get source profile failed: unable to get profile with 'none'`},
		"CloudSSO":               {`,"access_token":"t","cloud_sso_access_token_expire":1`, `: CloudSSO access token is empty or expired, please re-login with cli`},
		"OAuth":                  {modes[9].fields, `: get session token from OAuth failed: [redacted] (NoPermission)`},
		"RsaKeyPair":             {``, ` cannot be used here: choose another with ALIBABA_CLOUD_PROFILE, or pass WithCredentials`},
		"RamRoleArnWithRoleName": {``, ` cannot be used here: choose another with ALIBABA_CLOUD_PROFILE, or pass WithCredentials`},
	} {
		t.Run(mode, func(t *testing.T) {
			home := withoutEnvironment(t)
			cloud := others(t, home)
			cloud.refuse(403, "NoPermission")
			arrange(t, home, config(mode, test.fields))
			err := list(t.Context(), newClientWith(t, cams.DefaultCredentials(), cams.WithRetry(cams.RetryPolicy{BaseDelay: 1})))
			require.ErrorContains(t, err, `no credentials: the CLI's profile "p" of mode `+mode)
			assert.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, "(1 attempt)", "a lasting failure is not repeated")
			assert.NotContains(t, err.Error(), "\n")
			walk(err, func(err error) { requireClean(t, fmt.Sprintf("%T", err), err, forbidden(leaked)) })
		})
	}
}

func TestWhatIsChosenButNotUsableIsAnErrorAndNoOtherIdentity(t *testing.T) {
	ak := config("AK", modes[0].fields)
	for name, test := range map[string]struct {
		env    map[string]string
		config string
		want   string
	}{
		"an ID without a secret":         {map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "id"}, ak, "ALIBABA_CLOUD_ACCESS_KEY_ID is set, but not ALIBABA_CLOUD_ACCESS_KEY_SECRET"},
		"a secret without an ID":         {map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_SECRET": leaked}, ak, "ALIBABA_CLOUD_ACCESS_KEY_SECRET is set, but not ALIBABA_CLOUD_ACCESS_KEY_ID"},
		"a key with a Windows line end":  {map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "id\r", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": leaked}, ak, "the environment: Credentials.AccessKeyID holds a line break or another control character"},
		"OIDC without a role":            {map[string]string{"ALIBABA_CLOUD_OIDC_TOKEN_FILE": "f", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "p"}, ak, "OIDC (ALIBABA_CLOUD_OIDC_TOKEN_FILE, ALIBABA_CLOUD_OIDC_PROVIDER_ARN and ALIBABA_CLOUD_ROLE_ARN): the RoleArn is empty"},
		"a profile that is nowhere":      {map[string]string{"ALIBABA_CLOUD_PROFILE": "none"}, ak, `ALIBABA_CLOUD_PROFILE is "none", but neither the CLI's configuration nor the credentials file has that profile`},
		"a current one that is not":      {nil, strings.Replace(ak, `"current":"p"`, `"current":"none"`, 1), `the CLI's current profile "none" does not exist: choose another with ALIBABA_CLOUD_PROFILE`},
		"a profile without a mode":       {nil, config("", `,"access_key_id":"id","access_key_secret":"s"`), `the CLI's profile "p" of mode "" cannot be used here`},
		"a blank profile that is named":  {map[string]string{"ALIBABA_CLOUD_PROFILE": "p"}, config("AK", ""), `the CLI's profile "p" of mode AK fails, fix it or choose another with ALIBABA_CLOUD_PROFILE: the access key id is empty`},
		"a file that is not there":       {map[string]string{"ALIBABA_CLOUD_CONFIG_FILE": "/none"}, ak, "the CLI's configuration: open /none"},
		"another that is not there":      {map[string]string{"ALIBABA_CLOUD_CREDENTIALS_FILE": "/none"}, "", "the credentials file /none: ERROR: Can not open file"},
		"a URI profile without its URI":  {nil, config("CredentialsURI", ""), `the CLI's profile "p" of mode CredentialsURI has no credentials_uri`},
		"a profile that is its source":   {nil, config("ChainableRamRoleArn", `,"source_profile":"q"},{"name":"q","mode":"ChainableRamRoleArn","source_profile":"p"`), `the CLI's profile "p" of mode ChainableRamRoleArn is its own source profile`},
		"an instance role that is named": {map[string]string{"ALIBABA_CLOUD_ECS_METADATA": "unknown", "ALIBABA_CLOUD_CREDENTIALS_FILE": "$HOME/empty"}, "", "the role of this ECS instance: refresh Ecs sts token err, httpStatus: 404"},
	} {
		t.Run(name, func(t *testing.T) {
			home := withoutEnvironment(t)
			others(t, home)
			writeFile(t, filepath.Join(home, "empty"), "")
			if test.config != "" {
				arrange(t, home, test.config)
			}
			for name, value := range test.env {
				t.Setenv(name, strings.ReplaceAll(value, "$HOME", home))
			}
			err := list(t.Context(), newClientWith(t, cams.DefaultCredentials(), cams.WithRetry(cams.RetryPolicy{BaseDelay: 1})))
			require.ErrorContains(t, err, "no credentials: "+test.want)
			assert.ErrorContains(t, err, "(1 attempt)")
			walk(err, func(err error) { requireClean(t, fmt.Sprintf("%T", err), err, forbidden(leaked)) })
		})
	}
}

func TestWhatIsNotSetUpIsPassedOver(t *testing.T) {
	home := withoutEnvironment(t)
	cloud := others(t, home)
	arrange(t, home, config("AK", "")) // as the CLI makes it before anybody fills it in
	creds, err := cams.DefaultCredentials().Credentials(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "other", creds.AccessKeyID, "the credentials file")
	assert.Empty(t, cloud.asked())

	require.NoError(t, os.Remove(filepath.Join(home, ".alibabacloud", "credentials")))
	creds, err = cams.DefaultCredentials().Credentials(t.Context())
	require.NoError(t, err)
	assert.Equal(t, sessionCredentials, creds)
	assert.Equal(t, modes[3].asks, cloud.asked()[len(cloud.asked())-1], "the instance's role comes before the URI")
}

func TestAHomeThatIsNoDirectoryIsPassedOver(t *testing.T) {
	home := writeFile(t, filepath.Join(withoutEnvironment(t), "home"), "")
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "")
	newCloud(t)
	creds, err := cams.DefaultCredentials().Credentials(t.Context())
	require.NoError(t, err)
	assert.Equal(t, sessionCredentials, creds)
}

func TestNoCredentialsAnywhereIsOneShortErrorAtOnce(t *testing.T) {
	for name, status := range map[string]int{"no metadata service": 0, "an instance without a role": 404} {
		t.Run(name, func(t *testing.T) {
			withoutEnvironment(t)
			t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "")
			if status == 0 {
				nobody := httptest.NewServer(nil)
				nobody.Close()
				address, err := url.Parse(nobody.URL)
				require.NoError(t, err)
				replaceDefaultTransport(t, &http.Transport{Proxy: http.ProxyURL(address)})
			} else {
				newCloud(t).refuse(status, "")
			}
			err := list(t.Context(), newClientWith(t, cams.DefaultCredentials(), cams.WithRetry(cams.RetryPolicy{BaseDelay: 1})))
			require.EqualError(t, err, "cams: ListChatGroupParticipants: no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET "+
				"(no CLI profile, file or role) (1 attempt)")
			assert.LessOrEqual(t, len(err.Error()), 2*80, "two lines of a terminal")
		})
	}
}

// TestAPassingFailureOfASourceIsRepeatedWithinTheAttempts has each failure twice, and a lasting one once.
func TestAPassingFailureOfASourceIsRepeatedWithinTheAttempts(t *testing.T) {
	role := modes[2].fields
	for name, test := range map[string]struct {
		config, code string
		status       int
		attempts     int
	}{
		"the metadata service is unavailable": {"", "", 503, 3},
		"it has too many requests":            {"", "", 429, 3},
		"it knows no role":                    {"", "", 404, 1},
		"it forbids it":                       {config("EcsRamRole", modes[3].fields), "", 403, 1},
		"of a profile":                        {config("EcsRamRole", modes[3].fields), "", 503, 3},
		"STS is unavailable":                  {config("RamRoleArn", role), "ServiceUnavailable", 503, 3},
		"STS is throttling":                   {config("RamRoleArn", role), "Throttling.User", 400, 3},
		"STS forbids it":                      {config("RamRoleArn", role), "NoPermission", 403, 1},
		"STS knows no role":                   {config("RamRoleArn", role), "EntityNotExist.Role", 404, 1},
		"STS's gateway is unavailable":        {config("RamRoleArn", role), "Service Unavailable", 503, 3},
		"OIDC is unavailable":                 {config("OIDC", modes[4].fields), "InternalError", 500, 3},
		"OAuth cannot refresh":                {config("OAuth", `,"oauth_site_type":"CN","oauth_refresh_token":"t"`), "", 502, 3},
		"OAuth refuses":                       {config("OAuth", `,"oauth_site_type":"CN","oauth_refresh_token":"t"`), "", 400, 1},
		"the URI is unavailable":              {config("CredentialsURI", modes[6].fields), "InternalError", 500, 3},
	} {
		t.Run(name, func(t *testing.T) {
			home := withoutEnvironment(t)
			t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "")
			cloud := newCloud(t)
			cloud.refuse(test.status, test.code)
			if test.config != "" {
				arrange(t, home, test.config)
			}
			client := newClientWith(t, cams.DefaultCredentials(), cams.WithRetry(cams.RetryPolicy{BaseDelay: 1, MaxDelay: 1}))
			plural := map[int]string{1: "(1 attempt)", 3: "(3 attempts)"}
			require.ErrorContains(t, list(t.Context(), client), plural[test.attempts])
			cloud.refuse(0, "")
			assert.NoError(t, list(t.Context(), client), "and the next call finds it mended")
		})
	}
}

func TestABrokenWayToASourceIsRepeatedWithinTheAttempts(t *testing.T) {
	for name, config := range map[string]string{"STS": config("RamRoleArn", modes[2].fields), "the metadata service": config("EcsRamRole", modes[3].fields),
		"the URI": config("CredentialsURI", modes[6].fields), "an instance that nobody named": ""} {
		for how, answer := range map[string]func(net.Conn){"refused": nil, "cut": func(conn net.Conn) { conn.Close() }} {
			if config == "" && answer == nil {
				continue // no instance
			}
			t.Run(name+"/"+how, func(t *testing.T) {
				if home := withoutEnvironment(t); config != "" {
					arrange(t, home, config)
				}
				t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "")
				listener, err := net.Listen("tcp", "127.0.0.1:0")
				require.NoError(t, err)
				var connections atomic.Int64
				if answer == nil {
					listener.Close()
				} else {
					t.Cleanup(func() { listener.Close() })
					go func() {
						for {
							conn, err := listener.Accept()
							if err != nil {
								return
							}
							connections.Add(1)
							answer(conn)
						}
					}()
				}
				replaceDefaultTransport(t, &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: listener.Addr().String()})})
				client := newClientWith(t, cams.DefaultCredentials(), cams.WithRetry(cams.RetryPolicy{BaseDelay: 1, MaxDelay: 1}))
				err = list(t.Context(), client)
				require.ErrorContains(t, err, "(3 attempts)")
				if answer != nil {
					assert.GreaterOrEqual(t, connections.Load(), int64(3))
				}
			})
		}
	}
}

func TestACommandThatFailsIsRunOnce(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no sh")
	}
	home := withoutEnvironment(t)
	script := writeFile(t, filepath.Join(home, "script"), "echo x >> "+home+"/runs; echo 'refresh Ecs sts token err, httpStatus: 503' >&2; exit 1")
	arrange(t, home, config("External", `,"process_command":"sh `+script+`"`))
	client := newClientWith(t, cams.DefaultCredentials(), cams.WithRetry(cams.RetryPolicy{BaseDelay: 1, MaxDelay: 1}))
	require.ErrorContains(t, list(t.Context(), client), "(1 attempt)")
	runs, err := os.ReadFile(filepath.Join(home, "runs"))
	require.NoError(t, err)
	assert.Equal(t, "x\n", string(runs))
}

// What the documentation of DefaultCredentials warns of.
func TestCredentialsGoRewritesTheCLIsFileAndDropsFields(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no cat")
	}
	path := arrange(t, withoutEnvironment(t), config("External", `,"process_command":"cat $HOME/external","language":"en"`))
	_, err := cams.DefaultCredentials().Credentials(t.Context())
	require.NoError(t, err)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(content), "external-secret")
	assert.NotContains(t, string(content), "language")
}

func TestASessionOfTheDefaultChainIsUsedWhileItsRefreshFails(t *testing.T) {
	withoutEnvironment(t)
	t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "")
	t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", "http://uri.example/credentials") // comes later
	cloud := newCloud(t)
	cloud.expiration = "2000-01-01T00:05:00Z" // time begins with that year in a bubble
	synctest.Test(t, func(t *testing.T) {
		provider := cams.DefaultCredentials()
		_, err := provider.Credentials(t.Context())
		require.NoError(t, err)
		time.Sleep(time.Minute)
		_, err = provider.Credentials(t.Context())
		require.NoError(t, err)
		before := len(cloud.asked())
		cloud.refuse(503, "")
		time.Sleep(65 * time.Second) // it has less than three minutes left: credentials-go renews it
		creds, err := provider.Credentials(t.Context())
		require.NoError(t, err)
		assert.Equal(t, sessionCredentials, creds)
		assert.Greater(t, len(cloud.asked()), before)
		time.Sleep(110 * time.Second)
		_, err = provider.Credentials(t.Context())
		require.NoError(t, err)
		time.Sleep(5 * time.Second)
		_, err = provider.Credentials(t.Context())
		assert.ErrorContains(t, err, "the role of this ECS instance", "and the URI does not take its place")
	})
}

func TestABusyMetadataServiceDoesNotChangeTheIdentity(t *testing.T) {
	withoutEnvironment(t)
	t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "")
	t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", "http://uri.example/credentials") // comes later
	newCloud(t).refuse(503, "")
	_, err := cams.DefaultCredentials().Credentials(t.Context())
	assert.ErrorContains(t, err, "the role of this ECS instance")
}

func TestACLIConfigurationThatIsNotJSONIsDescribed(t *testing.T) {
	good := config("AK", `,"access_key_id":"id","access_key_secret":"`+leaked+`"`)
	utf16 := "\xff\xfe" + strings.Join(strings.Split(good, ""), "\x00") + "\x00"
	for problem, content := range map[string]string{
		"begins with a byte order mark, which JSON must not": "\ufeff" + good,
		"is in UTF-16, and must be in UTF-8":                 utf16,
		"is empty":                                           " \n",
		"has a comma before the bracket in line 3":           "{\n\"profiles\":[{\"access_key_secret\":\"" + leaked + "\"},\n],\n}",
		"has a comma before the bracket in line 1":           "{\"access_key_secret\":\"" + leaked + "\",}",
		"is not JSON in line 2":                              "{\n\"access_key_secret\":" + leaked + "}",
		"is not JSON in line 4":                              "{\"profiles\":\n[\n{\n",
		"has a field of another type":                        `{"profiles":{"access_key_secret":"` + leaked + `"}}`,
	} {
		t.Run(problem, func(t *testing.T) {
			arrange(t, withoutEnvironment(t), content)
			_, err := cams.DefaultCredentials().Credentials(t.Context())
			require.ErrorContains(t, err, "config.json cannot be parsed: it "+problem+": fix it, or set ALIBABA_CLOUD_CLI_PROFILE_DISABLED=true")
			for _, secret := range forbidden(leaked) {
				assert.NotContains(t, err.Error(), secret)
			}
		})
	}
}
