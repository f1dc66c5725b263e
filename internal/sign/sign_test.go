package sign

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// vector is a known answer of testdata/vectors.json.
type vector struct {
	Name            string            `json:"name"`
	Method          string            `json:"method"`
	Host            string            `json:"host"`
	Action          string            `json:"action"`
	Version         string            `json:"version"`
	Time            time.Time         `json:"time"`
	Nonce           string            `json:"nonce"`
	AccessKeyID     string            `json:"access_key_id"`
	AccessKeySecret string            `json:"access_key_secret"`
	SecurityToken   string            `json:"security_token"`
	Format          string            `json:"format"`
	Query           map[string]string `json:"query"`

	CanonicalRequestSHA256 string `json:"canonical_request_sha256"`
	Authorization          string `json:"authorization"`
	Signature              string `json:"signature"`
}

func (v vector) input() *Input {
	return &Input{
		Action: v.Action, Version: v.Version, Time: v.Time, Nonce: v.Nonce,
		AccessKeyID: v.AccessKeyID, AccessKeySecret: v.AccessKeySecret, SecurityToken: v.SecurityToken,
	}
}

// request has its query encoded by net/url, in another way than signatures want it.
func (v vector) request(t *testing.T) *http.Request {
	t.Helper()
	query := url.Values{}
	for name, value := range v.Query {
		query.Set(name, value)
	}
	req, err := http.NewRequest(v.Method, "https://"+v.Host+"/?"+query.Encode(), nil)
	require.NoError(t, err)
	return req
}

func readVectors(t *testing.T) (vectors struct{ ACS3, RPC []vector }) {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &vectors))
	require.Len(t, vectors.ACS3, 3)
	require.Len(t, vectors.RPC, 2)
	return vectors
}

// canonicalOf is the canonical request of a request that was signed with in.
func canonicalOf(req *http.Request, in *Input, bodyHash string) string {
	unsigned := req.Clone(context.Background())
	for _, header := range acs3Headers {
		delete(unsigned.Header, header.key)
	}
	covered, _ := setACS3Headers(nil, unsigned, in, bodyHash)
	return string(appendCanonicalRequest(nil, req, covered, appendNames(nil, covered), bodyHash))
}

// signable is a request and an input that any signer accepts.
func signable(t testing.TB) (*http.Request, *Input) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, "https://cams.ap-southeast-1.aliyuncs.com/?GroupId=a", nil)
	require.NoError(t, err)
	return req, &Input{
		Action: "ListChatGroupParticipants", Version: "2020-06-06", AccessKeyID: "id", AccessKeySecret: "secret",
		Time: time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC), Nonce: "nonce",
	}
}

func TestAFreshRequestIsSignedAsAnyOther(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*http.Request, *Input){
		"an AccessKey": func(*http.Request, *Input) {},
		"a session":    func(_ *http.Request, in *Input) { in.SecurityToken = "token" },
		"a bearer token": func(_ *http.Request, in *Input) {
			*in = Input{Action: in.Action, Version: in.Version, BearerToken: "b"}
		},
		"no query":        func(req *http.Request, _ *Input) { req.URL.RawQuery = "" },
		"further headers": func(req *http.Request, _ *Input) { req.Header.Set("Content-Type", "text/plain") },
		"a body":          func(req *http.Request, _ *Input) { req.Body = io.NopCloser(strings.NewReader("body")) },
	} {
		var signed [2]*http.Request
		for i, sign := range []func(*http.Request, *Input) error{ACS3, ACS3Fresh} {
			req, in := signable(t)
			change(req, in)
			require.NoError(t, sign(req, in), name)
			signed[i] = req
		}
		assert.Equal(t, signed[0].URL, signed[1].URL, name)
		assert.Equal(t, signed[0].Header, signed[1].Header, name)
	}
}

func TestSignaturesOfSeveralKeysMayBeMadeAtTheSameTime(t *testing.T) {
	t.Parallel()
	for name, sign := range signatures {
		want := map[string]*http.Request{}
		for _, secret := range []string{"secret", "secrets", "another secret, longer than a block of the hash, which is sixty-four bytes"} {
			req, in := signable(t)
			in.AccessKeySecret = secret
			require.NoError(t, sign(req, in), name)
			want[secret] = req
		}
		var workers sync.WaitGroup
		for range 4 {
			workers.Go(func() {
				for range 100 {
					for secret, signed := range want { // in a random order
						req, in := signable(t)
						in.AccessKeySecret = secret
						assert.NoError(t, sign(req, in), name)
						assert.Equal(t, signed.URL.RawQuery, req.URL.RawQuery, name)
						assert.Equal(t, signed.Header, req.Header, name)
					}
				}
			})
		}
		workers.Wait()
	}
}

func TestBearerTokensAreSentUnsigned(t *testing.T) {
	t.Parallel()
	req, in := signable(t)
	require.NoError(t, ACS3(req, in), "an earlier signature must go")
	in.AccessKeyID, in.AccessKeySecret, in.BearerToken = "", "", "bearer-token"
	require.NoError(t, ACS3(req, in))
	assert.Equal(t, "bearer-token", req.Header.Get("x-acs-bearer-token"))
	assert.Equal(t, url.Values{"GroupId": {"a"}, "SignatureType": {"BEARERTOKEN"}}, req.URL.Query())
	assert.NotContains(t, req.Header, "Authorization")

	req, in = signable(t)
	require.NoError(t, RPC(req, in), "an earlier signature must go")
	in.AccessKeyID, in.AccessKeySecret, in.BearerToken = "", "", "bearer-token"
	require.NoError(t, RPC(req, in))
	query := req.URL.Query()
	assert.Equal(t, "bearer-token", query.Get("BearerToken"))
	assert.Equal(t, "BEARERTOKEN", query.Get("SignatureType"))
	for _, absent := range []string{"Signature", "SignatureMethod", "AccessKeyId", "SecurityToken"} {
		assert.NotContains(t, query, absent)
	}
}

// signatures are both ways to sign.
var signatures = map[string]func(*http.Request, *Input) error{"ACS3": ACS3, "RPC": RPC}

func TestSwitchingCredentialsLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for name, sign := range signatures {
		plain, in := signable(t)
		require.NoError(t, sign(plain, in), name)

		for _, before := range []Input{{BearerToken: "b"}, {AccessKeyID: "other", AccessKeySecret: "x", SecurityToken: "t"}} {
			switched, in := signable(t)
			before.Action, before.Version, before.Time, before.Nonce = in.Action, in.Version, in.Time, in.Nonce
			require.NoError(t, sign(switched, &before), name)
			require.NoError(t, sign(switched, in), name)
			assert.Equal(t, plain.URL.RawQuery, switched.URL.RawQuery, name)
			assert.Equal(t, plain.Header, switched.Header, name)
		}
	}
}

func TestACS3SignsWhatTheGatewayRebuilds(t *testing.T) {
	t.Parallel()
	req, in := signable(t)
	req.Method = ""
	req.Host = "example.com:8443"
	req.URL.RawQuery = "b=2&a=%7e*+x&a=&c"
	req.Header = http.Header{"content-type": {"text/plain"}, "x-acs-extra": {" two ", "one"}, "x-acs-": {"bare"}, "X-Other": {"unsigned"}, "X-Acs-None": {}}
	in.Nonce = " nonce\t" // net/http sends it trimmed
	req.Body = io.NopCloser(strings.NewReader("body"))
	require.NoError(t, ACS3(req, in))

	bodyHash := sha256.Sum256([]byte("body"))
	want := "GET\n/\na=~%2A%20x&a=&b=2&c=\n" +
		"content-type:text/plain\nhost:example.com:8443\nx-acs-:bare\nx-acs-action:ListChatGroupParticipants\n" +
		"x-acs-content-sha256:" + hex.EncodeToString(bodyHash[:]) + "\nx-acs-date:2024-01-02T03:04:05Z\n" +
		"x-acs-extra:one,two\nx-acs-signature-nonce:nonce\nx-acs-version:2020-06-06\n\n" +
		"content-type;host;x-acs-;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-extra;x-acs-signature-nonce;x-acs-version\n" +
		hex.EncodeToString(bodyHash[:])
	assert.Equal(t, want, canonicalOf(req, in, hex.EncodeToString(bodyHash[:])))
	body, err := io.ReadAll(req.Body)
	require.NoError(t, err)
	assert.Equal(t, "body", string(body), "the body can still be sent")
}

func FuzzSigningNeverPanics(f *testing.F) {
	f.Add("POST", "host:1", "a=1&b=%20", "ListChatGroupParticipants", "id", "secret", "token", "nonce", "x-acs-extra", "value", int64(1))
	f.Add("", "", "%zz&&==", "\x00", "", "", "", "", "", "", int64(-1<<62))
	f.Fuzz(func(t *testing.T, method, host, query, action, id, secret, token, nonce, header, value string, seconds int64) {
		in := &Input{
			Action: action, Version: "2020-06-06", Time: time.Unix(seconds, 0), Nonce: nonce,
			AccessKeyID: id, AccessKeySecret: secret, SecurityToken: token,
		}
		for _, sign := range signatures {
			req := &http.Request{
				Method: method, Host: host, URL: &url.URL{Scheme: "https", Host: host, Path: "/", RawQuery: query},
				Header: http.Header{header: {value}},
			}
			if sign(req, in) != nil {
				continue
			}
			once := *req.URL
			require.NoError(t, sign(req, in))
			assert.Equal(t, once.RawQuery, req.URL.RawQuery, "signing is stable")
		}
	})
}

func TestBothSignersGiveTheKnownAnswers(t *testing.T) {
	t.Parallel()
	vectors := readVectors(t)
	for _, v := range vectors.ACS3 {
		req := v.request(t)
		for range 2 { // signing again replaces the signature
			require.NoError(t, ACS3(req, v.input()), v.Name)
			sum := sha256.Sum256([]byte(canonicalOf(req, v.input(), emptySHA256)))
			assert.Equal(t, v.CanonicalRequestSHA256, hex.EncodeToString(sum[:]), v.Name)
			assert.Equal(t, v.Authorization, req.Header.Get("Authorization"), v.Name)
		}
		for name, value := range v.Query {
			assert.Equal(t, value, req.URL.Query().Get(name), v.Name)
		}
	}
	for _, v := range vectors.RPC {
		if v.Format != "json" {
			v.Query["Format"] = v.Format // the request's own Format stays
		}
		req := v.request(t)
		for range 2 {
			require.NoError(t, RPC(req, v.input()), v.Name)
			assert.Equal(t, []string{v.Signature}, req.URL.Query()["Signature"], v.Name)
		}
		assert.Empty(t, req.Header.Get("Authorization"), v.Name)
	}
}
