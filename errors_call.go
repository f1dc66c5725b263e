package cams

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// callError is a call, or an attempt of one, that ended without an answer. It
// unwraps to all its causes.
type callError struct {
	operation string
	attempts  int
	what      failure
	status    int // HTTP status and request ID, if the answer got that far
	requestID string
	causes    []error // the first is the reason; the last attempt's error may follow
}

// failure is the step at which a call ended without an answer.
type failure string

const (
	failedCredentials failure = "no credentials"
	failedSigning     failure = "not signed"
	failedTransport   failure = "no answer"
	failedTimeout     failure = "timed out"
	failedByCaller    failure = "stopped by the caller's context"
)

// newCallError says why an attempt ended without an answer: the attempt's own
// timeout and the caller's context come before whatever they caused.
func newCallError(ctx context.Context, call *call, what failure, err error) *callError {
	switch timeout, ok := context.Cause(ctx).(attemptTimeoutError); {
	case ok && what == failedCredentials:
		return &callError{operation: call.operation, what: what, causes: []error{timeout}}
	case ok:
		return &callError{operation: call.operation, what: failedTimeout, causes: []error{timeout}}
	case ctx.Err() != nil:
		return &callError{operation: call.operation, what: failedByCaller, causes: contextCauses(ctx)}
	}
	return &callError{operation: call.operation, what: what, causes: []error{err}}
}

// contextCauses is the context's error, and its cause where the caller gave one.
func contextCauses(ctx context.Context) []error {
	if cause := context.Cause(ctx); cause != ctx.Err() {
		return []error{ctx.Err(), cause}
	}
	return []error{ctx.Err()}
}

func (e *callError) Error() string {
	var b strings.Builder
	b.WriteString("cams: " + e.operation + ": " + string(e.what))
	for _, cause := range e.causes {
		b.WriteString(": " + strings.TrimPrefix(cause.Error(), "cams: "+e.operation+": "))
	}
	appendFacts(&b, e.status, e.requestID, 0, e.attempts)
	return oneLine(b.String())
}

func (e *callError) Unwrap() []error { return e.causes }

// timedOut reports whether the attempt's own timeout ended it.
func (e *callError) timedOut() bool {
	_, ok := e.causes[0].(attemptTimeoutError)
	return ok
}

// attemptTimeoutError ends an attempt that took longer than its limit.
type attemptTimeoutError time.Duration

func (e attemptTimeoutError) Error() string {
	return "no complete answer within the attempt timeout of " + time.Duration(e).String()
}

// Is makes it a deadline like any other for errors.Is.
func (e attemptTimeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// Timeout makes it a timeout for those who ask as net.Error does.
func (e attemptTimeoutError) Timeout() bool { return true }

// Temporary completes net.Error.
func (e attemptTimeoutError) Temporary() bool { return true }

// withoutQuery rewrites net/http's errors: their URL holds the query, and the
// query holds phone numbers.
func withoutQuery(err error, mask func(string) string) error {
	var wrapper *url.Error
	if !errors.As(err, &wrapper) {
		return masked(err, mask)
	}
	return &url.Error{Op: wrapper.Op, URL: withoutQueryURL(wrapper.URL), Err: masked(wrapper.Err, mask)}
}

func withoutQueryURL(raw string) string {
	base, _, _ := strings.Cut(raw, "?")
	return base
}

// isHopeless tells transport failures that no repetition changes: a
// certificate that does not verify, a server that does not speak TLS.
func isHopeless(err error) bool {
	return errors.As(err, new(*tls.CertificateVerificationError)) ||
		errors.As(err, new(tls.RecordHeaderError)) || errors.Is(err, http.ErrSchemeMismatch)
}
