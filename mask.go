package cams

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/cams-go/cams/internal/redact"
)

// mask takes out of a text what one attempt must not give away: its secrets
// and signature, its query and the phone numbers in it.
type mask struct {
	call  *call
	creds *Credentials
	req   *http.Request
}

// values masks all values that are known, in as much of s as an error's body may
// have: a refusal inside a 200 may bring ten megabytes.
func (m mask) values(s string) string {
	s = redact.Clip(s, maxErrorBody)
	authorization := m.req.Header.Get("Authorization")
	_, signature, _ := strings.Cut(authorization, "Signature=")
	raw := m.call.query
	if m.req.URL != nil { // a signer of the user's may do anything
		raw = m.req.URL.RawQuery
	}
	query, _ := url.ParseQuery(raw)
	return redact.Values(s,
		raw, authorization, signature, query.Get("Signature"),
		m.creds.AccessKeySecret, m.creds.SecurityToken, m.creds.BearerToken, m.call.private)
}

// text masks all values that are known, and everything like a phone number.
func (m mask) text(s string) string { return redact.Phones(m.values(s)) }

// id masks a request ID, which may be full of digits.
func (m mask) id(s string) string { return redact.Clip(redact.ID(m.values(s)), maxField) }

// maskedError shows an error's text without what must not be seen. The error
// itself stays reachable for errors.Is and errors.As, but not for Unwrap: who
// walks the chain to print it sees the masked text only.
type maskedError struct {
	text string
	err  *error // behind a pointer, so that %#v of a wrapper prints an address
}

// masked returns err as it is if masking changes nothing. It also clips: what
// net/http cannot parse it quotes in full, which may be a header of 64 KiB.
func masked(err error, mask func(string) string) error {
	text := redact.Clip(mask(err.Error()), maxMessage)
	if text == err.Error() {
		return err
	}
	return &maskedError{text, &err}
}

func (e *maskedError) Error() string { return e.text }

func (e *maskedError) Is(target error) bool { return errors.Is(*e.err, target) }

func (e *maskedError) As(target any) bool { return errors.As(*e.err, target) }
