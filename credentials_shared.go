package cams

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/cams-go/cams/internal/redact"
)

// sharedProvider lets any number of calls use a provider that may be slow,
// may ignore its context, may panic and must not be called concurrently: one
// fetch at a time, whose result goes to all who wait for it, each only as long
// as its own context.
type sharedProvider struct {
	fetch func(context.Context, rejected) (Credentials, error)

	mu         sync.Mutex
	current    *fetching // nil if none is under way
	rejected   rejected
	rejections int // how often rejected was set
}

// fetchOf is the key of the one value in a fetch's context: a provider that
// comes back to the client with it would wait for itself.
type fetchOf struct{ provider *sharedProvider }

// rejected tells credentials that the service called expired; nil tells none.
// It is a function because no print shows what a function holds.
type rejected func(Credentials) bool

// fetching is one fetch under way. creds and err are set before done closes.
type fetching struct {
	done       chan struct{}
	cancel     context.CancelFunc
	waiting    int // guarded by sharedProvider.mu; 0 means that it was given up
	rejections int // of sharedProvider when it began
	creds      Credentials
	err        error
}

func newSharedProvider(fetch func(context.Context, rejected) (Credentials, error)) *sharedProvider {
	return &sharedProvider{fetch: fetch}
}

// shareable wraps a provider of the user's; ours are safe already.
func shareable(p CredentialsProvider) CredentialsProvider {
	switch p.(type) {
	case *staticProvider, *sharedProvider:
		return p
	}
	return newSharedProvider(func(ctx context.Context, _ rejected) (Credentials, error) { return p.Credentials(ctx) })
}

// Credentials implements [CredentialsProvider].
func (p *sharedProvider) Credentials(ctx context.Context) (Credentials, error) {
	if ctx.Value(fetchOf{p}) != nil {
		return Credentials{}, errors.New("the provider called the client that waits for it: give it a client with other credentials")
	}
	for ctx.Err() == nil {
		f, joined := p.join()
		select {
		case <-f.done:
			switch {
			case f.err != nil && !joined:
				// It was given up before we came: its error is not ours.
			case f.err == nil && p.rejectedSince(f):
				// It began before the service called its answer expired.
			default:
				return f.creds, f.err
			}
		case <-ctx.Done():
			if joined {
				p.leave(f)
			}
		}
	}
	return Credentials{}, context.Cause(ctx)
}

// join starts a fetch or joins the one under way. It cannot join one that
// everybody has left; that one has to end first.
func (p *sharedProvider) join() (f *fetching, joined bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f := p.current; f != nil {
		if f.waiting == 0 {
			return f, false
		}
		f.waiting++
		return f, true
	}
	// Nothing of the first caller's context: the answer is for others too, and
	// the fetch may outlive the call.
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), fetchOf{p}, true))
	f = &fetching{done: make(chan struct{}), cancel: cancel, waiting: 1, rejections: p.rejections}
	p.current = f
	go p.run(ctx, f, p.rejected)
	return f, true
}

// leave stops the fetch when nobody waits for it any more.
func (p *sharedProvider) leave(f *fetching) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f.waiting--
	if f.waiting == 0 {
		f.cancel()
	}
}

func (p *sharedProvider) run(ctx context.Context, f *fetching, rejected rejected) {
	defer func() {
		p.mu.Lock()
		p.current = nil
		p.mu.Unlock()
		f.cancel()
		close(f.done)
	}()
	f.err = errors.New("the provider ended its goroutine and returned nothing") // stays if it does
	f.creds, f.err = p.ask(ctx, rejected)
}

// ask turns all that a provider may do wrong into an error that shows no secret.
func (p *sharedProvider) ask(ctx context.Context, rejected rejected) (creds Credentials, err error) {
	defer func() {
		if r := recover(); r != nil {
			creds, err = Credentials{}, fmt.Errorf("the provider panicked: %s", redact.Unknown(fmt.Sprint(r)))
		}
	}()
	creds, err = p.fetch(ctx, rejected)
	if err != nil {
		return Credentials{}, newProviderError(err, creds)
	}
	if err := creds.validate(); err != nil {
		text := "the provider returned unusable credentials: " + strings.TrimPrefix(err.Error(), "cams: ")
		return Credentials{}, &maskedError{text, &err}
	}
	return creds, nil
}

// providerError is a provider's error with a text of ours. Even where that text
// is the same, the fields of the error may hold what its text does not show.
type providerError struct{ maskedError }

func newProviderError(err error, creds Credentials) *providerError {
	text := redact.Values(err.Error(), creds.AccessKeySecret, creds.SecurityToken, creds.BearerToken)
	return &providerError{maskedError{redact.Unknown(text), &err}}
}

// As offers a *url.Error without its query and password.
func (e *providerError) As(target any) bool {
	var wrapper *url.Error
	if errors.As(*e.err, &wrapper) {
		address := redact.Unknown(withoutQueryURL(wrapper.URL))
		if errors.As(&url.Error{Op: wrapper.Op, URL: address, Err: masked(wrapper.Err, redact.Unknown)}, target) {
			return true
		}
	}
	return errors.As(*e.err, target)
}

// reject remembers that the service called these credentials expired, so that
// the next fetch does not return them again if it can help it.
func (p *sharedProvider) reject(creds Credentials) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rejections++
	p.rejected = func(other Credentials) bool { return other == creds }
}

// rejectedSince tells whether the service called the answer of a fetch expired
// after it began, so that it could not know.
func (p *sharedProvider) rejectedSince(f *fetching) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rejections != f.rejections && p.rejected(f.creds)
}
