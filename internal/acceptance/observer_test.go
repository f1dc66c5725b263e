package acceptance

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// witness is an observer that records what it is told about one call.
type witness struct {
	t        *testing.T
	started  []string
	attempts []cams.AttemptInfo
	ended    []cams.CallInfo
}

type witnessKey struct{}

func (w *witness) StartCall(ctx context.Context, operation string) context.Context {
	w.started = append(w.started, operation)
	return context.WithValue(ctx, witnessKey{}, w)
}

func (w *witness) Attempt(ctx context.Context, attempt cams.AttemptInfo) {
	assert.Same(w.t, w, ctx.Value(witnessKey{}), "the context of StartCall comes back")
	assert.Empty(w.t, w.ended)
	w.attempts = append(w.attempts, attempt)
}

func (w *witness) EndCall(ctx context.Context, call cams.CallInfo) {
	assert.Same(w.t, w, ctx.Value(witnessKey{}), "the context of StartCall comes back")
	w.ended = append(w.ended, call)
}

// observed is a call that ends in one way, and what an observer must be told.
type observed struct {
	answers  []camstest.Answer
	options  []cams.Option
	limit    time.Duration // the caller's deadline
	call     func(context.Context, *cams.Client) error
	attempts int         // 0 if a limiter let none through
	reason   cams.Reason // of the last attempt
	status   int         // of the last answer
	cutShort bool        // the deadline ended the pause before the attempt that was to follow
}

func observedCalls() map[string]observed {
	unavailable := camstest.Refusal(503, "ServiceUnavailable", "m")
	unknownKey := camstest.Refusal(404, "InvalidAccessKeyId.NotFound", "m")
	never := camstest.Answer{Delay: time.Hour}
	provider := func(f providerFunc) []cams.Option { return []cams.Option{cams.WithCredentials(f)} }
	create := func(ctx context.Context, client *cams.Client) error {
		_, err := client.AddChatGroup(ctx, &cams.AddChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: "cams-k001"})
		return err
	}
	return map[string]observed{
		"a success":                           {attempts: 1, status: 200},
		"a success after failures":            {answers: []camstest.Answer{unavailable, {Drop: true}}, attempts: 3, status: 200},
		"a refusal":                           {answers: []camstest.Answer{camstest.Refusal(403, "NoPermission", "m")}, attempts: 1, reason: cams.ReasonNotRetryable, status: 403},
		"attempts used up":                    {answers: []camstest.Answer{unavailable, unavailable, {Drop: true}}, attempts: 3, reason: cams.ReasonAttempts},
		"an unknown outcome":                  {answers: []camstest.Answer{{Drop: true}}, call: create, attempts: 1, reason: cams.ReasonOutcomeUnknown},
		"the attempt timeout":                 {answers: []camstest.Answer{unavailable, unavailable, never}, attempts: 3, reason: cams.ReasonAttempts},
		"a deadline in an attempt":            {answers: []camstest.Answer{never}, limit: time.Second, attempts: 1, reason: cams.ReasonStopped},
		"a deadline before the pause ends":    {answers: []camstest.Answer{unavailable}, limit: time.Nanosecond, attempts: 1, reason: cams.ReasonDeadline, status: 503},
		"a deadline in the limiter":           {options: []cams.Option{cams.WithLimiter(slow{})}, limit: time.Second / 2},
		"a deadline in the limiter, later":    {answers: []camstest.Answer{unavailable}, options: []cams.Option{cams.WithLimiter(&onlyFirst{})}, limit: time.Minute, attempts: 1, reason: cams.ReasonServerError, status: 503, cutShort: true},
		"a deadline that has passed":          {limit: -1},
		"a limiter that lets nothing through": {options: []cams.Option{cams.WithLimiter(slow{http.ErrNoLocation})}},
		"a signer that fails": {options: []cams.Option{cams.WithSigner(signerFunc(func(*http.Request, cams.SigningInput) error { return http.ErrNoLocation }))},
			attempts: 1, reason: cams.ReasonNotRetryable},
		"a provider that fails": {options: provider(func(context.Context) (cams.Credentials, error) { return cams.Credentials{}, http.ErrNoLocation }),
			attempts: 1, reason: cams.ReasonNotRetryable},
		"a provider that panics": {options: provider(func(context.Context) (cams.Credentials, error) { panic("no") }),
			attempts: 1, reason: cams.ReasonNotRetryable},
		"refused credentials that come back": {answers: []camstest.Answer{unknownKey}, options: provider(func(context.Context) (cams.Credentials, error) { return someCredentials, nil }),
			attempts: 1, reason: cams.ReasonNotRetryable, status: 404},
	}
}

func TestAnObserverIsToldOfEachCallAttemptAndEnd(t *testing.T) {
	t.Parallel()
	for name, want := range observedCalls() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { want.check(t) })
		})
	}
}

func (want observed) check(t *testing.T) {
	w := &witness{t: t}
	server, client := service(t, append([]cams.Option{cams.WithObserver(w)}, want.options...)...)
	server.AnswerOnce(want.answers...)
	ctx := t.Context()
	if want.limit != 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, want.limit)
		defer cancel()
	}
	if want.call == nil {
		want.call = list
	}
	start := time.Now()
	err := want.call(ctx, client)

	require.Len(t, w.started, 1)
	require.Len(t, w.ended, 1)
	require.Len(t, w.attempts, want.attempts)
	end, last := w.ended[0], cams.AttemptInfo{Err: err}
	if want.attempts > 0 {
		last = w.attempts[want.attempts-1]
	}
	assert.Equal(t, err, end.Err)
	assert.Equal(t, w.started[0], end.Operation)
	assert.Equal(t, want.attempts, end.Attempts)
	assert.Equal(t, want.status, end.StatusCode)
	assert.Equal(t, time.Since(start), end.Duration)
	var sum, waited time.Duration
	for i, attempt := range w.attempts {
		assert.Equal(t, end.Operation, attempt.Operation)
		assert.Equal(t, i+1, attempt.Number)
		assert.Equal(t, i+1 < want.attempts || want.cutShort, attempt.Retry)
		assert.Equal(t, attempt.Err == nil, attempt.Reason == "")
		var refused *cams.APIError
		assert.Equal(t, errors.As(attempt.Err, &refused), attempt.Code != "")
		assert.Equal(t, attempt.StatusCode != 0, attempt.RequestID != "")
		sum += attempt.Duration + attempt.Waited
		if !want.cutShort {
			sum += attempt.Pause
		}
		waited += attempt.Waited
	}
	assert.Equal(t, err == nil, last.Err == nil)
	assert.Equal(t, want.reason, last.Reason)
	sum += end.Waited - waited // a limiter that did not let the call through
	if !want.cutShort {
		assert.Equal(t, end.Duration, sum, "no time is lost")
	}
}

func TestAnObserverIsToldOfTheEndOfACallThatPanics(t *testing.T) {
	t.Parallel()
	seen, info := &witness{t: t}, new(cams.CallInfo)
	_, client := service(t, cams.WithObserver(seen), cams.WithSigner(signerFunc(func(*http.Request, cams.SigningInput) error {
		panic("of the caller's own")
	})))
	assert.PanicsWithValue(t, "of the caller's own", func() { _ = list(cams.WithCallInfo(t.Context(), info), client) })
	require.Len(t, seen.ended, 1)
	assert.EqualError(t, seen.ended[0].Err, "cams: the call panicked")
	assert.Equal(t, seen.ended[0], *info)
}

func TestAnObserverIsNotToldOfACallThatIsInvalid(t *testing.T) {
	t.Parallel()
	w := &witness{t: t}
	_, client := service(t, cams.WithObserver(w))
	twice, err := client.With(cams.WithParameter("GroupId", "x"))
	require.NoError(t, err)
	_, err = client.ListChatGroupParticipants(t.Context(), new(cams.ListChatGroupParticipantsRequest))
	for _, err := range []error{err, list(t.Context(), twice), client.Call(t.Context(), cams.Operation{}, nil, nil)} {
		require.ErrorAs(t, err, new(*cams.ValidationError))
	}
	assert.Empty(t, w.started)
	assert.Empty(t, w.ended)
}

func TestOneCallInfoContextMayServeManyCalls(t *testing.T) {
	t.Parallel()
	server, client := service(t)
	all := manyGroups(server, 100)
	var info cams.CallInfo
	_, err := cams.Collect(cams.Rosters(cams.WithCallInfo(t.Context(), &info), client, jobRequest(), all, 16))
	require.NoError(t, err)
	assert.Equal(t, "ListChatGroupParticipants", info.Operation)

	ctx := cams.WithCallInfo(t.Context(), &info)
	pager := cams.NewListChatGroupPager(client, &cams.ListChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: "cams-k001"},
		cams.WithPageSize(5), cams.WithPrefetch(4))
	_, err = cams.Collect(pager.All(ctx))
	require.NoError(t, err)
	assert.Equal(t, "ListChatGroup", info.Operation)
	require.NoError(t, list(ctx, client))
	assert.Equal(t, "ListChatGroupParticipants", info.Operation, "the latest call")
}

// forgetful is an observer whose StartCall returns a context that has nothing of the call's.
type forgetful struct{ cams.Observer }

func (forgetful) StartCall(context.Context, string) context.Context { return context.Background() }
func (forgetful) Attempt(context.Context, cams.AttemptInfo)         {}
func (forgetful) EndCall(context.Context, cams.CallInfo)            {}

func TestAnObserversContextDoesNotTurnCallInfoOff(t *testing.T) {
	t.Parallel()
	_, client := service(t, cams.WithObserver(forgetful{}))
	var info cams.CallInfo
	require.NoError(t, list(cams.WithCallInfo(t.Context(), &info), client))
	assert.Equal(t, 200, info.StatusCode)
}
