package cams

import (
	"cmp"
	"context"
	"log/slog"
)

var addChatGroupInviteLink = operation{name: "AddChatGroupInviteLink", result: "InviteLink", tells: "ListChatGroup"}

// AddChatGroupInviteLinkRequest makes a link. All fields but ChannelType are required.
type AddChatGroupInviteLinkRequest struct {
	BusinessNumber string      `json:"BusinessNumber"`        // the business's phone number with country code, digits only
	ChannelType    ChannelType `json:"ChannelType,omitempty"` // [ChannelTypeWhatsApp], or empty for the service's default
	CustSpaceID    string      `json:"CustSpaceId"`           // the instance ID, or the SpaceId of an ISV's customer
	GroupID        string      `json:"GroupId"`               // as ListChatGroup tells it
}

// AddChatGroupInviteLinkResponse tells the new link.
type AddChatGroupInviteLinkResponse struct {
	ResponseMetadata
	InviteLink string `json:"InviteLink"` // for instance "https://chat.whatsapp.com/..."
}

// AddChatGroupInviteLink makes the link that members join a group with, the only
// way in. The group must be active. It may reset the link and end one that was
// given out before; [Client.ListChatGroup] tells the present link.
//
// So a failed attempt is repeated only if it surely did nothing. Any other end
// without an answer is [ErrOutcomeUnknown]: look with ListChatGroup before you call
// again. It needs the RAM action
// cams:AddChatGroupInviteLink. An internal preview: the account manager lets an account in.
//
// API page: https://api.alibabacloud.com/document/cams/2020-06-06/AddChatGroupInviteLink
func (c *Client) AddChatGroupInviteLink(ctx context.Context, req *AddChatGroupInviteLinkRequest) (*AddChatGroupInviteLinkResponse, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	return invoke[AddChatGroupInviteLinkResponse](ctx, c, &addChatGroupInviteLink, req.parameters())
}

// Validate returns a [*ValidationError] for a request that the service could only
// refuse: a nil one, or a required field that is empty.
func (r *AddChatGroupInviteLinkRequest) Validate() error {
	if r == nil {
		return missing("AddChatGroupInviteLinkRequest")
	}
	return cmp.Or(
		required("BusinessNumber", r.BusinessNumber),
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
