package camstest

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// The one operation that the fake knows.
const (
	actionName  = "ListChatGroupParticipants"
	versionName = "2020-06-06"
)

// ownAnswer answers a request as the service would, in the order of a gateway: is it for me, who are you, what do you
// want. Only then comes the operation. The code is that of the answer.
func (s *Server) ownAnswer(c *call, now time.Time) (answer Answer, code string) {
	key, page, bad := s.check(c, now)
	if bad != nil {
		return Refusal(bad.status, bad.code, bad.message), bad.code
	}
	return s.list(key, page)
}

func (s *Server) check(c *call, now time.Time) (groupKey, page, *refusal) {
	if bad := c.checkTarget(); bad != nil {
		return groupKey{}, page{}, bad
	}
	if bad := s.authenticate(c, now); bad != nil {
		return groupKey{}, page{}, bad
	}
	return readParameters(c)
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

func (c *call) checkTarget() *refusal {
	switch {
	case c.method != http.MethodPost && c.method != http.MethodGet:
		return wrongMethod
	case c.malformed != "":
		return invalid(c.malformed)
	case c.path != "/" || c.action() != actionName:
		return wrongAction
	case c.version() != versionName:
		return wrongVersion
	}
	return nil
}

// page is the parameter Page, which comes as JSON.
type page struct{ Index, Size int }

func readParameters(c *call) (groupKey, page, *refusal) {
	key := groupKey{c.query.Get("BusinessNumber"), c.query.Get("CustSpaceId"), c.query.Get("GroupId")}
	p := page{Index: 1, Size: 20}
	switch {
	case key.businessNumber == "":
		return key, p, missing("BusinessNumber")
	case key.custSpaceID == "":
		return key, p, missing("CustSpaceId")
	case key.groupID == "":
		return key, p, missing("GroupId")
	case c.query.Has("ChannelType") && c.query.Get("ChannelType") != "WHATSAPP":
		return key, p, invalid("ChannelType must be WHATSAPP.")
	case c.isRPC() && !strings.EqualFold(c.query.Get("Format"), "json"):
		return key, p, invalid("Format must be json: without it the service answers XML.")
	}
	if c.query.Has("Page") {
		if json.Unmarshal([]byte(c.query.Get("Page")), &p) != nil || p.Index < 1 || p.Size < 1 {
			return key, p, invalid("Page must be a JSON object with Index and Size from 1.")
		}
	}
	return key, p, nil
}

// list answers with one page of a group. The operation's own refusals come inside an HTTP 200.
func (s *Server) list(key groupKey, p page) (answer Answer, code string) {
	s.mu.Lock()
	numbers, known := s.groups[key]
	maxSize := s.maxPageSize
	s.mu.Unlock()

	body := listBody{AccessDeniedDetail: "None", RequestID: requestIDMark}
	if !known {
		body.Code, body.Message = "InvalidParameter", "The group does not exist."
	} else {
		if maxSize > 0 {
			p.Size = min(p.Size, maxSize)
		}
		body.Code, body.Message, body.Success = "OK", "None", true
		body.Data = &listData{Total: len(numbers), List: p.of(numbers)}
	}
	return Answer{Body: jsonOf(body)}, body.Code
}

// of returns the members on page p: none past the end. It compares before it multiplies, as any Index and Size may come.
func (p page) of(numbers []string) []participant {
	list := []participant{} // an empty list is [] in JSON, not null
	if p.Index-1 > len(numbers)/p.Size {
		return list
	}
	rest := numbers[(p.Index-1)*p.Size:]
	for _, number := range rest[:min(p.Size, len(rest))] {
		list = append(list, participant{number})
	}
	return list
}
