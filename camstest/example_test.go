package camstest_test

import (
	"context"
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
