package cams

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// What the codes of refusals mean: their classes, and what to do about them. The
// service's set of codes is open.

func isThrottling(code string) bool {
	return strings.Contains(code, "Throttling") || strings.Contains(code, "System.LimitControl") ||
		strings.Contains(code, "FlowControl")
}

func isDenied(code string) bool {
	return hasPrefix(code, "NoPermission", "Forbidden", "Authentication.NoAuth") || code == "Ram.PermissionDeny"
}

func isUnauthenticated(code string) bool {
	return refusesKey(code) || refusesToken(code) || isWrongTime(code) ||
		hasPrefix(code, "MissingAccessKeyId", "IncompleteSignature", nonceUsed)
}

func refusesKey(code string) bool {
	return hasPrefix(code, "InvalidAccessKeyId", "SignatureDoesNotMatch")
}

func refusesToken(code string) bool {
	return hasPrefix(code, "InvalidSecurityToken", "SecurityToken", "MissingSecurityToken")
}

// nonceUsed is the code of a request that came twice.
const nonceUsed = "SignatureNonceUsed"

func isWrongTime(code string) bool { return hasPrefix(code, "InvalidTimeStamp") }

// refusesIdentity reports whether other credentials may be accepted.
func refusesIdentity(e *APIError) bool {
	return refusesKey(e.Code) || refusesToken(e.Code) ||
		hasPrefix(e.Code, "InvalidParameter") && strings.Contains(e.Message, "SecurityToken")
}

// isPassing reports whether a refusal may pass by itself: by its code, whatever
// its status is, and by its status if the code does not say otherwise.
func isPassing(e *APIError) bool {
	if hasPrefix(e.Code, "ServiceUnavailable", "InternalError", "InternalFailure", "SystemBusy", "ServiceBusy", "999999", "ERR-COMMON-001") {
		return true
	}
	return isServerError(e.StatusCode) && !errors.Is(e, ErrUnauthenticated) && !errors.Is(e, ErrAccessDenied) &&
		!hasPrefix(e.Code, "Invalid", "Missing", "Product.Unsubscript", "Unknown.ResourceOwnerId")
}

func isServerError(status int) bool { return status >= 500 && status <= 599 }

func hasPrefix(code string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(code, prefix) })
}

// hint says what to do about the refusals that a configuration causes.
func (e *APIError) hint() string {
	switch {
	case strings.HasPrefix(e.Code, "InvalidAccessKeyId"):
		return "check the AccessKey ID: it does not exist or is disabled"
	case e.Code == "SignatureDoesNotMatch":
		return "check the AccessKey secret"
	case isWrongTime(e.Code):
		return "check this machine's clock"
	case refusesToken(e.Code):
		return "get new temporary credentials"
	case !errors.Is(e, ErrAccessDenied):
		return ""
	}
	action := cmp.Or(e.AccessDeniedDetail.AuthAction, "cams:"+e.Operation)
	if e.AccessDeniedDetail.NoPermissionType == "ExplicitDeny" {
		return "a policy denies the RAM identity the action " + action
	}
	return "the RAM identity needs the action " + action
}
