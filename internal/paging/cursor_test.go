package paging

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a service answers to a page past those that a row of the table gives.
const (
	emptyPage = iota
	lastPage
	sameAgain // the pages from the first on
)

// A listing is a row of the table: what a service answers, and how a listing of it ends.
// Each letter of an answer is an item, and * is one that cannot be identified.
type listing struct {
	name       string
	start      page     // Size 2 and Index 1 by default
	answers    []answer // to the pages 1, 2, ...
	past       int
	want       string // the items
	next       int    // Index at the end
	requests   int
	prefetched int // requests if up to four pages are fetched ahead
	stalled    string
}

type page struct{ Size, Index int }

type answer struct {
	total int
	items string
}

func (l listing) answer(index int) answer {
	last := len(l.answers) - 1
	switch i := index - 1; {
	case i <= last:
		return l.answers[i]
	case l.past == lastPage:
		return l.answers[last]
	case l.past == sameAgain:
		return l.answers[i%len(l.answers)]
	}
	return answer{total: l.answers[last].total}
}

// keys identifies the items, as a caller of this package does.
func keys(items string) []string {
	keys := make([]string, 0, len(items))
	for _, item := range items {
		keys = append(keys, strings.Trim(string(item), "*"))
	}
	return keys
}

func TestHowAListingEnds(t *testing.T) {
	t.Parallel()
	for _, tt := range listings {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			size, first := cmp.Or(tt.start.Size, 2), cmp.Or(tt.start.Index, 1)
			cursor := NewCursor(first, size)
			got, stalled, requests, asked := "", "", 0, first-1
			for !cursor.Done && stalled == "" {
				answer := tt.answer(cursor.Index)
				requests++
				asked = max(asked, cursor.Index)
				before := cursor
				var repeated bool
				repeated, stalled = cursor.Accept(answer.total, keys(answer.items))
				if stalled != "" {
					assert.Equal(t, before, cursor, "the state moves only on success")
				} else if !cursor.Done {
					asked = max(asked, cursor.Index-1+min(4, cursor.PagesLeft()))
				}
				if stalled == "" && !repeated {
					got += answer.items
				}
			}
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.stalled, stalled)
			assert.Equal(t, tt.next, cursor.Index)
			assert.Equal(t, tt.requests, requests)
			assert.Equal(t, tt.prefetched, asked-first+1)
		})
	}
}

var listings = []listing{
	// Total is reached.
	{"Total is reached with a full page", page{}, []answer{{4, "ab"}, {4, "cd"}}, emptyPage, "abcd", 3, 2, 2, ""},
	{"Total is reached with a short page", page{}, []answer{{5, "ab"}, {5, "cd"}, {5, "e"}}, emptyPage, "abcde", 4, 3, 3, ""},
	{"Total is reached with the first page", page{}, []answer{{2, "ab"}}, emptyPage, "ab", 2, 1, 1, ""},
	{"Total is reached, whatever the next page would hold", page{}, []answer{{2, "ab"}, {2, "cd"}}, emptyPage, "ab", 2, 1, 1, ""},
	{"Total shrinks to what has come", page{}, []answer{{6, "ab"}, {4, "cd"}, {4, "ef"}}, emptyPage, "abcd", 3, 2, 3, ""},
	{"Total grows", page{}, []answer{{4, "ab"}, {5, "cd"}, {5, "e"}}, emptyPage, "abcde", 4, 3, 3, ""},
	{"the service caps Size", page{Size: 5}, []answer{{5, "ab"}, {5, "cd"}, {5, "e"}}, emptyPage, "abcde", 4, 3, 3, ""},
	{"the service sends more than Size", page{Size: 1}, []answer{{5, "abc"}, {5, "de"}}, emptyPage, "abcde", 3, 2, 2, ""},
	{"pages differ in length", page{}, []answer{{6, "ab"}, {6, "c"}, {6, "def"}}, emptyPage, "abcdef", 4, 3, 4, ""},

	// An empty page comes.
	{"the group is empty", page{}, []answer{{0, ""}}, emptyPage, "", 1, 1, 1, ""},
	{"a page is empty, and others follow", page{}, []answer{{10, "ab"}, {10, "cd"}, {10, ""}, {10, "ef"}, {10, "gh"}}, emptyPage, "abcdefgh", 6, 6, 6, ""},
	{"two pages in a row are empty, and others follow", page{}, []answer{{10, "ab"}, {10, ""}, {10, ""}, {10, "cd"}, {10, "ef"}}, emptyPage, "abcdef", 6, 6, 7, ""},
	{"three empty pages, but not in a row", page{}, []answer{{12, "ab"}, {12, ""}, {12, ""}, {12, "cd"}, {12, ""}, {12, "ef"}}, emptyPage, "abcdef", 7, 7, 9, ""},
	{"three pages in a row are empty", page{}, []answer{{12, "ab"}, {12, ""}, {12, ""}, {12, ""}, {12, "cd"}}, emptyPage, "ab", 4, 4, 7, "page 4 is the third empty one in a row (2 received, Total 12)"},
	{"the third empty page in a row lies past Total", page{}, []answer{{6, "ab"}}, emptyPage, "ab", 4, 4, 5, ""},
	{"a page is empty, and the service caps Size", page{Size: 50}, []answer{{10, "ab"}, {10, "cd"}, {10, ""}, {10, "ef"}, {10, "gh"}}, emptyPage, "abcdefgh", 6, 6, 6, ""},
	{"the first page is empty, and others follow", page{}, []answer{{4, ""}, {4, "cd"}}, emptyPage, "cd", 3, 3, 3, ""},
	{"the first page is empty, and Total would be on it", page{Size: 5}, []answer{{4, ""}}, emptyPage, "", 2, 2, 2, ""},
	{"all pages are empty", page{}, []answer{{4, ""}}, emptyPage, "", 3, 3, 4, ""},
	{"all pages are empty, and Total is large", page{}, []answer{{9, ""}}, emptyPage, "", 3, 3, 6, "page 3 is the third empty one in a row (0 received, Total 9)"},
	{"an empty page says that Total shrank", page{}, []answer{{12, "ab"}, {12, "cd"}, {4, ""}, {12, "ef"}}, emptyPage, "abcd", 3, 3, 6, ""},
	{"an empty page has no Total", page{}, []answer{{12, "ab"}, {12, "cd"}, {0, ""}, {12, "ef"}}, emptyPage, "abcdef", 7, 7, 9, ""},
	{"the empty pages have no Total", page{}, []answer{{50, "ab"}, {50, "cd"}, {0, ""}}, emptyPage, "abcd", 5, 5, 8, "page 5 is the third empty one in a row (4 received, Total 50)"},
	{"no page has a Total", page{}, []answer{{0, "ab"}, {0, "cd"}, {0, ""}}, emptyPage, "abcd", 3, 3, 6, ""},
	{"an empty page says that Total grew", page{}, []answer{{5, "ab"}, {5, "cd"}, {10, ""}, {10, "ef"}}, emptyPage, "abcdef", 6, 6, 7, ""},
	{"Total counts one more than is listed", page{}, []answer{{5, "ab"}, {5, "cd"}}, emptyPage, "abcd", 4, 4, 4, ""},
	{"Total counts one more than is listed on a short page", page{Size: 5}, []answer{{4, "abc"}}, emptyPage, "abc", 2, 2, 2, ""},
	{"Total counts one more than is listed, and the last page is short", page{}, []answer{{6, "ab"}, {6, "cd"}, {6, "e"}}, emptyPage, "abcde", 4, 4, 4, ""},
	{"Total counts one more than is listed, and the service caps Size", page{Size: 50}, []answer{{5, "ab"}, {5, "cd"}}, emptyPage, "abcd", 4, 4, 4, ""},
	{"Total counts one more than is listed, and the service sends more than Size", page{Size: 1}, []answer{{4, "abc"}}, emptyPage, "abc", 3, 3, 3, ""},
	{"Total is absent", page{}, []answer{{0, "ab"}, {0, "cd"}, {0, "e"}}, emptyPage, "abcde", 4, 4, 7, ""},
	{"Total is negative", page{}, []answer{{-1, "ab"}, {-1, "cd"}, {-1, "e"}}, emptyPage, "abcde", 4, 4, 7, ""},
	{"Total is too small", page{}, []answer{{3, "ab"}, {3, "cd"}, {3, "e"}}, emptyPage, "abcde", 4, 4, 7, ""},
	{"Total is too large", page{}, []answer{{9, "ab"}, {9, "cd"}, {9, "e"}}, emptyPage, "abcde", 6, 6, 7, ""},
	{"the first page is shorter than the others, and Total counts more than is listed", page{}, []answer{{9, "a"}, {9, "bc"}, {9, "de"}, {9, "fg"}}, emptyPage, "abcdefg", 6, 6, 6, ""},
	{"Total is far too large", page{}, []answer{{99, "ab"}, {99, "cd"}, {99, "e"}}, emptyPage, "abcde", 6, 6, 9, "page 6 is the third empty one in a row (5 received, Total 99)"},
	{"Total shrinks below what has come", page{}, []answer{{6, "ab"}, {3, "cd"}}, emptyPage, "abcd", 3, 3, 6, ""},
	{"Total goes away", page{}, []answer{{6, "ab"}, {0, "cd"}, {0, "ef"}}, emptyPage, "abcdef", 4, 3, 3, ""},

	// A page comes again.
	{"a page comes again", page{}, []answer{{6, "ab"}, {6, "cd"}, {6, "cd"}}, emptyPage, "abcd", 3, 3, 3, "page 3 repeats a page (4 received, Total 6)"},
	{"a later page comes again", page{}, []answer{{10, "ab"}, {10, "cd"}, {10, "ef"}, {10, "ef"}}, emptyPage, "abcdef", 4, 4, 5, "page 4 repeats a page (6 received, Total 10)"},
	{"the first page comes again", page{}, []answer{{6, "ab"}}, sameAgain, "ab", 2, 2, 3, "page 2 repeats a page (2 received, Total 6)"},
	{"a page comes again without Total", page{}, []answer{{0, "ab"}}, sameAgain, "ab", 2, 2, 5, "page 2 repeats a page (2 received, Total 0)"},
	{"a capped page comes again", page{Size: 5}, []answer{{6, "ab"}}, sameAgain, "ab", 2, 2, 3, "page 2 repeats a page (2 received, Total 6)"},
	{"two pages come again and again", page{}, []answer{{99, "ab"}, {99, "cd"}}, sameAgain, "abcdab", 4, 4, 7, "page 4 repeats a page (6 received, Total 99)"},
	{"three pages come again and again", page{}, []answer{{0, "ab"}, {0, "cd"}, {0, "ef"}}, sameAgain, "abcdefabcdef", 7, 7, 10, "page 7 repeats a page (12 received, Total 0)"},
	{"a page comes again when Total is behind", page{}, []answer{{3, "ab"}, {3, "cd"}}, lastPage, "abcd", 3, 3, 6, ""},
	{"a page comes again and says that Total shrank to what has come", page{}, []answer{{6, "ab"}, {6, "cd"}, {4, "cd"}}, emptyPage, "abcd", 3, 3, 3, ""},
	{"a page comes again and says that Total grew", page{}, []answer{{3, "ab"}, {3, "cd"}, {6, "cd"}}, emptyPage, "abcd", 3, 3, 6, "page 3 repeats a page (4 received, Total 6)"},
	{"a page comes again after an empty one", page{}, []answer{{10, "ab"}, {10, ""}, {10, "ab"}}, emptyPage, "ab", 3, 3, 6, "page 3 repeats a page (2 received, Total 10)"},
	{"masked pages are not compared", page{}, []answer{{6, "**"}, {6, "**"}, {6, "**"}}, emptyPage, "******", 4, 3, 3, ""},
	{"members come again in another order", page{}, []answer{{4, "ab"}, {4, "ba"}}, emptyPage, "abba", 3, 2, 2, ""},

	// The start is not the first page.
	{"it starts in the middle", page{Index: 3}, []answer{{}, {}, {9, "ef"}, {9, "gh"}, {9, "i"}}, emptyPage, "efghi", 6, 3, 3, ""},
	{"it starts in the middle, and the service caps Size", page{5, 3}, []answer{{}, {}, {9, "ef"}, {9, "gh"}, {9, "i"}}, emptyPage, "efghi", 6, 3, 3, ""},
	{"it starts in the middle without Total", page{Index: 3}, []answer{{}, {}, {0, "ef"}, {0, "g"}}, emptyPage, "efg", 5, 3, 6, ""},
	{"it starts with the last page, a full one", page{Index: 3}, []answer{{}, {}, {6, "ef"}}, emptyPage, "ef", 4, 1, 1, ""},
	{"it starts with the last page, a short one: capped, for all one knows", page{Index: 3}, []answer{{}, {}, {5, "e"}}, emptyPage, "e", 4, 2, 3, ""},
	{"it starts with the last page, a short one that comes again", page{Index: 3}, []answer{{}, {}, {5, "e"}}, lastPage, "e", 4, 2, 3, ""},
	{"it starts with the last page, a short one, and Total counts one more", page{10, 3}, []answer{{}, {}, {23, "ab"}}, emptyPage, "ab", 4, 2, 5, ""},
	{"it starts past the end", page{Index: 7}, []answer{{4, "ab"}, {4, "cd"}}, emptyPage, "", 7, 1, 1, ""},
	{"it starts at the largest Index", page{Index: math.MaxInt}, []answer{{4, "ab"}}, emptyPage, "", math.MaxInt, 1, 1, ""},
	{"it starts with an empty page, and others follow", page{Index: 2}, []answer{{6, "ab"}, {6, ""}, {6, "ef"}}, emptyPage, "ef", 4, 3, 4, ""},
	{"it starts with three empty pages", page{Index: 2}, []answer{{12, "ab"}, {12, ""}, {12, ""}, {12, ""}, {12, "cd"}}, emptyPage, "", 4, 3, 6, "page 4 is the third empty one in a row (0 received, Total 12)"},
	{"it starts in the middle, and that page comes again", page{Index: 3}, []answer{{}, {}, {20, "ef"}}, lastPage, "ef", 4, 2, 5, "page 4 repeats a page (2 received, Total 20)"},
	{"it starts in the middle, and that capped page comes again", page{5, 3}, []answer{{}, {}, {20, "ef"}}, lastPage, "ef", 4, 2, 5, "page 4 repeats a page (2 received, Total 20)"},
	{"it starts in the middle, and the second of its capped pages comes again", page{5, 3}, []answer{{}, {}, {14, "ef"}, {14, "gh"}}, lastPage, "efgh", 5, 3, 5, "page 5 repeats a page (4 received, Total 14)"},
	{"it starts in the middle, and a page comes again when Total is behind", page{Index: 3}, []answer{{}, {}, {5, "ef"}, {5, "g"}}, lastPage, "efg", 5, 3, 6, ""},
}

// Whatever the cycle, a listing of it ends, and in time proportional to its length.
func TestACycleOfAnyLengthEnds(t *testing.T) {
	t.Parallel()
	for length := 1; length <= 40; length++ {
		for tail := range 20 {
			cursor, pages, stalled := NewCursor(1, 1), 0, ""
			for ; stalled == ""; pages++ {
				i := cursor.Index - 1
				if i >= tail {
					i = tail + (i-tail)%length
				}
				_, stalled = cursor.Accept(1_000_000, []string{fmt.Sprint(i)})
			}
			require.Contains(t, stalled, "repeats a page", "cycle of %d after %d pages", length, tail)
			require.LessOrEqual(t, pages, 3*(length+tail)+1, "cycle of %d after %d pages", length, tail)
		}
	}
}

// A listing that starts late has received little, however far its pages are.
func TestALateStartIsNotFarPastTotal(t *testing.T) {
	t.Parallel()
	for _, total := range []int{-1, 0, 1} {
		cursor := NewCursor(9001, 200)
		for _, items := range []int{2, 2, 0} {
			_, stalled := cursor.Accept(total, make([]string, items))
			assert.Empty(t, stalled)
		}
		assert.True(t, cursor.Done)
	}
}

func TestAPageWithoutAWholeKeyIsLikeNoOther(t *testing.T) {
	t.Parallel()
	assert.Zero(t, fingerprintOf([]string{"", ""}))
	assert.Zero(t, fingerprintOf(nil))
	assert.NotZero(t, fingerprintOf([]string{"", "a"}))
	assert.Equal(t, fingerprintOf([]string{"a", "b"}), fingerprintOf([]string{"a", "b"}))
	assert.NotEqual(t, fingerprintOf([]string{"a", "b"}), fingerprintOf([]string{"ab", ""}))
	cursor := NewCursor(1, 2)
	for range 2 {
		repeated, stalled := cursor.Accept(4, []string{"", ""})
		assert.False(t, repeated)
		assert.Empty(t, stalled)
	}
	assert.True(t, cursor.Done)
}

func TestTheBoundPastTotalHoldsForAnyTotal(t *testing.T) {
	t.Parallel()
	for total, most := range map[int]int{
		-1: noTotal, 0: noTotal, 1: 1001, 1000: 2000, 1001: 2002, 50_000: 100_000, math.MaxInt: math.MaxInt, math.MinInt: noTotal,
	} {
		cursor := Cursor{Index: 7, size: 2, received: most}
		_, stalled := cursor.Accept(total, []string{""})
		assert.Empty(t, stalled, "Total %d", total)
		if most < math.MaxInt {
			cursor := Cursor{Index: 7, size: 2, received: most + 1}
			before := cursor
			_, stalled := cursor.Accept(total, []string{""})
			assert.Contains(t, stalled, "page 7 goes on far past Total", "Total %d", total)
			assert.Equal(t, before, cursor, "the state moves only on success")
		}
	}
}

func TestPagesLeftIsAtLeastOneAndNeverPanics(t *testing.T) {
	t.Parallel()
	for _, total := range []int{math.MinInt, -1, 0, 1, 2, 9, math.MaxInt} {
		for _, index := range []int{1, 2, math.MaxInt} {
			for _, items := range []int{0, 1, 2, 5} {
				cursor := NewCursor(index, 2)
				cursor.Accept(total, make([]string, items))
				assert.Positive(t, cursor.PagesLeft(), "Total %d, page %d, %d items", total, index, items)
			}
		}
	}
}

func TestAListThatChangesWhileItIsReadSaysSo(t *testing.T) {
	t.Parallel()
	type page struct {
		total int
		keys  []string
	}
	for name, test := range map[string]struct {
		pages   []page
		changed bool
	}{
		"quiet":                           {[]page{{4, []string{"a", "b"}}, {4, []string{"c", "d"}}}, false},
		"Total falls":                     {[]page{{4, []string{"a", "b"}}, {3, []string{"d"}}}, true},
		"Total rises":                     {[]page{{3, []string{"a", "b"}}, {4, []string{"c", "d"}}}, true},
		"an item comes again":             {[]page{{4, []string{"a", "b"}}, {4, []string{"b", "c"}}}, true},
		"Total falls at the end":          {[]page{{5, []string{"a", "b"}}, {5, []string{"c", "d"}}, {4, nil}}, true},
		"Total is absent":                 {[]page{{0, []string{"a", "b"}}, {0, []string{"c"}}, {0, nil}}, false},
		"Total is absent at first":        {[]page{{0, []string{"a", "b"}}, {3, []string{"c"}}}, false},
		"Total is absent later":           {[]page{{3, []string{"a", "b"}}, {0, []string{"c"}}}, false},
		"items that cannot be told apart": {[]page{{4, []string{"", ""}}, {4, []string{"", ""}}}, false},
		"Total counts one too many":       {[]page{{3, []string{"a", "b"}}, {3, nil}}, false},
	} {
		cursor := NewCursor(1, 2)
		for _, page := range test.pages {
			_, stalled := cursor.Accept(page.total, page.keys)
			assert.Empty(t, stalled, name)
		}
		assert.Equal(t, test.changed, cursor.Changed, name)
	}
}
