package cams_test

import (
	"context"
	"fmt"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// This lists the members of all groups of a business number.
func ExampleRosters() {
	server, client := demo()
	server.AddGroup(camstest.Group{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA940", Subject: "Friends",
		Participants: []string{"8613800000004"},
	})
	if err := printRosters(context.Background(), client, "8613800000000", "cams-k001"); err != nil {
		fmt.Println(err)
	}
	// Output:
	//  3 <nil>
	// Friends 1 <nil>
}

func printRosters(ctx context.Context, client *cams.Client, businessNumber, custSpaceID string) error {
	groups := cams.NewListChatGroupPager(client, &cams.ListChatGroupRequest{
		BusinessNumber: businessNumber, CustSpaceID: custSpaceID,
	})
	req := &cams.ListChatGroupParticipantsRequest{BusinessNumber: businessNumber, CustSpaceID: custSpaceID}
	for roster, err := range cams.Rosters(ctx, client, req, groups.All(ctx), 16) {
		if err != nil {
			return err
		}
		fmt.Println(roster.Group.Subject, len(roster.Participants), roster.Err)
	}
	return nil
}
