package cams

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/cams-go/cams/internal/redact"
)

// What the error of a failed attempt is made of: why it ended, in a text that
// gives nothing away.

// The reasons of a [CallError]: the step at which a call ended without an answer.
const (
	noCredentials   = "no credentials"
	notSigned       = "not signed"
	notLimited      = "the limiter let no request through"
	noAnswer        = "no answer"
	timedOut        = "timed out"
	stoppedByCaller = "stopped by the caller's context"
)

// newCallError says why an attempt ended without an answer: the attempt's own
// timeout and the caller's context come before whatever they caused.
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

// unanswered says why no answer came, and what to do about it where no repetition
// would help.
func (c *Client) unanswered(ctx context.Context, call *call, err error, mask mask) *CallError {
	failed := newCallError(ctx, call, noAnswer, mask.failure(err))
	if failed.Reason != noAnswer {
		return failed
	}
	failed.hint = hintOfTransport(err)
	if dns := new(net.DNSError); errors.As(err, &dns) && dns.IsNotFound {
		failed.hint = c.noSuchHost(dns.Name)
	}
	return failed
}

// hintOfTransport tells the failures that no repetition changes, and what to do
// about them; "" stands for any other.
func hintOfTransport(err error) string {
	var (
		dns    *net.DNSError
		failed *net.OpError
	)
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "check the host: it is not known"
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return "check this machine's root certificates, and proxies that inspect TLS"
	case errors.As(err, new(tls.RecordHeaderError)), errors.Is(err, http.ErrSchemeMismatch):
		return "check the endpoint and its port: it does not speak TLS"
	case errors.As(err, &failed) && (failed.Op == "remote error" || failed.Op == "local error"): // an alert
		return "check the endpoint, and proxies that inspect TLS: client and server have no TLS in common"
	case strings.HasSuffix(err.Error(), http.StatusText(http.StatusProxyAuthRequired)): // all that net/http tells
		return "check the user and password of the proxy, for instance in HTTPS_PROXY"
	}
	return ""
}

// noSuchHost is the hint for a name that DNS does not know.
func (c *Client) noSuchHost(name string) string {
	switch {
	case strings.TrimSuffix(name, ".") != c.url().Hostname():
		return "check the proxy, for instance in HTTPS_PROXY: its host is not known"
	case c.endpoint != nil:
		return "check WithEndpoint: the host is not known"
	}
	return "check region " + c.region + " (from " + c.regionFrom + "): its endpoint is not known; the published one is " + publishedHost
}

// stopped is the error of what the caller's context ended between two calls.
func stopped(ctx context.Context, what string) *CallError {
	return &CallError{Operation: what, Reason: stoppedByCaller, causes: contextCauses(ctx)}
}

// contextCauses is the context's error, and its cause where the caller gave one.
func contextCauses(ctx context.Context) []error {
	if cause := context.Cause(ctx); cause != ctx.Err() {
		return []error{ctx.Err(), cause}
	}
	return []error{ctx.Err()}
}

// attemptTimeoutError ends an attempt that took longer than its limit.
type attemptTimeoutError time.Duration

func (e attemptTimeoutError) Error() string {
	return "no complete answer within the attempt timeout of " + time.Duration(e).String()
}

// Is makes it a deadline like any other for errors.Is.
func (e attemptTimeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// Timeout and Temporary make it a net.Error.
func (e attemptTimeoutError) Timeout() bool   { return true }
func (e attemptTimeoutError) Temporary() bool { return true }

// hasTimedOut reports whether the attempt's own timeout ended it.
func (e *CallError) hasTimedOut() bool {
	_, ok := e.causes[0].(attemptTimeoutError)
	return ok
}

// mask takes out of a text what one attempt must not give away: its secrets and
// signature, its query and the private values in it.
type mask struct {
	call  *call
	creds *Credentials
	req   *http.Request
}

// values masks all values that are known, in as much of s as an error's body may
// have: a refusal inside a 200 may bring ten megabytes.
func (m mask) values(s string) string {
	authorization := m.req.Header.Get("Authorization")
	_, signature, _ := strings.Cut(authorization, "Signature=")
	raw := m.call.query
	if m.req.URL != nil { // a signer of the user's may do anything
		raw = m.req.URL.RawQuery
	}
	query, _ := url.ParseQuery(raw)
	secrets := append([]string{raw, authorization, signature, query.Get("Signature"),
		m.creds.AccessKeySecret, m.creds.SecurityToken, m.creds.BearerToken}, m.call.params.private()...)
	return redact.Values(redact.Clip(s, maxErrorBody), secrets...)
}

// text masks all values that are known, and everything like a phone number.
func (m mask) text(s string) string { return redact.Phones(m.values(s)) }

// id masks a request ID, which may be full of digits.
func (m mask) id(s string) string { return redact.Clip(redact.ID(m.values(s)), maxField) }

// failure is the error of a transport. Beside what is masked elsewhere it may hold
// the password of a proxy.
func (m mask) failure(err error) error {
	masked := redact.Masked(err, func(s string) string { return withoutPasswords(m.text(s)) })
	inner := errors.Unwrap(err) // http.Client's own is around it
	if failed, ok := masked.(*url.Error); ok && isUnparsed(inner) {
		failed.Err = redact.NewError(redact.Unknown(m.values(inner.Error())), inner)
	}
	return masked
}

// isUnparsed reports whether an error is about a text that could not be parsed as a
// URL: such an error quotes it, in parts too.
func isUnparsed(err error) bool {
	var unparsed *url.Error
	return errors.As(err, &unparsed) && unparsed.Op == "parse" ||
		err != nil && strings.Contains(err.Error(), "invalid proxy address")
}

// withoutPasswords masks what stands before the @ of a URL or a proxy's address, and
// credentials of HTTP.
func withoutPasswords(s string) string {
	if !strings.ContainsAny(s, "@") && !strings.Contains(strings.ToLower(s), "authorization") {
		return s
	}
	return passwords().ReplaceAllString(s, "${1}${4}"+redact.Mask+"${2}${3}")
}

// passwords compiles at the first need, for a quick start of the program.
var passwords = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(//)(?:\S*|[^\s/"':@]*:[^"'/\n]*)(@)|[^\s/"'=(]+:\S+(@)|((?i:authorization)\W+(?i:basic|bearer)\s+)\S+`)
})
