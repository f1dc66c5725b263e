package cams

import (
	"cmp"
	"context"
	"log/slog"
	"strings"

	"github.com/cams-go/cams/internal/redact"
)

var listChatGroupParticipants = spec{name: "ListChatGroupParticipants", repeatable: true, isRead: true, resultMember: "Data"}

// ListChatGroupParticipantsRequest requests one page of a group's members.
// All fields but ChannelType and Page are required.
type ListChatGroupParticipantsRequest struct {
	// BusinessNumber is the business's phone number with country code, digits only.
	BusinessNumber string `json:"BusinessNumber"`
	// ChannelType is [ChannelTypeWhatsApp], or empty for the service's default.
	ChannelType ChannelType `json:"ChannelType,omitempty"`
	// GroupID identifies the group. [Client.ListChatGroup] returns it.
	GroupID string `json:"GroupId"`
	// CustSpaceID is the instance ID, or the SpaceId of an ISV's customer.
	CustSpaceID string `json:"CustSpaceId"`
	// Page chooses the page. If it is nil, the service chooses.
	Page *Page `json:"Page,omitempty"`
}

// ListChatGroupParticipantsResponse is one page of a group's members.
type ListChatGroupParticipantsResponse struct {
	ResponseMetadata
	Data ListChatGroupParticipantsData `json:"Data"`
}

// ListChatGroupParticipantsData is the API field Data.
type ListChatGroupParticipantsData struct {
	Total int                    `json:"Total"` // members in the whole group
	List  []ChatGroupParticipant `json:"List"`  // this page's members
}

// ChatGroupParticipant is a member of a group. A member may have no phone number: then
// ParticipantNumber is empty, and Extra has what the service sent instead.
type ChatGroupParticipant struct {
	ParticipantNumber string `json:"ParticipantNumber"` // the member's phone number with country code

	// Extra has the member's fields that this version does not know, or whose values have
	// an unknown form, as one JSON object with the keys in order. It is empty if there are
	// none, and is never sent.
	Extra string `json:"-"`
}

// ListChatGroupParticipantsAPI is the operation as an interface, for stubs in tests.
// [*Client] implements it.
type ListChatGroupParticipantsAPI interface {
	ListChatGroupParticipants(ctx context.Context, req *ListChatGroupParticipantsRequest) (*ListChatGroupParticipantsResponse, error)
}

var _ ListChatGroupParticipantsAPI = (*Client)(nil)

// ListChatGroupParticipants lists one page of a group's members. For all pages see
// [NewListChatGroupParticipantsPager].
//
// It is a read, so a failed attempt is retried. It needs the RAM action
// cams:ListChatGroupParticipants. The package documentation lists the errors.
func (c *Client) ListChatGroupParticipants(ctx context.Context, req *ListChatGroupParticipantsRequest) (*ListChatGroupParticipantsResponse, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	return invoke[ListChatGroupParticipantsResponse](ctx, c, &listChatGroupParticipants, req.parameters())
}

// Validate returns a [*ValidationError] if the request is invalid: it is nil, a required
// field is empty, BusinessNumber has anything but digits, or Page.Size or Page.Index is
// below 1.
func (r *ListChatGroupParticipantsRequest) Validate() error {
	if r == nil {
		return missing("ListChatGroupParticipantsRequest")
	}
	return cmp.Or(
		digits("BusinessNumber", r.BusinessNumber),
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

// ListChatGroupParticipantsPager lists all members of a group.
type ListChatGroupParticipantsPager = Pager[ListChatGroupParticipantsResponse, ChatGroupParticipant]

// NewListChatGroupParticipantsPager returns a pager that starts at req.Page.Index, by
// default 1. It copies req and makes no request yet. If an argument is invalid, the
// first page returns the error.
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
		key: participantKey,
		err: err,
	}, base.Page, opts)
}

// participantKey returns a member's number if it has at least seven digits, or the user ID
// that stands in its place. Anything else, such as a masked number, is shared by members and
// cannot identify one: then it returns "".
func participantKey(p ChatGroupParticipant) string {
	number := p.ParticipantNumber
	isNumber := strings.Trim(number, "+ 0123456789") == ""
	if isNumber && len(number)-strings.Count(number, "+")-strings.Count(number, " ") >= 7 || redact.IsUserID(number) {
		return number
	}
	return ""
}

// LogValue implements [slog.LogValuer]: a log shows no phone number.
func (r ListChatGroupParticipantsRequest) LogValue() slog.Value { return r.parameters().logValue() }

// LogValue implements [slog.LogValuer]: a log shows how many members, and nothing else.
func (d ListChatGroupParticipantsData) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("Total", d.Total), slog.Int("List", len(d.List)))
}

// LogValue implements [slog.LogValuer]: a log shows no phone number.
func (p ChatGroupParticipant) LogValue() slog.Value { return slog.StringValue("ChatGroupParticipant") }
