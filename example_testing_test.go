package cams_test

import (
	"context"
	"errors"
	"fmt"
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

// This tests your code with httpmock. You write the answers yourself.
func Example_testWithHTTPMock() {
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("POST", "https://cams.ap-southeast-1.aliyuncs.com/", httpmock.NewStringResponder(200,
		`{"Code":"OK","Success":true,"Data":{"Total":1,"List":[{"ParticipantNumber":"8613800000001"}]}}`))
	client, err := cams.NewClient(
		cams.WithRegion("ap-southeast-1"),
		cams.WithHTTPClient(&http.Client{Transport: mock}),
		cams.WithCredentials(cams.StaticCredentials("id", "secret", "")),
	)
	if err != nil {
		panic(err)
	}
	fmt.Println((&Roster{API: client}).Members(context.Background(), "EA939"))
	// Output: [8613800000001] <nil>
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

// GroupAPI has the operations of a [cams.Client] that your service needs.
type GroupAPI interface {
	cams.ListChatGroupAPI
	AddChatGroup(context.Context, *cams.AddChatGroupRequest) (*cams.AddChatGroupResponse, error)
	AddChatGroupInviteLink(context.Context, *cams.AddChatGroupInviteLinkRequest) (*cams.AddChatGroupInviteLinkResponse, error)
}

// Inviter is your service. It creates a group, makes an invite link, and waits for
// members.
type Inviter struct {
	API            GroupAPI
	Number, CustID string
}

// Open creates a group, waits until it is active, and makes the invite link.
func (i *Inviter) Open(ctx context.Context, subject string) (link string, err error) {
	req := &cams.AddChatGroupRequest{BusinessNumber: i.Number, CustSpaceID: i.CustID, Subject: subject}
	if _, err := i.API.AddChatGroup(ctx, req); err != nil {
		return "", err
	}
	group, err := i.wait(ctx, subject, func(g cams.ChatGroup) bool { return g.GroupStatus == cams.GroupStatusActive })
	if err != nil {
		return "", err
	}
	resp, err := i.API.AddChatGroupInviteLink(ctx, &cams.AddChatGroupInviteLinkRequest{
		BusinessNumber: i.Number, CustSpaceID: i.CustID, GroupID: group.GroupID,
	})
	if err != nil {
		return "", err
	}
	return resp.InviteLink, nil
}

// WaitForMembers waits until n members have joined.
func (i *Inviter) WaitForMembers(ctx context.Context, subject string, n int) error {
	_, err := i.wait(ctx, subject, func(g cams.ChatGroup) bool { return g.TotalParticipantCount >= n })
	return err
}

func (i *Inviter) wait(ctx context.Context, subject string, good func(cams.ChatGroup) bool) (cams.ChatGroup, error) {
	req := &cams.ListChatGroupRequest{BusinessNumber: i.Number, CustSpaceID: i.CustID, Subject: subject}
	return cams.WaitForChatGroup(ctx, i.API, req, func(g cams.ChatGroup) bool { return g.Subject == subject && good(g) })
}

// This test of a service uses the real client and a fake service. The test decides
// when the group becomes active, and who joins.
func Example_testAGroupsLife() {
	server := camstest.NewServer()
	server.SetActivationDelay(-1) // groups stay inactive until Activate
	client, err := server.NewClient()
	if err != nil {
		panic(err)
	}
	inviter := &Inviter{API: client, Number: "8613800000000", CustID: "cams-k001"}
	ctx, cancel := context.WithCancel(context.Background())
	server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
		if r.Action == "ListChatGroup" { // the group exists; now its owner gives up
			cancel()
		}
		return camstest.Answer{}, false
	})
	_, err = inviter.Open(ctx, "Never active")
	fmt.Println(errors.Is(err, context.Canceled))

	server.AnswerFunc(nil)
	ctx = context.Background()
	server.SetActivationDelay(0)
	link, err := inviter.Open(ctx, "Book club")
	fmt.Println("open:", err)

	server.Join(link, "8613800000001")
	server.Join(link, "8613800000002")
	fmt.Println("members:", inviter.WaitForMembers(ctx, "Book club", 2))

	server.Activate() // the first group too
	for _, group := range server.Groups() {
		fmt.Println(group.Subject, group.GroupStatus, len(group.Participants))
	}
	// Output:
	// true
	// open: <nil>
	// members: <nil>
	// Never active ACTIVE 0
	// Book club ACTIVE 2
}
