package acceptance

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/internal/acceptance/soak"
)

// The whole day, with other limiters beside ours, is in internal/interop.
func TestABadHourLosesNoGroupAndDoublesNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		day := soak.Day{Seed: 1, Length: time.Hour, Runs: 4, Groups: 1000, WebEvery: 2 * time.Second, CreateEvery: time.Minute}
		got, err := soak.Play(t.Context(), day, func(transport http.RoundTripper, provider cams.CredentialsProvider) (soak.Service, []cams.PagerOption, error) {
			client, err := cams.NewClient(cams.WithHTTPClient(&http.Client{Transport: transport}), cams.WithCredentials(provider))
			return client, nil, err
		})
		require.NoError(t, err)
		t.Logf("%+v", *got)
		assert.Zero(t, got.Lost, "%v", got.Causes)
		assert.Equal(t, 4000, got.Listed)
		assert.Zero(t, got.Missing)
		assert.Zero(t, got.Doubled)
		assert.NotZero(t, got.Seen.Outages)
		assert.NotZero(t, got.Seen.Refused)
	})
}
