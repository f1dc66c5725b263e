package cams

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/cams-go/cams/internal/endpoint"
	"github.com/cams-go/cams/internal/provider"
	"github.com/cams-go/cams/internal/redact"
	"github.com/cams-go/cams/internal/transport"
)

// The errors of attempts that got no answer, and the masking of secrets in their texts.

// howToCheck returns what the error of an unknown outcome tells the caller to do.
func (s *spec) howToCheck() string {
	if s.checkWith == "" {
		return ", check before you call again"
	}
	return ", check with " + s.checkWith + " before you call again"
}

// newCallError returns the error of an attempt that ended without an answer. If the
// attempt timeout or the caller's context ended it, that is the reason, whatever err is.
func newCallError(ctx context.Context, call *call, reason Reason, err error) *CallError {
	causes := []error{err}
	passes := reason == ReasonNoCredentials && errors.As(err, new(provider.Passing))
	switch timeout, ok := context.Cause(ctx).(transport.AttemptTimeout); {
	case ok && reason == ReasonNoCredentials:
		causes, passes = []error{timeout}, true
	case ok:
		reason, causes, passes = ReasonTimedOut, []error{timeout}, true
	case ctx.Err() != nil:
		reason, causes, passes = ReasonStopped, contextCauses(ctx), false
	}
	return &CallError{Operation: call.name, Reason: reason, Attempts: call.info.Attempts, causes: causes, passes: passes}
}

// unanswered returns the error of a request that got no answer. It has a hint if a retry
// cannot help, or if the error does not say where it failed.
func (c *Client) unanswered(call *call, req *http.Request, tap *transport.Tap, err error) *CallError {
	ctx := req.Context()
	if tap.Endless() {
		ctx, err = context.WithoutCancel(ctx), transport.ErrConnectionsClosed // the tap ended ctx, not the caller
	}
	call.mask.Secrets[3] = transport.ProxyPassword(c.httpClient, req)
	failed := newCallError(ctx, call, ReasonNoAnswer, call.mask.Failure(err))
	switch failed.Reason {
	case ReasonTimedOut, ReasonStopped:
		if awaited := tap.Awaited(c.httpClient, req); awaited != "" {
			failed.hint = "it waited for " + redact.Passwords(awaited)
		}
	case ReasonNoAnswer:
		failed.hint = transport.Hint(err)
		failed.passes = failed.hint == ""
		where := redact.Passwords(tap.Where(c.httpClient, req, err))
		if dns := new(net.DNSError); errors.As(err, &dns) && dns.IsNotFound {
			failed.hint = cmp.Or(where, c.noSuchHost(dns.Name))
		}
		failed.hint = cmp.Or(failed.hint, where, transport.LongHint(req))
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
// calls. what is what was to come next, last what failed before, or nil.
func stopped(ctx context.Context, what string, last error) *CallError {
	failed := &CallError{Operation: what, Reason: ReasonStopped, causes: contextCauses(ctx)}
	if last != nil {
		failed.causes = append(failed.causes, last)
		failed.retryAfter, _ = RetryAfter(last)
	}
	return failed
}

// contextCauses returns the context's error, and its cause if the caller set one.
func contextCauses(ctx context.Context) []error {
	if cause := context.Cause(ctx); cause != ctx.Err() {
		return []error{ctx.Err(), cause}
	}
	return []error{ctx.Err()}
}

// newMask returns the mask of one attempt: no text may show its credentials, its
// signature, its query, or the private values in the query.
func newMask(call *call, creds *Credentials, req *http.Request) redact.Attempt {
	return redact.Attempt{
		Request: req,
		Query:   call.query,
		Secrets: [4]string{creds.AccessKeySecret, creds.SecurityToken, creds.BearerToken}, // and the proxy's password
		Private: call.params.private,
	}
}
