package cams

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"

	"github.com/cams-go/cams/internal/retry"
)

// Version is the version of this module, as it stands in the User-Agent header.
const Version = "0.2.0"

// apiVersion is the version of the API that this package speaks.
const apiVersion = "2020-06-06"

// Client calls the Chat App Message Service. Make one with [NewClient] and
// share it: it is safe for concurrent use and reuses its connections.
type Client struct {
	config                  // what the options chose, with the defaults
	prototype *http.Request // what all requests have in common; never changed
	watchers  observers     // the logger among them
	tooLong   error         // the cause of an attempt that the attempt timeout ended

	// Shared by all clients that With makes of each other.
	budget   *retry.Budget
	clock    *retry.Clock
	limiters *limiters // not with other credentials or another endpoint: quotas are per account and region
}

// NewClient makes a client. It does no network I/O: bad options fail here with
// a [*ValidationError] that names the option, wrong credentials at the first call.
func NewClient(opts ...Option) (*Client, error) {
	var cfg config
	if err := cfg.apply(opts); err != nil {
		return nil, err
	}
	return newClient(cfg)
}

// newClient makes a client that shares nothing.
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
	prototype.Header = make(http.Header, 12) // with room for a signature's
	prototype.Header["Accept"], prototype.Header["User-Agent"] = []string{"application/json"}, []string{userAgent}
	watchers := cfg.observers
	if cfg.logger != nil {
		watchers = append(slices.Clip(watchers), cfg.logger)
	}
	return &Client{
		config:    cfg,
		prototype: prototype,
		watchers:  watchers,
		tooLong:   attemptTimeoutError(cfg.attemptTimeout),
		budget:    retry.NewBudget(cfg.retry.Budget),
		clock:     new(retry.Clock),
		limiters:  new(limiters),
	}, nil
}

// With returns a client that differs from c in these options, for instance in the
// attempt timeout for one call, or in the credentials for one tenant. It shares
// all else: connections, credentials, clock, retry budget and limiters. With other
// credentials or another endpoint it has limiters of its own, as quotas are
// counted per account and region. A client made by With is as cheap as a struct.
func (c *Client) With(opts ...Option) (*Client, error) {
	if c == nil || c.prototype == nil {
		return nil, &ValidationError{Field: "Client", Reason: "was not made by NewClient"}
	}
	cfg := c.config
	if err := cfg.apply(opts); err != nil {
		return nil, err
	}
	cfg.retry.Budget = cmp.Or(cfg.retry.Budget, c.retry.Budget) // else a policy of With would have a full one of its own
	other, err := newClient(cfg)
	if err != nil {
		return nil, err
	}
	if other.retry.Budget == c.retry.Budget {
		other.budget = c.budget
	}
	other.clock = c.clock
	if other.credentials == c.credentials && *other.url() == *c.url() {
		other.limiters = c.limiters
	}
	return other, nil
}

// Format prints where the client calls to, and nothing of what it holds.
func (c *Client) Format(f fmt.State, _ rune) {
	if c == nil || c.prototype == nil {
		io.WriteString(f, "cams.Client(nil)")
		return
	}
	io.WriteString(f, "cams.Client("+c.prototype.URL.Host+")")
}

// CloseIdleConnections closes the connections that wait for a next request, also
// those of clients that share them. A client that is no longer used needs no
// other clean-up.
func (c *Client) CloseIdleConnections() {
	if c != nil && c.httpClient != nil {
		c.httpClient.CloseIdleConnections()
	}
}
