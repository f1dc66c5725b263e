package cams_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cams-go/cams"
	"github.com/stretchr/testify/require"
)

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

// list lists with one pager. It leaves before the page (for All: the member)
// number stop; done says that it came to the end instead.
func (l listing) list(ctx context.Context, p *cams.ListChatGroupParticipantsPager, stop int) (list []cams.ChatGroupParticipant, done bool, err error) {
	n := 0
	switch l.Way {
	case "NextPage":
		for p.HasNext() {
			if n++; n == stop {
				return list, false, nil
			}
			page, err := p.NextPage(ctx)
			if err != nil {
				return list, false, err
			}
			list = append(list, page.Data.List...)
		}
	case "Pages":
		for page, err := range p.Pages(ctx) {
			if err != nil {
				return list, false, err
			}
			list = append(list, page.Data.List...)
			if n++; n == stop {
				return list, false, nil
			}
		}
	case "All":
		for member, err := range p.All(ctx) {
			if err != nil {
				return list, false, err
			}
			list = append(list, member)
			if n++; n == stop {
				return list, false, nil
			}
		}
	}
	return list, true, nil
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
		var list []cams.ChatGroupParticipant
		var err error
		list, done, err = l.list(t.Context(), p, stop)
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
