package acceptance

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
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
