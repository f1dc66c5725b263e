package cams

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cams-go/cams/internal/endpoint"
	"github.com/cams-go/cams/internal/redact"
	"github.com/cams-go/cams/internal/transport"
)

// The errors of attempts that got no answer, and the masking of secrets in their texts.

// The reasons of a [CallError]: why the call ended without an answer.
const (
	noCredentials   = "no credentials"
	notSigned       = "not signed"
	notLimited      = "the limiter let no request through"
	noAnswer        = "no answer"
	timedOut        = "timed out"
	stoppedByCaller = "stopped by the caller's context"
)

// newCallError returns the error of an attempt that ended without an answer. If the
// attempt timeout or the caller's context ended it, that is the reason, whatever err is.
func newCallError(ctx context.Context, call *call, reason string, err error) *CallError {
	causes := []error{err}
	switch timeout, ok := context.Cause(ctx).(attemptTimeoutError); {
	case ok && reason == noCredentials:
		causes = []error{timeout}
	case ok:
		reason, causes = timedOut, []error{timeout}
	case ctx.Err() != nil:
		reason, causes = stoppedByCaller, contextCauses(ctx)
	}
	return &CallError{Operation: call.name, Reason: reason, Attempts: call.info.Attempts, causes: causes}
}

// unanswered returns the error of a request that got no answer. It has a hint if a retry
// cannot help.
func (c *Client) unanswered(ctx context.Context, call *call, err error, mask mask) *CallError {
	failed := newCallError(ctx, call, noAnswer, mask.failure(err))
	if failed.Reason != noAnswer {
		return failed
	}
	failed.hint = transport.Hint(err)
	if dns := new(net.DNSError); errors.As(err, &dns) && dns.IsNotFound {
		failed.hint = c.noSuchHost(dns.Name)
	}
	return failed
}

// noSuchHost returns the hint for a host name that DNS does not know.
func (c *Client) noSuchHost(name string) string {
	switch {
	case strings.TrimSuffix(name, ".") != c.url().Hostname():
		return "check the proxy, for instance in HTTPS_PROXY: its host is unknown"
	case c.endpoint != nil:
		return "check WithEndpoint: the host is unknown"
	case name == endpoint.Published:
		return "check this machine's network and DNS, or set HTTPS_PROXY"
	}
	return "check region " + c.region + " (from " + c.regionFrom + "): its endpoint is unknown; the published one is " + endpoint.Published
}

// stopped returns the error of a listing that the caller's context ended between two
// calls. what is what was to come next.
func stopped(ctx context.Context, what string) *CallError {
	return &CallError{Operation: what, Reason: stoppedByCaller, causes: contextCauses(ctx)}
}

// contextCauses returns the context's error, and its cause if the caller set one.
func contextCauses(ctx context.Context) []error {
	if cause := context.Cause(ctx); cause != ctx.Err() {
		return []error{ctx.Err(), cause}
	}
	return []error{ctx.Err()}
}

// attemptTimeoutError is the error of an attempt that reached the attempt timeout.
type attemptTimeoutError time.Duration

func (e attemptTimeoutError) Error() string {
	return "no complete answer within the attempt timeout of " + time.Duration(e).String()
}

// Is makes errors.Is match [context.DeadlineExceeded].
func (e attemptTimeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// Timeout and Temporary make it a net.Error.
func (e attemptTimeoutError) Timeout() bool   { return true }
func (e attemptTimeoutError) Temporary() bool { return true }

// hasTimedOut reports whether the attempt timeout ended the attempt.
func (e *CallError) hasTimedOut() bool {
	_, ok := e.causes[0].(attemptTimeoutError)
	return ok
}

// mask removes the secrets of one attempt from texts: its credentials, its signature, its
// query and the private values in the query.
type mask struct {
	call  *call
	creds *Credentials
	req   *http.Request
}

// secrets returns what no text may show, whatever it looks like.
func (m mask) secrets() []string {
	authorization := m.req.Header.Get("Authorization")
	_, signature, _ := strings.Cut(authorization, "Signature=")
	raw := m.call.query
	if m.req.URL != nil { // a custom signer may have removed it
		raw = m.req.URL.RawQuery
	}
	query, _ := url.ParseQuery(raw)
	return []string{raw, authorization, signature, query.Get("Signature"),
		m.creds.AccessKeySecret, m.creds.SecurityToken, m.creds.BearerToken}
}

// values masks all known secrets in s. It clips s to the size of an error body, because
// a refusal with HTTP status 200 can have ten megabytes.
func (m mask) values(s string) string {
	if m.call.known == nil { // once an attempt: Call may have thousands of values
		m.call.known = redact.NewKnown(append(m.secrets(), m.call.params.private()...)...)
	}
	return m.call.known.Mask(redact.Clip(s, maxErrorBody))
}

// text masks all known secrets, and everything that looks like a phone number.
func (m mask) text(s string) string { return redact.Phones(m.values(s)) }

// field masks a short text, such as the name of a host.
func (m mask) field(s string, max int) string { return m.short(s, max, redact.Phones) }

// id masks a request ID. A real one stays, although it may have many digits.
func (m mask) id(s string) string { return m.short(s, maxField, redact.ID) }

// short masks all known secrets in a short text, and then what others finds. It masks an
// absurdly long text as a whole, which is cheaper.
func (m mask) short(s string, max int, others func(string) string) string {
	if len(s) > 16*max {
		return redact.Mask
	}
	return redact.Clip(others(m.values(s)), max)
}

// code masks an error code. A real one stays, even if a word of it is also the value of
// a parameter: retries depend on the code.
func (m mask) code(s string) string {
	masked := m.field(s, maxField)
	if masked == s || masked == redact.Mask || !redact.IsCode(s) {
		return masked
	}
	return redact.Values(s, m.secrets()...)
}

// failure masks a transport's error. It may also contain the password of a proxy.
func (m mask) failure(err error) error {
	masked := redact.Masked(err, func(s string) string { return redact.Passwords(m.text(s)) })
	inner := errors.Unwrap(err) // http.Client wraps it in a *url.Error
	if failed, ok := masked.(*url.Error); ok && transport.IsUnparsed(inner) {
		failed.Err = redact.NewError(redact.Unknown(m.values(inner.Error())), inner)
	}
	return masked
}
