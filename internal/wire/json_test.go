package wire_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

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
			assert.Equal(t, strict, loose)
		}
		wire.FindString(data, "RequestId")
	})
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
