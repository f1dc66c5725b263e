package camstest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Answer sets how the server answers a request.
//
// An Answer without Status, Body and Drop means the server's own answer: the server checks the request and carries the
// operation out when the request arrives. A Delay delays that answer, and a Header adds to its header. The zero Answer in
// a queue leaves one request to the server.
//
// With any other Answer the server neither checks the request nor carries anything out, unless After is set.
type Answer struct {
	Status int           // 0 means 200
	Header http.Header   // replaces headers of the server, such as Content-Type (JSON) and Date
	Body   string        // ${RequestId} is replaced by the request ID, as in the header x-acs-request-id
	Delay  time.Duration // before the answer or the drop
	Drop   bool          // no answer: the connection is closed

	// After makes the server check the request and carry the operation out first, and then send this Answer instead of
	// its own: a failure after the operation was carried out. With Drop the connection breaks after the write. With a
	// Delay longer than the caller's timeout, the caller times out after the write.
	After bool
}

// Answer makes the server answer every request with a, until [Server.Reset].
func (s *Server) Answer(a Answer) {
	a.Header = a.Header.Clone()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.always = &a
}

// AnswerOnce queues answers. Each is used for one request, in order; when the queue is empty, the answer of
// [Server.Answer] is used again. Later calls add to the queue.
func (s *Server) AnswerOnce(answers ...Answer) {
	answers = slices.Clone(answers)
	for i := range answers {
		answers[i].Header = answers[i].Header.Clone()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.once = append(s.once, answers...)
}

// AnswerFunc makes the server call choose for every request first. If choose returns true, the server sends its answer
// and does not use the queue of [Server.AnswerOnce]. This is how to answer for an operation, a group or a page:
//
//	server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
//		return camstest.Answer{Drop: true}, r.Action == "AddChatGroup"
//	})
//
// choose must be safe for concurrent use. A new choose replaces the last one; nil or [Server.Reset] removes it.
func (s *Server) AnswerFunc(choose func(Request) (Answer, bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.choose = choose
}

// SetLatency delays every answer and every drop by d, in addition to [Answer].Delay.
func (s *Server) SetLatency(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency = d
}

// Refusal returns an answer in the form in which the gateway refuses a request, for instance Refusal(429,
// "Throttling.User", "Request was denied due to user flow control.").
func Refusal(status int, code, message string) Answer {
	return Answer{Status: status, Body: jsonOf(refusalBody{
		RequestID: requestIDMark,
		HostID:    "cams.ap-southeast-1.aliyuncs.com",
		Code:      code,
		Message:   message,
		Recommend: "https://api.aliyun.com/troubleshoot?q=" + code + "&product=cams",
	})}
}

type refusalBody struct {
	RequestID string `json:"RequestId"`
	HostID    string `json:"HostId"`
	Code      string
	Message   string
	Recommend string
}

// listData is the Data in the answer of a list operation.
type listData struct {
	Total int
	List  any
}

// success returns the answer of an operation that was carried out, with the fields of the struct result.
func success(result any) Answer {
	fields := strings.ReplaceAll(jsonOf(result), requestIDMark, `\u0024{RequestId}`) // a group's own text must not be replaced
	fields = fields[1 : len(fields)-1]
	if fields != "" {
		fields += ","
	}
	return Answer{Body: `{"AccessDeniedDetail":"None","Message":"None","RequestId":"` + requestIDMark + `",` +
		fields + `"Code":"OK","Success":true}`}
}

// requestIDMark is replaced in a body by the request ID.
const requestIDMark = "${RequestId}"

var errDropped = fmt.Errorf("camstest: the connection was dropped: %w", io.ErrUnexpectedEOF)

// output is an answer that is ready to send.
type output struct {
	status int
	header http.Header
	body   string
}

// isOwn reports whether a means the server's own answer.
func (a Answer) isOwn() bool { return a.Status == 0 && a.Body == "" && !a.Drop }

// with returns a with the delay and the headers of b added.
func (a Answer) with(b Answer) Answer {
	a.Delay += b.Delay
	if len(b.Header) == 0 {
		return a
	}
	header := make(http.Header)
	for _, h := range []http.Header{a.Header, b.Header} {
		for name, values := range h {
			header[http.CanonicalHeaderKey(name)] = values
		}
	}
	a.Header = header
	return a
}

func (a Answer) output(now time.Time) output {
	id := newRequestID()
	out := output{
		status: a.Status,
		body:   strings.ReplaceAll(a.Body, requestIDMark, id),
		header: http.Header{
			"Content-Type":     {"application/json;charset=utf-8"},
			"Date":             {now.UTC().Format(http.TimeFormat)},
			"X-Acs-Request-Id": {id},
		},
	}
	if out.status == 0 {
		out.status = http.StatusOK
	}
	if out.status == http.StatusNoContent || out.status == http.StatusNotModified {
		out.body = "" // HTTP does not allow one
	} else {
		out.header.Set("Content-Length", strconv.Itoa(len(out.body)))
	}
	for name, values := range a.Header {
		out.header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	return out
}

// codeIn returns the code in a body that a test has set, or "".
func codeIn(body string) string {
	var b struct{ Code string }
	if json.Unmarshal([]byte(body), &b) != nil {
		return ""
	}
	return b.Code
}

// newRequestID returns a random UUID (version 4) in upper case.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%X-%X-%X-%X-%X", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func jsonOf(v any) string {
	text, _ := json.Marshal(v) // plain structs of strings, numbers and booleans: it cannot fail
	return string(text)
}
