package camstest

// addChatGroupInviteLink gives a group a new invite link. An earlier link becomes invalid.
func addChatGroupInviteLink(groups *groupStore, a *ask) (any, *refusal) {
	g, bad := groups.findActive(a.groupKey)
	if bad != nil {
		return nil, bad
	}
	g.InviteLink = groups.newLink()
	g.touch(a.now)
	return struct{ InviteLink string }{g.InviteLink}, nil
}
