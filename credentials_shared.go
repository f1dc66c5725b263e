package cams

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/cams-go/cams/internal/redact"
)

// sharedProvider lets any number of calls use a provider that may be slow,
// may ignore its context, may panic and must not be called concurrently: one
// fetch at a time, whose result goes to all who wait for it, each only as long
// as its own context.
type sharedProvider struct {
	fetch func(context.Context, rejected) (Credentials, error)

	mu       sync.Mutex
	current  *fetching // nil if none is under way
	rejected rejected
}

// rejected tells credentials that the service called expired; nil tells none.
// It is a function because no print shows what a function holds.
type rejected func(Credentials) bool

// fetching is one fetch under way. creds and err are set before done closes.
type fetching struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int // guarded by sharedProvider.mu; 0 means that it was given up
	creds   Credentials
	err     error
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
	for {
		f, joined := p.join(ctx)
		select {
		case <-f.done:
			if joined {
				return f.creds, f.err
			}
			// It was given up before we came: its error is not ours. Ask again.
		case <-ctx.Done():
			if joined {
				p.leave(f)
			}
			return Credentials{}, context.Cause(ctx)
		}
	}
}

// join starts a fetch or joins the one under way. It cannot join one that
// everybody has left; that one has to end first.
func (p *sharedProvider) join(ctx context.Context) (f *fetching, joined bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f := p.current; f != nil {
		if f.waiting == 0 {
			return f, false
		}
		f.waiting++
		return f, true
	}
	// The first caller's values, but not its end: others will wait too.
	fetchCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f = &fetching{done: make(chan struct{}), cancel: cancel, waiting: 1}
	p.current = f
	go p.run(fetchCtx, f, p.rejected)
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
	f.err = errors.New("the provider returned nothing") // stays if it ends this goroutine
	defer func() {
		if r := recover(); r != nil {
			f.err = fmt.Errorf("the provider panicked: %s", redact.Unknown(fmt.Sprint(r)))
		}
		p.mu.Lock()
		p.current = nil
		p.mu.Unlock()
		f.cancel()
		close(f.done)
	}()
	creds, err := p.fetch(ctx, rejected)
	if err == nil {
		err = creds.validate()
	}
	if err != nil {
		f.err = masked(err, redact.Unknown)
		return
	}
	f.creds, f.err = creds, nil
}

// reject remembers that the service called these credentials expired, so that
// the next fetch does not return them again if it can help it.
func (p *sharedProvider) reject(creds Credentials) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rejected = func(other Credentials) bool { return other.SecurityToken == creds.SecurityToken }
}
