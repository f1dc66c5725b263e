package camstest

import "cmp"

// updateChatGroup changes the fields that are given and leaves the others. It is assumed that at least one is required.
func updateChatGroup(groups *groupStore, a *ask) (any, *refusal) {
	subject := a.parameters.Get("Subject")
	description := a.parameters.Get("Description")
	picture := a.parameters.Get("ProfilePictureFile")
	if subject+description+picture == "" {
		return nil, invalid("One of Subject, Description and ProfilePictureFile is needed.")
	}
	if bad := a.checkTexts(); bad != nil {
		return nil, bad
	}
	g, bad := groups.findActive(a.groupKey)
	if bad != nil {
		return nil, bad
	}
	g.Subject = cmp.Or(subject, g.Subject)
	g.Description = cmp.Or(description, g.Description)
	g.ProfilePictureFile = cmp.Or(picture, g.ProfilePictureFile)
	g.touch(a.now)
	return struct{ Result int }{1}, nil
}
