package retry

import (
	"sync/atomic"
	"time"
)

// Clock is this machine's clock with a correction. The zero value has none. It is safe
// for concurrent use.
type Clock struct {
	offset atomic.Int64 // added to this machine's clock, in nanoseconds
}

// Now returns the corrected time.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

// Set sets the clock to now.
func (c *Clock) Set(now time.Time) { c.offset.Store(int64(time.Until(now))) }
