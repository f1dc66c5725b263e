// Package refusal says what a refusal of the service means: its class, whether it may
// pass, and what the caller can do. The service may add codes at any time.
package refusal

import (
	"net/http"
	"slices"
	"strings"
)

// Refusal is what the meaning of a refusal depends on.
type Refusal struct {
	Code, Message string
	Status        int  // HTTP status
	AsksToWait    bool // x-acs-retry-after is positive
	Denied        Detail
}

// IsThrottled reports whether there were too many requests.
func (r Refusal) IsThrottled() bool {
	return IsThrottling(r.Code) || r.Status == http.StatusTooManyRequests || r.AsksToWait || r.hasAny(whatsAppThrottling)
}

// IsDenied reports whether the caller lacks a permission.
func (r Refusal) IsDenied() bool {
	return hasPrefix(r.Code, "NoPermission", "Forbidden", "Authentication.NoAuth") || r.Code == "Ram.PermissionDeny" || r.Denied.IsObject()
}

// IsUnauthenticated reports whether the service could not identify the caller.
func (r Refusal) IsUnauthenticated() bool {
	return refusesKey(r.Code) || refusesToken(r.Code) || IsWrongTime(r.Code) ||
		hasPrefix(r.Code, "MissingAccessKeyId", "IncompleteSignature", NonceUsed)
}

// RefusesIdentity reports whether other credentials may help.
func (r Refusal) RefusesIdentity() bool {
	return refusesKey(r.Code) || refusesToken(r.Code) || hasPrefix(r.Code, "Forbidden.AccessKey", "IncompleteSignature") ||
		hasPrefix(r.Code, "InvalidParameter") && strings.Contains(r.Message, "SecurityToken")
}

// Passes reports whether a refusal is about a temporary failure, and not about too many
// requests.
func (r Refusal) Passes() bool { return r.isFailure() && !r.IsThrottled() }

// MayBeDone reports whether the operation may have been carried out although it was
// refused. A gateway's code of throttling rules that out. Its header or status alone do not,
// nor do WhatsApp's codes.
func (r Refusal) MayBeDone() bool {
	return r.Code == NonceUsed || r.isFailure() && !IsThrottling(r.Code)
}

// isFailure reports whether the service failed: the code says so, with any HTTP status, or
// the status is 5xx and the code does not mean something else.
func (r Refusal) isFailure() bool {
	if IsPassing(r.Code) || r.hasAny(whatsAppPassing) {
		return true
	}
	return IsServerError(r.Status) && !r.IsUnauthenticated() && !r.IsDenied() &&
		!hasPrefix(r.Code, "Invalid", "Missing", "Product.Unsubscript", "Unknown.ResourceOwnerId")
}

// IsOK reports whether a code means success: "OK" in this API, "200" from some gateways.
func IsOK(code string) bool { return strings.EqualFold(code, "OK") || code == "200" }

// IsThrottling reports whether a code means too many requests.
func IsThrottling(code string) bool {
	return strings.Contains(code, "Throttling") || strings.Contains(code, "System.LimitControl") ||
		strings.Contains(code, "FlowControl")
}

func refusesKey(code string) bool {
	return hasPrefix(code, "InvalidAccessKeyId", "SignatureDoesNotMatch")
}

func refusesToken(code string) bool {
	return hasPrefix(code, "InvalidSecurityToken", "SecurityToken", "MissingSecurityToken")
}

// NonceUsed is the code for a request that arrived twice.
const NonceUsed = "SignatureNonceUsed"

// IsWrongTime reports whether a code refuses the time of a request.
func IsWrongTime(code string) bool { return hasPrefix(code, "InvalidTimeStamp") }

// IsPassing reports whether a code means a temporary failure.
func IsPassing(code string) bool {
	return hasPrefix(code, "ServiceUnavailable", "Internal", "SystemBusy", "ServiceBusy", "SystemError", "UnknownError", "RequestTimeout", "999999", "ERR-COMMON-001")
}

// IsServerError reports whether an HTTP status is a failure of the server.
func IsServerError(status int) bool { return status >= 500 && status <= 599 }

// StatusPasses reports whether an HTTP status without a code of the service means a
// temporary failure. 499 is nginx's for a client that is gone.
func StatusPasses(status int) bool {
	return IsServerError(status) || slices.Contains([]int{408, 421, 425, 499}, status)
}

// StatusMayBeDone reports whether the operation may have been carried out although the
// answer has this HTTP status and no code. RFC 9110 says that after 421, and RFC 8470 that
// after 425, nothing was done. RFC 9110 says so of 408 too, but proxies also send it when
// they have waited too long for the service.
func StatusMayBeDone(status int) bool {
	return status < 300 || status > 499 || status == 408 || status == 499
}

func hasPrefix(code string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(code, prefix) })
}
