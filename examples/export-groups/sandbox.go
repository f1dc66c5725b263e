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

// sandbox is a fake of the service on a loopback port. It checks signatures as
// the service does.
type sandbox struct {
	endpoint string
	server   *http.Server
}

func demoGroupIDs() []string {
	ids := make([]string, 20)
	for i := range ids {
		ids[i] = fmt.Sprintf("demo-group-%02d", i+1)
	}
	return ids
}

// demoMembers are the members of the i-th group: 0 to 57 of them.
func demoMembers(i int) []string {
	members := make([]string, i*19%58)
	for j := range members {
		members[j] = fmt.Sprintf("86138%05d%03d", i+1, j+1)
	}
	return members
}

// startSandbox starts a fake with these groups; it fills in the identifiers that
// cfg does not name.
func startSandbox(cfg *config, groups []string) (*sandbox, error) {
	cfg.request.BusinessNumber = cmp.Or(cfg.request.BusinessNumber, "8613800000000")
	cfg.request.CustSpaceID = cmp.Or(cfg.request.CustSpaceID, "cams-demo")
	fake := camstest.NewServer()
	for i, id := range groups {
		fake.AddGroup(camstest.Group{
			BusinessNumber: cfg.request.BusinessNumber,
			CustSpaceID:    cfg.request.CustSpaceID,
			GroupID:        id,
			Participants:   demoMembers(i),
		})
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: fake, ReadHeaderTimeout: time.Minute}
	go server.Serve(listener) // until stop
	return &sandbox{"http://" + listener.Addr().String(), server}, nil
}

// options point a client at the sandbox. The real client, signature and HTTP
// stay; only the endpoint and the key are the fake's.
func (s *sandbox) options() []cams.Option {
	return []cams.Option{
		cams.WithEndpoint(s.endpoint),
		cams.WithCredentials(cams.StaticCredentials(camstest.AccessKeyID, camstest.AccessKeySecret, "")),
	}
}

func (s *sandbox) stop() { s.server.Close() }
