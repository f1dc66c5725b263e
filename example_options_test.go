package cams_test

import (
	"context"
	"fmt"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// list lists the first members of a group.
func list(ctx context.Context, client *cams.Client, groupID string) error {
	_, err := client.ListChatGroupParticipants(ctx, &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: groupID,
	})
	return err
}

// CallInfo has the details of one call: for a support ticket, a log, or fields of the
// answer that this package does not know.
func ExampleWithCallInfo() {
	server, client := demo()
	server.AnswerOnce(camstest.Answer{Body: `{"Code":"OK","Success":true,"Data":{"Total":0,"List":[]},"Novelty":7}`})
	var info cams.CallInfo
	if err := list(cams.WithCallInfo(context.Background(), &info), client, "EA939"); err != nil {
		fmt.Println(err)
	}
	fmt.Println(info.StatusCode, info.Attempts, info.Header.Get("Content-Type"))
	fmt.Printf("%s\n", info.Body)
	// Output:
	// 200 1 application/json;charset=utf-8
	// {"Code":"OK","Success":true,"Data":{"Total":0,"List":[]},"Novelty":7}
}

// A nightly job can wait longer. A field that is zero has its default.
func ExampleWithRetry() {
	client, err := cams.NewClient(cams.WithRegion("ap-southeast-1"),
		cams.WithRetry(cams.RetryPolicy{MaxAttempts: 10, MaxDelay: 2 * time.Minute}))
	fmt.Println(client, err)
	// Output: cams.Client(cams.ap-southeast-1.aliyuncs.com) <nil>
}
