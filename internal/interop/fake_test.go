package interop

import (
	"net/http"
	"testing"

	"github.com/alibabacloud-go/tea/tea"
	"github.com/cams-go/cams/camstest"
	"github.com/cams-go/cams/internal/interop/bare"
	"github.com/cams-go/cams/internal/interop/legacy"
	"github.com/cams-go/cams/internal/interop/official"
	"github.com/stretchr/testify/require"
)

// The fake checks signatures with its own code. These tests show that the code is right: it accepts the
// requests of clients that the real service accepts.

const (
	number   = "8613800138000"
	oddGroup = "EA/939&x=%20 群组 🙂"
	oddSpace = "cams-k001+*~/&=% "
)

func newFake() *camstest.Server {
	fake := camstest.NewServer()
	fake.AddAccessKey("plain-id", "plain-secret", "")
	fake.AddAccessKey("temporary-id", "temporary-secret", "token/+=&%~* x")
	fake.AddBearerToken("bearer/+=&%~* x")
	fake.AddGroup(camstest.Group{
		BusinessNumber: number, CustSpaceID: oddSpace, GroupID: oddGroup,
		Participants: []string{"8613800000001", "8613800000002", "8613800000003"},
	})
	return fake
}

func TestTheFakeAcceptsTheOfficialCore(t *testing.T) {
	credentials := map[string]*official.Credential{
		"plain":     official.AccessKey("plain-id", "plain-secret", ""),
		"temporary": official.AccessKey("temporary-id", "temporary-secret", "token/+=&%~* x"),
		"bearer":    official.Bearer("bearer/+=&%~* x"),
	}
	for name, credential := range credentials {
		for signature, rpc := range map[string]bool{"ACS3": false, "RPC": true} {
			t.Run(name+" "+signature, func(t *testing.T) {
				client, err := official.NewClient(official.Config{
					Protocol: "HTTPS", Endpoint: host, Credential: credential, RPC: rpc,
					HTTPClient: &http.Client{Transport: newFake()},
				})
				require.NoError(t, err)
				resp, err := client.ListChatGroupParticipants(&official.Request{
					BusinessNumber: tea.String(number), CustSpaceId: tea.String(oddSpace), GroupId: tea.String(oddGroup),
					ChannelType: tea.String("WHATSAPP"),
					Page:        &official.Page{Index: tea.Int32(2), Size: tea.Int32(2)},
				})
				require.NoError(t, err)
				require.Equal(t, int32(3), *resp.Body.Data.Total)
				require.Len(t, resp.Body.Data.List, 1)
				require.Equal(t, "8613800000003", *resp.Body.Data.List[0].ParticipantNumber)
			})
		}
	}
}

func TestTheFakeRefusesTheOfficialCoreWithAWrongSecret(t *testing.T) {
	for signature, rpc := range map[string]bool{"ACS3": false, "RPC": true} {
		t.Run(signature, func(t *testing.T) {
			client, err := official.NewClient(official.Config{
				Protocol: "HTTPS", Endpoint: host, Credential: official.AccessKey("plain-id", "wrong", ""), RPC: rpc,
				HTTPClient: &http.Client{Transport: newFake()},
			})
			require.NoError(t, err)
			_, err = client.ListChatGroupParticipants(&official.Request{
				BusinessNumber: tea.String(number), CustSpaceId: tea.String(oddSpace), GroupId: tea.String(oddGroup),
			})
			var refused *tea.SDKError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, "SignatureDoesNotMatch", *refused.Code)
		})
	}
}

func TestTheFakeAcceptsTheLegacySDK(t *testing.T) {
	client, err := legacy.NewClient("https", host, "plain-id", "plain-secret", newFake(), 0)
	require.NoError(t, err)
	resp, err := client.ListChatGroupParticipants(legacy.Request{
		BusinessNumber: number, ChannelType: "WHATSAPP", CustSpaceID: oddSpace, GroupID: oddGroup,
		Page: `{"Index":2,"Size":2}`,
	})
	require.NoError(t, err)
	require.Equal(t, 3, resp.Data.Total)
	require.Len(t, resp.Data.List, 1)
	require.Equal(t, "8613800000003", resp.Data.List[0].ParticipantNumber)
}

func TestTheFakeAcceptsTheCallByHandOnlyIfItSigns(t *testing.T) {
	request := bare.Request{BusinessNumber: number, ChannelType: "WHATSAPP", CustSpaceID: oddSpace, GroupID: oddGroup, Page: bare.Page{Index: 2, Size: 2}}
	for secret, accepted := range map[string]bool{"plain-secret": true, "wrong": false, "": false} {
		client := bare.NewClient(&http.Client{Transport: newFake()}, "https://"+host+"/", "plain-id", secret)
		resp, err := client.ListChatGroupParticipants(t.Context(), request)
		require.Equal(t, accepted, err == nil, "%q: %v", secret, err)
		if accepted {
			require.Equal(t, "8613800000003", resp.Data.List[0].ParticipantNumber)
		}
	}
}
