package acceptance

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// membersOf lists the members that an answer has in its Data.
func membersOf(t *testing.T, data string) ([]cams.ChatGroupParticipant, error) {
	t.Helper()
	client, mock := newClient(t)
	answerWith(mock, 200, nil, `{"Code":"OK","Success":true,"Data":`+data+`}`)
	resp, err := client.ListChatGroupParticipants(t.Context(), validRequest())
	if err != nil {
		return nil, err
	}
	return resp.Data.List, nil
}

// groupsOf lists the groups that an answer has in its Data.
func groupsOf(t *testing.T, data string) ([]cams.ChatGroup, error) {
	t.Helper()
	client, mock := newClient(t)
	answerWith(mock, 200, nil, `{"Code":"OK","Success":true,"Data":`+data+`}`)
	resp, err := client.ListChatGroup(t.Context(), &cams.ListChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: "cams-k001", Page: &cams.Page{Index: 1, Size: 20}})
	if err != nil {
		return nil, err
	}
	return resp.Data.List, nil
}

func TestAMemberWithoutAPhoneNumberKeepsWhatCame(t *testing.T) {
	t.Parallel()
	got, err := membersOf(t, `{"Total":"4","List":[
		{"ParticipantNumber":"8613800000001"},
		{"UserId":"US.13491208655302741918"},
		{"ParticipantNumber":8613800000002,"Role":"ADMIN","Joined":{"At": 1767225600000}},
		{"participantNumber":null,"Id":12345678901234567890}]}`)
	require.NoError(t, err)
	assert.Equal(t, []cams.ChatGroupParticipant{
		{ParticipantNumber: "8613800000001"},
		{Extra: `{"UserId":"US.13491208655302741918"}`},
		{ParticipantNumber: "8613800000002", Extra: `{"Joined":{"At":1767225600000},"Role":"ADMIN"}`},
		{Extra: `{"Id":12345678901234567890}`},
	}, got)
}

func TestTheFakeHasMembersWithAnIDOnly(t *testing.T) {
	t.Parallel()
	server, client := service(t)
	server.AddGroup(camstest.Group{
		BusinessNumber: testNumber, CustSpaceID: "cams-k001", GroupID: "EA939", Extra: `{"Owner":"US.1","GmtModifier":"2026-01-02"}`,
		Participants: []string{"8613800000001", `{"UserId":"US.13491208655302741918"}`},
	})
	groups, err := cams.Collect(cams.NewListChatGroupPager(client, &cams.ListChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: "cams-k001"}).All(t.Context()))
	require.NoError(t, err)
	assert.Equal(t, []cams.ChatGroup{{BusinessNumber: testNumber, GroupID: "EA939", GroupStatus: cams.GroupStatusActive, TotalParticipantCount: 2, Extra: `{"GmtModifier":"2026-01-02","Owner":"US.1"}`}}, groups)
	members, err := cams.Collect(cams.NewListChatGroupParticipantsPager(client, validRequest()).All(t.Context()))
	require.NoError(t, err)
	assert.Equal(t, []cams.ChatGroupParticipant{{ParticipantNumber: "8613800000001"}, {Extra: `{"UserId":"US.13491208655302741918"}`}}, members)
}

func TestAFieldOfAnotherFormFailsNoListing(t *testing.T) {
	t.Parallel()
	for field, extra := range map[string]string{
		`"GmtModifier":"2026-01-02T03:04:05Z"`:      `{"GmtModifier":"2026-01-02T03:04:05Z"}`,
		`"GmtModifier":1767225600000.5`:             `{"GmtModifier":1767225600000.5}`,
		`"GmtModifier":9223372036854775808`:         `{"GmtModifier":9223372036854775808}`,
		`"TotalParticipantCount":"many"`:            `{"TotalParticipantCount":"many"}`,
		`"Subject":{"zh":"a"},"Owner":"US.123"`:     `{"Owner":"US.123","Subject":{"zh":"a"}}`,
		`"GroupStatus":["ACTIVE"]`:                  `{"GroupStatus":["ACTIVE"]}`,
		`"gmtModifier":{"seconds":1767225600}`:      `{"gmtModifier":{"seconds":1767225600}}`,
		`"GmtModifier":null,"InviteLink":null`:      ``,
		`"GmtModifier":"","InviteLink":"","New":""`: `{"New":""}`,
	} {
		got, err := groupsOf(t, `{"Total":2,"List":[{"GroupId":"g1",`+field+`},{"GroupId":"g2","GmtModifier":"1767225600000"}]}`)
		require.NoError(t, err, field)
		assert.Equal(t, []cams.ChatGroup{{GroupID: "g1", Extra: extra}, {GroupID: "g2", GmtModifier: 1767225600000}}, got, field)
	}
	members, err := membersOf(t, `{"Total":1,"List":[{"ParticipantNumber":{"Country":"86","Number":"13800000001"}}]}`)
	require.NoError(t, err)
	assert.Equal(t, []cams.ChatGroupParticipant{{Extra: `{"ParticipantNumber":{"Country":"86","Number":"13800000001"}}`}}, members)
}

func TestTheExactKeyCountsWhateverTheOrderAndType(t *testing.T) {
	t.Parallel()
	const exact, other = `"List":[{"ParticipantNumber":"1"},{"ParticipantNumber":"2"}],"Total":"2"`, `"list":[],"total":0`
	for _, data := range []string{exact + "," + other, other + "," + exact} {
		got, err := membersOf(t, `{`+data+`}`)
		require.NoError(t, err)
		assert.Len(t, got, 2)
	}
	for _, codes := range []string{`"Code":"OK","code":0`, `"code":0,"Code":"OK"`, `"code":{},"CODE":"X","Code":"OK"`} {
		client, mock := newClient(t)
		answerWith(mock, 200, nil, `{`+codes+`,"Success":true}`)
		resp, err := client.ListChatGroupParticipants(t.Context(), validRequest())
		require.NoError(t, err, codes)
		assert.Equal(t, "OK", resp.Code)
		answerWith(mock, 400, nil, `{`+strings.ReplaceAll(codes, "OK", "NoPermission")+`}`)
		_, err = client.ListChatGroupParticipants(t.Context(), validRequest())
		assert.True(t, cams.IsCode(err, "NoPermission"), "%v", err)
	}
}

func TestExtraIsReadFromLargeAnswersOrThereIsAnError(t *testing.T) {
	t.Parallel()
	member := `{"ParticipantNumber":"8613800000001","About":"` + strings.Repeat("a", 100) + `"},`
	got, err := membersOf(t, `{"Total":10000,"List":[`+strings.TrimSuffix(strings.Repeat(member, 10_000), ",")+`]}`)
	require.NoError(t, err, "more than a megabyte")
	require.Len(t, got, 10_000)
	for _, m := range got {
		require.Len(t, m.Extra, 112)
	}
	_, err = membersOf(t, `{"Total":40000,"List":[`+strings.TrimSuffix(strings.Repeat(member, 40_000), ",")+`]}`)
	require.ErrorAs(t, err, new(*cams.ResponseError), "too many values for a tree")
}

func TestExtraIsNotSentMarshalledOrLogged(t *testing.T) {
	t.Parallel()
	member := cams.ChatGroupParticipant{ParticipantNumber: testNumber, Extra: `{"UserId":"US.13491208655302741918"}`}
	group := cams.ChatGroup{GroupID: "g1", Subject: "s", Extra: `{"Owner":"` + testNumber + `"}`}
	assert.True(t, map[cams.ChatGroupParticipant]bool{member: true}[member], "comparable")
	assert.True(t, map[cams.ChatGroup]bool{group: true}[group], "comparable")

	text, err := json.Marshal([]any{member, group})
	require.NoError(t, err)
	assert.NotContains(t, string(text), "Extra")
	assert.NotContains(t, string(text), "US.1349")
	assert.NotContains(t, string(text), "Owner")

	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	logger.Info("x", "member", member, "group", group, "pointer", &member)
	assert.NotContains(t, log.String(), "1349")
	assert.NotContains(t, log.String(), testNumber)

	server, client := service(t)
	_, err = client.DeleteChatGroupParticipants(t.Context(), &cams.DeleteChatGroupParticipantsRequest{
		BusinessNumber: testNumber, GroupID: "EA939", CustSpaceID: "cams-k001", List: []cams.ChatGroupParticipant{member}})
	require.NoError(t, err)
	assert.Equal(t, []string{`[{"ParticipantNumber":"` + testNumber + `"}]`}, server.Requests()[0].Query["List"])
}
