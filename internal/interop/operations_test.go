package interop

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"

	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/cams-go/cams"
	"github.com/stretchr/testify/require"
)

// operationTrials is the number of random requests for each operation and signature.
const operationTrials = 2_000

// operations has, for each operation, a function that makes the call from the core's parameters, as a user would.
var operations = map[string]struct {
	optional []string
	call     func(c *cams.Client, q query) error
}{
	"ListChatGroupParticipants": {[]string{"ChannelType", "Page"}, func(c *cams.Client, q query) error {
		_, err := c.ListChatGroupParticipants(context.Background(), &cams.ListChatGroupParticipantsRequest{
			BusinessNumber: q["BusinessNumber"], ChannelType: q.channel(), CustSpaceID: q["CustSpaceId"], GroupID: q["GroupId"], Page: q.page()})
		return err
	}},
	"ListChatGroup": {[]string{"ChannelType", "Subject", "GroupStatus", "GroupType", "GroupLink"}, func(c *cams.Client, q query) error {
		_, err := c.ListChatGroup(context.Background(), &cams.ListChatGroupRequest{
			BusinessNumber: q["BusinessNumber"], ChannelType: q.channel(), CustSpaceID: q["CustSpaceId"], Page: q.page(),
			Subject: q["Subject"], GroupStatus: cams.GroupStatus(q["GroupStatus"]), GroupType: q["GroupType"], GroupLink: q["GroupLink"]})
		return err
	}},
	"AddChatGroup": {[]string{"ChannelType", "Subject", "Description", "GroupLink"}, func(c *cams.Client, q query) error {
		_, err := c.AddChatGroup(context.Background(), &cams.AddChatGroupRequest{
			BusinessNumber: q["BusinessNumber"], ChannelType: q.channel(), CustSpaceID: q["CustSpaceId"],
			Subject: q["Subject"], Description: q["Description"], GroupLink: q["GroupLink"]})
		return err
	}},
	"UpdateChatGroup": {[]string{"ChannelType", "Subject", "Description", "ProfilePictureFile"}, func(c *cams.Client, q query) error {
		_, err := c.UpdateChatGroup(context.Background(), &cams.UpdateChatGroupRequest{
			BusinessNumber: q["BusinessNumber"], ChannelType: q.channel(), CustSpaceID: q["CustSpaceId"], GroupID: q["GroupId"],
			Subject: q["Subject"], Description: q["Description"], ProfilePictureFile: q["ProfilePictureFile"]})
		return err
	}},
	"DeleteChatGroup": {[]string{"ChannelType"}, func(c *cams.Client, q query) error {
		_, err := c.DeleteChatGroup(context.Background(), &cams.DeleteChatGroupRequest{
			BusinessNumber: q["BusinessNumber"], ChannelType: q.channel(), CustSpaceID: q["CustSpaceId"], GroupID: q["GroupId"]})
		return err
	}},
	"AddChatGroupInviteLink": {[]string{"ChannelType"}, func(c *cams.Client, q query) error {
		_, err := c.AddChatGroupInviteLink(context.Background(), &cams.AddChatGroupInviteLinkRequest{
			BusinessNumber: q["BusinessNumber"], ChannelType: q.channel(), CustSpaceID: q["CustSpaceId"], GroupID: q["GroupId"]})
		return err
	}},
	"DeleteChatGroupInviteLink": {[]string{"ChannelType"}, func(c *cams.Client, q query) error {
		_, err := c.DeleteChatGroupInviteLink(context.Background(), &cams.DeleteChatGroupInviteLinkRequest{
			BusinessNumber: q["BusinessNumber"], ChannelType: q.channel(), CustSpaceID: q["CustSpaceId"], GroupID: q["GroupId"]})
		return err
	}},
	"DeleteChatGroupParticipants": {[]string{"ChannelType"}, func(c *cams.Client, q query) error {
		_, err := c.DeleteChatGroupParticipants(context.Background(), &cams.DeleteChatGroupParticipantsRequest{
			BusinessNumber: q["BusinessNumber"], ChannelType: q.channel(), CustSpaceID: q["CustSpaceId"], GroupID: q["GroupId"], List: q.list()})
		return err
	}},
}

// required has the parameters that an operation needs besides BusinessNumber and CustSpaceId.
var required = map[string][]string{
	"ListChatGroupParticipants": {"GroupId"}, "ListChatGroup": {"Page"}, "AddChatGroup": nil, "UpdateChatGroup": {"GroupId"},
	"DeleteChatGroup": {"GroupId"}, "AddChatGroupInviteLink": {"GroupId"}, "DeleteChatGroupInviteLink": {"GroupId"},
	"DeleteChatGroupParticipants": {"GroupId", "List"},
}

// query has the parameters of a request, as they are sent.
type query map[string]string

func (q query) channel() cams.ChannelType { return cams.ChannelType(q["ChannelType"]) }

func (q query) page() (page *cams.Page) {
	if q["Page"] != "" {
		page = new(cams.Page)
		if err := json.Unmarshal([]byte(q["Page"]), page); err != nil {
			panic(err)
		}
	}
	return page
}

func (q query) list() (list []cams.ChatGroupParticipant) {
	if err := json.Unmarshal([]byte(q["List"]), &list); err != nil {
		panic(err)
	}
	return list
}

// Generated models of the two parameters that are sent as JSON.
type (
	shrunkPage   struct{ Index, Size *int32 }
	shrunkMember struct {
		ParticipantNumber *string `json:"ParticipantNumber,omitempty"`
	}
)

// randomValue returns a parameter as the generated SDK passes it to the core.
func randomValue(rng *rand.Rand, name string) string {
	json := "json"
	switch name {
	case "BusinessNumber":
		return randomNumber(rng)
	case "Page":
		index, size := 1+rng.Int32N(1<<30), 1+rng.Int32N(1<<30)
		return *openapiutil.ArrayToStringWithSpecifiedStyle(&shrunkPage{&index, &size}, &name, &json)
	case "List":
		members := make([]*shrunkMember, 1+rng.IntN(8))
		for i := range members {
			number := randomNumber(rng)
			members[i] = &shrunkMember{&number}
		}
		return *openapiutil.ArrayToStringWithSpecifiedStyle(members, &name, &json)
	}
	return validText(rng)
}

// validText returns a random text in valid UTF-8: the generated SDK would replace other bytes.
func validText(rng *rand.Rand) string { return strings.ToValidUTF8(randomText(rng), "?") }

func TestAllOperationsAreTheOfficialCores(t *testing.T) {
	for name, operation := range operations {
		for signing, signer := range map[string]cams.Signer{"ACS3-HMAC-SHA256": cams.ACS3Signer{}, "RPC HMAC-SHA1": cams.RPCSigner{}} {
			t.Run(name+"/"+signing, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 1))
				for i := range operationTrials {
					trial := randomTrial(rng, i)
					trial.operation, trial.query = name, map[string]*string{}
					ours := query{}
					add := func(parameter string) {
						value := randomValue(rng, parameter)
						ours[parameter], trial.query[parameter] = value, &value
					}
					for _, parameter := range append([]string{"BusinessNumber", "CustSpaceId"}, required[name]...) {
						add(parameter)
					}
					for _, parameter := range operation.optional {
						if rng.IntN(2) == 0 {
							add(parameter)
						}
					}
					if name == "UpdateChatGroup" && isRefusedHere(name, ours) { // nothing to change
						add([]string{"Subject", "Description", "ProfilePictureFile"}[i%3])
					}
					trial.call = func(c *cams.Client) error { return operation.call(c, ours) }
					theirs, sent := officialWire(t, trial, signing == "RPC HMAC-SHA1"), ourWire(t, trial, signer)
					if !reflect.DeepEqual(theirs, sent) {
						require.Equal(t, theirs, sent, "request %d of seed %d: %+q", i, seed, ours)
					}
				}
			})
		}
	}
}

// isRefusedHere reports whether cams refuses a recorded request: with nothing to change, or nobody to remove.
func isRefusedHere(operation string, q query) bool {
	switch operation {
	case "UpdateChatGroup":
		return q["Subject"]+q["Description"]+q["ProfilePictureFile"] == ""
	case "DeleteChatGroupParticipants":
		return q["List"] == "" || q["List"] == "[]" || strings.Contains(q["List"], "{}")
	}
	return false
}

// testdata/family.json has requests of the generated SDK: for each operation one with few parameters and one with all.
func TestRecordedRequestsAreOurs(t *testing.T) {
	text, err := os.ReadFile("testdata/family.json")
	require.NoError(t, err)
	var recorded []struct {
		Operation, Case, Signature string
		Query                      query
	}
	require.NoError(t, json.Unmarshal(text, &recorded))
	seen := map[string]bool{}
	for _, r := range recorded {
		if isRefusedHere(r.Operation, r.Query) {
			continue
		}
		seen[r.Operation] = true
		own := url.Values{}
		for name, value := range r.Query {
			own.Set(name, value)
		}
		trial := randomTrial(rand.New(rand.NewPCG(seed, 0)), 0)
		trial.call = func(c *cams.Client) error { return operations[r.Operation].call(c, r.Query) }
		sent := ourWire(t, trial, cams.ACS3Signer{}).Params
		if r.Signature == "v2" {
			sent = ourWire(t, trial, cams.RPCSigner{}).Params
			for _, name := range []string{"AccessKeyId", "Signature", "SignatureMethod", "SignatureNonce", "SignatureVersion", "Timestamp"} {
				require.NotEmpty(t, sent.Get(name))
				sent.Del(name) // the recording leaves out parameters that differ each time
			}
		}
		require.Equal(t, own, sent, "%s, %s, %s", r.Operation, r.Case, r.Signature)
	}
	require.Len(t, seen, len(operations))
}

func TestEveryOperationIsCompared(t *testing.T) {
	t.Parallel()
	client := reflect.TypeFor[*cams.Client]()
	for i := range client.NumMethod() {
		method := client.Method(i)
		if method.Type.NumIn() == 3 && strings.HasSuffix(method.Type.In(2).String(), method.Name+"Request") {
			require.Contains(t, operations, method.Name)
		}
	}
}
