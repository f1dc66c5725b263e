package cams

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/cams-go/cams/internal/answer"
	"github.com/cams-go/cams/internal/redact"
	"github.com/cams-go/cams/internal/refusal"
	"github.com/cams-go/cams/internal/retry"
)

// Limits in bytes of what errors keep.
const (
	maxSnippet = 512
	maxMessage = 1 << 10
	maxField   = redact.MaxField
)

// read reads and decodes an answer. If it is not a success, the error is an *APIError, a
// *ResponseError or a *CallError. It returns the request ID in either case.
func (c *call) read(ctx context.Context, res *http.Response) (requestID string, err error) {
	mask := &c.mask
	a := answer.Read(res)
	c.info.StatusCode, c.info.Header, c.info.Body = a.Status, a.Header, a.Raw
	var decodeErr error
	if a.HasGoodStatus() && a.Err == nil && len(a.Body) > 0 {
		var decoded *ResponseMetadata
		if decoded, decodeErr = c.decode(a.Body); decodeErr == nil && a.IsSuccess(decoded.Code, decoded.Success, c.resultMember) {
			decoded.RequestID = strings.TrimSpace(decoded.RequestID)
			return cmp.Or(decoded.RequestID, a.Header.Get(answer.HeaderRequestID)), nil
		}
	}
	if ctx.Err() != nil && (a.Err != nil || decodeErr != nil) {
		failed := newCallError(ctx, c, ReasonNoAnswer, ctx.Err())
		failed.StatusCode, failed.RequestID = a.Status, mask.ID(a.Header.Get(answer.HeaderRequestID))
		return failed.RequestID, failed
	}
	if r, ok := a.Refusal(); ok {
		refused := c.newAPIError(a, &r, mask)
		return refused.RequestID, refused
	}
	failed := c.newResponseError(a, decodeErr, mask)
	return failed.RequestID, failed
}

// newAPIError returns the error of a refusal.
func (c *call) newAPIError(a *answer.Answer, r *answer.Refusal, mask *redact.Attempt) *APIError {
	api := &APIError{
		Operation:          c.name,
		Attempts:           c.info.Attempts,
		Code:               mask.Code(r.Code),
		Message:            redact.Clip(mask.Text(r.Message), maxMessage),
		RequestID:          mask.ID(cmp.Or(strings.TrimSpace(r.RequestID), a.Header.Get(answer.HeaderRequestID))),
		HostID:             mask.Field(r.HostID, maxField),
		Recommend:          mask.Field(r.Recommend, maxMessage),
		StatusCode:         a.Status,
		AccessDeniedDetail: maskedDetail(r.AccessDeniedDetail, mask),
		throttleHeader:     retry.AcsRetryAfter(a.Header) > 0,
	}
	api.RetryAfter = retry.Asked(a.Header, errors.Is(api, ErrThrottled))
	return api
}

// maskedDetail returns the detail with secrets and phone numbers masked. The account ID
// and the encoded message are never phone numbers, so there only secrets are masked.
func maskedDetail(d refusal.Detail, mask *redact.Attempt) AccessDeniedDetail {
	for _, text := range []*string{
		&d.Text, &d.AuthAction, &d.AuthPrincipalType, &d.AuthPrincipalDisplayName, &d.NoPermissionType, &d.PolicyType,
	} {
		*text = mask.Field(*text, maxMessage)
	}
	d.AuthPrincipalOwnerID = redact.Clip(mask.Values(redact.Clip(d.AuthPrincipalOwnerID, 16*maxField)), maxField)
	d.EncodedDiagnosticMessage = mask.Values(d.EncodedDiagnosticMessage)
	return AccessDeniedDetail(d)
}

// newResponseError returns the error of an answer that is neither a success nor a refusal.
func (c *call) newResponseError(a *answer.Answer, decodeErr error, mask *redact.Attempt) *ResponseError {
	done := decodeErr != nil && !c.isRead && a.IsDone()
	failed := &ResponseError{
		Operation:  c.name,
		Attempts:   c.info.Attempts,
		Reason:     a.Problem(decodeErr, redirectTarget(a.Header, mask), done),
		StatusCode: a.Status,
		RequestID:  mask.ID(a.FindRequestID()),
		// It masks before it clips, because half a secret would not be recognized.
		Snippet:        redact.Clip(redact.OneLine(mask.Text(a.Excerpt())), maxSnippet),
		throttleHeader: retry.AcsRetryAfter(a.Header) > 0,
		cut:            a.WasCut(),
		done:           done,
	}
	failed.RetryAfter = retry.Asked(a.Header, errors.Is(failed, ErrThrottled))
	if cause := cmp.Or(a.Err, decodeErr); cause != nil {
		failed.Err = redact.Masked(cause, mask.Text)
	}
	return failed
}

// redirectTarget returns " to " and the scheme and host that a redirect leads to, or "".
// The rest of the URL may contain secrets.
func redirectTarget(header http.Header, mask *redact.Attempt) string {
	target, err := url.Parse(header.Get("Location"))
	if err != nil || target.Host == "" {
		return ""
	}
	return " to " + redact.Clip(mask.Text(cmp.Or(target.Scheme, "https")+"://"+target.Host), maxField)
}
