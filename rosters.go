package cams

import (
	"context"
	"iter"
	"log/slog"
	"sync"

	"github.com/cams-go/cams/internal/paging"
)

// Roster is a group and its members.
type Roster struct {
	Group        ChatGroup
	Participants []ChatGroupParticipant
	Err          error // why Participants is incomplete, or nil
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

// Rosters lists the members of many groups, for instance of the groups that
// [ListChatGroupPager].All yields. It yields one Roster per group, in the order of
// groups. concurrency, 1 or more, is how many groups are listed at the same time; that
// also limits the memory.
//
// req has what the groups have in common: CustSpaceID, ChannelType, Page.Size and
// BusinessNumber. If BusinessNumber is empty, each group's own is used.
//
// An error about one group is in its Roster's Err. The iterator itself yields an error
// only as its last element: groups failed, an argument is invalid, or ctx has ended.
// Breaking out of the loop cancels all requests and leaves no goroutine.
func Rosters(ctx context.Context, api ListChatGroupParticipantsAPI, req *ListChatGroupParticipantsRequest,
	groups iter.Seq2[ChatGroup, error], concurrency int) iter.Seq2[Roster, error] {
	return func(yield func(Roster, error) bool) {
		if err := checkRosters(ctx, api, req, groups, concurrency); err != nil {
			yield(Roster{}, err)
			return
		}
		run := &rosters{api: api, req: *req, yield: yield}
		var cancel context.CancelFunc
		run.ctx, cancel = context.WithCancel(ctx)
		defer run.running.Wait()
		defer cancel()

		err := run.through(groups, concurrency)
		for !run.stopped && ctx.Err() == nil && len(run.queue) > 0 {
			run.deliver()
		}
		switch {
		case run.stopped:
		case ctx.Err() != nil:
			yield(Roster{}, stopped(ctx, "Rosters"))
		case err != nil:
			yield(Roster{}, err)
		}
	}
}

func checkRosters(ctx context.Context, api ListChatGroupParticipantsAPI, req *ListChatGroupParticipantsRequest,
	groups iter.Seq2[ChatGroup, error], concurrency int) error {
	switch {
	case ctx == nil:
		return missing("ctx")
	case api == nil:
		return missing("ListChatGroupParticipantsAPI")
	case req == nil:
		return missing("ListChatGroupParticipantsRequest")
	case groups == nil:
		return missing("groups")
	case concurrency < 1:
		return &ValidationError{Field: "concurrency", Reason: "is below 1"}
	}
	return nil
}

// rosters is the state of one loop over Rosters.
type rosters struct {
	ctx     context.Context
	api     ListChatGroupParticipantsAPI
	req     ListChatGroupParticipantsRequest
	yield   func(Roster, error) bool
	running sync.WaitGroup
	queue   []chan pending // in the order of the groups; each channel gets one value
	stopped bool           // the caller broke out of the loop
}

// pending is the result of listing one group.
type pending struct {
	roster   Roster
	panicked any // the value of a panic, to panic again where the caller can recover
}

// through starts listing one group after the other and delivers those that are ready. When
// concurrency groups are in flight, it waits for the first.
func (r *rosters) through(groups iter.Seq2[ChatGroup, error], concurrency int) error {
	for group, err := range groups {
		if err != nil {
			return err
		}
		r.start(group)
		for len(r.queue) == concurrency || len(r.queue) > 0 && len(r.queue[0]) > 0 { // full, or the first is ready
			if !r.deliver() {
				return nil
			}
		}
	}
	return nil
}

func (r *rosters) start(group ChatGroup) {
	done := make(chan pending, 1)
	r.queue = append(r.queue, done)
	r.running.Go(func() {
		result := pending{roster: Roster{Group: group, Err: paging.ErrNothing}}
		defer func() {
			result.panicked = recover()
			done <- result
		}()
		req := r.req
		req.GroupID = group.GroupID
		if req.BusinessNumber == "" {
			req.BusinessNumber = group.BusinessNumber
		}
		pager := NewListChatGroupParticipantsPager(r.api, &req)
		result.roster.Participants, result.roster.Err = Collect(pager.All(r.ctx))
	})
}

// deliver waits for the first group in the queue and yields it. It reports whether to
// continue.
func (r *rosters) deliver() bool {
	first := <-r.queue[0]
	r.queue = r.queue[1:]
	if first.panicked != nil {
		panic(first.panicked)
	}
	if r.ctx.Err() == nil {
		r.stopped = !r.yield(first.roster, nil)
	}
	return !r.stopped && r.ctx.Err() == nil
}
