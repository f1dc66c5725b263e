package main

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

const demoMembers = 57

// sandbox is a fake of the service on a loopback port. It checks signatures as
// the service does.
type sandbox struct {
	endpoint string
	server   *http.Server
}

// startSandbox starts a fake with the one group that request asks for. It fills in
// the identifiers that request does not have.
func startSandbox(request *cams.ListChatGroupParticipantsRequest) (*sandbox, error) {
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

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: fake, ReadHeaderTimeout: time.Minute}
	go server.Serve(listener) // until stop
	return &sandbox{"http://" + listener.Addr().String(), server}, nil
}

// options makes a client call the sandbox. The client, its signature and HTTP are
// real. Only the endpoint and the key belong to the fake.
func (s *sandbox) options() []cams.Option {
	return []cams.Option{
		cams.WithEndpoint(s.endpoint),
		cams.WithCredentials(cams.StaticCredentials(camstest.AccessKeyID, camstest.AccessKeySecret, "")),
	}
}

func (s *sandbox) stop() { s.server.Close() }
