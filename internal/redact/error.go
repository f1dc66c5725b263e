package redact

import (
	"errors"
	"net/url"
	"strings"
	"unicode"
)

// maxError is the largest size of an error text in bytes. net/http quotes in full what it
// cannot parse, for instance a header of 64 KiB.
const maxError = 1 << 10

// Error is an error with a masked text. errors.Is and errors.As still reach the original
// error. errors.Unwrap does not, so that printing the error chain shows only the masked
// text.
type Error struct {
	text     string
	original *error // behind a pointer, so that %#v of a wrapper prints an address
}

// NewError returns an error with this text that matches what err matches.
func NewError(text string, err error) *Error { return &Error{text, &err} }

// Masked returns err with its text masked and clipped to 1 KiB. It returns err itself if
// that changes nothing. The result of a *url.Error is a *url.Error without the query.
func Masked(err error, mask func(string) string) error {
	if err == nil {
		return nil
	}
	if wrapper := new(url.Error); errors.As(err, &wrapper) {
		return urlError(wrapper, mask)
	}
	text := Clip(mask(err.Error()), maxError)
	if text == err.Error() {
		return err
	}
	return NewError(text, err)
}

// urlError returns a masked copy of err without the query of its URL.
func urlError(err *url.Error, mask func(string) string) *url.Error {
	address, _, _ := strings.Cut(err.URL, "?")
	return &url.Error{Op: err.Op, URL: mask(address), Err: Masked(err.Err, mask)}
}

func (e *Error) Error() string { return e.text }

// Is makes errors.Is match what the original matches.
func (e *Error) Is(target error) bool { return errors.Is(*e.original, target) }

// As makes errors.As match what the original matches. A *url.Error has no query and no
// password.
func (e *Error) As(target any) bool {
	if wrapper := new(url.Error); errors.As(*e.original, &wrapper) && errors.As(urlError(wrapper, Unknown), target) {
		return true
	}
	return errors.As(*e.original, target)
}

// OneLine replaces by a space each character that breaks a line, controls a terminal or
// changes the text direction, because the text may come from a server.
func OneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			return ' '
		}
		return r
	}, s)
}
