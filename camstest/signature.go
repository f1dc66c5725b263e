package camstest

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	timeWindow = 15 * time.Minute // the largest difference between a request's date and the server's clock
	timeLayout = "2006-01-02T15:04:05Z"
)

// claim is what a request says about its sender and its signature. It comes from the headers of an ACS3 request or from
// the parameters of an RPC request. After that, both are checked in the same way.
type claim struct {
	accessKeyID, securityToken string
	bearerToken                string // used instead of a key; then there is no signature
	date, nonce                string
	signature, stringToSign    string
	canonical                  string // the canonical request of ACS3; stringToSign has its hash
	sign                       func(secret, stringToSign string) string
}

// authenticate returns who sent a request, or why the request is refused.
func (s *Server) authenticate(c *call, now time.Time) (claim, *refusal) {
	read := readACS3
	if c.isRPC() {
		read = readRPC
	}
	cl, bad := read(c)
	if bad != nil {
		return claim{}, bad
	}

	date, err := time.Parse(timeLayout, cl.date)
	if err != nil || date.Format(timeLayout) != cl.date { // Parse alone would accept fractions of a second
		return claim{}, wrongDate
	}
	if now.Sub(date).Abs() > timeWindow {
		return claim{}, staleDate
	}
	if bad := s.checkCredentials(cl); bad != nil {
		return claim{}, bad
	}

	// Last, so that only an authenticated request can use up a nonce.
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.nonces.use(nonceKey{cl.accessKeyID, cl.bearerToken, cl.nonce}, now, date) {
		return claim{}, repeatedNonce
	}
	return cl, nil
}

func (s *Server) checkCredentials(cl claim) *refusal {
	s.mu.Lock()
	bearerKnown := s.bearers[cl.bearerToken]
	tokens := s.secrets[cl.accessKeyID]
	keyKnown := len(tokens) > 0
	secret, tokenKnown := tokens[cl.securityToken]
	s.mu.Unlock()

	switch {
	case cl.bearerToken != "" && bearerKnown:
		return nil
	case cl.bearerToken != "":
		return wrongToken
	case !keyKnown:
		return unknownKey
	case !tokenKnown && cl.securityToken == "":
		return missingToken
	case !tokenKnown:
		return wrongToken
	case !hmac.Equal([]byte(cl.signature), []byte(cl.sign(secret, cl.stringToSign))):
		return unequal(cl)
	}
	return nil
}

// isBearer reports whether a request uses a bearer token. With both signatures a parameter says so.
func (c *call) isBearer() bool { return c.parameters.Get("SignatureType") == "BEARERTOKEN" }

// Signature V3: ACS3-HMAC-SHA256, in the headers.

// acs3Headers are required in every request, and signed unless there is a bearer token.
var acs3Headers = []string{
	"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version",
}

func readACS3(c *call) (claim, *refusal) {
	for _, name := range acs3Headers {
		if c.signedValue(name) == "" {
			return claim{}, incomplete(name + " is missing")
		}
	}
	cl := claim{
		securityToken: c.header.Get("X-Acs-Security-Token"),
		date:          c.header.Get("X-Acs-Date"),
		nonce:         c.header.Get("X-Acs-Signature-Nonce"),
		sign:          acs3Signature,
	}
	if c.isBearer() {
		cl.bearerToken = c.header.Get("X-Acs-Bearer-Token")
		if cl.bearerToken == "" {
			return claim{}, incomplete("x-acs-bearer-token is missing")
		}
	} else {
		names, ok := cl.readAuthorization(c.header.Get("Authorization"))
		if !ok {
			return claim{}, incomplete("Authorization is missing or garbled")
		}
		if bad := c.checkSignedNames(names, cl); bad != nil {
			return claim{}, bad
		}
		cl.canonical = c.canonicalRequest(names)
		cl.stringToSign = "ACS3-HMAC-SHA256\n" + hexSHA256([]byte(cl.canonical))
	}
	if c.header.Get("X-Acs-Content-Sha256") != hexSHA256(c.body) {
		return claim{}, unequal(cl)
	}
	return cl, nil
}

// readAuthorization parses "ACS3-HMAC-SHA256 Credential=<id>,SignedHeaders=<names>,Signature=<hex>".
func (cl *claim) readAuthorization(value string) (names []string, ok bool) {
	parts := strings.Split(value, ",")
	if len(parts) != 3 {
		return nil, false
	}
	id, okID := strings.CutPrefix(parts[0], "ACS3-HMAC-SHA256 Credential=")
	list, okNames := strings.CutPrefix(parts[1], "SignedHeaders=")
	signature, okSignature := strings.CutPrefix(parts[2], "Signature=")
	cl.accessKeyID, cl.signature = id, signature
	return strings.Split(list, ";"), okID && okNames && okSignature
}

// checkSignedNames returns a refusal if a header that must be signed is not, or if a signed header is missing.
func (c *call) checkSignedNames(names []string, cl claim) *refusal {
	for i, name := range names {
		if name != strings.ToLower(name) || i > 0 && names[i-1] >= name {
			return incomplete("SignedHeaders must be in lower case, sorted, each once")
		}
		if name != "host" && len(c.header.Values(name)) == 0 {
			return incomplete("SignedHeaders names a header that is not there")
		}
	}
	must := slices.Clone(acs3Headers)
	for name := range c.header {
		if !isToken(name) {
			continue // net/http never sends it
		}
		name = strings.ToLower(name)
		if name == "content-type" || strings.HasPrefix(name, "x-acs-") {
			must = append(must, name)
		}
	}
	for _, name := range must {
		if !slices.Contains(names, name) {
			return incomplete(name + " is not signed")
		}
	}
	if id := c.header.Get("X-Acs-Accesskey-Id"); id != "" && id != cl.accessKeyID {
		return incomplete("x-acs-accesskey-id is not the key of the Credential")
	}
	return nil
}

// canonicalRequest returns the canonical form of the request, which is signed.
func (c *call) canonicalRequest(names []string) string {
	var headers strings.Builder
	for _, name := range names {
		headers.WriteString(name + ":" + c.signedValue(name) + "\n")
	}
	return strings.Join([]string{
		c.method, c.path, canonicalQuery(c.query), headers.String(), strings.Join(names, ";"), hexSHA256(c.body),
	}, "\n")
}

// signedValue returns a header's value as it is signed. If there are several values, they are sorted and joined. Host is
// separate, because a server receives it apart from the other headers.
func (c *call) signedValue(name string) string {
	if name == "host" {
		return c.host
	}
	values := slices.Clone(c.header.Values(name))
	for i := range values {
		values[i] = strings.TrimSpace(values[i])
	}
	slices.Sort(values)
	return strings.Join(values, ",")
}

func acs3Signature(secret, stringToSign string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stringToSign))
	return hex.EncodeToString(mac.Sum(nil))
}

// The older RPC signature: SignatureVersion 1.0, HMAC-SHA1, in the query, in a form, or in both.

func readRPC(c *call) (claim, *refusal) {
	must := []string{"AccessKeyId", "Signature", "SignatureMethod", "SignatureNonce", "SignatureVersion", "Timestamp"}
	if c.isBearer() {
		must = []string{"BearerToken", "SignatureNonce", "Timestamp"}
	}
	for _, name := range must {
		if c.parameters.Get(name) == "" {
			return claim{}, incomplete(name + " is missing")
		}
	}
	cl := claim{date: c.parameters.Get("Timestamp"), nonce: c.parameters.Get("SignatureNonce")}
	if c.isBearer() {
		cl.bearerToken = c.parameters.Get("BearerToken")
		return cl, nil
	}
	if c.parameters.Get("SignatureMethod") != "HMAC-SHA1" || c.parameters.Get("SignatureVersion") != "1.0" {
		return claim{}, incomplete("SignatureMethod must be HMAC-SHA1, SignatureVersion 1.0")
	}
	cl.accessKeyID = c.parameters.Get("AccessKeyId")
	cl.securityToken = c.parameters.Get("SecurityToken")
	cl.signature = c.parameters.Get("Signature")
	cl.stringToSign = c.rpcStringToSign()
	cl.sign = rpcSignature
	return cl, nil
}

// rpcStringToSign returns the text to sign, made of all parameters except the signature.
func (c *call) rpcStringToSign() string {
	signed := make(url.Values, len(c.parameters))
	for name, values := range c.parameters {
		if name != "Signature" {
			signed[name] = values
		}
	}
	return c.method + "&%2F&" + percentEncode(canonicalQuery(signed))
}

func rpcSignature(secret, stringToSign string) string {
	mac := hmac.New(sha1.New, []byte(secret+"&"))
	mac.Write([]byte(stringToSign))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Helpers for both signatures.

// canonicalQuery returns the parameters sorted by name, encoded by RFC 3986.
func canonicalQuery(query url.Values) string {
	// Encode sorts by name and keeps "k=" for an empty value. It differs only in writing a space as "+".
	return strings.ReplaceAll(query.Encode(), "+", "%20")
}

// percentEncode encodes by RFC 3986: every byte except A-Z a-z 0-9 - _ . ~ becomes %XX in upper case.
func percentEncode(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// nonceMemory remembers used nonces as long as a request with one of them could have a valid date.
type nonceMemory struct {
	until map[nonceKey]time.Time
	swept time.Time // when old nonces were last removed
}

// nonceKey is a nonce of one sender: an AccessKey or a bearer token.
type nonceKey struct{ accessKeyID, bearerToken, nonce string }

// use reports whether the nonce is new, and remembers it.
func (m *nonceMemory) use(key nonceKey, now, date time.Time) bool {
	// Once per window is often enough to limit the memory, and rare enough to cost little.
	if now.Sub(m.swept).Abs() > timeWindow {
		for k, until := range m.until {
			if now.After(until) {
				delete(m.until, k)
			}
		}
		m.swept = now
	}
	if until, used := m.until[key]; used && !now.After(until) {
		return false
	}
	if date.Before(now) {
		date = now // the nonce may be used again with a newer date
	}
	m.until[key] = date.Add(timeWindow)
	return true
}
