package cams_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

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

// This lists one page of the groups with a subject.
func ExampleClient_ListChatGroup() {
	_, client := demo()
	resp, err := client.ListChatGroup(context.Background(), &cams.ListChatGroupRequest{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", Subject: "Book club",
		Page: &cams.Page{Index: 1, Size: 20},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, group := range resp.Data.List {
		fmt.Println(group.GroupID, group.GroupStatus, group.TotalParticipantCount)
	}
	// Output: EA939 ACTIVE 3
}

// The answer has no GroupID. ListChatGroup returns it when the group exists.
func ExampleClient_AddChatGroup() {
	server, client := demo()
	_, err := client.AddChatGroup(context.Background(), &cams.AddChatGroupRequest{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", Subject: "Film club",
	})
	if errors.Is(err, cams.ErrOutcomeUnknown) {
		return // the group may exist: check with ListChatGroup before you create another
	}
	fmt.Println(err, len(server.Groups()))
	// Output: <nil> 2
}

// The service creates a group after its answer. This waits until the group is active.
func ExampleWaitForChatGroup() {
	_, client := demo()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := client.AddChatGroup(ctx, &cams.AddChatGroupRequest{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", Subject: "Film club",
	})
	if err != nil && !errors.Is(err, cams.ErrOutcomeUnknown) {
		fmt.Println(err)
		return
	}
	group, err := cams.WaitForChatGroup(ctx, client, &cams.ListChatGroupRequest{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", Subject: "Film club",
	}, func(g cams.ChatGroup) bool {
		return g.Subject == "Film club" && g.GroupStatus == cams.GroupStatusActive
	})
	fmt.Println(group.Subject, group.GroupStatus, err)
	// Output: Film club ACTIVE <nil>
}

// Empty fields of the request change nothing.
func ExampleClient_UpdateChatGroup() {
	server, client := demo()
	_, err := client.UpdateChatGroup(context.Background(), &cams.UpdateChatGroupRequest{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939",
		Description: "A book a month",
	})
	fmt.Println(err)
	fmt.Printf("%s: %s\n", server.Groups()[0].Subject, server.Groups()[0].Description)
	// Output:
	// <nil>
	// Book club: A book a month
}

// A deleted group cannot be restored.
func ExampleClient_DeleteChatGroup() {
	server, client := demo()
	_, err := client.DeleteChatGroup(context.Background(), &cams.DeleteChatGroupRequest{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939",
	})
	fmt.Println(err, len(server.Groups()))
	// Output: <nil> 0
}

// A new link may end the old one, as it does here.
func ExampleClient_AddChatGroupInviteLink() {
	server, client := demo()
	resp, err := client.AddChatGroupInviteLink(context.Background(), &cams.AddChatGroupInviteLinkRequest{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("new:", server.Join(resp.InviteLink, "8613800000004"))
	fmt.Println("old works:", server.Join("https://chat.whatsapp.com/old", "8613800000005") == nil)
	// Output:
	// new: <nil>
	// old works: false
}

// Result is 1 if there was a link, else 0.
func ExampleClient_DeleteChatGroupInviteLink() {
	_, client := demo()
	for range 2 {
		resp, err := client.DeleteChatGroupInviteLink(context.Background(), &cams.DeleteChatGroupInviteLinkRequest{
			BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939",
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(resp.Result)
	}
	// Output:
	// 1
	// 0
}

// A removed member cannot join again with the link.
func ExampleClient_DeleteChatGroupParticipants() {
	server, client := demo()
	resp, err := client.DeleteChatGroupParticipants(context.Background(), &cams.DeleteChatGroupParticipantsRequest{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939",
		List: []cams.ChatGroupParticipant{{ParticipantNumber: "8613800000001"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.Result, "removed, left:", len(server.Groups()[0].Participants))
	// Output: 1 removed, left: 2
}

// This calls an operation that has no method. It returns the business numbers of an
// instance.
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
