package cams

import (
	"context"
	"errors"
	"log/slog"
)

// logAttempt writes one debug record an attempt.
func (c *Client) logAttempt(ctx context.Context, call *call, n int, result *result, next verdict) {
	if !c.log.Enabled(ctx, slog.LevelDebug) {
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
	var api *APIError
	if errors.As(result.err, &api) {
		attrs = append(attrs, slog.String("code", api.Code))
	} else if result.err != nil {
		attrs = append(attrs, slog.String("error", result.err.Error()))
	}
	if next.again {
		attrs = append(attrs, slog.String("retry_reason", next.reason), slog.Duration("retry_wait", next.wait))
	}
	c.log.LogAttrs(ctx, slog.LevelDebug, "cams attempt", attrs...)
}

// logFailure writes the one warning of a failed call.
func (c *Client) logFailure(ctx context.Context, call *call, attempts int, last verdict, err error) {
	if last.again { // and it would have been
		last.reason = string(failedByCaller)
	}
	c.log.LogAttrs(ctx, slog.LevelWarn, "cams call failed",
		slog.String("operation", call.operation),
		slog.Int("attempts", attempts),
		slog.String("reason", last.reason),
		slog.String("error", err.Error()),
	)
}
