package main

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// The account of the sandbox.
const (
	sandboxNumber = "8613800000000"
	sandboxSpace  = "cams-sandbox"
)

// startSandbox starts a fake service on a loopback port.
func startSandbox(groups, quota int) (options []cams.Option, stop func(), err error) {
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
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	server := &http.Server{Handler: service}
	go server.Serve(listener)
	return []cams.Option{
		cams.WithEndpoint("http://" + listener.Addr().String()),
		cams.WithCredentials(cams.StaticCredentials(camstest.AccessKeyID, camstest.AccessKeySecret, "")),
	}, func() { server.Close() }, nil
}
