package camstest

import (
	"fmt"
	"unicode/utf8"
)

// WhatsApp's own limits, in characters.
const (
	maxSubject     = 128
	maxDescription = 2048
)

// addChatGroup creates a group with status CREATING. The answer has no GroupId; only ListChatGroup returns it. The real
// service may refuse a group without Subject; the fake does not.
func addChatGroup(groups *groupStore, a *ask) (any, *refusal) {
	if bad := a.checkTexts(); bad != nil {
		return nil, bad
	}
	groups.create(Group{
		BusinessNumber: a.businessNumber,
		CustSpaceID:    a.custSpaceID,
		Subject:        a.parameters.Get("Subject"),
		Description:    a.parameters.Get("Description"),
		GroupLink:      a.parameters.Get("GroupLink"),
	}, a.now)
	return struct{ UniqueCode string }{fmt.Sprintf("8938%05d", groups.serial)}, nil
}

// checkTexts refuses a Subject or a Description that is too long.
func (a *ask) checkTexts() *refusal {
	if utf8.RuneCountInString(a.parameters.Get("Subject")) > maxSubject {
		return invalid(fmt.Sprintf("Subject must have at most %d characters.", maxSubject))
	}
	if utf8.RuneCountInString(a.parameters.Get("Description")) > maxDescription {
		return invalid(fmt.Sprintf("Description must have at most %d characters.", maxDescription))
	}
	return nil
}
