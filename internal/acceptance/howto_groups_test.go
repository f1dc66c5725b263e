package acceptance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// The snippets of docs/howto.md about the life of groups.

// createOnce returns the group with this subject. If there is none, it creates it.
func createOnce(ctx context.Context, client *cams.Client, businessNumber, custSpaceID, subject string) (cams.ChatGroup, error) {
	req := &cams.ListChatGroupRequest{BusinessNumber: businessNumber, CustSpaceID: custSpaceID, Subject: subject}
	exists := false
	for group, err := range cams.NewListChatGroupPager(client, req).All(ctx) {
		if err != nil {
			return cams.ChatGroup{}, err
		}
		if group.Subject == subject && group.GroupStatus != cams.GroupStatusDeleting { // the filter may find similar subjects too
			exists = true
		}
	}
	if !exists {
		_, err := client.AddChatGroup(ctx, &cams.AddChatGroupRequest{BusinessNumber: businessNumber, CustSpaceID: custSpaceID, Subject: subject})
		if err != nil && !errors.Is(err, cams.ErrOutcomeUnknown) {
			return cams.ChatGroup{}, err
		}
	}
	return cams.WaitForChatGroup(ctx, client, req, func(g cams.ChatGroup) bool {
		return g.Subject == subject && g.GroupStatus == cams.GroupStatusActive
	})
}

func TestHowToCreateAGroupExactlyOnce(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]camstest.Answer{
		"a clear answer":                      {},
		"a connection that breaks after it":   {Drop: true, After: true},
		"a 503 although it was carried out":   {Status: 503, Body: `{"Code":"ServiceUnavailable","Message":"m"}`, After: true},
		"a connection that breaks before it":  {Drop: true},
		"a refusal for too many requests":     camstest.Refusal(429, "Throttling.User", "m"),
		"a timeout although it was done once": {Delay: time.Hour, After: true},
	} {
		synctest.Test(t, func(t *testing.T) {
			server := camstest.NewServer()
			server.SetActivationDelay(20 * time.Second)
			server.AddGroup(camstest.Group{BusinessNumber: testNumber, CustSpaceID: space, GroupID: "similar", Subject: "Film club 2"})
			server.AddGroup(camstest.Group{BusinessNumber: testNumber, CustSpaceID: space, GroupID: "old", Subject: "Film club", GroupStatus: "DELETING"})
			client, err := server.NewClient()
			require.NoError(t, err)
			server.AnswerOnce(camstest.Answer{}, answer) // the second request creates
			for run := 0; ; run++ {
				require.Less(t, run, 3, name)
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
				group, err := createOnce(ctx, client, testNumber, space, "Film club")
				cancel()
				if err != nil {
					require.ErrorIs(t, err, context.DeadlineExceeded, name)
					continue
				}
				assert.Equal(t, cams.GroupStatusActive, group.GroupStatus, name)
				again, err := createOnce(t.Context(), client, testNumber, space, "Film club")
				require.NoError(t, err)
				assert.Equal(t, group.GroupID, again.GroupID, name)
				break
			}
			assert.Len(t, server.Groups(), 3, name)
		})
	}

	server := camstest.NewServer()
	server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
		return camstest.Refusal(403, "NoPermission", "m"), r.Action == "AddChatGroup"
	})
	client, err := server.NewClient()
	require.NoError(t, err)
	_, err = createOnce(t.Context(), client, testNumber, space, "Film club")
	require.ErrorIs(t, err, cams.ErrAccessDenied)
}

// sendToGroup sends a text to a group. It returns the ID that the receipts of the message have.
func sendToGroup(ctx context.Context, client *cams.Client, businessNumber, custSpaceID, groupID, text string) (string, error) {
	message := map[string]any{
		"CustSpaceId":   custSpaceID,
		"ChannelType":   "whatsapp",
		"From":          businessNumber,
		"RecipientType": "group",
		"To":            groupID,
		"Type":          "message",
		"MessageType":   "text",
		"Content":       map[string]string{"text": text},
	}
	var sent struct {
		MessageID string `json:"MessageId"`
	}
	err := client.Call(ctx, cams.Operation{Name: "SendChatappMessage"}, message, &sent)
	return sent.MessageID, err
}

func Example_howToSendAMessageToAGroup() {
	server := camstest.NewServer()
	server.Handle("SendChatappMessage", func(r camstest.Request) camstest.Answer { // in the form of the published sample
		fmt.Println(r.Parameter("RecipientType"), r.Parameter("To"), r.Parameter("Content"))
		return camstest.Answer{Body: `{"RequestId":"R","Code":"OK","Message":"OK","MessageId":"61851ccb2f1365b16aee"}`}
	})
	client, err := server.NewClient()
	if err != nil {
		panic(err)
	}
	fmt.Println(sendToGroup(context.Background(), client, "8613800000000", "cams-k001", "EA939", "We start at 8"))
	// Output:
	// group EA939 {"text":"We start at 8"}
	// 61851ccb2f1365b16aee <nil>
}

func TestAMessageToAGroupIsSentOnce(t *testing.T) {
	t.Parallel()
	server, client := service(t)
	server.Handle("SendChatappMessage", func(camstest.Request) camstest.Answer { return camstest.Answer{Drop: true} })
	_, err := sendToGroup(t.Context(), client, testNumber, space, groupID, "We start at 8")
	require.ErrorIs(t, err, cams.ErrOutcomeUnknown)
	assert.Len(t, server.Requests(), 1)
	assert.NotContains(t, err.Error(), "We start")
}

func deleteInactive(ctx context.Context, client *cams.Client, businessNumber, custSpaceID string) error {
	pager := cams.NewListChatGroupPager(client, &cams.ListChatGroupRequest{
		BusinessNumber: businessNumber, CustSpaceID: custSpaceID, GroupStatus: cams.GroupStatusInactive,
	})
	groups, err := cams.Collect(pager.All(ctx)) // all of them, before the first is deleted
	if err != nil {
		return err
	}
	for _, group := range groups {
		_, err := client.DeleteChatGroup(ctx, &cams.DeleteChatGroupRequest{
			BusinessNumber: businessNumber, CustSpaceID: custSpaceID, GroupID: group.GroupID,
		})
		if err != nil {
			return err
		}
	}
	if pager.Changed() {
		return errors.New("the list changed while it was read: start again for what was skipped")
	}
	return nil
}

func TestHowToDeleteManyGroups(t *testing.T) {
	t.Parallel()
	server, client := service(t)
	for i := range 50 {
		server.AddGroup(camstest.Group{BusinessNumber: testNumber, CustSpaceID: space, GroupID: fmt.Sprint("g", i), GroupStatus: "INACTIVE"})
	}
	require.NoError(t, deleteInactive(t.Context(), client, testNumber, space))
	require.Len(t, server.Groups(), 1, "the active one")

	for i := range 50 {
		server.AddGroup(camstest.Group{BusinessNumber: testNumber, CustSpaceID: space, GroupID: fmt.Sprint("g", i), GroupStatus: "INACTIVE"})
	}
	server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
		if r.Parameter("Page") == `{"Index":2,"Size":20}` { // one more comes between two pages
			server.AnswerFunc(nil)
			server.AddGroup(camstest.Group{BusinessNumber: testNumber, CustSpaceID: space, GroupID: "g50", GroupStatus: "INACTIVE"})
		}
		return camstest.Answer{}, false
	})
	require.ErrorContains(t, deleteInactive(t.Context(), client, testNumber, space), "the list changed")
	require.NoError(t, deleteInactive(t.Context(), client, testNumber, space))
	assert.Len(t, server.Groups(), 1)
}

func howToMockSeveral() *httpmock.MockTransport {
	mock := httpmock.NewMockTransport()
	for operation, answer := range map[string]string{
		"ListChatGroup":             `{"Code":"OK","Success":true,"Data":{"Total":1,"List":[{"GroupId":"EA939"}]}}`,
		"ListChatGroupParticipants": `{"Code":"OK","Success":true,"Data":{"Total":1,"List":[{"ParticipantNumber":"8613800000001"}]}}`,
	} {
		mock.RegisterMatcherResponder("POST", "https://cams.ap-southeast-1.aliyuncs.com/",
			httpmock.HeaderIs("X-Acs-Action", operation), httpmock.NewStringResponder(200, answer))
	}
	return mock
}

func TestHowToMockSeveralOperations(t *testing.T) {
	t.Parallel()
	client := clientOf(t, testCredentials(), cams.WithRegion("ap-southeast-1"), cams.WithRetry(cams.NoRetry()),
		cams.WithHTTPClient(&http.Client{Transport: howToMockSeveral()}))
	groups := cams.NewListChatGroupPager(client, &cams.ListChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: space})
	rosters, err := cams.Collect(cams.Rosters(t.Context(), client, &cams.ListChatGroupParticipantsRequest{BusinessNumber: testNumber, CustSpaceID: space},
		groups.All(t.Context()), 1))
	require.NoError(t, err)
	require.Len(t, rosters, 1)
	require.NoError(t, rosters[0].Err)
	assert.Equal(t, "EA939", rosters[0].Group.GroupID)
	assert.Equal(t, []cams.ChatGroupParticipant{{ParticipantNumber: "8613800000001"}}, rosters[0].Participants)

	_, err = client.AddChatGroup(t.Context(), &cams.AddChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: space, Subject: "s"})
	assert.ErrorContains(t, err, "no responder found")
}

// listAll lists the members of all groups, and outlasts outages of an hour.
func listAll(ctx context.Context, client *cams.Client, listGroups *cams.ListChatGroupRequest, listMembers *cams.ListChatGroupParticipantsRequest,
	save func(cams.Roster)) (failed []string, err error) {
	list := func() error {
		groups := cams.NewListChatGroupPager(client, listGroups, cams.WithPatience(time.Hour)).All(ctx)
		for roster, err := range cams.Rosters(ctx, client, listMembers, groups, 16, cams.WithPatience(time.Hour)) {
			switch {
			case err != nil:
				return err // it is about all groups; what you got is complete: list the others later
			case roster.Err != nil:
				failed = append(failed, roster.Group.GroupID) // it is about this group
			default:
				save(roster)
			}
		}
		return nil
	}
	return failed, list()
}

func TestHowToSurviveAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, client := service(t)
		server.SetLatency(40 * time.Millisecond)
		manyGroups(server, 300)
		away(server, 500*time.Millisecond, 30*time.Minute, outages["503"])
		saved := 0
		failed, err := listAll(t.Context(), client, &cams.ListChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: "cams-k001"},
			jobRequest(), func(cams.Roster) { saved++ })
		require.NoError(t, err)
		assert.Empty(t, failed)
		assert.Equal(t, 301, saved)
	})
}
