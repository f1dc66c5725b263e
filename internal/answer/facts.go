package answer

import (
	"strconv"
	"strings"
	"time"
)

// AppendFacts appends what all errors of a call end with: in parentheses, what is known.
func AppendFacts(b *strings.Builder, status int, requestID string, retryAfter time.Duration, attempts int, note string) {
	var facts []string
	if status != 0 {
		facts = append(facts, "status "+strconv.Itoa(status))
	}
	if requestID != "" {
		facts = append(facts, "request ID "+requestID)
	}
	if retryAfter > 0 {
		facts = append(facts, "retry after "+retryAfter.String())
	}
	if attempts == 1 {
		facts = append(facts, "1 attempt")
	} else if attempts > 1 {
		facts = append(facts, strconv.Itoa(attempts)+" attempts")
	}
	if note != "" {
		facts = append(facts, note)
	}
	if len(facts) > 0 {
		b.WriteString(" (" + strings.Join(facts, ", ") + ")")
	}
}
