// Errors makes calls fail in every way. The function advice shows what to do about
// each error. The program needs no account, because it calls a fake service:
//
//	go run ./examples/errors
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
	"github.com/cams-go/cams/examples/internal/console"
)

// advice tests for an unknown outcome first, because that error also wraps its cause.
func advice(err error) string {
	invalid, refused, answer := new(cams.ValidationError), new(cams.APIError), new(cams.ResponseError)
	switch {
	case errors.Is(err, cams.ErrOutcomeUnknown):
		return "it may be done: check with ListChatGroup before you call again"
	case errors.As(err, &invalid):
		return "fix the program: " + invalid.Field + " " + invalid.Reason
	case cams.IsCode(err, "Product.Unsubscript"):
		return "subscribe to the product in the console"
	case errors.Is(err, cams.ErrThrottled):
		wait, _ := cams.RetryAfter(err) // 0 if the service does not say
		return fmt.Sprintf("call again in %v", max(wait, time.Second))
	case errors.Is(err, cams.ErrUnauthenticated):
		return "check the AccessKey, its secret and this machine's clock"
	case errors.As(err, &refused) && errors.Is(err, cams.ErrAccessDenied):
		return "grant the RAM action cams:" + refused.Operation
	case errors.As(err, &refused): // a support ticket needs its request ID
		return "fix the request: " + refused.Code + ": " + refused.Message
	case errors.As(err, &answer):
		return fmt.Sprintf("something else answered, with status %d: check endpoint and proxy", answer.StatusCode)
	case errors.Is(err, context.DeadlineExceeded):
		return "allow more time, or call again later"
	}
	return "no answer: check the network and the credentials"
}

func main() {
	console.Parse("Makes calls fail in every way, in a sandbox, and prints what to do about each error. It has no flags.")
	provoke(context.Background(), os.Stdout)
}

func provoke(ctx context.Context, out io.Writer) {
	for _, trouble := range []struct {
		what, id string
		call     func(context.Context, *cams.Client, string) error
		answer   camstest.Answer
	}{
		{"no group ID", "", list, camstest.Answer{}},
		{"unknown group", "EA000", list, camstest.Answer{}},
		{"too many requests", "EA939", list, camstest.Answer{Status: 429, Header: map[string][]string{"X-Acs-Retry-After": {"2000"}}, Body: `{"Code":"Throttling"}`}},
		{"wrong key", "EA939", list, camstest.Refusal(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")},
		{"no permission", "EA939", list, camstest.Refusal(403, "NoPermission", "You are not authorized.")},
		{"not subscribed", "EA939", list, camstest.Refusal(400, "Product.Unsubscript", "The product is not subscribed.")},
		{"a proxy answers", "EA939", list, camstest.Answer{Status: 407, Body: "<h1>Log in to the proxy</h1>"}},
		{"no answer in time", "EA939", list, camstest.Answer{Delay: time.Hour}},
		{"cut off, a read", "EA939", list, camstest.Answer{Drop: true}},
		{"cut off, a creation", "Books", create, camstest.Answer{Drop: true, After: true}},
	} {
		service := camstest.NewServer()
		service.AnswerOnce(trouble.answer)
		client, _ := service.NewClient(cams.WithAttemptTimeout(100*time.Millisecond), cams.WithRetry(cams.NoRetry())) // a second attempt would mostly succeed
		fmt.Fprintf(out, "%-20s %s\n", trouble.what+":", advice(trouble.call(ctx, client, trouble.id)))
	}
}

func list(ctx context.Context, client *cams.Client, group string) error {
	_, err := client.ListChatGroupParticipants(ctx, &cams.ListChatGroupParticipantsRequest{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: group})
	return err
}

func create(ctx context.Context, client *cams.Client, subject string) error {
	_, err := client.AddChatGroup(ctx, &cams.AddChatGroupRequest{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", Subject: subject})
	return err
}
