package cams

import (
	"cmp"
	"context"
	"log/slog"
)

var updateChatGroup = spec{name: "UpdateChatGroup", repeatable: true, resultMember: "Result"}

// UpdateChatGroupRequest changes a group. BusinessNumber, CustSpaceID, GroupID and at
// least one of Subject, Description and ProfilePictureFile are required. An empty field
// is not changed.
type UpdateChatGroupRequest struct {
	BusinessNumber string      `json:"BusinessNumber"`        // the business's phone number with country code, digits only
	ChannelType    ChannelType `json:"ChannelType,omitempty"` // [ChannelTypeWhatsApp], or empty for the service's default
	CustSpaceID    string      `json:"CustSpaceId"`           // the instance ID, or the SpaceId of an ISV's customer
	GroupID        string      `json:"GroupId"`               // as ListChatGroup returns it
	Subject        string      `json:"Subject,omitempty"`     // 1 to 128 characters
	Description    string      `json:"Description,omitempty"` // up to 2,048 characters
	// ProfilePictureFile is the URL of a JPEG: square, at least 192 x 192 pixels, 5 MB at most.
	ProfilePictureFile string `json:"ProfilePictureFile,omitempty"`
}

// UpdateChatGroupResponse has the number of rows changed.
type UpdateChatGroupResponse struct {
	ResponseMetadata
	Result int `json:"Result"` // rows changed
}

// UpdateChatGroup changes a group's subject, description or picture.
//
// It is idempotent, so a failed attempt is retried. It needs the RAM action
// cams:UpdateChatGroup. The API is an internal preview: ask your account manager for
// access.
//
// API page: https://api.alibabacloud.com/document/cams/2020-06-06/UpdateChatGroup
func (c *Client) UpdateChatGroup(ctx context.Context, req *UpdateChatGroupRequest) (*UpdateChatGroupResponse, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	return invoke[UpdateChatGroupResponse](ctx, c, &updateChatGroup, req.parameters())
}

// Validate returns a [*ValidationError] if the request is invalid: it is nil, a required
// field is empty, BusinessNumber has anything but digits, or there is nothing to change.
func (r *UpdateChatGroupRequest) Validate() error {
	if r == nil {
		return missing("UpdateChatGroupRequest")
	}
	return cmp.Or(
		digits("BusinessNumber", r.BusinessNumber),
		required("CustSpaceID", r.CustSpaceID),
		required("GroupID", r.GroupID),
		required("Subject, Description and ProfilePictureFile", r.Subject+r.Description+r.ProfilePictureFile),
	)
}

func (r *UpdateChatGroupRequest) parameters() parameters {
	return parameters{
		{"BusinessNumber", r.BusinessNumber, private},
		{"ChannelType", string(r.ChannelType), shown},
		{"CustSpaceId", r.CustSpaceID, shown},
		{"GroupId", r.GroupID, shown},
		{"Description", r.Description, shown},
		{"ProfilePictureFile", r.ProfilePictureFile, shown},
		{"Subject", r.Subject, shown},
	}
}

// LogValue implements [slog.LogValuer]: a log shows no phone number.
func (r UpdateChatGroupRequest) LogValue() slog.Value { return r.parameters().logValue() }
