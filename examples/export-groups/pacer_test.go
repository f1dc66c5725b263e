package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// transport is an http.RoundTripper made of a function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestPacerSpacesRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var mu sync.Mutex
		var sent []time.Duration
		p := newPacer(transport(func(*http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, time.Since(start))
			return nil, nil
		}), 5)
		send := func(n int) {
			var all sync.WaitGroup
			for range n {
				all.Go(func() { p.RoundTrip(new(http.Request)) })
			}
			all.Wait()
		}
		const gap = 200 * time.Millisecond
		send(4)
		assert.Equal(t, []time.Duration{0, gap, 2 * gap, 3 * gap}, sent)

		time.Sleep(time.Hour) // idle time is no credit for a burst
		send(3)
		assert.Equal(t, []time.Duration{gap, gap}, []time.Duration{sent[5] - sent[4], sent[6] - sent[5]})
		assert.Equal(t, int64(7), p.sent.Load())
	})
}

func TestPacerHeedsTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(transport(func(*http.Request) (*http.Response, error) { return nil, nil }), 0.001)
		_, err := p.RoundTrip(new(http.Request))
		require.NoError(t, err)

		enough := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(enough) })
		start := time.Now()
		body := &closer{}
		_, err = p.RoundTrip((&http.Request{Body: body}).WithContext(ctx))
		assert.ErrorIs(t, err, enough)
		assert.Equal(t, time.Second, time.Since(start))
		assert.True(t, body.closed)
		assert.Equal(t, int64(1), p.sent.Load())
	})
}

type closer struct {
	io.Reader
	closed bool
}

func (c *closer) Close() error { c.closed = true; return nil }

// As many workers as may be wait for a slow rate, and the service throttles: the
// retries wait for their turn too, and no attempt runs out of time while waiting.
func TestRetriesArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := camstest.NewServer()
		groups := make(roster)
		var ids []string
		for i := range 60 {
			id := fmt.Sprint("EA", i)
			ids = append(ids, id)
			groups[id] = numbers(i, 2)
			addGroup(fake, id, groups[id])
		}
		for range 10 {
			fake.AnswerOnce(camstest.Answer{}, camstest.Refusal(429, "Throttling.User", "Slow down."))
		}
		cfg, err := parseFlags([]string{"-sandbox", "-rate", "1", "-workers", "60", "-page-size", "1"})
		require.NoError(t, err)
		cfg.request.BusinessNumber, cfg.request.CustSpaceID = businessNumber, custSpaceID
		var stderr, stdout bytes.Buffer
		client, err := newClient(cfg, newPacer(fake, cfg.rate), &stderr,
			cams.WithCredentials(cams.StaticCredentials(camstest.AccessKeyID, camstest.AccessKeySecret, "")))
		require.NoError(t, err)

		e := newExporter(client, &cfg.request, &stream{w: &stdout}, ids)
		require.NoError(t, e.run(t.Context(), cfg.workers))
		for _, r := range e.results {
			require.NoError(t, r.err)
		}
		requireComplete(t, groups, stdout.String())
		requests := fake.Requests()
		require.Len(t, requests, 2*60+10)
		for i := 1; i < len(requests); i++ {
			require.GreaterOrEqual(t, requests[i].Time.Sub(requests[i-1].Time), time.Second)
		}
		assert.Empty(t, strings.TrimSpace(stderr.String()))
	})
}
