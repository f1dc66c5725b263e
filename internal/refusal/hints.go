package refusal

import (
	"cmp"
	"net/http"

	"github.com/cams-go/cams/internal/endpoint"
)

// Hint returns what the caller of an operation can do, or "" if that is not known.
func (r Refusal) Hint(operation string) string {
	if hint := r.hintOfCode(); hint != "" {
		return hint
	}
	switch {
	case hasPrefix(r.Code, "InvalidAccessKeyId"):
		return "check the AccessKey ID: it does not exist or is disabled"
	case refusesToken(r.Code):
		return "get new temporary credentials"
	case IsWrongTime(r.Code):
		return "check this machine's clock"
	case IsThrottling(r.Code) || r.Status == http.StatusTooManyRequests:
		return "make fewer calls at once, or ask for a higher quota"
	case r.IsDenied():
		action := cmp.Or(r.Denied.AuthAction, "cams:"+operation)
		if r.Denied.NoPermissionType == "ExplicitDeny" {
			return "a policy denies the RAM identity the action " + action
		}
		return "the RAM identity needs the action " + action
	case r.isFailure():
		return "try again later"
	}
	return ""
}

// hintOfCode returns the hint for a single code, or "".
func (r Refusal) hintOfCode() string {
	for _, h := range hints {
		if r.HasCode(h.code) {
			return h.hint
		}
	}
	return ""
}

const (
	checkRegion = "check the operation's name, the region and the endpoint (the published one is " + endpoint.Published +
		"), and whether the account has access to the preview"
	checkNumber  = "check BusinessNumber: country code and number, digits only"
	slowDown     = "make fewer calls for this business number, or wait: WhatsApp limits them"
	whatsAppDown = "WhatsApp failed: try again later"
	checkPicture = "check ProfilePictureFile: it must be the URL of a square JPEG of at least 192 x 192 pixels and at most 5 MB"
)

// hints are the hints for single codes. Hint has those for classes of codes.
var hints = []struct{ code, hint string }{
	{"SignatureDoesNotMatch", "check the AccessKey secret, and proxies that change Host"},
	{"IncompleteSignature", "check for a proxy that changes requests"},
	{"MissingAccessKeyId", "check the credentials, and for a proxy that changes requests"},
	{NonceUsed, "check for a proxy that repeats requests"},
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
	{"4", slowDown},
	{"80007", slowDown},
	{"130429", slowDown},
	{"131000", whatsAppDown},
	{"131016", whatsAppDown},
	{"131020", "nobody has joined the group yet: send the invite link first"},
	{"131041", "check GroupID: there is no such group"},
	{"131059", "list again from the first page"},
	{"131201", "only a part was done: list the members again"},
	{"131202", "check List: it has a number twice"},
	{"131204", "the group is full: remove a member first"},
	{"131207", "the group is suspended"},
	{"131208", slowDown},
	{"131209", checkPicture},
	{"131210", checkPicture},
	{"131211", "the business number has the maximum number of groups: delete one first"},
	{"131212", "check List: it has a number that is not a member"},
	{"131213", "there is no such request to join"},
	{"131214", "WhatsApp does not let this business number create groups, because of abuse: see WhatsApp Manager"},
	{"131215", "use another business number: this one is not eligible for groups"},
}
