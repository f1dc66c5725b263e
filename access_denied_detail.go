package cams

import (
	"bytes"
	"encoding/json"

	"github.com/cams-go/cams/internal/redact"
	"github.com/cams-go/cams/internal/wire"
)

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
