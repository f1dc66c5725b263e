package main

import (
	"fmt"
	"time"

	"github.com/cams-go/cams/camstest"
	"github.com/cams-go/cams/examples/internal/sandbox"
)

// The account of the sandbox.
const sandboxNumber, sandboxSpace = "8613800000000", "cams-sandbox"

type sandboxSettings struct {
	groups int
	quota  int // requests a second; 0 means no quota
	outage time.Duration
}

// startSandbox starts a fake service on a loopback port.
func startSandbox(s sandboxSettings) (*sandbox.Sandbox, error) {
	service := camstest.NewServer()
	service.SetLatency(40 * time.Millisecond)
	if s.quota > 0 {
		service.SetTokenBucket(float64(s.quota), s.quota)
	}
	begins := time.Now().Add(time.Second)
	service.AnswerFunc(func(camstest.Request) (camstest.Answer, bool) {
		since := time.Since(begins)
		return camstest.Refusal(503, "ServiceUnavailable", "The sandbox is down."), since >= 0 && since < s.outage
	})
	for i := range s.groups {
		service.AddGroup(camstest.Group{
			BusinessNumber: sandboxNumber, CustSpaceID: sandboxSpace, GroupID: fmt.Sprintf("G%05d", i), Subject: fmt.Sprint("Group ", i),
			Participants: []string{fmt.Sprintf("861390000%04d", i), fmt.Sprintf("861380000%04d", i)},
		})
	}
	return sandbox.Start(service)
}
