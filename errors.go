package cams

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cams-go/cams/internal/answer"
	"github.com/cams-go/cams/internal/redact"
	"github.com/cams-go/cams/internal/refusal"
)

// The classes of errors, for use with [errors.Is]. The service may add codes at any
// time. The classes follow the code families of Alibaba Cloud's gateways.
var (
	// ErrUnavailable means that the service, or the way to it, failed in a manner that
	// passes: no connection, no answer within the attempt timeout, a truncated answer,
	// HTTP 5xx, the code of a temporary failure, or a temporary failure of the
	// credentials provider. The same call may succeed later. Neither it nor ErrThrottled matches together
	// with [ErrOutcomeUnknown].
	ErrUnavailable = errors.New("cams: unavailable")
	// ErrThrottled means too many requests: a code that contains "Throttling",
	// "System.LimitControl" or "FlowControl", HTTP status 429, or an answer with a
	// positive x-acs-retry-after header.
	ErrThrottled = errors.New("cams: throttled")
	// ErrAccessDenied means that the caller is known but lacks a permission: code
	// NoPermission*, Forbidden*, Authentication.NoAuth* or Ram.PermissionDeny, or an
	// answer with an AccessDeniedDetail object.
	ErrAccessDenied = errors.New("cams: access denied")
	// ErrUnauthenticated means that the service could not identify the caller: code
	// InvalidAccessKeyId*, MissingAccessKeyId*, SignatureDoesNotMatch*,
	// SignatureNonceUsed*, IncompleteSignature*, InvalidTimeStamp*,
	// InvalidSecurityToken*, SecurityToken* or MissingSecurityToken*.
	ErrUnauthenticated = errors.New("cams: unauthenticated")
)

// ErrOutcomeUnknown means that a write may or may not have been carried out, because
// there was no answer, or no clear one. Check before you call again; the error text
// names the operation to check with, if the package knows it.
var ErrOutcomeUnknown = errors.New("cams: outcome unknown")

// APIError is an answer in which the service refuses the request. It can have any HTTP
// status, even 200.
//
// Secrets and phone numbers that the answer repeats are masked.
type APIError struct {
	Operation  string        // for instance "ListChatGroupParticipants"
	Code       string        // API field Code; see [IsCode] and the Err variables
	Message    string        // API field Message, at most 1 KiB
	RequestID  string        // API field RequestId, or else the header x-acs-request-id
	HostID     string        // API field HostId: the gateway's host
	Recommend  string        // API field Recommend: a link to Alibaba Cloud's diagnosis of this refusal
	StatusCode int           // HTTP status
	RetryAfter time.Duration // the wait that the service asks for, 0 if none
	Attempts   int           // attempts made by the call, including this one

	// AccessDeniedDetail says why access was denied (API field of the same name).
	AccessDeniedDetail AccessDeniedDetail

	throttleHeader bool // x-acs-retry-after is positive
	ending
}

// Error returns one line: operation, code, message, a hint if there is one, status,
// request ID, the wait that the service asks for, and attempts.
func (e *APIError) Error() string {
	var b strings.Builder
	b.WriteString("cams: " + e.Operation + ": ")
	b.WriteString(cmp.Or(e.Code, "refused without a code"))
	// SignatureDoesNotMatch repeats the request here, hundreds of characters in the same line.
	message, _, _ := strings.Cut(e.Message, " server string to sign is:")
	hint := e.refusal().Hint(e.Operation)
	if hint != "" && len(message) > maxShown { // so that the hint is seen
		message = redact.Clip(message, maxShown) + "..."
	}
	if message != "" {
		b.WriteString(": " + message)
	}
	if hint != "" {
		b.WriteString(" - " + hint)
	}
	answer.AppendFacts(&b, e.StatusCode, e.RequestID, e.RetryAfter, e.Attempts, e.note)
	return redact.OneLine(b.String())
}

// maxShown limits a message before a hint. [APIError].Message has all of it.
const maxShown = 200

// Is reports whether the refusal belongs to the class target: [ErrThrottled],
// [ErrUnavailable], [ErrAccessDenied] or [ErrUnauthenticated].
func (e *APIError) Is(target error) bool {
	switch target {
	case ErrUnavailable:
		return e.refusal().Passes() && !e.unclear
	case ErrThrottled:
		return e.refusal().IsThrottled() && !e.unclear
	case ErrAccessDenied:
		return e.refusal().IsDenied()
	case ErrUnauthenticated:
		return e.refusal().IsUnauthenticated()
	}
	return false
}

// refusal returns what the meaning of the refusal depends on.
func (e *APIError) refusal() refusal.Refusal {
	return refusal.Refusal{
		Code: e.Code, Message: e.Message, Status: e.StatusCode,
		AsksToWait: e.throttleHeader, Denied: refusal.Detail(e.AccessDeniedDetail),
	}
}

// LogValue implements [slog.LogValuer].
func (e *APIError) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("operation", e.Operation),
		slog.String("code", e.Code),
		slog.String("message", e.Message),
		slog.Int("status", e.StatusCode),
		slog.String("request_id", e.RequestID),
		slog.Duration("retry_after", e.RetryAfter),
		slog.Int("attempts", e.Attempts),
	}
	for _, text := range []slog.Attr{ // for a support ticket
		slog.String("hint", e.refusal().Hint(e.Operation)),
		slog.String("recommend", e.Recommend),
		slog.String("host_id", e.HostID),
		slog.String("auth_action", e.AccessDeniedDetail.AuthAction),
		slog.String("no_permission_type", e.AccessDeniedDetail.NoPermissionType),
		slog.String("diagnostic", e.AccessDeniedDetail.EncodedDiagnosticMessage),
	} {
		if text.Value.String() != "" {
			attrs = append(attrs, text)
		}
	}
	return slog.GroupValue(attrs...)
}

// ResponseError is an answer that does not follow the service's protocol: the HTML page
// of a proxy, an empty or truncated body, a redirect, or a body that is too large.
type ResponseError struct {
	Operation  string
	Reason     string        // what is wrong with the answer
	StatusCode int           // HTTP status
	RequestID  string        // from the body or the header x-acs-request-id, if there is one
	Snippet    string        // the start of the body, at most 512 bytes, without secrets and phone numbers
	RetryAfter time.Duration // the wait that the server asks for, 0 if none
	Attempts   int           // attempts made by the call, including this one
	Err        error         // the cause, if there is one: a JSON or read error

	throttleHeader bool // x-acs-retry-after is positive
	cut            bool // the body is truncated
	done           bool // the operation was carried out, but its result cannot be read
	ending
}

// Error returns one line: operation, reason, cause, snippet, status, request ID, the
// wait that the server asks for, and attempts.
func (e *ResponseError) Error() string {
	var b strings.Builder
	b.WriteString("cams: " + e.Operation + ": " + e.Reason)
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.Snippet != "" {
		b.WriteString(": " + strconv.Quote(e.Snippet))
	}
	answer.AppendFacts(&b, e.StatusCode, e.RequestID, e.RetryAfter, e.Attempts, e.note)
	return redact.OneLine(b.String())
}

// Unwrap returns the cause.
func (e *ResponseError) Unwrap() error { return e.Err }

// Is reports whether the answer belongs to the class target: [ErrThrottled] for HTTP
// status 429 or a positive x-acs-retry-after header, [ErrUnavailable] for a truncated body,
// 408, 421, 425, 499 or another 5xx.
func (e *ResponseError) Is(target error) bool {
	switch target {
	case ErrThrottled:
		return e.isThrottled() && !e.unclear
	case ErrUnavailable:
		return (refusal.StatusPasses(e.StatusCode) || e.cut) && !e.isThrottled() && !e.unclear
	}
	return false
}

func (e *ResponseError) isThrottled() bool { return e.StatusCode == 429 || e.throttleHeader }

// LogValue implements [slog.LogValuer].
func (e *ResponseError) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("operation", e.Operation),
		slog.String("reason", e.Reason),
		slog.Int("status", e.StatusCode),
		slog.String("request_id", e.RequestID),
		slog.String("snippet", e.Snippet),
		slog.Duration("retry_after", e.RetryAfter),
		slog.Int("attempts", e.Attempts),
	)
}

// Reason says why a call ended without an answer ([CallError]), why an attempt is
// repeated, or why it is not ([AttemptInfo]).
type Reason string

// Why there was no answer.
const (
	ReasonNoCredentials Reason = "no credentials"
	ReasonNotSigned     Reason = "not signed"
	ReasonNotLimited    Reason = "the limiter let no request through"
	ReasonNoAnswer      Reason = "no answer"
	ReasonTimedOut      Reason = "timed out" // the attempt timeout ended
	ReasonStopped       Reason = "stopped by the caller's context"
	// ReasonOutcomeUnknown is that of an error that matches [ErrOutcomeUnknown].
	ReasonOutcomeUnknown Reason = "outcome unknown"
)

// Why an attempt is repeated, besides those above.
const (
	ReasonThrottled      Reason = "throttled"
	ReasonServerError    Reason = "server error"
	ReasonCutOff         Reason = "answer cut off"
	ReasonNonceUsed      Reason = "nonce used"
	ReasonClockCorrected Reason = "clock corrected"
	ReasonNewCredentials Reason = "credentials asked for again"
)

// Why a failed attempt is not repeated, besides those above.
const (
	ReasonNotRetryable Reason = "not retryable"
	ReasonAttempts     Reason = "attempts used up"
	ReasonBudget       Reason = "retry budget used up"
	ReasonWaitTooLong  Reason = "asked to wait longer than MaxDelay"
	ReasonDeadline     Reason = "asked to wait past the caller's deadline"
)

// CallError is the error of a call that ended without a complete answer: no connection,
// no answer in time, no credentials, or the caller's context ended. It unwraps to its
// causes.
type CallError struct {
	Operation  string // for instance "ListChatGroupParticipants"
	Reason     Reason // why the call ended, for instance ReasonTimedOut
	StatusCode int    // HTTP status if part of an answer arrived, else 0
	RequestID  string // header x-acs-request-id if part of an answer arrived
	Attempts   int    // attempts made by the call, including this one

	causes       []error       // the first is why the call ended; the error of the last attempt may follow
	detail       string        // is added to Reason
	hint         string        // what the caller can do, if known
	passes       bool          // the failure may be temporary
	throttled    bool          // a limiter held the call back
	retryAfter   time.Duration // the rest of a wait that the service asked for
	pastDeadline bool          // a limiter refused a call that has a deadline
	ending
}

// Error returns one line: operation, reason, causes, a hint if there is one, status,
// request ID and attempts.
func (e *CallError) Error() string {
	var b strings.Builder
	b.WriteString("cams: " + e.Operation + ": " + string(e.Reason) + e.detail)
	for _, cause := range e.causes {
		if cause == ErrOutcomeUnknown { // the reason already says so
			continue
		}
		b.WriteString(": " + strings.TrimPrefix(cause.Error(), "cams: "+e.Operation+": "))
	}
	if e.hint != "" {
		b.WriteString(" - " + e.hint)
	}
	var facts strings.Builder
	answer.AppendFacts(&facts, e.StatusCode, e.RequestID, e.retryAfter, e.Attempts, e.note)
	if !strings.HasSuffix(b.String(), strings.TrimPrefix(facts.String(), " (")) { // the last attempt's error may already end with them
		b.WriteString(facts.String())
	}
	return redact.OneLine(b.String())
}

// Unwrap returns the causes: [ErrOutcomeUnknown], the context's error and cause, or the
// error of the network, the provider or the signer. The error of the last attempt may
// come last.
func (e *CallError) Unwrap() []error { return e.causes }

// Is reports whether target is [ErrUnavailable] and the failure may be temporary, or
// [ErrThrottled] and a limiter held the call back, or [context.DeadlineExceeded] and a
// limiter refused a call that has a deadline.
func (e *CallError) Is(target error) bool {
	switch target {
	case ErrUnavailable:
		return e.passes && !e.unclear
	case ErrThrottled:
		return e.throttled && !e.unclear
	case context.DeadlineExceeded:
		return e.pastDeadline
	}
	return false
}

// ending says how a call ended, beyond its last attempt.
type ending struct {
	unclear bool   // the request may have been carried out, so nobody may repeat it
	note    string // is added to the text of the error
}

func (e *ending) get() *ending { return e }

// endingOf returns the ending in the error of an attempt.
func endingOf(err error) *ending { return err.(interface{ get() *ending }).get() }

// ValidationError is invalid input that this package refused before sending anything.
type ValidationError struct {
	Field  string // the Go name of the field, argument or option
	Reason string // what is wrong with it; never its value
	err    error
}

// Error returns one line: the field and what is wrong with it.
func (e *ValidationError) Error() string {
	text := "cams: " + e.Field + " " + e.Reason
	if e.err != nil {
		text += ": " + strings.TrimPrefix(e.err.Error(), "cams: ")
	}
	return text
}

// Unwrap returns the cause, if there is one.
func (e *ValidationError) Unwrap() error { return e.err }

// IsCode reports whether err is, or wraps, an [APIError] with one of these codes. The
// match is exact and case-sensitive. A code of WhatsApp's is found in Code and in Message,
// as in "(#131041) Group unknown": how the service forwards them is unpublished.
func IsCode(err error, codes ...string) bool {
	var api *APIError
	return errors.As(err, &api) && slices.ContainsFunc(codes, api.refusal().HasCode)
}
