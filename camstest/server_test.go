package camstest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var upperUUID = regexp.MustCompile(`^[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$`)

func TestGoodRequestsAreAnswered(t *testing.T) {
	t.Parallel()
	temporary := caller{keyID: "temporary-id", secret: "temporary-secret", token: "token/+=abc"}
	cases := []struct {
		name string
		caller
	}{
		{"with a long-term key", caller{}},
		{"with a temporary key", temporary},
		{"with a bearer token", caller{bearer: "bearer/+=abc"}},
		{"by GET", caller{method: http.MethodGet}},
		{"with all parameters", caller{set: map[string]string{"ChannelType": "WHATSAPP", "Page": `{"Index":1,"Size":20}`}}},
		{"with an empty parameter that does not matter", caller{set: map[string]string{"Other": ""}}},
		{"with a date at the edge of the window", caller{date: time.Now().Add(-14 * time.Minute).UTC().Format(timeLayout)}},
		{"with a body that is signed", caller{body: "hello", contentType: "text/plain"}},
		{"with a temporary key whose ID is in Authorization only", caller{
			keyID: "temporary-id", secret: "temporary-secret", token: "token/+=abc",
			before: func(r *http.Request) { r.Header.Del("X-Acs-Accesskey-Id") },
		}},
		{"with a header named x-acs- and nothing more", caller{before: func(r *http.Request) { r.Header.Set("X-Acs-", "1") }}},
		{"with all parameters in a form", caller{inForm: []string{"*"}}},
		{"with some parameters in a form", caller{inForm: []string{"GroupId", "Signature", "AccessKeyId"}}},
		{"with a bearer token and a form", caller{bearer: "bearer/+=abc", inForm: []string{"*"}}},
		{"with a form and its charset", caller{inForm: []string{"*"}, contentType: "application/x-www-form-urlencoded; charset=utf-8"}},
		{"with a plus for a space in the query", caller{after: func(r *http.Request) {
			r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, "%20", "+")
		}}},
	}
	s := newServer(3)
	for _, f := range faces(t, s) {
		for _, rpc := range []bool{false, true} {
			for _, tc := range cases {
				t.Run(fmt.Sprintf("%s/rpc=%t/%s", f.name, rpc, tc.name), func(t *testing.T) {
					t.Parallel()
					c := tc.caller
					c.rpc = rpc
					a := f.call(t, c)
					assert.Equal(t, 200, a.StatusCode, a.text)
					assert.Equal(t, "OK", a.body.Code)
					assert.True(t, a.body.Success)
					assert.Len(t, a.body.Data.List, 3)
				})
			}
		}
	}
}

func TestSuccessIsExactlyThePublishedSchema(t *testing.T) {
	t.Parallel()
	s := newServer(2)
	for _, f := range faces(t, s) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			a := f.call(t, caller{})
			assert.Equal(t, `{"AccessDeniedDetail":"None","Message":"None","RequestId":"`+a.body.RequestID+`",`+
				`"Data":{"Total":2,"List":[{"ParticipantNumber":"8613800000000"},{"ParticipantNumber":"8613800000001"}]},`+
				`"Code":"OK","Success":true}`, a.text)
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	ago := func(d time.Duration) string { return time.Now().Add(-d).UTC().Format(timeLayout) }
	setHeader := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	const (
		both = iota
		acs3Only
		rpcOnly
	)
	cases := []struct {
		name   string
		which  int
		caller caller
		status int
		code   string
		names  string // what the message must name
	}{
		// The target.
		{"PUT", both, caller{method: http.MethodPut}, 405, "UnsupportedHTTPMethod", ""},
		{"DELETE", both, caller{method: http.MethodDelete}, 405, "UnsupportedHTTPMethod", ""},
		{"another action", both, caller{action: "ListChatGroups"}, 404, "InvalidAction.NotFound", ""},
		{"no action", both, caller{after: func(r *http.Request) {
			r.Header.Del("X-Acs-Action")
			editQuery(func(q url.Values) { q.Del("Action") })(r)
		}}, 404, "InvalidAction.NotFound", ""},
		{"another path", both, caller{path: "/v1"}, 404, "InvalidAction.NotFound", ""},
		{"another version", both, caller{version: "2018-05-01"}, 400, "InvalidVersion", ""},
		{"a query that cannot be decoded", both, caller{after: func(r *http.Request) { r.URL.RawQuery += "&x=%zz" }}, 400, "InvalidParameter", "query"},
		{"a body over 1 MiB", both, caller{body: strings.Repeat("x", 1<<20+1)}, 400, "InvalidParameter", "body"},

		// The date.
		{"a date 16 minutes old", both, caller{date: ago(16 * time.Minute)}, 400, "InvalidTimeStamp.Expired", ""},
		{"a date 16 minutes ahead", both, caller{date: ago(-16 * time.Minute)}, 400, "InvalidTimeStamp.Expired", ""},
		{"a date that is none", both, caller{date: "yesterday"}, 400, "InvalidTimeStamp.Format", ""},
		{"a date with a zone", both, caller{date: time.Now().UTC().Format("2006-01-02T15:04:05+00:00")}, 400, "InvalidTimeStamp.Format", ""},
		{"a date with fractions", both, caller{date: time.Now().UTC().Format("2006-01-02T15:04:05.000Z")}, 400, "InvalidTimeStamp.Format", ""},
		{"a stale date, also with a bearer token", both, caller{bearer: "bearer/+=abc", date: ago(time.Hour)}, 400, "InvalidTimeStamp.Expired", ""},

		// The credentials.
		{"an unknown key", both, caller{keyID: "nobody"}, 404, "InvalidAccessKeyId.NotFound", ""},
		{"the wrong secret", both, caller{secret: "guess"}, 400, "SignatureDoesNotMatch", ""},
		{"a wrong token", both, caller{keyID: "temporary-id", secret: "temporary-secret", token: "guess"}, 400, "InvalidSecurityToken.Malformed", ""},
		{"a token with a long-term key", both, caller{token: "token/+=abc"}, 400, "InvalidSecurityToken.Malformed", ""},
		{"no token with a temporary key", both, caller{keyID: "temporary-id", secret: "temporary-secret"}, 400, "MissingSecurityToken", ""},
		{"an unknown bearer token", both, caller{bearer: "guess"}, 400, "InvalidSecurityToken.Malformed", ""},
		{"a bearer token that is not there", acs3Only, caller{bearer: "guess", after: func(r *http.Request) { r.Header.Del("X-Acs-Bearer-Token") }}, 400, "IncompleteSignature", "x-acs-bearer-token"},
		{"a bearer token that is not there", rpcOnly, caller{bearer: "guess", drop: []string{"BearerToken"}}, 400, "IncompleteSignature", "BearerToken"},
		{"a bearer token without SignatureType", acs3Only, caller{bearer: "bearer/+=abc", after: editQuery(func(q url.Values) { q.Del("SignatureType") })}, 400, "IncompleteSignature", "Authorization"},
		{"a bearer token without SignatureType", rpcOnly, caller{bearer: "bearer/+=abc", after: editQuery(func(q url.Values) { q.Del("SignatureType") })}, 400, "IncompleteSignature", "AccessKeyId"},

		// The signature, when something was changed after signing.
		{"a parameter changed", both, caller{after: editQuery(func(q url.Values) { q.Set("GroupId", "other") })}, 400, "SignatureDoesNotMatch", ""},
		{"a parameter added", both, caller{after: editQuery(func(q url.Values) { q.Set("Page", `{"Index":2}`) })}, 400, "SignatureDoesNotMatch", ""},
		{"the method changed", both, caller{after: func(r *http.Request) { r.Method = http.MethodGet }}, 400, "SignatureDoesNotMatch", ""},
		{"the nonce changed", acs3Only, caller{after: setHeader("X-Acs-Signature-Nonce", "other")}, 400, "SignatureDoesNotMatch", ""},
		{"the host changed", acs3Only, caller{after: func(r *http.Request) { r.Host = "other.example" }}, 400, "SignatureDoesNotMatch", ""},
		{"the body changed", acs3Only, caller{after: func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("other")), 5
		}}, 400, "SignatureDoesNotMatch", ""},
		{"a parameter of a form changed", both, caller{inForm: []string{"*"}, after: func(r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			setBody(r, strings.Replace(string(body), space, "other", 1))
		}}, 400, "SignatureDoesNotMatch", ""},
		{"a form that cannot be decoded", both, caller{inForm: []string{"*"}, after: func(r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			setBody(r, string(body)+"&x=%zz")
		}}, 400, "InvalidParameter", "form"},
		{"a body hash that was signed but is wrong", acs3Only, caller{before: setHeader("X-Acs-Content-Sha256", sha("other"))}, 400, "SignatureDoesNotMatch", ""},
		{"an upper-case signature", acs3Only, caller{after: func(r *http.Request) {
			before, signature, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			r.Header.Set("Authorization", before+"Signature="+strings.ToUpper(signature))
		}}, 400, "SignatureDoesNotMatch", ""},

		// What must be signed.
		{"no Authorization", acs3Only, caller{after: func(r *http.Request) { r.Header.Del("Authorization") }}, 400, "IncompleteSignature", "Authorization"},
		{"a garbled Authorization", acs3Only, caller{after: setHeader("Authorization", "ACS3-HMAC-SHA256 hello")}, 400, "IncompleteSignature", "Authorization"},
		{"another algorithm", acs3Only, caller{authorizationTemplate: "ACS3-HMAC-SM3 Credential=%[1]s,SignedHeaders=%[2]s,Signature=%[3]s"}, 400, "IncompleteSignature", "Authorization"},
		{"spaces after the commas", acs3Only, caller{authorizationTemplate: "ACS3-HMAC-SHA256 Credential=%[1]s, SignedHeaders=%[2]s, Signature=%[3]s"}, 400, "IncompleteSignature", "Authorization"},
		{"host unsigned", acs3Only, caller{unsigned: "host"}, 400, "IncompleteSignature", "host"},
		{"action unsigned", acs3Only, caller{unsigned: "x-acs-action"}, 400, "IncompleteSignature", "x-acs-action"},
		{"version unsigned", acs3Only, caller{unsigned: "x-acs-version"}, 400, "IncompleteSignature", "x-acs-version"},
		{"date unsigned", acs3Only, caller{unsigned: "x-acs-date"}, 400, "IncompleteSignature", "x-acs-date"},
		{"nonce unsigned", acs3Only, caller{unsigned: "x-acs-signature-nonce"}, 400, "IncompleteSignature", "x-acs-signature-nonce"},
		{"body hash unsigned", acs3Only, caller{unsigned: "x-acs-content-sha256"}, 400, "IncompleteSignature", "x-acs-content-sha256"},
		{"content type unsigned", acs3Only, caller{contentType: "text/plain", unsigned: "content-type"}, 400, "IncompleteSignature", "content-type"},
		{"a header named x-acs- and nothing more, unsigned", acs3Only, caller{after: setHeader("X-Acs-", "1")}, 400, "IncompleteSignature", "x-acs-"},
		{"another x-acs header unsigned", acs3Only, caller{after: setHeader("X-Acs-Extra", "1")}, 400, "IncompleteSignature", "x-acs-extra"},
		{"token unsigned", acs3Only, caller{keyID: "temporary-id", secret: "temporary-secret", token: "token/+=abc", unsigned: "x-acs-security-token"}, 400, "IncompleteSignature", "x-acs-security-token"},
		{"key ID of a token unsigned", acs3Only, caller{keyID: "temporary-id", secret: "temporary-secret", token: "token/+=abc", unsigned: "x-acs-accesskey-id"}, 400, "IncompleteSignature", "x-acs-accesskey-id"},
		{"key ID of a token is another's", acs3Only, caller{keyID: "temporary-id", secret: "temporary-secret", token: "token/+=abc", before: setHeader("X-Acs-Accesskey-Id", AccessKeyID)}, 400, "IncompleteSignature", "x-acs-accesskey-id"},
		{"a signed header that is not there", acs3Only, caller{alsoSigned: "x-acs-ghost"}, 400, "IncompleteSignature", "not there"},
		{"signed names out of order", acs3Only, caller{authorizationTemplate: "ACS3-HMAC-SHA256 Credential=%[1]s,SignedHeaders=x-acs-date;host,Signature=%[3]s"}, 400, "IncompleteSignature", "sorted"},
		{"signed names in upper case", acs3Only, caller{authorizationTemplate: "ACS3-HMAC-SHA256 Credential=%[1]s,SignedHeaders=Host,Signature=%[3]s"}, 400, "IncompleteSignature", "lower case"},
		{"no nonce", acs3Only, caller{before: func(r *http.Request) { r.Header.Del("X-Acs-Signature-Nonce") }}, 400, "IncompleteSignature", "x-acs-signature-nonce"},
		{"no date, with a bearer token", acs3Only, caller{bearer: "bearer/+=abc", before: func(r *http.Request) { r.Header.Del("X-Acs-Date") }}, 400, "IncompleteSignature", "x-acs-date"},
		{"no Signature", rpcOnly, caller{drop: []string{"Signature"}}, 400, "IncompleteSignature", "Signature"},
		{"no AccessKeyId", rpcOnly, caller{drop: []string{"AccessKeyId"}}, 400, "IncompleteSignature", "AccessKeyId"},
		{"no Timestamp", rpcOnly, caller{drop: []string{"Timestamp"}}, 400, "IncompleteSignature", "Timestamp"},
		{"no SignatureNonce", rpcOnly, caller{drop: []string{"SignatureNonce"}}, 400, "IncompleteSignature", "SignatureNonce"},
		{"another SignatureMethod", rpcOnly, caller{set: map[string]string{"SignatureMethod": "HMAC-SHA256"}}, 400, "IncompleteSignature", "SignatureMethod"},
		{"another SignatureVersion", rpcOnly, caller{set: map[string]string{"SignatureVersion": "2.0"}}, 400, "IncompleteSignature", "SignatureVersion"},
		{"a changed Format", rpcOnly, caller{after: editQuery(func(q url.Values) { q.Set("Format", "xml") })}, 400, "SignatureDoesNotMatch", ""},

		// The parameters.
		{"no BusinessNumber", both, caller{drop: []string{"BusinessNumber"}}, 400, "MissingBusinessNumber", "BusinessNumber"},
		{"no CustSpaceId", both, caller{drop: []string{"CustSpaceId"}}, 400, "MissingCustSpaceId", "CustSpaceId"},
		{"a form with GET, which has none", acs3Only, caller{method: http.MethodGet, inForm: []string{"*"}}, 400, "MissingBusinessNumber", ""},
		{"no GroupId", both, caller{drop: []string{"GroupId"}}, 400, "MissingGroupId", "GroupId"},
		{"an empty GroupId", both, caller{set: map[string]string{"GroupId": ""}}, 400, "MissingGroupId", "GroupId"},
		{"a BusinessNumber with a plus", both, caller{set: map[string]string{"BusinessNumber": "+8613800000000"}}, 400, "InvalidParameter.FromOnlyNumeric", "BusinessNumber"},
		{"a BusinessNumber in groups", both, caller{set: map[string]string{"BusinessNumber": "86 138-0000 (0000)"}}, 400, "InvalidParameter.FromOnlyNumeric", "BusinessNumber"},
		{"a BusinessNumber in other digits", both, caller{set: map[string]string{"BusinessNumber": "٨٦١٣٨"}}, 400, "InvalidParameter.FromOnlyNumeric", "BusinessNumber"},
		{"another channel", both, caller{set: map[string]string{"ChannelType": "VIBER"}}, 400, "InvalidParameter", "ChannelType"},
		{"a Page that is not JSON", both, caller{set: map[string]string{"Page": "1"}}, 400, "InvalidParameter", "Page"},
		{"a Page that is cut off", both, caller{set: map[string]string{"Page": `{"Index":1`}}, 400, "InvalidParameter", "Page"},
		{"a Page with a string", both, caller{set: map[string]string{"Page": `{"Index":"1"}`}}, 400, "InvalidParameter", "Page"},
		{"an empty Page", both, caller{set: map[string]string{"Page": ""}}, 400, "InvalidParameter", "Page"},
		{"a Page.Index of 0", both, caller{set: map[string]string{"Page": `{"Index":0,"Size":20}`}}, 400, "InvalidParameter", "Page"},
		{"a Page.Size of 0", both, caller{set: map[string]string{"Page": `{"Index":1,"Size":0}`}}, 400, "InvalidParameter", "Page"},
		{"no Format", rpcOnly, caller{drop: []string{"Format"}}, 400, "InvalidParameter", "Format"},

		// The order: what is earlier here wins.
		{"wrong action and unknown key", both, caller{action: "Other", keyID: "nobody"}, 404, "InvalidAction.NotFound", ""},
		{"a formatted number of an unknown group", both, caller{set: map[string]string{"BusinessNumber": "+1", "GroupId": "other"}}, 400, "InvalidParameter.FromOnlyNumeric", ""},
		{"unknown key and missing parameter", both, caller{keyID: "nobody", drop: []string{"GroupId"}}, 404, "InvalidAccessKeyId.NotFound", ""},
		{"missing parameter and unknown group", both, caller{drop: []string{"CustSpaceId"}, set: map[string]string{"GroupId": "other"}}, 400, "MissingCustSpaceId", "CustSpaceId"},

		// The operation's own refusal comes inside a 200.
		{"an unknown group", both, caller{set: map[string]string{"GroupId": "other"}}, 200, "InvalidParameter", "group"},
		{"a group of another space", both, caller{set: map[string]string{"CustSpaceId": "other"}}, 200, "InvalidParameter", "group"},
		{"a group of another number", both, caller{set: map[string]string{"BusinessNumber": "1"}}, 200, "InvalidParameter", "group"},
	}
	s := newServer(3)
	for _, f := range faces(t, s) {
		for _, rpc := range []bool{false, true} {
			for _, tc := range cases {
				if tc.which == acs3Only && rpc || tc.which == rpcOnly && !rpc {
					continue
				}
				t.Run(fmt.Sprintf("%s/rpc=%t/%s", f.name, rpc, tc.name), func(t *testing.T) {
					t.Parallel()
					c := tc.caller
					c.rpc = rpc
					r := c.request(t, f.base)
					a := f.send(t, r)
					require.Equal(t, tc.code, a.body.Code, a.text)
					assert.Equal(t, tc.status, a.StatusCode)
					assert.Regexp(t, tc.names, a.body.Message)
					assert.NotEmpty(t, a.body.Message)
					assert.Regexp(t, upperUUID, a.body.RequestID)
					assert.Equal(t, a.body.RequestID, a.Header.Get("x-acs-request-id"))
					assert.False(t, a.body.Success)
					assert.Nil(t, a.body.Data)
					if tc.status != 200 {
						assert.NotEmpty(t, a.body.HostID)
						assert.NotEmpty(t, a.body.Recommend)
						assert.NotContains(t, a.text, "Success", "a gateway does not know the operation's own form")
					}
					secrets := []string{AccessKeySecret, "temporary-secret", "guess"}
					if tc.code != "SignatureDoesNotMatch" { // which repeats what was signed
						secrets = append(secrets, "token/+=abc", "bearer/+=abc", business, or(r.Header.Get("X-Acs-Signature-Nonce"), "-"))
					}
					for _, secret := range append(secrets,
						or(r.URL.Query().Get("Signature"), "-"),
						or(lastPart(r.Header.Get("Authorization"), "Signature="), "-"),
					) {
						if secret != "-" {
							assert.NotContains(t, a.text, secret)
						}
					}
				})
			}
		}
	}
}

func lastPart(s, after string) string {
	_, last, _ := strings.Cut(s, after)
	return last
}

func TestNonceIsGoodOnce(t *testing.T) {
	t.Parallel()
	s := newServer(1)
	for _, f := range faces(t, s) {
		for _, rpc := range []bool{false, true} {
			for _, bearer := range []string{"", "bearer/+=abc"} {
				t.Run(fmt.Sprintf("%s/rpc=%t/bearer=%t", f.name, rpc, bearer != ""), func(t *testing.T) {
					t.Parallel()
					nonce := t.Name()
					bad := f.call(t, caller{rpc: rpc, nonce: nonce, keyID: "nobody"})
					require.Equal(t, "InvalidAccessKeyId.NotFound", bad.body.Code)
					good := f.call(t, caller{rpc: rpc, nonce: nonce, bearer: bearer})
					require.Equal(t, "OK", good.body.Code, "a refused request uses up nothing")
					again := f.call(t, caller{rpc: rpc, nonce: nonce, bearer: bearer})
					assert.Equal(t, "SignatureNonceUsed", again.body.Code)
					assert.Equal(t, 400, again.StatusCode)
					other := f.call(t, caller{rpc: rpc, nonce: nonce, keyID: "temporary-id", secret: "temporary-secret", token: "token/+=abc"})
					assert.Equal(t, "OK", other.body.Code, "another key's nonces are its own")
				})
			}
		}
	}
}

func TestSpaceAroundAHeaderIsNotPartOfIt(t *testing.T) {
	t.Parallel()
	s := newServer(1)
	for _, f := range faces(t, s) {
		first := f.call(t, caller{nonce: "once " + f.name})
		assert.Equal(t, "OK", first.body.Code, f.name)
		for _, space := range []string{" ", "\t"} {
			again := f.call(t, caller{nonce: "once " + f.name, after: func(r *http.Request) {
				r.Header.Set("X-Acs-Signature-Nonce", space+"once "+f.name+space)
			}})
			assert.Equal(t, "SignatureNonceUsed", again.body.Code, "%s: the signature is the same, and so is the nonce", f.name)
		}
	}
}

func TestClockIsTheServersOwn(t *testing.T) {
	t.Parallel()
	now := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	s := newServer(1)
	s.SetClock(func() time.Time { return now })
	for _, f := range faces(t, s) {
		a := f.call(t, caller{})
		assert.Equal(t, "InvalidTimeStamp.Expired", a.body.Code)
		assert.Equal(t, "Tue, 06 May 2031 07:08:09 GMT", a.Header.Get("Date"), "a client may correct its clock by it")
		a = f.call(t, caller{date: "2031-05-06T07:08:09Z"})
		assert.Equal(t, "OK", a.body.Code)
	}
	assert.Equal(t, now, s.Requests()[0].Time)
}

func TestKeyCanHaveBothForms(t *testing.T) {
	t.Parallel()
	s := newServer(1)
	s.AddAccessKey(AccessKeyID, "temporary", "token")
	f := inMemory(s)
	assert.Equal(t, "OK", f.call(t, caller{}).body.Code)
	assert.Equal(t, "OK", f.call(t, caller{secret: "temporary", token: "token"}).body.Code)
	assert.Equal(t, "SignatureDoesNotMatch", f.call(t, caller{token: "token"}).body.Code)
}

func TestEndedContextSendsNothing(t *testing.T) {
	t.Parallel()
	s := newServer(1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	body := &closeCounter{Reader: strings.NewReader("")}
	r := caller{}.request(t, "https://cams.example").WithContext(ctx)
	r.Body = body
	_, err := s.RoundTrip(r)
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, s.Requests())
	assert.Equal(t, 1, body.closed)
}

type closeCounter struct {
	io.Reader
	closed int
}

func (c *closeCounter) Close() error { c.closed++; return nil }

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestRoundTripKeepsTheContractOfATransport(t *testing.T) {
	t.Parallel()
	s := newServer(1)
	r := caller{body: "hello", contentType: "text/plain"}.request(t, "https://cams.example")
	body := &closeCounter{Reader: strings.NewReader("hello")}
	r.Body = body
	header, address := r.Header.Clone(), r.URL.String()
	resp, err := s.RoundTrip(r)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)

	assert.Equal(t, "200 OK", resp.Status)
	assert.Equal(t, "HTTP/1.1", resp.Proto)
	assert.Same(t, r, resp.Request)
	assert.EqualValues(t, len(text), resp.ContentLength)
	assert.Equal(t, fmt.Sprint(len(text)), resp.Header.Get("Content-Length"))
	_, err = http.ParseTime(resp.Header.Get("Date"))
	require.NoError(t, err)
	assert.Equal(t, "application/json;charset=utf-8", resp.Header.Get("Content-Type"))
	assert.Equal(t, 1, body.closed)
	assert.Equal(t, header, r.Header, "the request is left as it was")
	assert.Equal(t, address, r.URL.String())

	t.Run("no body, no method, odd header names", func(t *testing.T) {
		r := caller{method: http.MethodGet}.request(t, "https://cams.example")
		r.Method, r.Body, r.Host = "", nil, ""
		for name := range r.Header.Clone() {
			r.Header[strings.ToLower(name)] = r.Header[name]
			delete(r.Header, name)
		}
		r.Header["Host"] = []string{"ignored.example"}
		assert.Equal(t, "OK", inMemory(s).send(t, r).body.Code)
	})
	t.Run("HEAD has no body", func(t *testing.T) {
		for _, f := range faces(t, s) {
			a := f.call(t, caller{method: http.MethodHead})
			assert.Equal(t, 405, a.StatusCode)
			assert.Empty(t, a.text)
		}
	})
	t.Run("a body that cannot be read", func(t *testing.T) {
		r := caller{}.request(t, "https://cams.example")
		r.Body = io.NopCloser(brokenReader{})
		_, err := s.RoundTrip(r)
		require.ErrorIs(t, err, io.ErrClosedPipe)
		assert.PanicsWithValue(t, http.ErrAbortHandler, func() { s.ServeHTTP(httptest.NewRecorder(), r) })
	})
}

func TestRequestsAreRememberedAsTheyArrived(t *testing.T) {
	t.Parallel()
	s := newServer(1)
	f := inMemory(s)
	f.call(t, caller{})
	f.call(t, caller{rpc: true, method: http.MethodGet, keyID: "nobody"})
	f.call(t, caller{set: map[string]string{"GroupId": "other"}})

	got := s.Requests()
	require.Len(t, got, 3)
	assert.Equal(t, "POST", got[0].Method)
	assert.Equal(t, "cams.ap-southeast-1.aliyuncs.com", got[0].Host)
	assert.Equal(t, "ListChatGroupParticipants", got[0].Action)
	assert.Equal(t, "2020-06-06", got[0].Version)
	assert.Equal(t, groupID, got[0].Query.Get("GroupId"))
	assert.NotEmpty(t, got[0].Header.Get("Authorization"))
	assert.WithinDuration(t, time.Now(), got[0].Time, time.Minute)
	assert.Equal(t, 200, got[0].Status)
	assert.Equal(t, "OK", got[0].Code)

	assert.Equal(t, "GET", got[1].Method)
	assert.Equal(t, "ListChatGroupParticipants", got[1].Action)
	assert.Equal(t, "2020-06-06", got[1].Version)
	assert.Equal(t, 404, got[1].Status)
	assert.Equal(t, "InvalidAccessKeyId.NotFound", got[1].Code)

	assert.Equal(t, 200, got[2].Status)
	assert.Equal(t, "InvalidParameter", got[2].Code)

	assert.Equal(t, groupID, got[0].Parameter("GroupId"))
	f.call(t, caller{inForm: []string{"*"}})
	assert.Empty(t, s.Requests()[3].Query)
	assert.Equal(t, groupID, s.Requests()[3].Parameter("GroupId"), "out of a form, too")
	assert.Empty(t, s.Requests()[3].Parameter("Other"))

	got[0].Query.Set("GroupId", "changed")
	got[0].Header.Set("Authorization", "changed")
	again := s.Requests()[0]
	assert.Equal(t, groupID, again.Query.Get("GroupId"), "copies")
	assert.NotEqual(t, "changed", again.Header.Get("Authorization"), "copies")
}

func TestPrintsKeepSecretsAndPhoneNumbersOut(t *testing.T) {
	t.Parallel()
	s := newServer(3)
	f := inMemory(s)
	f.call(t, caller{keyID: "temporary-id", secret: "temporary-secret", token: "token/+=abc"})
	f.call(t, caller{rpc: true})
	f.call(t, caller{bearer: "bearer/+=abc"})
	for _, v := range []any{s, s.Requests(), s.Requests()[0], &s.Requests()[1]} {
		asJSON, err := json.Marshal(v)
		require.NoError(t, err)
		prints := fmt.Sprintf("%v %+v %#v %s", v, v, v, v) + string(asJSON)
		for _, secret := range []string{AccessKeySecret, "temporary-secret", "token/", "bearer/", "Signature", "86138"} {
			assert.NotContains(t, prints, secret)
		}
	}
	assert.Equal(t, "POST ListChatGroupParticipants 2020-06-06: 200 OK", s.Requests()[0].String())
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	s := newServer(57)
	const callers, each = 8, 25
	for range callers * each / 2 {
		s.AnswerOnce(Refusal(503, "ServiceUnavailable", ""))
	}
	all := faces(t, s)
	actions := []string{"ListChatGroupParticipants", "ListChatGroup", "AddChatGroup", "AddChatGroupInviteLink", "UpdateChatGroup"}
	var wg sync.WaitGroup
	ids := make(chan string, callers*each)
	for i := range callers {
		wg.Go(func() {
			for range each {
				a := all[i%len(all)].call(t, caller{rpc: i%3 == 0, action: actions[i%len(actions)], set: goodCalls[actions[i%len(actions)]]})
				ids <- a.body.RequestID
				s.AddGroup(Group{BusinessNumber: business, CustSpaceID: space, GroupID: groupID, Participants: numbers(i)})
				s.AddAccessKey(fmt.Sprint(i), "secret", "")
				s.AddBearerToken(fmt.Sprint(i))
				s.SetMaxPageSize(i)
				s.SetClock(time.Now)
				s.SetActivationDelay(time.Duration(i))
				s.SetTokenBucket(1e9, 1000)
				s.Handle("Other", func(Request) Answer { return Answer{} })
				s.AnswerFunc(func(Request) (Answer, bool) { return Answer{}, false })
				s.Activate()
				_ = s.Join(link, "1")
				s.Groups()
				s.Requests()
			}
		})
	}
	wg.Wait()
	close(ids)
	unique := map[string]bool{}
	for id := range ids {
		unique[id] = true
	}
	assert.Len(t, unique, callers*each)
	got := s.Requests()
	require.Len(t, got, callers*each)
	for i, r := range got {
		want := "ServiceUnavailable"
		if i >= callers*each/2 {
			want = "OK"
		}
		assert.Equal(t, want, r.Code, "the n-th request got the n-th answer")
	}
}
