package acceptance

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

func TestACallThatItsDeadlineEndsInTheLimiterSaysThatItWaitedForTheQuota(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]cams.Option{"the default": nil, "the user's": {cams.WithLimiter(&onlyFirst{})}} {
		synctest.Test(t, func(t *testing.T) {
			server, client := service(t, opts...)
			refusal := camstest.Refusal(429, "Throttling.User", "m")
			server.Answer(refusal)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			err := list(ctx, client)
			require.ErrorIs(t, err, context.DeadlineExceeded, name)
			require.ErrorIs(t, err, cams.ErrThrottled, name)
			assert.Contains(t, err.Error(), "stopped by the caller's context while it waited for the quota", name)
			var failed *cams.CallError
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, len(server.Requests()), failed.Attempts, "%s: it counts requests", name)
			assert.True(t, cams.IsCode(err, "Throttling.User"), "%s: and the refusal before", name)
		})
	}
}

func TestACallWhoseContextHadEndedDidNotWaitForAQuota(t *testing.T) {
	t.Parallel()
	for _, opts := range [][]cams.Option{nil, {cams.WithLimiter(cams.Unlimited())}} {
		_, client := service(t, opts...)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := list(ctx, client)
		require.ErrorIs(t, err, context.Canceled)
		assert.NotErrorIs(t, err, cams.ErrThrottled)
		assert.EqualError(t, err, "cams: ListChatGroupParticipants: stopped by the caller's context: context canceled")
	}
}

// refusing is a limiter that lets the first request through and then refuses at once, as
// golang.org/x/time/rate does if the deadline is too near.
type refusing struct{ n int }

func (r *refusing) Wait(context.Context) error {
	if r.n++; r.n > 1 {
		return errors.New("rate: Wait(n=1) would exceed context deadline")
	}
	return nil
}

func TestALimiterOfTheUsersHidesNoRefusal(t *testing.T) {
	t.Parallel()
	for _, hasDeadline := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			server, client := service(t, cams.WithLimiter(new(refusing)))
			server.Answer(camstest.Refusal(429, "Throttling.User", "m"))
			ctx := t.Context()
			if hasDeadline {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, time.Minute)
				defer cancel()
			}
			err := list(ctx, client)
			require.ErrorIs(t, err, cams.ErrThrottled)
			assert.Equal(t, hasDeadline, errors.Is(err, context.DeadlineExceeded))
			var refused *cams.APIError
			require.ErrorAs(t, err, &refused)
			var failed *cams.CallError
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, 1, failed.Attempts)
			assert.Len(t, server.Requests(), 1)
		})
	}
}

func TestASickTenantCostsAHealthyOneNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, healthy := service(t)
		server.SetLatency(40 * time.Millisecond)
		server.AddAccessKey("sick-access-key-id", "secret-of-the-sick-tenant", "")
		sick, err := healthy.With(cams.WithCredentials(cams.StaticCredentials("sick-access-key-id", "secret-of-the-sick-tenant", "")))
		require.NoError(t, err)
		n := 0
		server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
			if strings.Contains(r.Header.Get("Authorization"), "sick-access-key-id") {
				return camstest.Refusal(503, "ServiceUnavailable", "m"), true
			}
			n++
			return camstest.Refusal(500, "InternalError", "m"), n%10 == 0 // an ordinary hiccup
		})
		var callers sync.WaitGroup
		for range 16 {
			callers.Go(func() {
				for range 100 {
					assert.Error(t, list(t.Context(), sick))
				}
			})
		}
		callers.Go(func() {
			for range 300 {
				assert.NoError(t, list(t.Context(), healthy))
			}
		})
		callers.Wait()

		err = list(t.Context(), sick)
		assert.ErrorContains(t, err, "the retry budget of the client is used up")
	})
}

func TestAnOperationMayHaveALimiterOfItsOwn(t *testing.T) {
	t.Parallel()
	var own, others counting
	server, client := service(t, cams.WithLimiter(&others), cams.WithLimiter(&own, "ListChatGroup", "AddChatGroup"))
	require.NoError(t, list(t.Context(), client))
	_, err := client.ListChatGroup(t.Context(), &cams.ListChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: "cams-k001", Page: &cams.Page{Size: 1, Index: 1}})
	require.NoError(t, err)
	assert.Equal(t, counting(1), own)
	assert.Equal(t, counting(1), others)
	assert.Len(t, server.Requests(), 2)

	_, err = cams.NewClient(cams.WithLimiter(&own, ""))
	assert.ErrorContains(t, err, "WithLimiter got an operation without a name")
}

type counting int

func (c *counting) Wait(context.Context) error { *c++; return nil }

func TestALimitOfOneBusinessNumberSlowsNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t)
		server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
			return camstest.Refusal(400, "ERR-FB-001", "(#131208) Rate limit hit"), r.Parameter("BusinessNumber") == "8613800000001"
		})
		limited := validRequest()
		limited.BusinessNumber = "8613800000001"
		start := time.Now()
		_, err := client.ListChatGroupParticipants(t.Context(), limited)
		require.ErrorIs(t, err, cams.ErrThrottled)
		assert.Len(t, server.Requests(), 3, "within the attempts")
		assert.Less(t, time.Since(start), time.Second)
		start = time.Now()
		require.NoError(t, list(t.Context(), client))
		assert.Zero(t, time.Since(start))
	})
}
