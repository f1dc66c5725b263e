package camstest

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const link = "https://chat.whatsapp.com/theLink"

func groupOf(number string, members ...string) Group {
	return Group{BusinessNumber: number, CustSpaceID: space, GroupID: groupID, Participants: members, InviteLink: link}
}

func TestAddedGroupIsActiveAndChangedNow(t *testing.T) {
	t.Parallel()
	now := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	s := NewServer()
	s.SetClock(func() time.Time { return now })
	s.AddGroup(Group{GroupID: "a"})
	s.AddGroup(Group{GroupID: "b", GroupStatus: "SUSPENDED", GmtModifier: 94})
	assert.Equal(t, []Group{
		{GroupID: "a", GroupStatus: "ACTIVE", GmtModifier: now.UnixMilli()},
		{GroupID: "b", GroupStatus: "SUSPENDED", GmtModifier: 94},
	}, s.Groups())
}

func TestGroupsAreCopiesInOrderOfCreation(t *testing.T) {
	t.Parallel()
	s := NewServer()
	for _, id := range []string{"c", "a", "b"} {
		s.AddGroup(Group{GroupID: id, Participants: []string{"1"}})
	}
	s.AddGroup(Group{GroupID: "a", Subject: "replaced in its place", Participants: []string{"1"}})
	got := s.Groups()
	require.Len(t, got, 3)
	assert.Equal(t, []string{"c", "a", "b"}, []string{got[0].GroupID, got[1].GroupID, got[2].GroupID})
	assert.Equal(t, "replaced in its place", got[1].Subject)

	got[0].Participants[0] = "changed"
	assert.Equal(t, "1", s.Groups()[0].Participants[0])
}

func TestMembersAndGroupsMayHaveOtherFields(t *testing.T) {
	t.Parallel()
	const withID, withBoth = `{"UserId":"US.13491208655302741918"}`, `{"ParticipantNumber":"8613800000002","UserId":"DE.2","Since":[1]}`
	group := groupOf(business, "8613800000001", withID, withBoth)
	group.Extra = `{"Owner":{"UserId":"US.1"},"GmtModifier":5}`
	u := &user{t: t, server: NewServer(), groupID: groupID}
	u.server.AddGroup(group)

	listed := u.must("ListChatGroupParticipants")
	assert.Contains(t, listed.text, `"Total":3,"List":[{"ParticipantNumber":"8613800000001"},`+withID+","+withBoth+"]")
	groups := u.must("ListChatGroup", "Page", `{"Index":1,"Size":20}`)
	for _, field := range []string{`"Owner":{"UserId":"US.1"}`, `"GmtModifier":5`, `"InviteLink":"` + link + `"`, `"TotalParticipantCount":3`} {
		assert.Contains(t, groups.text, field)
	}
	assert.Equal(t, 1, strings.Count(groups.text, "GmtModifier"), "the field is replaced")

	require.NoError(t, u.server.Join(link, "DE.2"), "a member already")
	assert.Equal(t, 2, *u.must("DeleteChatGroupParticipants", "List", `[{"ParticipantNumber":"US.13491208655302741918"},{"ParticipantNumber":"8613800000002"},{"ParticipantNumber":"US"}]`).body.Result)
	assert.Equal(t, []string{"8613800000001"}, u.server.Groups()[0].Participants)
	require.ErrorContains(t, u.server.Join(link, "US.13491208655302741918"), "removed")

	assert.Panics(t, func() { u.server.AddGroup(groupOf(business, `{"UserId":`)) })
	assert.Panics(t, func() { u.server.AddGroup(Group{Extra: "[]"}) })
}

func TestWhoHasTheLinkJoins(t *testing.T) {
	t.Parallel()
	s := NewServer()
	s.AddGroup(groupOf(business))
	s.AddGroup(Group{GroupID: "without a link"})
	before := s.Groups()[0].GmtModifier
	s.SetClock(func() time.Time { return time.Now().Add(time.Minute) })
	for _, number := range []string{"1", "2", "1"} {
		require.NoError(t, s.Join(link, number), "who is a member stays one")
	}
	assert.Equal(t, []string{"1", "2"}, s.Groups()[0].Participants)
	assert.Greater(t, s.Groups()[0].GmtModifier, before)
	assert.Empty(t, s.Groups()[1].Participants)
}

func TestWhoMayNotJoin(t *testing.T) {
	t.Parallel()
	suspended := groupOf(business)
	suspended.GroupStatus = "SUSPENDED"
	cases := []struct {
		name         string
		group        Group
		link, number string
		says         string
	}{
		{"with another link", groupOf(business), link + "x", "1", "no group"},
		{"without a link, though a group has none", Group{}, "", "1", "no group"},
		{"without a number", groupOf(business), link, "", "number"},
		{"a suspended group", suspended, link, "1", "SUSPENDED"},
		{"a full group", groupOf(business, numbers(8)...), link, "1", "full"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := NewServer()
			s.AddGroup(tc.group)
			require.ErrorContains(t, s.Join(tc.link, tc.number), tc.says)
			assert.Equal(t, tc.group.Participants, s.Groups()[0].Participants)
		})
	}
	t.Run("but the eighth member may", func(t *testing.T) {
		t.Parallel()
		s := NewServer()
		s.AddGroup(groupOf(business, numbers(7)...))
		require.NoError(t, s.Join(link, "8"))
		require.NoError(t, s.Join(link, "8"), "and is not kept out as the ninth")
		require.Error(t, s.Join(link, "9"))
	})
}

func TestActivateActivatesWhatIsBeingCreatedOnly(t *testing.T) {
	t.Parallel()
	s := NewServer()
	for _, status := range []string{"CREATING", "ACTIVE", "SUSPENDED"} {
		s.AddGroup(Group{GroupID: status, GroupStatus: status, GmtModifier: 94})
	}
	assert.Equal(t, "CREATING", s.Groups()[0].GroupStatus, "a group that a test adds waits to be told")
	s.Activate()
	got := s.Groups()
	assert.Equal(t, "ACTIVE", got[0].GroupStatus)
	assert.Greater(t, got[0].GmtModifier, int64(94))
	assert.Equal(t, "ACTIVE", got[1].GroupStatus)
	assert.EqualValues(t, 94, got[1].GmtModifier)
	assert.Equal(t, "SUSPENDED", got[2].GroupStatus)
}

func TestAddGroupReplacesAndCopies(t *testing.T) {
	t.Parallel()
	s := newServer(5)
	members := []string{"1", "2"}
	s.AddGroup(Group{BusinessNumber: business, CustSpaceID: space, GroupID: groupID, Participants: members})
	members[0] = "changed later"
	a := inMemory(s).call(t, caller{})
	require.Equal(t, 2, a.body.Data.Total)
	assert.Equal(t, "1", a.body.Data.List[0].ParticipantNumber)
}
