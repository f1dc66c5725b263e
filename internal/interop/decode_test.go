package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/alibabacloud-go/tea/tea"
	"github.com/cams-go/cams"
	"github.com/cams-go/cams/internal/interop/official"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "record again what the official core makes of each answer")

const recording = "testdata/official-decodes.json"

// outcome describes what a caller gets for an answer.
type outcome struct {
	Kind         string   `json:"kind"`
	Error        string   `json:"error,omitempty"`  // the text; recorded, but not compared
	Status       int      `json:"status,omitempty"` // of a refusal or an error
	Code         string   `json:"code,omitempty"`
	Message      string   `json:"message,omitempty"`
	RequestID    string   `json:"requestId,omitempty"`
	Success      bool     `json:"success,omitempty"`
	Denied       string   `json:"denied,omitempty"` // AccessDeniedDetail as JSON
	Wait         string   `json:"wait,omitempty"`   // how long to wait before a retry
	Total        int      `json:"total,omitempty"`
	Participants []string `json:"participants,omitempty"`
}

// Kinds of outcome.
const (
	response  = "response" // a usable answer and no error
	nilBody   = "nil body" // no error and no answer
	refusal   = "refusal"  // an error with the service's code
	otherwise = "error"    // any other error
	panicked  = "panic"    // the call panicked
)

// The file records how the official core decodes each answer. If a new version of the core differs, this test fails.
func TestTheRecordingIsTheOfficialCores(t *testing.T) {
	got := map[string]outcome{}
	for _, a := range answers {
		got[a.name] = officialOutcome(t, &a.answer)
	}
	require.Len(t, got, len(answers), "two answers have the same name")
	text, err := json.MarshalIndent(got, "", "  ")
	require.NoError(t, err)
	text = append(text, '\n')
	if *update {
		require.NoError(t, os.WriteFile(recording, text, 0o644))
	}
	want, err := os.ReadFile(recording)
	require.NoError(t, err)
	require.Equal(t, string(want), string(text), "run go test -update, and read the difference")
}

// cams decodes each answer as the official core does, except for the listed differences.
func TestAnswersAreDecodedAsByTheOfficialCore(t *testing.T) {
	text, err := os.ReadFile(recording)
	require.NoError(t, err)
	recorded := map[string]outcome{}
	require.NoError(t, json.Unmarshal(text, &recorded))

	unused := map[string]bool{}
	for name := range differences {
		unused[name] = true
	}
	for _, a := range answers {
		delete(unused, a.name)
		t.Run(a.name, func(t *testing.T) {
			theirs, ours := recorded[a.name], ourOutcome(t, &a.answer)
			listed := differences[a.name]
			require.Equal(t, listed.fields, differingFields(theirs, ours),
				"the fields that differ\nofficial: %+v\nours:     %+v\nlisted reason: %s", theirs, ours, listed.why)
		})
	}
	require.Empty(t, unused, "differences of answers that there are not")
}

// differingFields names the compared fields in which two outcomes differ.
func differingFields(a, b outcome) string {
	var names []string
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range va.NumField() {
		name := va.Type().Field(i).Name
		if name != "Error" && !reflect.DeepEqual(va.Field(i).Interface(), vb.Field(i).Interface()) {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

func officialOutcome(t *testing.T, a *answer) (out outcome) {
	client, err := official.NewClient(official.Config{
		Protocol: "HTTPS", Endpoint: host, Credential: official.AccessKey("testid", "testsecret", ""),
		HTTPClient: &http.Client{Transport: a},
	})
	require.NoError(t, err)
	defer func() {
		if p := recover(); p != nil {
			out = outcome{Kind: panicked, Error: fmt.Sprint(p)}
		}
	}()
	resp, err := client.ListChatGroupParticipants(&official.Request{
		BusinessNumber: tea.String("8613800000000"), CustSpaceId: tea.String("cams-k001"), GroupId: tea.String("EA939xyz"),
	})
	var refused *tea.SDKError
	switch {
	case errors.As(err, &refused):
		return officialRefusal(t, refused)
	case err != nil:
		return outcome{Kind: otherwise, Error: err.Error()}
	case resp.Body == nil:
		return outcome{Kind: nilBody}
	}
	body := resp.Body
	out = outcome{
		Kind: response, Code: tea.StringValue(body.Code), Message: tea.StringValue(body.Message),
		RequestID: tea.StringValue(body.RequestId), Success: tea.BoolValue(body.Success),
	}
	if body.AccessDeniedDetail != nil {
		out.Denied = toJSON(t, body.AccessDeniedDetail)
	}
	if body.Data != nil {
		out.Total = int(tea.Int32Value(body.Data.Total))
		for _, member := range body.Data.List {
			number := ""
			if member != nil {
				number = tea.StringValue(member.ParticipantNumber)
			}
			out.Participants = append(out.Participants, number)
		}
	}
	return out
}

// officialRefusal reads the error as a user would. Data has the service's own message; Message is wrapped into
// "code: 400, ... request id: ...". There is no field for the time to wait.
func officialRefusal(t *testing.T, e *tea.SDKError) outcome {
	out := outcome{
		Kind: refusal, Error: tea.StringValue(e.Message),
		Status: tea.IntValue(e.StatusCode), Code: tea.StringValue(e.Code),
	}
	data := map[string]any{}
	decoder := json.NewDecoder(strings.NewReader(tea.StringValue(e.Data)))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&data))
	out.Message = firstText(data, "Message", "message")
	out.RequestID = firstText(data, "RequestId", "requestId")
	if len(e.AccessDeniedDetail) > 0 {
		out.Denied = toJSON(t, e.AccessDeniedDetail)
	}
	return out
}

func firstText(data map[string]any, names ...string) string {
	for _, name := range names {
		if v := data[name]; v != nil {
			return fmt.Sprint(v)
		}
	}
	return ""
}

func ourOutcome(t *testing.T, a *answer) (out outcome) {
	client, err := cams.NewClient(
		cams.WithEndpoint(host),
		cams.WithCredentials(cams.StaticCredentials("testid", "testsecret", "")),
		cams.WithHTTPClient(&http.Client{Transport: a}),
		cams.WithRetry(cams.NoRetry()),
	)
	require.NoError(t, err)
	defer func() {
		if p := recover(); p != nil {
			out = outcome{Kind: panicked, Error: fmt.Sprint(p)}
		}
	}()
	resp, err := client.ListChatGroupParticipants(context.Background(), &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939xyz",
	})
	var refused *cams.APIError
	var unreadable *cams.ResponseError
	switch {
	case errors.As(err, &refused):
		out = outcome{
			Kind: refusal, Error: err.Error(), Status: refused.StatusCode, Code: refused.Code,
			Message: refused.Message, RequestID: refused.RequestID, Denied: deniedJSON(t, refused.AccessDeniedDetail),
		}
		if refused.RetryAfter > 0 {
			out.Wait = refused.RetryAfter.String()
		}
		return out
	case errors.As(err, &unreadable):
		return outcome{Kind: otherwise, Error: err.Error(), Status: unreadable.StatusCode, RequestID: unreadable.RequestID}
	case err != nil:
		return outcome{Kind: otherwise, Error: err.Error()}
	case resp == nil:
		return outcome{Kind: nilBody}
	}
	out = outcome{
		Kind: response, Code: resp.Code, Message: resp.Message, RequestID: resp.RequestID, Success: resp.Success,
		Denied: deniedJSON(t, resp.AccessDeniedDetail), Total: resp.Data.Total,
	}
	for _, member := range resp.Data.List {
		out.Participants = append(out.Participants, member.ParticipantNumber)
	}
	return out
}

func deniedJSON(t *testing.T, d cams.AccessDeniedDetail) string {
	if d == (cams.AccessDeniedDetail{}) {
		return ""
	}
	return toJSON(t, d)
}

// toJSON returns v as JSON, with the keys of objects in alphabetical order.
func toJSON(t *testing.T, v any) string {
	text, err := json.Marshal(v)
	require.NoError(t, err)
	var plain any
	require.NoError(t, json.Unmarshal(text, &plain))
	text, err = json.Marshal(plain)
	require.NoError(t, err)
	return string(bytes.TrimSpace(text))
}
