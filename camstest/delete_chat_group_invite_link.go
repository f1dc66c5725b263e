package camstest

// deleteChatGroupInviteLink deletes a group's link. Result is 1, or 0 if it had none.
func deleteChatGroupInviteLink(groups *groupStore, a *ask) (any, *refusal) {
	g, bad := groups.findActive(a.groupKey)
	if bad != nil {
		return nil, bad
	}
	deleted := 0
	if g.InviteLink != "" {
		g.InviteLink = ""
		g.touch(a.now)
		deleted = 1
	}
	return struct{ Result int }{deleted}, nil
}
