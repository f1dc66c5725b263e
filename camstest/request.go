package camstest

import (
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"
)

// maxBody bounds what is read of a request: the operation needs no body at all.
const maxBody = 1 << 20

// Request is a request that arrived.
//
// Query and Header are as they arrived, credentials and phone numbers included. The print forms of a Request (fmt, JSON,
// slog) therefore leave both out.
type Request struct {
	Method, Host, Action, Version string

	Query  url.Values
	Header http.Header // Host is not in it, as in [http.Request]
	Time   time.Time   // when it arrived, by the server's clock

	// Status and Code are what it was answered with; Code is "OK" on success, and "" for an answer without a code.
	// Status is 0 as long as there is no answer: it is being delayed, it was dropped, or the caller gave up.
	Status int
	Code   string
}

// Requests returns copies of the requests that arrived since the start or the last [Server.Reset], in order of arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	copies := make([]Request, len(s.requests))
	for i, r := range s.requests {
		copies[i] = *r
		copies[i].Header = r.Header.Clone()
		copies[i].Query = url.Values(http.Header(r.Query).Clone()) // the same type underneath
	}
	return copies
}

// String returns one line without credentials, parameters or phone numbers.
func (r Request) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s: %d %s", r.Method, r.Action, r.Version, r.Status, r.Code))
}

// GoString is [Request.String].
func (r Request) GoString() string { return r.String() }

// MarshalText is [Request.String], for JSON and slog.
func (r Request) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// call is a request as a server sees it, whichever face it came to.
type call struct {
	method, host, path string
	query              url.Values
	header             http.Header
	body               []byte
	malformed          string // why the request cannot be read as one; "" when it can
}

func readCall(method, host string, u *url.URL, header http.Header, body io.Reader) (*call, error) {
	c := &call{method: method, host: host, path: u.EscapedPath(), header: make(http.Header, len(header))}
	if c.path == "" {
		c.path = "/"
	}
	for name, values := range header { // what came in memory gets the form that a server sees
		for _, v := range values {
			c.header.Add(name, textproto.TrimString(v))
		}
	}
	c.header.Del("Host") // a client ignores it too, and sends its Host field
	var err error
	if c.query, err = url.ParseQuery(u.RawQuery); err != nil {
		c.malformed = "The query string cannot be decoded."
	}
	if c.body, err = io.ReadAll(io.LimitReader(body, maxBody+1)); err != nil {
		return nil, err
	}
	if len(c.body) > maxBody {
		c.malformed = "The request body is too long."
	}
	return c, nil
}

// action and version come in the headers of an ACS3 request, and in the query of an RPC request.
func (c *call) action() string  { return c.headerOrQuery("X-Acs-Action", "Action") }
func (c *call) version() string { return c.headerOrQuery("X-Acs-Version", "Version") }

func (c *call) headerOrQuery(header, parameter string) string {
	if c.isRPC() {
		return c.query.Get(parameter)
	}
	return c.header.Get(header)
}

// isRPC goes by the query: clients of the RPC signature may send the headers too.
func (c *call) isRPC() bool { return c.query.Has("Action") }
