package provider

import (
	"errors"
	"net"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/cams-go/cams/internal/refusal"
	"github.com/cams-go/cams/internal/transport"
)

// Passing marks a provider's failure as temporary, so that the attempt is retried.
type Passing struct{ error }

func (e Passing) Unwrap() error { return e.error }

// MayPass reports whether a provider's failure may be temporary: no connection, no answer
// to an HTTP request, or an error that says so itself. err must be unmasked, because
// masking hides methods.
func MayPass(err error) bool {
	var timeout interface{ Timeout() bool }
	var temporary interface{ Temporary() bool }
	var request *url.Error
	switch {
	case transport.Hint(err) != "", strings.Contains(err.Error(), "unsupported protocol scheme"):
		return false
	case errors.As(err, new(Passing)), errors.As(err, new(*net.OpError)),
		errors.As(err, &timeout) && timeout.Timeout(), errors.As(err, &temporary) && temporary.Temporary():
		return true
	}
	return errors.As(err, &request) && request.Op != "parse"
}

// OfLibrary marks an error of credentials-go as temporary if its text says so. Most
// errors of that library have nothing but a text.
func OfLibrary(err error) error {
	if err != nil && libraryTexts().mayPass(err.Error()) {
		return Passing{err}
	}
	return err
}

// libraryErrors are patterns for the texts of credentials-go's temporary errors.
type libraryErrors struct{ unreachable, answer, code, gateway *regexp.Regexp }

// libraryTexts is compiled at its first use, so that programs start fast.
var libraryTexts = sync.OnceValue(func() libraryErrors {
	const passingStatus = `(?:429|5\d\d)\b`
	return libraryErrors{
		unreachable: regexp.MustCompile(`^(?:` +
			`(?:refresh Ecs sts token err|get role name failed|get metadata token failed): (?:Get|Put) "` + // of net/http
			`|refresh Ecs sts token err, httpStatus: ` + passingStatus +
			`|get role name failed: GET \S+ ` + passingStatus +
			`|failed to refresh token, status code: ` + passingStatus + `)`),
		// These texts go on with the body of an answer, but do not have its status.
		answer:  regexp.MustCompile(`^(?:refresh session token failed|get session token(?: from \w+)? failed|get credentials from GET \S+ failed): `),
		code:    regexp.MustCompile(`"(?:Error)?[Cc]ode"\s*:\s*"([\w.-]+)"`),
		gateway: regexp.MustCompile(`(?i)(?:service (?:temporarily )?unavailable|bad gateway|gateway time-?out|internal server error|too many requests)`),
	}
})

func (e libraryErrors) mayPass(text string) bool {
	if !e.answer.MatchString(text) {
		return e.unreachable.MatchString(text)
	}
	if code := e.code.FindStringSubmatch(text); code != nil {
		return refusal.IsThrottling(code[1]) || refusal.IsPassing(code[1])
	}
	return e.gateway.MatchString(text)
}
