package cams

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/cams-go/cams/internal/limiter"
	"github.com/cams-go/cams/internal/redact"
	"github.com/cams-go/cams/internal/retry"
	"github.com/cams-go/cams/internal/wire"
)

// How a call works: invoke and Client.Call start it, do runs its attempts until one
// succeeds or the rules of call_retry.go end the call, and attempt makes one request.
//
// The steps are in the files call_*.go: wait and informLimiter in call_limiter.go, Credentials in
// credentials.go, roundTrip in call_transport.go, read in call_response.go, judge and
// conclude in call_retry.go, the errors in call_failure.go.

// spec is what a call needs to know of its operation, besides the parameters.
type spec struct {
	name         string
	repeatable   bool   // idempotent: it may be retried after an unknown outcome
	isRead       bool   // it changes nothing
	resultMember string // the member of the answer with the result; "" means any member
	checkWith    string // the operation that shows whether this one was carried out; "" if repeatable
}

// response is a pointer to a struct that embeds [ResponseMetadata].
type response[R any] interface {
	*R
	metadata() *ResponseMetadata
}

// invoke calls an operation and returns its response, an R.
func invoke[R any, P response[R]](ctx context.Context, c *Client, op *spec, params parameters) (*R, error) {
	var answer P
	err := c.do(ctx, op, params, func(body []byte) (*ResponseMetadata, error) {
		answer = new(R) // fresh for each attempt
		err := wire.Unmarshal(body, answer)
		return answer.metadata(), err
	})
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// decoder decodes a body into a fresh response.
type decoder func(body []byte) (*ResponseMetadata, error)

// call is the state that the attempts of one call share.
type call struct {
	*spec
	query    string     // in canonical form, without what the signer adds
	params   parameters // errors must not show the private ones
	decode   decoder
	came     time.Time         // when the call began: callers are served in this order
	limiter  Limiter           // of the user, or
	adaptive *limiter.Adaptive // the default one, else nil
	past     past
	mask     redact.Attempt // of the latest attempt
	info     CallInfo       // for observers and WithCallInfo
}

// do makes attempts until one succeeds or the retry rules end the call. If the error
// is nil, decode has decoded the response.
func (c *Client) do(ctx context.Context, op *spec, params parameters, decode decoder) error {
	switch {
	case c == nil || c.prototype == nil:
		return &ValidationError{Field: "Client", Reason: "was not made by NewClient"}
	case ctx == nil:
		return &ValidationError{Field: "ctx", Reason: "is nil"}
	}
	params, err := c.withOwn(params, op)
	if err != nil {
		return err
	}
	call := &call{spec: op, query: params.query(), params: params, decode: decode, came: time.Now()}
	if call.limiter = cmp.Or(c.limiters[op.name], c.limiters[""]); call.limiter == nil {
		call.adaptive = c.adaptive.get(op.name)
	}
	call.info.Operation, call.info.Host = op.name, c.prototype.URL.Host
	sink, _ := ctx.Value(callInfoKey{}).(*callInfoSink) // an observer may return another context
	ctx = c.watchers.start(ctx, op.name)
	call.info.Err = errPanicked // until the call ends in another way
	defer func() {
		call.info.Duration = time.Since(call.came)
		sink.fill(&call.info)
		c.watchers.end(ctx, &call.info)
	}()
	for {
		outcome := c.attempt(ctx, call)
		call.informLimiter(&outcome)
		next := c.judge(ctx, call, &outcome)
		if !outcome.held {
			c.report(ctx, call, &outcome, next)
		}
		if next.again && retry.Pause(ctx, next.pause) {
			continue
		}
		if outcome.err != nil {
			call.info.Err = c.conclude(ctx, call, next)
		} else {
			call.info.Err = nil
		}
		return call.info.Err
	}
}

// errPanicked is what observers are told of a call in which a transport, a signer or
// another part of the caller's panicked.
var errPanicked = errors.New("cams: the call panicked")

// outcome is how one attempt ended. err is nil on success, and is about this attempt
// only.
type outcome struct {
	err         error       // *APIError, *ResponseError or *CallError
	unsent      bool        // no request left this machine
	resent      bool        // one was sent on a connection that broke, and then another one
	held        bool        // a limiter did not let the call through, so there was no attempt
	credentials Credentials // used to sign
	status      int         // HTTP status, 0 without an answer
	header      http.Header // of the answer, nil without one
	requestID   string
	took        time.Duration
	waited      time.Duration // for the limiter
	ticket      limiter.Ticket
}

// attempt waits for the limiter. Then, within the attempt timeout, it gets credentials,
// signs with a new time and nonce, sends the request, and reads and decodes the answer.
func (c *Client) attempt(ctx context.Context, call *call) (r outcome) {
	r.unsent = true
	start, err := call.wait(ctx, &r)
	if err != nil {
		r.err = err
		return r
	}
	call.info.Attempts++
	defer func() { r.took = time.Since(start) }()
	ctx, cancel := context.WithDeadlineCause(ctx, start.Add(c.attemptTimeout), c.attemptTimedOut)
	defer cancel()

	if renewed := call.past.renewed; renewed != nil {
		r.credentials, call.past.renewed = *renewed, nil
	} else if r.credentials, err = c.credentials.Credentials(ctx); err != nil {
		r.err = newCallError(ctx, call, ReasonNoCredentials, err)
		return r
	}
	if ctx.Err() != nil { // some providers and transports ignore the context
		r.err = newCallError(ctx, call, ReasonNoAnswer, ctx.Err())
		return r
	}
	call.info.StatusCode, call.info.Header, call.info.Body = 0, nil, nil
	res := c.roundTrip(ctx, cancel, call, &r)
	if res == nil {
		return r
	}
	defer res.Body.Close()
	r.status, r.header = res.StatusCode, res.Header
	r.requestID, r.err = call.read(ctx, res)
	if r.err == nil && len(c.watchers) > 0 { // the server may send anything as the ID; an error's is masked
		r.requestID = call.mask.ID(r.requestID)
	}
	return r
}

// report reports an attempt to the observers.
func (c *Client) report(ctx context.Context, call *call, r *outcome, next verdict) {
	if len(c.watchers) == 0 {
		return
	}
	attempt := AttemptInfo{
		Operation:  call.name,
		Number:     call.info.Attempts,
		StatusCode: r.status,
		RequestID:  r.requestID,
		Err:        r.err,
		Duration:   r.took,
		Waited:     r.waited,
		Retry:      next.again,
		Reason:     next.reason,
		Pause:      next.pause,
	}
	if refused, ok := r.err.(*APIError); ok {
		attempt.Code = refused.Code
	}
	c.watchers.attempt(ctx, attempt)
}

// withOwn appends the parameters of [WithParameter].
func (c *Client) withOwn(params parameters, op *spec) (parameters, error) {
	for _, own := range c.parameters {
		if slices.ContainsFunc(params, func(p parameter) bool { return p.name == own.name && p.value != "" }) {
			return nil, &ValidationError{Field: "WithParameter", Reason: "has " + own.name + ", which " + op.name + " sets itself"}
		}
	}
	return append(params, c.parameters...), nil
}
