package camstest

import (
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPaging(t *testing.T) {
	t.Parallel()
	maxInt := strconv.Itoa(math.MaxInt)
	cases := []struct {
		name        string
		members     int
		cap         int
		page        string
		first, last int // of the members that come, counted from 1; 0 = none
	}{
		{"no Page is the first 20", 57, 0, "", 1, 20},
		{"no Page, a small group", 5, 0, "", 1, 5},
		{"an empty Page is the same", 57, 0, `{}`, 1, 20},
		{"Index alone has 20 a page", 57, 0, `{"Index":2}`, 21, 40},
		{"Size alone is the first page", 57, 0, `{"Size":30}`, 1, 30},
		{"the last page is short", 57, 0, `{"Index":3,"Size":20}`, 41, 57},
		{"the last page is full", 40, 0, `{"Index":2,"Size":20}`, 21, 40},
		{"past a full last page there is nothing", 40, 0, `{"Index":3,"Size":20}`, 0, 0},
		{"past the end there is nothing", 57, 0, `{"Index":4,"Size":20}`, 0, 0},
		{"far past the end there is nothing", 57, 0, `{"Index":` + maxInt + `,"Size":20}`, 0, 0},
		{"a huge Size is all", 57, 0, `{"Index":1,"Size":` + maxInt + `}`, 1, 57},
		{"a huge Size and Index is nothing", 57, 0, `{"Index":` + maxInt + `,"Size":` + maxInt + `}`, 0, 0},
		{"an empty group", 0, 0, "", 0, 0},
		{"a cap makes pages smaller", 57, 10, `{"Index":1,"Size":20}`, 1, 10},
		{"a cap moves the next page", 57, 10, `{"Index":2,"Size":20}`, 11, 20},
		{"a cap holds without a Page", 57, 10, "", 1, 10},
		{"a cap leaves smaller pages alone", 57, 10, `{"Index":2,"Size":5}`, 6, 10},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(tc.members)
			s.SetMaxPageSize(tc.cap)
			c := caller{set: map[string]string{}}
			if tc.page != "" {
				c.set["Page"] = tc.page
			}
			a := inMemory(s).call(t, c)
			require.Equal(t, "OK", a.body.Code, a.text)
			assert.Equal(t, tc.members, a.body.Data.Total)
			var want, got []string
			if tc.first > 0 {
				want = numbers(tc.members)[tc.first-1 : tc.last]
			} else {
				assert.Contains(t, a.text, `"List":[]`)
			}
			for _, p := range a.body.Data.List {
				got = append(got, p.ParticipantNumber)
			}
			assert.Equal(t, want, got)
		})
	}
}
