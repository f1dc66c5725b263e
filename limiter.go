package cams

import (
	"context"
)

// Limiter limits the rate of requests. A *rate.Limiter of golang.org/x/time/rate
// implements it.
//
// The default limiter is adaptive. A client has one for each operation, because the
// service has a quota for each. It limits nothing before the first refusal. Then it
// finds the quota from refusals and from waits that the service asks for. It removes the
// limit after a minute in which no call was refused or had to wait. The package documentation
// has the rules.
type Limiter interface {
	// Wait returns nil when the caller may send a request. It returns an error when the
	// caller may not, for instance because ctx has ended.
	Wait(ctx context.Context) error
}

// Unlimited returns a limiter that limits nothing. With [WithLimiter] it turns the
// default limiter off.
func Unlimited() Limiter { return unlimited{} }

type unlimited struct{}

func (unlimited) Wait(ctx context.Context) error { return ctx.Err() }
