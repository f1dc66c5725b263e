package cams

import (
	"cmp"
	"context"
	"log/slog"
	"strconv"

	"github.com/cams-go/cams/internal/params"
	"github.com/cams-go/cams/internal/redact"
)

var deleteChatGroupParticipants = spec{name: "DeleteChatGroupParticipants", repeatable: true, resultMember: "Result"}

// DeleteChatGroupParticipantsRequest removes members from a group. All fields but
// ChannelType are required.
type DeleteChatGroupParticipantsRequest struct {
	BusinessNumber string                 `json:"BusinessNumber"`        // the business's phone number with country code, digits only
	ChannelType    ChannelType            `json:"ChannelType,omitempty"` // [ChannelTypeWhatsApp], or empty for the service's default
	CustSpaceID    string                 `json:"CustSpaceId"`           // the instance ID, or the SpaceId of an ISV's customer
	GroupID        string                 `json:"GroupId"`               // as ListChatGroup returns it
	List           []ChatGroupParticipant `json:"List"`                  // the members to remove, at least one, each by its number or user ID
}

// DeleteChatGroupParticipantsResponse has the number of members removed.
type DeleteChatGroupParticipantsResponse struct {
	ResponseMetadata
	Result int `json:"Result"` // members removed
}

// DeleteChatGroupParticipants removes members from a group. A removed member cannot join
// again with the link.
//
// It is idempotent, so a failed attempt is retried. After a retry, Result counts only
// the members that the last attempt removed. It needs the RAM action
// cams:DeleteChatGroupParticipants. The API is an internal preview: ask your account
// manager for access.
//
// API page: https://api.alibabacloud.com/document/cams/2020-06-06/DeleteChatGroupParticipants
func (c *Client) DeleteChatGroupParticipants(ctx context.Context, req *DeleteChatGroupParticipantsRequest) (*DeleteChatGroupParticipantsResponse, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	return invoke[DeleteChatGroupParticipantsResponse](ctx, c, &deleteChatGroupParticipants, req.parameters())
}

// Validate returns a [*ValidationError] if the request is invalid: it is nil, a required
// field is empty, BusinessNumber has anything but digits, or a ParticipantNumber is neither
// digits only nor a user ID of WhatsApp, such as US.13491208655302741918. An empty List is
// invalid because it is not documented what the service does with one.
func (r *DeleteChatGroupParticipantsRequest) Validate() error {
	if r == nil {
		return missing("DeleteChatGroupParticipantsRequest")
	}
	return cmp.Or(
		digits("BusinessNumber", r.BusinessNumber),
		required("CustSpaceID", r.CustSpaceID),
		required("GroupID", r.GroupID),
		r.validateList(),
	)
}

func (r *DeleteChatGroupParticipantsRequest) parameters() parameters {
	all := parameters{
		{"BusinessNumber", r.BusinessNumber, private},
		{"ChannelType", string(r.ChannelType), shown},
		{"CustSpaceId", r.CustSpaceID, shown},
		{"GroupId", r.GroupID, shown},
		{"List", params.CompactJSON(r.List), private},
	}
	for _, member := range r.List { // to mask each number where it appears alone
		all = append(all, parameter{"", member.ParticipantNumber, private})
	}
	return all
}

func (r *DeleteChatGroupParticipantsRequest) validateList() error {
	if len(r.List) == 0 {
		return required("List", "")
	}
	for i, member := range r.List {
		err := digits("List["+strconv.Itoa(i)+"].ParticipantNumber", member.ParticipantNumber)
		if err != nil && !redact.IsUserID(member.ParticipantNumber) {
			return err
		}
	}
	return nil
}

// LogValue implements [slog.LogValuer]: a log shows no phone number.
func (r DeleteChatGroupParticipantsRequest) LogValue() slog.Value { return r.parameters().logValue() }
