package main

import (
	"cmp"
	"fmt"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
	"github.com/cams-go/cams/examples/internal/sandbox"
)

// The demo group is as large as a WhatsApp group can be. Small pages show the paging.
const (
	demoMembers  = 8
	demoPageSize = 3
)

// startSandbox starts a fake with the one group that request asks for. It fills in
// the identifiers that request does not have.
func startSandbox(request *cams.ListChatGroupParticipantsRequest) (*sandbox.Sandbox, error) {
	request.BusinessNumber = cmp.Or(request.BusinessNumber, "8613800000000")
	request.GroupID = cmp.Or(request.GroupID, "demo-group")
	request.CustSpaceID = cmp.Or(request.CustSpaceID, "cams-demo")
	group := camstest.Group{
		BusinessNumber: request.BusinessNumber,
		GroupID:        request.GroupID,
		CustSpaceID:    request.CustSpaceID,
	}
	for i := range demoMembers {
		group.Participants = append(group.Participants, fmt.Sprintf("86138%08d", i+1))
	}
	fake := camstest.NewServer()
	fake.AddGroup(group)
	return sandbox.Start(fake)
}
