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

// Answer is what the server is told to answer.
//
// An Answer without Status, Body and Drop stands for the server's own, checked answer: with a Delay it comes later, with
// a Header it carries those fields, and the zero Answer in a queue lets one request through. The operation is then carried
// out when the request arrives, before the Delay.
//
// Any other Answer is given without looking at the request, and nothing is carried out, unless After is set.
type Answer struct {
	Status int           // 0 means 200
	Header http.Header   // these fields replace the server's own, such as Content-Type (JSON) and Date
	Body   string        // ${RequestId} in it becomes the request's ID, the one in the header x-acs-request-id
	Delay  time.Duration // how long the answer, or the drop, takes
	Drop   bool          // no answer: the connection is cut

	// After makes the server check the request and carry the operation out first, as if nothing had been told, and then
	// give this answer in place of its own: a failure after the work was done. With Drop it is a connection that broke too
	// late, with a Delay longer than the caller's patience a timeout.
	After bool
}

// Answer makes the server answer every request from now on with a. [Server.Reset] ends that.
func (s *Server) Answer(a Answer) {
	a.Header = a.Header.Clone()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.always = &a
}

// AnswerOnce queues answers: each is used for one request, in order, before what [Server.Answer] was told. Later calls
// add to the queue.
func (s *Server) AnswerOnce(answers ...Answer) {
	answers = slices.Clone(answers)
	for i := range answers {
		answers[i].Header = answers[i].Header.Clone()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.once = append(s.once, answers...)
}

// Pending returns how many answers of [Server.AnswerOnce] were not used yet.
func (s *Server) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.once)
}

// AnswerFunc makes the server ask choose about every request first. Where it returns true, its answer is given, and the
// queue of [Server.AnswerOnce] stays as it is. This aims an answer at an operation, a group or a page:
//
//	server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
//		return camstest.Answer{Drop: true}, r.Action == "AddChatGroup"
//	})
//
// Requests that come at the same time call it at the same time. A new choose replaces the last one; nil or
// [Server.Reset] ends it.
func (s *Server) AnswerFunc(choose func(Request) (Answer, bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.choose = choose
}

// SetLatency makes every answer, and every drop, take d longer.
func (s *Server) SetLatency(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency = d
}

// Refusal is an answer in the form in which the gateway refuses a request, for instance
// Refusal(429, "Throttling.User", "Request was denied due to user flow control.").
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

// listData is the Data of an answer that lists.
type listData struct {
	Total int
	List  any
}

// success is the answer of an operation that was carried out, with the fields of result, a struct.
func success(result any) Answer {
	fields := strings.ReplaceAll(jsonOf(result), requestIDMark, `\u0024{RequestId}`) // in a group's own texts it is no mark
	fields = fields[1 : len(fields)-1]
	if fields != "" {
		fields += ","
	}
	return Answer{Body: `{"AccessDeniedDetail":"None","Message":"None","RequestId":"` + requestIDMark + `",` +
		fields + `"Code":"OK","Success":true}`}
}

// requestIDMark stands in a body for the ID of the request that it will answer.
const requestIDMark = "${RequestId}"

var errDropped = fmt.Errorf("camstest: the connection was dropped: %w", io.ErrUnexpectedEOF)

// output is an answer ready to be sent.
type output struct {
	status int
	header http.Header
	body   string
}

// isOwn tells whether a leaves the answer itself to the server.
func (a Answer) isOwn() bool { return a.Status == 0 && a.Body == "" && !a.Drop }

// with is a, with the delay and the header fields of b on top.
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
		out.body = "" // HTTP allows none
	} else {
		out.header.Set("Content-Length", strconv.Itoa(len(out.body)))
	}
	for name, values := range a.Header {
		out.header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	return out
}

// codeIn finds the code in a body that the server was told to send, which may be anything.
func codeIn(body string) string {
	var b struct{ Code string }
	if json.Unmarshal([]byte(body), &b) != nil {
		return ""
	}
	return b.Code
}

// newRequestID makes a random UUID (version 4) in upper case.
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
