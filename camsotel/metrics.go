package camsotel

import (
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// instruments are what an observer measures with.
type instruments struct {
	callDuration, attemptDuration, waitTime metric.Float64Histogram
	throttled                               metric.Int64Counter
}

func newInstruments(meter metric.Meter) instruments {
	histogram := func(name, description string) metric.Float64Histogram {
		// The conventions recommend these boundaries for a call.
		h, err := meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description),
			metric.WithExplicitBucketBoundaries(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10))
		if err != nil {
			otel.Handle(err)
			return noop.Float64Histogram{}
		}
		return h
	}
	throttled, err := meter.Int64Counter("cams.client.throttled", metric.WithUnit("{attempt}"),
		metric.WithDescription("Attempts refused for too many requests."))
	if err != nil {
		otel.Handle(err)
		throttled = noop.Int64Counter{}
	}
	return instruments{
		callDuration:    histogram("rpc.client.call.duration", "Measures the duration of an outgoing Remote Procedure Call (RPC)."),
		attemptDuration: histogram("cams.client.attempt.duration", "The duration of one attempt of a call, without the wait for the limiter."),
		waitTime:        histogram("cams.client.limiter.wait_time", "How long an attempt waited for the limiter."),
		throttled:       throttled,
	}
}
