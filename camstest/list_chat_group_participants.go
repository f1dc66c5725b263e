package camstest

import "encoding/json"

// participant is a member with a phone number as ListChatGroupParticipants returns it.
type participant struct{ ParticipantNumber string }

// listChatGroupParticipants lists the members of a group in the order in which they joined.
func listChatGroupParticipants(groups *groupStore, a *ask) (any, *refusal) {
	p, bad := a.page(page{Index: 1, Size: 20})
	if bad != nil {
		return nil, bad
	}
	g, bad := groups.find(a.groupKey)
	if bad != nil {
		return nil, bad
	}
	list := []any{} // [] in JSON, not null
	for _, member := range onPage(g.Participants, groups.capped(p)) {
		if isNumber(member) {
			list = append(list, participant{member})
		} else {
			list = append(list, json.RawMessage(member))
		}
	}
	return struct{ Data any }{listData{Total: len(g.Participants), List: list}}, nil
}
