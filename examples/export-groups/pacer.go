package main

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// pacer is an http.RoundTripper that sends requests at even intervals, in the
// order in which they come. It sees each attempt of the client, so that retries
// count too.
type pacer struct {
	transport http.RoundTripper
	interval  time.Duration // from one request to the next
	sent      atomic.Int64

	mu   sync.Mutex
	free time.Time // when the next request may go
}

// newPacer paces requests to rate a second, without bursts.
func newPacer(transport http.RoundTripper, rate float64) *pacer {
	return &pacer{transport: transport, interval: time.Duration(float64(time.Second) / rate)}
}

// RoundTrip waits for the request's turn, unless its context ends first.
func (p *pacer) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := p.wait(req.Context()); err != nil {
		if req.Body != nil {
			req.Body.Close() // as http.RoundTripper demands
		}
		return nil, err
	}
	p.sent.Add(1)
	return p.transport.RoundTrip(req)
}

func (p *pacer) wait(ctx context.Context) error {
	timer := time.NewTimer(time.Until(p.turn()))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// turn takes the next free moment. Nobody gets it if the request does not come.
func (p *pacer) turn() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	turn := p.free
	if now := time.Now(); turn.Before(now) {
		turn = now
	}
	p.free = turn.Add(p.interval)
	return turn
}
