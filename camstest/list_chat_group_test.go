package camstest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestListChatGroupFindsGroups(t *testing.T) {
	t.Parallel()
	s := NewServer()
	for _, g := range []Group{
		{GroupID: "1", Subject: "Book club"},
		{GroupID: "2", Subject: "Book club 2", GroupStatus: "SUSPENDED"},
		{GroupID: "3", Subject: "Chess", GroupType: "supergroup", GroupLink: "https://t.me/chess?a=b&c=d"},
		{GroupID: "4", GroupStatus: "CREATING"},
	} {
		g.BusinessNumber, g.CustSpaceID = business, space
		s.AddGroup(g)
	}
	s.AddGroup(Group{GroupID: "5", BusinessNumber: "other", CustSpaceID: space})
	s.AddGroup(Group{GroupID: "6", BusinessNumber: business, CustSpaceID: "other"})

	type set = map[string]string
	cases := []struct {
		name  string
		set   set
		cap   int
		total int
		ids   []string
	}{
		{"without a filter: all of the number and the space", set{}, 0, 4, []string{"1", "2", "3", "4"}},
		{"by a part of Subject", set{"Subject": "club"}, 0, 2, []string{"1", "2"}},
		{"by a Subject that no group has", set{"Subject": "book"}, 0, 0, nil},
		{"by GroupStatus", set{"GroupStatus": "ACTIVE"}, 0, 2, []string{"1", "3"}},
		{"by GroupType", set{"GroupType": "supergroup"}, 0, 1, []string{"3"}},
		{"by GroupLink", set{"GroupLink": "https://t.me/chess?a=b&c=d"}, 0, 1, []string{"3"}},
		{"by a part of GroupLink: none", set{"GroupLink": "https://t.me/chess"}, 0, 0, nil},
		{"by two filters that must both hold", set{"Subject": "Book", "GroupStatus": "SUSPENDED"}, 0, 1, []string{"2"}},
		{"by empty filters: all", set{"Subject": "", "GroupStatus": "", "GroupType": "", "GroupLink": ""}, 0, 4, []string{"1", "2", "3", "4"}},
		{"a page", set{"Page": `{"Index":2,"Size":3}`}, 0, 4, []string{"4"}},
		{"a page of what is found", set{"Subject": "Book", "Page": `{"Index":2,"Size":1}`}, 0, 2, []string{"2"}},
		{"a page past the end", set{"Page": `{"Index":3,"Size":3}`}, 0, 4, nil},
		{"a page that is capped", set{"Page": `{"Index":2,"Size":3}`}, 2, 4, []string{"3", "4"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) { // one after another: the cap is the server's
			s.SetMaxPageSize(tc.cap)
			if tc.set["Page"] == "" {
				tc.set["Page"] = `{"Index":1,"Size":20}`
			}
			a := inMemory(s).call(t, caller{action: "ListChatGroup", set: tc.set})
			require.Equal(t, "OK", a.body.Code, a.text)
			var ids []string
			for _, g := range a.body.Data.List {
				ids = append(ids, g.GroupID)
			}
			assert.Equal(t, tc.ids, ids)
			assert.Equal(t, tc.total, a.body.Data.Total)
			if tc.ids == nil {
				assert.Contains(t, a.text, `"List":[]`)
			}
		})
	}
}

func TestListChatGroupShowsAllOfAGroup(t *testing.T) {
	t.Parallel()
	s := NewServer()
	s.AddGroup(Group{
		BusinessNumber: business, CustSpaceID: space, GroupID: "id", Participants: numbers(3), Subject: "subject", Description: "description",
		GroupStatus: "SUSPENDED", InviteLink: link, ProfilePictureFile: "https://example.com/a.jpg?b=c&d=e", BusinessRole: "role",
		GroupLink: "https://t.me/x", GroupType: "type", GmtModifier: 94,
	})
	a := inMemory(s).call(t, caller{action: "ListChatGroup", set: goodCalls["ListChatGroup"]})
	require.Len(t, a.body.Data.List, 1)
	assert.Equal(t, chatGroup{
		BusinessNumber: business, GroupID: "id", TotalParticipantCount: 3, Subject: "subject", Description: "description",
		GroupStatus: "SUSPENDED", InviteLink: link, ProfilePictureFile: "https://example.com/a.jpg?b=c&d=e", BusinessRole: "role",
		GroupLink: "https://t.me/x", GroupType: "type", GmtModifier: 94,
	}, a.body.Data.List[0].chatGroup)
}

func TestListChatGroupNeedsAWholePage(t *testing.T) {
	t.Parallel()
	cases := map[string]string{ // Page: the code
		"":                       "MissingPage",
		`{}`:                     "InvalidParameter",
		`{"Index":1}`:            "InvalidParameter",
		`{"Size":20}`:            "InvalidParameter",
		`{"Index":0,"Size":20}`:  "InvalidParameter",
		`{"Index":1,"Size":-20}`: "InvalidParameter",
		`1`:                      "InvalidParameter",
	}
	for page, code := range cases {
		a := inMemory(newServer(1)).call(t, caller{action: "ListChatGroup", set: map[string]string{"Page": page}})
		assert.Equal(t, code, a.body.Code, page)
		assert.Equal(t, 400, a.StatusCode, page)
	}
}
