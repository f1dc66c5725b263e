package cams_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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

// Errors have classes. If the answer to a creation is lost, the group may exist: check
// before you create a second one.
func Example_errors() {
	server, client := demo()
	server.AnswerOnce(camstest.Answer{Drop: true, After: true})
	_, err := client.AddChatGroup(context.Background(), &cams.AddChatGroupRequest{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", Subject: "Film club",
	})
	switch {
	case errors.Is(err, cams.ErrOutcomeUnknown): // first: it may wrap another class
		groups, err := cams.Collect(cams.NewListChatGroupPager(client, &cams.ListChatGroupRequest{
			BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", Subject: "Film club",
		}).All(context.Background()))
		fmt.Println("created:", len(groups), err)
	case errors.Is(err, cams.ErrThrottled):
		fmt.Println("try again later")
	case errors.Is(err, cams.ErrUnauthenticated):
		fmt.Println("check the key")
	case errors.Is(err, cams.ErrAccessDenied):
		fmt.Println("grant cams:AddChatGroup")
	}
	// Output: created: 1 <nil>
}

// You can match a refusal by its class or its code, and read its details.
func ExampleAPIError() {
	server, client := demo(cams.WithRetry(cams.NoRetry()))
	server.AnswerOnce(camstest.Answer{Status: 403, Body: `{"Code":"NoPermission","Message":"You are not authorized.","RequestId":"90E63D28-E31D-1EB2-8939-A94866411B2O"}`})

	_, err := client.ListChatGroupParticipants(context.Background(), &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: "8613800000000", GroupID: "EA939", CustSpaceID: "cams-k001",
	})
	var api *cams.APIError
	switch {
	case errors.Is(err, cams.ErrThrottled), errors.Is(err, cams.ErrUnavailable):
		fmt.Println("try again later")
	case cams.IsCode(err, "Product.Unsubscript"):
		fmt.Println("subscribe to the product first")
	case errors.As(err, &api):
		fmt.Println(api.StatusCode, api.Code, api.RequestID)
		fmt.Println(errors.Is(err, cams.ErrAccessDenied))
	}
	// Output:
	// 403 NoPermission 90E63D28-E31D-1EB2-8939-A94866411B2O
	// true
}

// IsCode finds a code that your program handles in its own way.
func ExampleIsCode() {
	server, client := demo()
	server.AnswerOnce(camstest.Refusal(400, "Product.Unsubscript", "The product is not subscribed."))
	err := list(context.Background(), client, "EA939")
	fmt.Println(cams.IsCode(err, "Product.Unsubscript", "isv.PRODUCT_UN_SUBSCRIPT"))
	// Output: true
}

// RetryAfter returns how long the service asked to wait. A job can then put the work
// back into its queue. The client waits by itself if the wait is not longer than the
// MaxDelay of its RetryPolicy.
func ExampleRetryAfter() {
	server, client := demo()
	refusal := camstest.Refusal(429, "Throttling.User", "Request was denied due to user flow control.")
	refusal.Header = http.Header{"X-Acs-Retry-After": {"3600000"}} // milliseconds
	server.AnswerOnce(refusal)
	err := list(context.Background(), client, "EA939")
	if wait, ok := cams.RetryAfter(err); ok {
		fmt.Println("again in", wait)
	}
	// Output: again in 1h0m0s
}

// A call ended without an answer, because the caller's deadline passed.
func ExampleCallError() {
	server, client := demo()
	server.Answer(camstest.Answer{Delay: time.Hour})
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	err := list(ctx, client, "EA939")
	var call *cams.CallError
	if errors.As(err, &call) {
		fmt.Println(call.Operation, call.Reason, errors.Is(err, context.DeadlineExceeded))
	}
	// Output: ListChatGroupParticipants stopped by the caller's context true
}

// A proxy answered instead of the service.
func ExampleResponseError() {
	server, client := demo()
	server.AnswerOnce(camstest.Answer{Status: 407, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<h1>Log in to the proxy</h1>"})
	err := list(context.Background(), client, "EA939")
	var answer *cams.ResponseError
	if errors.As(err, &answer) {
		fmt.Println(answer.StatusCode, answer.Snippet)
	}
	// Output: 407 Log in to the proxy
}

// The program made a mistake. The client sent nothing.
func ExampleValidationError() {
	_, client := demo()
	err := list(context.Background(), client, "")
	var invalid *cams.ValidationError
	if errors.As(err, &invalid) {
		fmt.Println(invalid.Field)
	}
	// Output: GroupID
}

// A nightly job can wait longer. A field that is zero has its default.
func ExampleWithRetry() {
	client, err := cams.NewClient(cams.WithRegion("ap-southeast-1"),
		cams.WithRetry(cams.RetryPolicy{MaxAttempts: 10, MaxDelay: 2 * time.Minute}))
	fmt.Println(client, err)
	// Output: cams.Client(cams.ap-southeast-1.aliyuncs.com) <nil>
}

// CallInfo has the details of one call: for a support ticket, a log, or fields of the
// answer that this package does not know.
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

// If you know your quota, pass a limiter. rate.NewLimiter(10, 1) of
// golang.org/x/time/rate is one: 10 requests a second for all goroutines together.
func ExampleWithLimiter() {
	start := time.Now()
	ticker := time.NewTicker(time.Millisecond) // 100 ms makes 10 a second
	defer ticker.Stop()
	server := camstest.NewServer()
	client, err := server.NewClient(cams.WithLimiter(pace{ticker})) // in your program: cams.NewClient
	if err != nil {
		fmt.Println(err)
		return
	}
	req := &cams.ListChatGroupRequest{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", Page: &cams.Page{Index: 1, Size: 20}}
	for range 3 {
		if _, err := client.ListChatGroup(context.Background(), req); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(len(server.Requests()), "requests in 3 ticks or more:", time.Since(start) >= 3*time.Millisecond)
	// Output: 3 requests in 3 ticks or more: true
}

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
