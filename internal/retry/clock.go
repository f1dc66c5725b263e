package retry

import (
	"sync/atomic"
	"time"
)

// Clock is this machine's clock with a correction. The zero value has none. It is safe
// for concurrent use.
type Clock struct {
	offset atomic.Int64 // added to this machine's clock, in nanoseconds
	proven atomic.Int64 // the latest offset that helped
}

// Now returns the corrected time.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

// Set sets the clock to now and returns the correction.
func (c *Clock) Set(now time.Time) time.Duration {
	offset := time.Until(now)
	c.offset.Store(int64(offset))
	return offset
}

// Keep notes that a correction helped.
func (c *Clock) Keep(correction time.Duration) { c.proven.Store(int64(correction)) }

// Undo replaces a correction that did not help by the latest one that did, unless the
// clock has been set again since.
func (c *Clock) Undo(correction time.Duration) {
	c.offset.CompareAndSwap(int64(correction), c.proven.Load())
}
