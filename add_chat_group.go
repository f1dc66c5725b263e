package cams

import (
	"cmp"
	"context"
	"log/slog"
)

var addChatGroup = operation{name: "AddChatGroup", result: "UniqueCode", tells: "ListChatGroup"}

// AddChatGroupRequest creates a group. BusinessNumber and CustSpaceID are required.
type AddChatGroupRequest struct {
	BusinessNumber string      `json:"BusinessNumber"`        // the business's phone number with country code, digits only
	ChannelType    ChannelType `json:"ChannelType,omitempty"` // [ChannelTypeWhatsApp], or empty for the service's default
	CustSpaceID    string      `json:"CustSpaceId"`           // the instance ID, or the SpaceId of an ISV's customer
	// Subject is the group's name, 1 to 128 characters. WhatsApp requires it, the API does not.
	Subject     string `json:"Subject,omitempty"`
	Description string `json:"Description,omitempty"` // up to 2,048 characters
	GroupLink   string `json:"GroupLink,omitempty"`   // Telegram's
}

// AddChatGroupResponse tells that a group is being created.
type AddChatGroupResponse struct {
	ResponseMetadata
	UniqueCode string `json:"UniqueCode"` // digits that identify the creation; not the GroupID
}

// AddChatGroup creates a group. The service does so in its own time and tells no
// GroupID: look with [Client.ListChatGroup], by Subject, until the group is
// [GroupStatusActive]. Then [Client.AddChatGroupInviteLink] makes the link that
// members join with. A business number has up to 10,000 groups, a group 8 members.
//
// Each call creates a group, so a failed attempt is repeated only if it surely did
// nothing. Any other end without an answer is [ErrOutcomeUnknown]: look with
// ListChatGroup before you call again. It needs the RAM action
// cams:AddChatGroup. An internal preview: the account manager lets an account in.
//
// API page: https://api.alibabacloud.com/document/cams/2020-06-06/AddChatGroup
func (c *Client) AddChatGroup(ctx context.Context, req *AddChatGroupRequest) (*AddChatGroupResponse, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	return invoke[AddChatGroupResponse](ctx, c, &addChatGroup, req.parameters())
}

// Validate returns a [*ValidationError] for a request that the service could only
// refuse: a nil one, or a required field that is empty.
func (r *AddChatGroupRequest) Validate() error {
	if r == nil {
		return missing("AddChatGroupRequest")
	}
	return cmp.Or(
		required("BusinessNumber", r.BusinessNumber),
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
