package acceptance

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aliyun/credentials-go/credentials"
	"github.com/aliyun/credentials-go/credentials/providers"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// Values that no error and no log may show.
const (
	testNumber = "8613800138000"
	testSecret = "secret-of-the-access-key"
	testToken  = "security/token+of=sts"
)

func validRequest() *cams.ListChatGroupParticipantsRequest {
	return &cams.ListChatGroupParticipantsRequest{BusinessNumber: testNumber, GroupID: "EA939", CustSpaceID: "cams-k001"}
}

func testCredentials() cams.Option {
	return cams.WithCredentials(cams.StaticCredentials("test-access-key-id", testSecret, testToken))
}

// newClient returns a client on a mocked transport of its own.
func newClient(t testing.TB, opts ...cams.Option) (*cams.Client, *httpmock.MockTransport) {
	t.Helper()
	mock := httpmock.NewMockTransport()
	client, err := cams.NewClient(append([]cams.Option{
		cams.WithHTTPClient(&http.Client{Transport: mock}), testCredentials(), cams.WithRetry(cams.NoRetry()),
	}, opts...)...)
	require.NoError(t, err)
	return client, mock
}

// answerWith registers one answer for every request.
func answerWith(mock *httpmock.MockTransport, status int, header http.Header, body string) {
	mock.RegisterNoResponder(func(*http.Request) (*http.Response, error) {
		res := httpmock.NewStringResponse(status, body)
		for name, values := range header {
			res.Header[http.CanonicalHeaderKey(name)] = values
		}
		return res, nil
	})
}

// liveHeap returns the number of heap bytes in use.
func liveHeap() int {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}

// trusting returns the default transport, which trusts the server's certificate.
func trusting(server *httptest.Server) *http.Transport {
	transport := cams.NewTransport()
	transport.TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	return transport
}

// answered is a transport that gives one answer.
func answered(status int, body string, header ...string) transportFunc {
	return func(*http.Request) (*http.Response, error) {
		res := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
		for i := 0; i < len(header); i += 2 {
			res.Header.Set(header[i], header[i+1])
		}
		return res, nil
	}
}

func failing(err error) transportFunc {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// cutOff is an answer whose body breaks off after body.
func cutOff(status int, body string) transportFunc {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, ContentLength: -1,
			Body: io.NopCloser(io.MultiReader(strings.NewReader(body), cut{}))}, nil
	}
}

func silent(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

// firstThen is a transport that gives first to the first request and a success to
// the others, and counts them.
func firstThen(first transportFunc, success string, requests *int) cams.Option {
	return withTransport(func(req *http.Request) (*http.Response, error) {
		if *requests++; *requests == 1 {
			return first(req)
		}
		return answered(200, success)(req)
	})
}

// counted answers each request in the same way.
func counted(requests *int, each transportFunc) cams.Option {
	return withTransport(func(req *http.Request) (*http.Response, error) {
		*requests++
		return each(req)
	})
}

// otherEachTime is a provider that has other credentials each time.
func otherEachTime() cams.Option {
	n := 0
	return cams.WithCredentials(providerFunc(func(context.Context) (cams.Credentials, error) {
		n++
		return cams.Credentials{AccessKeyID: "id", AccessKeySecret: testSecret, SecurityToken: fmt.Sprint("token-", n)}, nil
	}))
}

func clientOf(t *testing.T, opts ...cams.Option) *cams.Client {
	t.Helper()
	client, err := cams.NewClient(opts...)
	require.NoError(t, err)
	return client
}

// service is a fake with one group, and a client on it in memory.
func service(t testing.TB, opts ...cams.Option) (*camstest.Server, *cams.Client) {
	t.Helper()
	server := camstest.NewServer()
	server.AddGroup(camstest.Group{BusinessNumber: testNumber, CustSpaceID: "cams-k001", GroupID: "EA939", Participants: []string{"8613800000001"}})
	client, err := server.NewClient(opts...)
	require.NoError(t, err)
	return server, client
}

// transportFunc is a transport of one function.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func withTransport(f transportFunc) cams.Option {
	return cams.WithHTTPClient(&http.Client{Transport: f})
}

// blocked is a body that hangs until its request ends; cut is one that breaks off.
type blocked struct{ ctx context.Context }

func (b blocked) Read([]byte) (int, error) { <-b.ctx.Done(); return 0, b.ctx.Err() }

type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// providerFunc is a provider of the user's.
type providerFunc func(context.Context) (cams.Credentials, error)

func (f providerFunc) Credentials(ctx context.Context) (cams.Credentials, error) { return f(ctx) }

// signerFunc is a signer of one function.
type signerFunc func(req *http.Request, in cams.SigningInput) error

func (f signerFunc) Sign(req *http.Request, in cams.SigningInput) error { return f(req, in) }

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

func (p goProvider) GetProviderName() string { return "static_sts" } // it may claim anything

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
