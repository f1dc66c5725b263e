package retry

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheBudgetRunsOutAndComesBack(t *testing.T) {
	t.Parallel()
	b := NewBudget(100)
	b.Succeeded(0)
	for range 100 {
		assert.True(t, b.Withdraw())
	}
	assert.False(t, b.Withdraw(), "a hundred retries without a success are the end")
	for range 9 {
		b.Succeeded(0)
	}
	assert.False(t, b.Withdraw())
	b.Succeeded(0)
	assert.True(t, b.Withdraw(), "ten successes pay for a retry")
	for range 5000 {
		b.Succeeded(0)
	}
	assert.Zero(t, b.spent.Load(), "it never holds more than it began with")
	assert.True(t, b.Withdraw())
	b.Refund()
	assert.Zero(t, b.spent.Load())
	assert.True(t, b.Withdraw())
	b.Succeeded(0)
	b.Refund()
	assert.Zero(t, b.spent.Load(), "not even if a success came in between")
}

func TestABudgetCanBeOfAnySize(t *testing.T) {
	t.Parallel()
	one, none, unlimited := NewBudget(1), NewBudget(0), NewBudget(-1)
	assert.True(t, one.Withdraw())
	assert.False(t, one.Withdraw())
	assert.False(t, none.Withdraw())
	for range 1000 {
		assert.True(t, unlimited.Withdraw())
	}
}

func TestACallThatSucceedsPaysItsRetriesBack(t *testing.T) {
	t.Parallel()
	b := NewBudget(2)
	for range 1000 {
		assert.True(t, b.Withdraw())
		assert.True(t, b.Withdraw())
		b.Succeeded(2)
	}
}
