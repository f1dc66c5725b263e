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

// A code that your program knows what to do about.
func ExampleIsCode() {
	server, client := demo()
	server.AnswerOnce(camstest.Refusal(400, "Product.Unsubscript", "The product is not subscribed."))
	err := list(context.Background(), client, "EA939")
	fmt.Println(cams.IsCode(err, "Product.Unsubscript", "isv.PRODUCT_UN_SUBSCRIPT"))
	// Output: true
}

// How long the service asked to wait, for a queue that comes back to the work. The
// client waits by itself, if that is not longer than its RetryPolicy's MaxDelay.
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

// A call that ended without an answer: here the caller had no more time.
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

// Something else answered: here a proxy.
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

// A mistake of the program: nothing was sent.
func ExampleValidationError() {
	_, client := demo()
	err := list(context.Background(), client, "")
	var invalid *cams.ValidationError
	if errors.As(err, &invalid) {
		fmt.Println(invalid.Field)
	}
	// Output: GroupID
}

// Errors by class. A creation whose answer is lost may have happened: look, and do
// not create a second group.
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
