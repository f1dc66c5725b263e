package camstest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// goodCalls has a call of each operation that succeeds in a group of newServer.
var goodCalls = map[string]map[string]string{
	"AddChatGroup":                {"Subject": "test"},
	"AddChatGroupInviteLink":      nil,
	"DeleteChatGroup":             nil,
	"DeleteChatGroupInviteLink":   nil,
	"DeleteChatGroupParticipants": {"List": `[{"ParticipantNumber":"8613800000000"}]`},
	"ListChatGroup":               {"Page": `{"Index":1,"Size":20}`},
	"ListChatGroupParticipants":   nil,
	"UpdateChatGroup":             {"Subject": "test"},
}

// shape is what a JSON value is made of: the names and types in it, without its values.
func shape(v any) any {
	switch v := v.(type) {
	case map[string]any:
		shapes := map[string]any{}
		for name, value := range v {
			shapes[name] = shape(value)
		}
		return shapes
	case []any:
		if len(v) == 0 {
			return "an empty list"
		}
		return []any{shape(v[0])}
	}
	return fmt.Sprintf("%T", v)
}

func TestEveryAnswerHasThePublishedShape(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/answers.json")
	require.NoError(t, err)
	var published []struct {
		Operation string
		Answer    map[string]any
	}
	require.NoError(t, json.Unmarshal(text, &published))
	require.Len(t, published, len(operations))
	for _, want := range published {
		for _, rpc := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/rpc=%t", want.Operation, rpc), func(t *testing.T) {
				t.Parallel()
				a := inMemory(newServer(2)).call(t, caller{rpc: rpc, action: want.Operation, set: goodCalls[want.Operation]})
				require.Equal(t, "OK", a.body.Code, a.text)
				var got map[string]any
				require.NoError(t, json.Unmarshal([]byte(a.text), &got))
				assert.Equal(t, shape(want.Answer), shape(got))
				assert.Equal(t, "None", got["Message"])
				assert.Equal(t, true, got["Success"])
				assert.Regexp(t, upperUUID, a.body.RequestID)
			})
		}
	}
}

func TestEveryOperationInsistsOnWhatItNeeds(t *testing.T) {
	t.Parallel()
	require.Len(t, goodCalls, len(operations))
	for name, parameters := range goodCalls {
		op := operations[name]
		needs := []string{"BusinessNumber", "CustSpaceId"}
		if name != "AddChatGroup" && name != "ListChatGroup" {
			needs = append(needs, "GroupId")
		}
		for _, parameter := range needs {
			t.Run(name+" without "+parameter, func(t *testing.T) {
				t.Parallel()
				a := inMemory(newServer(1)).call(t, caller{action: name, set: parameters, drop: []string{parameter}})
				assert.Equal(t, 400, a.StatusCode)
				assert.Equal(t, "Missing"+parameter, a.body.Code)
				assert.Equal(t, parameter+" is mandatory for this action.", a.body.Message)
			})
		}
		t.Run(name+" of an unknown group", func(t *testing.T) {
			t.Parallel()
			c := caller{action: name, set: map[string]string{"GroupId": "other"}}
			for k, v := range parameters {
				c.set[k] = v
			}
			a := inMemory(newServer(1)).call(t, c)
			assert.Equal(t, 200, a.StatusCode)
			if op.ofGroup {
				assert.Equal(t, "InvalidParameter", a.body.Code)
				assert.False(t, a.body.Success)
			} else {
				assert.Equal(t, "OK", a.body.Code)
			}
		})
	}
}

func TestOnlyAnActiveGroupIsChanged(t *testing.T) {
	t.Parallel()
	active := map[string]bool{"AddChatGroupInviteLink": true, "DeleteChatGroupInviteLink": true, "DeleteChatGroupParticipants": true, "UpdateChatGroup": true}
	for name, parameters := range goodCalls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := NewServer()
			g := Group{BusinessNumber: business, CustSpaceID: space, GroupID: groupID, GroupStatus: "SUSPENDED", Participants: numbers(2)}
			s.AddGroup(g)
			a := inMemory(s).call(t, caller{action: name, set: parameters})
			if !active[name] {
				assert.Equal(t, "OK", a.body.Code, a.text)
				return
			}
			assert.Equal(t, "InvalidParameter", a.body.Code)
			assert.Contains(t, a.body.Message, "not active")
			g.GmtModifier = s.Groups()[0].GmtModifier
			assert.Equal(t, []Group{g}, s.Groups(), "and the group is as it was")
		})
	}
}

func TestTheMarkOfARequestIDInAGroupsOwnTextsIsKept(t *testing.T) {
	t.Parallel()
	s := NewServer()
	s.AddGroup(Group{BusinessNumber: business, CustSpaceID: space, GroupID: groupID, Participants: []string{"${RequestId}"}})
	a := inMemory(s).call(t, caller{})
	assert.Equal(t, "${RequestId}", a.body.Data.List[0].ParticipantNumber)
}

func TestHandledOperations(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		answer Answer
		status int
		code   string
		text   string
	}{
		{"a body", Answer{Body: `{"Code":"OK","Count":3}`}, 200, "OK", `"Count":3`},
		{"a refusal", Refusal(403, "NoPermission", "m"), 403, "NoPermission", "HostId"},
		{"nothing: a success", Answer{}, 200, "OK", `"Success":true`},
		{"only a header: a success", Answer{Header: http.Header{"X-Other": {"1"}}}, 200, "OK", `"Success":true`},
	}
	for _, tc := range cases {
		for _, rpc := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/rpc=%t", tc.name, rpc), func(t *testing.T) {
				t.Parallel()
				s := newServer(1)
				f := inMemory(s)
				var got []string
				s.Handle("QueryChatappPhoneNumbers", func(r Request) Answer {
					s.Groups() // the server is not locked
					got = append(got, r.Action+" "+r.Parameter("IsvCode"))
					r.Header.Set("User-Agent", "changed")
					return tc.answer
				})
				c := caller{rpc: rpc, action: "QueryChatappPhoneNumbers", set: map[string]string{"IsvCode": "x"}, drop: []string{"GroupId", "BusinessNumber"}}
				a := f.call(t, c)
				assert.Equal(t, tc.status, a.StatusCode)
				assert.Equal(t, tc.code, a.body.Code)
				assert.Contains(t, a.text, tc.text)
				assert.Equal(t, tc.answer.Header.Get("X-Other"), a.Header.Get("X-Other"))
				assert.Equal(t, tc.code, s.Requests()[0].Code)
				assert.Empty(t, s.Requests()[0].Header.Get("User-Agent"), "what it got is a copy")
				assert.Equal(t, []string{"QueryChatappPhoneNumbers x"}, got)

				bad := c
				bad.secret = "guess"
				assert.Equal(t, "SignatureDoesNotMatch", f.call(t, bad).body.Code)
				bad = c
				bad.version = "2018-05-01"
				assert.Equal(t, "InvalidVersion", f.call(t, bad).body.Code)
				assert.Len(t, got, 1, "what is refused does not get there")

				s.Handle("QueryChatappPhoneNumbers", nil)
				assert.Equal(t, "InvalidAction.NotFound", f.call(t, c).body.Code)
			})
		}
	}
}

func TestHandleTakesThePlaceOfAnOperation(t *testing.T) {
	t.Parallel()
	s := newServer(1)
	s.Handle("AddChatGroup", func(Request) Answer { return Answer{} })
	assert.Equal(t, "OK", inMemory(s).call(t, caller{action: "AddChatGroup"}).body.Code)
	assert.Len(t, s.Groups(), 1)
	s.Handle("AddChatGroup", nil)
	assert.Equal(t, "OK", inMemory(s).call(t, caller{action: "AddChatGroup"}).body.Code)
	assert.Len(t, s.Groups(), 2)
}
