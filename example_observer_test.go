package cams_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// metrics counts calls and attempts, for a dashboard.
type metrics struct{ calls, failed, attempts, retried atomic.Int64 }

// StartCall, Attempt and EndCall implement cams.Observer.
func (m *metrics) StartCall(ctx context.Context, operation string) context.Context {
	m.calls.Add(1)
	return ctx
}

func (m *metrics) Attempt(_ context.Context, attempt cams.AttemptInfo) {
	m.attempts.Add(1)
	if attempt.Retry {
		m.retried.Add(1)
	}
}

func (m *metrics) EndCall(_ context.Context, call cams.CallInfo) {
	if call.Err != nil {
		m.failed.Add(1)
	}
}

// An observer counts calls and their attempts.
func ExampleWithObserver() {
	seen := new(metrics)
	server := camstest.NewServer()
	client, err := server.NewClient(cams.WithObserver(seen), cams.WithRetry(cams.RetryPolicy{BaseDelay: time.Nanosecond})) // in your program: cams.NewClient
	if err != nil {
		fmt.Println(err)
		return
	}
	server.AnswerOnce(camstest.Refusal(503, "ServiceUnavailable", "Try again."), camstest.Answer{}, camstest.Refusal(403, "NoPermission", "No."))
	req := &cams.ListChatGroupRequest{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", Page: &cams.Page{Index: 1, Size: 20}}
	for range 2 { // the first call succeeds at its second attempt, the second is refused
		_, err := client.ListChatGroup(context.Background(), req)
		fmt.Println(cams.IsCode(err, "NoPermission"))
	}
	fmt.Println(seen.calls.Load(), "calls,", seen.failed.Load(), "failed;", seen.attempts.Load(), "attempts,", seen.retried.Load(), "repeated")
	// Output:
	// false
	// true
	// 2 calls, 1 failed; 3 attempts, 1 repeated
}
