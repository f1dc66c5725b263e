package interop

import (
	"net/http"
	"strings"
)

// answers are answers of a service, a gateway or a proxy. Each name says what is unusual.
var answers = []struct {
	name string
	answer
}{
	// Successes, including deviations that the official client tolerates.
	{"success", ok(`{"AccessDeniedDetail":"None","Message":"None","RequestId":"R-1","Data":{"Total":2,"List":[{"ParticipantNumber":"8613800000001"},{"ParticipantNumber":"8613800000002"}]},"Code":"OK","Success":true}`)},
	{"success, empty group", ok(`{"RequestId":"R-1","Data":{"Total":0,"List":[]},"Code":"OK","Success":true}`)},
	{"success, numbers and booleans as strings", ok(`{"RequestId":"R-1","Data":{"Total":"1","List":[{"ParticipantNumber":"8613800000001"}]},"Code":"OK","Success":"true"}`)},
	{"success, phone number as a number", ok(`{"RequestId":"R-1","Data":{"Total":1,"List":[{"ParticipantNumber":8613800000001}]},"Code":"OK","Success":true}`)},
	{"success, long phone number as a number", ok(`{"RequestId":"R-1","Data":{"Total":1,"List":[{"ParticipantNumber":12345678901234567890}]},"Code":"OK","Success":true}`)},
	{"success, total as a whole float", ok(`{"RequestId":"R-1","Data":{"Total":1.0,"List":[{"ParticipantNumber":"8613800000001"}]},"Code":"OK","Success":true}`)},
	{"success, total as an empty string", ok(`{"RequestId":"R-1","Data":{"Total":"","List":[]},"Code":"OK","Success":true}`)},
	{"success, phone number with an exponent", ok(`{"RequestId":"R-1","Data":{"Total":1,"List":[{"ParticipantNumber":8.613800000001e12}]},"Code":"OK","Success":true}`)},
	{"success, a key twice", ok(`{"RequestId":"R-1","RequestId":"R-2","Data":{"Total":1,"List":[],"Total":2},"Code":"OK","Success":true}`)},
	{"success, success as 1", ok(`{"RequestId":"R-1","Data":{"Total":0,"List":[]},"Code":"OK","Success":1}`)},
	{"success, success in capitals", ok(`{"RequestId":"R-1","Data":{"Total":0,"List":[]},"Code":"OK","Success":"TRUE"}`)},
	{"success, code as a number", ok(`{"RequestId":"R-1","Data":{"Total":0,"List":[]},"Code":200,"Success":true}`)},
	{"success, nulls", ok(`{"AccessDeniedDetail":null,"Message":null,"RequestId":"R-1","Data":{"Total":null,"List":null},"Code":"OK","Success":true}`)},
	{"success, data null", ok(`{"RequestId":"R-1","Data":null,"Code":"OK","Success":true}`)},
	{"success, a member null", ok(`{"RequestId":"R-1","Data":{"Total":2,"List":[null,{"ParticipantNumber":"8613800000001"}]},"Code":"OK","Success":true}`)},
	{"success, a number null", ok(`{"RequestId":"R-1","Data":{"Total":1,"List":[{"ParticipantNumber":null}]},"Code":"OK","Success":true}`)},
	{"success, unknown fields", ok(`{"RequestId":"R-1","Trace":{"a":[1]},"Data":{"Total":1,"Next":"x","List":[{"ParticipantNumber":"8613800000001","Role":"admin"}]},"Code":"OK","Success":true}`)},
	{"success, lower-camel keys", ok(`{"requestId":"R-1","data":{"total":1,"list":[{"participantNumber":"8613800000001"}]},"code":"OK","success":true}`)},
	{"success, without Success", ok(`{"RequestId":"R-1","Data":{"Total":0,"List":[]},"Code":"OK"}`)},
	{"success, without Code", ok(`{"RequestId":"R-1","Data":{"Total":0,"List":[]},"Success":true}`)},
	{"success, access denied as an object", ok(`{"AccessDeniedDetail":{"AuthAction":"cams:ListChatGroupParticipants"},"RequestId":"R-1","Data":{"Total":0,"List":[]},"Code":"OK","Success":true}`)},
	{"success, spaces and a BOM before the object", ok("\ufeff  " + `{"RequestId":"R-1","Data":{"Total":0,"List":[]},"Code":"OK","Success":true}`)},
	{"success, a second object after the first", ok(`{"RequestId":"R-1","Data":{"Total":0,"List":[]},"Code":"OK","Success":true}{"RequestId":"R-2"}`)},
	{"success, total not a number", ok(`{"RequestId":"R-1","Data":{"Total":"many","List":[]},"Code":"OK","Success":true}`)},
	{"success, list not an array", ok(`{"RequestId":"R-1","Data":{"Total":1,"List":{"ParticipantNumber":"8613800000001"}},"Code":"OK","Success":true}`)},

	// Refusals inside an HTTP 200.
	{"refused in 200", ok(`{"RequestId":"R-1","Code":"Product.Unsubscript","Message":"not subscribed","Success":false}`)},
	{"refused in 200, denied as a string", ok(`{"RequestId":"R-1","Code":"NoPermission","Message":"denied","Success":false,"AccessDeniedDetail":"not you"}`)},
	{"refused in 200, denied as an object", ok(`{"RequestId":"R-1","Code":"NoPermission","Message":"denied","Success":false,"AccessDeniedDetail":{"AuthAction":"cams:ListChatGroupParticipants","NoPermissionType":"ImplicitDeny"}}`)},
	{"refused in 200, lower-camel keys", ok(`{"requestId":"R-1","code":"InvalidParameter","message":"bad group","success":false}`)},
	{"refused in 200, success as a string", ok(`{"RequestId":"R-1","Code":"InvalidParameter","Message":"bad group","Success":"false"}`)},
	{"refused in 200, Success false beside Code OK", ok(`{"RequestId":"R-1","Code":"OK","Message":"no","Success":false}`)},
	{"refused in 200, Success true beside another Code", ok(`{"RequestId":"R-1","Code":"Throttling.User","Message":"slow down","Success":true}`)},

	// Refusals by the gateway.
	{"refused with 400", gateway(400, `{"RequestId":"R-1","HostId":"cams.ap-southeast-1.aliyuncs.com","Code":"MissingParameter","Message":"GroupId is mandatory","Recommend":"https://api.example/x"}`)},
	{"refused with 403, denied as an object", gateway(403, `{"RequestId":"R-1","Code":"NoPermission","Message":"denied","AccessDeniedDetail":{"AuthAction":"cams:ListChatGroupParticipants","AuthPrincipalType":"SubUser","AuthPrincipalOwnerId":"1001","AuthPrincipalDisplayName":"u1","NoPermissionType":"ImplicitDeny","PolicyType":"AccountLevelIdentityBasedPolicy","EncodedDiagnosticMessage":"AQID"}}`)},
	{"refused with 403, denied as a string", gateway(403, `{"RequestId":"R-1","Code":"NoPermission","Message":"denied","AccessDeniedDetail":"not you"}`)},
	{"refused with 404, lower-camel keys", gateway(404, `{"requestId":"R-1","code":"InvalidAccessKeyId.NotFound","message":"no such key"}`)},
	{"refused with 400, message with a phone number", gateway(400, `{"RequestId":"R-1","Code":"InvalidParameter","Message":"no group of 8613800000001"}`)},
	{"refused with 400, numbers for texts", gateway(400, `{"RequestId":7,"Code":40001,"Message":12}`)},
	{"refused with 400, nulls", gateway(400, `{"RequestId":"R-1","Code":"InvalidParameter","Message":null,"AccessDeniedDetail":null}`)},
	{"refused with 400, nothing known", gateway(400, `{}`)},
	{"refused with 500", gateway(500, `{"RequestId":"R-1","Code":"InternalError","Message":"try again"}`)},
	{"refused with 503", gateway(503, `{"RequestId":"R-1","Code":"ServiceUnavailable","Message":"busy"}`)},
	{"throttled with 400, told to wait", gateway(400, `{"RequestId":"R-1","Code":"Throttling.User","Message":"slow down"}`, "x-acs-retry-after: 1500")},
	{"throttled with 429, rate limit headers", gateway(429, `{"RequestId":"R-1","Code":"Throttling.Api","Message":"slow down"}`, "x-ratelimit-user-api: Limit:1,Remain:0,TimeLeft:2000,Reset:1234")},
	{"throttled with 429, Retry-After", gateway(429, `{"RequestId":"R-1","Code":"Throttling","Message":"slow down"}`, "retry-after: 3")},
	{"refused with 403 in XML", answer{403, headers("content-type: text/xml;charset=utf-8"), []byte(`<Error><RequestId>R-1</RequestId><Code>Forbidden.RAM</Code><Message>denied</Message></Error>`)}},

	// Answers that are not in the service's protocol.
	{"204", answer{204, headers(), nil}},
	{"304", answer{304, headers(), nil}},
	{"600", answer{600, headers(), []byte(`{"RequestId":"R-1","Code":"OK","Success":true}`)}},
	{"empty body", ok(``)},
	{"empty object", ok(`{}`)},
	{"null", ok(`null`)},
	{"HTML", answer{200, headers("content-type: text/html"), []byte(`<html>sign in</html>`)}},
	{"HTML with 502", answer{502, headers("content-type: text/html", "x-acs-request-id: R-H"), []byte(`<html>bad gateway</html>`)}},
	{"empty body with 502", gateway(502, ``)},
	{"truncated", ok(`{"RequestId":"R-1","Data":{"Total":2,"List":[{"Partici`)},
	{"array", ok(`[{"RequestId":"R-1"}]`)},
	{"string", ok(`"OK"`)},
	{"array with 400", gateway(400, `[1]`)},
	{"string with 400", gateway(400, `"no"`)},
}

func ok(body string) answer { return gateway(http.StatusOK, body) }

func gateway(status int, body string, extra ...string) answer {
	return answer{status, headers(append(extra, "content-type: application/json;charset=utf-8")...), []byte(body)}
}

func headers(lines ...string) http.Header {
	h := http.Header{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		h.Set(name, value)
	}
	return h
}
