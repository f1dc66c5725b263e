package camstest

import (
	"maps"
	"strings"
)

// chatGroup is a group as ListChatGroup returns it.
type chatGroup struct {
	Description           string
	BusinessNumber        string
	InviteLink            string
	GroupStatus           string
	ProfilePictureFile    string
	Subject               string
	GroupID               string `json:"GroupId"`
	GroupType             string
	GroupLink             string
	BusinessRole          string
	GmtModifier           int64
	TotalParticipantCount int
}

// listChatGroup lists the groups of a business number, in order of creation. All filters that are not empty must match.
// It is assumed that Subject matches a part of the group's subject, and that the others must be equal.
func listChatGroup(groups *groupStore, a *ask) (any, *refusal) {
	if a.parameters.Get("Page") == "" {
		return nil, missing("Page")
	}
	p, bad := a.page(page{}) // Index and Size are both required here
	if bad != nil {
		return nil, bad
	}
	var found []*group
	for _, g := range groups.inOrder {
		if g.BusinessNumber == a.businessNumber && g.CustSpaceID == a.custSpaceID && g.passes(a) {
			found = append(found, g)
		}
	}
	list := []any{} // [] in JSON, not null
	for _, g := range onPage(found, groups.capped(p)) {
		list = append(list, g.shown())
	}
	return struct{ Data any }{listData{Total: len(found), List: list}}, nil
}

func (g *group) passes(a *ask) bool {
	equal := func(name, value string) bool {
		filter := a.parameters.Get(name)
		return filter == "" || filter == value
	}
	return strings.Contains(g.Subject, a.parameters.Get("Subject")) &&
		equal("GroupStatus", g.GroupStatus) && equal("GroupType", g.GroupType) && equal("GroupLink", g.GroupLink)
}

// shown returns the group as JSON.
func (g *group) shown() any {
	known := chatGroup{
		Description:           g.Description,
		BusinessNumber:        g.BusinessNumber,
		InviteLink:            g.InviteLink,
		GroupStatus:           g.GroupStatus,
		ProfilePictureFile:    g.ProfilePictureFile,
		Subject:               g.Subject,
		GroupID:               g.GroupID,
		GroupType:             g.GroupType,
		GroupLink:             g.GroupLink,
		BusinessRole:          g.BusinessRole,
		GmtModifier:           g.GmtModifier,
		TotalParticipantCount: len(g.Participants),
	}
	if g.Extra == "" {
		return known
	}
	all := fieldsOf(jsonOf(known))
	maps.Copy(all, fieldsOf(g.Extra))
	return all
}
