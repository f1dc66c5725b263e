package camstest

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sort"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The little client of these tests. It writes its own canonical forms, so that it shares no code with the checker.

const (
	business = "8613800000000"
	space    = "cams-k001"
	groupID  = "EA939 +*~/&=%中文🙂" // what percent-encoding can get wrong
)

// caller describes one request; its zero fields mean a good one.
type caller struct {
	rpc                   bool
	method, path          string
	action, version       string
	keyID, secret         string
	token, bearer         string
	date, nonce           string
	body, contentType     string
	set                   map[string]string // parameters to set
	drop                  []string          // parameters to leave out
	inForm                []string          // parameters to send in a form; "*" for all
	before, after         func(*http.Request)
	unsigned, alsoSigned  string // a header name to leave out of, or add to, the signed names
	authorizationTemplate string
}

var nonceCount atomic.Int64

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

func encode(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func encodeAll(parameters map[string]string) string {
	var pairs []string
	for name, value := range parameters {
		pairs = append(pairs, encode(name)+"="+encode(value))
	}
	sort.Strings(pairs)
	return strings.Join(pairs, "&")
}

func sha(b string) string { h := sha256.Sum256([]byte(b)); return hex.EncodeToString(h[:]) }

// split takes the parameters out of query that go into a form.
func (c caller) split(query map[string]string) (form map[string]string) {
	form = map[string]string{}
	for name, value := range query {
		if slices.Contains(c.inForm, name) || slices.Contains(c.inForm, "*") {
			form[name] = value
			delete(query, name)
		}
	}
	return form
}

func (c caller) request(t *testing.T, base string) *http.Request {
	t.Helper()
	method := or(c.method, http.MethodPost)
	if len(c.inForm) > 0 {
		c.contentType = or(c.contentType, "application/x-www-form-urlencoded")
	}
	r, err := http.NewRequestWithContext(t.Context(), method, base+or(c.path, "/"), strings.NewReader(c.body))
	require.NoError(t, err)
	if c.contentType != "" {
		r.Header.Set("Content-Type", c.contentType)
	}
	query := map[string]string{
		"BusinessNumber": business, "CustSpaceId": space, "GroupId": groupID,
	}
	for k, v := range c.set {
		query[k] = v
	}
	for _, k := range c.drop {
		delete(query, k)
	}
	date := or(c.date, time.Now().UTC().Format("2006-01-02T15:04:05Z"))
	nonce := or(c.nonce, fmt.Sprintf("nonce-%d", nonceCount.Add(1)))
	action, version := or(c.action, "ListChatGroupParticipants"), or(c.version, "2020-06-06")
	keyID, secret := or(c.keyID, AccessKeyID), or(c.secret, AccessKeySecret)
	if c.bearer != "" {
		query["SignatureType"] = "BEARERTOKEN"
	}

	if c.rpc {
		common := map[string]string{"Action": action, "Version": version, "Timestamp": date, "SignatureNonce": nonce}
		if c.bearer != "" {
			common["BearerToken"] = c.bearer
		} else {
			common["AccessKeyId"], common["SignatureMethod"], common["SignatureVersion"] = keyID, "HMAC-SHA1", "1.0"
		}
		common["Format"] = "json"
		if c.token != "" {
			common["SecurityToken"] = c.token
		}
		for k, v := range common {
			if _, given := c.set[k]; !given {
				query[k] = v
			}
		}
		for _, k := range c.drop {
			delete(query, k)
		}
		if c.bearer == "" {
			mac := hmac.New(sha1.New, []byte(secret+"&"))
			mac.Write([]byte(method + "&%2F&" + encode(encodeAll(query))))
			query["Signature"] = base64.StdEncoding.EncodeToString(mac.Sum(nil))
			for _, k := range c.drop {
				delete(query, k)
			}
		}
		if len(c.inForm) > 0 {
			setBody(r, encodeAll(c.split(query)))
		}
		r.URL.RawQuery = encodeAll(query)
		if c.after != nil {
			c.after(r)
		}
		return r
	}

	if len(c.inForm) > 0 {
		c.body = encodeAll(c.split(query))
		setBody(r, c.body)
	}
	r.URL.RawQuery = encodeAll(query)
	r.Header.Set("X-Acs-Action", action)
	r.Header.Set("X-Acs-Version", version)
	r.Header.Set("X-Acs-Date", date)
	r.Header.Set("X-Acs-Signature-Nonce", nonce)
	r.Header.Set("X-Acs-Content-Sha256", sha(c.body))
	if c.token != "" {
		r.Header.Set("X-Acs-Accesskey-Id", keyID)
		r.Header.Set("X-Acs-Security-Token", c.token)
	}
	if c.before != nil {
		c.before(r)
	}
	if c.bearer != "" {
		r.Header.Set("X-Acs-Bearer-Token", c.bearer)
	} else {
		values := map[string]string{"host": r.URL.Host}
		for k, v := range r.Header {
			k = strings.ToLower(k)
			if k == "content-type" || strings.HasPrefix(k, "x-acs-") {
				values[k] = strings.TrimSpace(strings.Join(v, ","))
			}
		}
		if c.alsoSigned != "" {
			values[c.alsoSigned] = ""
		}
		delete(values, c.unsigned)
		var names []string
		for k := range values {
			names = append(names, k)
		}
		sort.Strings(names)
		var headers strings.Builder
		for _, k := range names {
			headers.WriteString(k + ":" + values[k] + "\n")
		}
		signed := strings.Join(names, ";")
		canonical := strings.Join([]string{method, or(c.path, "/"), r.URL.RawQuery, headers.String(), signed, sha(c.body)}, "\n")
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte("ACS3-HMAC-SHA256\n" + sha(canonical)))
		template := or(c.authorizationTemplate, "ACS3-HMAC-SHA256 Credential=%[1]s,SignedHeaders=%[2]s,Signature=%[3]s")
		r.Header.Set("Authorization", fmt.Sprintf(template, keyID, signed, hex.EncodeToString(mac.Sum(nil))))
	}
	if c.after != nil {
		c.after(r)
	}
	return r
}

func setBody(r *http.Request, body string) {
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
}

// face is one of the two ways to reach a server.
type face struct {
	name   string
	client *http.Client
	base   string
}

func faces(t *testing.T, s *Server) []face {
	t.Helper()
	overTCP := httptest.NewServer(s)
	t.Cleanup(overTCP.Close)
	return []face{
		{"over TCP", overTCP.Client(), overTCP.URL},
		inMemory(s),
	}
}

func inMemory(s *Server) face {
	return face{"in memory", &http.Client{Transport: s}, "https://cams.ap-southeast-1.aliyuncs.com"}
}

// answered is an answer, of either kind.
type answered struct {
	*http.Response
	text string
	body struct {
		RequestID          string `json:"RequestId"`
		HostID             string `json:"HostId"`
		Code               string
		Message            string
		Recommend          string
		AccessDeniedDetail string
		Success            bool
		UniqueCode         string
		InviteLink         string
		Result             *int
		Data               *struct {
			Total int
			List  []listed
		}
	}
}

// listed is an element of either list.
type listed struct {
	chatGroup
	ParticipantNumber string
}

func (f face) send(t *testing.T, r *http.Request) answered {
	t.Helper()
	resp, err := f.client.Do(r)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	a := answered{Response: resp, text: string(text)}
	if len(text) > 0 && text[0] == '{' {
		require.NoError(t, json.Unmarshal(text, &a.body))
	}
	return a
}

func (f face) call(t *testing.T, c caller) answered {
	t.Helper()
	return f.send(t, c.request(t, f.base))
}

func numbers(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("86138%08d", i)
	}
	return list
}

// newServer has one group of n members, a temporary key and a bearer token.
func newServer(n int) *Server {
	s := NewServer()
	s.AddGroup(Group{BusinessNumber: business, CustSpaceID: space, GroupID: groupID, Participants: numbers(n)})
	s.AddAccessKey("temporary-id", "temporary-secret", "token/+=abc")
	s.AddBearerToken("bearer/+=abc")
	return s
}

func editQuery(edit func(url.Values)) func(*http.Request) {
	return func(r *http.Request) {
		q := r.URL.Query()
		edit(q)
		r.URL.RawQuery = q.Encode()
	}
}
