package cams_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// Roster stands for a service of yours that uses this package.
type Roster struct {
	API cams.ListChatGroupParticipantsAPI
}

// Members returns the phone numbers of a group's members.
func (r *Roster) Members(ctx context.Context, groupID string) ([]string, error) {
	var numbers []string
	pager := cams.NewListChatGroupParticipantsPager(r.API, &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: "8613800000000",
		GroupID:        groupID,
		CustSpaceID:    "cams-k001",
	})
	for participant, err := range pager.All(ctx) {
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, participant.ParticipantNumber)
	}
	return numbers, nil
}

// A test with camstest: the real client, a fake service, no network.
func TestRosterListsAllMembers(t *testing.T) {
	server := camstest.NewServer()
	server.AddGroup(camstest.Group{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939",
		Participants: []string{"8613800000001", "8613800000002"},
	})
	client, err := server.NewClient(cams.WithRetry(cams.NoRetry()), cams.WithLimiter(cams.Unlimited()))
	require.NoError(t, err)
	roster := &Roster{API: client}

	members, err := roster.Members(t.Context(), "EA939")
	require.NoError(t, err)
	assert.Equal(t, []string{"8613800000001", "8613800000002"}, members)

	server.AnswerOnce(camstest.Refusal(429, "Throttling.User", "Request was denied due to user flow control."))
	_, err = roster.Members(t.Context(), "EA939")
	assert.ErrorIs(t, err, cams.ErrThrottled)
}

// The same test with httpmock. You write the answers yourself.
func TestRosterWithHTTPMock(t *testing.T) {
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("POST", "https://cams.ap-southeast-1.aliyuncs.com/", httpmock.NewStringResponder(200,
		`{"Code":"OK","Success":true,"Data":{"Total":1,"List":[{"ParticipantNumber":"8613800000001"}]}}`))
	client, err := cams.NewClient(
		cams.WithRegion("ap-southeast-1"),
		cams.WithHTTPClient(&http.Client{Transport: mock}),
		cams.WithCredentials(cams.StaticCredentials("id", "secret", "")),
	)
	require.NoError(t, err)

	members, err := (&Roster{API: client}).Members(t.Context(), "EA939")
	require.NoError(t, err)
	assert.Equal(t, []string{"8613800000001"}, members)
}

// stub is the smallest test double: the one method of the interface.
type stub func() (*cams.ListChatGroupParticipantsResponse, error)

func (s stub) ListChatGroupParticipants(context.Context, *cams.ListChatGroupParticipantsRequest) (*cams.ListChatGroupParticipantsResponse, error) {
	return s()
}

func TestRosterPassesErrorsOn(t *testing.T) {
	broken := errors.New("broken")
	_, err := (&Roster{API: stub(func() (*cams.ListChatGroupParticipantsResponse, error) { return nil, broken })}).Members(t.Context(), "EA939")
	assert.ErrorIs(t, err, broken)
}
