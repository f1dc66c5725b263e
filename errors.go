package cams

import (
	"cmp"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cams-go/cams/internal/redact"
)

// The classes of refusals, for [errors.Is]. The service's set of codes is
// open; these follow the families that Alibaba Cloud's gateways use.
var (
	// ErrThrottled: too many requests. Codes that contain "Throttling",
	// "System.LimitControl" or "FlowControl", HTTP 429, or an answer that
	// names a time to wait in x-acs-retry-after.
	ErrThrottled = errors.New("cams: throttled")
	// ErrAccessDenied: known, but not allowed. Codes NoPermission*, Forbidden*,
	// Authentication.NoAuth and Ram.PermissionDeny, or an answer with an
	// access-denied object.
	ErrAccessDenied = errors.New("cams: access denied")
	// ErrUnauthenticated: the request could not be attributed to anyone. Codes
	// InvalidAccessKeyId*, MissingAccessKeyId, SignatureDoesNotMatch,
	// SignatureNonceUsed, IncompleteSignature, InvalidTimeStamp*,
	// InvalidSecurityToken*, SecurityToken* and MissingSecurityToken.
	ErrUnauthenticated = errors.New("cams: unauthenticated")
)

// ErrOutcomeUnknown: a write that may or may not have been carried out. Its answer
// did not come, or did not say. Look before you repeat it: the error's text names
// the operation that tells.
var ErrOutcomeUnknown = errors.New("cams: outcome unknown")

// APIError is a refusal: the service answered, and said no. It may have come
// with any HTTP status, 200 included.
//
// Its text fields never hold a secret, and Message holds no phone number: both
// are masked where an answer repeats them.
type APIError struct {
	Operation  string        // for instance "ListChatGroupParticipants"
	Code       string        // API field Code: an open set, see [IsCode] and the Err variables
	Message    string        // API field Message, 1 KiB at most
	RequestID  string        // API field RequestId, else header x-acs-request-id
	HostID     string        // API field HostId: the gateway's host
	Recommend  string        // API field Recommend: a link to Alibaba Cloud's diagnosis of this very refusal
	StatusCode int           // HTTP status
	RetryAfter time.Duration // how long the service asked to wait; 0 if it did not say
	Attempts   int           // requests made by the call, this one included

	// AccessDeniedDetail says why access was denied (API field of the same name).
	AccessDeniedDetail AccessDeniedDetail

	throttleHeader bool // x-acs-retry-after was there and positive
}

// Error is one line: operation, code, message, what to do about it where that
// is known, status, request ID and attempts.
func (e *APIError) Error() string {
	var b strings.Builder
	b.WriteString("cams: " + e.Operation + ": ")
	b.WriteString(cmp.Or(e.Code, "refused without a code"))
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if hint := e.hint(); hint != "" {
		b.WriteString(" - " + hint)
	}
	appendFacts(&b, e.StatusCode, e.RequestID, e.RetryAfter, e.Attempts)
	return redact.OneLine(b.String())
}

// Is reports whether the refusal belongs to one of this package's classes.
func (e *APIError) Is(target error) bool {
	switch target {
	case ErrThrottled:
		return isThrottling(e.Code) || e.StatusCode == 429 || e.throttleHeader
	case ErrAccessDenied:
		return isDenied(e.Code) || e.AccessDeniedDetail.isObject()
	case ErrUnauthenticated:
		return isUnauthenticated(e.Code)
	}
	return false
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
	for _, text := range []slog.Attr{ // what a support ticket needs, where it is known
		slog.String("hint", e.hint()),
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

// ResponseError is an answer that is not the service's protocol: a proxy's
// HTML page, an empty or truncated body, a redirect, a body beyond the limit.
type ResponseError struct {
	Operation  string
	Reason     string        // what is wrong with the answer
	StatusCode int           // HTTP status
	RequestID  string        // from the body or the header x-acs-request-id, if there is one
	Snippet    string        // the start of the body, 512 bytes at most, digits of phone numbers masked
	RetryAfter time.Duration // how long the server asked to wait; 0 if it did not say
	Attempts   int           // requests made by the call, this one included
	Err        error         // the cause, if there is one: a JSON or read error

	throttleHeader bool // x-acs-retry-after was there and positive
	cut            bool // the body broke off
}

// Error is one line: operation, reason, snippet, status, request ID and attempts.
func (e *ResponseError) Error() string {
	var b strings.Builder
	b.WriteString("cams: " + e.Operation + ": " + e.Reason)
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.Snippet != "" {
		b.WriteString(": " + strconv.Quote(e.Snippet))
	}
	appendFacts(&b, e.StatusCode, e.RequestID, e.RetryAfter, e.Attempts)
	return redact.OneLine(b.String())
}

// Unwrap returns the cause.
func (e *ResponseError) Unwrap() error { return e.Err }

// Is reports whether the answer belongs to one of this package's classes: HTTP
// 429 and a positive x-acs-retry-after are [ErrThrottled], whatever the body.
func (e *ResponseError) Is(target error) bool {
	return target == ErrThrottled && (e.StatusCode == 429 || e.throttleHeader)
}

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

// CallError is a call that ended without an answer: no connection, no answer in
// time, no credentials, or the caller's context ended it. It unwraps to its causes.
type CallError struct {
	Operation  string // for instance "ListChatGroupParticipants"
	Reason     string // at which step it ended, for instance "timed out"
	StatusCode int    // HTTP status, if the answer began to come; else 0
	RequestID  string // header x-acs-request-id, if the answer began to come
	Attempts   int    // attempts made by the call, this one included

	causes []error // the first is the reason; the last attempt's error may follow
	hint   string  // what the caller can change, if that is known
}

// Error is one line: operation, reason, causes, what to do about it where that is
// known, status, request ID and attempts.
func (e *CallError) Error() string {
	var b strings.Builder
	b.WriteString("cams: " + e.Operation + ": " + e.Reason)
	for _, cause := range e.causes {
		if cause == ErrOutcomeUnknown { // the reason says it
			continue
		}
		b.WriteString(": " + strings.TrimPrefix(cause.Error(), "cams: "+e.Operation+": "))
	}
	if e.hint != "" {
		b.WriteString(" - " + e.hint)
	}
	var facts strings.Builder
	appendFacts(&facts, e.StatusCode, e.RequestID, 0, e.Attempts)
	if !strings.HasSuffix(b.String(), strings.TrimPrefix(facts.String(), " (")) { // the last attempt's error may tell them
		b.WriteString(facts.String())
	}
	return redact.OneLine(b.String())
}

// Unwrap returns the causes: the context's error and its cause, or the network's,
// the provider's or the signer's error; the last attempt's error may follow.
func (e *CallError) Unwrap() []error { return e.causes }

// ValidationError is input refused by this package. Nothing was sent.
type ValidationError struct {
	Field  string // the Go name of the field, argument or option
	Reason string // what is wrong with it; never its value
	err    error
}

// Error is one line: the field and what is wrong with it.
func (e *ValidationError) Error() string {
	text := "cams: " + e.Field + " " + e.Reason
	if e.err != nil {
		text += ": " + strings.TrimPrefix(e.err.Error(), "cams: ")
	}
	return text
}

// Unwrap returns the cause, if there is one.
func (e *ValidationError) Unwrap() error { return e.err }

// IsCode reports whether err is, or wraps, an [APIError] with one of these
// codes, exactly as the service spells them.
func IsCode(err error, codes ...string) bool {
	var api *APIError
	return errors.As(err, &api) && slices.Contains(codes, api.Code)
}

// appendFacts appends what every error of a call tells, in one form.
func appendFacts(b *strings.Builder, status int, requestID string, retryAfter time.Duration, attempts int) {
	var facts []string
	if status != 0 {
		facts = append(facts, "status "+strconv.Itoa(status))
	}
	if requestID != "" {
		facts = append(facts, "request ID "+requestID)
	}
	if retryAfter > 0 {
		facts = append(facts, "retry after "+retryAfter.String())
	}
	if attempts == 1 {
		facts = append(facts, "1 attempt")
	} else if attempts > 1 {
		facts = append(facts, strconv.Itoa(attempts)+" attempts")
	}
	if len(facts) > 0 {
		b.WriteString(" (" + strings.Join(facts, ", ") + ")")
	}
}
