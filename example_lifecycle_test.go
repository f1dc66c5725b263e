package cams_test

import (
	"context"
	"fmt"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// Inviter is a service of yours: it makes a group and invites to it.
type Inviter struct {
	Client         *cams.Client
	Number, CustID string
}

// Open creates a group and returns its ID and the link to join with.
func (i *Inviter) Open(ctx context.Context, subject string) (id, link string, err error) {
	if _, err = i.Client.AddChatGroup(ctx, &cams.AddChatGroupRequest{BusinessNumber: i.Number, CustSpaceID: i.CustID, Subject: subject}); err != nil {
		return "", "", err
	}
	groups := cams.NewListChatGroupPager(i.Client, &cams.ListChatGroupRequest{BusinessNumber: i.Number, CustSpaceID: i.CustID, Subject: subject})
	for group, err := range groups.All(ctx) { // a real service looks until it is active
		if err != nil {
			return "", "", err
		}
		resp, err := i.Client.AddChatGroupInviteLink(ctx, &cams.AddChatGroupInviteLinkRequest{BusinessNumber: i.Number, CustSpaceID: i.CustID, GroupID: group.GroupID})
		if err != nil {
			return "", "", err
		}
		return group.GroupID, resp.InviteLink, nil
	}
	return "", "", fmt.Errorf("no group %q", subject)
}

// A test of a service that makes a group, invites, and waits for members.
func Example_testAGroupsLife() {
	ctx := context.Background()
	server := camstest.NewServer()
	client, err := server.NewClient()
	if err != nil {
		fmt.Println(err)
		return
	}
	inviter := &Inviter{Client: client, Number: "8613800000000", CustID: "cams-k001"}

	id, link, err := inviter.Open(ctx, "Book club")
	fmt.Println("opened:", err)
	fmt.Println("joined:", server.Join(link, "8613800000001"), server.Join(link, "8613800000002"))

	pager := cams.NewListChatGroupParticipantsPager(client, &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: inviter.Number, CustSpaceID: inviter.CustID, GroupID: id,
	})
	members, err := cams.Collect(pager.All(ctx))
	fmt.Println("members:", len(members), err)
	fmt.Println("status:", server.Groups()[0].Subject, server.Groups()[0].GroupStatus)
	// Output:
	// opened: <nil>
	// joined: <nil> <nil>
	// members: 2 <nil>
	// status: Book club ACTIVE
}

// The business numbers of an account, by an operation that has no method.
func ExampleClient_Call() {
	server, client := demo()
	server.Handle("QueryChatappPhoneNumbers", func(camstest.Request) camstest.Answer {
		return camstest.Answer{Body: `{"Code":"OK","Success":true,"PhoneNumbers":[{"PhoneNumber":"8613800000000","Status":"CONNECTED"}]}`}
	})

	var numbers struct {
		cams.ResponseMetadata
		PhoneNumbers []struct{ PhoneNumber, Status string }
	}
	err := client.Call(context.Background(), cams.Operation{Name: "QueryChatappPhoneNumbers", Repeatable: true},
		map[string]any{"CustSpaceId": "cams-k001"}, &numbers)
	fmt.Println(numbers.PhoneNumbers[0].Status, err)
	// Output: CONNECTED <nil>
}

// A client with a timeout of its own for some calls; all else is shared.
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
