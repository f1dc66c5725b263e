package main

import (
	"fmt"
	"time"

	"github.com/cams-go/cams/camstest"
	"github.com/cams-go/cams/examples/internal/sandbox"
)

// The account of the sandbox.
const sandboxNumber, sandboxSpace = "8613800000000", "cams-sandbox"

// startSandbox starts a fake service on a loopback port.
func startSandbox(groups, quota int) (*sandbox.Sandbox, error) {
	service := camstest.NewServer()
	service.SetLatency(40 * time.Millisecond)
	if quota > 0 {
		service.SetTokenBucket(float64(quota), quota)
	}
	for i := range groups {
		service.AddGroup(camstest.Group{
			BusinessNumber: sandboxNumber, CustSpaceID: sandboxSpace, GroupID: fmt.Sprintf("G%05d", i), Subject: fmt.Sprint("Group ", i),
			Participants: []string{fmt.Sprintf("861390000%04d", i), fmt.Sprintf("861380000%04d", i)},
		})
	}
	return sandbox.Start(service)
}
