// Package answer decides whether an answer is a success, a refusal or neither.
package answer

import (
	"bytes"
	"cmp"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/cams-go/cams/internal/refusal"
	"github.com/cams-go/cams/internal/transport"
	"github.com/cams-go/cams/internal/wire"
)

// Limits in bytes of what is read, after decompression.
const (
	maxSuccess = 10 << 20
	maxError   = 64 << 10
)

const byteOrderMark = "\uFEFF" // at the start of the JSON of some servers

// HeaderRequestID is the header with the request ID.
const HeaderRequestID = "X-Acs-Request-Id"

// Answer is what a server answered.
type Answer struct {
	Status int
	Header http.Header
	Raw    []byte // the decompressed body, as it arrived
	Body   []byte // Raw without a byte order mark
	Err    error  // why the body is incomplete, or nil

	text string // of Head

	longURL string // a hint that the request's URL may be too long, or ""
}

// Read reads the body of an answer. It decompresses gzip if the transport has not.
func Read(res *http.Response) *Answer {
	a := &Answer{Status: res.StatusCode, Header: res.Header}
	if res.Request != nil {
		a.longURL = transport.LongHint(res.Request)
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		return a // the body is the raw connection, and no context ends a read from it
	}
	max := maxError
	if a.HasGoodStatus() {
		max = maxSuccess
	}
	if !res.Uncompressed && slices.Contains([]string{"gzip", "x-gzip"}, strings.ToLower(res.Header.Get("Content-Encoding"))) {
		a.Raw, a.Err = wire.ReadAll(wire.Unzip(res.Body), max, -1)
	} else {
		a.Raw, a.Err = wire.ReadAll(res.Body, max, res.ContentLength)
	}
	a.Body = bytes.TrimPrefix(a.Raw, []byte(byteOrderMark))
	return a
}

// HasGoodStatus reports whether the HTTP status is 2xx.
func (a *Answer) HasGoodStatus() bool { return a.Status >= 200 && a.Status <= 299 }

// metadata are the members that all answers have, in lower case.
var metadata = []string{"requestid", "code", "message", "success", "accessdenieddetail"}

// IsSuccess reports whether an answer with this Code and Success is a success. Code
// decides if there is one, else Success. An answer with Code OK and Success false is a
// success if it has its result, the member with this name ("" means any): the published
// samples of four operations are like that.
func (a *Answer) IsSuccess(code string, success bool, result string) bool {
	switch {
	case code == "" || !refusal.IsOK(code):
		return code == "" && success
	case success:
		return true
	}
	var r Refusal
	return wire.Unmarshal(a.Body, &r) == nil && (!r.isRefusal() || wire.HasMember(a.Body, result, metadata...))
}

// IsDone reports whether the answer says that the operation was carried out, whatever the
// type of its result.
func (a *Answer) IsDone() bool {
	var r Refusal
	return a.HasGoodStatus() && wire.Unmarshal(a.Body, &r) == nil && refusal.IsOK(r.Code) && r.Success != nil && *r.Success
}

// Refusal is the body of a refusal by the service or a gateway. Keys match in any case,
// because some gateways write them in lower camel case.
type Refusal struct {
	RequestID          string         `json:"RequestId"`
	HostID             string         `json:"HostId"`
	Code               string         `json:"Code"`
	Message            string         `json:"Message"`
	Recommend          string         `json:"Recommend"`
	Success            *bool          `json:"Success"`
	AccessDeniedDetail refusal.Detail `json:"AccessDeniedDetail"`
}

// isRefusal reports whether the body is a refusal: it has an error code, Success is
// false, or it has an AccessDeniedDetail object.
func (r *Refusal) isRefusal() bool {
	return r.hasCode() || r.Success != nil && !*r.Success || r.AccessDeniedDetail.IsObject()
}

func (r *Refusal) hasCode() bool { return r.Code != "" && !refusal.IsOK(r.Code) }

// Refusal reads a refusal in JSON, or in XML, which some gateways send.
func (a *Answer) Refusal() (r Refusal, ok bool) {
	if wire.Unmarshal(a.Body, &r) == nil || r.hasCode() { // a member of another type does not matter if there is a code
		return r, r.isRefusal()
	}
	if errors.Is(a.Err, wire.ErrTooLarge) { // JSON without its end
		r.Code, r.Message, r.RequestID = wire.FindString(a.head(), "Code"), wire.FindString(a.head(), "Message"), a.FindRequestID()
		return r, r.isRefusal()
	}
	text := a.Head()
	r = Refusal{
		RequestID: wire.FindElement(text, "RequestId"), HostID: wire.FindElement(text, "HostId"),
		Code: wire.FindElement(text, "Code"), Message: wire.FindElement(text, "Message"), Recommend: wire.FindElement(text, "Recommend"),
	}
	return r, r.isRefusal()
}

// Head returns the part of the body that is searched if it is not JSON. Real errors are
// shorter, and searching ten megabytes is slow.
func (a *Answer) Head() string {
	if a.text == "" {
		a.text = string(a.head())
	}
	return a.text
}

func (a *Answer) head() []byte { return a.Body[:min(len(a.Body), maxError)] }

// FindRequestID returns the request ID of an answer that is not the service's JSON.
func (a *Answer) FindRequestID() string {
	return cmp.Or(wire.FindString(a.head(), "RequestId"), wire.FindString(a.head(), "requestId"),
		wire.FindElement(a.Head(), "RequestId"), a.Header.Get(HeaderRequestID))
}

// Problem says what is wrong with an answer that is neither a success nor a refusal.
// decodeErr is why its body could not be decoded, redirect where a redirect leads to. done
// means that the operation was carried out.
func (a *Answer) Problem(decodeErr error, redirect string, done bool) string {
	switch {
	case 300 <= a.Status && a.Status <= 399:
		return "the answer is a redirect" + redirect + ", not an answer of the service"
	case errors.Is(a.Err, wire.ErrTooLarge):
		return "the answer is too large"
	case a.WasCut():
		return "the answer was cut off"
	case a.unreadable() != "":
		return "the answer has the Content-Encoding " + a.unreadable() + ", which this client does not accept"
	case !a.HasGoodStatus():
		problem := fmt.Sprintf("HTTP status %d without the service's error", a.Status)
		if a.longURL != "" && slices.Contains(tooLong, a.Status) {
			problem += ": " + a.longURL
		}
		return problem
	case a.Err == nil && len(a.Body) == 0:
		return "the answer is empty"
	case done:
		return "carried out, but the result cannot be read"
	case a.Err != nil || decodeErr != nil:
		return "the answer is not the service's JSON"
	}
	return "the answer says neither success nor error"
}

// tooLong are the statuses with which gateways refuse a URL that is too long.
var tooLong = []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge}

// WasCut reports whether the body is truncated because of the connection, so that a retry
// may help. net/http does not export most errors of that kind (an HTTP/2 stream reset, a
// truncated chunk). So WasCut excludes the other errors: too large, or invalid gzip.
func (a *Answer) WasCut() bool {
	return a.Err != nil && !errors.Is(a.Err, wire.ErrTooLarge) &&
		!errors.Is(a.Err, gzip.ErrHeader) && !errors.Is(a.Err, gzip.ErrChecksum) &&
		!errors.As(a.Err, new(flate.CorruptInputError))
}
