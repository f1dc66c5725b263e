// Quickstart is the shortest useful program: it prints the members of a group.
// It calls the real service, with the region and the credentials that the
// environment gives (ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET):
//
//	go run ./examples/quickstart <business number> <group ID> <customer space ID>
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/cams-go/cams"
)

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: quickstart <business number> <group ID> <customer space ID>\n" +
			"without an account: go run ./examples/list-participants")
	}
	if err := printMembers(context.Background(), os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatal(err)
	}
}

func printMembers(ctx context.Context, businessNumber, groupID, custSpaceID string) error {
	client, err := cams.NewClient()
	if err != nil {
		return err
	}
	pager := cams.NewListChatGroupParticipantsPager(client, &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: businessNumber, GroupID: groupID, CustSpaceID: custSpaceID,
	})
	for participant, err := range pager.All(ctx) {
		if err != nil {
			return err
		}
		fmt.Println(participant.ParticipantNumber)
	}
	return nil
}
