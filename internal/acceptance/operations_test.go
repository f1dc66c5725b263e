package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
)

// caller makes one call of an operation.
type caller func(context.Context, *cams.Client) (response any, err error)

// operationCase is the row of an operation in these tests.
type operationCase struct {
	name        string
	repeatable  bool
	result      string // the member of an answer that holds the result
	call        caller // with a valid request
	withNil     caller
	withMissing map[string]caller // by the field that is missing
}

func (o operationCase) success() string { return `{"Code":"OK","Success":true,` + o.result + `}` }

// method is a method of the client: an operation.
type method[Q, R any] func(*cams.Client, context.Context, *Q) (*R, error)

func (m method[Q, R]) with(req *Q) caller {
	return func(ctx context.Context, client *cams.Client) (any, error) {
		response, err := m(client, ctx, req)
		if response == nil {
			return nil, err
		}
		return response, err
	}
}

// operationOf makes a row of the table. spoil takes a required field out of a request.
func operationOf[Q, R any](name string, repeatable bool, result string, call method[Q, R], valid Q, spoil map[string]func(*Q)) operationCase {
	o := operationCase{name: name, repeatable: repeatable, result: result, call: call.with(&valid), withNil: call.with(nil), withMissing: map[string]caller{name + "Request": call.with(nil)}}
	for field, without := range spoil {
		req := valid
		without(&req)
		o.withMissing[field] = call.with(&req)
	}
	return o
}

const (
	repeated, once = true, false
	aResult        = `"Result":1`
	space          = "cams-k001"
	groupID        = "EA939"
)

// allOperations is the table of the operations.
func allOperations() []operationCase {
	type (
		members    = cams.ListChatGroupParticipantsRequest
		list       = cams.ListChatGroupRequest
		add        = cams.AddChatGroupRequest
		update     = cams.UpdateChatGroupRequest
		remove     = cams.DeleteChatGroupRequest
		addLink    = cams.AddChatGroupInviteLinkRequest
		removeLink = cams.DeleteChatGroupInviteLinkRequest
		expel      = cams.DeleteChatGroupParticipantsRequest
	)
	page := &cams.Page{Index: 1, Size: 10}
	someone := []cams.ChatGroupParticipant{{ParticipantNumber: "8613800000001"}}
	return []operationCase{
		operationOf("ListChatGroupParticipants", repeated, `"Data":{"Total":0,"List":[]}`, (*cams.Client).ListChatGroupParticipants,
			members{BusinessNumber: testNumber, CustSpaceID: space, GroupID: groupID},
			map[string]func(*members){
				"BusinessNumber": func(r *members) { r.BusinessNumber = "" },
				"CustSpaceID":    func(r *members) { r.CustSpaceID = "" },
				"GroupID":        func(r *members) { r.GroupID = "" },
				"Page.Size":      func(r *members) { r.Page = &cams.Page{Index: 1} },
				"Page.Index":     func(r *members) { r.Page = &cams.Page{Size: 1} },
			}),
		operationOf("ListChatGroup", repeated, `"Data":{"Total":0,"List":[]}`, (*cams.Client).ListChatGroup,
			list{BusinessNumber: testNumber, CustSpaceID: space, Page: page},
			map[string]func(*list){
				"BusinessNumber": func(r *list) { r.BusinessNumber = "" },
				"CustSpaceID":    func(r *list) { r.CustSpaceID = "" },
				"Page":           func(r *list) { r.Page = nil },
				"Page.Size":      func(r *list) { r.Page = &cams.Page{Index: 1} },
				"Page.Index":     func(r *list) { r.Page = &cams.Page{Size: 1} },
			}),
		operationOf("AddChatGroup", once, `"UniqueCode":"893800001"`, (*cams.Client).AddChatGroup,
			add{BusinessNumber: testNumber, CustSpaceID: space, Subject: "s"},
			map[string]func(*add){
				"BusinessNumber": func(r *add) { r.BusinessNumber = "" },
				"CustSpaceID":    func(r *add) { r.CustSpaceID = "" },
			}),
		operationOf("UpdateChatGroup", repeated, aResult, (*cams.Client).UpdateChatGroup,
			update{BusinessNumber: testNumber, CustSpaceID: space, GroupID: groupID, Subject: "s"},
			map[string]func(*update){
				"BusinessNumber": func(r *update) { r.BusinessNumber = "" },
				"CustSpaceID":    func(r *update) { r.CustSpaceID = "" },
				"GroupID":        func(r *update) { r.GroupID = "" },
				"Subject, Description and ProfilePictureFile": func(r *update) { r.Subject = "" },
			}),
		operationOf("DeleteChatGroup", repeated, aResult, (*cams.Client).DeleteChatGroup,
			remove{BusinessNumber: testNumber, CustSpaceID: space, GroupID: groupID},
			map[string]func(*remove){
				"BusinessNumber": func(r *remove) { r.BusinessNumber = "" },
				"CustSpaceID":    func(r *remove) { r.CustSpaceID = "" },
				"GroupID":        func(r *remove) { r.GroupID = "" },
			}),
		operationOf("AddChatGroupInviteLink", once, `"InviteLink":"https://chat.whatsapp.com/x"`, (*cams.Client).AddChatGroupInviteLink,
			addLink{BusinessNumber: testNumber, CustSpaceID: space, GroupID: groupID},
			map[string]func(*addLink){
				"BusinessNumber": func(r *addLink) { r.BusinessNumber = "" },
				"CustSpaceID":    func(r *addLink) { r.CustSpaceID = "" },
				"GroupID":        func(r *addLink) { r.GroupID = "" },
			}),
		operationOf("DeleteChatGroupInviteLink", repeated, aResult, (*cams.Client).DeleteChatGroupInviteLink,
			removeLink{BusinessNumber: testNumber, CustSpaceID: space, GroupID: groupID},
			map[string]func(*removeLink){
				"BusinessNumber": func(r *removeLink) { r.BusinessNumber = "" },
				"CustSpaceID":    func(r *removeLink) { r.CustSpaceID = "" },
				"GroupID":        func(r *removeLink) { r.GroupID = "" },
			}),
		operationOf("DeleteChatGroupParticipants", repeated, aResult, (*cams.Client).DeleteChatGroupParticipants,
			expel{BusinessNumber: testNumber, CustSpaceID: space, GroupID: groupID, List: someone},
			map[string]func(*expel){
				"BusinessNumber":            func(r *expel) { r.BusinessNumber = "" },
				"CustSpaceID":               func(r *expel) { r.CustSpaceID = "" },
				"GroupID":                   func(r *expel) { r.GroupID = "" },
				"List":                      func(r *expel) { r.List = []cams.ChatGroupParticipant{} },
				"List[1].ParticipantNumber": func(r *expel) { r.List = append(someone[:1:1], cams.ChatGroupParticipant{}) },
			}),
	}
}

func TestCodeOKWithSuccessFalseIsASuccessIfTheResultIsThere(t *testing.T) {
	t.Parallel()
	eachOperation(t, allOperations(), func(t *testing.T, op operationCase) {
		requests := 0
		call := func(body string) (any, error) {
			return op.call(t.Context(), clientOf(t, testCredentials(), firstThen(answered(200, body), body, &requests)))
		}
		const head = `{"RequestId":"r","Message":"None","AccessDeniedDetail":"None","Code":"OK","Success":false`
		response, err := call(head + `,` + op.result + `}`)
		require.NoError(t, err)
		text, err := json.Marshal(response)
		require.NoError(t, err)
		assert.Contains(t, string(text), op.result)

		for what, body := range map[string]string{"none": head + `}`, "a null": head + `,` + nulled(op.result) + `}`, "another": head + `,"Other":1}`} {
			response, err = call(body)
			refusal := new(cams.APIError)
			require.ErrorAs(t, err, &refusal, what)
			assert.Equal(t, "OK", refusal.Code)
			assert.NotErrorIs(t, err, cams.ErrOutcomeUnknown)
			assert.Nil(t, response)
		}
		assert.Equal(t, 4, requests)
	})
}

// nulled returns a result's member with the value null.
func nulled(result string) string {
	name, _, _ := strings.Cut(result, ":")
	return name + ":null"
}

func TestPublishedAnswersDecodeWithEveryField(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "camstest/testdata/answers.json"))
	require.NoError(t, err)
	var published []struct {
		Operation string
		Answer    json.RawMessage
	}
	require.NoError(t, json.Unmarshal(text, &published))
	answers := map[string]string{}
	for _, one := range published {
		answers[one.Operation] = string(one.Answer)
	}
	eachOperation(t, allOperations(), func(t *testing.T, op operationCase) {
		require.Contains(t, answers, op.name)
		requests := 0
		response, err := op.call(t.Context(), clientOf(t, testCredentials(), firstThen(answered(200, answers[op.name]), "", &requests)))
		require.NoError(t, err)
		decoded, err := json.Marshal(response)
		require.NoError(t, err)
		assert.JSONEq(t, answers[op.name], string(decoded), "no field is lost, and none is there that was not published")
	})
}

func TestARequestWithoutARequiredFieldIsNotSent(t *testing.T) {
	t.Parallel()
	for _, op := range allOperations() {
		for field, call := range op.withMissing {
			t.Run(op.name+"/"+field, func(t *testing.T) {
				t.Parallel()
				requireInvalid(t, op, call, field)
			})
		}
	}
}

func TestAClientThatNewClientDidNotMakeIsAnError(t *testing.T) {
	t.Parallel()
	eachOperation(t, allOperations(), func(t *testing.T, op operationCase) {
		for _, client := range []*cams.Client{nil, {}} {
			_, err := op.call(t.Context(), client)
			requireInvalidField(t, err, "Client")
			_, err = op.withNil(t.Context(), client)
			requireInvalidField(t, err, op.name+"Request")
		}
	})
}

// requireInvalid makes a call that must be refused by this package, for field.
func requireInvalid(t *testing.T, op operationCase, call caller, field string) {
	t.Helper()
	requests := 0
	response, err := call(t.Context(), clientOf(t, testCredentials(), firstThen(silent, op.success(), &requests)))
	requireInvalidField(t, err, field)
	assert.Nil(t, response)
	assert.Zero(t, requests)
}

func requireInvalidField(t *testing.T, err error, field string) {
	t.Helper()
	invalid := new(cams.ValidationError)
	require.True(t, errors.As(err, &invalid), "%T: %v", err, err)
	assert.Equal(t, field, invalid.Field)
}
