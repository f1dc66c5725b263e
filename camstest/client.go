package camstest

import (
	"net/http"

	"github.com/cams-go/cams"
)

// NewClient returns a client that talks to the server in memory, with the
// server's first key. Options override that.
func (s *Server) NewClient(opts ...cams.Option) (*cams.Client, error) {
	return cams.NewClient(append([]cams.Option{
		cams.WithHTTPClient(&http.Client{Transport: s}),
		cams.WithCredentials(cams.StaticCredentials(AccessKeyID, AccessKeySecret, "")),
	}, opts...)...)
}
