package cams

import (
	"cmp"
	"context"
	"log/slog"
)

var deleteChatGroup = spec{name: "DeleteChatGroup", repeatable: true, resultMember: "Result"}

// DeleteChatGroupRequest deletes a group. All fields but ChannelType are required.
type DeleteChatGroupRequest struct {
	BusinessNumber string      `json:"BusinessNumber"`        // the business's phone number with country code, digits only
	ChannelType    ChannelType `json:"ChannelType,omitempty"` // [ChannelTypeWhatsApp], or empty for the service's default
	CustSpaceID    string      `json:"CustSpaceId"`           // the instance ID, or the SpaceId of an ISV's customer
	GroupID        string      `json:"GroupId"`               // as ListChatGroup returns it
}

// DeleteChatGroupResponse has the number of groups deleted.
type DeleteChatGroupResponse struct {
	ResponseMetadata
	Result int `json:"Result"` // groups deleted
}

// DeleteChatGroup deletes a group. This cannot be undone.
//
// To delete groups that you list, collect all of them first, then delete. If you delete
// while you list, later pages shift and you skip groups; [Pager.Changed] may tell.
//
// It is idempotent, so a failed attempt is retried. It needs the RAM action
// cams:DeleteChatGroup. The API is an internal preview: ask your account manager for
// access.
//
// API page: https://api.alibabacloud.com/document/cams/2020-06-06/DeleteChatGroup
func (c *Client) DeleteChatGroup(ctx context.Context, req *DeleteChatGroupRequest) (*DeleteChatGroupResponse, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	return invoke[DeleteChatGroupResponse](ctx, c, &deleteChatGroup, req.parameters())
}

// Validate returns a [*ValidationError] if the request is invalid: it is nil, a required
// field is empty, or BusinessNumber has anything but digits.
func (r *DeleteChatGroupRequest) Validate() error {
	if r == nil {
		return missing("DeleteChatGroupRequest")
	}
	return cmp.Or(
		digits("BusinessNumber", r.BusinessNumber),
		required("CustSpaceID", r.CustSpaceID),
		required("GroupID", r.GroupID),
	)
}

func (r *DeleteChatGroupRequest) parameters() parameters {
	return parameters{
		{"BusinessNumber", r.BusinessNumber, private},
		{"ChannelType", string(r.ChannelType), shown},
		{"CustSpaceId", r.CustSpaceID, shown},
		{"GroupId", r.GroupID, shown},
	}
}

// LogValue implements [slog.LogValuer]: a log shows no phone number.
func (r DeleteChatGroupRequest) LogValue() slog.Value { return r.parameters().logValue() }
