package cams_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// This is a whole program. Its client calls a fake service in memory. Your program
// calls cams.NewClient(), which takes region and credentials from the environment.
func Example() {
	service := camstest.NewServer()
	service.AddGroup(camstest.Group{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939", Subject: "Book club",
		Participants: []string{"8613800000001", "8613800000002"},
	})
	client, err := service.NewClient()
	if err != nil {
		fmt.Println(err)
		return
	}

	if err := printAllMembers(context.Background(), client, "8613800000000", "cams-k001"); err != nil {
		fmt.Println(err)
	}

	// An invalid request is an error that names the field. Nothing is sent.
	err = printAllMembers(context.Background(), client, "", "cams-k001")
	fmt.Println(errors.As(err, new(*cams.ValidationError)), err)
	// Output:
	// Book club
	//   8613800000001
	//   8613800000002
	// true cams: BusinessNumber is empty
}

// printAllMembers prints the members of each group of a business number.
func printAllMembers(ctx context.Context, client *cams.Client, businessNumber, custSpaceID string) error {
	groups := cams.NewListChatGroupPager(client, &cams.ListChatGroupRequest{
		BusinessNumber: businessNumber, CustSpaceID: custSpaceID,
	})
	for group, err := range groups.All(ctx) {
		if err != nil {
			return err
		}
		fmt.Println(group.Subject)
		members := cams.NewListChatGroupParticipantsPager(client, &cams.ListChatGroupParticipantsRequest{
			BusinessNumber: businessNumber, CustSpaceID: custSpaceID, GroupID: group.GroupID,
		})
		for member, err := range members.All(ctx) {
			if err != nil {
				return err
			}
			fmt.Println(" ", member.ParticipantNumber)
		}
	}
	return nil
}

// demo returns a fake service with one group of three members and a link, and its client,
// so that the examples run anywhere. Your program calls cams.NewClient instead.
func demo(opts ...cams.Option) (*camstest.Server, *cams.Client) {
	server := camstest.NewServer()
	server.AddGroup(camstest.Group{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939",
		Subject: "Book club", InviteLink: "https://chat.whatsapp.com/old",
		Participants: []string{"8613800000001", "8613800000002", "8613800000003"},
	})
	client, err := server.NewClient(opts...)
	if err != nil {
		panic(err)
	}
	return server, client
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

// With returns a client without retries for some calls. It shares all else.
func ExampleClient_With() {
	_, client := demo()
	impatient, err := client.With(cams.WithRetry(cams.NoRetry()))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = impatient.ListChatGroup(context.Background(), &cams.ListChatGroupRequest{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", Page: &cams.Page{Index: 1, Size: 20},
	})
	fmt.Println(err)
	// Output: <nil>
}
