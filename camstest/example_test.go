package camstest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// countMembers stands for code of yours: it takes the operation as an interface.
func countMembers(ctx context.Context, api cams.ListChatGroupParticipantsAPI, groupID string) (int, error) {
	members, err := cams.Collect(cams.NewListChatGroupParticipantsPager(api, &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: groupID,
	}).All(ctx))
	return len(members), err
}

// A test of yours: a real client, a group, no network.
func Example() {
	server := camstest.NewServer()
	server.AddGroup(camstest.Group{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939",
		Participants: []string{"8613800000001", "8613800000002", "8613800000003"},
	})
	client, err := server.NewClient(cams.WithRetry(cams.NoRetry()))
	if err != nil {
		panic(err)
	}

	fmt.Println(countMembers(context.Background(), client, "EA939"))

	server.AnswerOnce(camstest.Refusal(429, "Throttling.User", "Request was denied due to user flow control."))
	_, err = countMembers(context.Background(), client, "EA939")
	fmt.Println(cams.IsCode(err, "Throttling.User"))
	// Output:
	// 3 <nil>
	// true
}

// People join a group by its link.
func ExampleServer_Join() {
	server := camstest.NewServer()
	server.AddGroup(camstest.Group{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939",
		InviteLink: "https://chat.whatsapp.com/abc",
	})
	for i := range 9 {
		err := server.Join("https://chat.whatsapp.com/abc", fmt.Sprintf("861380000000%d", i))
		if err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(len(server.Groups()[0].Participants), "members")
	// Output:
	// camstest: the group is full: it has 8 members
	// 8 members
}

// One group of two fails, whichever comes first.
func ExampleServer_AnswerFunc() {
	server := camstest.NewServer()
	for _, id := range []string{"EA939", "EA940"} {
		server.AddGroup(camstest.Group{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: id})
	}
	server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
		return camstest.Refusal(403, "NoPermission", "You are not authorized."), r.Parameter("GroupId") == "EA940"
	})
	client, err := server.NewClient(cams.WithRetry(cams.NoRetry()))
	if err != nil {
		panic(err)
	}
	for _, id := range []string{"EA939", "EA940"} {
		_, err := countMembers(context.Background(), client, id)
		fmt.Println(id, errors.Is(err, cams.ErrAccessDenied))
	}
	// Output:
	// EA939 false
	// EA940 true
}
