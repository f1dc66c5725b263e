// Command bridge makes the call with cams and a credential of credentials-go.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aliyun/credentials-go/credentials"
	"github.com/cams-go/cams"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	chain, err := credentials.NewCredential(nil)
	if err != nil {
		return err
	}
	client, err := cams.NewClient(cams.WithCredentials(cams.CredentialsFrom(chain)))
	if err != nil {
		return err
	}
	resp, err := client.ListChatGroupParticipants(context.Background(), &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: os.Args[1],
		GroupID:        os.Args[2],
		CustSpaceID:    os.Args[3],
	})
	if err != nil {
		return err
	}
	for _, member := range resp.Data.List {
		fmt.Println(member.ParticipantNumber)
	}
	return nil
}
