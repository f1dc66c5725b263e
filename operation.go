package cams

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"

	"github.com/cams-go/cams/internal/redact"
	"github.com/cams-go/cams/internal/sign"
)

// operation is what an operation tells the client: data, no code. invoke does
// the rest.
type operation struct {
	name       string
	repeatable bool   // it may be sent again after an unclear outcome
	result     string // the member of its answer that holds its result; "" stands for any
	tells      string // the operation that tells whether this one was carried out, if it may not be repeated
}

// unknownOutcome is the reason of a call whose outcome nobody knows.
func (o *operation) unknownOutcome() string {
	look := "look"
	if o.tells != "" {
		look += " with " + o.tells
	}
	return "outcome unknown, " + look + " before you repeat it"
}

// parameters are a request as it is sent.
type parameters []parameter

// parameter is one field of a request. An empty value is not sent, nor is one
// without a name: it is a part of another one, to be masked alone too.
type parameter struct {
	name, value string
	private     bool // no error and no log shows the value
}

const shown, private = false, true

// query is the parameters as they are sent, without what a signer adds.
func (p parameters) query() string {
	query := make(sign.Query, 0, 16) // of a constant size, so that it needs no heap
	for _, parameter := range p {
		if parameter.name != "" && parameter.value != "" {
			query = append(query, sign.Param{Name: parameter.name, Value: parameter.value})
		}
	}
	return query.Canonical()
}

// private is the values that nobody may see.
func (p parameters) private() []string {
	var values []string
	for _, parameter := range p {
		if parameter.private && parameter.value != "" {
			values = append(values, parameter.value)
		}
	}
	return values
}

// logValue is a request in a log: without its private values, and without
// phone numbers in the others.
func (p parameters) logValue() slog.Value {
	var attrs []slog.Attr
	for _, parameter := range p {
		if !parameter.private && parameter.value != "" {
			attrs = append(attrs, slog.String(parameter.name, redact.Phones(parameter.value)))
		}
	}
	return slog.GroupValue(attrs...)
}

// required returns an error for a required field that is empty.
func required(field, value string) error {
	if value == "" {
		return &ValidationError{Field: field, Reason: "is empty"}
	}
	return nil
}

// missing is the error of a request that is nil.
func missing(request string) error { return &ValidationError{Field: request, Reason: "is nil"} }

// compactJSON is an object or a list as it travels in one parameter. What encoding/json
// cannot write is for the caller to refuse before.
func compactJSON(v any) string {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false) // the signature covers <>& as they are
	if encoder.Encode(v) != nil {
		return ""
	}
	return strings.TrimSuffix(buffer.String(), "\n")
}
