package cams

import (
	"cmp"
	"context"
	"log/slog"
)

var listChatGroup = operation{name: "ListChatGroup", repeatable: true, result: "Data"}

// ListChatGroupRequest asks for one page of a business number's groups.
// BusinessNumber, CustSpaceID and Page are required; the others narrow the list.
type ListChatGroupRequest struct {
	BusinessNumber string      `json:"BusinessNumber"`        // the business's phone number with country code, digits only
	ChannelType    ChannelType `json:"ChannelType,omitempty"` // [ChannelTypeWhatsApp], or empty for the service's default
	CustSpaceID    string      `json:"CustSpaceId"`           // the instance ID, or the SpaceId of an ISV's customer
	Subject        string      `json:"Subject,omitempty"`     // the group's name
	GroupStatus    GroupStatus `json:"GroupStatus,omitempty"`
	GroupType      string      `json:"GroupType,omitempty"` // Telegram's
	GroupLink      string      `json:"GroupLink,omitempty"` // Telegram's
	Page           *Page       `json:"Page"`                // the service requires it; a pager fills it in
}

// ListChatGroupResponse is one page of groups.
type ListChatGroupResponse struct {
	ResponseMetadata
	Data ListChatGroupData `json:"Data"`
}

// ListChatGroupData is API field Data.
type ListChatGroupData struct {
	Total int         `json:"Total"` // groups in the whole list
	List  []ChatGroup `json:"List"`  // this page's groups
}

// ChatGroup is a group as ListChatGroup shows it.
type ChatGroup struct {
	GroupID               string      `json:"GroupId"`
	BusinessNumber        string      `json:"BusinessNumber"`
	Subject               string      `json:"Subject"`
	Description           string      `json:"Description"`
	GroupStatus           GroupStatus `json:"GroupStatus"`
	InviteLink            string      `json:"InviteLink"`            // the present one; empty if there is none
	ProfilePictureFile    string      `json:"ProfilePictureFile"`    // a URL
	BusinessRole          string      `json:"BusinessRole"`          // the business's role in the group
	GmtModifier           int64       `json:"GmtModifier"`           // time of the last change; its unit is not published
	GroupLink             string      `json:"GroupLink"`             // Telegram's
	GroupType             string      `json:"GroupType"`             // Telegram's
	TotalParticipantCount int         `json:"TotalParticipantCount"` // members
}

// ListChatGroupAPI is the operation as an interface, to test with a stub.
// [*Client] implements it.
type ListChatGroupAPI interface {
	ListChatGroup(ctx context.Context, req *ListChatGroupRequest) (*ListChatGroupResponse, error)
}

// ListChatGroup lists one page of a business number's groups. It finds the GroupID
// that the other operations need, and it is the one way to see what became of a
// write. For all pages see [NewListChatGroupPager].
//
// It is a read: a failed attempt is repeated. It needs the RAM action
// cams:ListChatGroup. An internal preview: the account manager lets an account in.
//
// API page: https://api.alibabacloud.com/document/cams/2020-06-06/ListChatGroup
func (c *Client) ListChatGroup(ctx context.Context, req *ListChatGroupRequest) (*ListChatGroupResponse, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	return invoke[ListChatGroupResponse](ctx, c, &listChatGroup, req.parameters())
}

// Validate returns a [*ValidationError] for a request that the service could only
// refuse: a nil one, a required field that is empty, no page, or a page size or
// index below 1.
func (r *ListChatGroupRequest) Validate() error {
	if r == nil {
		return missing("ListChatGroupRequest")
	}
	return cmp.Or(
		required("BusinessNumber", r.BusinessNumber),
		required("CustSpaceID", r.CustSpaceID),
		required("Page", r.Page.parameter()),
		r.Page.validate(),
	)
}

func (r *ListChatGroupRequest) parameters() parameters {
	return parameters{
		{"BusinessNumber", r.BusinessNumber, private},
		{"ChannelType", string(r.ChannelType), shown},
		{"CustSpaceId", r.CustSpaceID, shown},
		{"GroupLink", r.GroupLink, shown},
		{"GroupStatus", string(r.GroupStatus), shown},
		{"GroupType", r.GroupType, shown},
		{"Page", r.Page.parameter(), shown},
		{"Subject", r.Subject, shown},
	}
}

// ListChatGroupPager lists groups page by page.
type ListChatGroupPager = Pager[ListChatGroupResponse, ChatGroup]

// NewListChatGroupPager makes a pager that starts at req.Page.Index, by default 1.
// It makes no request yet: what is wrong with its arguments is the error of the
// first page. req is copied.
func NewListChatGroupPager(api ListChatGroupAPI, req *ListChatGroupRequest, opts ...PagerOption) *ListChatGroupPager {
	base, err := pagerBase(api, req, listChatGroup.name)
	return makePager(pages[ListChatGroupResponse, ChatGroup]{
		fetch: func(ctx context.Context, page Page) (*ListChatGroupResponse, error) {
			req := base
			req.Page = &page
			return api.ListChatGroup(ctx, &req)
		},
		data: func(r *ListChatGroupResponse) (int, *[]ChatGroup) { return r.Data.Total, &r.Data.List },
		key:  func(g ChatGroup) string { return whole(g.GroupID) },
		err:  err,
	}, base.Page, opts)
}

// LogValue implements [slog.LogValuer]: a log shows no phone number.
func (r ListChatGroupRequest) LogValue() slog.Value { return r.parameters().logValue() }

// LogValue implements [slog.LogValuer]: a log shows no phone number.
func (d ListChatGroupData) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("Total", d.Total), slog.Int("List", len(d.List)))
}

// LogValue implements [slog.LogValuer]: a log shows the group, and no phone number.
func (g ChatGroup) LogValue() slog.Value {
	return parameters{{"GroupId", g.GroupID, shown}, {"GroupStatus", string(g.GroupStatus), shown}}.logValue()
}
