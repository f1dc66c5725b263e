package cams

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/cams-go/cams/internal/endpoint"
	"github.com/cams-go/cams/internal/sign"
)

// Option configures a [Client]. A bad one makes [NewClient] fail.
type Option func(*config) error

// config is what the options write to.
type config struct {
	region         string
	regionFrom     string   // what chose it
	endpoint       *url.URL // nil: follows from the region
	limiter        Limiter  // nil: adaptive
	parameters     parameters
	credentials    CredentialsProvider
	httpClient     *http.Client
	signer         Signer
	retry          RetryPolicy
	attemptTimeout time.Duration
	userAgent      string
	logger         Observer
	observers      observers
}

const (
	defaultRegion         = "ap-southeast-1"
	defaultAttemptTimeout = 15 * time.Second
	regionVariable        = "ALIBABA_CLOUD_REGION_ID"
	publishedHost         = "cams." + defaultRegion + ".aliyuncs.com"
)

// apply applies options.
func (c *config) apply(opts []Option) error {
	for i, opt := range opts {
		if opt == nil {
			return &ValidationError{Field: fmt.Sprintf("opts[%d]", i), Reason: "is nil"}
		}
		if err := opt(c); err != nil {
			return err
		}
	}
	return nil
}

// setDefaults fills in what no option chose.
func (c *config) setDefaults() error {
	if c.region == "" {
		c.region, c.regionFrom = os.Getenv(regionVariable), regionVariable
		if c.region == "" {
			c.region, c.regionFrom = defaultRegion, "the default"
		}
		if !endpoint.IsRegion(c.region) && c.endpoint == nil {
			return &ValidationError{Field: regionVariable, Reason: "is not a region ID such as " + defaultRegion}
		}
	}
	if c.credentials == nil {
		c.credentials = DefaultCredentials()
	}
	if c.httpClient == nil {
		c.httpClient = &http.Client{Transport: NewTransport()}
	}
	if c.signer == nil {
		c.signer = ACS3Signer{}
	}
	c.attemptTimeout = cmp.Or(c.attemptTimeout, defaultAttemptTimeout)
	return nil
}

// url is the endpoint that requests go to.
func (c *config) url() *url.URL {
	if c.endpoint != nil {
		return c.endpoint
	}
	return endpoint.OfRegion(c.region)
}

// WithRegion chooses the region, and with it the endpoint
// cams.<region>.aliyuncs.com. The default is the environment variable
// ALIBABA_CLOUD_REGION_ID, else ap-southeast-1, the one region whose endpoint
// is published.
func WithRegion(region string) Option {
	return func(c *config) error {
		if !endpoint.IsRegion(region) {
			return &ValidationError{Field: "WithRegion", Reason: "needs a region ID such as " + defaultRegion}
		}
		c.region, c.regionFrom = region, "WithRegion"
		return nil
	}
}

// WithEndpoint chooses the server: "host", "host:port" or a URL without a path,
// and overrides the region's. It is reached by HTTPS; http:// is taken for a
// loopback host only (localhost, 127.0.0.0/8, ::1).
func WithEndpoint(host string) Option {
	return func(c *config) error {
		parsed, reason := endpoint.Parse(host)
		if reason != "" {
			return &ValidationError{Field: "WithEndpoint", Reason: reason}
		}
		c.endpoint = parsed
		return nil
	}
}

// WithCredentials chooses the credentials. The default is [DefaultCredentials].
func WithCredentials(p CredentialsProvider) Option {
	return func(c *config) error {
		if p == nil {
			return &ValidationError{Field: "WithCredentials", Reason: "got a nil provider"}
		}
		if static, ok := p.(*staticProvider); ok {
			creds := static.get()
			if err := creds.validate(); err != nil {
				return &ValidationError{Field: "WithCredentials", Reason: "got unusable credentials", err: err}
			}
		}
		c.credentials = shareable(p)
		return nil
	}
}

// WithHTTPClient chooses the HTTP client. Its transport, cookie jar and timeout
// are read at each request, and never changed. Redirects are not followed
// whatever its CheckRedirect says: the request's credentials are for one host.
//
// The default is an http.Client with a [NewTransport] of its own.
func WithHTTPClient(h *http.Client) Option {
	return func(c *config) error {
		if h == nil {
			return &ValidationError{Field: "WithHTTPClient", Reason: "got a nil client"}
		}
		c.httpClient = h
		return nil
	}
}

// WithSigner chooses how requests are signed: [ACS3Signer], the default, or
// [RPCSigner], or one of your own.
func WithSigner(s Signer) Option {
	return func(c *config) error {
		if s == nil {
			return &ValidationError{Field: "WithSigner", Reason: "got a nil signer"}
		}
		c.signer = s
		return nil
	}
}

// WithRetry chooses how often and how patiently a failed attempt is repeated.
// The default is the zero [RetryPolicy]; [NoRetry] turns retries off.
func WithRetry(p RetryPolicy) Option {
	return func(c *config) error {
		if p.MaxAttempts < 0 || min(p.BaseDelay, p.MaxDelay, p.ThrottleDelay) < 0 {
			return &ValidationError{Field: "WithRetry", Reason: "has a negative MaxAttempts or delay"}
		}
		c.retry = p
		return nil
	}
}

// WithAttemptTimeout limits one attempt, from asking for credentials to the
// last byte of the answer. The default is 15 seconds. The whole call, with its
// retries and pauses, is limited by the caller's context.
func WithAttemptTimeout(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 {
			return &ValidationError{Field: "WithAttemptTimeout", Reason: "is not positive"}
		}
		c.attemptTimeout = d
		return nil
	}
}

// WithUserAgent appends to the User-Agent header, for instance "my-service/1.2".
func WithUserAgent(suffix string) Option {
	return func(c *config) error {
		if strings.ContainsFunc(suffix, func(r rune) bool { return r < ' ' || r > '~' }) {
			return &ValidationError{Field: "WithUserAgent", Reason: "holds more than printable ASCII"}
		}
		c.userAgent = strings.TrimSpace(suffix)
		return nil
	}
}

// WithLogger logs each attempt at level Debug and each failed call at level
// Warn: operation, attempt, status, code, request ID, duration, the reason and
// length of a pause. Never secrets, never phone numbers. The default logs nothing.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) error {
		if l == nil {
			return &ValidationError{Field: "WithLogger", Reason: "got a nil logger"}
		}
		c.logger = logger{l}
		return nil
	}
}

// WithObserver adds an [Observer], for metrics and traces. It may be given more
// than once.
func WithObserver(o Observer) Option {
	return func(c *config) error {
		if o == nil {
			return &ValidationError{Field: "WithObserver", Reason: "got a nil observer"}
		}
		c.observers = append(slices.Clip(c.observers), o)
		return nil
	}
}

// WithLimiter chooses what paces the requests, for instance a *rate.Limiter for a
// quota that you know. It is waited for before each attempt, before signing, and
// outside the attempt timeout. The default is adaptive, see [Limiter]; [Unlimited]
// turns it off.
func WithLimiter(l Limiter) Option {
	return func(c *config) error {
		if l == nil {
			return &ValidationError{Field: "WithLimiter", Reason: "got a nil limiter"}
		}
		c.limiter = l
		return nil
	}
}

// WithParameter sends a parameter with every request, for instance OwnerId. A call
// whose operation sets the parameter itself fails. No error shows the value.
func WithParameter(name, value string) Option {
	return func(c *config) error {
		if name == "" || value == "" || sign.IsReserved(name) {
			return &ValidationError{Field: "WithParameter", Reason: "needs a name that no signature uses, and a value"}
		}
		c.parameters = slices.DeleteFunc(slices.Clone(c.parameters), func(p parameter) bool { return p.name == name })
		c.parameters = append(c.parameters, parameter{name, value, private})
		return nil
	}
}
