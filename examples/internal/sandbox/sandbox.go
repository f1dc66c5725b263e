// Package sandbox serves a fake of the service on a loopback port, for the examples.
package sandbox

import (
	"net"
	"net/http"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// Sandbox is a running fake. It checks signatures as the service does.
type Sandbox struct {
	Endpoint string
	server   *http.Server
}

// Start serves a fake until Stop.
func Start(service *camstest.Server) (*Sandbox, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: service, ReadHeaderTimeout: time.Minute}
	go server.Serve(listener) // until Stop
	return &Sandbox{"http://" + listener.Addr().String(), server}, nil
}

// Options makes a client call the fake. The client, its signature and HTTP are real.
// Only the endpoint and the key belong to the fake.
func (s *Sandbox) Options() []cams.Option {
	return []cams.Option{
		cams.WithEndpoint(s.Endpoint),
		cams.WithCredentials(cams.StaticCredentials(camstest.AccessKeyID, camstest.AccessKeySecret, "")),
	}
}

// Stop closes the port and all connections.
func (s *Sandbox) Stop() { s.server.Close() }
