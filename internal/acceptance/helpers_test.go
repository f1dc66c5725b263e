package acceptance

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

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
