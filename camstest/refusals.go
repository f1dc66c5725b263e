package camstest

import "net/http"

// Case is a kind of refusal that is undocumented, or documented in more than one form. The fake assumes an answer;
// [Server.SetRefusal] sets another.
type Case string

// The cases, each with the answer that the fake assumes.
const (
	UnknownGroup  Case = "unknown group"  // 200 InvalidParameter
	InactiveGroup Case = "inactive group" // 200 InvalidParameter: the group to be changed is not ACTIVE
	InvalidValue  Case = "invalid value"  // 400 InvalidParameter: a parameter's value is invalid, or there is nothing to do
	OverQuota     Case = "over quota"     // 429 Throttling.User: see [Server.SetQuota]
)

// SetRefusal sets the answer for a case, for instance [Refusal](400, "Throttling", "..."). The header of
// [Server.SetRetryAfter] is added to it. The zero Answer means the assumed one.
func (s *Server) SetRefusal(c Case, a Answer) {
	a.Header = a.Header.Clone()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals[c] = a
}

// refuse returns the answer for a refusal, and its code.
func (s *Server) refuse(r *refusal) (answer Answer, code string) {
	set := s.setRefusal(r.assumed)
	switch {
	case !set.isOwn():
		return set, codeIn(set.Body)
	case r.status != http.StatusOK:
		return Refusal(r.status, r.code, r.message).with(set), r.code
	}
	body := operationRefusal{"None", r.message, requestIDMark, r.code, false}
	return Answer{Body: jsonOf(body)}.with(set), r.code
}

func (s *Server) setRefusal(c Case) Answer {
	if c == "" {
		return Answer{} // documented refusals cannot be changed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refusals[c]
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
	assumed       Case // "" if the refusal is documented
}

func incomplete(what string) *refusal {
	return &refusal{400, "IncompleteSignature", "The request signature does not conform to Aliyun standards: " + what + ".", ""}
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
	return &refusal{400, "SignatureDoesNotMatch", message, ""}
}

func missing(parameter string) *refusal {
	return &refusal{400, "Missing" + parameter, parameter + " is mandatory for this action.", ""}
}

func invalid(what string) *refusal {
	return &refusal{400, "InvalidParameter", what, InvalidValue}
}

func notNumeric(parameter string) *refusal {
	return &refusal{400, "InvalidParameter.FromOnlyNumeric", parameter + " must have digits only.", InvalidValue}
}

var (
	wrongMethod   = &refusal{405, "UnsupportedHTTPMethod", "This http method is not supported.", ""}
	wrongAction   = &refusal{404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.", ""}
	wrongVersion  = &refusal{400, "InvalidVersion", "Specified parameter Version is not valid.", ""}
	wrongDate     = &refusal{400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.", ""}
	staleDate     = &refusal{400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.", ""}
	unknownKey    = &refusal{404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.", ""}
	missingToken  = &refusal{400, "MissingSecurityToken", "SecurityToken is mandatory for this action.", ""}
	wrongToken    = &refusal{400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.", ""}
	repeatedNonce = &refusal{400, "SignatureNonceUsed", "Specified signature nonce was used already.", ""}
	overQuota     = &refusal{429, "Throttling.User", "Request was denied due to user flow control.", OverQuota}
	unknownGroup  = &refusal{200, "InvalidParameter", "The group does not exist.", UnknownGroup}
	inactiveGroup = &refusal{200, "InvalidParameter", "The group is not active.", InactiveGroup}
)
