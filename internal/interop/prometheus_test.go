package interop

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camsotel"
	"github.com/cams-go/cams/camstest"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
)

// TestPrometheusHasNothingToSayAgainstTheMetrics exports the metrics of camsotel to Prometheus, and asks its lint.
// The test is here because the exporter needs many modules.
func TestPrometheusHasNothingToSayAgainstTheMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry))
	require.NoError(t, err)
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter))
	for _, tenant := range []string{"a", "b"} {
		fake := newFake()
		fake.AnswerOnce(camstest.Refusal(400, "Throttling.User", "m"))
		observer := camsotel.New(camsotel.WithMeterProvider(meters),
			camsotel.WithAttributes(attribute.String("tenant", tenant), attribute.String("server.address", host)))
		client, err := fake.NewClient(cams.WithRetry(cams.NoRetry()), cams.WithLimiter(cams.Unlimited()), cams.WithObserver(observer))
		require.NoError(t, err)
		for _, groupID := range []string{"throttled", oddGroup, "unknown"} {
			client.ListChatGroupParticipants(t.Context(), &cams.ListChatGroupParticipantsRequest{
				BusinessNumber: number, CustSpaceID: oddSpace, GroupID: groupID})
		}
	}
	problems, err := testutil.GatherAndLint(registry)
	require.NoError(t, err)
	require.Empty(t, problems)

	file := filepath.Join(t.TempDir(), "metrics")
	require.NoError(t, prometheus.WriteToTextfile(file, registry))
	exported, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, series := range []string{
		`rpc_client_call_duration_seconds_count{`, `cams_client_attempt_duration_seconds_count{`,
		`cams_client_limiter_wait_time_seconds_count{`, `cams_client_throttled_total{`,
	} {
		for _, label := range []string{`tenant="a"`, `tenant="b"`, `server_address="` + host + `"`, `rpc_method="cams/ListChatGroupParticipants"`} {
			require.Regexp(t, series+`.*`+label, string(exported))
		}
	}
	for _, private := range []string{number, oddGroup, oddSpace} {
		require.NotContains(t, string(exported), private)
	}
}
