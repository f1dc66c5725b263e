package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams/internal/wire"
)

// item has a field Extra, as the items of the lists have.
type item struct {
	Name  string `json:"Name"`
	Time  int64  `json:"Time"`
	Small uint8  `json:"Small"`
	Flag  bool   `json:"Flag"`
	Parts []part `json:"Parts"`
	Extra string `json:"-"`
}

type part struct {
	ID    string `json:"Id"`
	Extra string `json:"-"`
}

// page has items at each place where there can be some.
type page struct {
	Total int      `json:"Total"`
	List  []item   `json:"List"`
	First *item    `json:"First"`
	Pair  [2]*item `json:"Pair"`
	item
}

func TestMembersThatAStructDoesNotKnowAreKeptInExtra(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]page{
		`{"List":[{"Name":"a","Time":1}]}`:         {List: []item{{Name: "a", Time: 1}}},
		`{"List":[{"UserId":"US.1"}]}`:             {List: []item{{Extra: `{"UserId":"US.1"}`}}},
		`{"List":[{"b":1,"Name":"a","a":2}]}`:      {List: []item{{Name: "a", Extra: `{"a":2,"b":1}`}}},
		`{"List":[{"Name":"a"},null,{"b":null}]}`:  {List: []item{{Name: "a"}, {}, {Extra: `{"b":null}`}}},
		`{"New":1,"List":[],"First":{"b":[ {} ]}}`: {List: []item{}, First: &item{Extra: `{"b":[{}]}`}, item: item{Extra: `{"New":1}`}},
		`{"Pair":[null,{"b":{"c" : "d"}}]}`:        {Pair: [2]*item{nil, {Extra: `{"b":{"c":"d"}}`}}},
		`{"Pair":[{"b":1},{},{"b":3}]}`:            {Pair: [2]*item{{Extra: `{"b":1}`}, {}}},
		`{"List":[{"Parts":[{"Id":"i","x":"<&>"}]},{"Parts":[{"Id":"i"}],"n":12345678901234567890.10}]}`: {List: []item{
			{Parts: []part{{ID: "i", Extra: `{"x":"<&>"}`}}}, {Parts: []part{{ID: "i"}}, Extra: `{"n":12345678901234567890.10}`}}},
		`{"List":[{"Extra":"e","":"f","extra":1,"-":2}]}`: {List: []item{{Extra: `{"":"f","-":2,"Extra":"e","extra":1}`}}},
		`{"List":[{"N\u0061me":"a","\u0041":1}]}`:         {List: []item{{Name: "a", Extra: `{"A":1}`}}},
		`{"List":[{"Time":"1"}],"Total":"1"}`:             {Total: 1, List: []item{{Time: 1}}},
		`{"List":[{"Name":"a","Name":"b","x":1,"x":2}]}`:  {List: []item{{Name: "b", Extra: `{"x":2}`}}},
	} {
		var got page
		require.NoError(t, wire.Unmarshal([]byte(in), &got), in)
		assert.Equal(t, want, got, in)
	}
}

func TestAMemberOfAnotherFormIsKeptInExtra(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]item{
		`{"Name":"a","Time":"2026-01-02"}`:        {Name: "a", Extra: `{"Time":"2026-01-02"}`},
		`{"Name":"a","Time":1.5}`:                 {Name: "a", Extra: `{"Time":1.5}`},
		`{"Name":"a","Time":"1.5"}`:               {Name: "a", Extra: `{"Time":"1.5"}`},
		`{"Name":"a","Time":9223372036854775808}`: {Name: "a", Extra: `{"Time":9223372036854775808}`},
		`{"Name":"a","Time":1e19}`:                {Name: "a", Extra: `{"Time":1e19}`},
		`{"Name":"a","time":{"seconds":1}}`:       {Name: "a", Extra: `{"time":{"seconds":1}}`},
		`{"Name":["a"],"Time":1}`:                 {Time: 1, Extra: `{"Name":["a"]}`},
		`{"Name":{"a":"b"},"Time":"1"}`:           {Time: 1, Extra: `{"Name":{"a":"b"}}`},
		`{"Small":256}`:                           {Extra: `{"Small":256}`},
		`{"Small":-1}`:                            {Extra: `{"Small":-1}`},
		`{"Small":"255","Flag":"perhaps"}`:        {Small: 255, Extra: `{"Flag":"perhaps"}`},
		`{"Parts":"none"}`:                        {Extra: `{"Parts":"none"}`},
		`{"Parts":{"Id":"i"},"new":true}`:         {Extra: `{"Parts":{"Id":"i"},"new":true}`},
		`{"Time":"","Parts":"","Name":null}`:      {},
		`{"Time":"soon","time":5}`:                {Extra: `{"Time":"soon","time":5}`},
	} {
		var got item
		require.NoError(t, wire.Unmarshal([]byte(in), &got), in)
		assert.Equal(t, want, got, in)
	}
	require.Error(t, wire.Unmarshal([]byte(`{"List":[5]}`), new(page)), "an item that is none")
}

func TestTheExactKeyCounts(t *testing.T) {
	t.Parallel()
	type data struct {
		List  []int  `json:"List"`
		Total int    `json:"Total"`
		Code  string `json:"Code"`
	}
	for in, want := range map[string]data{
		`{"List":[1,2],"list":[]}`:                           {List: []int{1, 2}},
		`{"list":[],"List":[1,2]}`:                           {List: []int{1, 2}},
		`{"Code":"OK","code":0}`:                             {Code: "OK"},
		`{"code":{},"Code":"OK"}`:                            {Code: "OK"},
		`{"Total":"2","total":0}`:                            {Total: 2},
		`{"total":0,"Total":"2","TOTAL":1}`:                  {Total: 2},
		`{"Total":2,"t\u006ftal":0}`:                         {Total: 2},
		`{"total":3,"TOTAL":1}`:                              {Total: 1},
		`{"TOTAL":1,"total":3}`:                              {Total: 1},
		`{"li\u017ft":[1],"total":1,"unknown":{"List":[3]}}`: {List: []int{1}, Total: 1},
		`{"Total":null,"total":3}`:                           {},
	} {
		var got data
		require.NoError(t, wire.Unmarshal([]byte(in), &got), in)
		assert.Equal(t, want, got, in)
	}
	var got item
	require.NoError(t, wire.Unmarshal([]byte(`{"name":"b","Name":"a","NAME":"c"}`), &got))
	assert.Equal(t, item{Name: "a", Extra: `{"NAME":"c","name":"b"}`}, got, "nothing is lost")
	require.NoError(t, wire.Unmarshal([]byte(`{"name":"b"}`), &got), "over a value that is not zero")
	assert.Equal(t, item{Name: "b"}, got)
}

func TestALargeAnswerKeepsItsExtraOrThereIsAnError(t *testing.T) {
	t.Parallel()
	list := func(n int, member string) []byte {
		return []byte(`{"List":[` + strings.Repeat(member+",", n) + `{"Time":"soon"}]}`)
	}
	var got page
	require.NoError(t, wire.Unmarshal(list(5_000, `{"Name":"`+strings.Repeat("n", 300)+`","x":1}`), &got), "more than a megabyte")
	require.Len(t, got.List, 5_001)
	for _, i := range got.List[:5_000] {
		require.Equal(t, `{"x":1}`, i.Extra)
	}
	require.ErrorIs(t, wire.Unmarshal(list(35_000, `{"Name":"n","x":1}`), &got), wire.ErrTooMany)
	known := bytes.Replace(list(35_000, `{"Name":"n","Time":1}`), []byte(`"soon"`), []byte(`1`), 1)
	require.NoError(t, wire.Unmarshal(known, &got), "as many, but all is known")
}

func TestAnAnswerThatIsKnownCostsNoAllocation(t *testing.T) { // not parallel: it counts allocations
	in := []byte(` { "Total" : 1 , "List":[{"Name":"a \\\"}],{\\","Time":-1,"Flag":true,"Parts":[]},null,
		{ },{"Parts":[{"Id":"\"Name\":"}]}],"New":{"total":1,"x":[{"}":"]"}]},"Pair":[null],"First":{"Name":""}}`)
	type spelled struct { // New has no field, and there is no Extra to keep it
		Total int     `json:"Total"`
		List  []item  `json:"List"`
		First *item   `json:"First"`
		Pair  [1]item `json:"Pair"`
	}
	var want spelled
	require.NoError(t, json.Unmarshal(in, &want))
	var got spelled
	require.NoError(t, wire.Unmarshal(in, &got))
	assert.Equal(t, want, got)
	theirs := testing.AllocsPerRun(100, func() { _ = json.Unmarshal(in, new(spelled)) })
	ours := testing.AllocsPerRun(100, func() { _ = wire.Unmarshal(in, new(spelled)) })
	assert.Equal(t, theirs, ours)
}

// flat has a field of each kind of scalar.
type flat struct {
	Name  string  `json:"Name"`
	Time  int64   `json:"Time"`
	Small uint8   `json:"Small"`
	Ratio float32 `json:"Ratio"`
	Flag  bool    `json:"Flag"`
	Extra string  `json:"-"`
}

// FuzzNoMemberIsLost decodes any object: what encoding/json makes of the fields stays,
// and every other member comes out in Extra as it went in.
func FuzzNoMemberIsLost(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"Name":"a","Time":1,"Small":2,"Ratio":1.5,"Flag":true}`, `{"name":"a","TIME":"1","Small":300,"Ratio":"1e99","Flag":{}}`,
		`{"UserId":"US.13491208655302741918","x":[{"y":"\ud800<"}],"":1e400,"Extra":null}`, `{"\u004eame":"\\\"","Time":1.5e0}`, ` { "Time" : 9223372036854775808 } `,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var members map[string]any
		if decode(data, &members) != nil || members == nil {
			return
		}
		var strict, got flat
		strictErr := json.Unmarshal(data, &strict)
		require.NoError(t, wire.Unmarshal(data, &got))
		extra := map[string]any{}
		if got.Extra != "" {
			require.NoError(t, decode([]byte(got.Extra), &extra))
			require.NotEmpty(t, extra)
		}
		known := map[string]string{} // the keys by the name of their field
		for key, value := range members {
			name := fieldOf(key)
			if kept, ok := extra[key]; ok {
				require.Equal(t, value, kept)
				continue
			}
			require.NotEmpty(t, name, "%q is lost", key)
			require.Empty(t, known[name], "%q and %q are the same field", key, known[name])
			known[name] = key
		}
		for key := range extra {
			require.Contains(t, members, key)
		}
		if strictErr == nil && len(known) == countFields(members) {
			got.Extra = ""
			require.Equal(t, strict, got)
		}
	})
}

// decode decodes with exact numbers.
func decode(data []byte, v any) error {
	if !json.Valid(data) {
		return errors.New("invalid")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return decoder.Decode(v)
}

// fieldOf returns the field of flat that a key is for, or "".
func fieldOf(key string) string {
	for _, name := range []string{"Name", "Time", "Small", "Ratio", "Flag"} {
		if strings.EqualFold(key, name) {
			return name
		}
	}
	return ""
}

// countFields counts the members that are for a field of flat.
func countFields(members map[string]any) (n int) {
	for key := range members {
		if fieldOf(key) != "" {
			n++
		}
	}
	return n
}
