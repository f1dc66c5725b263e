package acceptance

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/credentials-go/credentials"
	"github.com/aliyun/credentials-go/credentials/providers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// leaked is the secret that the careless providers and servers of these tests show.
const leaked = "hunter2"

// withoutEnvironment hides all credentials of the machine from credentials-go
// and keeps it from the network. It returns the home directory.
func withoutEnvironment(t *testing.T) string {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "ALIBABA_CLOUD_") {
			t.Setenv(name, "")
		}
	}
	home, err := os.MkdirTemp("", "home") // its path is shorter than that of t.TempDir: errors are clipped
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
	return home
}

func writeFile(t *testing.T, path, content string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// goCredential makes a credential with the real credentials-go.
func goCredential(t testing.TB, config *credentials.Config) credentials.Credential {
	t.Helper()
	c, err := credentials.NewCredential(config)
	require.NoError(t, err)
	return c
}

// goProvider is a user's own provider for credentials-go.
type goProvider func() (*providers.Credentials, error)

func (p goProvider) GetCredentials() (*providers.Credentials, error) { return p() }
func (p goProvider) GetProviderName() string                         { return "static_sts" } // it may claim anything

// goModel is a user's own credential.
type goModel struct {
	credentials.Credential // nil: only GetCredential may be used
	get                    func() (*credentials.CredentialModel, error)
}

func (c goModel) GetCredential() (*credentials.CredentialModel, error) { return c.get() }

// accepting is a service that takes any credentials but those whose token it refuses with a code.
func accepting(refuse func(token string) (code string)) cams.Option {
	return withTransport(func(r *http.Request) (*http.Response, error) {
		status, body := 200, `{"Success":true,"Code":"OK","RequestId":"id"}`
		if code := refuse(r.Header.Get("x-acs-security-token")); code != "" {
			status, body = 400, `{"Code":"`+code+`","Message":"m","RequestId":"id"}`
		}
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
	})
}

func newClientWith(t testing.TB, provider cams.CredentialsProvider, opts ...cams.Option) *cams.Client {
	t.Helper()
	client, err := cams.NewClient(append([]cams.Option{
		cams.WithCredentials(provider), cams.WithRetry(cams.NoRetry()), accepting(func(string) string { return "" }),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

func list(ctx context.Context, client *cams.Client) error {
	_, err := client.ListChatGroupParticipants(ctx, validRequest())
	return err
}

var someCredentials = cams.Credentials{AccessKeyID: "id", AccessKeySecret: testSecret, SecurityToken: "token"}

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
		"the CLI's current profile": {func(t *testing.T, home string) {
			writeFile(t, filepath.Join(home, ".aliyun", "config.json"), cli)
		}, cams.Credentials{AccessKeyID: "cli-id", AccessKeySecret: "cli-secret", SecurityToken: "cli-token"}},
		"the CLI's profile that is named": {func(t *testing.T, home string) {
			writeFile(t, filepath.Join(home, ".aliyun", "config.json"), cli)
			t.Setenv("ALIBABA_CLOUD_PROFILE", "ak")
		}, cams.Credentials{AccessKeyID: "cli-ak-id", AccessKeySecret: "cli-ak-secret"}},
		"a credentials URI": {func(t *testing.T, _ string) {
			t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", newURI(t, issue(time.Hour)).URL)
		}, cams.Credentials{AccessKeyID: "id", AccessKeySecret: "secret-1", SecurityToken: "token-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			test.arrange(t, withoutEnvironment(t))
			got, err := cams.DefaultCredentials().Credentials(t.Context())
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

// uri is a credentials URI on loopback.
type uri struct {
	*httptest.Server
	hits, inFlight, most atomic.Int64
}

// newURI serves what answer returns. answer gets the number of requests so far.
func newURI(t testing.TB, answer func(w http.ResponseWriter, r *http.Request, hit int64)) *uri {
	t.Helper()
	u := &uri{}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hit, now := u.hits.Add(1), u.inFlight.Add(1)
		defer u.inFlight.Add(-1)
		for most := u.most.Load(); now > most && !u.most.CompareAndSwap(most, now); most = u.most.Load() {
		}
		answer(w, r, hit)
	}))
	u.Config.SetKeepAlivesEnabled(false) // credentials-go never closes its connections
	t.Cleanup(u.Close)
	return u
}

// issue answers with token-1, token-2 and so on, each valid for the given time.
func issue(good time.Duration) func(http.ResponseWriter, *http.Request, int64) {
	return func(w http.ResponseWriter, _ *http.Request, hit int64) {
		_ = json.NewEncoder(w).Encode(map[string]string{
			"AccessKeyId":     "id",
			"AccessKeySecret": fmt.Sprintf("secret-%d", hit),
			"SecurityToken":   fmt.Sprintf("token-%d", hit),
			"Expiration":      time.Now().Add(good).UTC().Format("2006-01-02T15:04:05Z"),
		})
	}
}

func (u *uri) provider(t testing.TB) cams.CredentialsProvider {
	t.Helper()
	return cams.CredentialsFrom(goCredential(t, new(credentials.Config).SetType("credentials_uri").SetURLCredential(u.URL)))
}

func TestAColdStartRefreshesOnce(t *testing.T) {
	t.Parallel()
	const callers = 200
	var started sync.WaitGroup
	started.Add(callers)
	u := newURI(t, func(w http.ResponseWriter, r *http.Request, hit int64) {
		started.Wait()
		issue(time.Hour)(w, r, hit)
	})
	provider := u.provider(t)
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			started.Done()
			creds, err := provider.Credentials(t.Context())
			assert.NoError(t, err)
			assert.Equal(t, "token-1", creds.SecurityToken)
		})
	}
	group.Wait()
	t.Logf("%d cold callers: %d refresh", callers, u.hits.Load())
	assert.EqualValues(t, 1, u.hits.Load())
}

func TestASlowURIDelaysNobodyBeyondTheirOwnContext(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}), make(chan struct{})
	u := newURI(t, func(w http.ResponseWriter, r *http.Request, hit int64) {
		close(asked) // a second request would panic
		<-release
		issue(time.Hour)(w, r, hit)
	})
	client := newClientWith(t, u.provider(t))
	patient := make(chan error, 1)
	go func() { patient <- list(t.Context(), client) }()
	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { left <- list(ctx, client) }()
	cancel()
	assert.ErrorIs(t, <-left, context.Canceled, "while the URI still hangs")
	close(release)
	assert.NoError(t, <-patient)
	assert.EqualValues(t, 1, u.hits.Load())
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

func TestATokenNearItsExpiryIsRefreshedAtEachUseButOneAtATime(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]time.Duration{"expired": -time.Hour, "near": 2 * time.Minute} {
		u := newURI(t, issue(good))
		provider := u.provider(t)
		for use := 1; use <= 3; use++ {
			creds, err := provider.Credentials(t.Context())
			require.NoError(t, err, name)
			assert.Equal(t, fmt.Sprintf("token-%d", use), creds.SecurityToken, name)
		}
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				_, err := provider.Credentials(t.Context())
				assert.NoError(t, err)
			})
		}
		group.Wait()
		t.Logf("%s: 50 callers at once: %d refreshes, at most %d at a time", name, u.hits.Load()-3, u.most.Load())
		assert.EqualValues(t, 1, u.most.Load())
		assert.LessOrEqual(t, u.hits.Load(), int64(53))
	}
}

func TestATokenThatIsGoodIsNotRefreshed(t *testing.T) {
	t.Parallel()
	u := newURI(t, issue(time.Hour))
	provider := u.provider(t)
	for range 3 {
		creds, err := provider.Credentials(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "token-1", creds.SecurityToken)
	}
	assert.EqualValues(t, 1, u.hits.Load())
}

// STS is reached by HTTPS only, so credentials-go must trust the test's certificate.
func TestARoleIsAssumedOnceForAll(t *testing.T) { // not parallel: it replaces http.DefaultTransport
	withoutEnvironment(t)
	var hits atomic.Int64
	var refuse atomic.Bool
	sts := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refuse.Load() {
			w.WriteHeader(403)
			fmt.Fprintf(w, `{"Code":"NoPermission","Message":"%s %s"}`, leaked, r.URL.RawQuery)
			return
		}
		hits.Add(1)
		assert.Equal(t, "AssumeRole", r.URL.Query().Get("Action"))
		fmt.Fprint(w, `{"Credentials":{"AccessKeyId":"role-id","AccessKeySecret":"role-secret","SecurityToken":"role-token","Expiration":"2100-01-01T00:00:00Z"}}`)
	}))
	t.Cleanup(sts.Close)
	before := http.DefaultTransport
	http.DefaultTransport = sts.Client().Transport
	t.Cleanup(func() { http.DefaultTransport = before })
	role := func() cams.CredentialsProvider {
		return cams.CredentialsFrom(goCredential(t, new(credentials.Config).SetType("ram_role_arn").SetAccessKeyId("id").SetAccessKeySecret(leaked).
			SetRoleArn("acs:ram::1:role/r").SetRoleSessionName("s").SetSTSEndpoint(sts.Listener.Addr().String())))
	}
	provider := role()
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			creds, err := provider.Credentials(t.Context())
			assert.NoError(t, err)
			assert.Equal(t, cams.Credentials{AccessKeyID: "role-id", AccessKeySecret: "role-secret", SecurityToken: "role-token"}, creds)
		})
	}
	group.Wait()
	assert.EqualValues(t, 1, hits.Load())

	refuse.Store(true)
	err := list(t.Context(), newClientWith(t, role()))
	assert.EqualError(t, err, "cams: ListChatGroupParticipants: no credentials: refresh session token failed: [redacted] (NoPermission) (1 attempt)")
}

func TestAProviderThatHangsDelaysNobodyAndIsNotAskedTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked, release := 0, make(chan struct{})
		client := newClientWith(t, providerFunc(func(context.Context) (cams.Credentials, error) { // ignores its context
			asked++
			<-release
			return someCredentials, nil
		}))
		start := time.Now()
		var group sync.WaitGroup
		for n := range 20 {
			group.Go(func() {
				deadline := time.Duration(n+1) * time.Second / 2
				ctx, cancel := context.WithTimeout(context.Background(), deadline)
				defer cancel()
				err := list(ctx, client)
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				assert.EqualError(t, err, "cams: ListChatGroupParticipants: stopped by the caller's context: context deadline exceeded (1 attempt)")
				assert.Equal(t, deadline, time.Since(start), "not a moment later")
			})
		}
		group.Go(func() {
			err := list(context.Background(), client)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.EqualError(t, err, "cams: ListChatGroupParticipants: no credentials: no complete answer within the attempt timeout of 15s (1 attempt)")
			assert.Equal(t, 15*time.Second, time.Since(start))
		})
		group.Wait()
		for range 3 { // no caller waits any more
			group.Go(func() {
				assert.NoError(t, list(context.Background(), client), "served by what the first ones asked for")
			})
		}
		synctest.Wait()
		assert.Equal(t, 1, asked)
		close(release)
		group.Wait()
		assert.Equal(t, 1, asked)
	})
}

func TestAProviderThatHangsEndsTheCallAfterItsAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		client := newClientWith(t, providerFunc(func(context.Context) (cams.Credentials, error) {
			<-release
			return someCredentials, nil
		}), cams.WithRetry(cams.RetryPolicy{}), cams.WithAttemptTimeout(time.Second))
		start := time.Now()
		err := list(context.Background(), client)
		assert.EqualError(t, err, "cams: ListChatGroupParticipants: no credentials: no complete answer within the attempt timeout of 1s (3 attempts)")
		assert.LessOrEqual(t, time.Since(start), 3*time.Second+600*time.Millisecond)
	})
}

func TestAProvidersContextEndsWhenNobodyWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked, hang := 0, true
		var ended time.Duration
		start := time.Now()
		client := newClientWith(t, providerFunc(func(ctx context.Context) (cams.Credentials, error) {
			asked++
			if hang {
				<-ctx.Done()
				ended = time.Since(start)
				time.Sleep(time.Second) // it takes a while to stop
				return cams.Credentials{}, ctx.Err()
			}
			time.Sleep(time.Second)
			return someCredentials, ctx.Err()
		}))
		var group sync.WaitGroup
		for n := range 3 {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(n+1)*time.Second)
				defer cancel()
				assert.ErrorIs(t, list(ctx, client), context.DeadlineExceeded)
			})
		}
		group.Wait()
		synctest.Wait()
		assert.Equal(t, 3*time.Second, ended, "with the last of them, not with the first")
		hang = false
		for range 3 { // it is still stopping
			group.Go(func() { assert.NoError(t, list(context.Background(), client), "an old cancel is no error of theirs") })
		}
		group.Wait()
		assert.Equal(t, 2, asked)
		assert.Equal(t, 5*time.Second, time.Since(start))
	})
}

func TestACallThatHasEndedAsksForNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := newClientWith(t, providerFunc(func(context.Context) (cams.Credentials, error) {
			t.Error("asked")
			return someCredentials, nil
		}))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 10 {
			assert.ErrorIs(t, list(ctx, client), context.Canceled)
		}
	})
}

func TestAProviderSeesNothingOfOneCallersContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type tenant struct{}
		client := newClientWith(t, providerFunc(func(ctx context.Context) (cams.Credentials, error) {
			assert.Nil(t, ctx.Value(tenant{}), "the answer goes to callers with other values too")
			_, limited := ctx.Deadline()
			assert.False(t, limited, "others may have more time")
			return someCredentials, nil
		}))
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), tenant{}, "a"), time.Second)
		defer cancel()
		assert.NoError(t, list(ctx, client))
	})
}

func TestAProviderThatCallsItsOwnClientIsToldSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var client *cams.Client
		client = newClientWith(t, providerFunc(func(ctx context.Context) (cams.Credentials, error) {
			return cams.Credentials{}, list(ctx, client)
		}))
		start := time.Now()
		assert.EqualError(t, list(t.Context(), client), "cams: ListChatGroupParticipants: no credentials: no credentials: "+
			"the provider called the client that waits for it: give it a client with other credentials (1 attempt)")
		assert.Zero(t, time.Since(start), "no deadlock until some timeout")
	})
}

// spilling is an error with a harmless text and secrets in its fields.
type spilling struct{ Body string }

func (spilling) Error() string { return "refused" }

var errProvider = errors.New("no such role")

func TestWhateverAProviderDoesEndsInAClearErrorWithoutSecrets(t *testing.T) {
	t.Parallel()
	type answer = func() (cams.Credentials, error)
	fail := func(err error) answer { return func() (cams.Credentials, error) { return cams.Credentials{}, err } }
	give := func(creds cams.Credentials) answer { return func() (cams.Credentials, error) { return creds, nil } }
	from := func(get func() (*credentials.CredentialModel, error)) answer {
		provider := cams.CredentialsFrom(goModel{get: get})
		return func() (cams.Credentials, error) { return provider.Credentials(context.Background()) }
	}
	text := func(s string) *string { return &s }
	long := strings.Repeat(leaked, 10)
	for name, test := range map[string]struct {
		answer answer
		want   string
	}{
		"it panics with an error":    {func() (cams.Credentials, error) { panic(errProvider) }, "the provider panicked: no such role"},
		"it panics with a secret":    {func() (cams.Credentials, error) { panic("secret=" + leaked) }, "the provider panicked: secret=[redacted]"},
		"it panics with its fields":  {func() (cams.Credentials, error) { panic(spilling{leaked}) }, "the provider panicked: refused"},
		"it panics with a struct":    {func() (cams.Credentials, error) { panic(struct{ Secret string }{leaked}) }, "the provider panicked: [redacted]"},
		"it dereferences nil":        {func() (cams.Credentials, error) { return *(*cams.Credentials)(nil), nil }, "the provider panicked: runtime error: invalid memory address or nil pointer dereference"},
		"it ends its goroutine":      {func() (cams.Credentials, error) { runtime.Goexit(); panic("unreachable") }, "the provider ended its goroutine and returned nothing"},
		"its error is a nil pointer": {fail((*spilling)(nil)), "the provider panicked: value method github.com/cams-go/cams/internal/acceptance.spilling.Error called using nil *spilling pointer"},
		"empty credentials":          {give(cams.Credentials{}), "the provider returned unusable credentials: Credentials.AccessKeyID is empty, and so are the other fields"},
		"no secret":                  {give(cams.Credentials{AccessKeyID: "id"}), "the provider returned unusable credentials: Credentials.AccessKeySecret is empty"},
		"a secret alone":             {give(cams.Credentials{AccessKeySecret: leaked}), "the provider returned unusable credentials: Credentials.AccessKeyID is empty"},
		"a token alone":              {give(cams.Credentials{SecurityToken: leaked}), "the provider returned unusable credentials: Credentials.AccessKeyID is empty"},
		"a token with a line break":  {give(cams.Credentials{AccessKeyID: "id", AccessKeySecret: leaked, SecurityToken: leaked + "\r\nX: y"}), "the provider returned unusable credentials: Credentials.SecurityToken holds a line break or another control character"},
		"a bearer token and a key":   {give(cams.Credentials{AccessKeyID: "id", AccessKeySecret: leaked, BearerToken: leaked}), "the provider returned unusable credentials: Credentials.BearerToken cannot be used together with an AccessKey"},
		"a nil model":                {from(func() (*credentials.CredentialModel, error) { return nil, nil }), "the provider returned nothing"},
		"an empty model":             {from(func() (*credentials.CredentialModel, error) { return &credentials.CredentialModel{}, nil }), "the provider returned unusable credentials: Credentials.AccessKeyID is empty, and so are the other fields"},
		"a model without a secret": {from(func() (*credentials.CredentialModel, error) {
			return &credentials.CredentialModel{AccessKeyId: text("id")}, nil
		}), "the provider returned unusable credentials: Credentials.AccessKeySecret is empty"},
		"a model that panics": {from(func() (*credentials.CredentialModel, error) { panic("token: " + leaked) }), "the provider panicked: token: [redacted]"},
		"an error with credentials": {func() (cams.Credentials, error) {
			return cams.Credentials{SecurityToken: leaked}, errors.New("cannot renew " + leaked)
		}, "cannot renew [redacted]"},
		"an error with a secret":       {fail(fmt.Errorf("%w: AccessKeySecret: %s, token %q", errProvider, leaked, leaked)), "no such role: AccessKeySecret: [redacted], token [redacted]"},
		"an error with JSON":           {fail(fmt.Errorf("%w: %s", errProvider, `{"AccessKeySecret":"`+leaked+`"}`)), "no such role: [redacted]"},
		"an error with a struct":       {fail(fmt.Errorf("%w: %+v", errProvider, struct{ Secret string }{leaked})), "no such role: [redacted]"},
		"an error with a long secret":  {fail(fmt.Errorf("%w: %s", errProvider, long)), "no such role: [redacted]"},
		"an error with a URL":          {fail(errors.Join(errProvider, &url.Error{Op: "Get", URL: "http://u:" + leaked + "@h/?k=" + leaked, Err: errors.New("password " + leaked)})), `no such role Get "http://[redacted]@h/?[redacted] password [redacted]`},
		"an error with secret fields":  {fail(errors.Join(errProvider, spilling{leaked})), "no such role refused"},
		"an error that hides a secret": {fail(fmt.Errorf("%w%.0w", errProvider, errors.New("secret="+leaked))), "no such role"},
		"an error of many lines":       {fail(fmt.Errorf("%w\r\nsecret:\n\t%s", errProvider, leaked)), "no such role  secret:  [redacted]"},
		"an error that says nothing":   {fail(errors.New("")), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			policy := cams.RetryPolicy{}
			if name == "an error with a URL" { // a request's, which may pass
				policy = cams.NoRetry()
			}
			client := newClientWith(t, providerFunc(func(context.Context) (cams.Credentials, error) {
				if asked++; asked > 1 {
					return someCredentials, nil
				}
				return test.answer()
			}), cams.WithRetry(policy))
			err := list(t.Context(), client)
			require.EqualError(t, err, "cams: ListChatGroupParticipants: no credentials: "+test.want+" (1 attempt)")
			walk(err, func(err error) { requireClean(t, fmt.Sprintf("%T", err), err, forbidden(leaked)) })
			if strings.HasPrefix(test.want, "no such role") {
				assert.ErrorIs(t, err, errProvider, "the cause can be told")
			}
			if wrapper := new(url.Error); errors.As(err, &wrapper) {
				requireClean(t, "*url.Error", wrapper, forbidden(leaked))
			}
			if strings.HasPrefix(test.want, "the provider returned unusable") {
				assert.ErrorAs(t, err, new(*cams.ValidationError))
			}
			assert.NoError(t, list(t.Context(), client), "the next call asks again")
		})
	}
}

func TestEachAttemptIsSignedWithTheCredentialsOfItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		server, client := service(t, cams.WithCredentials(providerFunc(func(context.Context) (cams.Credentials, error) {
			asked++
			return cams.Credentials{AccessKeyID: "id", AccessKeySecret: fmt.Sprintf("secret-%d", asked), SecurityToken: fmt.Sprintf("token-%d", asked)}, nil
		})))
		server.AddAccessKey("id", "secret-2", "token-2")
		server.AnswerOnce(camstest.Refusal(503, "ServiceUnavailable", "m"))
		require.NoError(t, list(t.Context(), client))
		requests := server.Requests()
		require.Len(t, requests, 2)
		assert.Equal(t, "token-1", requests[0].Header.Get("x-acs-security-token"))
		assert.Equal(t, "token-2", requests[1].Header.Get("x-acs-security-token"))
	})
}

func TestAClientWorksOnceTheEnvironmentIsFixed(t *testing.T) {
	withoutEnvironment(t)
	client, err := cams.NewClient(accepting(func(string) string { return "" }))
	require.NoError(t, err)
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

func TestTheDefaultChainIsBuiltAtTheFirstCallAndKept(t *testing.T) {
	withoutEnvironment(t)
	client, err := cams.NewClient(accepting(func(string) string { return "" }))
	require.NoError(t, err)
	u := newURI(t, issue(time.Hour))
	t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", u.URL) // after NewClient
	other, err := cams.NewClient()
	require.NoError(t, err)
	require.NotNil(t, other)
	assert.Zero(t, u.hits.Load(), "NewClient asks nobody")
	for range 3 {
		require.NoError(t, list(t.Context(), client))
	}
	assert.EqualValues(t, 1, u.hits.Load(), "a new chain would ask again")
}

// expire is a service that refuses one token and counts the requests.
func expire(token string, requests *atomic.Int64) cams.Option {
	return accepting(func(got string) string {
		requests.Add(1)
		if got == token {
			return "InvalidSecurityToken.Expired"
		}
		return ""
	})
}

func TestAnExpiredTokenIsRefreshedAndTheCallRepeated(t *testing.T) {
	withoutEnvironment(t)
	u := newURI(t, issue(time.Hour)) // so the chain itself sees no reason to refresh
	t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", u.URL)
	var requests atomic.Int64
	client, err := cams.NewClient(expire("token-1", &requests))
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, list(t.Context(), client))
	}
	assert.EqualValues(t, 2, u.hits.Load(), "one refresh")
	assert.EqualValues(t, 4, requests.Load(), "one retry, and none for the later calls")
}

func TestFiftyCallsWithOneExpiredTokenRefreshItOnce(t *testing.T) {
	withoutEnvironment(t)
	u := newURI(t, issue(time.Hour))
	t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", u.URL)
	const calls = 50
	var first sync.WaitGroup
	first.Add(calls)
	var requests, refused atomic.Int64
	client, err := cams.NewClient(accepting(func(token string) string {
		requests.Add(1)
		if token != "token-1" {
			return ""
		}
		if refused.Add(1) <= calls {
			first.Done()
			first.Wait() // all have been sent with the old token before the first is refused
		}
		return "InvalidSecurityToken.Expired"
	}))
	require.NoError(t, err)
	var group sync.WaitGroup
	for range calls {
		group.Go(func() { assert.NoError(t, list(t.Context(), client)) })
	}
	group.Wait()
	t.Logf("%d calls with an expired token: %d refresh, %d requests", calls, u.hits.Load()-1, requests.Load())
	assert.EqualValues(t, 2, u.hits.Load(), "the first token and one refresh")
	assert.EqualValues(t, 2*calls, requests.Load())
}

func TestAnExpiredTokenThatIsStaticIsNotSentAgain(t *testing.T) {
	t.Parallel()
	client, mock := newClient(t, cams.WithRetry(cams.RetryPolicy{}), cams.WithCredentials(cams.StaticCredentials("id", testSecret, testToken)))
	answerWith(mock, 400, nil, `{"Code":"InvalidSecurityToken.Expired","Message":"m","RequestId":"id"}`)
	err := list(t.Context(), client)
	require.ErrorIs(t, err, cams.ErrUnauthenticated)
	assert.Equal(t, 1, mock.GetTotalCallCount())
}

func TestARefusedIdentityMakesAProviderBeAskedAgainOnce(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]camstest.Answer{
		"an unknown key":                  camstest.Refusal(404, "InvalidAccessKeyId.NotFound", "m"),
		"a disabled key":                  camstest.Refusal(400, "InvalidAccessKeyId.Inactive", "m"),
		"a wrong secret":                  camstest.Refusal(400, "SignatureDoesNotMatch", "m"),
		"an expired token":                camstest.Refusal(400, "InvalidSecurityToken.Expired", "m"),
		"a token of another key":          camstest.Refusal(400, "InvalidSecurityToken.MismatchWithAccessKey", "m"),
		"an expired token, another way":   camstest.Refusal(403, "SecurityTokenExpired", "m"),
		"an expired token as a parameter": camstest.Refusal(400, "InvalidParameter", "The specified parameter SecurityToken.Expired is not valid."),
		"a malformed token":               camstest.Refusal(400, "InvalidSecurityToken.Malformed", "m"),
		"a key that is disabled":          camstest.Refusal(403, "Forbidden.AccessKeyDisabled", "m"),
		"a key that cannot be read":       camstest.Refusal(400, "IncompleteSignature", "m"),
		"no token":                        camstest.Refusal(400, "MissingSecurityToken", "m"),
	} {
		for kind, rotates := range map[string]bool{"other credentials are tried": true, "the same ones are not": false} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				asked := 0
				provider := providerFunc(func(context.Context) (cams.Credentials, error) {
					asked++
					id := camstest.AccessKeyID
					if rotates && asked == 1 {
						id = "old"
					}
					return cams.Credentials{AccessKeyID: id, AccessKeySecret: camstest.AccessKeySecret, Expires: time.Now().Add(time.Hour)}, nil
				})
				server, client := service(t, cams.WithCredentials(provider))
				server.AnswerOnce(refusal)
				err := list(t.Context(), client)
				assert.Equal(t, 2, asked)
				if rotates {
					require.NoError(t, err)
					require.Len(t, server.Requests(), 2)
					return
				}
				require.ErrorAs(t, err, new(*cams.APIError))
				assert.Len(t, server.Requests(), 1)
			})
		}
	}
}

func TestATokenThatStaysExpiredIsAnErrorNotALoop(t *testing.T) {
	withoutEnvironment(t)
	u := newURI(t, func(w http.ResponseWriter, r *http.Request, _ int64) { issue(time.Hour)(w, r, 1) })
	t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", u.URL)
	var requests atomic.Int64
	client, err := cams.NewClient(expire("token-1", &requests))
	require.NoError(t, err)
	err = list(t.Context(), client)
	require.ErrorIs(t, err, cams.ErrUnauthenticated)
	assert.EqualError(t, err, "cams: ListChatGroupParticipants: InvalidSecurityToken.Expired: m - get new temporary credentials (status 400, request ID id, 1 attempt)")
	assert.EqualValues(t, 1, requests.Load(), "the same token would be refused again")
	assert.EqualValues(t, 2, u.hits.Load())
}

// CredentialsFrom cannot replace a credential that keeps its expired token. Only its
// maker can build a new one.
func TestACredentialThatKeepsItsExpiredTokenIsAnErrorNotALoop(t *testing.T) {
	t.Parallel()
	u := newURI(t, issue(time.Hour)) // so credentials-go keeps it
	var requests atomic.Int64
	client := newClientWith(t, u.provider(t), expire("token-1", &requests), cams.WithRetry(cams.RetryPolicy{}))
	require.ErrorIs(t, list(t.Context(), client), cams.ErrUnauthenticated)
	assert.EqualValues(t, 1, requests.Load(), "the same token would be refused again")
	assert.EqualValues(t, 1, u.hits.Load())
}

func TestAProviderOfYoursIsAskedAgainForAnExpiredToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		var requests atomic.Int64
		client := newClientWith(t, providerFunc(func(context.Context) (cams.Credentials, error) {
			asked++
			return cams.Credentials{AccessKeyID: "id", AccessKeySecret: testSecret, SecurityToken: fmt.Sprintf("token-%d", asked)}, nil
		}), expire("token-1", &requests), cams.WithRetry(cams.RetryPolicy{}))
		assert.NoError(t, list(t.Context(), client))
		assert.Equal(t, 2, asked)
		assert.EqualValues(t, 2, requests.Load())
	})
}

func TestAFetchOlderThanTheRejectionDoesNotBringTheTokenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		client := newClientWith(t, providerFunc(func(context.Context) (cams.Credentials, error) {
			asked++
			creds := cams.Credentials{AccessKeyID: "id", AccessKeySecret: testSecret, SecurityToken: "token-1"}
			switch {
			case asked == 2:
				time.Sleep(2 * time.Second) // began with the old token at hand
			case asked > 2:
				creds.SecurityToken = "token-2"
			}
			return creds, nil
		}), accepting(func(token string) string {
			time.Sleep(time.Second)
			if token == "token-1" {
				return "InvalidSecurityToken.Expired"
			}
			return ""
		}), cams.WithRetry(cams.RetryPolicy{}))
		var group sync.WaitGroup
		group.Go(func() { assert.NoError(t, list(t.Context(), client)) }) // refused at 1 s
		group.Go(func() {
			time.Sleep(time.Second / 2) // asks at 0.5 s, gets the answer at 2.5 s
			assert.NoError(t, list(t.Context(), client))
		})
		group.Wait()
		assert.LessOrEqual(t, asked, 4)
	})
}

func TestOneProviderServesTwoClients(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		busy, asked := false, 0 // unguarded: the race detector watches
		provider := cams.CredentialsFrom(credentials.FromCredentialsProvider("shared", goProvider(func() (*providers.Credentials, error) {
			assert.False(t, busy, "one at a time")
			busy = true
			time.Sleep(time.Millisecond)
			busy = false
			asked++
			return &providers.Credentials{AccessKeyId: "id", AccessKeySecret: testSecret}, nil
		})))
		var group sync.WaitGroup
		for range 2 {
			client := newClientWith(t, provider)
			for range 20 {
				group.Go(func() {
					for range 5 {
						assert.NoError(t, list(t.Context(), client))
					}
				})
			}
		}
		group.Wait()
		assert.Equal(t, 5, asked, "200 calls, asked for by 40 at a time")
	})
}

func TestAnInvalidKeyOrTokenIsRefusedByNameAndNotShown(t *testing.T) {
	withoutEnvironment(t)
	fields := map[string]func(value string) cams.Credentials{
		"AccessKeyID":     func(v string) cams.Credentials { return cams.Credentials{AccessKeyID: v, AccessKeySecret: "s"} },
		"AccessKeySecret": func(v string) cams.Credentials { return cams.Credentials{AccessKeyID: "i", AccessKeySecret: v} },
		"SecurityToken": func(v string) cams.Credentials {
			return cams.Credentials{AccessKeyID: "i", AccessKeySecret: "s", SecurityToken: v}
		},
		"BearerToken": func(v string) cams.Credentials { return cams.Credentials{BearerToken: v} },
	}
	for value, reason := range map[string]string{
		leaked + "\r":                "holds a line break or another control character", // a variable from a file with Windows line ends
		leaked + "\n":                "holds a line break or another control character",
		leaked + "\t":                "holds a line break or another control character",
		" " + leaked:                 "holds a space",
		leaked + " x":                "holds a space",
		leaked + "\u00a0":            "holds a space",
		"\u3000" + leaked:            "holds a space",
		"\ufeff" + leaked:            "holds a byte order mark",
		"\u200b" + leaked:            "holds a character that is not ASCII",
		"\u201c" + leaked + "\u201d": "holds a character that is not ASCII",
		leaked + "\xff":              "holds a character that is not ASCII",
		`"` + leaked + `"`:           "begins or ends with a quote",
		leaked + "'":                 "begins or ends with a quote",
		"`" + leaked:                 "begins or ends with a quote",
	} {
		for field, with := range fields {
			creds := with(value)
			want := "Credentials." + field + " " + reason
			isClear := func(err error, prefix string) {
				t.Helper()
				require.EqualError(t, err, prefix+want)
				invalid := new(cams.ValidationError)
				require.ErrorAs(t, err, &invalid)
				requireClean(t, field, err, forbidden(leaked))
			}
			if field != "BearerToken" {
				_, err := cams.NewClient(cams.WithCredentials(cams.StaticCredentials(creds.AccessKeyID, creds.AccessKeySecret, creds.SecurityToken)))
				isClear(err, "cams: WithCredentials got unusable credentials: ")
			}
			bridge := cams.CredentialsFrom(goModel{get: func() (*credentials.CredentialModel, error) {
				return &credentials.CredentialModel{AccessKeyId: &creds.AccessKeyID, AccessKeySecret: &creds.AccessKeySecret,
					SecurityToken: &creds.SecurityToken, BearerToken: &creds.BearerToken}, nil
			}})
			_, err := bridge.Credentials(t.Context())
			isClear(err, "the provider returned unusable credentials: ")
			err = list(t.Context(), newClientWith(t, providerFunc(func(context.Context) (cams.Credentials, error) { return creds, nil })))
			require.ErrorContains(t, err, "the provider returned unusable credentials: "+want+" (1 attempt)")
			requireClean(t, field, err, forbidden(leaked))
			if field == "BearerToken" {
				continue
			}
			t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", creds.AccessKeyID)
			t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", creds.AccessKeySecret)
			t.Setenv("ALIBABA_CLOUD_SECURITY_TOKEN", creds.SecurityToken)
			_, err = cams.DefaultCredentials().Credentials(t.Context())
			require.ErrorContains(t, err, want)
			require.ErrorAs(t, err, new(*cams.ValidationError))
			requireClean(t, field, err, forbidden(leaked))
		}
	}
}

func TestKeysAndTokensOfAnyServiceAreAccepted(t *testing.T) {
	t.Parallel()
	for _, creds := range []cams.Credentials{
		{AccessKeyID: "LTAI5tExampleExample", AccessKeySecret: "abcABC019"},
		{AccessKeyID: "STS.NUexample", AccessKeySecret: "a+b/c==", SecurityToken: "CAIS/+=aZ09=="},
		{BearerToken: "eyJhbGciOi.eyJzdWIiOi.SflKxw-_~+/="},
	} {
		assert.NoError(t, list(t.Context(), newClientWith(t, providerFunc(func(context.Context) (cams.Credentials, error) { return creds, nil }))))
	}
}

func TestAProvidersErrorIsNotTakenForTheServicesAnswer(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]camstest.Answer{
		"throttled":          camstest.Refusal(429, "Throttling.User", "m"),
		"a server error":     camstest.Refusal(503, "ServiceUnavailable", "m"),
		"a wait":             {Status: 400, Header: http.Header{"X-Acs-Retry-After": {"1500"}}, Body: `{"Code":"Other"}`},
		"no service, broken": {Status: 502, Body: "<html>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				vault, vaultClient := service(t, cams.WithRetry(cams.NoRetry()))
				vault.Answer(answer)
				asked := 0
				client := newClientWith(t, providerFunc(func(ctx context.Context) (cams.Credentials, error) {
					asked++
					return cams.Credentials{}, list(ctx, vaultClient)
				}), cams.WithRetry(cams.RetryPolicy{}))
				require.ErrorContains(t, list(t.Context(), client), "no credentials")
				assert.Equal(t, 1, asked, "the refusal is that of another client")
			})
		})
	}
}

func TestASessionOfCredentialsGoIsUsedWhileItsRefreshFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  error
		uses bool
	}{
		"the metadata service is unavailable": {errors.New("refresh Ecs sts token err, httpStatus: 503, message = "), true},
		"no connection":                       {&net.OpError{Op: "dial", Err: errors.New("refused")}, true},
		"it refuses":                          {errors.New("refresh Ecs sts token err, httpStatus: 403, message = "), false},
		"any other error":                     {errors.New("no role"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked, fails := 0, error(nil)
				provider := cams.CredentialsFrom(credentials.FromCredentialsProvider("ecs_ram_role", goProvider(func() (*providers.Credentials, error) {
					asked++
					return &providers.Credentials{AccessKeyId: "id", AccessKeySecret: "secret", SecurityToken: fmt.Sprint(asked)}, fails
				})))
				_, err := provider.Credentials(t.Context())
				require.NoError(t, err)
				fails = test.err
				for range 17 {
					time.Sleep(10 * time.Second)
					creds, err := provider.Credentials(t.Context())
					require.Equal(t, test.uses, err == nil, err)
					if err == nil {
						assert.Equal(t, "1", creds.SecurityToken)
					}
				}
				assert.Equal(t, 18, asked, "it is asked again, but not at each use")
				time.Sleep(10 * time.Second)
				_, err = provider.Credentials(t.Context())
				assert.Error(t, err, "the session has ended")
				fails = nil
				creds, err := provider.Credentials(t.Context())
				require.NoError(t, err)
				assert.Equal(t, "20", creds.SecurityToken)
			})
		})
	}
}

func TestAProvidersErrorThatSaysItMayPassIsRepeated(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err   error
		again bool
	}{
		"temporary":              {selfDescribed{temporary: true}, true},
		"a timeout":              {fmt.Errorf("vault: %w", selfDescribed{timeout: true}), true},
		"its own deadline":       {fmt.Errorf("vault: %w", context.DeadlineExceeded), true},
		"no connection":          {fmt.Errorf("vault: %w", &url.Error{Op: "Get", URL: "http://vault", Err: &net.OpError{Op: "dial", Err: errors.New("refused")}}), true},
		"a connection that ends": {&url.Error{Op: "Get", URL: "http://vault", Err: io.EOF}, true},
		"one that is closed":     {&url.Error{Op: "Get", URL: "http://vault", Err: errors.New("http: server closed idle connection")}, true},
		"neither":                {selfDescribed{}, false},
		"no URL":                 {&url.Error{Op: "parse", URL: "://vault", Err: errors.New("missing protocol scheme")}, false},
		"no URL of HTTP":         {&url.Error{Op: "Get", URL: "ftp://vault", Err: errors.New(`unsupported protocol scheme "ftp"`)}, false},
		"a file that ends":       {io.ErrUnexpectedEOF, false},
		"no such host":           {&url.Error{Op: "Get", URL: "http://vault", Err: &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}}, false},
		"a bad certificate":      {&url.Error{Op: "Get", URL: "http://vault", Err: &tls.CertificateVerificationError{Err: errors.New("unknown")}}, false},
		"no such file":           {&os.PathError{Op: "open", Path: "f", Err: os.ErrNotExist}, false},
		"credentials-go's text":  {errors.New("refresh Ecs sts token err, httpStatus: 503, message = "), false}, // not from there
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				client := newClientWith(t, providerFunc(func(context.Context) (cams.Credentials, error) {
					if asked++; asked < 3 {
						return cams.Credentials{}, test.err
					}
					return someCredentials, nil
				}), cams.WithRetry(cams.RetryPolicy{}))
				err := list(t.Context(), client)
				if test.again {
					require.NoError(t, err)
					assert.Equal(t, 3, asked)
					return
				}
				require.ErrorIs(t, err, test.err)
				assert.Equal(t, 1, asked)
			})
		})
	}
}

// selfDescribed is an error that says whether it may pass.
type selfDescribed struct{ temporary, timeout bool }

func (e selfDescribed) Error() string   { return "failed" }
func (e selfDescribed) Temporary() bool { return e.temporary }
func (e selfDescribed) Timeout() bool   { return e.timeout }

func TestARefreshThatHangsDelaysOneCallALittle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		asked := 0
		client := newClientWith(t, providerFunc(func(context.Context) (cams.Credentials, error) {
			if asked++; asked > 1 {
				<-release
			}
			return cams.Credentials{AccessKeyID: "id", AccessKeySecret: "secret", Expires: time.Now().Add(time.Hour)}, nil
		}))
		require.NoError(t, list(t.Context(), client))
		time.Sleep(58 * time.Minute)
		for _, longest := range []time.Duration{2 * time.Second, 0, 0} {
			start := time.Now()
			require.NoError(t, list(t.Context(), client))
			assert.LessOrEqual(t, time.Since(start), longest)
		}
		synctest.Wait()
		assert.Equal(t, 2, asked)
		close(release)
	})
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
