package acceptance

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// BenchmarkColdStart measures what a process spends until its second call has ended,
// without the network: go test -run '^$' -bench ColdStart ./internal/acceptance
func BenchmarkColdStart(b *testing.B) {
	server := camstest.NewServer()
	server.AddGroup(camstest.Group{BusinessNumber: testNumber, CustSpaceID: "cams-k001", GroupID: "EA939", Participants: []string{"8613800000001"}})
	endpoint := httptest.NewUnstartedServer(server)
	endpoint.EnableHTTP2 = true
	endpoint.StartTLS()
	defer endpoint.Close()
	dial := func() *cams.Client {
		transport := trusting(endpoint)
		client, err := cams.NewClient(
			cams.WithHTTPClient(&http.Client{Transport: transport}),
			cams.WithEndpoint(endpoint.URL),
			cams.WithCredentials(cams.StaticCredentials(camstest.AccessKeyID, camstest.AccessKeySecret, "")),
		)
		require.NoError(b, err)
		return client
	}

	b.Run("NewClient", func(b *testing.B) {
		for b.Loop() {
			dial()
		}
	})
	b.Run("DefaultCredentials", func(b *testing.B) { // found in the environment
		b.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "id")
		b.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "secret")
		for b.Loop() {
			_, err := cams.DefaultCredentials().Credentials(b.Context())
			require.NoError(b, err)
		}
	})
	b.Run("FirstCall", func(b *testing.B) { // with a connection and a TLS handshake
		for b.Loop() {
			client := dial()
			require.NoError(b, list(b.Context(), client))
			client.CloseIdleConnections()
		}
	})
	b.Run("NextCall", func(b *testing.B) {
		client := dial()
		require.NoError(b, list(b.Context(), client))
		for b.Loop() {
			require.NoError(b, list(b.Context(), client))
		}
		client.CloseIdleConnections()
	})
}
