package cams

import (
	"bytes"
	"cmp"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/cams-go/cams/internal/redact"
	"github.com/cams-go/cams/internal/refusal"
	"github.com/cams-go/cams/internal/retry"
	"github.com/cams-go/cams/internal/wire"
)

// Limits in bytes of what is read, after decompression, and of what errors keep.
const (
	maxSuccessBody = 10 << 20
	maxErrorBody   = 64 << 10
	maxSnippet     = 512
	maxMessage     = 1 << 10
	maxField       = 256 // of codes and IDs
)

const headerRequestID = "X-Acs-Request-Id"

// refused is the body of a refusal by the service or a gateway. Keys match in any case,
// because some gateways write them in lower camel case.
type refused struct {
	RequestID          string             `json:"RequestId"`
	HostID             string             `json:"HostId"`
	Code               string             `json:"Code"`
	Message            string             `json:"Message"`
	Recommend          string             `json:"Recommend"`
	Success            *bool              `json:"Success"`
	AccessDeniedDetail AccessDeniedDetail `json:"AccessDeniedDetail"`
}

// says reports whether the body is a refusal: it has an error code, Success is false, or
// it has an AccessDeniedDetail object.
func (r *refused) says() bool {
	return r.hasCode() || r.Success != nil && !*r.Success || refusal.Detail(r.AccessDeniedDetail).IsObject()
}

func (r *refused) hasCode() bool { return r.Code != "" && !refusal.IsOK(r.Code) }

// read reads and decodes an answer. If it is not a success, the error is an *APIError, a
// *ResponseError or a *CallError. It returns the request ID in either case.
func (c *call) read(ctx context.Context, res *http.Response, mask *redact.Attempt) (requestID string, err error) {
	c.info.StatusCode, c.info.Header = res.StatusCode, res.Header
	if res.StatusCode == http.StatusSwitchingProtocols {
		// The body is the raw connection; the context does not end a read from it.
		return c.failed(res, nil, nil, nil, mask)
	}
	isSuccess := res.StatusCode >= 200 && res.StatusCode <= 299
	maxBody := maxErrorBody
	if isSuccess {
		maxBody = maxSuccessBody
	}
	body, readErr := readBody(res, maxBody)
	c.info.Body = body
	body = bytes.TrimPrefix(body, []byte(byteOrderMark))
	var decodeErr error
	if isSuccess && readErr == nil && len(body) > 0 {
		var answer *ResponseMetadata
		if answer, decodeErr = c.decode(body); decodeErr == nil && c.isSuccess(answer, body) {
			answer.RequestID = strings.TrimSpace(answer.RequestID)
			return cmp.Or(answer.RequestID, res.Header.Get(headerRequestID)), nil
		}
	}
	if ctx.Err() != nil && (readErr != nil || decodeErr != nil) {
		failed := newCallError(ctx, c, noAnswer, ctx.Err())
		failed.StatusCode, failed.RequestID = res.StatusCode, mask.ID(res.Header.Get(headerRequestID))
		return failed.RequestID, failed
	}
	return c.failed(res, body, readErr, decodeErr, mask)
}

// byteOrderMark is at the start of the JSON of some servers.
const byteOrderMark = "\uFEFF"

// readBody reads at most max bytes of an answer's body. It decompresses gzip if the
// transport has not.
func readBody(res *http.Response, max int) ([]byte, error) {
	if !res.Uncompressed && slices.Contains([]string{"gzip", "x-gzip"}, strings.ToLower(res.Header.Get("Content-Encoding"))) {
		return wire.ReadAll(wire.Unzip(res.Body), max, -1)
	}
	return wire.ReadAll(res.Body, max, res.ContentLength)
}

// metadataMembers are the members of [ResponseMetadata], in lower case.
var metadataMembers = []string{"requestid", "code", "message", "success", "accessdenieddetail"}

// isSuccess reports whether an answer is a success. Code decides if there is one, else
// Success. An answer with Code OK and Success false is a success if it has a result:
// the published samples of four operations are like that.
func (c *call) isSuccess(answer *ResponseMetadata, body []byte) bool {
	switch {
	case answer.Code == "" || !refusal.IsOK(answer.Code):
		return answer.Code == "" && answer.Success
	case answer.Success:
		return true
	}
	var r refused
	return wire.Unmarshal(body, &r) == nil && (!r.says() || wire.HasMember(body, c.result, metadataMembers...))
}

// failed returns the error of an answer that is not a success, and its request ID. At
// most one of readErr and decodeErr is not nil.
func (c *call) failed(res *http.Response, body []byte, readErr, decodeErr error, mask *redact.Attempt) (requestID string, err error) {
	r, ok := parseRefusal(body)
	headerID := res.Header.Get(headerRequestID)
	if ok {
		api := c.newAPIError(res, r, headerID, mask)
		return api.RequestID, api
	}
	head := start(body)
	text := string(head)
	id := cmp.Or(r.RequestID, wire.FindString(head, "RequestId"), wire.FindString(head, "requestId"),
		wire.FindElement(text, "RequestId"), headerID)
	cause := cmp.Or(readErr, decodeErr)
	protocol := &ResponseError{
		Operation:      c.name,
		Attempts:       c.info.Attempts,
		Reason:         whatIsWrong(res, body, readErr, decodeErr, mask),
		StatusCode:     res.StatusCode,
		RequestID:      mask.ID(id),
		Snippet:        snippet(text, mask),
		throttleHeader: retry.AcsRetryAfter(res.Header) > 0,
		cut:            wasCut(readErr),
	}
	protocol.RetryAfter = retry.Asked(res.Header, errors.Is(protocol, ErrThrottled))
	if cause != nil {
		protocol.Err = redact.Masked(cause, mask.Text)
	}
	return protocol.RequestID, protocol
}

// start returns the part of a body that is searched if it is not JSON. Real errors are
// shorter, and searching ten megabytes is slow.
func start(body []byte) []byte { return body[:min(len(body), maxErrorBody)] }

// parseRefusal reads a refusal in JSON, or in XML, which some gateways send.
func parseRefusal(body []byte) (r refused, ok bool) {
	if wire.Unmarshal(body, &r) == nil || r.hasCode() { // a member of another type does not matter if there is a code
		return r, r.says()
	}
	text := string(start(body))
	r = refused{
		RequestID: wire.FindElement(text, "RequestId"), HostID: wire.FindElement(text, "HostId"),
		Code: wire.FindElement(text, "Code"), Message: wire.FindElement(text, "Message"), Recommend: wire.FindElement(text, "Recommend"),
	}
	return r, r.says()
}

func (c *call) newAPIError(res *http.Response, r refused, headerID string, mask *redact.Attempt) *APIError {
	api := &APIError{
		Operation:          c.name,
		Attempts:           c.info.Attempts,
		Code:               mask.Code(r.Code),
		Message:            redact.Clip(mask.Text(r.Message), maxMessage),
		RequestID:          mask.ID(cmp.Or(strings.TrimSpace(r.RequestID), headerID)),
		HostID:             mask.Field(r.HostID, maxField),
		Recommend:          mask.Field(r.Recommend, maxMessage),
		StatusCode:         res.StatusCode,
		AccessDeniedDetail: r.AccessDeniedDetail.masked(mask),
		throttleHeader:     retry.AcsRetryAfter(res.Header) > 0,
	}
	api.RetryAfter = retry.Asked(res.Header, errors.Is(api, ErrThrottled))
	return api
}

// masked returns the detail with secrets and phone numbers masked. The account ID and the
// encoded message are never phone numbers, so there only secrets are masked.
func (d AccessDeniedDetail) masked(m *redact.Attempt) AccessDeniedDetail {
	for _, text := range []*string{
		&d.Text, &d.AuthAction, &d.AuthPrincipalType, &d.AuthPrincipalDisplayName, &d.NoPermissionType, &d.PolicyType,
	} {
		*text = m.Field(*text, maxMessage)
	}
	d.AuthPrincipalOwnerID = redact.Clip(m.Values(redact.Clip(d.AuthPrincipalOwnerID, 16*maxField)), maxField)
	d.EncodedDiagnosticMessage = m.Values(d.EncodedDiagnosticMessage)
	return d
}

// whatIsWrong returns the Reason of a [ResponseError].
func whatIsWrong(res *http.Response, body []byte, readErr, decodeErr error, mask *redact.Attempt) string {
	switch {
	case 300 <= res.StatusCode && res.StatusCode <= 399:
		return "the answer is a redirect" + redirectTarget(res, mask) + ", not an answer of the service"
	case errors.Is(readErr, wire.ErrTooLarge):
		return "the answer is too large"
	case wasCut(readErr):
		return "the answer was cut off"
	case res.StatusCode < 200 || res.StatusCode > 299:
		return fmt.Sprintf("HTTP status %d without the service's error", res.StatusCode)
	case readErr == nil && len(body) == 0:
		return "the answer is empty"
	case readErr != nil || decodeErr != nil:
		return "the answer is not the service's JSON"
	}
	return "the answer says neither success nor error"
}

// redirectTarget returns " to " and the scheme and host that a redirect leads to, or "".
// The rest of the URL may contain secrets.
func redirectTarget(res *http.Response, mask *redact.Attempt) string {
	target, err := url.Parse(res.Header.Get("Location"))
	if err != nil || target.Host == "" {
		return ""
	}
	return " to " + redact.Clip(mask.Text(cmp.Or(target.Scheme, "https")+"://"+target.Host), maxField)
}

// wasCut reports whether a body is truncated because of the connection, so that a retry
// may help. net/http does not export most errors of that kind (an HTTP/2 stream reset, a
// truncated chunk). So wasCut excludes the other errors: too large, or invalid gzip.
func wasCut(readErr error) bool {
	return readErr != nil && !errors.Is(readErr, wire.ErrTooLarge) &&
		!errors.Is(readErr, gzip.ErrHeader) && !errors.Is(readErr, gzip.ErrChecksum) &&
		!errors.As(readErr, new(flate.CorruptInputError))
}

// snippet returns the start of a body's text for an error. It masks before it clips,
// because half a secret would not be recognized.
func snippet(text string, mask *redact.Attempt) string {
	return redact.Clip(redact.OneLine(mask.Text(text)), maxSnippet)
}
