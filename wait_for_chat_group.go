package cams

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/cams-go/cams/internal/retry"
)

// The pauses between two polls: the first, doubled each time, up to the longest.
const (
	firstPoll   = time.Second
	longestPoll = 15 * time.Second
)

// WaitForChatGroup lists groups again and again until done returns true for one of them,
// and returns that group. It lists at once, after 1 s, and then less often, every 15 s in
// the end. Each time it lists all pages, so set Subject or another filter in req.
//
// It is for what the service does after its answer, and for what a call with
// [ErrOutcomeUnknown] may have done. For a group that [Client.AddChatGroup] started, done
// tests Subject, because the filter may find similar ones too, and GroupStatus. Other
// groups may have the same Subject.
//
// An error that matches [ErrUnavailable] or [ErrThrottled] does not end the wait, any other
// does. So does the end of ctx: give ctx a deadline. The error then wraps that of the latest
// listing, if it failed.
func WaitForChatGroup(ctx context.Context, api ListChatGroupAPI, req *ListChatGroupRequest, done func(ChatGroup) bool) (ChatGroup, error) {
	if err := cmp.Or(given("ctx", ctx != nil), given("ListChatGroupAPI", api != nil),
		given("ListChatGroupRequest", req != nil), given("done", done != nil)); err != nil {
		return ChatGroup{}, err
	}
	pager := NewListChatGroupPager(api, req)
	var last error // of the latest listing
	for pause := firstPoll; ; pause = min(2*pause, longestPoll) {
		group, found, err := findChatGroup(ctx, pager, done)
		switch {
		case found:
			return group, nil
		case err == nil:
			last = nil
		case errors.Is(err, ErrUnavailable), errors.Is(err, ErrThrottled):
			last = err
		case ctx.Err() == nil || !errors.Is(err, ctx.Err()):
			return ChatGroup{}, err
		}
		asked, _ := RetryAfter(err)
		if !retry.Pause(ctx, max(pause, asked)) {
			return ChatGroup{}, stopped(ctx, "WaitForChatGroup", last)
		}
	}
}

// findChatGroup lists all groups until done returns true for one.
func findChatGroup(ctx context.Context, pager *ListChatGroupPager, done func(ChatGroup) bool) (ChatGroup, bool, error) {
	for group, err := range pager.All(ctx) {
		if err != nil {
			return ChatGroup{}, false, err
		}
		if done(group) {
			return group, true, nil
		}
	}
	return ChatGroup{}, false, nil
}
