package refusal

import (
	"bytes"
	"encoding/json"

	"github.com/cams-go/cams/internal/wire"
)

// Detail says why access was denied: AccessDeniedDetail of package cams, which has the
// docs of its fields.
type Detail struct {
	Text                     string `json:"-"`
	AuthAction               string `json:"AuthAction,omitempty"`
	AuthPrincipalType        string `json:"AuthPrincipalType,omitempty"`
	AuthPrincipalOwnerID     string `json:"AuthPrincipalOwnerId,omitempty"`
	AuthPrincipalDisplayName string `json:"AuthPrincipalDisplayName,omitempty"`
	NoPermissionType         string `json:"NoPermissionType,omitempty"`
	PolicyType               string `json:"PolicyType,omitempty"`
	EncodedDiagnosticMessage string `json:"EncodedDiagnosticMessage,omitempty"`
}

// IsObject reports whether d has the object form.
func (d Detail) IsObject() bool {
	d.Text = ""
	return d != Detail{}
}

// UnmarshalJSON accepts a string, an object or null. It keeps anything else as Text.
func (d *Detail) UnmarshalJSON(data []byte) error {
	*d = Detail{}
	switch string(data) {
	case "null":
		return nil
	case `"None"`: // in every success, so decoding it is made cheap
		d.Text = "None"
		return nil
	}
	if bytes.HasPrefix(data, []byte(`"`)) {
		return json.Unmarshal(data, &d.Text)
	}
	type object Detail // without the method UnmarshalJSON
	if err := wire.Unmarshal(data, (*object)(d)); err != nil {
		*d = Detail{Text: string(data)}
	}
	return nil
}

// MarshalJSON returns the form that is set.
func (d Detail) MarshalJSON() ([]byte, error) {
	if !d.IsObject() {
		return json.Marshal(d.Text)
	}
	type object Detail
	return json.Marshal(object(d))
}
