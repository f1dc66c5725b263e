package wire_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams/internal/wire"
)

type answer struct {
	RequestID string `json:"RequestId"`
	Success   bool   `json:"Success"`
	Flag      *bool  `json:"Flag"`
	Data      struct {
		Total int `json:"Total"`
		List  []struct {
			Number string `json:"ParticipantNumber"`
		} `json:"List"`
	} `json:"Data"`
}

// embedding has its scalars in embedded structs and in a map.
type embedding struct {
	answer
	Counts map[string]int `json:"Counts"`
}

func TestScalarsOfEmbeddedStructsAndMapsMayDrift(t *testing.T) {
	t.Parallel()
	var got embedding
	require.NoError(t, wire.Unmarshal([]byte(`{"requestId":7,"Success":"true","Data":{"Total":"8"},"Counts":{"a":"1"}}`), &got))
	assert.Equal(t, "7", got.RequestID)
	assert.True(t, got.Success)
	assert.Equal(t, 8, got.Data.Total)
	assert.Equal(t, map[string]int{"a": 1}, got.Counts)
}

func TestScalarsMayDrift(t *testing.T) {
	t.Parallel()
	yes := true
	for name, test := range map[string]struct {
		in   string
		want func(*answer)
	}{
		"as published":               {`{"RequestId":"a","Success":true,"Data":{"Total":8}}`, func(a *answer) { a.RequestID, a.Success, a.Data.Total = "a", true, 8 }},
		"lower camel keys":           {`{"requestId":"a","success":"true","data":{"total":"8"}}`, func(a *answer) { a.RequestID, a.Success, a.Data.Total = "a", true, 8 }},
		"a number as string":         {`{"Data":{"Total":"8"}}`, func(a *answer) { a.Data.Total = 8 }},
		"a number with spaces":       {`{"Data":{"Total":" 8 "}}`, func(a *answer) { a.Data.Total = 8 }},
		"a number with zeros":        {`{"Data":{"Total":"08"}}`, func(a *answer) { a.Data.Total = 8 }},
		"a number with a plus":       {`{"Data":{"Total":"+8"}}`, func(a *answer) { a.Data.Total = 8 }},
		"a number as float":          {`{"Data":{"Total":8.0}}`, func(a *answer) { a.Data.Total = 8 }},
		"an empty number":            {`{"Data":{"Total":""}}`, func(*answer) {}},
		"an empty text as list":      {`{"RequestId":"a","Data":{"Total":8,"List":""}}`, func(a *answer) { a.RequestID, a.Data.Total = "a", 8 }},
		"an empty text as object":    {`{"RequestId":"a","Data":""}`, func(a *answer) { a.RequestID = "a" }},
		"booleans as string":         {`{"Success":"TRUE","Flag":"true"}`, func(a *answer) { a.Success, a.Flag = true, &yes }},
		"booleans as number":         {`{"Success":1,"Flag":1}`, func(a *answer) { a.Success, a.Flag = true, &yes }},
		"a string as number":         {`{"RequestId":12345678901234567890}`, func(a *answer) { a.RequestID = "12345678901234567890" }},
		"a string as a round float":  {`{"RequestId":8.613800000000e12}`, func(a *answer) { a.RequestID = "8613800000000" }},
		"a string as another float":  {`{"RequestId":1.5}`, func(a *answer) { a.RequestID = "1.5" }},
		"a string as boolean":        {`{"RequestId":false}`, func(a *answer) { a.RequestID = "false" }},
		"nulls beside drift":         {`{"RequestId":null,"Data":{"Total":"8","List":null}}`, func(a *answer) { a.Data.Total = 8 }},
		"unknown members are passed": {`{"New":{"x":[1]},"Data":{"Total":"8"}}`, func(a *answer) { a.Data.Total = 8 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want, got answer
			test.want(&want)
			require.NoError(t, wire.Unmarshal([]byte(test.in), &got))
			assert.Equal(t, want, got)
		})
	}
}

func TestEveryNumberTypeMayDrift(t *testing.T) {
	t.Parallel()
	type numbers struct {
		Uint    uint
		Uint64  uint64
		Uint8   *uint8
		Int16   int16
		Float64 float64
		Float32 float32
		Number  json.Number
		Floats  []float64
		Quoted  int `json:",string"`
		Time    time.Time
		Address netip.Addr
	}
	seven, address := uint8(7), netip.MustParseAddr("192.0.2.1")
	for in, want := range map[string]numbers{
		`{"Uint":"8","Uint64":"18446744073709551615"}`:              {Uint: 8, Uint64: math.MaxUint64},
		`{"Uint":8.0,"Uint64":1e3,"Uint8":" 7 ","Int16":"-32768"}`:  {Uint: 8, Uint64: 1000, Uint8: &seven, Int16: math.MinInt16},
		`{"Float64":"1.5","Float32":"-2.5e-1","Floats":["1",2,""]}`: {Float64: 1.5, Float32: -0.25, Floats: []float64{1, 2, 0}},
		`{"Float64":"+8","Float32":"08","Number":"8"}`:              {Float64: 8, Float32: 8, Number: "8"},
		`{"Float64":"","Uint":"","Number":"1.10"}`:                  {Number: "1.10"},
		`{"Uint":"8","Number":1e400}`:                               {Uint: 8, Number: "1e400"},
		`{"Uint":"8","Quoted":"9","Address":"192.0.2.1"}`:           {Uint: 8, Quoted: 9, Address: address},
	} {
		var got numbers
		require.NoError(t, wire.Unmarshal([]byte(in), &got), in)
		assert.Equal(t, want, got, in)
	}
	for _, in := range []string{
		`{"Uint":"-1"}`, `{"Uint":1.5}`, `{"Uint8":"256"}`, `{"Int16":"32768"}`, `{"Uint64":"18446744073709551616"}`,
		`{"Float64":"Inf"}`, `{"Float64":"NaN"}`, `{"Float64":"0x1p4"}`, `{"Float64":"1_0"}`, `{"Float64":"1e400"}`,
		`{"Float32":"1e40"}`, `{"Float64":"ten"}`, `{"Float64":true}`, `{"Number":"ten"}`, `{"Uint":"null"}`,
	} {
		assert.Error(t, wire.Unmarshal([]byte(in), new(numbers)), in)
	}
}

func TestNumbersInInterfacesAreExact(t *testing.T) {
	t.Parallel()
	const in = `{"Id":9007199254740993,"List":[1.10,{"n":1e400}],"Total":"2"}`
	var object map[string]any
	require.NoError(t, wire.Unmarshal([]byte(in), &object))
	list := []any{json.Number("1.10"), map[string]any{"n": json.Number("1e400")}}
	assert.Equal(t, map[string]any{"Id": json.Number("9007199254740993"), "List": list, "Total": "2"}, object)
	var mixed struct {
		ID    any `json:"Id"`
		List  []any
		Total int
	}
	require.NoError(t, wire.Unmarshal([]byte(in), &mixed), "also where another member drifts")
	assert.Equal(t, json.Number("9007199254740993"), mixed.ID)
	assert.Equal(t, list, mixed.List)
	assert.Equal(t, 2, mixed.Total)
	for _, invalid := range []string{`{"a":1} trailing`, `{"a":1}{}`, ``, `{"a"`} {
		require.Error(t, wire.Unmarshal([]byte(invalid), &object), invalid)
	}
}

// tree contains itself in every way.
type tree struct {
	Name     string
	Left     *tree
	Children []tree
	ByName   map[string]*tree
	Extra    string `json:"-"`
}

func TestATypeMayContainItself(t *testing.T) {
	t.Parallel()
	var got tree
	require.NoError(t, wire.Unmarshal([]byte(`{"Left":{"Left":{"name":1,"x":2}},"Children":[{"Children":[{"y":3}]}],"ByName":{"a":{"Name":4}}}`), &got))
	assert.Equal(t, tree{
		Left:     &tree{Left: &tree{Name: "1", Extra: `{"x":2}`}},
		Children: []tree{{Children: []tree{{Extra: `{"y":3}`}}}},
		ByName:   map[string]*tree{"a": {Name: "4"}},
	}, got)
	deep := strings.Repeat(`{"Left":`, 9_000) + `{"Name":1}` + strings.Repeat(`}`, 9_000)
	require.NoError(t, wire.Unmarshal([]byte(deep), &got))
}

func TestParticipantsMayBeNumbers(t *testing.T) {
	t.Parallel()
	var got answer
	require.NoError(t, wire.Unmarshal([]byte(`{"Data":{"List":[{"ParticipantNumber":8613800000000},{"ParticipantNumber":"1"}]}}`), &got))
	require.Len(t, got.Data.List, 2)
	assert.Equal(t, "8613800000000", got.Data.List[0].Number)
	assert.Equal(t, "1", got.Data.List[1].Number)
}

func TestWhatWouldLoseSomethingIsRefused(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		``, `{`, `[]`, `"text"`, `8`, `{"Data":[]}`, `{"Data":{"Total":"eight"}}`, `{"Data":{"Total":8.5}}`,
		`{"Data":{"Total":1e999999999}}`, `{"Data":{"List":{}}}`, `{"Success":"perhaps"}`, `{"RequestId":{}}`,
		`{"RequestId":["a"]}`, `{"Data":{"Total":"8"}} trailing`,
	} {
		assert.Error(t, wire.Unmarshal([]byte(in), new(answer)), "%s", in)
	}
}

func TestFindStringReadsWhatIsThere(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		``:                                  "",
		`{"RequestId":"a"`:                  "a",
		`{"Data":{"List":[{},{"RequestId":`: "",
		`{"Data":[1,true,null],"RequestId" : "b","x`: "b",
		`{"RequestId":1}`:        "",
		`{"RequestId":"cut`:      "",
		`{"RequestId":"a\"b"}`:   "",
		`["RequestId","c"`:       "",
		`<html>RequestId</html>`: "",
	} {
		assert.Equal(t, want, wire.FindString([]byte(in), "RequestId"), "%s", in)
	}
}

func FuzzUnmarshalAcceptsAllThatJSONAccepts(f *testing.F) {
	for _, seed := range []string{`{}`, `{"RequestId":"a","Data":{"Total":8}}`, `{"Data":{"Total":"8"}}`, `null`, `[`, `{"Success":1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var strict, loose answer
		strictErr := json.Unmarshal(data, &strict)
		looseErr := wire.Unmarshal(data, &loose)
		if strictErr == nil {
			require.NoError(t, looseErr)
		}
		if strictErr == nil && hasUniqueKeys(json.NewDecoder(bytes.NewReader(data))) {
			assert.Equal(t, strict, loose)
		}
		wire.FindString(data, "RequestId")
	})
}

// hasUniqueKeys reports whether no object has two keys that differ in case alone.
func hasUniqueKeys(d *json.Decoder) bool {
	open, _ := d.Token()
	if open != json.Delim('{') && open != json.Delim('[') {
		return true
	}
	seen := map[string]bool{}
	for d.More() {
		if open == json.Delim('{') {
			key, _ := d.Token()
			name := strings.ToLower(strings.ToUpper(key.(string)))
			if seen[name] {
				return false
			}
			seen[name] = true
		}
		if !hasUniqueKeys(d) {
			return false
		}
	}
	_, err := d.Token()
	return err == nil
}

// FuzzDriftLosesNothing writes an answer with each scalar in a kind that is not
// its own, and wants the same values back.
func FuzzDriftLosesNothing(f *testing.F) {
	f.Add("a", true, 8, uint64(8613800000000), "8613800000001")
	f.Add("<&>\u2028\xff\x00\\\"\U0001f642", false, math.MinInt, uint64(1<<64-1), "+86 138 1e5 0x7")
	f.Fuzz(func(t *testing.T, id string, success bool, total int, number uint64, text string) {
		var want answer
		want.RequestID = strings.ToValidUTF8(id, "\uFFFD")
		want.Success, want.Flag, want.Data.Total = success, &success, total
		require.NoError(t, json.Unmarshal(fmt.Appendf(nil, `[{"ParticipantNumber":"%d"},{"ParticipantNumber":%s}]`, number, jsonOf(text)), &want.Data.List))
		flag := 0
		if success {
			flag = 1
		}
		drifted := fmt.Sprintf(`{"requestId":%s,"SUCCESS":"%t","Flag":%d,"data":{"total":" %d ","list":[{"participantNumber":%d},{"ParticipantNumber":%s}]}}`,
			jsonOf(want.RequestID), success, flag, total, number, jsonOf(text))
		var got answer
		require.NoError(t, wire.Unmarshal([]byte(drifted), &got), "%s", drifted)
		assert.Equal(t, want, got)
	})
}

func jsonOf(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}
