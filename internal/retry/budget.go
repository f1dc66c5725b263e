// Package retry has the parts of retrying that do not depend on a call: the retry budget
// of a client, its clock, pauses, and the waits that an answer asks for.
package retry

import "sync/atomic"

// Budget limits the retries of all calls of a client together, so that an outage does not
// multiply the requests. It is safe for concurrent use.
type Budget struct {
	size  int64 // in tenths of a retry; negative: no limit
	spent atomic.Int64
}

const (
	cost    = 10 // tenths for each retry
	payback = 1  // tenths given back for each success
)

// NewBudget returns a full budget of n retries; a negative n means no limit.
func NewBudget(n int) *Budget { return &Budget{size: int64(n) * cost} }

// Withdraw takes one retry from the budget. It reports false if none is left.
func (b *Budget) Withdraw() bool {
	for {
		spent := b.spent.Load()
		if b.size >= 0 && spent+cost > b.size {
			return false
		}
		if b.spent.CompareAndSwap(spent, spent+cost) {
			return true
		}
	}
}

// Refund gives back one retry that was not made.
func (b *Budget) Refund() { b.give(cost) }

// Succeeded gives back, for a call that succeeded, all retries that it took and a tenth
// of one more.
func (b *Budget) Succeeded(withdrawn int) { b.give(int64(withdrawn)*cost + payback) }

// give gives back tenths of a retry, until the budget is full.
func (b *Budget) give(tenths int64) {
	for {
		spent := b.spent.Load()
		if spent == 0 || b.spent.CompareAndSwap(spent, max(0, spent-tenths)) {
			return
		}
	}
}
