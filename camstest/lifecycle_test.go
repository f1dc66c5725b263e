package camstest

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// user calls operations on one group, as a program does that follows it through its life.
type user struct {
	t       *testing.T
	server  *Server
	groupID string
}

func (u *user) call(action string, nameAndValue ...string) answered {
	u.t.Helper()
	set := map[string]string{"GroupId": u.groupID}
	for i := 0; i < len(nameAndValue); i += 2 {
		set[nameAndValue[i]] = nameAndValue[i+1]
	}
	return inMemory(u.server).call(u.t, caller{action: action, set: set})
}

func (u *user) must(action string, nameAndValue ...string) answered {
	u.t.Helper()
	a := u.call(action, nameAndValue...)
	require.Equal(u.t, "OK", a.body.Code, a.text)
	return a
}

func (u *user) found(subject string) []listed {
	u.t.Helper()
	return u.must("ListChatGroup", "Subject", subject, "Page", `{"Index":1,"Size":20}`).body.Data.List
}

func (u *user) members() (numbers []string) {
	u.t.Helper()
	for _, m := range u.must("ListChatGroupParticipants").body.Data.List {
		numbers = append(numbers, m.ParticipantNumber)
	}
	return numbers
}

func TestAGroupLivesFromCreationToDeletion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		u := &user{t: t, server: NewServer()}

		code := u.must("AddChatGroup", "Subject", "Book club", "Description", "old", "GroupLink", "https://t.me/x").body.UniqueCode
		require.Regexp(t, `^\d+$`, code)
		require.Len(t, u.found("Book club"), 1)
		created := u.found("Book club")[0]
		assert.Equal(t, "ACTIVE", created.GroupStatus)
		assert.Equal(t, "https://t.me/x", created.GroupLink)
		assert.Equal(t, time.Now().UnixMilli(), created.GmtModifier)
		assert.NotEqual(t, code, created.GroupID)
		assert.True(t, strings.HasSuffix(created.GroupID, "="), "needs encoding, as the service's own may")
		u.groupID = created.GroupID

		link := u.must("AddChatGroupInviteLink").body.InviteLink
		assert.True(t, strings.HasPrefix(link, "https://chat.whatsapp.com/"))
		assert.Equal(t, link, u.found("Book club")[0].InviteLink)
		for _, number := range numbers(3) {
			require.NoError(t, u.server.Join(link, number))
		}
		assert.Equal(t, numbers(3), u.members())
		assert.Equal(t, 3, u.found("Book club")[0].TotalParticipantCount)

		removed := u.must("DeleteChatGroupParticipants", "List", `[{"ParticipantNumber":"8613800000001"}]`)
		assert.Equal(t, 1, *removed.body.Result)
		assert.Equal(t, []string{"8613800000000", "8613800000002"}, u.members())
		require.ErrorContains(t, u.server.Join(link, "8613800000001"), "removed")

		time.Sleep(time.Second)
		assert.Equal(t, 1, *u.must("UpdateChatGroup", "Description", "new").body.Result)
		updated := u.found("Book club")[0]
		assert.Equal(t, "new", updated.Description)
		assert.Equal(t, "Book club", updated.Subject, "what is not given stays")
		assert.Equal(t, created.GmtModifier+1000, updated.GmtModifier)

		assert.Equal(t, 1, *u.must("DeleteChatGroupInviteLink").body.Result)
		assert.Equal(t, 0, *u.must("DeleteChatGroupInviteLink").body.Result, "there is none any more")
		assert.Empty(t, u.found("Book club")[0].InviteLink)
		require.Error(t, u.server.Join(link, "8613800000009"))

		assert.Equal(t, 1, *u.must("DeleteChatGroup").body.Result)
		assert.Empty(t, u.found(""))
		assert.Empty(t, u.server.Groups())
		assert.Equal(t, "InvalidParameter", u.call("ListChatGroupParticipants").body.Code)
		assert.Equal(t, "InvalidParameter", u.call("DeleteChatGroup").body.Code)
	})
}

func TestEveryCreationMakesAGroup(t *testing.T) {
	t.Parallel()
	u := &user{t: t, server: NewServer()}
	codes, ids := map[string]bool{}, map[string]bool{}
	for range 20 {
		codes[u.must("AddChatGroup", "Subject", "the same").body.UniqueCode] = true
	}
	for _, g := range u.server.Groups() {
		ids[g.GroupID] = true
	}
	assert.Len(t, codes, 20)
	assert.Len(t, ids, 20)
}

func TestANewGroupIsActiveAfterTheDelay(t *testing.T) {
	t.Parallel()
	status := func(s *Server) string { return s.Groups()[0].GroupStatus }
	for name, test := range map[string]struct {
		delay, activeAfter time.Duration // 0: never
	}{
		"a minute":        {time.Minute, time.Minute},
		"when told, only": {-1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := NewServer()
				s.SetActivationDelay(test.delay)
				u := &user{t: t, server: s}
				u.must("AddChatGroup", "Subject", "test")
				u.groupID = s.Groups()[0].GroupID
				assert.Equal(t, "CREATING", u.found("test")[0].GroupStatus)
				assert.Contains(t, u.call("AddChatGroupInviteLink").body.Message, "not active")

				time.Sleep(time.Minute - time.Nanosecond)
				assert.Equal(t, "CREATING", status(s))
				time.Sleep(time.Nanosecond)
				active := time.Now()
				if test.activeAfter > 0 {
					assert.Equal(t, "ACTIVE", status(s))
					u.must("AddChatGroup", "Subject", "second")
				}
				time.Sleep(time.Hour)
				if test.activeAfter > 0 {
					assert.Equal(t, active.UnixMilli(), s.Groups()[0].GmtModifier)
					assert.Equal(t, active.Add(time.Minute).UnixMilli(), s.Groups()[1].GmtModifier, "though nobody looked then")
					return
				}
				assert.Equal(t, "CREATING", status(s))
				s.Activate()
				assert.Equal(t, "ACTIVE", status(s))
				u.must("AddChatGroupInviteLink")
			})
		})
	}
}

func TestASecondLinkKillsTheFirst(t *testing.T) {
	t.Parallel()
	u := &user{t: t, server: newServer(1), groupID: groupID}
	first := u.must("AddChatGroupInviteLink").body.InviteLink
	second := u.must("AddChatGroupInviteLink").body.InviteLink
	assert.NotEqual(t, first, second)
	require.Error(t, u.server.Join(first, "1"))
	require.NoError(t, u.server.Join(second, "1"))
}

func TestTextsHaveWhatsAppsLimits(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, parameter string
		length          int
		code            string
	}{
		{"the longest subject", "Subject", 128, "OK"},
		{"a longer subject", "Subject", 129, "InvalidParameter"},
		{"the longest description", "Description", 2048, "OK"},
		{"a longer description", "Description", 2049, "InvalidParameter"},
	}
	for _, action := range []string{"AddChatGroup", "UpdateChatGroup"} {
		for _, tc := range cases {
			t.Run(action+" with "+tc.name, func(t *testing.T) {
				t.Parallel()
				u := &user{t: t, server: newServer(0), groupID: groupID}
				a := u.call(action, tc.parameter, strings.Repeat("群", tc.length))
				assert.Equal(t, tc.code, a.body.Code)
				if tc.code != "OK" {
					assert.Contains(t, a.body.Message, tc.parameter)
					require.Len(t, u.server.Groups(), 1, "nothing was created")
					assert.Empty(t, u.server.Groups()[0].Subject+u.server.Groups()[0].Description, "nothing was changed")
				}
			})
		}
	}
}

func TestUpdateChatGroupNeedsSomethingToUpdate(t *testing.T) {
	t.Parallel()
	u := &user{t: t, server: newServer(0), groupID: groupID}
	assert.Equal(t, "InvalidParameter", u.call("UpdateChatGroup").body.Code)
	u.must("UpdateChatGroup", "ProfilePictureFile", "https://example.com/a.jpg")
	assert.Equal(t, "https://example.com/a.jpg", u.server.Groups()[0].ProfilePictureFile)
}

func TestDeleteChatGroupParticipantsRefusesAFormattedNumber(t *testing.T) {
	t.Parallel()
	for _, number := range []string{"+8613800000000", "86 138-0000 (0000)", "861380000000*", "٨٦١٣٨٠٠٠٠٠٠٠٠"} {
		u := &user{t: t, server: newServer(3), groupID: groupID}
		a := u.call("DeleteChatGroupParticipants", "List", `[{"ParticipantNumber":"8613800000001"},{"ParticipantNumber":"`+number+`"}]`)
		assert.Equal(t, 400, a.StatusCode)
		assert.Equal(t, "InvalidParameter.FromOnlyNumeric", a.body.Code)
		assert.NotContains(t, a.text, number)
		assert.Len(t, u.members(), 3, "nobody is removed")
	}
}

func TestDeleteChatGroupParticipantsCountsWhomItRemoves(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, list string
		result     int // -1: refused
		left       int
	}{
		{"one", `[{"ParticipantNumber":"8613800000001"}]`, 1, 2},
		{"two", `[{"ParticipantNumber":"8613800000001"},{"ParticipantNumber":"8613800000000"}]`, 2, 1},
		{"one twice", `[{"ParticipantNumber":"8613800000001"},{"ParticipantNumber":"8613800000001"}]`, 1, 2},
		{"one and a stranger", `[{"ParticipantNumber":"8613800000001"},{"ParticipantNumber":"1"}]`, 1, 2},
		{"a stranger", `[{"ParticipantNumber":"1"}]`, 0, 3},
		{"nobody", `[]`, -1, 3},
		{"an empty number", `[{"ParticipantNumber":"8613800000001"},{}]`, -1, 3},
		{"no List", ``, -1, 3},
		{"a number and no object", `["8613800000001"]`, -1, 3},
		{"an object and no list", `{"ParticipantNumber":"8613800000001"}`, -1, 3},
		{"what is no JSON", `[{"ParticipantNumber":"8613800000001"}`, -1, 3},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			u := &user{t: t, server: newServer(3), groupID: groupID}
			a := u.call("DeleteChatGroupParticipants", "List", tc.list)
			if tc.result < 0 {
				assert.Equal(t, "InvalidParameter", a.body.Code)
				assert.NotContains(t, a.body.Message, "86138")
			} else if assert.NotNil(t, a.body.Result, a.text) {
				assert.Equal(t, tc.result, *a.body.Result)
			}
			assert.Len(t, u.members(), tc.left)
		})
	}
}

func TestWhoLeavesMakesRoom(t *testing.T) {
	t.Parallel()
	u := &user{t: t, server: newServer(8), groupID: groupID}
	link := u.must("AddChatGroupInviteLink").body.InviteLink
	require.ErrorContains(t, u.server.Join(link, "1"), "full")
	u.must("DeleteChatGroupParticipants", "List", `[{"ParticipantNumber":"8613800000001"}]`)
	require.NoError(t, u.server.Join(link, "1"))
}

func TestGmtModifierIsTheTimeOfTheLastChange(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, action string
		parameters   []string
		changes      bool
	}{
		{"an update", "UpdateChatGroup", []string{"Subject", "new"}, true},
		{"a new link", "AddChatGroupInviteLink", nil, true},
		{"a link deleted", "DeleteChatGroupInviteLink", nil, true},
		{"a member removed", "DeleteChatGroupParticipants", []string{"List", `[{"ParticipantNumber":"8613800000000"}]`}, true},
		{"a stranger not removed", "DeleteChatGroupParticipants", []string{"List", `[{"ParticipantNumber":"1"}]`}, false},
		{"a look", "ListChatGroupParticipants", nil, false},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := NewServer()
				s.AddGroup(groupOf(business, numbers(2)...))
				before := time.Now()
				time.Sleep(time.Minute)
				(&user{t: t, server: s, groupID: groupID}).must(tc.action, tc.parameters...)
				want := before
				if tc.changes {
					want = time.Now()
				}
				time.Sleep(time.Minute)
				assert.Equal(t, want.UnixMilli(), s.Groups()[0].GmtModifier)
			})
		})
	}
}
