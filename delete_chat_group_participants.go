package cams

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
)

var deleteChatGroupParticipants = operation{name: "DeleteChatGroupParticipants", repeatable: true, result: "Result"}

// DeleteChatGroupParticipantsRequest removes members. All fields but ChannelType are required.
type DeleteChatGroupParticipantsRequest struct {
	BusinessNumber string                 `json:"BusinessNumber"`        // the business's phone number with country code, digits only
	ChannelType    ChannelType            `json:"ChannelType,omitempty"` // [ChannelTypeWhatsApp], or empty for the service's default
	CustSpaceID    string                 `json:"CustSpaceId"`           // the instance ID, or the SpaceId of an ISV's customer
	GroupID        string                 `json:"GroupId"`               // as ListChatGroup tells it
	List           []ChatGroupParticipant `json:"List"`                  // who is removed, at least one
}

// DeleteChatGroupParticipantsResponse tells how many were removed.
type DeleteChatGroupParticipantsResponse struct {
	ResponseMetadata
	Result int `json:"Result"` // members removed
}

// DeleteChatGroupParticipants removes members from a group. Who was removed cannot
// come back with the link.
//
// It ends the same however often it is done, so a failed attempt is repeated; Result
// then counts the last attempt's. It needs the RAM action
// cams:DeleteChatGroupParticipants. An internal preview: the account manager lets an
// account in.
//
// API page: https://api.alibabacloud.com/document/cams/2020-06-06/DeleteChatGroupParticipants
func (c *Client) DeleteChatGroupParticipants(ctx context.Context, req *DeleteChatGroupParticipantsRequest) (*DeleteChatGroupParticipantsResponse, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	return invoke[DeleteChatGroupParticipantsResponse](ctx, c, &deleteChatGroupParticipants, req.parameters())
}

// Validate returns a [*ValidationError] for a request that the service could only
// refuse: a nil one, a required field that is empty, no one to remove, or a member
// without a number. What the service does with an empty list is not published.
func (r *DeleteChatGroupParticipantsRequest) Validate() error {
	if r == nil {
		return missing("DeleteChatGroupParticipantsRequest")
	}
	return cmp.Or(
		required("BusinessNumber", r.BusinessNumber),
		required("CustSpaceID", r.CustSpaceID),
		required("GroupID", r.GroupID),
		r.validateList(),
	)
}

func (r *DeleteChatGroupParticipantsRequest) parameters() parameters {
	params := parameters{
		{"BusinessNumber", r.BusinessNumber, private},
		{"ChannelType", string(r.ChannelType), shown},
		{"CustSpaceId", r.CustSpaceID, shown},
		{"GroupId", r.GroupID, shown},
		{"List", compactJSON(r.List), private},
	}
	for _, member := range r.List { // each is masked where it stands alone
		params = append(params, parameter{"", member.ParticipantNumber, private})
	}
	return params
}

func (r *DeleteChatGroupParticipantsRequest) validateList() error {
	if len(r.List) == 0 {
		return required("List", "")
	}
	for i, member := range r.List {
		if member.ParticipantNumber == "" {
			return required(fmt.Sprintf("List[%d].ParticipantNumber", i), "")
		}
	}
	return nil
}

// LogValue implements [slog.LogValuer]: a log shows no phone number.
func (r DeleteChatGroupParticipantsRequest) LogValue() slog.Value { return r.parameters().logValue() }
