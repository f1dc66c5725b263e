package camstest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"
)

// Group is a group. BusinessNumber, CustSpaceID and GroupID together identify it. Participants are the phone numbers of
// its members, in the order in which they are listed. A member with other fields is the JSON object that
// ListChatGroupParticipants lists, for instance {"UserId":"US.13491208655302741918"} for one with an ID and no phone
// number; the name of such a field is not published. The other fields are those that ListChatGroup returns.
type Group struct {
	BusinessNumber, CustSpaceID, GroupID string
	Participants                         []string

	Subject, Description string
	GroupStatus          string // "" means ACTIVE
	InviteLink           string // "" means none; see [Server.Join]
	ProfilePictureFile   string // a URL
	BusinessRole         string
	GroupLink, GroupType string
	GmtModifier          int64 // time of the last change in milliseconds (assumed); 0 means now

	Extra string // a JSON object: fields that ListChatGroup returns too, or instead of those above; "" means none
}

const (
	statusActive   = "ACTIVE"
	statusCreating = "CREATING"

	maxMembers = 8 // WhatsApp's limit
	linkPrefix = "https://chat.whatsapp.com/"
)

// AddGroup adds g, or replaces the group with the same three identifiers. It checks nothing, so a group may have any
// status, and more members than the service allows. But it panics if Extra or a member that is not a number is no JSON
// object.
func (s *Server) AddGroup(g Group) {
	now := s.clock()
	g.Participants = slices.Clone(g.Participants)
	for _, text := range append(slices.DeleteFunc(slices.Clone(g.Participants), isNumber), g.Extra) {
		if text != "" && fieldsOf(text) == nil {
			panic("camstest: this is no JSON object: " + text)
		}
	}
	if g.GroupStatus == "" {
		g.GroupStatus = statusActive
	}
	if g.GmtModifier == 0 {
		g.GmtModifier = now.UnixMilli()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups.put(&group{Group: g})
}

// Groups returns copies of all groups, in order of creation.
func (s *Server) Groups() []Group {
	now := s.clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups.settle(now)
	copies := make([]Group, len(s.groups.inOrder))
	for i, g := range s.groups.inOrder {
		copies[i] = g.Group
		copies[i].Participants = slices.Clone(g.Participants)
	}
	return copies
}

// SetActivationDelay sets how long new groups of AddChatGroup stay CREATING before they become ACTIVE, by the server's
// clock. With 0, the default, a new group is ACTIVE when it is next used or listed. With a negative delay it stays CREATING
// until [Server.Activate].
func (s *Server) SetActivationDelay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups.activationDelay = d
}

// Activate makes every CREATING group ACTIVE.
func (s *Server) Activate() {
	now := s.clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.groups.inOrder {
		g.activate(now)
	}
}

// Join makes a phone number a member of the group with this invite link, as a person does with the link. It returns an
// error if the link is no longer valid, the group is not ACTIVE or has 8 members (WhatsApp's limit), or the number was
// removed from the group. For a number that is already a member it does nothing.
func (s *Server) Join(link, number string) error {
	now := s.clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups.settle(now)
	i := slices.IndexFunc(s.groups.inOrder, func(g *group) bool { return g.InviteLink == link })
	if link == "" || i < 0 {
		return errors.New("camstest: no group has this invite link: it was replaced or deleted, or never existed")
	}
	g := s.groups.inOrder[i]
	switch {
	case number == "":
		return errors.New("camstest: a member needs a phone number")
	case g.GroupStatus != statusActive:
		return fmt.Errorf("camstest: the group is %s", g.GroupStatus)
	case g.indexOf(number) >= 0:
		return nil
	case g.removed[number]:
		return errors.New("camstest: a removed member cannot join again with the link")
	case len(g.Participants) >= maxMembers:
		return fmt.Errorf("camstest: the group is full: it has %d members", len(g.Participants))
	}
	g.Participants = append(g.Participants, number)
	g.touch(now)
	return nil
}

// groupStore stores the groups. [Server.mu] guards it.
type groupStore struct {
	byKey   map[groupKey]*group
	inOrder []*group // in order of creation
	waiting []*group // those that become ACTIVE at a certain time

	activationDelay time.Duration
	maxPageSize     int
	serial          int // how many IDs and links have been created
}

type groupKey struct{ businessNumber, custSpaceID, groupID string }

type group struct {
	Group
	activeAt time.Time       // when it becomes ACTIVE
	removed  map[string]bool // numbers that cannot join again
}

func (g *group) key() groupKey { return groupKey{g.BusinessNumber, g.CustSpaceID, g.GroupID} }

// indexOf returns the index of the member with this phone number or ID, or -1. An ID is a string in any field of a member
// that is a JSON object.
func (g *group) indexOf(number string) int {
	return slices.IndexFunc(g.Participants, func(member string) bool {
		if isNumber(member) {
			return member == number
		}
		id := jsonOf(number)
		for _, value := range fieldsOf(member) {
			if string(value) == id {
				return true
			}
		}
		return false
	})
}

// isNumber reports whether a member is no JSON object.
func isNumber(member string) bool { return !strings.HasPrefix(member, "{") }

// fieldsOf returns the fields of a JSON object, or nil if it is none.
func fieldsOf(object string) map[string]json.RawMessage {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal([]byte(object), &fields)
	return fields
}

// touch sets the time of the last change.
func (g *group) touch(now time.Time) { g.GmtModifier = now.UnixMilli() }

func (g *group) activate(at time.Time) {
	if g.GroupStatus == statusCreating {
		g.GroupStatus = statusActive
		g.touch(at)
	}
}

// put adds a group, or replaces the one with the same key.
func (s *groupStore) put(g *group) {
	g.removed = make(map[string]bool)
	old, known := s.byKey[g.key()]
	s.byKey[g.key()] = g
	if known {
		s.inOrder[slices.Index(s.inOrder, old)] = g
	} else {
		s.inOrder = append(s.inOrder, g)
	}
}

// create adds a group with a new ID, as AddChatGroup does.
func (s *groupStore) create(g Group, now time.Time) {
	for taken := true; taken; _, taken = s.byKey[(&group{Group: g}).key()] {
		// Like the IDs of WhatsApp, these are base64 and end in "=", so that tests notice missing encoding.
		g.GroupID = base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "camstest:%05d", s.next()))
	}
	g.GroupStatus = statusCreating
	created := &group{Group: g, activeAt: now.Add(s.activationDelay)}
	created.touch(now)
	s.put(created)
	if s.activationDelay >= 0 {
		s.waiting = append(s.waiting, created)
	}
}

func (s *groupStore) remove(g *group) {
	delete(s.byKey, g.key())
	s.inOrder = slices.DeleteFunc(s.inOrder, func(other *group) bool { return other == g })
}

// settle activates the groups whose time has come. Call it before using a group.
func (s *groupStore) settle(now time.Time) {
	s.waiting = slices.DeleteFunc(s.waiting, func(g *group) bool {
		over := !now.Before(g.activeAt)
		if over {
			g.activate(g.activeAt)
		}
		return over
	})
}

// newLink returns an invite link that no group had before.
func (s *groupStore) newLink() string {
	h := fnv.New128a()
	fmt.Fprintf(h, "link %d", s.next())
	return linkPrefix + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func (s *groupStore) next() int {
	s.serial++
	return s.serial
}

func (s *groupStore) find(key groupKey) (*group, *refusal) {
	if g, known := s.byKey[key]; known {
		return g, nil
	}
	return nil, unknownGroup
}

// findActive returns a group that can be changed.
func (s *groupStore) findActive(key groupKey) (*group, *refusal) {
	g, bad := s.find(key)
	if bad == nil && g.GroupStatus != statusActive {
		return nil, inactiveGroup
	}
	return g, bad
}

func (s *groupStore) capped(p page) page {
	if s.maxPageSize > 0 {
		p.Size = min(p.Size, s.maxPageSize)
	}
	return p
}
