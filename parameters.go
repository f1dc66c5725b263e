package cams

import (
	"log/slog"
	"strings"

	"github.com/cams-go/cams/internal/redact"
	"github.com/cams-go/cams/internal/sign"
)

// parameters are the parameters of a request.
type parameters []parameter

// parameter is one parameter of a request. It is not sent if its value is empty. It is
// not sent either if its name is empty: then it is part of another value, and must be
// masked where it appears alone.
type parameter struct {
	name, value string
	private     bool // errors and logs must not show the value
}

const shown, private = false, true

// query returns the canonical query, without what a signer adds.
func (p parameters) query() string {
	query := make(sign.Query, 0, 16) // a constant size keeps it on the stack
	for _, parameter := range p {
		if parameter.name != "" && parameter.value != "" {
			query = append(query, sign.Param{Name: parameter.name, Value: parameter.value})
		}
	}
	return query.Canonical()
}

// private returns the values that errors and logs must not show.
func (p parameters) private() []string {
	var values []string
	for _, parameter := range p {
		if parameter.private && parameter.value != "" {
			values = append(values, parameter.value)
		}
	}
	return values
}

// logValue returns a request for a log: without private values, and with phone numbers
// masked in the others.
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

// given returns an error for an argument that is nil.
func given(argument string, ok bool) error {
	if !ok {
		return missing(argument)
	}
	return nil
}

// positive returns an error for a number below 1.
func positive(field string, n int) error {
	if n < 1 {
		return &ValidationError{Field: field, Reason: "is below 1"}
	}
	return nil
}

// digits returns an error for a phone number that is empty or has anything but digits. The
// service finds nothing for a number in another form, and reports no error.
func digits(field, number string) error {
	if strings.Trim(number, "0123456789") != "" {
		return &ValidationError{Field: field, Reason: "must be digits only, with the country code"}
	}
	return required(field, number)
}

// missing returns the error for a nil argument.
func missing(request string) error { return &ValidationError{Field: request, Reason: "is nil"} }
