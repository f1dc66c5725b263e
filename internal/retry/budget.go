// Package retry has the parts of retrying that know nothing of a call: a budget
// for all calls of a client, pauses, and the waits that an answer asks for.
package retry

import "sync/atomic"

// Budget limits the retries of a client as a whole, so that an outage meets
// little more than the first attempts.
type Budget struct {
	size  int64 // in tenths of a retry; negative: no limit
	spent atomic.Int64
}

const (
	cost    = 10 // of a retry, in tenths
	payback = 1  // for a success
)

// NewBudget makes a budget of n retries, a full one; negative means no limit.
func NewBudget(n int) *Budget { return &Budget{size: int64(n) * cost} }

// Withdraw takes one retry, if there is one left.
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

// Refund takes back a withdrawal for a retry that was not made.
func (b *Budget) Refund() { b.give(cost) }

// Succeeded pays back for a call that succeeded: the retries that it made, in
// full, and a little for other calls.
func (b *Budget) Succeeded(withdrawn int) { b.give(int64(withdrawn)*cost + payback) }

// give returns tenths of a retry, up to a full budget.
func (b *Budget) give(tenths int64) {
	for {
		spent := b.spent.Load()
		if spent == 0 || b.spent.CompareAndSwap(spent, max(0, spent-tenths)) {
			return
		}
	}
}
