package cams

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"
)

// version is the version of this module, as it stands in the User-Agent header.
const version = "0.1.0"

// apiVersion is the version of the API that this package speaks.
const apiVersion = "2020-06-06"

// Client calls the Chat App Message Service. Make one with [NewClient] and
// share it: it is safe for concurrent use and reuses its connections.
type Client struct {
	prototype      *http.Request // what all requests have in common; never changed
	httpClient     *http.Client
	credentials    CredentialsProvider
	signer         Signer
	retry          RetryPolicy
	budget         retryBudget
	attemptTimeout time.Duration
	clockOffset    atomic.Int64 // nanoseconds to add to this machine's clock
	log            callLog      // nil if there is no logger
}

// NewClient makes a client. It does no network I/O: bad options fail here with
// a [*ValidationError] that names the option, wrong credentials at the first call.
func NewClient(opts ...Option) (*Client, error) {
	cfg, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	prototype, err := http.NewRequest(http.MethodPost, cfg.endpoint.String(), nil)
	if err != nil {
		return nil, &ValidationError{Field: "WithEndpoint", Reason: "is not usable", err: err}
	}
	userAgent := "cams-go/" + version + " (" + runtime.GOOS + "; " + runtime.GOARCH + ") " + runtime.Version()
	if cfg.userAgent != "" {
		userAgent += " " + cfg.userAgent
	}
	prototype.Header = http.Header{"Accept": {"application/json"}, "User-Agent": {userAgent}}
	cfg.httpClient.Transport = newNoRedirects(cfg.httpClient.Transport)
	return &Client{
		prototype:      prototype,
		httpClient:     cfg.httpClient,
		credentials:    cfg.credentials,
		signer:         cfg.signer,
		retry:          cfg.retry.withDefaults(),
		attemptTimeout: cfg.attemptTimeout,
		log:            cfg.logger,
	}, nil
}

// Format prints where the client calls to, and nothing of what it holds.
func (c *Client) Format(f fmt.State, _ rune) {
	if c == nil || c.prototype == nil {
		io.WriteString(f, "cams.Client(nil)")
		return
	}
	io.WriteString(f, "cams.Client("+c.prototype.URL.Host+")")
}

// CloseIdleConnections closes the connections that wait for a next request.
// A client that is no longer used needs no other clean-up.
func (c *Client) CloseIdleConnections() {
	if c != nil && c.httpClient != nil {
		c.httpClient.CloseIdleConnections()
	}
}

// call is one call of one operation: what all its attempts have in common.
type call struct {
	operation string
	query     string // canonical, without what a signer adds
	private   string // the phone number in it, which no error may show
}

// do makes the call: one attempt after the other until one succeeds or the
// retry rules end it. out holds the answer if the error is nil.
func (c *Client) do(ctx context.Context, call call, out answer) error {
	if c == nil || c.httpClient == nil {
		return &ValidationError{Field: "Client", Reason: "was not made by NewClient"}
	}
	if ctx == nil {
		return &ValidationError{Field: "ctx", Reason: "is nil"}
	}
	retries := callRetries{client: c}
	for n := 1; ; n++ {
		start := time.Now()
		result := c.attempt(ctx, &call, out)
		next := retries.judge(ctx, n, &result)
		if c.log != nil {
			result.took = time.Since(start)
			c.log.attempt(ctx, call, n, result, next)
		}
		switch {
		case result.err == nil:
			return nil
		case next.again && pause(ctx, next.wait):
			continue
		}
		err := retries.conclude(ctx, &call, n, next)
		if c.log != nil {
			c.log.failure(ctx, call, n, next, err)
		}
		return err
	}
}

// result is how one attempt ended: well if err is nil. Its errors know nothing
// yet of other attempts.
type result struct {
	err         error       // *APIError, *ResponseError or *callError
	credentials Credentials // what it was signed with
	status      int         // HTTP status, 0 if there was no answer
	requestID   string
	date        time.Time // the answer's Date, if it was needed
	took        time.Duration
}

// attempt asks for credentials, signs, sends, reads and decodes, all within the
// attempt's timeout and with a time and nonce of its own.
func (c *Client) attempt(ctx context.Context, call *call, out answer) (r result) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.attemptTimeout, attemptTimeoutError(c.attemptTimeout))
	defer cancel()

	var err error
	if r.credentials, err = c.credentials.Credentials(ctx); err != nil {
		r.err = newCallError(ctx, call, failedCredentials, err)
		return r
	}
	if ctx.Err() != nil { // neither every provider looks nor every transport
		r.err = newCallError(ctx, call, failedTransport, ctx.Err())
		return r
	}
	req := c.newRequest(ctx, call.query)
	mask := mask{call, &r.credentials, req}
	if err := c.signer.Sign(req, SigningInput{
		Action:      call.operation,
		Version:     apiVersion,
		Credentials: r.credentials,
		Time:        c.now(),
		Nonce:       rand.Text(),
	}); err != nil {
		r.err = newCallError(ctx, call, failedSigning, masked(err, mask.text))
		return r
	}
	res, err := c.httpClient.Do(req)
	if err != nil {
		r.err = newCallError(ctx, call, failedTransport, withoutQuery(err, mask.text))
		return r
	}
	defer res.Body.Close()
	r.status = res.StatusCode
	r.requestID, r.err = readAnswer(ctx, call, res, mask, out)
	if c.log != nil { // a success is logged too, and may repeat anything as its ID
		r.requestID = mask.id(r.requestID)
	}
	if r.err != nil {
		r.date, _ = http.ParseTime(res.Header.Get("Date"))
	}
	return r
}

// newRequest is the unsigned request: POST /?<query> with an empty body.
func (c *Client) newRequest(ctx context.Context, query string) *http.Request {
	req := c.prototype.WithContext(ctx)
	u := *c.prototype.URL
	u.RawQuery = query
	req.URL = &u
	req.Header = maps.Clone(c.prototype.Header)
	return req
}

// now is this machine's time, corrected by the service's where they disagree.
func (c *Client) now() time.Time {
	return time.Now().Add(time.Duration(c.clockOffset.Load()))
}
