// Command official makes the call with the official core.
package main

import (
	"fmt"
	"os"

	"github.com/aliyun/credentials-go/credentials"
	"github.com/cams-go/cams/internal/interop/official"
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
	client, err := official.NewClient(official.Config{
		Protocol:   "HTTPS",
		Endpoint:   "cams.ap-southeast-1.aliyuncs.com",
		Credential: chain,
	})
	if err != nil {
		return err
	}
	resp, err := client.ListChatGroupParticipants(&official.Request{
		BusinessNumber: &os.Args[1],
		GroupId:        &os.Args[2],
		CustSpaceId:    &os.Args[3],
	})
	if err != nil {
		return err
	}
	for _, member := range resp.Body.Data.List {
		fmt.Println(*member.ParticipantNumber)
	}
	return nil
}
