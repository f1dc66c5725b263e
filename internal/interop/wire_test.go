package interop

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cams-go/cams"
	"github.com/stretchr/testify/require"
)

// host is the host of requests that never leave the process.
const host = "cams.ap-southeast-1.aliyuncs.com"

// answer is one HTTP answer, and an http.RoundTripper that gives it to every request.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a *answer) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{
		Status:        http.StatusText(a.status),
		StatusCode:    a.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        a.header,
		Body:          io.NopCloser(bytes.NewReader(a.body)),
		ContentLength: int64(len(a.body)),
		Request:       req,
	}, nil
}

// capture answers every request with an empty group and keeps the last one.
type capture struct{ last *http.Request }

var emptyGroup = &answer{
	status: http.StatusOK,
	header: http.Header{"Content-Type": {"application/json;charset=utf-8"}},
	body:   []byte(`{"RequestId":"90E63D28-E31D-1EB2-8939-A94866411B2O","Code":"OK","Success":true,"Data":{"Total":0,"List":[]}}`),
}

func (c *capture) RoundTrip(req *http.Request) (*http.Response, error) {
	c.last = req.Clone(context.Background())
	return emptyGroup.RoundTrip(req)
}

// wire is the part of a request that matters to the service: the signed fields and the signature.
type wire struct {
	Method, Host, Path string
	Params             url.Values
	Signed             map[string]string // content-type and x-acs-*, by lower-case name
	Authorization      string
}

func wireOf(t *testing.T, req *http.Request) wire {
	t.Helper()
	require.NotNil(t, req, "no request was sent")
	params, err := url.ParseQuery(req.URL.RawQuery)
	require.NoError(t, err)
	w := wire{Method: req.Method, Host: req.Host, Path: req.URL.Path, Params: params, Signed: map[string]string{}}
	for name, values := range req.Header {
		switch name = strings.ToLower(name); {
		case name == "authorization":
			w.Authorization = strings.Join(values, ",")
		case name == "content-type", strings.HasPrefix(name, "x-acs-"):
			w.Signed[name] = strings.Join(values, ",")
		}
	}
	return w
}

// fixed is a signer that uses a given time and nonce instead of the client's.
type fixed struct {
	signer cams.Signer
	time   time.Time
	nonce  string
}

func (f fixed) Sign(req *http.Request, in cams.SigningInput) error {
	in.Time, in.Nonce = f.time, f.nonce
	return f.signer.Sign(req, in)
}

// provider is a provider that returns given credentials.
type provider cams.Credentials

func (p provider) Credentials(context.Context) (cams.Credentials, error) {
	return cams.Credentials(p), nil
}
