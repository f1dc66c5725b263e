package cams_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/jarcoal/httpmock"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// demo returns a fake service with one group of three members, and its client, so that
// the examples run anywhere. Your program calls cams.NewClient instead.
func demo(opts ...cams.Option) (*camstest.Server, *cams.Client) {
	server := camstest.NewServer()
	server.AddGroup(camstest.Group{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939",
		Participants: []string{"8613800000001", "8613800000002", "8613800000003"},
	})
	client, err := server.NewClient(opts...)
	if err != nil {
		panic(err)
	}
	return server, client
}

// This tests your code with camstest: the real client and a fake service that checks
// signatures, without a network. example_testing_test.go has the whole test.
func Example_testWithCamstest() {
	server := camstest.NewServer()
	server.AddGroup(camstest.Group{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939",
		Participants: []string{"8613800000001", "8613800000002"},
	})
	client, err := server.NewClient(cams.WithRetry(cams.NoRetry()))
	if err != nil {
		panic(err)
	}
	roster := &Roster{API: client}
	fmt.Println(roster.Members(context.Background(), "EA939"))

	server.AnswerOnce(camstest.Refusal(429, "Throttling.User", "Request was denied due to user flow control."))
	_, err = roster.Members(context.Background(), "EA939")
	fmt.Println(errors.Is(err, cams.ErrThrottled))
	// Output:
	// [8613800000001 8613800000002] <nil>
	// true
}

// This tests your code with httpmock. You write the answers yourself.
func Example_testWithHTTPMock() {
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("POST", "https://cams.ap-southeast-1.aliyuncs.com/", httpmock.NewStringResponder(200,
		`{"Code":"OK","Success":true,"Data":{"Total":1,"List":[{"ParticipantNumber":"8613800000001"}]}}`))
	client, err := cams.NewClient(
		cams.WithRegion("ap-southeast-1"),
		cams.WithHTTPClient(&http.Client{Transport: mock}),
		cams.WithCredentials(cams.StaticCredentials("id", "secret", "")),
	)
	if err != nil {
		panic(err)
	}
	fmt.Println((&Roster{API: client}).Members(context.Background(), "EA939"))
	// Output: [8613800000001] <nil>
}

// This lists one page of the members of a group.
func ExampleClient_ListChatGroupParticipants() {
	_, client := demo()
	resp, err := client.ListChatGroupParticipants(context.Background(), &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: "8613800000000",
		GroupID:        "EA939",
		CustSpaceID:    "cams-k001",
		Page:           &cams.Page{Size: 2, Index: 1},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(resp.Data.List), "of", resp.Data.Total)
	// Output: 2 of 3
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
	case errors.Is(err, cams.ErrThrottled):
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

// vault stands for the place where you keep your secrets.
type vault struct {
	read func(ctx context.Context, name string) (string, error)
}

// Credentials implements cams.CredentialsProvider. The client calls it before each
// attempt, from only one goroutine at a time.
func (v vault) Credentials(ctx context.Context) (cams.Credentials, error) {
	id, err := v.read(ctx, "access-key-id")
	if err != nil {
		return cams.Credentials{}, err
	}
	secret, err := v.read(ctx, "access-key-secret")
	return cams.Credentials{AccessKeyID: id, AccessKeySecret: secret}, err
}

// A provider returns your credentials. Printed, they show no secret.
func ExampleCredentialsProvider() {
	secrets := map[string]string{"access-key-id": camstest.AccessKeyID, "access-key-secret": camstest.AccessKeySecret}
	provider := vault{func(_ context.Context, name string) (string, error) { return secrets[name], nil }}
	_, client := demo(cams.WithCredentials(provider))
	_, err := client.ListChatGroupParticipants(context.Background(), &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: "8613800000000", GroupID: "EA939", CustSpaceID: "cams-k001",
	})
	creds, _ := provider.Credentials(context.Background())
	fmt.Println(err, creds)
	// Output: <nil> Credentials{AccessKeyID:cams*** AccessKeySecret:***}
}

// instrumented counts requests. Others trace them, for instance otelhttp.NewTransport.
type instrumented struct {
	base  http.RoundTripper
	count int
}

func (t *instrumented) RoundTrip(req *http.Request) (*http.Response, error) {
	t.count++
	return t.base.RoundTrip(req)
}

// If you pass an HTTP client, its transport sees each attempt.
func ExampleWithHTTPClient() {
	server, _ := demo()
	provider := cams.StaticCredentials(camstest.AccessKeyID, camstest.AccessKeySecret, "")
	transport := &instrumented{base: server} // in your program: cams.NewTransport()
	httpClient := &http.Client{Transport: transport}
	client, err := cams.NewClient(cams.WithHTTPClient(httpClient), cams.WithCredentials(provider))
	if err != nil {
		fmt.Println(err)
		return
	}
	server.AnswerOnce(camstest.Refusal(400, "InvalidTimeStamp.Expired", "The clock is wrong.")) // repeated at once
	_, err = client.ListChatGroupParticipants(context.Background(), &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: "8613800000000", GroupID: "EA939", CustSpaceID: "cams-k001",
	})
	fmt.Println(err, transport.count)
	// Output: <nil> 2
}

// The log has each attempt, without secrets and phone numbers.
func ExampleWithLogger() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "duration" {
				return slog.Attr{} // differs with each run
			}
			return a
		},
	}))
	server, client := demo(cams.WithLogger(logger))
	server.AnswerOnce(camstest.Answer{Body: `{"Code":"OK","Success":true,"RequestId":"90E63D28-E31D-1EB2-8939-A94866411B2O"}`})
	client.ListChatGroupParticipants(context.Background(), &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: "8613800000000", GroupID: "EA939", CustSpaceID: "cams-k001",
	})
	// Output:
	// level=DEBUG msg="cams attempt" operation=ListChatGroupParticipants attempt=1 status=200 request_id=90E63D28-E31D-1EB2-8939-A94866411B2O
}
