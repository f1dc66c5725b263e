package acceptance

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

var query = cams.Operation{Name: "QueryChatappPhoneNumbers", Repeatable: true}

func TestAnyOperationTravelsLikeTheTypedOnes(t *testing.T) {
	t.Parallel()
	type filter struct {
		Name string
		Tags []string
	}
	type params struct {
		CustSpaceID string `json:"CustSpaceId"`
		Count       int    `json:"Count"`
		On          bool
		Filter      *filter
		Absent      *filter
		Omitted     string `json:",omitempty"`
	}
	want := url.Values{
		"CustSpaceId": {"cams-k001"}, "Count": {"3"}, "On": {"true"},
		"Filter": {`{"Name":"<a>&","Tags":["x"]}`},
	}
	given := params{CustSpaceID: "cams-k001", Count: 3, On: true, Filter: &filter{"<a>&", []string{"x"}}}
	for name, params := range map[string]any{
		"a struct": given, "a pointer": &given,
		"a map": map[string]any{"CustSpaceId": "cams-k001", "Count": 3, "On": true, "Filter": given.Filter, "Absent": nil},
	} {
		server, client := service(t)
		server.Handle(query.Name, func(camstest.Request) camstest.Answer {
			return camstest.Answer{Body: `{"RequestId":"r1","Code":"OK","Success":true,"Numbers":[{"Number":"8613800138000","Quality":"7"}]}`}
		})
		var out struct {
			cams.ResponseMetadata
			Numbers []struct {
				Number  string
				Quality int
			}
		}
		require.NoError(t, client.Call(t.Context(), query, params, &out), name)
		assert.Equal(t, want, server.Requests()[0].Query, name)
		assert.Equal(t, "r1", out.RequestID)
		assert.Equal(t, 7, out.Numbers[0].Quality, "drift is forgiven")

		var object map[string]any
		require.NoError(t, client.Call(t.Context(), query, params, &object), name)
		assert.Equal(t, "OK", object["Code"])
		require.NoError(t, client.Call(t.Context(), query, nil, nil), "no parameters and no result")
	}
}

func TestNumbersOfACallAreExactThereAndBack(t *testing.T) {
	t.Parallel()
	server, client := service(t)
	const id, body = "9007199254740993", `{"Code":"OK","Success":true,"Id":9007199254740993,"Data":{"Total":"1","List":[{"Id":9007199254740993,"Price":0.10}]}}`
	server.Handle(query.Name, func(camstest.Request) camstest.Answer { return camstest.Answer{Body: body} })
	item := map[string]any{"Id": json.Number(id), "Price": json.Number("0.10")}

	var object map[string]any
	require.NoError(t, client.Call(t.Context(), query, nil, &object))
	assert.Equal(t, json.Number(id), object["Id"])
	assert.Equal(t, map[string]any{"Total": "1", "List": []any{item}}, object["Data"])
	var mixed struct {
		ID   any `json:"Id"`
		Data struct {
			Total int
			List  []map[string]any
		}
	}
	require.NoError(t, client.Call(t.Context(), query, nil, &mixed))
	assert.Equal(t, json.Number(id), mixed.ID)
	assert.Equal(t, 1, mixed.Data.Total)
	assert.Equal(t, []map[string]any{item}, mixed.Data.List)

	require.NoError(t, client.Call(t.Context(), query, map[string]any{"Id": object["Id"], "Item": mixed.Data.List[0]}, nil))
	sent := server.Requests()[2].Query
	assert.Equal(t, id, sent.Get("Id"))
	assert.Equal(t, `{"Id":9007199254740993,"Price":0.10}`, sent.Get("Item"))
}

func TestEveryNumberTypeOfACallMayDrift(t *testing.T) {
	t.Parallel()
	type result struct {
		Uint  uint
		Small *uint8
		Big   uint64
		Price float64
		Ratio float32
		Name  string
	}
	seven := uint8(7)
	server, client := service(t)
	server.Handle("Create", func(camstest.Request) camstest.Answer {
		return camstest.Answer{Body: `{"Code":"OK","Success":true,"Uint":"8","Small":"7","Big":"18446744073709551615","Price":"0.10","Ratio":"1e2","Name":5}`}
	})
	var out result
	require.NoError(t, client.Call(t.Context(), cams.Operation{Name: "Create"}, nil, &out), "a creation whose result drifts is no unknown outcome")
	assert.Equal(t, result{8, &seven, 1<<64 - 1, 0.1, 100, "5"}, out)
}

func TestBadArgumentsOfACallAreNamedAndNothingIsSent(t *testing.T) {
	t.Parallel()
	server, client := service(t)
	var out map[string]any
	var noContext context.Context
	for field, call := range map[string]func() error{
		"Operation.Name": func() error { return client.Call(t.Context(), cams.Operation{}, nil, &out) },
		"params":         func() error { return client.Call(t.Context(), query, []int{1}, &out) },
		"out":            func() error { return client.Call(t.Context(), query, nil, out) },
		"ctx":            func() error { return client.Call(noContext, query, nil, &out) },
		"Client":         func() error { return (*cams.Client)(nil).Call(t.Context(), query, nil, &out) },
	} {
		var invalid *cams.ValidationError
		require.ErrorAs(t, call(), &invalid, field)
		assert.Equal(t, field, invalid.Field)
	}
	for name, params := range map[string]any{
		"a channel": make(chan int), "a number": 7, "a text": "x", "a function in a struct": struct{ F func() }{func() {}},
		"the signature's own": map[string]string{"AccessKeyId": "x"}, "no name": map[string]string{"": "x"},
	} {
		require.ErrorAs(t, client.Call(t.Context(), query, params, &out), new(*cams.ValidationError), name)
	}
	number := 7
	require.ErrorAs(t, client.Call(t.Context(), query, nil, &number), new(*cams.ValidationError))
	assert.Empty(t, server.Requests())
}

func TestACallThatIsNotRepeatableIsNotDoubled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t)
		server.Answer(camstest.Answer{Drop: true})
		err := client.Call(t.Context(), cams.Operation{Name: "SendChatappMessage"}, nil, nil)
		require.ErrorIs(t, err, cams.ErrOutcomeUnknown)
		assert.Len(t, server.Requests(), 1)

		err = client.Call(t.Context(), query, nil, nil)
		require.Error(t, err)
		require.NotErrorIs(t, err, cams.ErrOutcomeUnknown)
		assert.Len(t, server.Requests(), 4, "a repeatable one has three attempts")
	})
}

func TestStringsOfACallAreMaskedInErrors(t *testing.T) {
	t.Parallel()
	client, mock := newClient(t)
	mock.RegisterNoResponder(httpmock.NewStringResponder(400, `{"Code":"X","Message":"no hunter2, no hunter3, no hunter4"}`))
	params := map[string]any{"Password": "hunter2", "List": []string{"hunter3"}, "Object": map[string]any{"a": map[string]any{"b": "hunter4"}}}
	err := client.Call(t.Context(), query, params, nil)
	assert.EqualError(t, err, "cams: QueryChatappPhoneNumbers: X: no [redacted], no [redacted], no [redacted] (status 400, 1 attempt)")
}

func TestAFailedCallLeavesOutAsItWas(t *testing.T) {
	t.Parallel()
	client, mock := newClient(t)
	mock.RegisterNoResponder(httpmock.NewStringResponder(200, `{"Code":"X","Success":false,"Name":"new"}`))
	out := struct{ Name string }{"old"}
	require.ErrorAs(t, client.Call(t.Context(), query, nil, &out), new(*cams.APIError))
	assert.Equal(t, "old", out.Name)
}

func TestAClientWithOtherOptionsSharesAllElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t)
		impatient, err := client.With(cams.WithAttemptTimeout(time.Second), cams.WithRetry(cams.NoRetry()))
		require.NoError(t, err)
		server.Answer(camstest.Answer{Delay: 10 * time.Second})
		start := time.Now()
		require.ErrorIs(t, list(t.Context(), impatient), context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(start))
		require.NoError(t, list(t.Context(), client), "the first one is as it was")

		server.Reset()
		server.SetClock(func() time.Time { return time.Now().Add(time.Hour) })
		require.NoError(t, list(t.Context(), client))
		require.NoError(t, list(t.Context(), impatient), "it has the corrected clock, and needs no second attempt")

		throttled := camstest.Refusal(429, "Throttling.User", "m")
		throttled.Header = http.Header{"X-Acs-Retry-After": {"5000"}}
		server.AnswerOnce(throttled)
		require.ErrorIs(t, list(t.Context(), impatient), cams.ErrThrottled)
		start = time.Now()
		require.NoError(t, list(t.Context(), client))
		assert.Equal(t, 5*time.Second, time.Since(start), "they share a limiter")

		server.AddAccessKey("other", testSecret, "")
		tenant, err := client.With(cams.WithCredentials(cams.StaticCredentials("other", testSecret, "")))
		require.NoError(t, err)
		server.AnswerOnce(throttled)
		require.ErrorIs(t, list(t.Context(), impatient), cams.ErrThrottled)
		start = time.Now()
		require.NoError(t, list(t.Context(), tenant))
		assert.Zero(t, time.Since(start), "another account has a quota of its own")

		_, err = client.With(cams.WithAttemptTimeout(0))
		require.ErrorAs(t, err, new(*cams.ValidationError))
		_, err = (*cams.Client)(nil).With()
		require.ErrorAs(t, err, new(*cams.ValidationError))
	})
}

func TestAParameterOfTheClientIsSentWithEveryRequest(t *testing.T) {
	t.Parallel()
	server, client := service(t, cams.WithParameter("OwnerId", "12345"), cams.WithParameter("OwnerId", "67890"))
	require.NoError(t, list(t.Context(), client))
	assert.Equal(t, []string{"67890"}, server.Requests()[0].Query["OwnerId"], "the later one counts")

	twice, err := client.With(cams.WithParameter("GroupId", "x"))
	require.NoError(t, err)
	var invalid *cams.ValidationError
	require.ErrorAs(t, list(t.Context(), twice), &invalid)
	assert.Equal(t, "WithParameter", invalid.Field)
	assert.Len(t, server.Requests(), 1)
	for _, bad := range []cams.Option{cams.WithParameter("", "x"), cams.WithParameter("Signature", "x"), cams.WithParameter("OwnerId", ""), cams.WithLimiter(nil), cams.WithObserver(nil)} {
		_, err := cams.NewClient(bad)
		require.ErrorAs(t, err, new(*cams.ValidationError))
	}
}

// slow is a limiter that lets a request through each second.
type slow struct{ err error }

func (s slow) Wait(ctx context.Context) error {
	select {
	case <-time.After(time.Second):
		return s.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func TestALimiterIsWaitedForOutsideTheAttemptTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, cams.WithLimiter(slow{}), cams.WithAttemptTimeout(100*time.Millisecond))
		server.AnswerOnce(camstest.Refusal(503, "ServiceUnavailable", "m"))
		var info cams.CallInfo
		require.NoError(t, list(cams.WithCallInfo(t.Context(), &info), client))
		assert.Equal(t, 2*time.Second, info.Waited, "before each attempt")
		assert.Equal(t, 2, info.Attempts)
		assert.Equal(t, 200, info.StatusCode)
		assert.NotEmpty(t, info.Header.Get("X-Acs-Request-Id"))
		assert.Contains(t, string(info.Body), `"Code":"OK"`)
		assert.Equal(t, "ListChatGroupParticipants", info.Operation)

		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		err := list(cams.WithCallInfo(ctx, &info), client)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, err, info.Err)
		assert.Len(t, server.Requests(), 2, "nothing was sent")

		_, client = service(t, cams.WithLimiter(slow{http.ErrNoLocation}))
		err = list(t.Context(), client)
		require.ErrorIs(t, err, http.ErrNoLocation)
		var failed *cams.CallError
		require.ErrorAs(t, err, &failed)
		assert.Zero(t, failed.Attempts, "nothing was sent")
		assert.ErrorIs(t, err, cams.ErrThrottled)
	})
}

func TestTheHTTPClientIsAskedForItsTransportAtEachRequest(t *testing.T) {
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(httpmock.NewStringResponder(200, `{"Code":"OK","Success":true}`))
	before := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = before })
	own := &http.Client{}
	client, err := cams.NewClient(cams.WithHTTPClient(own), testCredentials())
	require.NoError(t, err)
	http.DefaultTransport = mock // as httpmock.Activate does
	require.NoError(t, list(t.Context(), client))
	http.DefaultTransport = before
	own.Transport = mock // as httpmock.ActivateNonDefault does
	require.NoError(t, list(t.Context(), client))
	assert.Equal(t, 2, mock.GetTotalCallCount())
}

func TestAnOutThatHoldsItsMetadataByAPointerIsNoPanic(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{`{}`: "neither success nor error", `{"Code":"OK","Result":1}`: ""} {
		client, mock := newClient(t)
		mock.RegisterNoResponder(httpmock.NewStringResponder(200, body))
		var out struct {
			*cams.ResponseMetadata
			Result int
		}
		err := client.Call(t.Context(), query, nil, &out)
		if want != "" {
			assert.ErrorContains(t, err, want)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, 1, out.Result)
	}
	client, _ := newClient(t)
	require.ErrorAs(t, client.Call(t.Context(), query, nil, new(map[int]string)), new(*cams.ValidationError))
}

func TestNumbersOfACallAreMaskedInErrors(t *testing.T) {
	t.Parallel()
	client, mock := newClient(t)
	mock.RegisterNoResponder(httpmock.NewStringResponder(400, `{"Code":"X","Message":"no 123456, no 654321"}`))
	err := client.Call(t.Context(), query, map[string]any{"Number": 123456, "Object": map[string]any{"654321": 1}}, nil)
	assert.ErrorContains(t, err, "X: no [redacted], no [redacted] (")
}

func TestARetryThatTheLimiterHoldsCostsTheBudgetNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t, cams.WithLimiter(&onlyFirst{}), cams.WithRetry(cams.RetryPolicy{Budget: 2}))
		for range 20 {
			server.AnswerOnce(camstest.Refusal(503, "ServiceUnavailable", "m"))
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			require.ErrorIs(t, list(ctx, client), context.DeadlineExceeded, "it waits for the limiter, and is not ended by the budget")
			cancel()
		}
	})
}

// onlyFirst lets each other request through, and holds the rest.
type onlyFirst struct{ n int }

func (o *onlyFirst) Wait(ctx context.Context) error {
	if o.n++; o.n%2 == 1 {
		return nil
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

func TestCallInfoHasTheRefusalThatTheErrorTells(t *testing.T) {
	t.Parallel()
	provider := providerFunc(func(context.Context) (cams.Credentials, error) {
		return cams.Credentials{AccessKeyID: "unknown", AccessKeySecret: testSecret}, nil
	})
	_, client := service(t, cams.WithCredentials(provider))
	var info cams.CallInfo
	err := list(cams.WithCallInfo(t.Context(), &info), client)
	var refused *cams.APIError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, refused.StatusCode, info.StatusCode)
	assert.Equal(t, 1, info.Attempts)
	assert.Contains(t, string(info.Body), refused.Code)
}
