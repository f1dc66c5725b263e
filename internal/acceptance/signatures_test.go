package acceptance

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// FuzzSignaturesAreAccepted compares the signers and the fake, which share no code. It
// also checks that the fake refuses a request that was changed after it was signed.
func FuzzSignaturesAreAccepted(f *testing.F) {
	f.Add("GroupId=a&Page=%7B%7D", "id", "secret", "", "x-acs-extra", " a  b\t", "GroupId=b")
	f.Add("b=1&a=+*~&a=%c3%a9&&=", "id,SignedHeaders=", "s&", "to/ken+=", "Content-Type", "text/plain; charset=x", "a=+*~&b=1")
	f.Add("a=1", "id", "s", "", "x-acs-", "nothing more", "a=2") // covered too
	f.Fuzz(func(t *testing.T, query, id, secret, token, header, value, changed string) {
		parsed, err := url.ParseQuery(query)
		if err != nil || parsed.Has("Action") || parsed.Has("SignatureType") || strings.Contains(id, ",") ||
			strings.ContainsFunc(id+token, func(r rune) bool { return r <= ' ' || r > '~' || r == ':' }) ||
			!isToken(header) || strings.EqualFold(header, "host") { // net/http sends no other names
			return
		}
		for _, signer := range []cams.Signer{cams.ACS3Signer{}, cams.RPCSigner{}} {
			server := camstest.NewServer()
			server.AddAccessKey(id, secret, token)
			req := &http.Request{Method: "POST", Host: "h:1", URL: &url.URL{Scheme: "https", Host: "h:1", Path: "/", RawQuery: query}, Header: http.Header{}}
			req.Header.Set(header, value)
			in := cams.SigningInput{Action: "ListChatGroupParticipants", Version: "2020-06-06", Time: time.Now(), Nonce: "n",
				Credentials: cams.Credentials{AccessKeyID: id, AccessKeySecret: secret, SecurityToken: token}}
			if signer.Sign(req, in) != nil {
				return
			}
			assert.NotContains(t, []string{"SignatureDoesNotMatch", "IncompleteSignature", "InvalidAccessKeyId.NotFound"}, codeOf(t, server, req), req.URL.RawQuery)

			signed, _ := url.ParseQuery(req.URL.RawQuery)
			for name, values := range signed { // each parameter, changed, is refused
				for _, other := range []string{changed, values[0] + "&", ""} {
					if other == values[0] {
						continue
					}
					spoiled, _ := url.ParseQuery(req.URL.RawQuery)
					spoiled[name][0] = other
					another := req.Clone(t.Context())
					another.URL.RawQuery = spoiled.Encode()
					code := codeOf(t, server, another)
					assert.NotContains(t, []string{"OK", "InvalidParameter"}, code, "%s=%s", name, other)
					assert.False(t, strings.HasPrefix(code, "Missing") && code != "MissingSecurityToken", "%s=%s: %s", name, other, code)
				}
			}
		}
	})
}

// isToken reports whether s is a header name as HTTP allows it.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r > '~' || r <= ' ' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

func codeOf(t *testing.T, server *camstest.Server, req *http.Request) string {
	t.Helper()
	res, err := server.RoundTrip(req)
	require.NoError(t, err)
	var body struct{ Code string }
	require.NoError(t, json.NewDecoder(res.Body).Decode(&body))
	return body.Code
}
