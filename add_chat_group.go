package cams

import (
	"cmp"
	"context"
	"log/slog"
)

var addChatGroup = spec{name: "AddChatGroup", resultMember: "UniqueCode", checkWith: "ListChatGroup"}

// AddChatGroupRequest creates a group. BusinessNumber and CustSpaceID are required.
type AddChatGroupRequest struct {
	BusinessNumber string      `json:"BusinessNumber"`        // the business's phone number with country code, digits only
	ChannelType    ChannelType `json:"ChannelType,omitempty"` // [ChannelTypeWhatsApp], or empty for the service's default
	CustSpaceID    string      `json:"CustSpaceId"`           // the instance ID, or the SpaceId of an ISV's customer
	// Subject is the group's name, 1 to 128 characters. WhatsApp requires it, the API does not.
	Subject     string `json:"Subject,omitempty"`
	Description string `json:"Description,omitempty"` // up to 2,048 characters
	GroupLink   string `json:"GroupLink,omitempty"`   // for Telegram
}

// AddChatGroupResponse means that the service has started to create the group.
type AddChatGroupResponse struct {
	ResponseMetadata
	UniqueCode string `json:"UniqueCode"` // digits that identify the creation; not the GroupID
}

// AddChatGroup creates a group. The service creates it asynchronously and returns no
// GroupID: wait with [WaitForChatGroup] until the group with the Subject is
// [GroupStatusActive]. Then call [Client.AddChatGroupInviteLink] to create the link that
// members join with. WhatsApp allows 10,000 groups for a business number and 8 members in
// a group. Other channels may allow more.
//
// It is not idempotent: each call creates another group. So a failed attempt is retried
// only if it was surely not carried out. If it may have been, the error is
// [ErrOutcomeUnknown]: check with ListChatGroup before you call again.
//
// It needs the RAM action cams:AddChatGroup. The API is an internal preview: ask your
// account manager for access.
//
// API page: https://api.alibabacloud.com/document/cams/2020-06-06/AddChatGroup
func (c *Client) AddChatGroup(ctx context.Context, req *AddChatGroupRequest) (*AddChatGroupResponse, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	return invoke[AddChatGroupResponse](ctx, c, &addChatGroup, req.parameters())
}

// Validate returns a [*ValidationError] if the request is invalid: it is nil, a required
// field is empty, or BusinessNumber has anything but digits.
func (r *AddChatGroupRequest) Validate() error {
	if r == nil {
		return missing("AddChatGroupRequest")
	}
	return cmp.Or(
		digits("BusinessNumber", r.BusinessNumber),
		required("CustSpaceID", r.CustSpaceID),
	)
}

func (r *AddChatGroupRequest) parameters() parameters {
	return parameters{
		{"BusinessNumber", r.BusinessNumber, private},
		{"ChannelType", string(r.ChannelType), shown},
		{"CustSpaceId", r.CustSpaceID, shown},
		{"Description", r.Description, shown},
		{"GroupLink", r.GroupLink, shown},
		{"Subject", r.Subject, shown},
	}
}

// LogValue implements [slog.LogValuer]: a log shows no phone number.
func (r AddChatGroupRequest) LogValue() slog.Value { return r.parameters().logValue() }
