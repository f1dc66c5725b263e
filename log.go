package cams

import (
	"context"
	"log/slog"
)

// callLog is told about attempts and failed calls. It stands between a [Client]
// and its logger so that a program without [WithLogger] does without log/slog's
// handlers: 70 KB. Its arguments are values, so that without a logger nothing
// of a call moves to the heap.
type callLog interface {
	attempt(ctx context.Context, call call, n int, result result, next verdict)
	failure(ctx context.Context, call call, attempts int, last verdict, err error)
}

// slogLog is the one callLog there is.
type slogLog struct{ *slog.Logger }

// attempt writes one debug record.
func (l slogLog) attempt(ctx context.Context, call call, n int, result result, next verdict) {
	if !l.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("operation", call.operation),
		slog.Int("attempt", n),
		slog.Duration("duration", result.took),
	}
	if result.status != 0 {
		attrs = append(attrs, slog.Int("status", result.status))
	}
	if result.requestID != "" {
		attrs = append(attrs, slog.String("request_id", result.requestID))
	}
	switch err := result.err.(type) {
	case nil:
	case *APIError:
		attrs = append(attrs, slog.String("code", err.Code))
	default:
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	if next.again {
		attrs = append(attrs, slog.String("retry_reason", next.reason), slog.Duration("retry_wait", next.wait))
	}
	l.LogAttrs(ctx, slog.LevelDebug, "cams attempt", attrs...)
}

// failure writes the one warning of a failed call.
func (l slogLog) failure(ctx context.Context, call call, attempts int, last verdict, err error) {
	if last.again { // and it would have been, but for the caller
		last.reason = string(failedByCaller)
	}
	l.LogAttrs(ctx, slog.LevelWarn, "cams call failed",
		slog.String("operation", call.operation),
		slog.Int("attempts", attempts),
		slog.String("reason", last.reason),
		slog.String("error", err.Error()),
	)
}
