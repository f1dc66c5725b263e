package cams

import (
	"cmp"
	"context"
	"log/slog"
)

var deleteChatGroupInviteLink = spec{name: "DeleteChatGroupInviteLink", repeatable: true, resultMember: "Result"}

// DeleteChatGroupInviteLinkRequest deletes a group's invite link. All fields but
// ChannelType are required.
type DeleteChatGroupInviteLinkRequest struct {
	BusinessNumber string      `json:"BusinessNumber"`        // the business's phone number with country code, digits only
	ChannelType    ChannelType `json:"ChannelType,omitempty"` // [ChannelTypeWhatsApp], or empty for the service's default
	CustSpaceID    string      `json:"CustSpaceId"`           // the instance ID, or the SpaceId of an ISV's customer
	GroupID        string      `json:"GroupId"`               // as ListChatGroup returns it
}

// DeleteChatGroupInviteLinkResponse says whether there was a link.
type DeleteChatGroupInviteLinkResponse struct {
	ResponseMetadata
	Result int `json:"Result"` // 1 if a link was deleted, else 0
}

// DeleteChatGroupInviteLink deletes a group's invite link. Nobody can join with it any
// more.
//
// It is idempotent, so a failed attempt is retried. After a retry, Result is 0 if an
// earlier attempt deleted the link. It needs the RAM action
// cams:DeleteChatGroupInviteLink. The API is an internal preview: ask your account
// manager for access.
//
// API page: https://api.alibabacloud.com/document/cams/2020-06-06/DeleteChatGroupInviteLink
func (c *Client) DeleteChatGroupInviteLink(ctx context.Context, req *DeleteChatGroupInviteLinkRequest) (*DeleteChatGroupInviteLinkResponse, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	return invoke[DeleteChatGroupInviteLinkResponse](ctx, c, &deleteChatGroupInviteLink, req.parameters())
}

// Validate returns a [*ValidationError] if the request is invalid: it is nil, a required
// field is empty, or BusinessNumber has anything but digits.
func (r *DeleteChatGroupInviteLinkRequest) Validate() error {
	if r == nil {
		return missing("DeleteChatGroupInviteLinkRequest")
	}
	return cmp.Or(
		digits("BusinessNumber", r.BusinessNumber),
		required("CustSpaceID", r.CustSpaceID),
		required("GroupID", r.GroupID),
	)
}

func (r *DeleteChatGroupInviteLinkRequest) parameters() parameters {
	return parameters{
		{"BusinessNumber", r.BusinessNumber, private},
		{"ChannelType", string(r.ChannelType), shown},
		{"CustSpaceId", r.CustSpaceID, shown},
		{"GroupId", r.GroupID, shown},
	}
}

// LogValue implements [slog.LogValuer]: a log shows no phone number.
func (r DeleteChatGroupInviteLinkRequest) LogValue() slog.Value { return r.parameters().logValue() }
