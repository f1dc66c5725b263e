package cams_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/cams-go/cams"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// groupService answers as a service does, with a group where that has a member.
type groupService struct{ *service }

func (s groupService) ListChatGroup(ctx context.Context, req *cams.ListChatGroupRequest) (*cams.ListChatGroupResponse, error) {
	members, err := s.ListChatGroupParticipants(ctx, &cams.ListChatGroupParticipantsRequest{Page: req.Page})
	if err != nil {
		return nil, err
	}
	groups := &cams.ListChatGroupResponse{ResponseMetadata: members.ResponseMetadata}
	groups.Data.Total = members.Data.Total
	for _, member := range members.Data.List {
		groups.Data.List = append(groups.Data.List, cams.ChatGroup{GroupID: member.ParticipantNumber})
	}
	return groups, nil
}

// operations are listers once they have a context and options.
var operations = map[string]func(ctx context.Context, api *service, page *cams.Page, opts ...cams.PagerOption) ([]cams.ChatGroupParticipant, int, error){
	"ListChatGroupParticipants": func(ctx context.Context, api *service, page *cams.Page, opts ...cams.PagerOption) ([]cams.ChatGroupParticipant, int, error) {
		p := newPager(api, page, opts...)
		members, err := cams.Collect(p.All(ctx))
		return members, p.NextIndex(), err
	},
	"ListChatGroup": func(ctx context.Context, api *service, page *cams.Page, opts ...cams.PagerOption) ([]cams.ChatGroupParticipant, int, error) {
		p := cams.NewListChatGroupPager(groupService{api}, &cams.ListChatGroupRequest{
			BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", Page: page,
		}, opts...)
		groups, err := cams.Collect(p.All(ctx))
		var members []cams.ChatGroupParticipant
		for _, group := range groups {
			members = append(members, cams.ChatGroupParticipant{ParticipantNumber: group.GroupID})
		}
		return members, p.NextIndex(), err
	},
}

// lister lists all, and gives the pager's NextIndex too.
type lister func(api *service, page *cams.Page) ([]cams.ChatGroupParticipant, int, error)

// ofEither runs a test in a bubble for each of the operations, with and without prefetch.
func ofEither(t *testing.T, name string, test func(t *testing.T, list lister)) {
	t.Helper()
	for operation, list := range operations {
		for _, prefetch := range []int{1, 4} {
			bubble(t, fmt.Sprintf("%s/%s, prefetch %d", name, operation, prefetch), func(t *testing.T) {
				test(t, func(api *service, page *cams.Page) ([]cams.ChatGroupParticipant, int, error) {
					if prefetch > 1 {
						api.latency = later
					}
					return list(t.Context(), api, page, cams.WithPrefetch(prefetch))
				})
			})
		}
	}
}

func TestEitherOperationEndsByTheSameRules(t *testing.T) {
	t.Parallel()
	for _, tt := range listingCases {
		ofEither(t, tt.name, func(t *testing.T, list lister) {
			got, next, err := list(&service{answer: tt.answer}, tt.start())
			assert.Equal(t, tt.want, letters(got))
			assert.Equal(t, tt.next, next)
			assert.ErrorIs(t, err, tt.err)
		})
	}
}

func TestAnEmptyPageAmongOthersLosesNobody(t *testing.T) {
	t.Parallel()
	members := numbered(50)
	// Whatever Size is asked for, the service sends ten a page, and none on the third.
	answer := func(page cams.Page) (int, []cams.ChatGroupParticipant, error) {
		if page.Index == 3 {
			return 50, nil, nil
		}
		return group(members)(cams.Page{Size: 10, Index: page.Index})
	}
	for _, size := range []int{1, 10, 20, 100} {
		ofEither(t, fmt.Sprint("Size ", size), func(t *testing.T, list lister) {
			api := &service{answer: answer}
			got, next, err := list(api, &cams.Page{Size: size})
			require.NoError(t, err)
			assert.Equal(t, append(numbered(20), members[30:]...), got)
			assert.Equal(t, 6, next)
			assert.ElementsMatch(t, []int{1, 2, 3, 4, 5, 6}, api.asked())
		})
	}
}

// ignoresPage answers with other members each time, as if nobody had asked for a page.
func ignoresPage(total int, number func(i int) string) *service {
	sent := 0
	return &service{answer: func(page cams.Page) (int, []cams.ChatGroupParticipant, error) {
		if sent > 200_000 {
			return 0, nil, errors.New("there is no end")
		}
		list := make([]cams.ChatGroupParticipant, 20)
		for i := range list {
			list[i].ParticipantNumber = number(sent)
			sent++
		}
		return total, list, nil
	}}
}

func TestAListingThatGoesOnFarPastTotalIsStopped(t *testing.T) {
	t.Parallel()
	numbers := map[string]func(int) string{
		"new numbers":    func(i int) string { return fmt.Sprint("86138", i) },
		"masked numbers": func(int) string { return "86138***" },
	}
	for total, want := range map[int]int{50: 1060, 999: 2000, 5001: 10020} {
		for name, number := range numbers {
			ofEither(t, fmt.Sprintf("Total %d, %s", total, name), func(t *testing.T, list lister) {
				api := ignoresPage(total, number)
				got, next, err := list(api, nil)
				require.ErrorIs(t, err, cams.ErrPagerStalled)
				assert.EqualError(t, err, fmt.Sprintf("cams: the listing stalled: page %d goes on far past Total (%d received, Total %d)", want/20+1, want, total))
				assert.Len(t, got, want)
				assert.Equal(t, want/20+1, next)
				assert.LessOrEqual(t, len(api.requests), want/20+1+3, "prefetch")
			})
		}
	}
}

func TestAListingWithoutTotalIsStoppedAtAHundredThousand(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{1, 4} {
		bubble(t, fmt.Sprintf("prefetch %d", prefetch), func(t *testing.T) {
			api := ignoresPage(0, func(i int) string { return strconv.Itoa(i) })
			received := 0
			for _, err := range newPager(api, nil, cams.WithPrefetch(prefetch)).All(t.Context()) {
				if err != nil {
					assert.EqualError(t, err, "cams: the listing stalled: page 5002 goes on far past Total (100020 received, Total 0)")
					break
				}
				received++
			}
			assert.Equal(t, 100_020, received)
		})
	}
}

func TestALongListingWithAWrongTotalIsListed(t *testing.T) {
	t.Parallel()
	for total, length := range map[int]int{-1: 3_000, 0: 3_000, 7: 1_007, 2_007: 4_014} {
		ofEither(t, fmt.Sprintf("Total %d of %d", total, length), func(t *testing.T, list lister) {
			members := numbered(length)
			got, _, err := list(&service{answer: func(page cams.Page) (int, []cams.ChatGroupParticipant, error) {
				_, list, err := group(members)(page)
				return total, list, err
			}}, nil)
			require.NoError(t, err)
			assert.Equal(t, members, got)
		})
	}
}

// A listing that starts late has received little, however far its pages are.
func TestALateStartIsNotFarPastTotal(t *testing.T) {
	t.Parallel()
	for _, total := range []int{-1, 0, 1} {
		ofEither(t, fmt.Sprint("Total ", total), func(t *testing.T, list lister) {
			pages := map[int]string{9001: "ab", 9002: "cd"}
			got, _, err := list(&service{answer: func(page cams.Page) (int, []cams.ChatGroupParticipant, error) {
				return total, named(pages[page.Index]), nil
			}}, &cams.Page{Size: 200, Index: 9001})
			require.NoError(t, err)
			assert.Equal(t, "abcd", letters(got))
		})
	}
}

func TestAStallSaysHowManyCameAndWhatTotalIs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		listing listingCase
		want    string
	}{
		"a page comes again": {
			listingCase{answers: []answer{{9, "ab"}, {9, "cd"}}, past: lastPage},
			"cams: the listing stalled: page 3 repeats a page (4 received, Total 9)",
		},
		"pages are empty": {
			listingCase{answers: []answer{{99, "ab"}, {99, "cd"}}},
			"cams: the listing stalled: page 5 is the third empty one in a row (4 received, Total 99)",
		},
	} {
		ofEither(t, name, func(t *testing.T, list lister) {
			_, _, err := list(&service{answer: tt.listing.answer}, tt.listing.start())
			require.ErrorIs(t, err, cams.ErrPagerStalled)
			assert.EqualError(t, err, tt.want)
		})
	}
}

func TestNextPageGoesOnOnceTheEmptyPagesAreOver(t *testing.T) {
	t.Parallel()
	empty := true
	p := newPager(&service{answer: func(page cams.Page) (int, []cams.ChatGroupParticipant, error) {
		if page.Index == 2 || page.Index == 3 || page.Index == 4 && empty {
			return 20 - page.Index, nil, nil
		}
		return group(named("abcdefghij"))(page)
	}}, &cams.Page{Size: 2})
	for range 3 {
		_, err := p.NextPage(t.Context())
		require.NoError(t, err)
	}
	for range 2 {
		_, err := p.NextPage(t.Context())
		require.ErrorIs(t, err, cams.ErrPagerStalled)
		assert.Equal(t, 4, p.NextIndex(), "it asks for the same page again")
		assert.Equal(t, 17, p.Total(), "the state is that of the page before")
		assert.True(t, p.HasNext())
	}
	empty = false
	page, err := p.NextPage(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "gh", letters(page.Data.List))
	page, err = p.NextPage(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "ij", letters(page.Data.List))
	assert.True(t, p.HasNext(), "four of ten are missing")
	page, err = p.NextPage(t.Context())
	require.NoError(t, err)
	assert.Empty(t, page.Data.List)
	assert.False(t, p.HasNext())
}

func TestAnEmptyPageMovesNextIndexOfAll(t *testing.T) {
	t.Parallel()
	p := newPager(&service{answer: func(page cams.Page) (int, []cams.ChatGroupParticipant, error) {
		if page.Index == 2 {
			return 6, nil, nil
		}
		if page.Index == 3 {
			return 0, nil, errTransient
		}
		return group(named("abcdef"))(page)
	}}, &cams.Page{Size: 2})
	_, err := cams.Collect(p.All(t.Context()))
	require.Equal(t, errTransient, err)
	assert.Equal(t, 3, p.NextIndex())
}

func TestAGroupsStallIsInItsRosterWithTheMembersThatCame(t *testing.T) {
	t.Parallel()
	api := &service{answer: listingCase{answers: []answer{{99, "ab"}, {99, "cd"}}}.answer}
	groups := func(yield func(cams.ChatGroup, error) bool) { yield(cams.ChatGroup{GroupID: "EA939"}, nil) }
	rosters, err := cams.Collect(cams.Rosters(t.Context(), api, &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", Page: &cams.Page{Size: 2},
	}, groups, 2))
	require.NoError(t, err)
	require.Len(t, rosters, 1)
	require.ErrorIs(t, rosters[0].Err, cams.ErrPagerStalled)
	assert.Equal(t, "abcd", letters(rosters[0].Participants))
}

func TestWhatIsWrongWithAPagerOfGroupsIsItsFirstError(t *testing.T) {
	t.Parallel()
	for field, p := range map[string]*cams.ListChatGroupPager{
		"ListChatGroupRequest": cams.NewListChatGroupPager(groupService{}, nil),
		"ListChatGroupAPI":     cams.NewListChatGroupPager(nil, &cams.ListChatGroupRequest{}),
	} {
		_, err := p.NextPage(t.Context())
		var invalid *cams.ValidationError
		require.ErrorAs(t, err, &invalid)
		assert.Equal(t, field, invalid.Field)
	}
}
