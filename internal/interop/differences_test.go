package interop

// difference says where cams differs from the official core on purpose, and why.
type difference struct {
	fields string // of outcome, in its order
	why    string
}

// Reasons that apply to several answers.
const (
	refusedIsAnError  = "a refusal is an error, whatever the HTTP status: the official core returns it as a response, without one"
	emptyIsAnError    = "a response without content is an error: the official core returns none, and no error either"
	notTheProtocol    = "what is not this API's object is an error that says so, not an empty response, and not a refusal with the code <nil>"
	errorsSayMore     = "an error keeps the HTTP status, and the request ID where the body or a header has it: the official core drops both"
	gatewaysCamelCase = "some gateways write keys in lower camel case: the official core finds none of them in a 200"
	deniedIsKept      = "AccessDeniedDetail is kept as a string and as an object: the official core takes only the object in a 4xx and only the string in a 200"
	waitIsKept        = "how long to wait is part of the error: the official core drops it unless DisableSDKError is set, and reads x-acs-retry-after only"
)

// differences lists every answer that cams decodes differently, by the answer's name.
var differences = map[string]difference{
	"success, lower-camel keys":                {"Code RequestID Success Total Participants", gatewaysCamelCase},
	"success, access denied as an object":      {"Kind Code RequestID Success Denied", deniedIsKept},
	"success, a second object after the first": {"Kind Status Code Success", "what follows the answer shows that it was not read as it was meant: the official core ignores it"},
	"success, phone number with an exponent":   {"Participants", "a phone number is its digits, however the sender's JSON library wrote the number"},

	"success, spaces and a BOM before the object": {"Kind Code RequestID Success", "a byte order mark is skipped: to the official core it is no JSON"},
	"success, total not a number":                 {"Status RequestID", errorsSayMore},
	"success, list not an array":                  {"Status RequestID", errorsSayMore},

	"refused in 200": {"Kind Status", refusedIsAnError},
	"refused in 200, Success false beside Code OK":     {"Kind Status", refusedIsAnError},
	"refused in 200, Success true beside another Code": {"Kind Status Success", refusedIsAnError + "; the code decides"},
	"refused in 200, denied as a string":               {"Kind Status", refusedIsAnError},
	"refused in 200, success as a string":              {"Kind Status", refusedIsAnError},
	"refused in 200, lower-camel keys":                 {"Kind Status Code Message RequestID", refusedIsAnError + "; " + gatewaysCamelCase},
	"refused in 200, denied as an object":              {"Kind Status Code Message RequestID Denied", refusedIsAnError + "; " + deniedIsKept},

	"refused with 403, denied as a string":          {"Denied", deniedIsKept},
	"refused with 400, message with a phone number": {"Message", "no error shows a phone number: the service repeats it in its message"},
	"refused with 400, nothing known":               {"Kind Code", notTheProtocol},
	"throttled with 400, told to wait":              {"Wait", waitIsKept},
	"throttled with 429, rate limit headers":        {"Wait", waitIsKept},
	"throttled with 429, Retry-After":               {"Wait", waitIsKept},

	"204":                 {"Kind Status", emptyIsAnError},
	"304":                 {"Kind Status", emptyIsAnError},
	"600":                 {"Kind Status Code Success", "only a 2xx status is a success: the official core takes any below 400 and from 600 on"},
	"empty body":          {"Kind Status", emptyIsAnError},
	"null":                {"Kind Status", emptyIsAnError},
	"empty object":        {"Kind Status", notTheProtocol},
	"array":               {"Kind Status RequestID", notTheProtocol},
	"string":              {"Kind Status", notTheProtocol},
	"array with 400":      {"Kind Code", notTheProtocol},
	"string with 400":     {"Kind Code", notTheProtocol},
	"empty body with 502": {"Kind Code", notTheProtocol},
	"HTML":                {"Status", errorsSayMore},
	"HTML with 502":       {"Status RequestID", errorsSayMore},
	"truncated":           {"Status RequestID", errorsSayMore},
}
