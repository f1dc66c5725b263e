package camstest

import (
	"net/http"

	"github.com/cams-go/cams"
)

// NewClient returns a client that calls the server in memory, with [AccessKeyID] and [AccessKeySecret]. opts come last,
// so they can override both.
func (s *Server) NewClient(opts ...cams.Option) (*cams.Client, error) {
	return cams.NewClient(append([]cams.Option{
		cams.WithHTTPClient(&http.Client{Transport: s}),
		cams.WithCredentials(cams.StaticCredentials(AccessKeyID, AccessKeySecret, "")),
	}, opts...)...)
}
