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
//
// If an idle connection turns out to be closed, a repeatable request is signed again and
// sent on another one, without a pause: that is no failure of the service, and costs no
// attempt.
func (c *Client) roundTrip(ctx context.Context, giveUp context.CancelFunc, call *call, r *outcome) *http.Response {
	ctx, tap := transport.Watch(ctx, giveUp, call.repeatable)
	for {
		req := c.newRequest(ctx, call.query)
		call.mask = newMask(call, &r.credentials, req)
		if err := c.sign(req, SigningInput{
			Action:      call.name,
			Version:     apiVersion,
			Credentials: r.credentials,
			Time:        c.clock.Now(),
			Nonce:       rand.Text(),
		}); err != nil {
			r.err = newCallError(ctx, call, ReasonNotSigned, redact.Masked(err, call.mask.Text))
			return nil
		}
		res, err := transport.Send(c.httpClient, req)
		switch {
		case err == nil:
			r.unsent = false
			return res
		case call.repeatable && ctx.Err() == nil && tap.LostIdle(err):
			r.resent = true
			continue
		}
		r.unsent = !tap.MayHaveSent(err)
		r.err = c.unanswered(call, req, tap, err)
		return nil
	}
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
