package camstest

import "slices"

// Group is an IM group. BusinessNumber, CustSpaceID and GroupID together identify it; Participants are the phone
// numbers of its members, in the order in which they are listed.
type Group struct {
	BusinessNumber, CustSpaceID, GroupID string
	Participants                         []string
}

// AddGroup adds g, or replaces the group with the same three identifiers.
func (s *Server) AddGroup(g Group) {
	g.Participants = slices.Clone(g.Participants)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups.put(&group{Group: g})
}

// SetMaxPageSize makes the server cap Page.Size at n, silently: a request for more gets pages of n.
// 0, the default, is no cap.
func (s *Server) SetMaxPageSize(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups.maxPageSize = n
}

// groupStore is what the service knows of groups. [Server.mu] guards it.
type groupStore struct {
	byKey       map[groupKey]*group
	inOrder     []*group // of creation
	maxPageSize int
}

type groupKey struct{ businessNumber, custSpaceID, groupID string }

type group struct{ Group }

func (g *group) key() groupKey { return groupKey{g.BusinessNumber, g.CustSpaceID, g.GroupID} }

// put adds a group, or replaces the one with the same key in its place.
func (s *groupStore) put(g *group) {
	old, known := s.byKey[g.key()]
	s.byKey[g.key()] = g
	if known {
		s.inOrder[slices.Index(s.inOrder, old)] = g
	} else {
		s.inOrder = append(s.inOrder, g)
	}
}

func (s *groupStore) find(key groupKey) (*group, *refusal) {
	if g, known := s.byKey[key]; known {
		return g, nil
	}
	return nil, unknownGroup
}

func (s *groupStore) capped(p page) page {
	if s.maxPageSize > 0 {
		p.Size = min(p.Size, s.maxPageSize)
	}
	return p
}
