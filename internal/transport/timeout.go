package transport

import (
	"context"
	"time"
)

// AttemptTimeout is the error of an attempt that reached the attempt timeout.
type AttemptTimeout time.Duration

func (e AttemptTimeout) Error() string {
	return "no complete answer within the attempt timeout of " + time.Duration(e).String()
}

// Is makes errors.Is match [context.DeadlineExceeded].
func (e AttemptTimeout) Is(target error) bool { return target == context.DeadlineExceeded }

// Timeout and Temporary make it a net.Error.
func (e AttemptTimeout) Timeout() bool   { return true }
func (e AttemptTimeout) Temporary() bool { return true }
