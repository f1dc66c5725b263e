package redact

import (
	"errors"
	"net/url"
	"strings"
	"unicode"
)

// maxError is the longest text of an error: what net/http cannot parse it quotes
// in full, which may be a header of 64 KiB.
const maxError = 1 << 10

// Error is an error whose text shows nothing that must not be seen. The original
// stays reachable for errors.Is and errors.As, but not for Unwrap: who walks the
// chain to print it sees this text only.
type Error struct {
	text     string
	original *error // behind a pointer, so that %#v of a wrapper prints an address
}

// NewError is err with a text of yours.
func NewError(text string, err error) *Error { return &Error{text, &err} }

// Masked is err as it is if mask changes nothing in its text. It clips the text too.
// The query of a URL in it goes in any case.
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

// urlError is an error of net/http without the query of its URL.
func urlError(err *url.Error, mask func(string) string) *url.Error {
	address, _, _ := strings.Cut(err.URL, "?")
	return &url.Error{Op: err.Op, URL: mask(address), Err: Masked(err.Err, mask)}
}

func (e *Error) Error() string { return e.text }

// Is implements errors.Is.
func (e *Error) Is(target error) bool { return errors.Is(*e.original, target) }

// As implements errors.As. A *url.Error comes without its query and password.
func (e *Error) As(target any) bool {
	if wrapper := new(url.Error); errors.As(*e.original, &wrapper) && errors.As(urlError(wrapper, Unknown), target) {
		return true
	}
	return errors.As(*e.original, target)
}

// OneLine replaces what breaks a line, drives a terminal or turns the direction
// of what follows it: a server may have written the text.
func OneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			return ' '
		}
		return r
	}, s)
}
