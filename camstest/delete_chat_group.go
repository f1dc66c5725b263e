package camstest

// deleteChatGroup deletes a group with any status, including its members and its link.
func deleteChatGroup(groups *groupStore, a *ask) (any, *refusal) {
	g, bad := groups.find(a.groupKey)
	if bad != nil {
		return nil, bad
	}
	groups.remove(g)
	return struct{ Result int }{1}, nil
}
