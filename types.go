package cams

import (
	"cmp"
	"log/slog"
	"math"
	"strconv"

	"github.com/cams-go/cams/internal/redact"
	"github.com/cams-go/cams/internal/refusal"
)

// ChannelType is the channel of a group (API field ChannelType).
type ChannelType string

// ChannelTypeWhatsApp is the only channel that the API supports.
const ChannelTypeWhatsApp ChannelType = "WHATSAPP"

// GroupStatus is the state of a group (API field GroupStatus).
type GroupStatus string

// The states of a group. The service may add others.
const (
	GroupStatusActive    GroupStatus = "ACTIVE"    // in use
	GroupStatusInactive  GroupStatus = "INACTIVE"  // not activated
	GroupStatusSuspended GroupStatus = "SUSPENDED" // suspended
	GroupStatusCreating  GroupStatus = "CREATING"  // being created
	GroupStatusDeleting  GroupStatus = "DELETING"  // being deleted
	GroupStatusUpdating  GroupStatus = "UPDATING"  // being updated
)

// Page chooses a page (API field Page). A single call needs both numbers. A pager
// replaces a 0 by its default.
type Page struct {
	Size  int `json:"Size"`  // items per page, 1 or more; the service may return fewer, and publishes no maximum
	Index int `json:"Index"` // number of the page, counted from 1
}

// validate returns an error for a number below 1. A nil page is valid.
func (p *Page) validate() error {
	switch {
	case p == nil:
		return nil
	case p.Index > math.MaxInt32: // a pager counts on from there
		return &ValidationError{Field: "Page.Index", Reason: "is above 2147483647"}
	}
	return cmp.Or(positive("Page.Size", p.Size), positive("Page.Index", p.Index))
}

// parameter returns the page in the same JSON that the official client sends, Index
// first.
func (p *Page) parameter() string {
	if p == nil {
		return ""
	}
	return `{"Index":` + strconv.Itoa(p.Index) + `,"Size":` + strconv.Itoa(p.Size) + `}`
}

// ResponseMetadata has the fields that all responses share.
type ResponseMetadata struct {
	RequestID string `json:"RequestId"` // API field RequestId; quote it to Alibaba Cloud's support
	Code      string `json:"Code"`      // "OK"
	Message   string `json:"Message"`
	Success   bool   `json:"Success"`
	// AccessDeniedDetail has no information in a success: an answer that denies access
	// becomes an [*APIError], which has this field too.
	AccessDeniedDetail AccessDeniedDetail `json:"AccessDeniedDetail"`
}

func (m *ResponseMetadata) metadata() *ResponseMetadata { return m }

// LogValue implements [slog.LogValuer] for all responses: a log shows the request ID and
// the code, and no phone number.
func (m ResponseMetadata) LogValue() slog.Value {
	return slog.GroupValue(slog.String("RequestId", redact.ID(m.RequestID)), slog.String("Code", redact.Phones(m.Code)))
}

// AccessDeniedDetail says why access was denied. In this API's schema it is a string, but
// Alibaba Cloud's gateway sends an object. Both forms are kept, and marshalled as they
// arrived.
type AccessDeniedDetail struct {
	// Text is the string form: "None" if nothing was denied.
	Text string `json:"-"`

	// The object form.
	AuthAction               string `json:"AuthAction,omitempty"`           // the missing RAM action
	AuthPrincipalType        string `json:"AuthPrincipalType,omitempty"`    // SubUser, AssumedRoleUser, ...
	AuthPrincipalOwnerID     string `json:"AuthPrincipalOwnerId,omitempty"` // the account
	AuthPrincipalDisplayName string `json:"AuthPrincipalDisplayName,omitempty"`
	NoPermissionType         string `json:"NoPermissionType,omitempty"`         // ImplicitDeny or ExplicitDeny
	PolicyType               string `json:"PolicyType,omitempty"`               // the kind of policy that decided
	EncodedDiagnosticMessage string `json:"EncodedDiagnosticMessage,omitempty"` // for RAM's DecodeDiagnosticMessage
}

// UnmarshalJSON accepts a string, an object or null. It keeps anything else as Text.
func (d *AccessDeniedDetail) UnmarshalJSON(data []byte) error {
	return (*refusal.Detail)(d).UnmarshalJSON(data)
}

// MarshalJSON returns the form that is set.
func (d AccessDeniedDetail) MarshalJSON() ([]byte, error) { return refusal.Detail(d).MarshalJSON() }
