package camstest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type vector struct {
	Name                   string
	Method, Host           string
	Action, Version        string
	Time, Nonce            string
	AccessKeyID            string `json:"access_key_id"`
	AccessKeySecret        string `json:"access_key_secret"`
	SecurityToken          string `json:"security_token"`
	Query                  map[string]string
	Format                 string
	CanonicalRequestSHA256 string `json:"canonical_request_sha256"`
	Authorization          string
	Signature              string
}

// request is the vector as it would be sent.
func (v vector) request(t *testing.T) *http.Request {
	t.Helper()
	query := url.Values{}
	for name, value := range v.Query {
		query.Set(name, value)
	}
	header := http.Header{}
	if v.Authorization != "" {
		for name, value := range map[string]string{
			"x-acs-action":          v.Action,
			"x-acs-version":         v.Version,
			"x-acs-date":            v.Time,
			"x-acs-signature-nonce": v.Nonce,
			"x-acs-content-sha256":  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
			"Authorization":         v.Authorization,
		} {
			header.Set(name, value)
		}
		if v.SecurityToken != "" {
			header.Set("x-acs-accesskey-id", v.AccessKeyID)
			header.Set("x-acs-security-token", v.SecurityToken)
		}
	} else {
		for name, value := range map[string]string{
			"Action": v.Action, "Version": v.Version, "Format": v.Format, "AccessKeyId": v.AccessKeyID,
			"SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0", "SignatureNonce": v.Nonce,
			"Timestamp": v.Time, "Signature": v.Signature,
		} {
			query.Set(name, value)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), v.Method, "https://"+v.Host+"/?"+query.Encode(), nil)
	require.NoError(t, err)
	r.Header = header
	return r
}

func (v vector) call(t *testing.T) *call {
	t.Helper()
	r := v.request(t)
	c, err := readCall(r.Method, r.URL.Host, r.URL, r.Header, http.NoBody)
	require.NoError(t, err)
	return c
}

func vectors(t *testing.T) (acs3, rpc []vector) {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	require.NoError(t, err)
	var file struct{ ACS3, RPC []vector }
	require.NoError(t, json.Unmarshal(text, &file))
	require.Len(t, file.ACS3, 3)
	require.Len(t, file.RPC, 2)
	return file.ACS3, file.RPC
}

func TestACS3SignatureIsThatOfThePublishedVectors(t *testing.T) {
	t.Parallel()
	acs3, _ := vectors(t)
	for _, v := range acs3 {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			c := v.call(t)
			var cl claim
			names, ok := cl.readAuthorization(v.Authorization)
			require.True(t, ok)
			assert.Equal(t, v.CanonicalRequestSHA256, hexSHA256([]byte(c.canonicalRequest(names))))

			cl, bad := readACS3(c)
			require.Nil(t, bad)
			assert.Equal(t, v.AccessKeyID, cl.accessKeyID)
			assert.Equal(t, v.SecurityToken, cl.securityToken)
			assert.Equal(t, "ACS3-HMAC-SHA256\n"+v.CanonicalRequestSHA256, cl.stringToSign)
			assert.Equal(t, cl.signature, cl.sign(v.AccessKeySecret, cl.stringToSign))
			assert.True(t, strings.HasSuffix(v.Authorization, "Signature="+cl.signature))
		})
	}
}

func TestRPCSignatureIsThatOfThePublishedVectors(t *testing.T) {
	t.Parallel()
	_, rpc := vectors(t)
	for _, v := range rpc {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			cl, bad := readRPC(v.call(t))
			require.Nil(t, bad)
			assert.Equal(t, v.AccessKeyID, cl.accessKeyID)
			assert.Equal(t, v.Signature, cl.signature)
			assert.Equal(t, v.Signature, cl.sign(v.AccessKeySecret, cl.stringToSign))
		})
	}
}

// All five are known to be right, so all five must pass authentication; those of this service get their list, too.
func TestVectorsAreAccepted(t *testing.T) {
	t.Parallel()
	acs3, rpc := vectors(t)
	for _, v := range append(acs3, rpc...) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			at, err := time.Parse(time.RFC3339, v.Time)
			require.NoError(t, err)
			newVectorServer := func(secret string) *Server {
				s := NewServer()
				s.SetClock(func() time.Time { return at })
				s.AddAccessKey(v.AccessKeyID, secret, v.SecurityToken)
				s.AddGroup(Group{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939xyz", Participants: numbers(3)})
				return s
			}
			who, bad := newVectorServer(v.AccessKeySecret).authenticate(v.call(t), at)
			assert.Nil(t, bad)
			assert.Equal(t, v.AccessKeyID, who.accessKeyID)
			_, bad = newVectorServer("another").authenticate(v.call(t), at)
			assert.Equal(t, "SignatureDoesNotMatch", bad.code)

			a := inMemory(newVectorServer(v.AccessKeySecret)).send(t, v.request(t))
			if v.Action == "ListChatGroupParticipants" {
				assert.Equal(t, "OK", a.body.Code)
				assert.Len(t, a.body.Data.List, 3)
			} else {
				assert.Equal(t, "InvalidAction.NotFound", a.body.Code)
			}
		})
	}
}

func TestAWrongSignatureIsToldWhatTheServerSigned(t *testing.T) {
	t.Parallel()
	s := newServer(1)
	c := caller{keyID: "temporary-id", secret: "guess", token: "token/+=abc", nonce: "once"}

	message := inMemory(s).call(t, c).body.Message
	before, canonical, found := strings.Cut(message, ", server canonicalString is:")
	require.True(t, found, message)
	assert.Equal(t, "Specified signature is not matched with our calculation. server string to sign is:ACS3-HMAC-SHA256\n"+sha(canonical), before)
	assert.True(t, strings.HasPrefix(canonical, "POST\n/\nBusinessNumber="+business+"&"), "phone numbers are repeated")
	assert.Contains(t, canonical, "\nx-acs-security-token:token/+=abc\n", "and tokens")

	c.rpc = true
	message = inMemory(s).call(t, c).body.Message
	assert.True(t, strings.HasPrefix(message, "Specified signature is not matched with our calculation. server string to sign is:POST&%2F&AccessKeyId%3Dtemporary-id%26Action%3D"), message)
	assert.Contains(t, message, "%26BusinessNumber%3D"+business+"%26", "phone numbers are repeated")
	assert.Contains(t, message, "%26SecurityToken%3Dtoken%252F%252B%253Dabc%26", "and tokens")
	assert.NotContains(t, message, "canonicalString")
}

func TestHeaderNamesThatHTTPDoesNotAllowNeedNoSignature(t *testing.T) {
	t.Parallel()
	f := inMemory(newServer(1))
	for _, name := range []string{"x-acs-a/b", "X-Acs-A/B", "x-acs-a;b", "x-acs-a b", "x-acs-é", "content-type "} {
		set := func(r *http.Request) { r.Header[name] = []string{"1"} }
		assert.Equal(t, "OK", f.call(t, caller{after: set}).body.Code, "%q, unsigned", name)
		if !strings.Contains(name, ";") { // which no list of signed names can hold
			assert.Equal(t, "OK", f.call(t, caller{before: set}).body.Code, "%q, signed if it looks like one that must be", name)
		}
	}
}

func TestNonceIsRememberedPerKeyAndForTheWindowOnly(t *testing.T) {
	t.Parallel()
	start := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	key := nonceKey{accessKeyID: "a", nonce: "n"}
	newMemory := func() *nonceMemory { return &nonceMemory{until: make(map[nonceKey]time.Time)} }

	t.Run("a second use is refused until the window is over", func(t *testing.T) {
		t.Parallel()
		m := newMemory()
		assert.True(t, m.use(key, start, start))
		assert.False(t, m.use(key, start, start))
		assert.False(t, m.use(key, start.Add(timeWindow), start.Add(timeWindow)))
		assert.True(t, m.use(key, start.Add(timeWindow+time.Second), start.Add(timeWindow)))
	})
	t.Run("a date ahead of the clock is remembered longer", func(t *testing.T) {
		t.Parallel()
		m := newMemory()
		ahead := start.Add(10 * time.Minute)
		assert.True(t, m.use(key, start, ahead))
		assert.False(t, m.use(key, start.Add(20*time.Minute), ahead))
		assert.True(t, m.use(key, start.Add(26*time.Minute), start.Add(26*time.Minute)))
	})
	t.Run("a date behind the clock is not forgotten sooner", func(t *testing.T) {
		t.Parallel()
		m := newMemory()
		assert.True(t, m.use(key, start, start.Add(-14*time.Minute)))
		assert.False(t, m.use(key, start.Add(2*time.Minute), start.Add(2*time.Minute)))
	})
	t.Run("another key, or a bearer token, may use it", func(t *testing.T) {
		t.Parallel()
		m := newMemory()
		assert.True(t, m.use(key, start, start))
		assert.True(t, m.use(nonceKey{accessKeyID: "b", nonce: "n"}, start, start))
		assert.True(t, m.use(nonceKey{bearerToken: "a", nonce: "n"}, start, start))
	})
}

func TestNonceMemoryIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	s := newServer(1)
	s.SetClock(func() time.Time { return now })
	f := inMemory(s)
	most := 0
	for range 500 { // a request a minute for eight hours
		now = now.Add(time.Minute)
		a := f.call(t, caller{date: now.Format(timeLayout)})
		require.Equal(t, "OK", a.body.Code)
		most = max(most, len(s.nonces.until))
	}
	assert.LessOrEqual(t, most, 33, "no more than two windows of nonces")
}
