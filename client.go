package cams

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"

	"github.com/cams-go/cams/internal/retry"
	"github.com/cams-go/cams/internal/transport"
)

// Version is the version of this module. The User-Agent header contains it.
const Version = "0.2.0"

// apiVersion is the version of the API that this package calls.
const apiVersion = "2020-06-06"

// Client calls the Chat App Message Service. Create one with [NewClient] and
// share it: it is safe for concurrent use and keeps a connection pool.
type Client struct {
	config                        // the options of options.go, with the defaults filled in
	prototype       *http.Request // what all requests have in common; read-only
	watchers        observers     // includes the logger
	attemptTimedOut error         // the context cause when the attempt timeout ends an attempt

	// Clients that With derives from each other share these.
	budget   *retry.Budget     // unless the credentials or RetryPolicy.Budget differ
	adaptive *adaptiveLimiters // unless credentials or endpoint differ: quotas are per account and region
}

// NewClient creates a client. It returns a [*ValidationError] that names the option
// if an option is invalid. It does no network I/O, so wrong credentials fail at the
// first call.
func NewClient(opts ...Option) (*Client, error) {
	cfg := config{clock: new(retry.Clock)}
	if err := cfg.apply(opts); err != nil {
		return nil, err
	}
	return newClient(cfg)
}

// newClient creates a client that shares nothing with others.
func newClient(cfg config) (*Client, error) {
	if err := cfg.setDefaults(); err != nil {
		return nil, err
	}
	cfg.retry = cfg.retry.withDefaults()
	prototype, err := http.NewRequest(http.MethodPost, cfg.url().String(), nil)
	if err != nil {
		return nil, &ValidationError{Field: "WithEndpoint", Reason: "is not usable", err: err}
	}
	userAgent := "cams-go/" + Version + " (" + runtime.GOOS + "; " + runtime.GOARCH + ") " + runtime.Version()
	if cfg.userAgent != "" {
		userAgent += " " + cfg.userAgent
	}
	prototype.Header = make(http.Header, 8) // with room for the signature's headers
	prototype.Header["Accept"], prototype.Header["User-Agent"] = []string{"application/json"}, []string{userAgent}
	watchers := cfg.observers
	if cfg.logger != nil {
		watchers = append(slices.Clip(watchers), cfg.logger)
	}
	return &Client{
		config:          cfg,
		prototype:       prototype,
		watchers:        watchers,
		attemptTimedOut: transport.AttemptTimeout(cfg.attemptTimeout),
		budget:          retry.NewBudget(cfg.retry.Budget),
		adaptive:        new(adaptiveLimiters),
	}, nil
}

// With returns a copy of c with these options changed, for instance the attempt
// timeout for one call, or the credentials for one tenant. The copy shares everything
// else with c: connection pool, credentials, clock, retry budget and limiters. With
// other credentials it has its own limiters and budget, with another endpoint its own
// limiters, because quotas are counted per account and region. With another
// [RetryPolicy].Budget it has its own budget. A copy is cheap to create. An invalid option is a [*ValidationError].
func (c *Client) With(opts ...Option) (*Client, error) {
	if c == nil || c.prototype == nil {
		return nil, &ValidationError{Field: "Client", Reason: "was not made by NewClient"}
	}
	cfg := c.config
	if err := cfg.apply(opts); err != nil {
		return nil, err
	}
	cfg.retry.Budget = cmp.Or(cfg.retry.Budget, c.retry.Budget) // a policy without a Budget keeps the shared one
	other, err := newClient(cfg)
	if err != nil {
		return nil, err
	}
	sameIdentity := other.credentials == c.credentials
	if sameIdentity && other.retry.Budget == c.retry.Budget {
		other.budget = c.budget
	}
	if sameIdentity && *other.url() == *c.url() {
		other.adaptive = c.adaptive
	}
	return other, nil
}

// Format implements [fmt.Formatter]. It prints the host of the endpoint and nothing else.
func (c *Client) Format(f fmt.State, _ rune) {
	if c == nil || c.prototype == nil {
		io.WriteString(f, "cams.Client(nil)")
		return
	}
	io.WriteString(f, "cams.Client("+c.prototype.URL.Host+")")
}

// CloseIdleConnections closes the idle connections of the client's connection pool.
// Clients that share the pool are affected too. A client needs no other clean-up.
func (c *Client) CloseIdleConnections() {
	if c != nil && c.httpClient != nil {
		c.httpClient.CloseIdleConnections()
	}
}
