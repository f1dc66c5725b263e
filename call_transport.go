package cams

import (
	"context"
	"crypto/rand"
	"maps"
	"net/http"

	"github.com/cams-go/cams/internal/redact"
	"github.com/cams-go/cams/internal/transport"
)

// roundTrip signs a request and sends it. It returns the answer, or sets the outcome's
// error and returns nil. giveUp ends ctx.
func (c *Client) roundTrip(ctx context.Context, giveUp context.CancelFunc, call *call, r *outcome) (*http.Response, *redact.Attempt) {
	ctx, tap := transport.Watch(ctx, giveUp, call.repeatable)
	req := c.newRequest(ctx, call.query)
	mask := newMask(call, &r.credentials, req)
	if err := c.sign(req, SigningInput{
		Action:      call.name,
		Version:     apiVersion,
		Credentials: r.credentials,
		Time:        c.clock.Now(),
		Nonce:       rand.Text(),
	}); err != nil {
		r.err = newCallError(ctx, call, ReasonNotSigned, redact.Masked(err, mask.Text))
		return nil, nil
	}
	res, err := transport.Send(c.httpClient, req, call.repeatable)
	r.unsent = err != nil && !tap.MayHaveSent(err)
	if err == nil {
		return res, mask
	}
	if tap.Endless() {
		ctx, err = context.WithoutCancel(ctx), transport.ErrConnectionsClosed // giveUp ended ctx, not the caller
	}
	r.err = c.unanswered(ctx, call, err, mask)
	return nil, nil
}

// newRequest returns the unsigned request: POST /?<query> with an empty body.
func (c *Client) newRequest(ctx context.Context, query string) *http.Request {
	req := c.prototype.WithContext(ctx)
	u := *c.prototype.URL
	u.RawQuery = query
	req.URL = &u
	req.Header = maps.Clone(c.prototype.Header)
	return req
}
