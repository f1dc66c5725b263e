package cams_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// list lists the first members of a group.
func list(ctx context.Context, client *cams.Client, groupID string) error {
	_, err := client.ListChatGroupParticipants(ctx, &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: groupID,
	})
	return err
}

// pace lets one request through at each tick.
type pace struct{ *time.Ticker }

// Wait implements cams.Limiter.
func (p pace) Wait(ctx context.Context) error {
	select {
	case <-p.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A quota that you know. rate.NewLimiter(10, 1) of golang.org/x/time/rate fits as it
// is: 10 requests a second, however many goroutines share the client.
func ExampleWithLimiter() {
	ticker := time.NewTicker(time.Millisecond) // 100 ms makes 10 a second
	defer ticker.Stop()
	server, client := demo(cams.WithLimiter(pace{ticker}))
	for range 3 {
		if err := list(context.Background(), client, "EA939"); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(len(server.Requests()), "requests")
	// Output: 3 requests
}

// metrics counts what a dashboard shows.
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

// Metrics of calls and their attempts.
func ExampleWithObserver() {
	seen := new(metrics)
	server, client := demo(cams.WithObserver(seen), cams.WithRetry(cams.RetryPolicy{BaseDelay: time.Nanosecond}))
	server.AnswerOnce(camstest.Refusal(503, "ServiceUnavailable", "Try again."), camstest.Answer{}, camstest.Refusal(403, "NoPermission", "No."))
	fmt.Println(list(context.Background(), client, "EA939") == nil) // the second attempt succeeds
	fmt.Println(list(context.Background(), client, "EA939") == nil) // refused
	fmt.Println(seen.calls.Load(), "calls,", seen.failed.Load(), "failed;", seen.attempts.Load(), "attempts,", seen.retried.Load(), "repeated")
	// Output:
	// true
	// false
	// 2 calls, 1 failed; 3 attempts, 1 repeated
}

// What one call was like: for a support ticket, a log, or fields of the answer that
// this package does not know.
func ExampleWithCallInfo() {
	server, client := demo()
	server.AnswerOnce(camstest.Answer{Body: `{"Code":"OK","Success":true,"Data":{"Total":0,"List":[]},"Novelty":7}`})
	var info cams.CallInfo
	if err := list(cams.WithCallInfo(context.Background(), &info), client, "EA939"); err != nil {
		fmt.Println(err)
	}
	fmt.Println(info.StatusCode, info.Attempts, info.Header.Get("Content-Type"))
	fmt.Printf("%s\n", info.Body)
	// Output:
	// 200 1 application/json;charset=utf-8
	// {"Code":"OK","Success":true,"Data":{"Total":0,"List":[]},"Novelty":7}
}

// More patience for a job at night. A field that is zero keeps its default.
func ExampleWithRetry() {
	client, err := cams.NewClient(cams.WithRegion("ap-southeast-1"),
		cams.WithRetry(cams.RetryPolicy{MaxAttempts: 10, MaxDelay: 2 * time.Minute}))
	fmt.Println(client, err)
	// Output: cams.Client(cams.ap-southeast-1.aliyuncs.com) <nil>
}
