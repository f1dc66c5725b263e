package camsotel

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/cams-go/cams"
)

const (
	scope = "github.com/cams-go/cams/camsotel"
	// The newest Go package of the conventions has another name for
	// rpc.status_code, so this package defines the names itself.
	schemaURL = "https://opentelemetry.io/schemas/1.45.0"
)

// Option configures [New].
type Option func(*config)

type config struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
	fixed   []attribute.KeyValue
}

// WithTracerProvider chooses where spans go. The default, also for nil, is the global provider.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(c *config) {
		if p != nil {
			c.tracers = p
		}
	}
}

// WithMeterProvider chooses where metrics go. The default, also for nil, is the global provider.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(c *config) {
		if p != nil {
			c.meters = p
		}
	}
}

// WithAttributes adds attributes to all spans and metrics of the observer: the tenant whose
// client it observes, for instance. They do not replace the package's own attributes. Each value makes new series of metrics. You
// can use it more than once.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return func(c *config) { c.fixed = append(c.fixed, attrs...) }
}

// New returns an observer for [cams.WithObserver]. It is safe for concurrent use, and
// several clients may share it. An instrument that cannot be made is reported to
// [otel.Handle] and records nothing.
func New(opts ...Option) cams.Observer {
	c := config{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	for _, opt := range opts {
		if opt != nil {
			opt(&c)
		}
	}
	return &observer{
		fixed: c.fixed,
		instruments: newInstruments(c.meters.Meter(scope,
			metric.WithInstrumentationVersion(cams.Version), metric.WithSchemaURL(schemaURL))),
		tracer: c.tracers.Tracer(scope,
			trace.WithInstrumentationVersion(cams.Version), trace.WithSchemaURL(schemaURL)),
	}
}

type observer struct {
	instruments
	tracer trace.Tracer
	fixed  []attribute.KeyValue
}

// attributes returns the attributes of a span or a measurement.
func (o *observer) attributes(operation string, outcome ...attribute.KeyValue) []attribute.KeyValue {
	return slices.Concat(o.fixed, []attribute.KeyValue{systemName, methodKey.String(method(operation))}, outcome)
}

// measured is attributes for a measurement.
func (o *observer) measured(operation string, outcome ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributes(o.attributes(operation, outcome...)...)
}

// spanKey is the context key of an observer's own span. The current span of the
// context may belong to another observer.
type spanKey struct{ *observer }

// callSpan is the span of a call. Its end is computed from the duration of the call,
// so that span and metric agree.
type callSpan struct {
	trace.Span
	start time.Time
}

// StartCall implements [cams.Observer].
func (o *observer) StartCall(ctx context.Context, operation string) context.Context {
	start := time.Now()
	ctx, span := o.tracer.Start(ctx, method(operation),
		trace.WithSpanKind(trace.SpanKindClient),
		trace.WithTimestamp(start),
		trace.WithAttributes(o.attributes(operation)...))
	return context.WithValue(ctx, spanKey{o}, callSpan{span, start})
}

// Attempt implements [cams.Observer].
func (o *observer) Attempt(ctx context.Context, attempt cams.AttemptInfo) {
	outcome, _ := outcomeOf(attempt.Err)
	o.attemptDuration.Record(ctx, attempt.Duration.Seconds(), o.measured(attempt.Operation, outcome...))
	o.waitTime.Record(ctx, attempt.Waited.Seconds(), o.measured(attempt.Operation))
	if attempt.StatusCode != 0 && errors.Is(attempt.Err, cams.ErrThrottled) { // else a limiter held it back
		o.throttled.Add(ctx, 1, o.measured(attempt.Operation))
	}
	call, ok := ctx.Value(spanKey{o}).(callSpan)
	if !ok || !call.IsRecording() {
		return
	}
	if isRequestID(attempt.RequestID) {
		id := requestIDKey.String(attempt.RequestID)
		outcome = append(outcome, id)
		call.SetAttributes(id)
	}
	call.AddEvent("cams.attempt", trace.WithAttributes(append(attemptAttributes(attempt), outcome...)...))
}

// attemptAttributes returns the attributes of an attempt's event, without its outcome.
func attemptAttributes(attempt cams.AttemptInfo) []attribute.KeyValue {
	attrs := []attribute.KeyValue{
		attribute.Int("cams.attempt.number", attempt.Number),
		attribute.Float64("cams.attempt.duration", attempt.Duration.Seconds()),
	}
	if attempt.Waited > 0 {
		attrs = append(attrs, attribute.Float64("cams.attempt.limiter.wait_time", attempt.Waited.Seconds()))
	}
	if attempt.Reason != "" {
		attrs = append(attrs, attribute.String("cams.attempt.reason", string(attempt.Reason)))
	}
	if attempt.Retry {
		attrs = append(attrs, attribute.Float64("cams.attempt.retry.pause", attempt.Pause.Seconds()))
	}
	if attempt.StatusCode != 0 {
		attrs = append(attrs, attribute.Int("http.response.status_code", attempt.StatusCode))
	}
	return attrs
}

// EndCall implements [cams.Observer].
func (o *observer) EndCall(ctx context.Context, ended cams.CallInfo) {
	outcome, failed := outcomeOf(ended.Err)
	o.callDuration.Record(ctx, ended.Duration.Seconds(), o.measured(ended.Operation, outcome...))
	call, ok := ctx.Value(spanKey{o}).(callSpan)
	if !ok {
		return
	}
	call.SetAttributes(append(outcome, attribute.Int("cams.call.attempts", ended.Attempts))...)
	call.SetAttributes(server(ended.Host)...)
	if ended.Waited > 0 {
		call.SetAttributes(attribute.Float64("cams.call.limiter.wait_time", ended.Waited.Seconds()))
	}
	if failed {
		call.SetStatus(codes.Error, "") // no description: an error's text is not recorded
	}
	call.End(trace.WithTimestamp(call.start.Add(ended.Duration)))
}

// server returns the attributes of an endpoint.
func server(endpoint string) []attribute.KeyValue {
	host, port, err := net.SplitHostPort(endpoint)
	if err != nil {
		return []attribute.KeyValue{attribute.String("server.address", strings.Trim(endpoint, "[]"))}
	}
	number, _ := strconv.Atoi(port)
	return []attribute.KeyValue{attribute.String("server.address", host), attribute.Int("server.port", number)}
}
