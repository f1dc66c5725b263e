package redact

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// Sizes in bytes.
const (
	MaxText  = 64 << 10 // of a text that is searched for known values
	MaxField = 256      // of codes and IDs
)

// Attempt masks the secrets of one attempt in texts. It is not safe for concurrent use.
type Attempt struct {
	Request *http.Request   // the signed request: no text may show its query and its signature
	Query   string          // its query, if a signer has removed the URL
	Secrets [4]string       // what else no text may show, whatever it looks like
	Private func() []string // the values of parameters that no text may show

	known *Known // made at the first use: most attempts have nothing to mask
}

// Values masks all known secrets in s. It clips s, because a refusal with HTTP status 200
// can have ten megabytes.
func (a *Attempt) Values(s string) string {
	if a.known == nil { // once an attempt: there may be thousands of values
		a.known = NewKnown(append(a.secrets(), a.Private()...)...)
	}
	return a.known.Mask(Clip(s, MaxText))
}

// Text masks all known secrets, and everything that looks like a phone number.
func (a *Attempt) Text(s string) string { return Phones(a.Values(s)) }

// Field masks a short text, such as the name of a host.
func (a *Attempt) Field(s string, max int) string { return a.short(s, max, Phones) }

// ID masks a request ID. A real one stays, although it may have many digits.
func (a *Attempt) ID(s string) string { return a.short(s, MaxField, ID) }

// short masks all known secrets in a short text, and then what others finds. It masks an
// absurdly long text as a whole, which is cheaper.
func (a *Attempt) short(s string, max int, others func(string) string) string {
	if len(s) > 16*max {
		return Mask
	}
	return Clip(others(a.Values(s)), max)
}

// Code masks an error code. A real one stays, even if a word of it is also the value of
// a parameter: retries depend on the code.
func (a *Attempt) Code(s string) string {
	masked := a.Field(s, MaxField)
	if masked == s || masked == Mask || !isCode(s) {
		return masked
	}
	return Values(s, a.secrets()...)
}

// Failure masks a transport's error. It may also contain the password of a proxy.
func (a *Attempt) Failure(err error) error {
	masked := Masked(err, func(s string) string { return Passwords(a.Text(s)) })
	inner := errors.Unwrap(err) // http.Client wraps it in a *url.Error
	if failed, ok := masked.(*url.Error); ok && isUnparsed(inner) {
		failed.Err = NewError(Unknown(a.Values(inner.Error())), inner)
	}
	return masked
}

// isUnparsed reports whether err is about a text that is not a valid URL. Such an error
// quotes the text or parts of it.
func isUnparsed(err error) bool {
	var unparsed *url.Error
	return errors.As(err, &unparsed) && unparsed.Op == "parse" ||
		err != nil && strings.Contains(err.Error(), "invalid proxy address")
}

// isCode reports whether s has the form of an error code of the service: words and short
// numbers, such as InvalidTimeStamp.Expired and ERR-OPERATION-MAAP-0060, but not 131204,
// which may be anything.
func isCode(s string) bool { return len(s) <= 128 && codeForm().MatchString(s) }

var codeForm = lazy(`^[A-Za-z]+(?:[._-]?[A-Za-z]+)*(?:[._-]?\d{1,4})?$`)

// secrets returns what no text may show, but for the values of parameters.
func (a *Attempt) secrets() []string {
	query := a.Query
	if a.Request.URL != nil {
		query = a.Request.URL.RawQuery
	}
	authorization := a.Request.Header.Get("Authorization")
	_, signature, _ := strings.Cut(authorization, "Signature=")
	values, _ := url.ParseQuery(query)
	return append(a.Secrets[:], query, authorization, signature, values.Get("Signature"))
}
