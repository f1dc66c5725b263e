package cams

import "sync/atomic"

// retryBudget limits the retries of a client as a whole, so that an outage
// meets little more than the first attempts. Each retry costs one, each success
// pays back a tenth. The zero value is full.
type retryBudget struct{ spent atomic.Int64 } // in tenths of a retry

const (
	budgetSize    = 1000 // 100 retries
	budgetCost    = 10
	budgetPayback = 1
)

func (b *retryBudget) withdraw() bool {
	for {
		spent := b.spent.Load()
		if spent+budgetCost > budgetSize {
			return false
		}
		if b.spent.CompareAndSwap(spent, spent+budgetCost) {
			return true
		}
	}
}

// refund takes back a withdrawal for a retry that was not made.
func (b *retryBudget) refund() { b.give(budgetCost) }

// deposit pays back for a success.
func (b *retryBudget) deposit() { b.give(budgetPayback) }

// give returns tenths of a retry, up to a full budget.
func (b *retryBudget) give(tenths int64) {
	for {
		spent := b.spent.Load()
		if spent == 0 || b.spent.CompareAndSwap(spent, max(0, spent-tenths)) {
			return
		}
	}
}
