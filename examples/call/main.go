// Call calls an operation by its name, because package cams has no method for it.
// The function phoneNumbers shows how. The program needs no account, because it
// calls a fake service:
//
//	go run ./examples/call
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
	"github.com/cams-go/cams/examples/internal/console"
)

func main() {
	console.Parse("Calls an operation that package cams has no method for, in a sandbox. It has no flags.")
	if err := run(context.Background(), os.Stdout, sandbox()); err != nil {
		log.Fatal(err)
	}
}

// phoneNumber has only the fields that you need. Their names are those of the API.
type phoneNumber struct {
	PhoneNumber, VerifiedName, Status, QualityRating string
}

// phoneNumbers returns the business numbers of an instance. Each group belongs to one.
func phoneNumbers(ctx context.Context, client *cams.Client, custSpaceID string) ([]phoneNumber, error) {
	operation := cams.Operation{
		Name:       "QueryChatappPhoneNumbers",
		Repeatable: true, // a read; leave it false if a second request could do the work twice
	}
	params := map[string]any{"CustSpaceId": custSpaceID}
	var answer struct {
		cams.ResponseMetadata // request ID and code
		PhoneNumbers          []phoneNumber
	}
	err := client.Call(ctx, operation, params, &answer)
	return answer.PhoneNumbers, err
}

func run(ctx context.Context, out io.Writer, service *camstest.Server) error {
	client, err := service.NewClient() // cams.NewClient() in a program of yours
	if err != nil {
		return err
	}
	numbers, err := phoneNumbers(ctx, client, "cams-k001")
	if err != nil {
		return err
	}
	for _, number := range numbers {
		fmt.Fprintf(out, "%s  %-10s %-10s %s\n", number.PhoneNumber, number.Status, number.QualityRating, number.VerifiedName)
	}
	return nil
}

// sandbox is a fake that knows the operation.
func sandbox() *camstest.Server {
	service := camstest.NewServer()
	service.Handle("QueryChatappPhoneNumbers", func(request camstest.Request) camstest.Answer {
		if request.Parameter("CustSpaceId") != "cams-k001" {
			return camstest.Refusal(400, "InvalidParameter", "The CustSpaceId is unknown.")
		}
		return camstest.Answer{Body: `{"Code":"OK","Message":"SUCCESS","RequestId":"${RequestId}","PhoneNumbers":[
			{"PhoneNumber":"8613800000000","VerifiedName":"Books","Status":"CONNECTED","QualityRating":"GREEN"},
			{"PhoneNumber":"8613800000001","VerifiedName":"Films","Status":"PENDING","QualityRating":"UNKNOWN"}]}`}
	})
	return service
}
