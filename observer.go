package cams

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"
)

// Observer is told about calls and their attempts, for metrics and traces. Its
// methods run within the call: they must be quick, and safe for concurrent use.
// It is not told of a call that ends in a [*ValidationError]. The module
// github.com/cams-go/cams/camsotel has one for OpenTelemetry.
type Observer interface {
	// StartCall begins a call. The context that it returns is used by the call and
	// comes back in Attempt and EndCall; nil means ctx.
	StartCall(ctx context.Context, operation string) context.Context
	// Attempt follows each attempt, before the pause if it is repeated.
	Attempt(ctx context.Context, attempt AttemptInfo)
	// EndCall ends a call.
	EndCall(ctx context.Context, call CallInfo)
}

// AttemptInfo is one attempt of a call. It holds no secret and no phone number.
type AttemptInfo struct {
	Operation  string        // for instance "ListChatGroupParticipants"
	Number     int           // counted from 1
	StatusCode int           // HTTP status; 0 if there was no answer
	Code       string        // the service's code, of a refusal
	RequestID  string        // as the answer tells it
	Err        error         // nil for a success
	Duration   time.Duration // from asking for credentials to the end of the answer
	Waited     time.Duration // for the limiter, before the attempt
	Retry      bool          // whether another attempt follows, unless the context ends first
	Reason     string        // why one follows, or why a failure is the end
	Pause      time.Duration // before the next attempt
}

// CallInfo is a call that has ended, well or not.
//
// Header and Body are the last answer's, as they came: Body may hold phone
// numbers. Body is nil if there was no answer, or as much as came of it.
type CallInfo struct {
	Operation  string
	StatusCode int
	Header     http.Header
	Body       []byte
	Attempts   int           // attempts made
	Duration   time.Duration // of the whole call, with all pauses
	Waited     time.Duration // for the limiter, in all attempts together
	Err        error         // what the call returned
}

// LogValue implements [slog.LogValuer]: a log shows neither Header nor Body.
func (i CallInfo) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("operation", i.Operation),
		slog.Int("status", i.StatusCode),
		slog.Int("attempts", i.Attempts),
		slog.Duration("duration", i.Duration),
		slog.Duration("waited", i.Waited),
	)
}

type callInfoKey struct{}

// WithCallInfo returns a context with which one call tells about itself, also if
// it fails: it fills into before it returns, but for a [*ValidationError], which
// leaves into as it is. Use the context for one call at a time.
func WithCallInfo(ctx context.Context, into *CallInfo) context.Context {
	return context.WithValue(ctx, callInfoKey{}, into)
}

// observers are all that watch the calls of a client.
type observers []Observer

func (all observers) start(ctx context.Context, operation string) context.Context {
	for _, observer := range all {
		if observed := observer.StartCall(ctx, operation); observed != nil {
			ctx = observed
		}
	}
	return ctx
}

func (all observers) attempt(ctx context.Context, attempt AttemptInfo) {
	for _, observer := range all {
		observer.Attempt(ctx, attempt)
	}
}

// end tells the observers, and the caller who used [WithCallInfo].
func (all observers) end(ctx context.Context, call *CallInfo) {
	if into, ok := ctx.Value(callInfoKey{}).(*CallInfo); ok && into != nil {
		*into = *call
	}
	for _, observer := range all {
		observer.EndCall(ctx, *call)
	}
}

// logger is the observer of [WithLogger]. A program without one does without
// log/slog's handlers: 70 KB.
type logger struct{ *slog.Logger }

func (logger) StartCall(ctx context.Context, _ string) context.Context { return ctx }

// Attempt writes one debug record.
func (l logger) Attempt(ctx context.Context, attempt AttemptInfo) {
	if !l.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("operation", attempt.Operation),
		slog.Int("attempt", attempt.Number),
		slog.Duration("duration", attempt.Duration),
	}
	if attempt.Waited > 0 {
		attrs = append(attrs, slog.Duration("waited", attempt.Waited))
	}
	if attempt.StatusCode != 0 {
		attrs = append(attrs, slog.Int("status", attempt.StatusCode))
	}
	if attempt.RequestID != "" {
		attrs = append(attrs, slog.String("request_id", attempt.RequestID))
	}
	switch {
	case attempt.Code != "":
		attrs = append(attrs, slog.String("code", attempt.Code))
	case attempt.Err != nil:
		attrs = append(attrs, slog.String("error", attempt.Err.Error()))
	}
	if attempt.Retry {
		attrs = append(attrs, slog.String("retry_reason", attempt.Reason), slog.Duration("retry_wait", attempt.Pause))
	} else if attempt.Err != nil {
		attrs = append(attrs, slog.String("reason", attempt.Reason))
	}
	l.LogAttrs(ctx, slog.LevelDebug, "cams attempt", attrs...)
}

// EndCall writes one warning for a call that failed. Who cancelled a call himself
// gets no warning.
func (l logger) EndCall(ctx context.Context, call CallInfo) {
	if call.Err == nil {
		return
	}
	level := slog.LevelWarn
	if stopped := new(CallError); errors.As(call.Err, &stopped) && stopped.Reason == stoppedByCaller && errors.Is(call.Err, context.Canceled) {
		level = slog.LevelDebug
	}
	l.LogAttrs(ctx, level, "cams call failed",
		slog.String("operation", call.Operation),
		slog.Int("attempts", call.Attempts),
		slog.Duration("duration", call.Duration),
		slog.String("error", call.Err.Error()),
	)
}
