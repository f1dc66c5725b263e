package cams

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Observer receives events of calls and their attempts, for metrics and traces. The
// client runs its methods as part of the call, so they must be fast. They must be safe
// for concurrent use. A call that ends in a [*ValidationError] has no events. The module
// github.com/cams-go/cams/camsotel has an Observer for OpenTelemetry.
type Observer interface {
	// StartCall runs when a call starts. The call uses the context that it returns, and
	// passes it to Attempt and EndCall. If it is nil, the call uses ctx.
	StartCall(ctx context.Context, operation string) context.Context
	// Attempt runs after each attempt, before the pause if there is a retry.
	Attempt(ctx context.Context, attempt AttemptInfo)
	// EndCall runs when a call has ended, even in a panic.
	EndCall(ctx context.Context, call CallInfo)
}

// AttemptInfo describes one attempt of a call. It has no secret and no phone number.
type AttemptInfo struct {
	Operation  string        // for instance "ListChatGroupParticipants"
	Number     int           // counted from 1
	StatusCode int           // HTTP status; 0 if there was no answer
	Code       string        // the service's code if it refused the request
	RequestID  string        // from the answer
	Err        error         // nil on success
	Duration   time.Duration // from asking for credentials to the end of the answer
	Waited     time.Duration // for the limiter, before the attempt
	Retry      bool          // whether a retry follows, unless the context ends first
	Reason     Reason        // why there is a retry, or why there is none after a failure
	Pause      time.Duration // before the retry, not including the wait for the limiter
}

// CallInfo describes a call that has ended.
//
// Header and Body are those of the last answer, unmasked: Body may contain phone
// numbers. Body is decompressed. It is incomplete if the answer was truncated or too
// large, and nil if there was no answer.
type CallInfo struct {
	Operation  string
	Host       string // of the endpoint, with the port if WithEndpoint has one
	StatusCode int
	Header     http.Header
	Body       []byte
	Attempts   int           // attempts made
	Duration   time.Duration // of the whole call, including pauses
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

// callInfoSink is what a context of [WithCallInfo] has. Several calls may share it.
type callInfoSink struct {
	mu   sync.Mutex
	into *CallInfo
}

// WithCallInfo returns a context for a call. Before the call returns, it fills into, even
// if it fails. Only a call that ends in a [*ValidationError] leaves into as it is. If
// several calls use the context, such as those of a pager, into has the latest one that
// ended; read it when all have returned.
func WithCallInfo(ctx context.Context, into *CallInfo) context.Context {
	return context.WithValue(ctx, callInfoKey{}, &callInfoSink{into: into})
}

// fill keeps what a call was.
func (s *callInfoSink) fill(call *CallInfo) {
	if s == nil || s.into == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	*s.into = *call
}

// observers are all observers of a client's calls.
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

func (all observers) end(ctx context.Context, call *CallInfo) {
	for _, observer := range all {
		observer.EndCall(ctx, *call)
	}
}

// logger is the observer of [WithLogger]. The linker leaves out log/slog's handlers
// (70 KB) if a program does not use it.
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
		attrs = append(attrs, slog.String("retry_reason", string(attempt.Reason)), slog.Duration("retry_wait", attempt.Pause))
	} else if attempt.Err != nil {
		attrs = append(attrs, slog.String("reason", string(attempt.Reason)))
	}
	l.LogAttrs(ctx, slog.LevelDebug, "cams attempt", attrs...)
}

// EndCall writes one record for a call that failed: a warning, or a debug record if the
// caller canceled the call.
func (l logger) EndCall(ctx context.Context, call CallInfo) {
	if call.Err == nil {
		return
	}
	level := slog.LevelWarn
	if stopped := new(CallError); errors.As(call.Err, &stopped) && stopped.Reason == ReasonStopped && errors.Is(call.Err, context.Canceled) {
		level = slog.LevelDebug
	}
	l.LogAttrs(ctx, level, "cams call failed",
		slog.String("operation", call.Operation),
		slog.Int("attempts", call.Attempts),
		slog.Duration("duration", call.Duration),
		slog.String("error", call.Err.Error()),
	)
}
