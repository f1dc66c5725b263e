package cams

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/cams-go/cams/internal/endpoint"
	"github.com/cams-go/cams/internal/retry"
	"github.com/cams-go/cams/internal/sign"
	"github.com/cams-go/cams/internal/transport"
)

// Option configures a [Client]. [NewClient] returns an error for an invalid one.
type Option func(*config) error

// config holds the options.
type config struct {
	region         string
	regionFrom     string             // the option or variable that set it, for error texts
	endpoint       *url.URL           // nil means the region's
	limiters       map[string]Limiter // by operation; "" is for all others, which are adaptive without it
	parameters     parameters
	credentials    CredentialsProvider
	clock          *retry.Clock // corrected by refusals; shared by all that With derives
	httpClient     *http.Client
	signer         Signer
	retry          RetryPolicy
	attemptTimeout time.Duration
	userAgent      string
	logger         Observer
	observers      observers
}

const (
	defaultAttemptTimeout = 15 * time.Second
	regionVariable        = "ALIBABA_CLOUD_REGION_ID"
)

// apply applies options in order.
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

// setDefaults fills in what no option has set.
func (c *config) setDefaults() error {
	if c.region == "" {
		c.region, c.regionFrom = os.Getenv(regionVariable), regionVariable
		if c.region == "" {
			c.region, c.regionFrom = endpoint.DefaultRegion, "the default"
		}
		if !endpoint.IsRegion(c.region) && c.endpoint == nil {
			return &ValidationError{Field: regionVariable, Reason: endpoint.RegionProblem(c.region)}
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

// url returns the endpoint that requests go to.
func (c *config) url() *url.URL {
	if c.endpoint != nil {
		return c.endpoint
	}
	return endpoint.OfRegion(c.region)
}

// WithRegion sets the region, and with it the endpoint cams.<region>.aliyuncs.com.
// The default is the environment variable ALIBABA_CLOUD_REGION_ID. If that is not
// set, it is ap-southeast-1, the only region with a published endpoint.
func WithRegion(region string) Option {
	return func(c *config) error {
		if !endpoint.IsRegion(region) {
			return &ValidationError{Field: "WithRegion", Reason: endpoint.RegionProblem(region)}
		}
		c.region, c.regionFrom = region, "WithRegion"
		return nil
	}
}

// WithEndpoint sets the endpoint: "host", "host:port" or a URL without a path. It
// overrides the region's endpoint. The client uses HTTPS; http:// is valid only for a
// loopback host (localhost, 127.0.0.0/8, ::1).
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

// WithCredentials sets the credentials provider. The default is [DefaultCredentials].
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
		c.credentials = shareable(p, c.clock)
		return nil
	}
}

// WithHTTPClient sets the HTTP client. Its Transport, Jar and Timeout are read for each
// request and never changed. Redirects are not followed, whatever its CheckRedirect
// says, because they could carry the credentials to another host. A Transport that wraps
// another one must pass on the request's context.
//
// A request with a URL of more than 4 KiB, for instance with a long description, has a
// connection of its own, over HTTP/1.1, if Transport is an *http.Transport: over HTTP/2
// a gateway that takes no such URL would end all calls on the connection.
//
// The default is a new http.Client with a new [NewTransport].
func WithHTTPClient(h *http.Client) Option {
	return func(c *config) error {
		if h == nil {
			return &ValidationError{Field: "WithHTTPClient", Reason: "got a nil client"}
		}
		c.httpClient = h
		return nil
	}
}

// NewTransport returns a new transport with the settings that a client uses without
// [WithHTTPClient]: TLS 1.2 or newer, TLS sessions resumed, HTTP/2, proxies from the
// environment whose refusals keep their status in errors, 5 seconds each to dial and for the
// TLS handshake, 128 idle connections for up to 90 seconds, and at most 64 KiB of response
// headers. Adjust it (a proxy, a root certificate) or wrap it (tracing), and pass it to
// [WithHTTPClient] in an http.Client.
func NewTransport() *http.Transport { return transport.New() }

// WithSigner sets how requests are signed: [ACS3Signer] (the default), [RPCSigner] or
// your own [Signer].
func WithSigner(s Signer) Option {
	return func(c *config) error {
		if s == nil {
			return &ValidationError{Field: "WithSigner", Reason: "got a nil signer"}
		}
		c.signer = s
		return nil
	}
}

// WithRetry sets the retry policy. The default is the zero [RetryPolicy]; [NoRetry]
// turns retries off.
func WithRetry(p RetryPolicy) Option {
	return func(c *config) error {
		if p.MaxAttempts < 0 || min(p.BaseDelay, p.MaxDelay) < 0 {
			return &ValidationError{Field: "WithRetry", Reason: "has a negative MaxAttempts or delay"}
		}
		c.retry = p
		return nil
	}
}

// WithAttemptTimeout limits the duration of one attempt, from asking for credentials
// to the last byte of the answer. The default is 15 seconds. The caller's context
// limits the whole call, including retries and pauses.
func WithAttemptTimeout(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 {
			return &ValidationError{Field: "WithAttemptTimeout", Reason: "is not positive"}
		}
		c.attemptTimeout = d
		return nil
	}
}

// WithUserAgent appends suffix to the User-Agent header, for instance "my-service/1.2".
func WithUserAgent(suffix string) Option {
	return func(c *config) error {
		if strings.ContainsFunc(suffix, func(r rune) bool { return r < ' ' || r > '~' }) {
			return &ValidationError{Field: "WithUserAgent", Reason: "has a character that is not printable ASCII"}
		}
		c.userAgent = strings.TrimSpace(suffix)
		return nil
	}
}

// WithLogger logs each attempt at level Debug and each failed call at level Warn, or
// Debug if the caller canceled it. A record has the operation, attempt, status, code,
// request ID, duration, and the reason and length of a pause. It never has a secret or
// a phone number. The default logs nothing.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) error {
		if l == nil {
			return &ValidationError{Field: "WithLogger", Reason: "got a nil logger"}
		}
		c.logger = logger{l}
		return nil
	}
}

// WithObserver adds an [Observer], for metrics and traces. You can use it more than
// once.
func WithObserver(o Observer) Option {
	return func(c *config) error {
		if o == nil {
			return &ValidationError{Field: "WithObserver", Reason: "got a nil observer"}
		}
		c.observers = append(slices.Clip(c.observers), o)
		return nil
	}
}

// WithLimiter sets the rate limiter of these operations, for instance a *rate.Limiter for a
// quota that you know. Without operations it is for all that have none of their own. You
// can use it more than once. Each attempt waits for the limiter first; the wait is not part
// of the attempt timeout. The default is adaptive, see [Limiter]; [Unlimited] turns it off.
func WithLimiter(l Limiter, operations ...string) Option {
	return func(c *config) error {
		if l == nil {
			return &ValidationError{Field: "WithLimiter", Reason: "got a nil limiter"}
		}
		if slices.Contains(operations, "") {
			return &ValidationError{Field: "WithLimiter", Reason: "got an operation without a name"}
		}
		if len(operations) == 0 {
			operations = []string{""}
		}
		c.limiters = maps.Clone(c.limiters)
		if c.limiters == nil {
			c.limiters = make(map[string]Limiter)
		}
		for _, operation := range operations {
			c.limiters[operation] = l
		}
		return nil
	}
}

// WithParameter adds a parameter to every request, for instance OwnerId. A call whose
// operation already sets this parameter fails with a [*ValidationError]. No error shows
// the value.
func WithParameter(name, value string) Option {
	return func(c *config) error {
		if name == "" || value == "" || sign.IsReserved(name) {
			return &ValidationError{Field: "WithParameter", Reason: "needs a value, and a name that is not reserved for the signature"}
		}
		c.parameters = slices.DeleteFunc(slices.Clone(c.parameters), func(p parameter) bool { return p.name == name })
		c.parameters = append(c.parameters, parameter{name, value, private})
		return nil
	}
}
