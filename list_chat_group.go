package cams

import (
	"cmp"
	"context"
	"log/slog"
	"strings"
)

var listChatGroup = spec{name: "ListChatGroup", repeatable: true, isRead: true, resultMember: "Data"}

// ListChatGroupRequest requests one page of a business number's groups. BusinessNumber,
// CustSpaceID and Page are required; the other fields filter the list.
type ListChatGroupRequest struct {
	BusinessNumber string      `json:"BusinessNumber"`        // the business's phone number with country code, digits only
	ChannelType    ChannelType `json:"ChannelType,omitempty"` // [ChannelTypeWhatsApp], or empty for the service's default
	CustSpaceID    string      `json:"CustSpaceId"`           // the instance ID, or the SpaceId of an ISV's customer
	Subject        string      `json:"Subject,omitempty"`     // the group's name
	GroupStatus    GroupStatus `json:"GroupStatus,omitempty"`
	GroupType      string      `json:"GroupType,omitempty"` // for Telegram
	GroupLink      string      `json:"GroupLink,omitempty"` // for Telegram
	Page           *Page       `json:"Page"`                // required, but a pager fills it in
}

// ListChatGroupResponse is one page of groups.
type ListChatGroupResponse struct {
	ResponseMetadata
	Data ListChatGroupData `json:"Data"`
}

// ListChatGroupData is the API field Data.
type ListChatGroupData struct {
	Total int         `json:"Total"` // groups in the whole list
	List  []ChatGroup `json:"List"`  // this page's groups
}

// ChatGroup is a group as ListChatGroup returns it.
type ChatGroup struct {
	GroupID               string      `json:"GroupId"`
	BusinessNumber        string      `json:"BusinessNumber"`
	Subject               string      `json:"Subject"`
	Description           string      `json:"Description"`
	GroupStatus           GroupStatus `json:"GroupStatus"`
	InviteLink            string      `json:"InviteLink"`            // the current link; empty if there is none
	ProfilePictureFile    string      `json:"ProfilePictureFile"`    // a URL
	BusinessRole          string      `json:"BusinessRole"`          // the business's role in the group
	GmtModifier           int64       `json:"GmtModifier"`           // time of the last change; its unit is not published
	GroupLink             string      `json:"GroupLink"`             // for Telegram
	GroupType             string      `json:"GroupType"`             // for Telegram
	TotalParticipantCount int         `json:"TotalParticipantCount"` // number of members

	// Extra has the group's fields that this version does not know, or whose values have an
	// unknown form, such as a GmtModifier that is a date. It is one JSON object with the
	// keys in order, empty if there are none.
	Extra string `json:"-"`
}

// ListChatGroupAPI is the operation as an interface, for stubs in tests. [*Client]
// implements it.
type ListChatGroupAPI interface {
	ListChatGroup(ctx context.Context, req *ListChatGroupRequest) (*ListChatGroupResponse, error)
}

// ListChatGroup lists one page of a business number's groups, with the GroupID that the
// other operations need. It is also how to check whether a write was carried out. For
// all pages see [NewListChatGroupPager].
//
// It is a read, so a failed attempt is retried. It needs the RAM action
// cams:ListChatGroup. The API is an internal preview: ask your account manager for
// access.
//
// API page: https://api.alibabacloud.com/document/cams/2020-06-06/ListChatGroup
func (c *Client) ListChatGroup(ctx context.Context, req *ListChatGroupRequest) (*ListChatGroupResponse, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	return invoke[ListChatGroupResponse](ctx, c, &listChatGroup, req.parameters())
}

// Validate returns a [*ValidationError] if the request is invalid: it is nil, a required
// field is empty, BusinessNumber has anything but digits, or Page.Size or Page.Index is
// below 1.
func (r *ListChatGroupRequest) Validate() error {
	if r == nil {
		return missing("ListChatGroupRequest")
	}
	return cmp.Or(
		digits("BusinessNumber", r.BusinessNumber),
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

// ListChatGroupPager lists all groups of a business number.
type ListChatGroupPager = Pager[ListChatGroupResponse, ChatGroup]

// NewListChatGroupPager returns a pager that starts at req.Page.Index, by default 1. It
// copies req and makes no request yet. If an argument is invalid, the first page returns
// the error.
func NewListChatGroupPager(api ListChatGroupAPI, req *ListChatGroupRequest, opts ...PagerOption) *ListChatGroupPager {
	base, err := pagerBase(api, req, listChatGroup.name)
	return makePager(pages[ListChatGroupResponse, ChatGroup]{
		fetch: func(ctx context.Context, page Page) (*ListChatGroupResponse, error) {
			req := base
			req.Page = &page
			return api.ListChatGroup(ctx, &req)
		},
		data: func(r *ListChatGroupResponse) (int, *[]ChatGroup) { return r.Data.Total, &r.Data.List },
		key:  groupKey,
		err:  err,
	}, base.Page, opts)
}

// groupKey returns the GroupID, or "" if it is masked with asterisks, as in published samples,
// and so cannot identify a group.
func groupKey(g ChatGroup) string {
	if strings.Contains(g.GroupID, "*") {
		return ""
	}
	return g.GroupID
}

// LogValue implements [slog.LogValuer]: a log shows no phone number.
func (r ListChatGroupRequest) LogValue() slog.Value { return r.parameters().logValue() }

// LogValue implements [slog.LogValuer]: a log shows how many groups, and nothing else.
func (d ListChatGroupData) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("Total", d.Total), slog.Int("List", len(d.List)))
}

// LogValue implements [slog.LogValuer]: a log shows GroupID and GroupStatus.
func (g ChatGroup) LogValue() slog.Value {
	return parameters{{"GroupId", g.GroupID, shown}, {"GroupStatus", string(g.GroupStatus), shown}}.logValue()
}
