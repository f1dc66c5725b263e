package cams

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"strconv"

	"github.com/cams-go/cams/internal/sign"
)

// ChannelType is the channel of a group (API field ChannelType).
type ChannelType string

// ChannelTypeWhatsApp is the one channel that the API knows.
const ChannelTypeWhatsApp ChannelType = "WHATSAPP"

// ListChatGroupParticipantsRequest asks for one page of a group's members.
// All fields but ChannelType and Page are required.
type ListChatGroupParticipantsRequest struct {
	// BusinessNumber is the business phone number, for instance "8613800***";
	// Alibaba Cloud's operation ListChatGroup returns it.
	BusinessNumber string `json:"BusinessNumber"`
	// ChannelType is [ChannelTypeWhatsApp], or empty for the service's default.
	ChannelType ChannelType `json:"ChannelType,omitempty"`
	// GroupID is API field GroupId; Alibaba Cloud's operation ListChatGroup returns it.
	GroupID string `json:"GroupId"`
	// CustSpaceID is API field CustSpaceId: the instance ID of a direct
	// customer, or the SpaceId of an ISV's customer.
	CustSpaceID string `json:"CustSpaceId"`
	// Page chooses the page. Without it the service chooses.
	Page *Page `json:"Page,omitempty"`
}

// Page chooses a page (API field Page). A single call needs both numbers; a
// pager fills in the one that is 0.
type Page struct {
	Size  int `json:"Size"`  // members a page, 1 or more; the service publishes no maximum and may return fewer
	Index int `json:"Index"` // the page's number, counted from 1
}

// ListChatGroupParticipantsResponse is one page of a group's members.
type ListChatGroupParticipantsResponse struct {
	RequestID string `json:"RequestId"` // API field RequestId; quote it to Alibaba Cloud's support
	Code      string `json:"Code"`      // "OK"
	Message   string `json:"Message"`
	Success   bool   `json:"Success"`
	// AccessDeniedDetail is of no use here: an answer that denies access is an
	// [*APIError], which has it too.
	AccessDeniedDetail AccessDeniedDetail            `json:"AccessDeniedDetail"`
	Data               ListChatGroupParticipantsData `json:"Data"`
}

// ListChatGroupParticipantsData is API field Data.
type ListChatGroupParticipantsData struct {
	Total int                    `json:"Total"` // members in the whole group
	List  []ChatGroupParticipant `json:"List"`  // this page's members
}

// ChatGroupParticipant is a member of a group.
type ChatGroupParticipant struct {
	ParticipantNumber string `json:"ParticipantNumber"` // the member's phone number, for instance "861382***"
}

// ListChatGroupParticipantsAPI is the operation as an interface, so that code
// which uses it can be tested with a stub. [*Client] implements it.
type ListChatGroupParticipantsAPI interface {
	ListChatGroupParticipants(ctx context.Context, req *ListChatGroupParticipantsRequest) (*ListChatGroupParticipantsResponse, error)
}

var _ ListChatGroupParticipantsAPI = (*Client)(nil)

// ListChatGroupParticipants lists one page of the members of a group. For all
// of them see [NewListChatGroupParticipantsPager].
//
// A refusal by the service, an HTTP 200 with "Success":false included, is an
// [*APIError]; an answer that is not the service's is a [*ResponseError]; a
// request that [ListChatGroupParticipantsRequest.Validate] refuses is a
// [*ValidationError], and is not sent. Failures of the network, the credentials
// or ctx unwrap to their cause. The response is nil if and only if the error is not.
//
// The operation is a read and safe to repeat; failed attempts are, see
// [RetryPolicy]. It needs the RAM action cams:ListChatGroupParticipants.
func (c *Client) ListChatGroupParticipants(ctx context.Context, req *ListChatGroupParticipantsRequest) (*ListChatGroupParticipantsResponse, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	answer := new(listChatGroupParticipantsAnswer)
	if err := c.do(ctx, req.call(), answer); err != nil {
		return nil, err
	}
	return answer.response(), nil
}

// Validate returns a [*ValidationError] for a request that the service could
// only refuse: a nil one, a required field that is empty, a page size or index
// below 1.
func (r *ListChatGroupParticipantsRequest) Validate() error {
	switch {
	case r == nil:
		return &ValidationError{Field: "ListChatGroupParticipantsRequest", Reason: "is nil"}
	case r.BusinessNumber == "":
		return &ValidationError{Field: "BusinessNumber", Reason: "is empty"}
	case r.GroupID == "":
		return &ValidationError{Field: "GroupID", Reason: "is empty"}
	case r.CustSpaceID == "":
		return &ValidationError{Field: "CustSpaceID", Reason: "is empty"}
	case r.Page != nil && r.Page.Size < 1:
		return &ValidationError{Field: "Page.Size", Reason: "is below 1"}
	case r.Page != nil && r.Page.Index < 1:
		return &ValidationError{Field: "Page.Index", Reason: "is below 1"}
	}
	return nil
}

// call is the request as it is sent: one query parameter for each field that is set.
func (r *ListChatGroupParticipantsRequest) call() call {
	query := make(sign.Query, 0, 5)
	query = append(query, sign.Param{Name: "BusinessNumber", Value: r.BusinessNumber})
	if r.ChannelType != "" {
		query = append(query, sign.Param{Name: "ChannelType", Value: string(r.ChannelType)})
	}
	query = append(query, sign.Param{Name: "CustSpaceId", Value: r.CustSpaceID}, sign.Param{Name: "GroupId", Value: r.GroupID})
	if r.Page != nil {
		query = append(query, sign.Param{Name: "Page", Value: r.Page.compactJSON()})
	}
	return call{
		operation: "ListChatGroupParticipants",
		query:     query.Canonical(),
		private:   r.BusinessNumber,
	}
}

// compactJSON is the page as the official client writes it, Index first: the
// signature covers these very bytes.
func (p *Page) compactJSON() string {
	return `{"Index":` + strconv.Itoa(p.Index) + `,"Size":` + strconv.Itoa(p.Size) + `}`
}

// listChatGroupParticipantsAnswer is the response as it is decoded. encoding/json
// looks up the name and the methods of a member's type for each member: where
// there are none, it takes a sixth less time.
type listChatGroupParticipantsAnswer struct {
	RequestID          string `json:"RequestId"`
	Code               string
	Message            string
	Success            bool
	AccessDeniedDetail AccessDeniedDetail
	Data               listChatGroupParticipantsAnswerData
}

type listChatGroupParticipantsAnswerData struct {
	Total int
	List  []struct{ ParticipantNumber string }
}

func (a *listChatGroupParticipantsAnswer) clear() { *a = listChatGroupParticipantsAnswer{} }

func (a *listChatGroupParticipantsAnswer) outcome() (success bool, code, requestID string) {
	return a.Success, a.Code, a.RequestID
}

func (a *listChatGroupParticipantsAnswer) response() *ListChatGroupParticipantsResponse {
	resp := &ListChatGroupParticipantsResponse{
		RequestID:          a.RequestID,
		Code:               a.Code,
		Message:            a.Message,
		Success:            a.Success,
		AccessDeniedDetail: a.AccessDeniedDetail,
		Data:               ListChatGroupParticipantsData{Total: a.Data.Total},
	}
	if a.Data.List != nil {
		resp.Data.List = make([]ChatGroupParticipant, len(a.Data.List))
	}
	for i, member := range a.Data.List {
		resp.Data.List[i] = ChatGroupParticipant(member)
	}
	return resp
}

// ListChatGroupParticipantsPager lists a group page by page. It is not safe for
// concurrent use, but for NextIndex.
type ListChatGroupParticipantsPager struct {
	pager *pager[ListChatGroupParticipantsResponse, ChatGroupParticipant]
}

// NewListChatGroupParticipantsPager makes a pager that starts at req.Page.Index,
// by default 1. It makes no request yet: what is wrong with its arguments is
// the error of the first page. req is copied.
func NewListChatGroupParticipantsPager(api ListChatGroupParticipantsAPI, req *ListChatGroupParticipantsRequest, opts ...PagerOption) *ListChatGroupParticipantsPager {
	p := &pager[ListChatGroupParticipantsResponse, ChatGroupParticipant]{
		list: func(r *ListChatGroupParticipantsResponse) (int, []ChatGroupParticipant) {
			return r.Data.Total, r.Data.List
		},
		without: func(r ListChatGroupParticipantsResponse) *ListChatGroupParticipantsResponse {
			r.Data.List = nil
			return &r
		},
	}
	var base ListChatGroupParticipantsRequest
	switch {
	case req == nil:
		p.err = req.Validate()
	case api == nil:
		p.err = &ValidationError{Field: "ListChatGroupParticipantsAPI", Reason: "is nil"}
	default:
		base = *req
	}
	p.fetch = func(ctx context.Context, page Page) (*ListChatGroupParticipantsResponse, error) {
		req := base
		req.Page = &page
		return api.ListChatGroupParticipants(ctx, &req)
	}
	return &ListChatGroupParticipantsPager{p.start(base.Page, opts)}
}

// engine is what p is made of; for a pager that New did not make, one that says so.
func (p *ListChatGroupParticipantsPager) engine() *pager[ListChatGroupParticipantsResponse, ChatGroupParticipant] {
	if p == nil || p.pager == nil {
		err := &ValidationError{Field: "ListChatGroupParticipantsPager", Reason: "was not made by its New function"}
		return &pager[ListChatGroupParticipantsResponse, ChatGroupParticipant]{err: err}
	}
	return p.pager
}

// HasNext reports whether NextPage has a page to fetch. It is true until the
// last page has come; a group without members has one page, an empty one.
func (p *ListChatGroupParticipantsPager) HasNext() bool { return !p.engine().cursor.done }

// NextPage fetches the next page. After an error it asks for the same page
// again; after the last page it returns [ErrNoMorePages].
func (p *ListChatGroupParticipantsPager) NextPage(ctx context.Context) (*ListChatGroupParticipantsResponse, error) {
	return p.engine().nextPage(ctx)
}

// NextIndex is the page to resume from, for instance in another process: as
// Page.Index of a new pager with the same page size. It follows NextPage, or
// the latest range over Pages or All, whichever moved last. In the body of a
// loop over Pages it is already the page after: save it once the page is dealt
// with. In a loop over All it moves on with the last member of a page.
func (p *ListChatGroupParticipantsPager) NextIndex() int { return int(p.engine().nextIndex.Load()) }

// Pages lists the group page by page, from the start whenever it is ranged
// over. An error comes after the pages before it, once, and ends the sequence.
// To break out of the loop stops all requests in flight.
func (p *ListChatGroupParticipantsPager) Pages(ctx context.Context) iter.Seq2[*ListChatGroupParticipantsResponse, error] {
	return p.engine().pages(ctx)
}

// All lists the group member by member, from the start whenever it is ranged
// over. An error comes after the members before it, once, and ends the
// sequence. To break out of the loop stops all requests in flight.
func (p *ListChatGroupParticipantsPager) All(ctx context.Context) iter.Seq2[ChatGroupParticipant, error] {
	return p.engine().all(ctx)
}

// Format prints where the pager is, and nothing of the members that it remembers.
func (p ListChatGroupParticipantsPager) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "cams.ListChatGroupParticipantsPager(page %d)", p.NextIndex())
}

// LogValue implements [slog.LogValuer]: a log shows no phone number.
func (r ListChatGroupParticipantsRequest) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("GroupId", r.GroupID), slog.String("CustSpaceId", r.CustSpaceID)}
	if r.Page != nil {
		attrs = append(attrs, slog.Int("Page.Index", r.Page.Index), slog.Int("Page.Size", r.Page.Size))
	}
	return slog.GroupValue(attrs...)
}

// LogValue implements [slog.LogValuer]: a log shows no phone number.
func (r ListChatGroupParticipantsResponse) LogValue() slog.Value {
	return slog.GroupValue(slog.String("RequestId", r.RequestID), slog.Any("Data", r.Data))
}

// LogValue implements [slog.LogValuer]: a log shows no phone number.
func (d ListChatGroupParticipantsData) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("Total", d.Total), slog.Int("List", len(d.List)))
}

// LogValue implements [slog.LogValuer]: a log shows no phone number.
func (p ChatGroupParticipant) LogValue() slog.Value { return slog.StringValue("ChatGroupParticipant") }
