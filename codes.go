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
	return refusesKey(e.Code) || refusesToken(e.Code) || hasPrefix(e.Code, "Forbidden.AccessKey", "IncompleteSignature") ||
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

// hint says what the caller can change, where that is known.
func (e *APIError) hint() string {
	if hint := hintOf(e); hint != "" {
		return hint
	}
	switch {
	case hasPrefix(e.Code, "InvalidAccessKeyId"):
		return "check the AccessKey ID: it does not exist or is disabled"
	case refusesToken(e.Code):
		return "get new temporary credentials"
	case isWrongTime(e.Code):
		return "check this machine's clock"
	case isThrottling(e.Code) || e.StatusCode == 429:
		return "make fewer calls at once, or ask for a higher quota"
	case errors.Is(e, ErrAccessDenied):
		action := cmp.Or(e.AccessDeniedDetail.AuthAction, "cams:"+e.Operation)
		if e.AccessDeniedDetail.NoPermissionType == "ExplicitDeny" {
			return "a policy denies the RAM identity the action " + action
		}
		return "the RAM identity needs the action " + action
	case isPassing(e):
		return "try again later"
	}
	return ""
}

// hintOf finds the hint of one code. WhatsApp's own codes are numbers, and may come
// in the message, as in "(#131204) ...".
func hintOf(e *APIError) string {
	for _, h := range hints {
		if e.Code == h.code || isWhatsApp(h.code) && (strings.Contains(e.Code, h.code) || strings.Contains(e.Message, "#"+h.code)) {
			return h.hint
		}
	}
	return ""
}

func isWhatsApp(code string) bool { return strings.HasPrefix(code, "131") }

const (
	checkRegion = "check the region and the endpoint: the published one is " + publishedHost +
		"; and whether the account was let into the preview"
	checkNumber = "check BusinessNumber: digits with the country code"
)

// hints says what to do about single codes. Classes of codes are in hint.
var hints = []struct{ code, hint string }{
	{"SignatureDoesNotMatch", "check the AccessKey secret"},
	{"IncompleteSignature", "check what changes the request on its way, such as a proxy"},
	{"MissingAccessKeyId", "check the credentials, and what changes the request on its way, such as a proxy"},
	{nonceUsed, "check what repeats the request on its way, such as a proxy"},
	{"Product.Unsubscript", "activate Chat App Message Service for this account, in its console"},
	{"InvalidAction.NotFound", checkRegion},
	{"InvalidApi.NotFound", checkRegion},
	{"NoSuchVersion", checkRegion},
	{"InvalidVersion", checkRegion},
	{"InvalidRegionId", checkRegion},
	{"InvalidProtocol.NeedSsl", "check WithEndpoint: the service takes HTTPS only"},
	{"Unknown.ResourceOwnerId", "check WithParameter: ResourceOwnerId is not known"},
	{"InvalidParameter.PageInvalid", "check Page: Index counts from 1, and the service limits Size"},
	{"InvalidParameter.ChannelTypeNotSupport", "check ChannelType: leave it empty, or WHATSAPP"},
	{"InvalidParameter.PhoneNumberError", checkNumber},
	{"InvalidParameter.FromOnlyNumeric", checkNumber},
	{"ERR-OPERATION-MAAP-0060", "bind a WhatsApp Business account to CustSpaceID, in the console"},
	{"ERR-OPERATION-MAAP-0065", "check BusinessNumber: it is not bound to CustSpaceID"},
	{"131041", "check GroupID: there is no such group"},
	{"131204", "the group is full: remove a member first"},
	{"131207", "the group is suspended"},
	{"131208", "make fewer changes to this group, or wait"},
	{"131211", "the business number has as many groups as it may: delete one first"},
	{"131212", "check the list: it names somebody who is not a member"},
	{"131215", "use another business number: this one is not eligible for groups"},
}
