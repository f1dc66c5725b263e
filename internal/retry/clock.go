package retry

import (
	"sync/atomic"
	"time"
)

// Clock is this machine's clock, corrected by what a service says. The zero value
// is not corrected. It is safe for concurrent use.
type Clock struct {
	offset atomic.Int64 // what to add to this machine's clock
	proven atomic.Int64 // the latest that helped
}

// Now is the corrected time.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

// Set corrects the clock, and returns the correction.
func (c *Clock) Set(now time.Time) time.Duration {
	offset := time.Until(now)
	c.offset.Store(int64(offset))
	return offset
}

// Keep notes that a correction helped.
func (c *Clock) Keep(correction time.Duration) { c.proven.Store(int64(correction)) }

// Undo takes back a correction that did not help, unless there was another since.
func (c *Clock) Undo(correction time.Duration) {
	c.offset.CompareAndSwap(int64(correction), c.proven.Load())
}
