package camstest

import "net/http"

// answer returns the answer for a refusal.
func (r *refusal) answer() Answer {
	if r.status != http.StatusOK {
		return Refusal(r.status, r.code, r.message)
	}
	return Answer{Body: jsonOf(operationRefusal{"None", r.message, requestIDMark, r.code, false})}
}

// operationRefusal is how an operation refuses a request, inside an HTTP 200.
type operationRefusal struct {
	AccessDeniedDetail string
	Message            string
	RequestID          string `json:"RequestId"`
	Code               string
	Success            bool
}

// refusal is how the server refuses a request. The message is fixed or names a parameter. Only the message for a wrong
// signature repeats values, which may be tokens and phone numbers.
type refusal struct {
	status        int
	code, message string
}

func incomplete(what string) *refusal {
	return &refusal{400, "IncompleteSignature", "The request signature does not conform to Aliyun standards: " + what + "."}
}

// unequal returns the refusal for a wrong signature. As in the service, the message repeats what the server signed: the
// caller's parameters, phone numbers and tokens, but not the secret or the signature.
func unequal(cl claim) *refusal {
	message := "Specified signature is not matched with our calculation."
	if cl.stringToSign != "" {
		message += " server string to sign is:" + cl.stringToSign
	}
	if cl.canonical != "" {
		message += ", server canonicalString is:" + cl.canonical
	}
	return &refusal{400, "SignatureDoesNotMatch", message}
}

func missing(parameter string) *refusal {
	return &refusal{400, "Missing" + parameter, parameter + " is mandatory for this action."}
}

func invalid(what string) *refusal {
	return &refusal{400, "InvalidParameter", what}
}

func notNumeric(parameter string) *refusal {
	return &refusal{400, "InvalidParameter.FromOnlyNumeric", parameter + " must have digits only."}
}

var (
	wrongMethod   = &refusal{405, "UnsupportedHTTPMethod", "This http method is not supported."}
	wrongAction   = &refusal{404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method."}
	wrongVersion  = &refusal{400, "InvalidVersion", "Specified parameter Version is not valid."}
	wrongDate     = &refusal{400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."}
	staleDate     = &refusal{400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."}
	unknownKey    = &refusal{404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."}
	missingToken  = &refusal{400, "MissingSecurityToken", "SecurityToken is mandatory for this action."}
	wrongToken    = &refusal{400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed."}
	repeatedNonce = &refusal{400, "SignatureNonceUsed", "Specified signature nonce was used already."}
	overQuota     = &refusal{429, "Throttling.User", "Request was denied due to user flow control."}
	unknownGroup  = &refusal{200, "InvalidParameter", "The group does not exist."}
	inactiveGroup = &refusal{200, "InvalidParameter", "The group is not active."}
)
