package camstest

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"
)

// maxBody limits the size of a request's body in bytes. Most requests have no body.
const maxBody = 1 << 20

// Request is a request that arrived.
//
// Query and Header are as they arrived, including credentials and phone numbers. So printing a Request with fmt, JSON or
// slog leaves them out.
type Request struct {
	Method, Host, Action, Version string

	Query  url.Values
	Header http.Header // without Host, as in [http.Request]
	Time   time.Time   // when it arrived, by the server's clock

	// Status and Code are those of the answer. Code is "OK" on success, and "" for an answer without a code. Status is 0
	// if there is no answer: it is still delayed, it was dropped, or the caller's context ended.
	Status int
	Code   string

	parameters url.Values
}

// Parameter returns a parameter from the query or from a form in the body, or "" if there is none.
func (r Request) Parameter(name string) string { return r.parameters.Get(name) }

// Requests returns copies of the requests since the start or the last [Server.Reset], in order of arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	copies := make([]Request, len(s.requests))
	for i, r := range s.requests {
		copies[i] = r.copy()
	}
	return copies
}

func (r *Request) copy() Request {
	c := *r
	c.Header = r.Header.Clone()
	c.Query = cloneValues(r.Query)
	return c
}

// cloneValues returns a deep copy of v. A header has the same underlying type.
func cloneValues(v url.Values) url.Values { return url.Values(http.Header(v).Clone()) }

// String returns one line without credentials, parameters or phone numbers.
func (r Request) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s: %d %s", r.Method, r.Action, r.Version, r.Status, r.Code))
}

// GoString returns what [Request.String] returns.
func (r Request) GoString() string { return r.String() }

// MarshalText returns what [Request.String] returns, for JSON and slog.
func (r Request) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// call is a request as a server receives it, over HTTP or in memory.
type call struct {
	method, host, path string
	query              url.Values // the part that ACS3 signs
	parameters         url.Values // from the query and from a form in the body
	header             http.Header
	body               []byte
	malformed          string // why the request is malformed; "" if it is not
}

func readCall(method, host string, u *url.URL, header http.Header, body io.Reader) (*call, error) {
	c := &call{method: method, host: host, path: u.EscapedPath(), header: readHeader(header)}
	if c.path == "" {
		c.path = "/"
	}
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
	c.parameters = c.query
	if c.hasForm() {
		c.addForm()
	}
	return c, nil
}

// readHeader returns the header as a server would receive it over HTTP.
func readHeader(header http.Header) http.Header {
	read := make(http.Header, len(header))
	for name, values := range header {
		if !isToken(name) {
			name = strings.ToLower(name) // it may be signed with this name
		}
		for _, v := range values {
			read.Add(name, textproto.TrimString(v))
		}
	}
	read.Del("Host") // an http.Client ignores it too, and sends the field Host of the request
	return read
}

// isToken reports whether name is a valid header name. Over HTTP no other name can arrive.
func isToken(name string) bool {
	const others = "!#$%&'*+-.^_`|~"
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune(others, r)
	})
}

func (c *call) hasForm() bool {
	mediaType, _, _ := mime.ParseMediaType(c.header.Get("Content-Type"))
	return c.method == http.MethodPost && mediaType == "application/x-www-form-urlencoded"
}

func (c *call) addForm() {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		c.malformed = "The form in the request body cannot be decoded."
	}
	c.parameters = cloneValues(c.query)
	for name, values := range form {
		c.parameters[name] = append(c.parameters[name], values...)
	}
}

// action and version are in the headers of an ACS3 request, and in the parameters of an RPC request.
func (c *call) action() string  { return c.headerOrParameter("X-Acs-Action", "Action") }
func (c *call) version() string { return c.headerOrParameter("X-Acs-Version", "Version") }

func (c *call) headerOrParameter(header, parameter string) string {
	if c.isRPC() {
		return c.parameters.Get(parameter)
	}
	return c.header.Get(header)
}

// isRPC checks the parameters, because clients with the RPC signature may send the headers too.
func (c *call) isRPC() bool { return c.parameters.Has("Action") }
