package cams

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/cams-go/cams/internal/retry"
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
	budget         *retry.Budget
	attemptTimeout time.Duration
	clock          *atomic.Int64 // nanoseconds to add to this machine's clock
	observers      observers
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
	policy := cfg.retry.withDefaults()
	watchers := cfg.observers
	if cfg.logger != nil {
		watchers = append(slices.Clip(watchers), cfg.logger)
	}
	return &Client{
		prototype:      prototype,
		httpClient:     cfg.httpClient,
		credentials:    cfg.credentials,
		signer:         cfg.signer,
		retry:          policy,
		attemptTimeout: cfg.attemptTimeout,
		budget:         retry.NewBudget(policy.Budget),
		clock:          new(atomic.Int64),
		observers:      watchers,
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
