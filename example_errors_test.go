package cams_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

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
	refusal.Header = http.Header{"X-Acs-Retry-After": {"60000"}} // milliseconds
	server.AnswerOnce(refusal)
	err := list(context.Background(), client, "EA939")
	if wait, ok := cams.RetryAfter(err); ok {
		fmt.Println("again in", wait)
	}
	// Output: again in 1m0s
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
	// Output: 407 <h1>Log in to the proxy</h1>
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

// Errors have classes. If the answer to a creation is lost, the group may exist: check
// before you create a second one.
func Example_errors() {
	server, client := demo()
	server.AnswerOnce(camstest.Answer{Drop: true, After: true})
	_, err := client.AddChatGroup(context.Background(), &cams.AddChatGroupRequest{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", Subject: "Book club",
	})
	switch {
	case errors.Is(err, cams.ErrOutcomeUnknown): // first: it may wrap another class
		groups, err := cams.Collect(cams.NewListChatGroupPager(client, &cams.ListChatGroupRequest{
			BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", Subject: "Book club",
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
