package cams

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strconv"
	"strings"

	"github.com/cams-go/cams/internal/redact"
	"github.com/cams-go/cams/internal/wire"
)

// ChannelType is the channel of a group (API field ChannelType).
type ChannelType string

// ChannelTypeWhatsApp is the one channel that the API knows.
const ChannelTypeWhatsApp ChannelType = "WHATSAPP"

// GroupStatus is the state of a group (API field GroupStatus).
type GroupStatus string

// The states of a group. The service may have more.
const (
	GroupStatusActive    GroupStatus = "ACTIVE"    // in use
	GroupStatusInactive  GroupStatus = "INACTIVE"  // not activated
	GroupStatusSuspended GroupStatus = "SUSPENDED" // suspended
	GroupStatusCreating  GroupStatus = "CREATING"  // being created
	GroupStatusDeleting  GroupStatus = "DELETING"  // being deleted
	GroupStatusUpdating  GroupStatus = "UPDATING"  // being updated
)

// Page chooses a page (API field Page). A single call needs both numbers; a
// pager fills in the one that is 0.
type Page struct {
	Size  int `json:"Size"`  // items a page, 1 or more; the service publishes no maximum and may return fewer
	Index int `json:"Index"` // the page's number, counted from 1
}

// validate refuses a page that the service could only refuse. No page is valid.
func (p *Page) validate() error {
	switch {
	case p == nil:
		return nil
	case p.Size < 1:
		return &ValidationError{Field: "Page.Size", Reason: "is below 1"}
	case p.Index < 1:
		return &ValidationError{Field: "Page.Index", Reason: "is below 1"}
	}
	return nil
}

// parameter is the page as the official client writes it, Index first: the
// signature covers these very bytes.
func (p *Page) parameter() string {
	if p == nil {
		return ""
	}
	return `{"Index":` + strconv.Itoa(p.Index) + `,"Size":` + strconv.Itoa(p.Size) + `}`
}

// ResponseMetadata is what all responses tell beside their result.
type ResponseMetadata struct {
	RequestID string `json:"RequestId"` // API field RequestId; quote it to Alibaba Cloud's support
	Code      string `json:"Code"`      // "OK"
	Message   string `json:"Message"`
	Success   bool   `json:"Success"`
	// AccessDeniedDetail is of no use here: an answer that denies access is an
	// [*APIError], which has it too.
	AccessDeniedDetail AccessDeniedDetail `json:"AccessDeniedDetail"`
}

func (m *ResponseMetadata) metadata() *ResponseMetadata { return m }

// LogValue implements [slog.LogValuer] for each response: a log shows the
// request ID and the code, and no phone number.
func (m ResponseMetadata) LogValue() slog.Value {
	return slog.GroupValue(slog.String("RequestId", redact.ID(m.RequestID)), slog.String("Code", redact.Phones(m.Code)))
}

// AccessDeniedDetail says why access was denied. This API's own schema has it
// as a string, Alibaba Cloud's gateway sends an object; either is kept, and
// marshalled again in the form it came in.
type AccessDeniedDetail struct {
	// Text is the string form: "None" where nothing was denied.
	Text string `json:"-"`

	// The object form.
	AuthAction               string `json:"AuthAction,omitempty"`           // the RAM action that was missing
	AuthPrincipalType        string `json:"AuthPrincipalType,omitempty"`    // SubUser, AssumedRoleUser, ...
	AuthPrincipalOwnerID     string `json:"AuthPrincipalOwnerId,omitempty"` // the account
	AuthPrincipalDisplayName string `json:"AuthPrincipalDisplayName,omitempty"`
	NoPermissionType         string `json:"NoPermissionType,omitempty"`         // ImplicitDeny or ExplicitDeny
	PolicyType               string `json:"PolicyType,omitempty"`               // the kind of policy that decided
	EncodedDiagnosticMessage string `json:"EncodedDiagnosticMessage,omitempty"` // for RAM's DecodeDiagnosticMessage
}

// isObject reports whether the object form is filled.
func (d AccessDeniedDetail) isObject() bool {
	d.Text = ""
	return d != AccessDeniedDetail{}
}

// UnmarshalJSON takes a string, an object or null, and keeps anything else as Text.
func (d *AccessDeniedDetail) UnmarshalJSON(data []byte) error {
	*d = AccessDeniedDetail{}
	switch string(data) {
	case "null":
		return nil
	case `"None"`: // what each success says, so it is spared a decoder of its own
		d.Text = "None"
		return nil
	}
	if bytes.HasPrefix(data, []byte(`"`)) {
		return json.Unmarshal(data, &d.Text)
	}
	type object AccessDeniedDetail // without this method
	if err := wire.Unmarshal(data, (*object)(d)); err != nil {
		*d = AccessDeniedDetail{Text: string(data)}
	}
	return nil
}

// MarshalJSON writes the form that is filled.
func (d AccessDeniedDetail) MarshalJSON() ([]byte, error) {
	if !d.isObject() {
		return json.Marshal(d.Text)
	}
	type object AccessDeniedDetail
	return json.Marshal(object(d))
}

// masked is the detail without what m knows to be secret. The account's ID and
// the encoded message are not phone numbers, however many digits they have.
func (d AccessDeniedDetail) masked(m mask) AccessDeniedDetail {
	for _, text := range []*string{
		&d.Text, &d.AuthAction, &d.AuthPrincipalType, &d.AuthPrincipalDisplayName, &d.NoPermissionType, &d.PolicyType,
	} {
		*text = redact.Clip(m.text(*text), maxMessage)
	}
	d.AuthPrincipalOwnerID = redact.Clip(m.values(d.AuthPrincipalOwnerID), maxField)
	d.EncodedDiagnosticMessage = m.values(d.EncodedDiagnosticMessage)
	return d
}

// whole is a number or an ID that tells one item from another: none that is
// masked, as in published samples.
func whole(id string) string {
	if strings.Contains(id, "*") {
		return ""
	}
	return id
}
