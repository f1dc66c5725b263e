package camstest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const versionName = "2020-06-06"

// operations are the operations that the fake carries out. A new one needs its own file and a row here.
var operations = map[string]operation{
	"AddChatGroup":                {run: addChatGroup},
	"AddChatGroupInviteLink":      {ofGroup: true, run: addChatGroupInviteLink},
	"DeleteChatGroup":             {ofGroup: true, run: deleteChatGroup},
	"DeleteChatGroupInviteLink":   {ofGroup: true, run: deleteChatGroupInviteLink},
	"DeleteChatGroupParticipants": {ofGroup: true, run: deleteChatGroupParticipants},
	"ListChatGroup":               {run: listChatGroup},
	"ListChatGroupParticipants":   {ofGroup: true, run: listChatGroupParticipants},
	"UpdateChatGroup":             {ofGroup: true, run: updateChatGroup},
}

type operation struct {
	ofGroup bool // GroupId is required

	// run returns, as a struct, the fields that the answer has in addition to those of every answer. It is called with
	// [Server.mu] held, so the result must not share data that may change later.
	run func(*groupStore, *ask) (result any, bad *refusal)
}

// ask is a request as an operation sees it.
type ask struct {
	groupKey   // the identifiers that the request has
	parameters url.Values
	now        time.Time
}

// Handle makes the server answer requests for an operation with what answer returns, whether or not the server knows the
// operation. The server checks and counts these requests like all others, but does not check their parameters;
// [Request.Parameter] returns them. The zero Answer means a success without additional fields. answer must be safe for
// concurrent use. A nil answer removes the handler.
func (s *Server) Handle(operation string, answer func(Request) Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handlers[operation] = answer
}

func (s *Server) handler(operation string) func(Request) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.handlers[operation]
}

// ownAnswer answers a request as the service would. Like a gateway it first checks the operation, then the caller's
// identity, then the quota. Only then it carries the operation out. code is that of the answer.
func (s *Server) ownAnswer(c *call, record *Request) (answer Answer, code string) {
	handle := s.handler(c.action())
	_, known := operations[c.action()]
	if bad := c.checkTarget(known || handle != nil); bad != nil {
		return bad.answer(), bad.code
	}
	who, bad := s.authenticate(c, record.Time)
	if bad != nil {
		return bad.answer(), bad.code
	}
	header, bad := s.count(quotaKey{who.accessKeyID, who.bearerToken, c.action()}, record.Time)
	switch {
	case bad != nil:
		answer, code = bad.answer(), bad.code
	case handle != nil:
		answer, code = handled(handle(record.copy()))
	default:
		answer, code = s.carryOut(c, record.Time)
	}
	return answer.with(Answer{Header: header}), code
}

func (c *call) checkTarget(known bool) *refusal {
	switch {
	case c.method != http.MethodPost && c.method != http.MethodGet:
		return wrongMethod
	case c.malformed != "":
		return invalid(c.malformed)
	case c.path != "/" || !known:
		return wrongAction
	case c.version() != versionName:
		return wrongVersion
	}
	return nil
}

func (s *Server) count(key quotaKey, now time.Time) (http.Header, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.quota.use(key, now)
}

func handled(a Answer) (answer Answer, code string) {
	if a.isOwn() {
		return success(struct{}{}).with(a), "OK"
	}
	return a, codeIn(a.Body)
}

func (s *Server) carryOut(c *call, now time.Time) (answer Answer, code string) {
	op := operations[c.action()]
	a, bad := c.ask(op, now)
	if bad != nil {
		return bad.answer(), bad.code
	}
	s.mu.Lock()
	s.groups.settle(now)
	result, bad := op.run(&s.groups, a)
	s.mu.Unlock()
	if bad != nil {
		return bad.answer(), bad.code
	}
	return success(result), "OK"
}

// ask reads and checks the parameters that all operations share.
func (c *call) ask(op operation, now time.Time) (*ask, *refusal) {
	p := c.parameters
	a := &ask{groupKey{p.Get("BusinessNumber"), p.Get("CustSpaceId"), p.Get("GroupId")}, p, now}
	switch {
	case a.businessNumber == "":
		return nil, missing("BusinessNumber")
	case a.custSpaceID == "":
		return nil, missing("CustSpaceId")
	case a.groupID == "" && op.ofGroup:
		return nil, missing("GroupId")
	case !isDigits(a.businessNumber):
		return nil, notNumeric("BusinessNumber")
	case p.Has("ChannelType") && p.Get("ChannelType") != "WHATSAPP":
		return nil, invalid("ChannelType must be WHATSAPP.")
	case c.isRPC() && !strings.EqualFold(p.Get("Format"), "json"):
		return nil, invalid("Format must be json: without it the service answers XML.")
	}
	return a, nil
}

func isDigits(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// page is the parameter Page, which is JSON.
type page struct{ Index, Size int }

// page reads the parameter Page. byDefault has the values for what it leaves out.
func (a *ask) page(byDefault page) (page, *refusal) {
	p := byDefault
	if a.parameters.Has("Page") && json.Unmarshal([]byte(a.parameters.Get("Page")), &p) != nil || p.Index < 1 || p.Size < 1 {
		return p, invalid("Page must be a JSON object with Index and Size from 1.")
	}
	return p, nil
}

// onPage returns the part of list that is on page p, nothing past the end. It compares before it multiplies, because a
// product of large values would overflow.
func onPage[T any](list []T, p page) []T {
	if p.Index-1 > len(list)/p.Size {
		return nil
	}
	rest := list[(p.Index-1)*p.Size:]
	return rest[:min(p.Size, len(rest))]
}
