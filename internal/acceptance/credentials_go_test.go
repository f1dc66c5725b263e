package acceptance

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/credentials-go/credentials"
	"github.com/aliyun/credentials-go/credentials/providers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
)

func TestStaticCredentialsOfCredentialsGoCostNothing(t *testing.T) { // not parallel: it counts allocations
	withoutEnvironment(t)
	for name, test := range map[string]struct {
		config *credentials.Config
		want   cams.Credentials
	}{
		"access_key": {new(credentials.Config).SetType("access_key").SetAccessKeyId("id").SetAccessKeySecret(testSecret),
			cams.Credentials{AccessKeyID: "id", AccessKeySecret: testSecret}},
		"sts": {new(credentials.Config).SetType("sts").SetAccessKeyId("id").SetAccessKeySecret(testSecret).SetSecurityToken(testToken),
			cams.Credentials{AccessKeyID: "id", AccessKeySecret: testSecret, SecurityToken: testToken}},
		"bearer": {new(credentials.Config).SetType("bearer").SetBearerToken(testToken),
			cams.Credentials{BearerToken: testToken}},
	} {
		provider := cams.CredentialsFrom(goCredential(t, test.config))
		got, err := provider.Credentials(t.Context())
		require.NoError(t, err, name)
		assert.Equal(t, test.want, got, name)
		allocations := testing.AllocsPerRun(100, func() { _, _ = provider.Credentials(t.Context()) })
		assert.Zero(t, allocations, "%s: nothing is allocated, so no goroutine and no channel is made", name)
		requireClean(t, name, provider, forbidden(testSecret, testToken))

		server, client := service(t, cams.WithCredentials(provider))
		server.AddAccessKey("id", testSecret, test.want.SecurityToken)
		server.AddBearerToken(testToken)
		assert.NoError(t, list(t.Context(), client), "%s: the service takes its signature", name)
	}
}

func TestATypeNameDoesNotMakeAProviderStatic(t *testing.T) {
	t.Parallel()
	for _, claimed := range []string{"access_key", "sts", "bearer"} {
		asked := 0
		provider := cams.CredentialsFrom(credentials.FromCredentialsProvider(claimed, goProvider(func() (*providers.Credentials, error) {
			asked++
			return &providers.Credentials{AccessKeyId: "id", AccessKeySecret: testSecret, SecurityToken: fmt.Sprint(asked)}, nil
		})))
		assert.Zero(t, asked, "it is not asked before the first call")
		for use := 1; use <= 3; use++ {
			creds, err := provider.Credentials(t.Context())
			require.NoError(t, err)
			assert.Equal(t, fmt.Sprint(use), creds.SecurityToken, "%s: it may rotate", claimed)
		}
	}
}

func TestNothingAboutACredentialPanicsInTheConstructor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]credentials.Credential{
		"nil":                     nil,
		"a nil bearer credential": (*credentials.BearerTokenCredential)(nil),
		"a nil pointer":           (*goModel)(nil),
	} {
		_, err := cams.NewClient(cams.WithCredentials(cams.CredentialsFrom(c)))
		assert.EqualError(t, err, "cams: WithCredentials got unusable credentials: Credentials.AccessKeyID is empty, and so are the other fields", name)
	}
	for name, c := range map[string]credentials.Credential{
		"a wrapped nil":            credentials.FromCredentialsProvider("access_key", nil),
		"a wrapped nil of its own": credentials.FromCredentialsProvider("access_key", (*providers.StaticAKCredentialsProvider)(nil)),
		"no methods":               goModel{},
	} {
		err := list(t.Context(), newClientWith(t, cams.CredentialsFrom(c)))
		assert.EqualError(t, err, "cams: ListChatGroupParticipants: no credentials: the provider panicked: runtime error: invalid memory address or nil pointer dereference (1 attempt)", name)
	}
}

func TestTheDefaultChainFindsWhatCredentialsGoFinds(t *testing.T) {
	const ini = "[default]\ntype = access_key\naccess_key_id = default-id\naccess_key_secret = default-secret\n" +
		"[other]\ntype = access_key\naccess_key_id = other-id\naccess_key_secret = other-secret\n"
	const cli = `{"current":"sts","profiles":[
		{"name":"sts","mode":"StsToken","access_key_id":"cli-id","access_key_secret":"cli-secret","sts_token":"cli-token"},
		{"name":"ak","mode":"AK","access_key_id":"cli-ak-id","access_key_secret":"cli-ak-secret"}]}`
	for name, test := range map[string]struct {
		arrange func(t *testing.T, home string)
		want    cams.Credentials
	}{
		"the AccessKey of the environment": {func(t *testing.T, _ string) {
			t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "env-id")
			t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "env-secret")
		}, cams.Credentials{AccessKeyID: "env-id", AccessKeySecret: "env-secret"}},
		"the temporary AccessKey of the environment": {func(t *testing.T, _ string) {
			t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "env-id")
			t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "env-secret")
			t.Setenv("ALIBABA_CLOUD_SECURITY_TOKEN", "env-token")
		}, cams.Credentials{AccessKeyID: "env-id", AccessKeySecret: "env-secret", SecurityToken: "env-token"}},
		"the profile file that is named": {func(t *testing.T, home string) {
			t.Setenv("ALIBABA_CLOUD_CREDENTIALS_FILE", writeFile(t, filepath.Join(home, "file.ini"), ini))
		}, cams.Credentials{AccessKeyID: "default-id", AccessKeySecret: "default-secret"}},
		"the profile that is named": {func(t *testing.T, home string) {
			t.Setenv("ALIBABA_CLOUD_CREDENTIALS_FILE", writeFile(t, filepath.Join(home, "file.ini"), ini))
			t.Setenv("ALIBABA_CLOUD_PROFILE", "other")
		}, cams.Credentials{AccessKeyID: "other-id", AccessKeySecret: "other-secret"}},
		"the profile file at home": {func(t *testing.T, home string) {
			writeFile(t, filepath.Join(home, ".alibabacloud", "credentials"), ini)
		}, cams.Credentials{AccessKeyID: "default-id", AccessKeySecret: "default-secret"}},
		"the CLI's profile that is named": {func(t *testing.T, home string) {
			writeFile(t, filepath.Join(home, ".aliyun", "config.json"), cli)
			t.Setenv("ALIBABA_CLOUD_PROFILE", "ak")
		}, cams.Credentials{AccessKeyID: "cli-ak-id", AccessKeySecret: "cli-ak-secret"}},
	} {
		t.Run(name, func(t *testing.T) {
			test.arrange(t, withoutEnvironment(t))
			got, err := cams.DefaultCredentials().Credentials(t.Context())
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

func TestAURIThatFailsIsAskedAgainAndGivesNothingAway(t *testing.T) {
	t.Parallel()
	const body = `{"AccessKeyId":"id","AccessKeySecret":"` + leaked + `","SecurityToken":"` + leaked + `"`
	for name, test := range map[string]struct {
		status     int
		body, want string
	}{
		"refused":         {403, `{"Code":"Forbidden.RAM","Secret":"` + leaked + `"}`, "get credentials from GET $URL failed: [redacted] (Forbidden.RAM)"},
		"plain text":      {500, leaked, "get credentials from GET $URL failed: [redacted]"},
		"a page":          {502, "<html>" + leaked, "get credentials from GET $URL failed: [redacted]"},
		"truncated":       {200, body, "get credentials from GET $URL failed with error, json unmarshal fail: unexpected end of JSON input"},
		"incomplete":      {200, body + "}", "refresh credentials from GET $URL failed: [redacted]"},
		"not JSON":        {200, leaked, "get credentials from GET $URL failed with error, json unmarshal fail: invalid character 'h' looking for beginning of value"},
		"of other types":  {200, `{"AccessKeySecret":[]}`, "get credentials from GET $URL failed with error, json unmarshal fail: json: cannot unmarshal array into Go struct field urlResponse.AccessKeySecret of type string"},
		"a bad time":      {200, body + `,"Expiration":"` + leaked + `"}`, "parsing time [redacted]"},
		"an empty secret": {200, `{"AccessKeyId":"id","AccessKeySecret":"","SecurityToken":"` + leaked + `","Expiration":"2100-01-01T00:00:00Z"}`, "the provider returned unusable credentials: Credentials.AccessKeySecret is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newURI(t, func(w http.ResponseWriter, r *http.Request, hit int64) {
				if hit > 1 {
					issue(time.Hour)(w, r, hit)
					return
				}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			})
			client := newClientWith(t, u.provider(t))
			err := list(t.Context(), client)
			require.Error(t, err)
			assert.Equal(t, "cams: ListChatGroupParticipants: no credentials: "+test.want+" (1 attempt)", strings.ReplaceAll(err.Error(), u.URL, "$URL"))
			walk(err, func(err error) { requireClean(t, fmt.Sprintf("%T", err), err, forbidden(leaked)) })
			if name != "an empty secret" && name != "a bad time" { // credentials-go keeps those two
				assert.NoError(t, list(t.Context(), client), "once it answers as it should")
			}
		})
	}
}

func TestAnUnreachableURIKeepsItsQueryToItself(t *testing.T) {
	t.Parallel()
	u := httptest.NewServer(nil)
	u.Close()
	config := new(credentials.Config).SetType("credentials_uri").SetURLCredential(strings.Replace(u.URL, "http://", "http://user:"+leaked+"@", 1) + "/?key=" + leaked)
	err := list(t.Context(), newClientWith(t, cams.CredentialsFrom(goCredential(t, config))))
	var op *net.OpError
	require.ErrorAs(t, err, &op, "the cause can be told")
	assert.Equal(t, "dial", op.Op)
	var wrapper *url.Error
	require.ErrorAs(t, err, &wrapper)
	var timeout net.Error
	require.ErrorAs(t, err, &timeout)
	for _, err := range []error{err, wrapper, timeout} {
		walk(err, func(err error) { requireClean(t, fmt.Sprintf("%T", err), err, forbidden(leaked)) })
	}
}

func TestAClientWorksOnceTheEnvironmentIsFixed(t *testing.T) {
	withoutEnvironment(t)
	client := clientOf(t, accepting(func(string) string { return "" }))
	for range 2 {
		assert.ErrorContains(t, list(t.Context(), client), "no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET")
	}
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "env-id")
	assert.ErrorContains(t, list(t.Context(), client), "no credentials: ALIBABA_CLOUD_ACCESS_KEY_ID is set, but not ALIBABA_CLOUD_ACCESS_KEY_SECRET")
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "env-secret")
	require.NoError(t, list(t.Context(), client))
}

func TestTheDefaultChainsAnswerIsKeptForAMinute(t *testing.T) {
	withoutEnvironment(t)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "first")
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "env-secret")
	synctest.Test(t, func(t *testing.T) {
		provider := cams.DefaultCredentials()
		for _, test := range []struct {
			pause time.Duration
			want  string
		}{{0, "first"}, {59 * time.Second, "first"}, {time.Second, "second"}} {
			time.Sleep(test.pause)
			creds, err := provider.Credentials(t.Context())
			require.NoError(t, err)
			assert.Equal(t, test.want, creds.AccessKeyID)
			os.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "second")
		}
	})
}

func TestABrokenConfigurationIsNotQuoted(t *testing.T) {
	for name, broken := range map[string]struct{ path, content string }{
		"the CLI's profile":  {".aliyun/config.json", leaked + ` "access_key_secret": "` + leaked + `"`},
		"a truncated one":    {".aliyun/config.json", `{"profiles":[{"access_key_secret":"` + leaked},
		"a profile file":     {".alibabacloud/credentials", "[default]\n" + leaked + "\n"},
		"one without a type": {".alibabacloud/credentials", "[default]\naccess_key_secret = " + leaked + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			writeFile(t, filepath.Join(withoutEnvironment(t), broken.path), broken.content)
			err := list(t.Context(), newClientWith(t, cams.DefaultCredentials()))
			require.ErrorContains(t, err, filepath.FromSlash(broken.path))
			walk(err, func(err error) { requireClean(t, fmt.Sprintf("%T", err), err, forbidden(leaked)) })
		})
	}
}

func BenchmarkCredentials(b *testing.B) {
	static := new(credentials.Config).SetType("access_key").SetAccessKeyId("id").SetAccessKeySecret(testSecret)
	cached := credentials.FromCredentialsProvider("cached", goProvider(func() (*providers.Credentials, error) {
		return &providers.Credentials{AccessKeyId: "id", AccessKeySecret: testSecret}, nil
	}))
	for name, provider := range map[string]cams.CredentialsProvider{
		"static":          cams.StaticCredentials("id", testSecret, ""),
		"from a static":   cams.CredentialsFrom(goCredential(b, static)),
		"shared, at hand": cams.CredentialsFrom(cached),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := provider.Credentials(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
