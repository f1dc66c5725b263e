package audit

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// newAuditor makes an auditor with a real client of a fake service in memory.
func newAuditor(t *testing.T, opts ...cams.Option) (*camstest.Server, *Auditor) {
	t.Helper()
	server := camstest.NewServer()
	server.AddGroup(camstest.Group{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939",
		Participants: []string{"8613800000001", "8613800000002", "8613800000003"},
	})
	client, err := server.NewClient(opts...)
	require.NoError(t, err)
	known := map[string]bool{"8613800000001": true, "8613800000003": true}
	return server, &Auditor{API: client, BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", Known: known}
}

func TestAStrangerIsFound(t *testing.T) {
	t.Parallel()
	_, auditor := newAuditor(t)
	strangers, err := auditor.Strangers(t.Context(), "EA939")
	require.NoError(t, err)
	assert.Equal(t, []string{"8613800000002"}, strangers)
}

// AnswerOnce queues an answer. With NoRetry the code under test gets the refusal.
// Without it, the client could repeat the call.
func TestARefusalIsPassedOn(t *testing.T) {
	t.Parallel()
	server, auditor := newAuditor(t, cams.WithRetry(cams.NoRetry()))
	server.AnswerOnce(camstest.Refusal(403, "NoPermission", "You are not authorized."))
	_, err := auditor.Strangers(t.Context(), "EA939")
	require.ErrorIs(t, err, cams.ErrAccessDenied)
	assert.ErrorContains(t, err, "audit of group EA939")
}

// In a bubble of testing/synctest time is virtual, so a wait takes no real time.
func TestAThrottledAuditTakesTheTimeThatTheServiceAsksFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, auditor := newAuditor(t)
		refusal := camstest.Refusal(429, "Throttling.User", "Request was denied due to user flow control.")
		refusal.Header = map[string][]string{"X-Acs-Retry-After": {"5000"}} // milliseconds
		server.AnswerOnce(refusal)
		start := time.Now()
		strangers, err := auditor.Strangers(t.Context(), "EA939")
		require.NoError(t, err)
		assert.Len(t, strangers, 1)
		assert.GreaterOrEqual(t, time.Since(start), 5*time.Second)
		assert.Len(t, server.Requests(), 2)
	})
}

// stub is the smallest test double: a function that implements the one method.
type stub func() (*cams.ListChatGroupParticipantsResponse, error)

func (s stub) ListChatGroupParticipants(context.Context, *cams.ListChatGroupParticipantsRequest) (*cams.ListChatGroupParticipantsResponse, error) {
	return s()
}

func TestAnyErrorIsPassedOn(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	auditor := &Auditor{API: stub(func() (*cams.ListChatGroupParticipantsResponse, error) { return nil, broken })}
	_, err := auditor.Strangers(t.Context(), "EA939")
	assert.ErrorIs(t, err, broken)
}
