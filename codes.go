package cams

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// What the codes of refusals mean: their classes and hints. The service may add codes
// at any time.

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

// nonceUsed is the code for a request that arrived twice.
const nonceUsed = "SignatureNonceUsed"

func isWrongTime(code string) bool { return hasPrefix(code, "InvalidTimeStamp") }

// refusesIdentity reports whether other credentials may help.
func refusesIdentity(e *APIError) bool {
	return refusesKey(e.Code) || refusesToken(e.Code) || hasPrefix(e.Code, "Forbidden.AccessKey", "IncompleteSignature") ||
		hasPrefix(e.Code, "InvalidParameter") && strings.Contains(e.Message, "SecurityToken")
}

// isPassing reports whether a refusal may be temporary: its code says so, with any HTTP
// status, or its status is 5xx and its code does not mean something else.
func isPassing(e *APIError) bool {
	if hasPrefix(e.Code, "ServiceUnavailable", "Internal", "SystemBusy", "ServiceBusy", "SystemError", "UnknownError", "RequestTimeout", "999999", "ERR-COMMON-001") {
		return true
	}
	return isServerError(e.StatusCode) && !errors.Is(e, ErrUnauthenticated) && !errors.Is(e, ErrAccessDenied) &&
		!hasPrefix(e.Code, "Invalid", "Missing", "Product.Unsubscript", "Unknown.ResourceOwnerId")
}

// isServiceCode reports whether s has the form of a code: words and short numbers, such
// as InvalidTimeStamp.Expired and ERR-OPERATION-MAAP-0060, but not 131204, which may be
// anything.
func isServiceCode(s string) bool { return len(s) <= 128 && codeForm().MatchString(s) }

// codeForm is compiled at its first use, so that programs start fast.
var codeForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z]+(?:[._-]?[A-Za-z]+)*(?:[._-]?\d{1,4})?$`)
})

func isServerError(status int) bool { return status >= 500 && status <= 599 }

func hasPrefix(code string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(code, prefix) })
}

// hint returns what the caller can do, or "" if that is not known.
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

// hintOf returns the hint for a single code, or "". WhatsApp's own codes are numbers and
// may be in the message, as in "(#131204) ...".
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
	checkRegion = "check the operation's name, the region and the endpoint (the published one is " + publishedHost +
		"), and whether the account has access to the preview"
	checkNumber = "check BusinessNumber: country code and number, digits only"
)

// hints are the hints for single codes. The method hint has those for classes of codes.
var hints = []struct{ code, hint string }{
	{"SignatureDoesNotMatch", "check the AccessKey secret"},
	{"IncompleteSignature", "check for a proxy that changes requests"},
	{"MissingAccessKeyId", "check the credentials, and for a proxy that changes requests"},
	{nonceUsed, "check for a proxy that repeats requests"},
	{"Product.Unsubscript", "activate Chat App Message Service for this account, in its console"},
	{"InvalidAction.NotFound", checkRegion},
	{"InvalidApi.NotFound", checkRegion},
	{"NoSuchVersion", checkRegion},
	{"InvalidVersion", checkRegion},
	{"InvalidRegionId", checkRegion},
	{"InvalidProtocol.NeedSsl", "check WithEndpoint: the service accepts HTTPS only"},
	{"Unknown.ResourceOwnerId", "check WithParameter: the service does not know this ResourceOwnerId"},
	{"InvalidParameter.PageInvalid", "check Page: Index counts from 1, and the service limits Size"},
	{"InvalidParameter.ChannelTypeNotSupport", "check ChannelType: it must be empty or WHATSAPP"},
	{"InvalidParameter.PhoneNumberError", checkNumber},
	{"InvalidParameter.FromOnlyNumeric", checkNumber},
	{"ERR-OPERATION-MAAP-0060", "bind a WhatsApp Business account to CustSpaceID, in the console"},
	{"ERR-OPERATION-MAAP-0065", "check BusinessNumber: it is not bound to CustSpaceID"},
	{"131041", "check GroupID: there is no such group"},
	{"131204", "the group is full: remove a member first"},
	{"131207", "the group is suspended"},
	{"131208", "make fewer changes to this group, or wait"},
	{"131211", "the business number has the maximum number of groups: delete one first"},
	{"131212", "check List: it has a number that is not a member"},
	{"131215", "use another business number: this one is not eligible for groups"},
}
