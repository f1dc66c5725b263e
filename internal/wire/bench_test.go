package wire_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/cams-go/cams/internal/wire"
)

// groupPage is like an answer of ListChatGroup.
type groupPage struct {
	RequestID string `json:"RequestId"`
	Code      string `json:"Code"`
	Message   string `json:"Message"`
	Success   bool   `json:"Success"`
	Data      struct {
		Total int `json:"Total"`
		List  []struct {
			GroupID               string `json:"GroupId"`
			BusinessNumber        string `json:"BusinessNumber"`
			Subject               string `json:"Subject"`
			Description           string `json:"Description"`
			GroupStatus           string `json:"GroupStatus"`
			InviteLink            string `json:"InviteLink"`
			ProfilePictureFile    string `json:"ProfilePictureFile"`
			BusinessRole          string `json:"BusinessRole"`
			GmtModifier           int64  `json:"GmtModifier"`
			GroupLink             string `json:"GroupLink"`
			GroupType             string `json:"GroupType"`
			TotalParticipantCount int    `json:"TotalParticipantCount"`
			Extra                 string `json:"-"`
		} `json:"List"`
	} `json:"Data"`
}

// BenchmarkGroups decodes 10,000 groups, which come in 500 pages of 20.
func BenchmarkGroups(b *testing.B) {
	const pages, size = 500, 20
	for _, test := range []struct {
		name, member string
		unmarshal    func([]byte, any) error
	}{
		{"json", "", json.Unmarshal}, // as in 0.2.0, but for a scan for hostile input
		{"known", "", wire.Unmarshal},
		{"unknown", `"OwnerId":"US.13491208655302741918",`, wire.Unmarshal}, // one unknown member in each group
	} {
		group := `{"Description":"Orders, deliveries and returns","BusinessNumber":"8613800138000",` + test.member +
			`"InviteLink":"https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv","GroupStatus":"ACTIVE","ProfilePictureFile":"https://example.com/p/123.png",` +
			`"Subject":"Customers of the north","GroupId":"Y2Ftc3Rlc3Q6MDAwMDE=","GroupType":"","GroupLink":"","BusinessRole":"ADMIN","GmtModifier":1767225600000,"TotalParticipantCount":8}`
		page := fmt.Appendf(nil, `{"AccessDeniedDetail":"None","Message":"None","RequestId":"90E63D28-E31D-1EB2-8939-A94866411B2O","Data":{"Total":10000,"List":[%s]},"Code":"OK","Success":true}`,
			strings.TrimSuffix(strings.Repeat(group+",", size), ","))
		b.Run(test.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for range pages {
					var got groupPage
					if err := test.unmarshal(page, &got); err != nil || len(got.Data.List) != size {
						b.Fatal(err, len(got.Data.List))
					}
				}
			}
		})
	}
}
