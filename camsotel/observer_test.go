package camsotel_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camsotel"
	"github.com/cams-go/cams/camstest"
)

const (
	number  = "8613800138000"
	groupID = "EA939"
	list    = "cams/ListChatGroupParticipants"
)

// telemetry is OpenTelemetry's own SDK, in memory.
type telemetry struct {
	exporter *tracetest.InMemoryExporter
	tracers  *sdktrace.TracerProvider
	reader   *sdkmetric.ManualReader
	meters   *sdkmetric.MeterProvider
}

func newTelemetry() *telemetry {
	exporter, reader := tracetest.NewInMemoryExporter(), sdkmetric.NewManualReader()
	return &telemetry{
		exporter: exporter,
		tracers:  sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter)),
		reader:   reader,
		meters:   sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
	}
}

func (o *telemetry) observer() cams.Option {
	return cams.WithObserver(camsotel.New(camsotel.WithTracerProvider(o.tracers), camsotel.WithMeterProvider(o.meters)))
}

// span returns the span, and fails the test if there is not exactly one.
func (o *telemetry) span(t *testing.T) tracetest.SpanStub {
	t.Helper()
	spans := o.exporter.GetSpans()
	require.Len(t, spans, 1)
	return spans[0]
}

// metrics returns all metrics by name.
func (o *telemetry) metrics(t *testing.T) map[string]metricdata.Metrics {
	t.Helper()
	var read metricdata.ResourceMetrics
	require.NoError(t, o.reader.Collect(context.Background(), &read))
	all := map[string]metricdata.Metrics{}
	for _, scope := range read.ScopeMetrics {
		assert.Equal(t, "https://opentelemetry.io/schemas/1.45.0", scope.Scope.SchemaURL)
		for _, m := range scope.Metrics {
			all[m.Name] = m
		}
	}
	return all
}

// histogram returns the count and sum of each series of a histogram, by the attributes in which they differ.
func histogram(t *testing.T, m metricdata.Metrics) map[string]string {
	t.Helper()
	assert.Equal(t, "s", m.Unit)
	all := map[string]string{}
	require.IsType(t, metricdata.Histogram[float64]{}, m.Data)
	for _, point := range m.Data.(metricdata.Histogram[float64]).DataPoints {
		assert.Equal(t, 10.0, point.Bounds[len(point.Bounds)-1])
		all[series(t, point.Attributes)] = fmt.Sprintf("%d in %gs", point.Count, point.Sum)
	}
	return all
}

// series returns the attributes of a series, without those that all series have.
func series(t *testing.T, set attribute.Set) string {
	t.Helper()
	attrs := values(set.ToSlice())
	assert.Equal(t, "alibaba_cloud", attrs["rpc.system.name"])
	assert.Equal(t, list, attrs["rpc.method"])
	return strings.TrimSpace(fmt.Sprint(or(attrs["rpc.status_code"]), " ", or(attrs["error.type"])))
}

func or(value any) string {
	if value == nil {
		return ""
	}
	return value.(string)
}

func values(attrs []attribute.KeyValue) map[string]any {
	all := map[string]any{}
	for _, attr := range attrs {
		all[string(attr.Key)] = attr.Value.AsInterface()
	}
	return all
}

// service returns a fake with one group, and its client with the observer o.
func service(t *testing.T, o *telemetry, opts ...cams.Option) (*camstest.Server, *cams.Client) {
	t.Helper()
	server := camstest.NewServer()
	server.AddGroup(camstest.Group{BusinessNumber: number, GroupID: groupID, CustSpaceID: "cams-k001"})
	client, err := server.NewClient(append([]cams.Option{o.observer()}, opts...)...)
	require.NoError(t, err)
	return server, client
}

func request() *cams.ListChatGroupParticipantsRequest {
	return &cams.ListChatGroupParticipantsRequest{BusinessNumber: number, GroupID: groupID, CustSpaceID: "cams-k001"}
}

func call(ctx context.Context, client *cams.Client) error {
	_, err := client.ListChatGroupParticipants(ctx, request())
	return err
}

// slow is a limiter that lets one request through each second.
type slow struct{}

func (slow) Wait(context.Context) error {
	time.Sleep(time.Second)
	return nil
}

func TestACallIsOneSpanAndItsAttemptsAreEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newTelemetry()
		server, client := service(t, o, cams.WithLimiter(slow{}))
		refusal := camstest.Refusal(503, "ServiceUnavailable", "m")
		refusal.Delay = 2 * time.Second
		server.AnswerOnce(refusal, camstest.Answer{Delay: time.Second})
		start := time.Now()
		require.NoError(t, call(t.Context(), client))

		span := o.span(t)
		assert.Equal(t, list, span.Name)
		assert.Equal(t, trace.SpanKindClient, span.SpanKind)
		assert.Equal(t, codes.Unset, span.Status.Code, "a failure that was repeated is none of the call's")
		assert.Equal(t, "github.com/cams-go/cams/camsotel", span.InstrumentationScope.Name)
		assert.Equal(t, cams.Version, span.InstrumentationScope.Version)
		assert.WithinDuration(t, start, span.StartTime, 0)
		assert.WithinDuration(t, time.Now(), span.EndTime, 0)
		require.Len(t, span.Events, 2)
		first, second := values(span.Events[0].Attributes), values(span.Events[1].Attributes)
		requestIDs := []any{first["alibaba_cloud.request_id"], second["alibaba_cloud.request_id"]}
		assert.NotEqual(t, requestIDs[0], requestIDs[1])
		assert.Equal(t, map[string]any{
			"rpc.system.name": "alibaba_cloud", "rpc.method": list, "rpc.status_code": "OK",
			"alibaba_cloud.request_id": requestIDs[1], "cams.call.attempts": int64(2), "cams.call.limiter.wait_time": 2.0,
			"server.address": "cams.ap-southeast-1.aliyuncs.com",
		}, values(span.Attributes))
		assert.Equal(t, map[string]any{
			"cams.attempt.number": int64(1), "cams.attempt.duration": 2.0, "cams.attempt.limiter.wait_time": 1.0,
			"cams.attempt.reason": "server error", "cams.attempt.retry.pause": (span.EndTime.Sub(span.StartTime) - 5*time.Second).Seconds(),
			"http.response.status_code": int64(503), "rpc.status_code": "ServiceUnavailable",
			"error.type": "ServiceUnavailable", "alibaba_cloud.request_id": requestIDs[0],
		}, first)
		assert.Equal(t, map[string]any{
			"cams.attempt.number": int64(2), "cams.attempt.duration": 1.0, "cams.attempt.limiter.wait_time": 1.0,
			"http.response.status_code": int64(200), "rpc.status_code": "OK", "alibaba_cloud.request_id": requestIDs[1],
		}, second)
		assert.Equal(t, []string{"cams.attempt", "cams.attempt"}, []string{span.Events[0].Name, span.Events[1].Name})
		assert.WithinDuration(t, start.Add(3*time.Second), span.Events[0].Time, 0, "at the attempt's end")
	})
}

func TestTheMetricsTellOfCallsAttemptsRefusalsAndWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newTelemetry()
		server, client := service(t, o, cams.WithLimiter(slow{}), cams.WithRetry(cams.RetryPolicy{MaxAttempts: 2}))
		throttled := camstest.Refusal(400, "Throttling.User", "m")
		throttled.Header = http.Header{"X-Acs-Retry-After": {"1000"}} // milliseconds
		late := camstest.Answer{Delay: time.Second}
		server.AnswerOnce(late, throttled, late, camstest.Refusal(403, "NoPermission", "m"), camstest.Answer{Status: 429}, late)
		require.NoError(t, call(t.Context(), client))
		require.NoError(t, call(t.Context(), client))
		require.ErrorIs(t, call(t.Context(), client), cams.ErrAccessDenied)
		require.NoError(t, call(t.Context(), client))

		measured := o.metrics(t)
		calls := histogram(t, measured["rpc.client.call.duration"])
		assert.Regexp(t, `^3 in `, calls["OK"])
		assert.Equal(t, "1 in 1s", calls["NoPermission NoPermission"])
		assert.Len(t, calls, 2, "what was repeated is no failure of the call")
		assert.Equal(t, map[string]string{
			"OK": "3 in 3s", "Throttling.User Throttling.User": "1 in 0s", "NoPermission NoPermission": "1 in 0s", "429": "1 in 0s",
		}, histogram(t, measured["cams.client.attempt.duration"]))
		assert.Equal(t, map[string]string{"": "6 in 6s"}, histogram(t, measured["cams.client.limiter.wait_time"]))
		refusals := measured["cams.client.throttled"].Data.(metricdata.Sum[int64])
		require.Len(t, refusals.DataPoints, 1)
		assert.Equal(t, int64(2), refusals.DataPoints[0].Value)
		assert.Empty(t, series(t, refusals.DataPoints[0].Attributes))
		assert.True(t, refusals.IsMonotonic)
		for _, span := range o.exporter.GetSpans() {
			assert.Len(t, span.Attributes, len(values(span.Attributes)), "no attribute twice")
		}
	})
}

func TestACallThatALimiterHeldBackIsNoRefusal(t *testing.T) {
	t.Parallel()
	o := newTelemetry()
	_, client := service(t, o, cams.WithLimiter(full{}), cams.WithRetry(cams.NoRetry()))
	require.ErrorIs(t, call(t.Context(), client), cams.ErrThrottled)
	assert.Contains(t, o.metrics(t), "rpc.client.call.duration")
	assert.NotContains(t, o.metrics(t), "cams.client.throttled")
}

// full is a limiter that refuses at once.
type full struct{}

func (full) Wait(context.Context) error { return fmt.Errorf("full: %w", cams.ErrThrottled) }

func TestEachTenantHasItsSpansAndSeries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testTenants)
}

func testTenants(t *testing.T) {
	o := newTelemetry()
	tenants := []string{"a", "b"}
	for calls, tenant := range tenants {
		attrs := []attribute.KeyValue{attribute.String("tenant", tenant), attribute.String("rpc.method", "mine")}
		observer := camsotel.New(camsotel.WithTracerProvider(o.tracers), camsotel.WithMeterProvider(o.meters),
			camsotel.WithAttributes(attrs...), camsotel.WithAttributes(attribute.String("service", "x")))
		attrs[0] = attribute.String("tenant", "changed later")
		server, client := service(t, newTelemetry(), cams.WithObserver(observer))
		server.AnswerOnce(camstest.Refusal(400, "Throttling.User", "m"))
		for range calls + 1 {
			require.NoError(t, call(t.Context(), client))
		}
	}
	spans := map[any]int{}
	for _, span := range o.exporter.GetSpans() {
		attrs := values(span.Attributes)
		spans[attrs["tenant"]]++
		assert.Equal(t, list, attrs["rpc.method"], "the package's own attributes win")
		assert.Equal(t, "x", attrs["service"])
		assert.Equal(t, "cams.ap-southeast-1.aliyuncs.com", attrs["server.address"])
		assert.Len(t, span.Attributes, len(attrs), "no attribute twice")
	}
	assert.Equal(t, map[any]int{"a": 1, "b": 2}, spans)
	measured := o.metrics(t)
	assert.Len(t, measured, 4)
	for name, m := range measured {
		series := map[string]bool{}
		for _, set := range sets(m) {
			attrs := values(set.ToSlice())
			series[fmt.Sprint(attrs["tenant"], attrs["service"], attrs["rpc.method"])] = true
		}
		assert.Equal(t, map[string]bool{"ax" + list: true, "bx" + list: true}, series, name)
	}
}

// sets returns the attributes of each series of a metric.
func sets(m metricdata.Metrics) (all []attribute.Set) {
	switch data := m.Data.(type) {
	case metricdata.Histogram[float64]:
		for _, point := range data.DataPoints {
			all = append(all, point.Attributes)
		}
	case metricdata.Sum[int64]:
		for _, point := range data.DataPoints {
			all = append(all, point.Attributes)
		}
	}
	return all
}

func TestTheRequestsContextHasTheSpan(t *testing.T) {
	t.Parallel()
	o := newTelemetry()
	server := camstest.NewServer()
	transport := roundTripper(func(r *http.Request) (*http.Response, error) { // as otelhttp does
		_, span := o.tracers.Tracer("transport").Start(r.Context(), "POST")
		defer span.End()
		return server.RoundTrip(r)
	})
	_, client := service(t, o, cams.WithHTTPClient(&http.Client{Transport: transport}))
	ctx, parent := o.tracers.Tracer("program").Start(t.Context(), "job")
	require.Error(t, call(ctx, client), "this server has no group")
	parent.End()
	spans := o.exporter.GetSpans()
	require.Len(t, spans, 3)
	assert.Equal(t, []string{"POST", list, "job"}, []string{spans[0].Name, spans[1].Name, spans[2].Name})
	assert.Equal(t, spans[1].SpanContext.SpanID(), spans[0].Parent.SpanID())
	assert.Equal(t, spans[2].SpanContext.SpanID(), spans[1].Parent.SpanID())
	assert.Empty(t, spans[0].Events)
	assert.Len(t, spans[1].Events, 1)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestEachObserverKeepsToItsOwnSpan(t *testing.T) {
	t.Parallel()
	first, second := newTelemetry(), newTelemetry()
	_, client := service(t, first, second.observer())
	require.NoError(t, call(t.Context(), client))
	for _, o := range []*telemetry{first, second} {
		assert.Len(t, o.span(t).Events, 1)
	}
	assert.Equal(t, first.span(t).SpanContext.SpanID(), second.span(t).Parent.SpanID())
}

func TestWithoutItsContextAnObserverStillMeasures(t *testing.T) {
	t.Parallel()
	o := newTelemetry()
	_, client := service(t, o, cams.WithObserver(forgetful{}))
	require.NoError(t, call(t.Context(), client))
	assert.Equal(t, 1, len(histogram(t, o.metrics(t)["rpc.client.call.duration"])))
}

// forgetful is an observer that discards the contexts of the other observers.
type forgetful struct{}

func (forgetful) StartCall(context.Context, string) context.Context { return context.Background() }
func (forgetful) Attempt(context.Context, cams.AttemptInfo)         {}
func (forgetful) EndCall(context.Context, cams.CallInfo)            {}

func TestConcurrentCallsHaveSpansOfTheirOwn(t *testing.T) {
	t.Parallel()
	const callers, pages = 8, 4
	o := newTelemetry()
	server, client := service(t, o)
	var members []string
	for n := range pages {
		members = append(members, fmt.Sprint(number, n))
	}
	server.AddGroup(camstest.Group{BusinessNumber: number, GroupID: groupID, CustSpaceID: "cams-k001", Participants: members})
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			req := request()
			req.Page = &cams.Page{Index: 1, Size: 1}
			pager := cams.NewListChatGroupParticipantsPager(client, req, cams.WithPrefetch(3))
			all, err := cams.Collect(pager.All(context.Background()))
			assert.NoError(t, err)
			assert.Len(t, all, pages)
		})
	}
	group.Wait()
	spans := o.exporter.GetSpans()
	assert.GreaterOrEqual(t, len(spans), callers*pages)
	ids := map[any]bool{}
	for _, span := range spans {
		require.Len(t, span.Events, 1)
		ids[values(span.Attributes)["alibaba_cloud.request_id"]] = true
		assert.Equal(t, values(span.Attributes)["alibaba_cloud.request_id"], values(span.Events[0].Attributes)["alibaba_cloud.request_id"])
	}
	assert.Len(t, ids, len(spans), "no two tell of one request")
}

func TestTheGlobalProvidersAreTheDefault(t *testing.T) { // not parallel: they are global
	o := newTelemetry()
	tracers, meters := otel.GetTracerProvider(), otel.GetMeterProvider()
	t.Cleanup(func() {
		otel.SetTracerProvider(tracers)
		otel.SetMeterProvider(meters)
	})
	server := camstest.NewServer()
	client, err := server.NewClient(cams.WithObserver(camsotel.New(camsotel.WithTracerProvider(nil), camsotel.WithMeterProvider(nil))))
	require.NoError(t, err)
	otel.SetTracerProvider(o.tracers) // even if they are set later
	otel.SetMeterProvider(o.meters)
	require.Error(t, call(t.Context(), client), "it has no group")
	assert.Equal(t, list, o.span(t).Name)
	assert.Len(t, o.metrics(t), 3)
}

func TestAnInstrumentThatCannotBeMadeIsReportedAndLeftOut(t *testing.T) { // not parallel: the handler is global
	var reported []error
	before := otel.GetErrorHandler()
	t.Cleanup(func() { otel.SetErrorHandler(before) })
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { reported = append(reported, err) }))
	observer := camsotel.New(camsotel.WithMeterProvider(poor{}))
	assert.Len(t, reported, 4)
	client, err := camstest.NewServer().NewClient(cams.WithObserver(observer))
	require.NoError(t, err)
	require.Error(t, call(t.Context(), client), "it has no group")
}

// poor makes no instruments.
type poor struct{ noop.MeterProvider }

func (poor) Meter(string, ...metric.MeterOption) metric.Meter { return poorMeter{} }

type poorMeter struct{ noop.Meter }

func (poorMeter) Float64Histogram(string, ...metric.Float64HistogramOption) (metric.Float64Histogram, error) {
	return nil, http.ErrNotSupported
}

func (poorMeter) Int64Counter(string, ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	return nil, http.ErrNotSupported
}

func TestTheModuleRequiresTheVersionBesideIt(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	assert.Contains(t, string(text), "\tgithub.com/cams-go/cams v"+cams.Version+"\n", "for those who get it without the replace line")
}

func TestASpanNamesTheServer(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string][]any{
		"cams.aliyuncs.com":          {"cams.aliyuncs.com", nil},
		"https://proxy.example:8443": {"proxy.example", int64(8443)},
		"http://127.0.0.1:8080":      {"127.0.0.1", int64(8080)},
		"http://[::1]:8080":          {"::1", int64(8080)},
		"https://[2001:db8::1]":      {"2001:db8::1", nil},
	} {
		o := newTelemetry()
		_, client := service(t, o, cams.WithEndpoint(endpoint))
		require.NoError(t, call(t.Context(), client))
		attrs := values(o.span(t).Attributes)
		assert.Equal(t, want, []any{attrs["server.address"], attrs["server.port"]}, endpoint)
	}
}
