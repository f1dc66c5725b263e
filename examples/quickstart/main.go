// Quickstart is the shortest useful program: it prints the members of a group.
// It calls the real service, with the region and the credentials of the environment
// (ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET):
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
		log.Fatal("usage: quickstart <business number> <group ID> <customer space ID>")
	}
	client, err := cams.NewClient() // region and credentials come from the environment
	if err != nil {
		log.Fatal(err)
	}
	members := cams.NewListChatGroupParticipantsPager(client, &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: os.Args[1], GroupID: os.Args[2], CustSpaceID: os.Args[3],
	})
	for member, err := range members.All(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(member.ParticipantNumber)
	}
}
