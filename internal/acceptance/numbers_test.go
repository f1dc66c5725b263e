package acceptance

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// formatted are forms in which people write numbers. The service finds nothing for them, and reports no error.
var formatted = map[string]string{
	"a plus":         "+8613800138000",
	"spaces":         "86 138 0013 8000",
	"dashes":         "86-138-0013-8000",
	"brackets":       "86(138)00138000",
	"a line break":   "8613800138000\n",
	"Arabic digits":  "٨٦١٣٨٠٠١٣٨٠٠٠",
	"full width":     "８６１３８００１３８０００",
	"as it is shown": "861380013****",
	"letters":        "86138XXXXX000",
}

const digitsOnly = "must be digits only, with the country code"

func TestNoOperationSendsAFormattedBusinessNumber(t *testing.T) {
	t.Parallel()
	for _, method := range operationMethods() {
		for form, number := range formatted {
			t.Run(method.Name+"/"+form, func(t *testing.T) {
				t.Parallel()
				requests := 0
				client := clientOf(t, testCredentials(), counted(&requests, answered(500, "")))
				request := filled(method.Type.In(2), number, "text")
				out := method.Func.Call([]reflect.Value{reflect.ValueOf(client), reflect.ValueOf(t.Context()), request})
				err, _ := out[1].Interface().(error)
				require.EqualError(t, err, "cams: BusinessNumber "+digitsOnly)
				requireInvalidField(t, err, "BusinessNumber")
				requireClean(t, "the error", err, forbidden(number))
				assert.Zero(t, requests)
				validator := request.Interface().(interface{ Validate() error })
				assert.Equal(t, err, validator.Validate())
			})
		}
	}
}

func TestNoFormattedNumberOfAMemberIsSent(t *testing.T) {
	t.Parallel()
	for form, number := range formatted {
		server, client := service(t)
		_, err := client.DeleteChatGroupParticipants(t.Context(), removal("8613800000001", number))
		require.EqualError(t, err, "cams: List[1].ParticipantNumber "+digitsOnly, form)
		requireClean(t, "the error", err, forbidden(number))
		assert.Empty(t, server.Requests(), form)
	}
	for _, id := range []string{"us.13491208655302741918", "US.1234567", "US.1349 1208", "USA.13491208655302741918", "US.ENT.", "hidden"} {
		assert.ErrorContains(t, removal(id).Validate(), digitsOnly, id)
	}
	assert.EqualError(t, removal("").Validate(), "cams: List[0].ParticipantNumber is empty")
}

func removal(members ...string) *cams.DeleteChatGroupParticipantsRequest {
	req := &cams.DeleteChatGroupParticipantsRequest{BusinessNumber: testNumber, CustSpaceID: space, GroupID: groupID}
	for _, member := range members {
		req.List = append(req.List, cams.ChatGroupParticipant{ParticipantNumber: member})
	}
	return req
}

func TestAMemberCanBeRemovedByAUserID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"US.13491208655302741918", "DE.ENT.8fk2Jd83Kd9"} {
		server := camstest.NewServer()
		server.AddGroup(camstest.Group{BusinessNumber: testNumber, CustSpaceID: space, GroupID: groupID, Participants: []string{`{"UserId":"` + id + `"}`}})
		client, err := server.NewClient()
		require.NoError(t, err)
		resp, err := client.DeleteChatGroupParticipants(t.Context(), removal(id))
		require.NoError(t, err)
		assert.Equal(t, 1, resp.Result)

		server.AnswerOnce(camstest.Refusal(400, "X", "not a member: "+id))
		_, err = client.DeleteChatGroupParticipants(t.Context(), removal(id))
		require.ErrorContains(t, err, "not a member: [redacted]")
	}
}

// The service documents no length, so neither a short nor a long number is refused.
func TestAnyNumberOfDigitsIsSent(t *testing.T) {
	t.Parallel()
	for _, number := range []string{"1", "0049151", testNumber, "12345678901234567890"} {
		req := validRequest()
		req.BusinessNumber = number
		assert.NoError(t, req.Validate())
		assert.NoError(t, removal(number).Validate())
	}
}

func TestTheFakeRefusesWhatItsCallerSendsInAnotherForm(t *testing.T) {
	t.Parallel()
	for form, number := range formatted {
		_, client := service(t)
		err := client.Call(t.Context(), cams.Operation{Name: "ListChatGroupParticipants"},
			map[string]string{"BusinessNumber": number, "CustSpaceId": space, "GroupId": groupID}, nil)
		require.True(t, cams.IsCode(err, "InvalidParameter.FromOnlyNumeric"), "%s: %v", form, err)
		assert.ErrorContains(t, err, "status 400")
		requireClean(t, "the error", err, forbidden(number))
	}
	_, client := service(t)
	err := client.Call(t.Context(), cams.Operation{Name: "DeleteChatGroupParticipants"}, map[string]any{
		"BusinessNumber": testNumber, "CustSpaceId": space, "GroupId": groupID, "List": []map[string]string{{"ParticipantNumber": "+8613800000001"}}}, nil)
	assert.True(t, cams.IsCode(err, "InvalidParameter.FromOnlyNumeric"), err)
}

// A masked number, as in published samples, is about its group only.
func TestARosterOfAGroupWhoseNumberIsMaskedHasTheError(t *testing.T) {
	t.Parallel()
	_, client := service(t)
	req := validRequest()
	req.BusinessNumber = ""
	groups := func(yield func(cams.ChatGroup, error) bool) {
		_ = yield(cams.ChatGroup{GroupID: groupID, BusinessNumber: "861380013****"}, nil) &&
			yield(cams.ChatGroup{GroupID: groupID, BusinessNumber: testNumber}, nil)
	}
	var failed []bool
	for roster, err := range cams.Rosters(t.Context(), client, req, groups, 2) {
		require.NoError(t, err)
		failed = append(failed, roster.Err != nil)
		if roster.Err != nil {
			requireInvalidField(t, roster.Err, "BusinessNumber")
		}
	}
	assert.Equal(t, []bool{true, false}, failed)
}
