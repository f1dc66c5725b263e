package cams_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
)

// service is a stub of the API that remembers what it was asked. Where it has a
// latency, the test runs in a bubble of synctest.
type service struct {
	answer  func(page cams.Page) (total int, list []cams.ChatGroupParticipant, err error) // one call at a time
	latency func(page cams.Page) time.Duration                                            // nil for none

	mu                     sync.Mutex
	requests               []*cams.ListChatGroupParticipantsRequest
	inFlight, mostInFlight int
}

func (s *service) ListChatGroupParticipants(ctx context.Context, req *cams.ListChatGroupParticipantsRequest) (*cams.ListChatGroupParticipantsResponse, error) {
	page := *req.Page
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, req)
	s.inFlight++
	s.mostInFlight = max(s.mostInFlight, s.inFlight)
	defer func() { s.inFlight-- }()
	if s.latency != nil && s.latency(page) > 0 {
		s.mu.Unlock()
		select {
		case <-time.After(s.latency(page)):
		case <-ctx.Done():
		}
		s.mu.Lock()
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	total, list, err := s.answer(page)
	if err != nil {
		return nil, err
	}
	return response(total, list), nil
}

// asked is the indexes of the pages that were asked for.
func (s *service) asked() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var indexes []int
	for _, req := range s.requests {
		indexes = append(indexes, req.Page.Index)
	}
	return indexes
}

func (s *service) inFlightNow() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inFlight
}

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

// apiFunc is a stub of few words.
type apiFunc func(ctx context.Context, page cams.Page) (*cams.ListChatGroupParticipantsResponse, error)

func (f apiFunc) ListChatGroupParticipants(ctx context.Context, req *cams.ListChatGroupParticipantsRequest) (*cams.ListChatGroupParticipantsResponse, error) {
	return f(ctx, *req.Page)
}

func response(total int, list []cams.ChatGroupParticipant) *cams.ListChatGroupParticipantsResponse {
	return &cams.ListChatGroupParticipantsResponse{ResponseMetadata: cams.ResponseMetadata{Code: "OK", Success: true}, Data: cams.ListChatGroupParticipantsData{Total: total, List: list}}
}

// group answers as a service that holds these members would.
func group(members []cams.ChatGroupParticipant) func(cams.Page) (int, []cams.ChatGroupParticipant, error) {
	return func(page cams.Page) (int, []cams.ChatGroupParticipant, error) {
		from := min((page.Index-1)*page.Size, len(members))
		return len(members), members[from:min(from+page.Size, len(members))], nil
	}
}

// named makes a member of each letter, and letters is the way back. * is a masked one.
func named(letters string) []cams.ChatGroupParticipant {
	var list []cams.ChatGroupParticipant
	for _, letter := range letters {
		number := "86138*****000"
		if letter != '*' {
			number = fmt.Sprint(8613800000000 + int64(letter))
		}
		list = append(list, cams.ChatGroupParticipant{ParticipantNumber: number})
	}
	return list
}

func letters(list []cams.ChatGroupParticipant) string {
	var b strings.Builder
	for _, member := range list {
		number, err := strconv.ParseInt(member.ParticipantNumber, 10, 64)
		if err != nil {
			number = 8613800000000 + '*'
		}
		b.WriteRune(rune(number - 8613800000000))
	}
	return b.String()
}

func numbered(n int) []cams.ChatGroupParticipant {
	list := make([]cams.ChatGroupParticipant, n)
	for i := range list {
		list[i].ParticipantNumber = fmt.Sprintf("86138%08d", i)
	}
	return list
}

func newPager(api cams.ListChatGroupParticipantsAPI, page *cams.Page, opts ...cams.PagerOption) *cams.ListChatGroupParticipantsPager {
	return cams.NewListChatGroupParticipantsPager(api, &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: "8613800000000", GroupID: "EA939", CustSpaceID: "cams-k001", Page: page,
	}, opts...)
}

// ways are the three ways to list. Each returns the members that came before the
// error. It calls visit in the loop's body, and leaves the loop if that returns false.
var ways = map[string]func(ctx context.Context, p *cams.ListChatGroupParticipantsPager, visit func() bool) ([]cams.ChatGroupParticipant, error){
	"NextPage": func(ctx context.Context, p *cams.ListChatGroupParticipantsPager, visit func() bool) (list []cams.ChatGroupParticipant, err error) {
		for p.HasNext() {
			page, err := p.NextPage(ctx)
			if err != nil {
				return list, err
			}
			list = append(list, page.Data.List...)
			if !visit() {
				break
			}
		}
		return list, nil
	},
	"Pages": func(ctx context.Context, p *cams.ListChatGroupParticipantsPager, visit func() bool) (list []cams.ChatGroupParticipant, err error) {
		err = ranged(p.Pages(ctx), func(page *cams.ListChatGroupParticipantsResponse) bool {
			list = append(list, page.Data.List...)
			return visit()
		})
		return list, err
	},
	"All": func(ctx context.Context, p *cams.ListChatGroupParticipantsPager, visit func() bool) (list []cams.ChatGroupParticipant, err error) {
		err = ranged(p.All(ctx), func(member cams.ChatGroupParticipant) bool {
			list = append(list, member)
			return visit()
		})
		return list, err
	},
}

// ranged ranges over a sequence whose error must be the last that comes.
func ranged[T any](seq iter.Seq2[T, error], visit func(T) bool) (err error) {
	for one, oneErr := range seq {
		switch {
		case err != nil:
			return errors.New("something came after an error")
		case oneErr != nil:
			err = oneErr
		case !visit(one):
			return nil
		}
	}
	return err
}

func goOn() bool { return true }

// bubble runs test as a subtest in a bubble: time is fake there, and test fails
// if a goroutine is left.
func bubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, test)
	})
}

func always(d time.Duration) func(cams.Page) time.Duration {
	return func(cams.Page) time.Duration { return d }
}

// later answers a page after those before it.
func later(page cams.Page) time.Duration { return time.Duration(page.Index) * time.Second }

type answer struct {
	total int
	list  string
}

// endings are rows of the table of how a listing ends, which internal/paging has whole.
// Here they show that each way to list follows it.
var endings = []struct {
	name       string
	start      int      // Page.Index; Page.Size is 2
	answers    []answer // to the pages 1, 2, ...; those after them are empty
	want       string
	next       int // NextIndex at the end
	requests   int
	prefetched int // requests with cams.WithPrefetch(4)
	err        error
}{
	{"Total is reached", 1, []answer{{5, "ab"}, {5, "cd"}, {5, "e"}}, "abcde", 4, 3, 3, nil},
	{"pages differ in length", 1, []answer{{6, "ab"}, {6, "c"}, {6, "def"}}, "abcdef", 4, 3, 4, nil},
	{"Total shrinks to what has come", 1, []answer{{6, "ab"}, {4, "cd"}, {4, "ef"}}, "abcd", 3, 2, 3, nil},
	{"Total grows", 1, []answer{{4, "ab"}, {5, "cd"}, {5, "e"}}, "abcde", 4, 3, 3, nil},
	{"Total is absent", 1, []answer{{0, "ab"}, {0, "cd"}, {0, "e"}, {}}, "abcde", 4, 4, 7, nil},
	{"the group is empty", 1, []answer{{0, ""}}, "", 1, 1, 1, nil},
	{"a page is empty, and others follow", 1, []answer{{10, "ab"}, {10, "cd"}, {10, ""}, {10, "ef"}, {10, "gh"}}, "abcdefgh", 6, 6, 6, nil},
	{"three pages in a row are empty", 1, []answer{{12, "ab"}, {12, ""}, {12, ""}, {12, ""}, {12, "cd"}}, "ab", 4, 4, 7, cams.ErrPagerStalled},
	{"a page comes again", 1, []answer{{6, "ab"}, {6, "cd"}, {6, "cd"}}, "abcd", 3, 3, 3, cams.ErrPagerStalled},
	{"a page comes again and says that Total shrank to what has come", 1, []answer{{6, "ab"}, {6, "cd"}, {4, "cd"}}, "abcd", 3, 3, 3, nil},
	{"masked pages are not compared", 1, []answer{{6, "**"}, {6, "**"}, {6, "**"}}, "******", 4, 3, 3, nil},
	{"it starts in the middle", 3, []answer{{}, {}, {9, "ef"}, {9, "gh"}, {9, "i"}}, "efghi", 6, 3, 3, nil},
	{"it starts past the end", 7, []answer{{4, "ab"}, {4, "cd"}}, "", 7, 1, 1, nil},
}

func TestEachWayToListEndsByTheRules(t *testing.T) {
	t.Parallel()
	for _, tt := range endings {
		start := cams.Page{Size: 2, Index: tt.start}
		newService := func() *service {
			return &service{latency: later, answer: func(page cams.Page) (int, []cams.ChatGroupParticipant, error) {
				if page.Index > len(tt.answers) {
					return tt.answers[len(tt.answers)-1].total, nil, nil
				}
				answer := tt.answers[page.Index-1]
				return answer.total, named(answer.list), nil
			}}
		}
		for way, list := range ways {
			for _, prefetch := range []int{1, 4} {
				bubble(t, fmt.Sprintf("%s/%s, prefetch %d", tt.name, way, prefetch), func(t *testing.T) {
					api := newService()
					p := newPager(api, &start, cams.WithPrefetch(prefetch))
					got, err := list(t.Context(), p, func() bool {
						synctest.Wait() // all requests arrive, the last ones before they are cancelled
						return true
					})
					assert.Equal(t, tt.want, letters(got))
					assert.ErrorIs(t, err, tt.err)
					assert.Equal(t, tt.next, p.NextIndex())
					if prefetch > 1 && way != "NextPage" {
						assert.Len(t, api.asked(), tt.prefetched)
						assert.LessOrEqual(t, api.mostInFlight, prefetch)
						return
					}
					require.Len(t, api.asked(), tt.requests, "NextPage does not prefetch")
					for i, req := range api.requests {
						assert.Equal(t, cams.Page{Size: start.Size, Index: start.Index + i}, *req.Page)
					}
				})
			}
		}
		bubble(t, tt.name+"/groups", func(t *testing.T) {
			api := newService()
			p := cams.NewListChatGroupPager(groupService{api}, &cams.ListChatGroupRequest{
				BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", Page: &start,
			})
			groups, err := cams.Collect(p.All(t.Context()))
			var got []cams.ChatGroupParticipant
			for _, group := range groups {
				got = append(got, cams.ChatGroupParticipant{ParticipantNumber: group.GroupID})
			}
			assert.Equal(t, tt.want, letters(got))
			assert.ErrorIs(t, err, tt.err)
			assert.Equal(t, tt.next, p.NextIndex())
			assert.Len(t, api.asked(), tt.requests)
		})
	}
}

func TestAListingThatGoesOnFarPastTotalIsStopped(t *testing.T) {
	t.Parallel()
	for name, number := range map[string]func(page, i int) string{
		"new numbers":    func(page, i int) string { return fmt.Sprint(8613800000000 + 20*page + i) },
		"masked numbers": func(int, int) string { return "86138***" },
	} {
		for _, prefetch := range []int{1, 4} {
			bubble(t, fmt.Sprintf("%s, prefetch %d", name, prefetch), func(t *testing.T) {
				api := &service{answer: func(page cams.Page) (int, []cams.ChatGroupParticipant, error) {
					list := make([]cams.ChatGroupParticipant, 20)
					for i := range list {
						list[i].ParticipantNumber = number(page.Index, i)
					}
					return 50, list, nil
				}}
				p := newPager(api, nil, cams.WithPrefetch(prefetch))
				got, err := cams.Collect(p.All(t.Context()))
				require.ErrorIs(t, err, cams.ErrPagerStalled)
				assert.EqualError(t, err, "cams: the listing stalled: page 54 goes on far past Total (1060 received, Total 50)")
				assert.Len(t, got, 1060)
				assert.Equal(t, 54, p.NextIndex())
				assert.LessOrEqual(t, len(api.asked()), 53+prefetch)
			})
		}
	}
}

func TestOnlyWhatIdentifiesAMemberIsCompared(t *testing.T) {
	t.Parallel()
	for number, compared := range map[string]bool{
		"8613800000001": true, "+49 157 12345678": true, "1234567": true,
		"US.13491208655302741918": true, "DE.ENT.8fk2Jd83Kd9": true,
		"": false, "hidden": false, "123456": false, "+ 123 456": false, "86138*****001": false, "4915•••••01": false, "49157XXXXX": false,
		"us.13491208655302741918": false, "USA.13491208655302741918": false, "US.1234567": false, "US.1349120•••••2741918": false, "13491208655302741918.US": false,
		"US." + strings.Repeat("1", 128): true, "US." + strings.Repeat("1", 129): false,
	} {
		api := &service{answer: func(cams.Page) (int, []cams.ChatGroupParticipant, error) {
			return 4, []cams.ChatGroupParticipant{{ParticipantNumber: number}, {ParticipantNumber: number, Extra: `{"UserName":"x"}`}}, nil
		}}
		p := newPager(api, &cams.Page{Size: 2})
		got, err := cams.Collect(p.All(t.Context()))
		if compared {
			require.ErrorIs(t, err, cams.ErrPagerStalled, number)
			assert.ErrorContains(t, err, "page 2 repeats a page")
			assert.Len(t, got, 2)
			continue
		}
		require.NoError(t, err, number)
		assert.Len(t, got, 4)
		assert.False(t, p.Changed(), number)
	}
}

func TestAStallIsSeenThoughTheCallerChangesThePagesItGot(t *testing.T) {
	t.Parallel()
	api := &service{answer: func(cams.Page) (int, []cams.ChatGroupParticipant, error) { return 1000, named("ab"), nil }}
	pages := 0
	for page, err := range newPager(api, nil).Pages(t.Context()) {
		if err != nil {
			require.ErrorIs(t, err, cams.ErrPagerStalled)
			break
		}
		pages++
		require.Less(t, pages, 2, "the listing goes on and on")
		page.Data.List[0].ParticipantNumber = "+" + page.Data.List[0].ParticipantNumber
	}
	assert.Len(t, api.requests, 2)
}

func TestAnAPIMayReuseItsMemory(t *testing.T) {
	t.Parallel()
	members, buffer := numbered(6), make([]cams.ChatGroupParticipant, 2)
	api := &service{answer: func(page cams.Page) (int, []cams.ChatGroupParticipant, error) {
		copy(buffer, members[2*(page.Index-1):])
		return len(members), buffer, nil
	}}
	got, err := cams.Collect(newPager(api, nil).All(t.Context()))
	require.NoError(t, err)
	assert.Equal(t, members, got)
}

// Errors.

var errTransient = errors.New("transient")

// failing fails the first request for a page.
func failing(index int, answer func(cams.Page) (int, []cams.ChatGroupParticipant, error)) func(cams.Page) (int, []cams.ChatGroupParticipant, error) {
	failed := false
	return func(page cams.Page) (int, []cams.ChatGroupParticipant, error) {
		if page.Index == index && !failed {
			failed = true
			return 0, nil, errTransient
		}
		return answer(page)
	}
}

func TestNextPageAsksForTheSamePageAfterAnError(t *testing.T) {
	t.Parallel()
	for failed := 1; failed <= 3; failed++ {
		api := &service{answer: failing(failed, group(named("abcde")))}
		p := newPager(api, &cams.Page{Size: 2})
		var got []cams.ChatGroupParticipant
		for p.HasNext() {
			index := p.NextIndex()
			page, err := p.NextPage(t.Context())
			if err != nil {
				assert.Equal(t, errTransient, err)
				assert.Nil(t, page)
				assert.Equal(t, failed, index)
				assert.Equal(t, failed, p.NextIndex())
				continue
			}
			got = append(got, page.Data.List...)
		}
		assert.Equal(t, "abcde", letters(got))
		assert.Equal(t, slices.Insert([]int{1, 2, 3}, failed, failed), api.asked())
	}
}

func TestNextPageGoesOnOnceAStallIsOver(t *testing.T) {
	t.Parallel()
	stuck := true
	api := &service{answer: func(page cams.Page) (int, []cams.ChatGroupParticipant, error) {
		if stuck && page.Index == 2 {
			page.Index = 1
		}
		return group(named("abcd"))(page)
	}}
	p := newPager(api, &cams.Page{Size: 2})
	first, err := p.NextPage(t.Context())
	require.NoError(t, err)
	for range 2 {
		_, err = p.NextPage(t.Context())
		require.ErrorIs(t, err, cams.ErrPagerStalled)
		assert.EqualError(t, err, "cams: the listing stalled: page 2 repeats a page (2 received, Total 4)")
		assert.True(t, p.HasNext())
		assert.Equal(t, 2, p.NextIndex())
		assert.Equal(t, 4, p.Total())
	}
	stuck = false
	second, err := p.NextPage(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "abcd", letters(first.Data.List)+letters(second.Data.List))
	assert.False(t, p.HasNext())
}

func TestNextPageSaysThatThereAreNoMore(t *testing.T) {
	t.Parallel()
	api := &service{answer: group(named("ab"))}
	p := newPager(api, nil)
	_, err := p.NextPage(t.Context())
	require.NoError(t, err)
	for range 2 {
		assert.False(t, p.HasNext())
		page, err := p.NextPage(t.Context())
		assert.Nil(t, page)
		assert.ErrorIs(t, err, cams.ErrNoMorePages)
	}
	assert.Len(t, api.requests, 1)
}

func TestGoodMembersComeBeforeAnErrorAndNothingAfterIt(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{1, 2, 4, 16} {
		for failed := 1; failed <= 5; failed++ {
			for _, way := range []string{"Pages", "All"} {
				bubble(t, fmt.Sprintf("%s, page %d, prefetch %d", way, failed, prefetch), func(t *testing.T) {
					api := &service{
						answer: failing(failed, group(named("abcdefghi"))),
						latency: func(page cams.Page) time.Duration { // the error overtakes the pages before it
							return time.Duration(10-page.Index) * time.Second
						},
					}
					p := newPager(api, &cams.Page{Size: 2}, cams.WithPrefetch(prefetch))
					got, err := ways[way](t.Context(), p, goOn)
					assert.Equal(t, errTransient, err)
					assert.Equal(t, "abcdefghi"[:2*(failed-1)], letters(got))
					assert.Equal(t, failed, p.NextIndex())
					assert.Zero(t, api.inFlightNow())
				})
			}
		}
	}
}

func TestWhatIsWrongWithAPagerIsItsFirstError(t *testing.T) {
	t.Parallel()
	api := &service{answer: group(named("abc"))}
	req := &cams.ListChatGroupParticipantsRequest{BusinessNumber: "1", GroupID: "2", CustSpaceID: "3"}
	at := func(size, index int) *cams.ListChatGroupParticipantsRequest {
		return &cams.ListChatGroupParticipantsRequest{BusinessNumber: "1", GroupID: "2", CustSpaceID: "3", Page: &cams.Page{size, index}}
	}
	tests := []struct {
		name  string
		pager *cams.ListChatGroupParticipantsPager
		ctx   context.Context
		field string
	}{
		{"no API", cams.NewListChatGroupParticipantsPager(nil, req), t.Context(), "ListChatGroupParticipantsAPI"},
		{"no request", cams.NewListChatGroupParticipantsPager(api, nil), t.Context(), "ListChatGroupParticipantsRequest"},
		{"nothing at all", cams.NewListChatGroupParticipantsPager(nil, nil, nil), t.Context(), "ListChatGroupParticipantsRequest"},
		{"no context", cams.NewListChatGroupParticipantsPager(api, req), nil, "ctx"},
		{"no context to prefetch with", cams.NewListChatGroupParticipantsPager(api, req, cams.WithPrefetch(4)), nil, "ctx"},
		{"an option that is nil", cams.NewListChatGroupParticipantsPager(api, req, cams.WithPrefetch(2), nil), t.Context(), "opts[1]"},
		{"a page size of 0", cams.NewListChatGroupParticipantsPager(api, req, cams.WithPageSize(0)), t.Context(), "WithPageSize"},
		{"a negative page size", cams.NewListChatGroupParticipantsPager(api, req, cams.WithPageSize(-1)), t.Context(), "WithPageSize"},
		{"a bad page size and then a good one", cams.NewListChatGroupParticipantsPager(api, req, cams.WithPageSize(0), cams.WithPageSize(5)), t.Context(), "WithPageSize"},
		{"a negative patience", cams.NewListChatGroupParticipantsPager(api, req, cams.WithPatience(-1)), t.Context(), "WithPatience"},
		{"a negative prefetch", cams.NewListChatGroupParticipantsPager(api, req, cams.WithPrefetch(-1)), t.Context(), "WithPrefetch"},
		{"a negative Size", cams.NewListChatGroupParticipantsPager(api, at(-1, 1)), t.Context(), "Page"},
		{"a pager that New did not make", new(cams.ListChatGroupParticipantsPager), t.Context(), "Pager"},
		{"no pager", nil, t.Context(), "Pager"},
		{"a negative Index", cams.NewListChatGroupParticipantsPager(api, at(1, -1)), t.Context(), "Page"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			assert.True(t, tt.pager.HasNext(), "the error must be seen")
			for way, list := range ways {
				got, err := list(tt.ctx, tt.pager, goOn)
				assert.Empty(t, got, way)
				var invalid *cams.ValidationError
				require.ErrorAs(t, err, &invalid, way)
				assert.Equal(t, tt.field, invalid.Field, way)
			}
		})
	}
	t.Cleanup(func() { assert.Empty(t, api.requests, "something was sent") })
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

func TestAnAPIThatAnswersNothingIsAnError(t *testing.T) {
	t.Parallel()
	isNothing := func(list []cams.ChatGroupParticipant, err error) {
		assert.Equal(t, "ab", letters(list))
		assert.EqualError(t, err, "cams: the API returned neither a response nor an error")
	}
	after := func(end func()) apiFunc { // the first page
		return func(_ context.Context, page cams.Page) (*cams.ListChatGroupParticipantsResponse, error) {
			if page.Index == 1 {
				return response(100, named("ab")), nil
			}
			end()
			return nil, nil
		}
	}
	for _, list := range ways {
		for _, prefetch := range []int{1, 4} {
			isNothing(list(t.Context(), newPager(after(func() {}), nil, cams.WithPrefetch(prefetch)), goOn))
		}
	}
	// A goroutine of the pager ends, as FailNow in a stub does.
	isNothing(ways["All"](t.Context(), newPager(after(runtime.Goexit), nil, cams.WithPrefetch(2)), goOn))
}

func TestAResponseBesideAnErrorIsIgnored(t *testing.T) {
	t.Parallel()
	api := apiFunc(func(context.Context, cams.Page) (*cams.ListChatGroupParticipantsResponse, error) {
		return response(2, named("ab")), errTransient
	})
	for way, list := range ways {
		got, err := list(t.Context(), newPager(api, nil), goOn)
		assert.Empty(t, got, way)
		assert.Equal(t, errTransient, err, way)
	}
}

// A panic is the stub's own in a sequential listing; a prefetched one must not
// crash the program where nobody can recover it.
func TestAPanicOfTheAPIComesToWhoeverRanges(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{1, 2, 8} {
		bubble(t, fmt.Sprintf("prefetch %d", prefetch), func(t *testing.T) {
			api := &service{latency: always(time.Second), answer: func(page cams.Page) (int, []cams.ChatGroupParticipant, error) {
				if page.Index == 3 {
					panic(errTransient)
				}
				return group(numbered(100))(page)
			}}
			var got []cams.ChatGroupParticipant
			require.PanicsWithValue(t, errTransient, func() {
				for member, err := range newPager(api, nil, cams.WithPrefetch(prefetch)).All(t.Context()) {
					require.NoError(t, err)
					got = append(got, member)
				}
			})
			assert.Equal(t, numbered(100)[:40], got, "the pages before it come first")
			assert.Zero(t, api.inFlightNow())
		})
	}
}

// Cancellation.

func TestNothingIsSentWhenTheContextIsDone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(io.ErrClosedPipe)
	for way, list := range ways {
		for _, prefetch := range []int{1, 4} {
			api := &service{answer: group(named("ab"))}
			got, err := list(ctx, newPager(api, &cams.Page{Size: 1, Index: 2}, cams.WithPrefetch(prefetch)), goOn)
			assert.Empty(t, got, way)
			assert.ErrorIs(t, err, context.Canceled, way)
			assert.ErrorIs(t, err, io.ErrClosedPipe, way)
			assert.EqualError(t, err, "cams: page 2: stopped by the caller's context: context canceled: io: read/write on closed pipe", way)
			assert.Empty(t, api.requests, way)
		}
	}
}

func TestACancelledListingEndsWithThePageItIsAt(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{1, 4} {
		for _, way := range []string{"Pages", "All"} {
			bubble(t, fmt.Sprintf("%s, prefetch %d", way, prefetch), func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				p := newPager(&service{answer: group(named("abcdefghi")), latency: always(time.Second)}, &cams.Page{Size: 2}, cams.WithPrefetch(prefetch))
				got, err := ways[way](ctx, p, func() bool {
					time.Sleep(time.Minute) // prefetched pages are there
					if p.NextIndex() == 3 {
						cancel()
					}
					return true
				})
				assert.ErrorIs(t, err, context.Canceled)
				assert.Equal(t, "abcd", letters(got))
				assert.Equal(t, 3, p.NextIndex())
			})
		}
	}
}

type pagesOf func(context.Context) iter.Seq2[*cams.ListChatGroupParticipantsResponse, error]

// leaving are the ways to leave a loop over the pages of a group too early.
var leaving = map[string]func(t *testing.T, pages pagesOf){
	"break": func(t *testing.T, pages pagesOf) {
		for _, err := range pages(t.Context()) {
			require.NoError(t, err)
			break
		}
	},
	"panic": func(t *testing.T, pages pagesOf) {
		require.PanicsWithValue(t, "in the loop", func() {
			for range pages(t.Context()) {
				panic("in the loop")
			}
		})
	},
	"the goroutine ends": func(t *testing.T, pages pagesOf) {
		var ended sync.WaitGroup
		ended.Go(func() {
			for range pages(t.Context()) {
				runtime.Goexit()
			}
		})
		ended.Wait()
	},
	"the context is cancelled in the loop": func(t *testing.T, pages pagesOf) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		errs := 0
		for _, err := range pages(ctx) {
			if err != nil {
				require.ErrorIs(t, err, context.Canceled)
				errs++
			}
			cancel()
		}
		require.Equal(t, 1, errs)
	},
	"the context is cancelled while the loop waits": func(t *testing.T, pages pagesOf) {
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		_, err := cams.Collect(pages(ctx))
		require.ErrorIs(t, err, context.DeadlineExceeded)
	},
	"a pulled sequence is stopped": func(t *testing.T, pages pagesOf) {
		next, stop := iter.Pull2(pages(t.Context()))
		_, err, ok := next()
		require.NoError(t, err)
		require.True(t, ok)
		stop()
	},
	"a pulled sequence is stopped before it started": func(t *testing.T, pages pagesOf) {
		_, stop := iter.Pull2(pages(t.Context()))
		stop()
	},
}

func TestLeavingALoopLeavesNoRequestAndNoGoroutine(t *testing.T) {
	t.Parallel()
	for name, leave := range leaving {
		for _, prefetch := range []int{1, 2, 16} {
			bubble(t, fmt.Sprintf("%s, prefetch %d", name, prefetch), func(t *testing.T) {
				// cams.Page 1 takes a second, the others an hour.
				api := &service{answer: group(numbered(1000)), latency: func(page cams.Page) time.Duration {
					if page.Index == 1 {
						return time.Second
					}
					return time.Hour
				}}
				began := time.Now()
				leave(t, newPager(api, nil, cams.WithPrefetch(prefetch)).Pages)
				assert.Zero(t, api.inFlightNow(), "requests are in flight")
				assert.Less(t, time.Since(began), 2*time.Second, "leaving waited for an answer")
				assert.LessOrEqual(t, len(api.requests), 1+prefetch)
			})
		}
	}
}

func TestAPulledSequenceThatIsForgottenHasNoRequestInFlightForLong(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{1, 8} {
		bubble(t, fmt.Sprintf("prefetch %d", prefetch), func(t *testing.T) {
			api := &service{answer: group(numbered(1000)), latency: always(time.Second)}
			next, stop := iter.Pull2(newPager(api, nil, cams.WithPrefetch(prefetch)).All(t.Context()))
			defer stop() // only for the bubble: iter keeps its own goroutine otherwise
			_, err, _ := next()
			require.NoError(t, err)
			time.Sleep(time.Hour)
			assert.Zero(t, api.inFlightNow())
			assert.LessOrEqual(t, len(api.requests), 1+prefetch)
		})
	}
}

func TestLeavingALoopWaitsForAnAPIThatDoesNotHeedItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answered := 0
		var mu sync.Mutex
		api := apiFunc(func(_ context.Context, page cams.Page) (*cams.ListChatGroupParticipantsResponse, error) {
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			answered++
			return response(100, numbered(100)[page.Index-1:page.Index]), nil
		})
		for range newPager(api, nil, cams.WithPrefetch(4)).Pages(t.Context()) {
			synctest.Wait() // all four are on their way
			break
		}
		assert.Equal(t, 5, answered)
	})
}

// Prefetch.

func TestPrefetchedPagesComeInOrderWhateverTheLatency(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{2, 3, 16, 1000} {
		bubble(t, fmt.Sprintf("prefetch %d", prefetch), func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, uint64(prefetch)))
			var mu sync.Mutex
			members := numbered(995)
			api := &service{answer: group(members), latency: func(cams.Page) time.Duration {
				mu.Lock()
				defer mu.Unlock()
				return time.Duration(random.IntN(1000)) * time.Millisecond
			}}
			got, err := cams.Collect(newPager(api, &cams.Page{Size: 10}, cams.WithPrefetch(prefetch)).All(t.Context()))
			require.NoError(t, err)
			assert.Equal(t, members, got)
			assert.Len(t, api.requests, 100, "no request is wasted when Total is right")
			assert.Equal(t, min(prefetch, 99), api.mostInFlight)
		})
	}
}

func TestASlowLoopHasNoMoreThanItsPrefetchWaiting(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{0, 1, 7} {
		bubble(t, fmt.Sprintf("prefetch %d", prefetch), func(t *testing.T) {
			api := &service{answer: group(numbered(1000)), latency: always(time.Millisecond)}
			visited := 0
			for _, err := range newPager(api, nil, cams.WithPrefetch(prefetch)).Pages(t.Context()) {
				require.NoError(t, err)
				visited++
				time.Sleep(time.Hour)
				require.Len(t, api.asked(), min(visited+prefetch, 50))
			}
			assert.Equal(t, 50, visited)
		})
	}
}

func TestPrefetchTakesTheTimeOfItsRounds(t *testing.T) {
	t.Parallel()
	for prefetch, rounds := range map[int]int{1: 100, 16: 1 + 7, 99: 2, 1000: 2} {
		bubble(t, fmt.Sprintf("prefetch %d", prefetch), func(t *testing.T) {
			api := &service{answer: group(numbered(1000)), latency: always(50 * time.Millisecond)}
			began := time.Now()
			got, err := cams.Collect(newPager(api, &cams.Page{Size: 10}, cams.WithPrefetch(prefetch)).All(t.Context()))
			require.NoError(t, err)
			assert.Len(t, got, 1000)
			assert.Equal(t, time.Duration(rounds)*50*time.Millisecond, time.Since(began))
		})
	}
}

// Requests.

func TestTheCallersRequestIsCopiedAndNeverChanged(t *testing.T) {
	t.Parallel()
	original := func() *cams.ListChatGroupParticipantsRequest {
		return &cams.ListChatGroupParticipantsRequest{
			BusinessNumber: "8613800000000", ChannelType: cams.ChannelTypeWhatsApp, GroupID: "EA939", CustSpaceID: "cams-k001",
			Page: &cams.Page{Size: 2, Index: 2},
		}
	}
	for _, prefetch := range []int{1, 4} {
		req, api := original(), &service{answer: group(named("abcdefghi"))}
		p := cams.NewListChatGroupParticipantsPager(api, req, cams.WithPrefetch(prefetch))
		for way, list := range ways {
			got, err := list(t.Context(), p, goOn)
			require.NoError(t, err, way)
			assert.Equal(t, "cdefghi", letters(got), way)
			assert.Equal(t, original(), req, way)
		}
		// The pager works on a copy: this changes nothing.
		*req.Page = cams.Page{Size: 9, Index: 9}
		req.GroupID, req.Page = "another", nil
		got, err := cams.Collect(p.All(t.Context()))
		require.NoError(t, err)
		assert.Equal(t, "cdefghi", letters(got))

		seen := map[any]bool{}
		for _, sent := range api.requests {
			assert.False(t, seen[sent] || seen[sent.Page], "two calls share a request or its Page")
			seen[sent], seen[sent.Page] = true, true
			want := original()
			want.Page = &cams.Page{Size: 2, Index: sent.Page.Index}
			assert.Equal(t, want, sent)
		}
	}
}

// An API that writes into its request harms nobody.
type scribbler struct {
	cams.ListChatGroupParticipantsAPI
}

func (s scribbler) ListChatGroupParticipants(ctx context.Context, req *cams.ListChatGroupParticipantsRequest) (*cams.ListChatGroupParticipantsResponse, error) {
	resp, err := s.ListChatGroupParticipantsAPI.ListChatGroupParticipants(ctx, &cams.ListChatGroupParticipantsRequest{Page: &cams.Page{req.Page.Size, req.Page.Index}})
	*req.Page = cams.Page{-1, -1}
	*req = cams.ListChatGroupParticipantsRequest{}
	return resp, err
}

func TestAnAPIMayChangeTheRequestItGets(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{1, 4} {
		got, err := cams.Collect(newPager(scribbler{&service{answer: group(named("abcdefghi"))}}, &cams.Page{Size: 2}, cams.WithPrefetch(prefetch)).All(t.Context()))
		require.NoError(t, err)
		assert.Equal(t, "abcdefghi", letters(got))
	}
}

func TestThePageComesFromTheOptionElseTheRequestElseTheDefault(t *testing.T) {
	t.Parallel()
	tests := []struct {
		page *cams.Page
		opts []cams.PagerOption
		want cams.Page
	}{
		{nil, nil, cams.Page{20, 1}},
		{&cams.Page{}, nil, cams.Page{20, 1}},
		{&cams.Page{Size: 7}, nil, cams.Page{7, 1}},
		{&cams.Page{Index: 3}, nil, cams.Page{20, 3}},
		{&cams.Page{7, 3}, nil, cams.Page{7, 3}},
		{&cams.Page{7, 3}, []cams.PagerOption{cams.WithPageSize(50)}, cams.Page{50, 3}},
		{nil, []cams.PagerOption{cams.WithPageSize(50), cams.WithPageSize(60)}, cams.Page{60, 1}},
	}
	for _, tt := range tests {
		api := &service{answer: group(nil)}
		p := newPager(api, tt.page, tt.opts...)
		assert.Equal(t, tt.want.Index, p.NextIndex(), "before anything was asked")
		_, err := p.NextPage(t.Context())
		require.NoError(t, err)
		assert.Equal(t, tt.want, *api.requests[0].Page)
	}
}

// Ranging.

func TestNothingIsAskedBeforeTheFirstStep(t *testing.T) {
	t.Parallel()
	api := &service{answer: group(named("ab"))}
	p := newPager(api, nil, cams.WithPrefetch(4))
	p.Pages(t.Context())
	p.All(t.Context())
	p.HasNext()
	assert.Empty(t, api.requests)
}

func TestRangingAgainListsAgainFromTheStart(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{1, 4} {
		api := &service{answer: failing(3, group(named("abcdefghi")))}
		p := newPager(api, &cams.Page{Size: 2, Index: 2}, cams.WithPrefetch(prefetch))
		all := p.All(t.Context())
		_, err := cams.Collect(all)
		require.Equal(t, errTransient, err)
		for range 2 {
			got, err := cams.Collect(all)
			require.NoError(t, err)
			assert.Equal(t, "cdefghi", letters(got))
		}
		for range all {
			assert.Equal(t, 2, p.NextIndex(), "it is back at the start")
			break
		}
	}
}

func TestARangeDoesNotMoveNextPageNorAnotherRange(t *testing.T) {
	t.Parallel()
	api := &service{answer: group(named("abcdef"))}
	p := newPager(api, &cams.Page{Size: 2})
	first, err := p.NextPage(t.Context())
	require.NoError(t, err)
	var outer []cams.ChatGroupParticipant
	for member, err := range p.All(t.Context()) {
		require.NoError(t, err)
		outer = append(outer, member)
		inner, err := cams.Collect(p.All(t.Context()))
		require.NoError(t, err)
		assert.Equal(t, "abcdef", letters(inner))
	}
	assert.Equal(t, "abcdef", letters(outer))
	second, err := p.NextPage(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "abcd", letters(first.Data.List)+letters(second.Data.List))
	assert.Equal(t, 3, p.NextIndex())
}

func TestNextIndexMovesWithTheLastMemberOfAPage(t *testing.T) {
	t.Parallel()
	next := map[string]int{"a": 1, "b": 1, "c": 2, "d": 2, "e": 2, "f": 3, "g": 4}
	for _, prefetch := range []int{1, 4} {
		for last, want := range next {
			p := newPager(&service{answer: group(named("abcdefg"))}, &cams.Page{Size: 3}, cams.WithPrefetch(prefetch))
			for member, err := range p.All(t.Context()) {
				require.NoError(t, err)
				assert.Equal(t, next[letters([]cams.ChatGroupParticipant{member})], p.NextIndex())
				if letters([]cams.ChatGroupParticipant{member}) == last {
					break
				}
			}
			assert.Equal(t, want, p.NextIndex(), "after a break at %s", last)
		}
	}
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

func TestNextIndexMayBeAskedAtAnyTime(t *testing.T) {
	t.Parallel()
	p := newPager(&service{answer: group(numbered(1000))}, nil, cams.WithPrefetch(4))
	var asking sync.WaitGroup
	done := make(chan struct{})
	asking.Go(func() {
		for index := 1; ; {
			select {
			case <-done:
				return
			default:
				next := p.NextIndex()
				assert.GreaterOrEqual(t, next, index)
				index = next
			}
		}
	})
	_, err := cams.Collect(p.All(t.Context()))
	close(done)
	asking.Wait()
	require.NoError(t, err)
	assert.Equal(t, 51, p.NextIndex())
}

func TestCollectReturnsWhatCameBeforeTheError(t *testing.T) {
	t.Parallel()
	got, err := cams.Collect(newPager(&service{answer: failing(2, group(named("abcd")))}, &cams.Page{Size: 2}).All(t.Context()))
	assert.Equal(t, errTransient, err)
	assert.Equal(t, "ab", letters(got))

	none, err := cams.Collect(newPager(&service{answer: group(nil)}, nil).All(t.Context()))
	require.NoError(t, err)
	assert.Empty(t, none)
}

// A listing is a group, a service that holds it and a caller who lists it.
type listing struct {
	Members  int
	Size     int     // members a page that the caller asks for
	Cap      int     // members a page that the service sends at most; 0 for no cap
	Total    int     // as the service tells it
	Repeats  bool    // the service answers its last page again past the end, else an empty one
	Hole     int     // the first of the pages that are empty, though others follow; 0 for none
	Holes    int     // how many they are
	Failing  float64 // the share of requests that fail
	Latency  time.Duration
	Start    int
	Prefetch int
	Way      string // of listing
	Leaves   int    // how often the caller breaks out of the loop
	Seed     uint64
}

func randomListing(random *rand.Rand) listing {
	l := listing{
		Members: random.IntN(501), Size: 1 + random.IntN(60), Start: 1, Prefetch: 1,
		Way: []string{"NextPage", "Pages", "All"}[random.IntN(3)], Seed: random.Uint64(),
	}
	if random.IntN(2) == 0 {
		l.Cap = 1 + random.IntN(60)
	}
	if random.IntN(3) > 0 {
		l.Prefetch = 1 + random.IntN(16)
	}
	if random.IntN(2) == 0 {
		l.Start = 1 + random.IntN(l.pages()+3)
	}
	if random.IntN(2) == 0 {
		l.Latency = 100 * time.Millisecond
	}
	if random.IntN(2) == 0 {
		l.Failing = random.Float64() / 2
	}
	l.Leaves = random.IntN(4)
	switch random.IntN(9) {
	case 0:
		l.Total = 0
	case 1:
		l.Total = -1
	case 2:
		l.Total = l.Members + 1 + random.IntN(60)
	case 3: // too small; but at a page's end nobody could tell it from a right one
		l.Total = random.IntN(l.Members + 1)
		if l.Total%l.pageLength() == 0 {
			l.Total = l.Members
		}
	case 4:
		l.Total, l.Cap = l.Members, 0
		if l.Start <= l.pages() { // a start past the end gets a page that looks like any other
			l.Repeats, l.Failing, l.Leaves = true, 0, 0
		}
	case 5:
		l.Total, l.Cap = l.Members, 0
		if last := l.pages(); last > 1 {
			l.Hole = 1 + random.IntN(last-1)
			l.Holes = min(1+random.IntN(2), last-l.Hole)
		}
	default:
		l.Total = l.Members
	}
	return l
}

func (l listing) pageLength() int {
	if l.Cap > 0 {
		return min(l.Size, l.Cap)
	}
	return l.Size
}

// page is the members on a page.
func (l listing) page(members []cams.ChatGroupParticipant, index int) []cams.ChatGroupParticipant {
	if l.Repeats && l.Members > 0 {
		index = min(index, l.pages())
	}
	if l.Hole <= index && index < l.Hole+l.Holes {
		return nil
	}
	_, list, _ := group(members)(cams.Page{Size: l.pageLength(), Index: index})
	return list
}

// end is how many empty pages a pager that starts at the page next has to see at the
// end, and whether the last of them is one too many.
func (l listing) end(next int) (empty int, stalls bool) {
	length := l.Size
	if next < l.pages() {
		length = l.pageLength() // it got to know it
	}
	for empty < 3 {
		empty++
		before := max(next, l.pages()+1) + empty - 2 // so many pages are before it
		if before*length >= l.Total {
			return empty, false
		}
	}
	return empty, true
}

func (l listing) pages() int { return (l.Members + l.pageLength() - 1) / l.pageLength() }

// service is deterministic: what happens to a request depends on its page and on
// how often that was asked for, and not on the order of goroutines.
func (l listing) service(members []cams.ChatGroupParticipant) *service {
	asked := map[int]uint64{}
	return &service{
		answer: func(page cams.Page) (int, []cams.ChatGroupParticipant, error) {
			asked[page.Index]++
			if rand.New(rand.NewPCG(l.Seed+asked[page.Index], uint64(page.Index))).Float64() < l.Failing {
				return 0, nil, errTransient
			}
			return l.Total, l.page(members, page.Index), nil
		},
		latency: func(page cams.Page) time.Duration {
			if l.Latency == 0 {
				return 0
			}
			return time.Duration(rand.New(rand.NewPCG(l.Seed, uint64(page.Index))).Int64N(int64(l.Latency)))
		},
	}
}

// check lists the group with as many pagers as it takes: each goes on where the
// one before it failed or was left.
func (l listing) check(t *testing.T) {
	members := numbered(l.Members)
	random := rand.New(rand.NewPCG(l.Seed, 0))
	api := l.service(members)
	got := []cams.ChatGroupParticipant{}
	leaves := l.Leaves
	for next, done := l.Start, false; !done; {
		stop := 0
		if leaves > 0 {
			leaves--
			stop = 1 + random.IntN(2*l.pageLength())
		}
		before := len(api.requests)
		p := newPager(api, &cams.Page{Size: l.Size, Index: next}, cams.WithPrefetch(l.Prefetch))
		n := 0
		list, err := ways[l.Way](t.Context(), p, func() bool { n++; return n != stop })
		done = err == nil && (stop == 0 || n < stop)
		empty, stalls := l.end(next)
		if errors.Is(err, cams.ErrPagerStalled) {
			require.True(t, stalls, "%+v", l)
			done = true
		} else if err != nil {
			require.ErrorIs(t, err, errTransient, "%+v", l)
		} else if done {
			require.False(t, stalls, "%+v", l)
		}

		require.Zero(t, api.inFlightNow(), "%+v", l)
		require.LessOrEqual(t, api.mostInFlight, l.Prefetch, "%+v", l)
		extra := empty
		if l.Way != "NextPage" {
			extra += l.Prefetch - 1
		}
		require.LessOrEqual(t, len(api.requests)-before, max(0, l.pages()-next+1)+extra, "requests of %+v", l)

		whole := 0 // a page that was left half-way comes again
		for ; next < p.NextIndex(); next++ {
			whole += len(l.page(members, next))
		}
		got = append(got, list[:min(whole, len(list))]...)
	}
	want := []cams.ChatGroupParticipant{}
	for index := l.Start; index <= l.pages(); index++ {
		want = append(want, l.page(members, index)...)
	}
	require.Equal(t, want, got, "%+v", l)
}

func TestWhateverTheListingEachMemberComesOnceAndInOrder(t *testing.T) {
	t.Parallel()
	const seed, listings = 20200606, 3000
	t.Logf("seed %d", seed)
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(seed, 0))
		for range listings {
			randomListing(random).check(t)
		}
	})
}
