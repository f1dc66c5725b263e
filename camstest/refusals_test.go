package camstest

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAssumedRefusalsCanBeSet(t *testing.T) {
	t.Parallel()
	other := map[string]string{"GroupId": "other"}
	cases := []struct {
		is     Case
		caller caller
		status int
		code   string
	}{
		{UnknownGroup, caller{set: other}, 200, "InvalidParameter"},
		{UnknownGroup, caller{action: "DeleteChatGroup", set: other}, 200, "InvalidParameter"},
		{InactiveGroup, caller{action: "AddChatGroupInviteLink"}, 200, "InvalidParameter"},
		{InvalidValue, caller{set: map[string]string{"ChannelType": "VIBER"}}, 400, "InvalidParameter"},
		{InvalidValue, caller{set: map[string]string{"BusinessNumber": "+8613800000000"}}, 400, "InvalidParameter.FromOnlyNumeric"},
		{InvalidValue, caller{action: "UpdateChatGroup"}, 400, "InvalidParameter"},
		{OverQuota, caller{}, 429, "Throttling.User"},
	}
	for _, tc := range cases {
		t.Run(string(tc.is)+" "+tc.caller.action, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := NewServer()
				s.AddGroup(Group{BusinessNumber: business, CustSpaceID: space, GroupID: groupID, GroupStatus: "SUSPENDED"})
				s.SetQuota(10, time.Minute)
				if tc.is == OverQuota {
					assert.Equal(t, 10, passed(t, s, caller{}))
				}
				f := inMemory(s)
				asAssumed := func() {
					a := f.call(t, tc.caller)
					assert.Equal(t, tc.code, a.body.Code, a.text)
					assert.Equal(t, tc.status, a.StatusCode)
				}
				asAssumed()
				header := http.Header{"X-Other": {"1"}}
				s.SetRefusal(tc.is, Answer{Status: 418, Header: header, Body: `{"RequestId":"${RequestId}","Code":"Other"}`})
				header.Set("X-Other", "2")
				s.SetRetryAfter(true)
				start := time.Now()
				a := f.call(t, tc.caller)
				assert.Equal(t, 418, a.StatusCode)
				assert.Equal(t, "Other", a.body.Code)
				assert.Equal(t, a.Header.Get("X-Acs-Request-Id"), a.body.RequestID)
				assert.Equal(t, "1", a.Header.Get("X-Other"))
				assert.Equal(t, tc.is == OverQuota, a.Header.Get("X-Acs-Retry-After") != "")
				assert.Equal(t, "Other", s.Requests()[len(s.Requests())-1].Code)

				s.SetRefusal(tc.is, Answer{Delay: time.Second})
				asAssumed()
				assert.Equal(t, time.Second, time.Since(start))
				s.SetRefusal(tc.is, Answer{})
				asAssumed()
			})
		})
	}
}

func TestDocumentedRefusalsStay(t *testing.T) {
	t.Parallel()
	s := newServer(1)
	s.SetRefusal("", Refusal(500, "Other", ""))
	assert.Equal(t, "MissingGroupId", inMemory(s).call(t, caller{drop: []string{"GroupId"}}).body.Code)
}
