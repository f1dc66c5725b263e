package cams_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

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
