package camstest

import (
	"encoding/json"
	"slices"
	"strings"
)

// deleteChatGroupParticipants removes members, who then cannot join again. Result is how many it removed. Numbers that
// are not members do not count. It is assumed that a member without a number can be removed by its ID, which has letters.
func deleteChatGroupParticipants(groups *groupStore, a *ask) (any, *refusal) {
	var list []participant
	err := json.Unmarshal([]byte(a.parameters.Get("List")), &list)
	if err != nil || len(list) == 0 || slices.Contains(list, participant{}) {
		return nil, invalid("List must be a JSON list of objects with a ParticipantNumber, at least one.")
	}
	for _, p := range list {
		if !strings.ContainsFunc(p.ParticipantNumber, isLetter) && !isDigits(p.ParticipantNumber) {
			return nil, notNumeric("ParticipantNumber")
		}
	}
	g, bad := groups.findActive(a.groupKey)
	if bad != nil {
		return nil, bad
	}
	removed := 0
	for _, p := range list {
		if i := g.indexOf(p.ParticipantNumber); i >= 0 {
			g.Participants = slices.Delete(g.Participants, i, i+1)
			g.removed[p.ParticipantNumber] = true
			g.touch(a.now)
			removed++
		}
	}
	return struct{ Result int }{removed}, nil
}

func isLetter(r rune) bool { return 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' }
