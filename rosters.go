package cams

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"time"

	"github.com/cams-go/cams/internal/paging"
)

// Roster is a group and its members.
type Roster struct {
	Group        ChatGroup
	Participants []ChatGroupParticipant
	Changed      bool  // the list changed while it was read, so members may be missing: list the group again
	Err          error // why Participants is incomplete, or nil; it is about this group only
}

// storedRoster is a Roster in JSON. Its own Err hides that of the Roster.
type storedRoster struct {
	plainRoster
	Err *string
}

type plainRoster Roster // without the methods

// MarshalJSON writes Err as its text, or null.
func (r Roster) MarshalJSON() ([]byte, error) {
	stored := storedRoster{plainRoster: plainRoster(r)}
	if r.Err != nil {
		text := r.Err.Error()
		stored.Err = &text
	}
	return json.Marshal(stored)
}

// UnmarshalJSON reads what MarshalJSON writes. Err then has the text, and matches no other
// error.
func (r *Roster) UnmarshalJSON(data []byte) error {
	var stored storedRoster
	if err := json.Unmarshal(data, &stored); err != nil {
		return err
	}
	*r = Roster(stored.plainRoster)
	if stored.Err != nil {
		r.Err = errors.New(*stored.Err)
	}
	return nil
}

// LogValue implements [slog.LogValuer]: a log shows the group and how many members
// it has, and no phone number.
func (r Roster) LogValue() slog.Value {
	attrs := []slog.Attr{slog.Any("Group", r.Group), slog.Int("Participants", len(r.Participants))}
	if r.Err != nil {
		attrs = append(attrs, slog.String("Err", r.Err.Error()))
	}
	return slog.GroupValue(attrs...)
}

const (
	defaultPatience = 5 * time.Minute // of Rosters
	groupTries      = 3               // of a group that fails while others succeed
)

// Rosters lists the members of many groups, for instance of the groups that
// [ListChatGroupPager].All yields. It yields one Roster per group, in the order of
// groups, as soon as it is the next in order. concurrency, 1 or more, is how many groups
// are listed at the same time, also while the caller works on a roster. That also limits
// the memory.
//
// req has what the groups have in common: CustSpaceID, ChannelType, Page.Size and
// BusinessNumber. If BusinessNumber is empty, each group's own is used. opts are those of
// the pagers of the groups.
//
// Rosters outlasts outages of up to five minutes, see [WithPatience]: while no call
// succeeds, the groups that failed wait, and one of them asks again from time to time. If
// groups is the All of a pager, give that pager patience too. A group that fails while
// others succeed is tried three times in all; then its Roster has the Err. If the first
// group fails and concurrency is 1, no other group can succeed, so that counts as an
// outage. With WithPatience(0) each group that fails has its own Err, also in an outage.
//
// The iterator itself yields an error as its last element, after all rosters that are
// complete, if the failure is about all groups: patience has ended, there is no answer for
// a reason that lasts, [ErrUnauthenticated], [ErrAccessDenied], groups failed, an argument
// is invalid, or ctx has ended. What has been yielded is the checkpoint: list the other
// groups later.
//
// groups runs in another goroutine, beside the loop's body: what both use needs a lock. It
// must end when ctx does.
// Breaking out of the loop, or a failure about all groups, cancels all requests, waits
// until groups yields or ends, and leaves no goroutine.
func Rosters(ctx context.Context, api ListChatGroupParticipantsAPI, req *ListChatGroupParticipantsRequest,
	groups iter.Seq2[ChatGroup, error], concurrency int, opts ...PagerOption) iter.Seq2[Roster, error] {
	return func(yield func(Roster, error) bool) {
		options := pagerOptions{patience: defaultPatience}
		err := options.apply(opts)
		if err = cmp.Or(checkRosters(ctx, api, req, groups, concurrency), err); err != nil {
			yield(Roster{}, err)
			return
		}
		gate := newGate(options.patience, groupTries)
		if options.patience > 0 {
			opts = append(slices.Clip(opts), func(o *pagerOptions) { o.gate = gate })
		}
		broken := false
		err = paging.Ordered(ctx, groups, concurrency, func(ctx context.Context, group ChatGroup) (Roster, error) {
			return listRoster(ctx, api, *req, group, opts)
		}, func(roster Roster) bool {
			broken = !yield(roster, nil)
			return !broken
		})
		switch {
		case broken:
		case ctx.Err() != nil:
			last := gate.Failure()
			if err != nil && !errors.Is(err, ctx.Err()) { // what ended the run at the same moment
				last = err
			}
			yield(Roster{}, stopped(ctx, "Rosters", last))
		case err != nil:
			yield(Roster{}, err)
		}
	}
}

// listRoster lists one group. The error is about all groups.
func listRoster(ctx context.Context, api ListChatGroupParticipantsAPI, req ListChatGroupParticipantsRequest, group ChatGroup, opts []PagerOption) (Roster, error) {
	ofGroup := req.BusinessNumber == ""
	req.GroupID = group.GroupID
	if ofGroup {
		req.BusinessNumber = group.BusinessNumber
	}
	pager := NewListChatGroupParticipantsPager(api, &req, opts...)
	participants, err := Collect(pager.All(ctx))
	if err != nil && isAboutAll(ctx, err, ofGroup) {
		return Roster{}, err
	}
	return Roster{Group: group, Participants: participants, Changed: pager.Changed(), Err: err}, nil
}

// isAboutAll reports whether the failure of one group is about all groups. ofGroup means
// that the BusinessNumber is the group's own.
func isAboutAll(ctx context.Context, err error, ofGroup bool) bool {
	unanswered, invalid := new(CallError), new(ValidationError)
	switch {
	case ctx.Err() != nil, errors.As(err, new(*paging.ImpatientError)),
		errors.Is(err, ErrUnauthenticated), errors.Is(err, ErrAccessDenied):
		return true
	case errors.As(err, &invalid):
		return invalid.Field != "GroupID" && !(ofGroup && invalid.Field == "BusinessNumber")
	case errors.As(err, &unanswered):
		return !unanswered.passes && !errors.Is(err, ErrThrottled)
	}
	return false
}

func checkRosters(ctx context.Context, api ListChatGroupParticipantsAPI, req *ListChatGroupParticipantsRequest,
	groups iter.Seq2[ChatGroup, error], concurrency int) error {
	return cmp.Or(
		given("ctx", ctx != nil),
		given("ListChatGroupParticipantsAPI", api != nil),
		given("ListChatGroupParticipantsRequest", req != nil),
		given("groups", groups != nil),
		positive("concurrency", concurrency),
	)
}
