package cams

import (
	"cmp"
	"context"
	"log/slog"
)

var listChatGroupParticipants = operation{name: "ListChatGroupParticipants", repeatable: true, result: "Data"}

// ListChatGroupParticipantsRequest asks for one page of a group's members.
// All fields but ChannelType and Page are required.
type ListChatGroupParticipantsRequest struct {
	// BusinessNumber is the business phone number, for instance "8613800***";
	// Alibaba Cloud's operation ListChatGroup returns it.
	BusinessNumber string `json:"BusinessNumber"`
	// ChannelType is [ChannelTypeWhatsApp], or empty for the service's default.
	ChannelType ChannelType `json:"ChannelType,omitempty"`
	// GroupID is API field GroupId; Alibaba Cloud's operation ListChatGroup returns it.
	GroupID string `json:"GroupId"`
	// CustSpaceID is API field CustSpaceId: the instance ID of a direct
	// customer, or the SpaceId of an ISV's customer.
	CustSpaceID string `json:"CustSpaceId"`
	// Page chooses the page. Without it the service chooses.
	Page *Page `json:"Page,omitempty"`
}

// ListChatGroupParticipantsResponse is one page of a group's members.
type ListChatGroupParticipantsResponse struct {
	ResponseMetadata
	Data ListChatGroupParticipantsData `json:"Data"`
}

// ListChatGroupParticipantsData is API field Data.
type ListChatGroupParticipantsData struct {
	Total int                    `json:"Total"` // members in the whole group
	List  []ChatGroupParticipant `json:"List"`  // this page's members
}

// ChatGroupParticipant is a member of a group.
type ChatGroupParticipant struct {
	ParticipantNumber string `json:"ParticipantNumber"` // the member's phone number, for instance "861382***"
}

// ListChatGroupParticipantsAPI is the operation as an interface, so that code
// which uses it can be tested with a stub. [*Client] implements it.
type ListChatGroupParticipantsAPI interface {
	ListChatGroupParticipants(ctx context.Context, req *ListChatGroupParticipantsRequest) (*ListChatGroupParticipantsResponse, error)
}

var _ ListChatGroupParticipantsAPI = (*Client)(nil)

// ListChatGroupParticipants lists one page of the members of a group. For all
// of them see [NewListChatGroupParticipantsPager].
//
// It is a read: a failed attempt is repeated, see [RetryPolicy]. It needs the RAM
// action cams:ListChatGroupParticipants. The package documentation lists its errors.
func (c *Client) ListChatGroupParticipants(ctx context.Context, req *ListChatGroupParticipantsRequest) (*ListChatGroupParticipantsResponse, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	return invoke[ListChatGroupParticipantsResponse](ctx, c, &listChatGroupParticipants, req.parameters())
}

// Validate returns a [*ValidationError] for a request that the service could
// only refuse: a nil one, a required field that is empty, a page size or index
// below 1.
func (r *ListChatGroupParticipantsRequest) Validate() error {
	if r == nil {
		return missing("ListChatGroupParticipantsRequest")
	}
	return cmp.Or(
		required("BusinessNumber", r.BusinessNumber),
		required("GroupID", r.GroupID),
		required("CustSpaceID", r.CustSpaceID),
		r.Page.validate(),
	)
}

func (r *ListChatGroupParticipantsRequest) parameters() parameters {
	return parameters{
		{"BusinessNumber", r.BusinessNumber, private},
		{"ChannelType", string(r.ChannelType), shown},
		{"CustSpaceId", r.CustSpaceID, shown},
		{"GroupId", r.GroupID, shown},
		{"Page", r.Page.parameter(), shown},
	}
}

// ListChatGroupParticipantsPager lists a group page by page.
type ListChatGroupParticipantsPager = Pager[ListChatGroupParticipantsResponse, ChatGroupParticipant]

// NewListChatGroupParticipantsPager makes a pager that starts at req.Page.Index,
// by default 1. It makes no request yet: what is wrong with its arguments is
// the error of the first page. req is copied.
func NewListChatGroupParticipantsPager(api ListChatGroupParticipantsAPI, req *ListChatGroupParticipantsRequest, opts ...PagerOption) *ListChatGroupParticipantsPager {
	base, err := pagerBase(api, req, listChatGroupParticipants.name)
	return makePager(pages[ListChatGroupParticipantsResponse, ChatGroupParticipant]{
		fetch: func(ctx context.Context, page Page) (*ListChatGroupParticipantsResponse, error) {
			req := base
			req.Page = &page
			return api.ListChatGroupParticipants(ctx, &req)
		},
		data: func(r *ListChatGroupParticipantsResponse) (int, *[]ChatGroupParticipant) {
			return r.Data.Total, &r.Data.List
		},
		key: func(p ChatGroupParticipant) string { return whole(p.ParticipantNumber) },
		err: err,
	}, base.Page, opts)
}

// LogValue implements [slog.LogValuer]: a log shows no phone number.
func (r ListChatGroupParticipantsRequest) LogValue() slog.Value { return r.parameters().logValue() }

// LogValue implements [slog.LogValuer]: a log shows no phone number.
func (d ListChatGroupParticipantsData) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("Total", d.Total), slog.Int("List", len(d.List)))
}

// LogValue implements [slog.LogValuer]: a log shows no phone number.
func (p ChatGroupParticipant) LogValue() slog.Value { return slog.StringValue("ChatGroupParticipant") }
