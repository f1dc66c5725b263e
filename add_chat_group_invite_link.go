package cams

import (
	"cmp"
	"context"
	"log/slog"
)

var addChatGroupInviteLink = spec{name: "AddChatGroupInviteLink", resultMember: "InviteLink", checkWith: "ListChatGroup"}

// AddChatGroupInviteLinkRequest creates an invite link. All fields but ChannelType are
// required.
type AddChatGroupInviteLinkRequest struct {
	BusinessNumber string      `json:"BusinessNumber"`        // the business's phone number with country code, digits only
	ChannelType    ChannelType `json:"ChannelType,omitempty"` // [ChannelTypeWhatsApp], or empty for the service's default
	CustSpaceID    string      `json:"CustSpaceId"`           // the instance ID, or the SpaceId of an ISV's customer
	GroupID        string      `json:"GroupId"`               // as ListChatGroup returns it
}

// AddChatGroupInviteLinkResponse has the new link.
type AddChatGroupInviteLinkResponse struct {
	ResponseMetadata
	InviteLink string `json:"InviteLink"` // for instance "https://chat.whatsapp.com/..."
}

// AddChatGroupInviteLink creates the link that members join a group with. There is no
// other way to join. The group must be active. A new link may make an earlier one
// invalid; [Client.ListChatGroup] returns the current link.
//
// It is not idempotent, so a failed attempt is retried only if it was surely not carried
// out. If it may have been, the error is [ErrOutcomeUnknown]: check with ListChatGroup
// before you call again.
//
// It needs the RAM action cams:AddChatGroupInviteLink. The API is an internal preview:
// ask your account manager for access.
//
// API page: https://api.alibabacloud.com/document/cams/2020-06-06/AddChatGroupInviteLink
func (c *Client) AddChatGroupInviteLink(ctx context.Context, req *AddChatGroupInviteLinkRequest) (*AddChatGroupInviteLinkResponse, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	return invoke[AddChatGroupInviteLinkResponse](ctx, c, &addChatGroupInviteLink, req.parameters())
}

// Validate returns a [*ValidationError] if the request is invalid: it is nil, a required
// field is empty, or BusinessNumber has anything but digits.
func (r *AddChatGroupInviteLinkRequest) Validate() error {
	if r == nil {
		return missing("AddChatGroupInviteLinkRequest")
	}
	return cmp.Or(
		digits("BusinessNumber", r.BusinessNumber),
		required("CustSpaceID", r.CustSpaceID),
		required("GroupID", r.GroupID),
	)
}

func (r *AddChatGroupInviteLinkRequest) parameters() parameters {
	return parameters{
		{"BusinessNumber", r.BusinessNumber, private},
		{"ChannelType", string(r.ChannelType), shown},
		{"CustSpaceId", r.CustSpaceID, shown},
		{"GroupId", r.GroupID, shown},
	}
}

// LogValue implements [slog.LogValuer]: a log shows no phone number.
func (r AddChatGroupInviteLinkRequest) LogValue() slog.Value { return r.parameters().logValue() }
