package camstest

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRefusalsAreAsAssumed(t *testing.T) {
	t.Parallel()
	other := map[string]string{"GroupId": "other"}
	for name, tc := range map[string]struct {
		caller caller
		status int
		code   string
	}{
		"an unknown group":             {caller{set: other}, 200, "InvalidParameter"},
		"an unknown group, deleted":    {caller{action: "DeleteChatGroup", set: other}, 200, "InvalidParameter"},
		"an inactive group":            {caller{action: "AddChatGroupInviteLink"}, 200, "InvalidParameter"},
		"an invalid value":             {caller{set: map[string]string{"ChannelType": "VIBER"}}, 400, "InvalidParameter"},
		"a number that is none":        {caller{set: map[string]string{"BusinessNumber": "+8613800000000"}}, 400, "InvalidParameter.FromOnlyNumeric"},
		"an update that needs nothing": {caller{action: "UpdateChatGroup"}, 400, "InvalidParameter"},
	} {
		s := NewServer()
		s.AddGroup(Group{BusinessNumber: business, CustSpaceID: space, GroupID: groupID, GroupStatus: "SUSPENDED"})
		a := inMemory(s).call(t, tc.caller)
		assert.Equal(t, tc.code, a.body.Code, name)
		assert.Equal(t, tc.status, a.StatusCode, name)
	}
}
