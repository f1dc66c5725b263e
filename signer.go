package cams

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/cams-go/cams/internal/percent"
)

// Signer signs one HTTP request in place.
//
// A Signer is pure: everything it needs is in its arguments, so the same
// arguments give the same signature, and it is safe for concurrent use. It may
// be applied again to a request that was signed before.
type Signer interface {
	Sign(req *http.Request, in SigningInput) error
}

// SigningInput is what a [Signer] needs beside the request.
type SigningInput struct {
	Action      string      // the operation, for instance "ListChatGroupParticipants"
	Version     string      // the API version, for instance "2020-06-06"
	Credentials Credentials // an AccessKey pair, temporary or not, or a bearer token
	Time        time.Time   // the signing time; the service refuses more than 15 minutes of difference
	Nonce       string      // unique a request; the service refuses a repeat (SignatureNonceUsed)
}

// validate refuses what would be signed but never accepted.
func (in *SigningInput) validate(req *http.Request) error {
	switch {
	case req == nil || req.URL == nil:
		return &ValidationError{Field: "req", Reason: "has no URL to sign"}
	case in.Action == "":
		return &ValidationError{Field: "SigningInput.Action", Reason: "is empty"}
	case in.Version == "":
		return &ValidationError{Field: "SigningInput.Version", Reason: "is empty"}
	case in.Nonce == "":
		return &ValidationError{Field: "SigningInput.Nonce", Reason: "is empty"}
	case in.Time.IsZero():
		return &ValidationError{Field: "SigningInput.Time", Reason: "is zero"}
	}
	return in.Credentials.validate()
}

// The signing time's format, in UTC, in both signatures.
const signingTimeLayout = "2006-01-02T15:04:05Z"

// The names of headers that signing sets, in net/http's canonical spelling.
const (
	headerAction        = "X-Acs-Action"
	headerVersion       = "X-Acs-Version"
	headerDate          = "X-Acs-Date"
	headerNonce         = "X-Acs-Signature-Nonce"
	headerContentSHA256 = "X-Acs-Content-Sha256"
	headerAccessKeyID   = "X-Acs-Accesskey-Id"
	headerSecurityToken = "X-Acs-Security-Token"
	headerBearerToken   = "X-Acs-Bearer-Token"
	headerAuthorization = "Authorization"
)

// ACS3Signer is Alibaba Cloud's signature V3, ACS3-HMAC-SHA256: the signature
// travels in the Authorization header and covers the method, the path, the
// query, the host, the body, Content-Type and all x-acs-* headers.
//
// With a bearer token it sets the token's header and SignatureType, and no
// Authorization. It rewrites the request's query in canonical order and
// encoding; what the query means stays as it is.
type ACS3Signer struct{}

const acs3Algorithm = "ACS3-HMAC-SHA256"

// Sign implements [Signer].
func (ACS3Signer) Sign(req *http.Request, in SigningInput) error {
	if err := in.validate(req); err != nil {
		return err
	}
	bodyHash, err := hashBody(req)
	if err != nil {
		return err
	}
	values := setACS3Headers(req, &in, bodyHash)
	req.URL.RawQuery = acs3Query(req.URL.RawQuery, in.Credentials.BearerToken != "")
	if in.Credentials.BearerToken != "" {
		return nil
	}

	var stack [8]param // what we send ourselves never needs more
	headers := appendSignedHeaders(stack[:0], req)
	var buf [1024]byte
	canonical := appendCanonicalRequest(buf[:0], req, headers, bodyHash)
	values[7] = acs3Authorization(canonical, headers, &in.Credentials)
	req.Header[headerAuthorization] = values[7:8:8]
	return nil
}

// acs3Query is the query in canonical form, with SignatureType for a bearer
// token and without it otherwise.
func acs3Query(raw string, bearer bool) string {
	const signatureType = "SignatureType"
	if !bearer && !strings.Contains(raw, signatureType) && isCanonical(raw) {
		return raw
	}
	query := parseQuery(raw, func(name string) bool { return name == signatureType })
	if bearer {
		query = append(query, param{signatureType, "BEARERTOKEN"})
	}
	return query.canonical()
}

// setACS3Headers replaces the headers that belong to a signature. One array
// holds all their values: one allocation instead of eight. The last is left for
// Authorization.
func setACS3Headers(req *http.Request, in *SigningInput, bodyHash string) *[8]string {
	if req.Header == nil {
		req.Header = make(http.Header, 12)
	}
	h := req.Header
	delete(h, headerAccessKeyID)
	delete(h, headerSecurityToken)
	delete(h, headerBearerToken)
	delete(h, headerAuthorization)

	values := &[8]string{in.Action, in.Version, in.Time.UTC().Format(signingTimeLayout), in.Nonce, bodyHash}
	h[headerAction] = values[0:1:1]
	h[headerVersion] = values[1:2:2]
	h[headerDate] = values[2:3:3]
	h[headerNonce] = values[3:4:4]
	h[headerContentSHA256] = values[4:5:5]
	switch {
	case in.Credentials.BearerToken != "":
		values[5] = in.Credentials.BearerToken
		h[headerBearerToken] = values[5:6:6]
	case in.Credentials.SecurityToken != "":
		values[5], values[6] = in.Credentials.AccessKeyID, in.Credentials.SecurityToken
		h[headerAccessKeyID] = values[5:6:6]
		h[headerSecurityToken] = values[6:7:7]
	}
	return values
}

// appendSignedHeaders appends the headers that the signature covers, as it
// covers them: lower-case names, sorted, with trimmed values.
func appendSignedHeaders(dst params, req *http.Request) params {
	dst = append(dst, param{"host", hostOf(req)})
	for key, values := range req.Header {
		name := signedHeaderName(key)
		if name == "" || len(values) == 0 {
			continue
		}
		value := strings.TrimSpace(values[0])
		if len(values) > 1 {
			all := make([]string, len(values))
			for i, v := range values {
				all[i] = strings.TrimSpace(v)
			}
			sort.Strings(all)
			value = strings.Join(all, ",")
		}
		dst = append(dst, param{name, value})
	}
	dst.sort()
	return dst
}

// signedHeaderName returns the lower-case name of a header that is signed, ""
// for every other. The switch spares an allocation for the ones we set.
func signedHeaderName(key string) string {
	switch key {
	case headerAction:
		return "x-acs-action"
	case headerVersion:
		return "x-acs-version"
	case headerDate:
		return "x-acs-date"
	case headerNonce:
		return "x-acs-signature-nonce"
	case headerContentSHA256:
		return "x-acs-content-sha256"
	case headerAccessKeyID:
		return "x-acs-accesskey-id"
	case headerSecurityToken:
		return "x-acs-security-token"
	}
	const prefix = "x-acs-"
	if len(key) > len(prefix) && strings.EqualFold(key[:len(prefix)], prefix) || strings.EqualFold(key, "content-type") {
		return strings.ToLower(key)
	}
	return ""
}

// appendCanonicalRequest appends the text that the signature is computed of.
func appendCanonicalRequest(dst []byte, req *http.Request, headers params, bodyHash string) []byte {
	dst = append(dst, methodOf(req)...)
	dst = append(dst, '\n')
	dst = append(dst, cmp.Or(req.URL.EscapedPath(), "/")...)
	dst = append(dst, '\n')
	dst = append(dst, req.URL.RawQuery...)
	dst = append(dst, '\n')
	for _, h := range headers {
		dst = append(dst, h.name...)
		dst = append(dst, ':')
		dst = append(dst, h.value...)
		dst = append(dst, '\n')
	}
	dst = append(dst, '\n')
	dst = appendHeaderNames(dst, headers)
	dst = append(dst, '\n')
	return append(dst, bodyHash...)
}

func appendHeaderNames(dst []byte, headers params) []byte {
	for i, h := range headers {
		if i > 0 {
			dst = append(dst, ';')
		}
		dst = append(dst, h.name...)
	}
	return dst
}

// acs3Authorization returns the value of the Authorization header.
func acs3Authorization(canonical []byte, headers params, creds *Credentials) string {
	canonicalHash := sha256.Sum256(canonical)
	var buf [512]byte
	toSign := append(buf[:0], acs3Algorithm+"\n"...)
	toSign = hex.AppendEncode(toSign, canonicalHash[:])
	signature := hmacSHA256(creds.AccessKeySecret, toSign)

	auth := append(buf[:0], acs3Algorithm+" Credential="...)
	auth = append(auth, creds.AccessKeyID...)
	auth = append(auth, ",SignedHeaders="...)
	auth = appendHeaderNames(auth, headers)
	auth = append(auth, ",Signature="...)
	return string(hex.AppendEncode(auth, signature[:]))
}

// hmacSHA256 is RFC 2104 in two calls of sha256.Sum256, on the stack: hmac.New
// would make half of a signature's allocations. A test holds it to crypto/hmac.
func hmacSHA256(key string, message []byte) [sha256.Size]byte {
	var pad [sha256.BlockSize]byte
	if len(key) > len(pad) {
		hashed := sha256.Sum256([]byte(key))
		copy(pad[:], hashed[:])
	} else {
		copy(pad[:], key)
	}
	for i := range pad {
		pad[i] ^= 0x36
	}
	var buf [256]byte
	inner := sha256.Sum256(append(append(buf[:0], pad[:]...), message...))
	for i := range pad {
		pad[i] ^= 0x36 ^ 0x5c
	}
	return sha256.Sum256(append(append(buf[:0], pad[:]...), inner[:]...))
}

// RPCSigner is Alibaba Cloud's older RPC signature, SignatureVersion 1.0 with
// HMAC-SHA1: everything travels in the query, the signature too. It signs the
// method and the query, not the body.
//
// With a bearer token the query carries BearerToken and SignatureType, and no
// signature. The answer's format is json unless the query already asks for
// another Format.
type RPCSigner struct{}

// Sign implements [Signer].
func (RPCSigner) Sign(req *http.Request, in SigningInput) error {
	if err := in.validate(req); err != nil {
		return err
	}
	if req.Header == nil {
		req.Header = make(http.Header, 4)
	}
	req.Header[headerAction] = []string{in.Action}
	req.Header[headerVersion] = []string{in.Version}

	query := rpcQuery(req, &in)
	canonical := query.appendCanonical(nil)
	if in.Credentials.BearerToken == "" {
		signature := rpcSignature(methodOf(req), canonical, in.Credentials.AccessKeySecret)
		canonical = append(canonical, "&Signature="...)
		canonical = percent.Append(canonical, signature)
	}
	req.URL.RawQuery = string(canonical)
	return nil
}

// rpcQuery is the request's own parameters and the signature's, without Signature.
func rpcQuery(req *http.Request, in *SigningInput) params {
	query := parseQuery(req.URL.RawQuery, func(name string) bool {
		switch name { // of an earlier signature
		case "Action", "Version", "Timestamp", "SignatureNonce", "AccessKeyId", "SecurityToken",
			"SignatureMethod", "SignatureVersion", "Signature", "BearerToken", "SignatureType":
			return true
		}
		return false
	})
	if !slices.ContainsFunc(query, func(p param) bool { return p.name == "Format" }) {
		query = append(query, param{"Format", "json"})
	}
	query = append(query,
		param{"Action", in.Action},
		param{"Version", in.Version},
		param{"Timestamp", in.Time.UTC().Format(signingTimeLayout)},
		param{"SignatureNonce", in.Nonce},
	)
	if in.Credentials.BearerToken != "" {
		return append(query,
			param{"BearerToken", in.Credentials.BearerToken},
			param{"SignatureType", "BEARERTOKEN"})
	}
	if in.Credentials.SecurityToken != "" {
		query = append(query, param{"SecurityToken", in.Credentials.SecurityToken})
	}
	return append(query,
		param{"AccessKeyId", in.Credentials.AccessKeyID},
		param{"SignatureMethod", "HMAC-SHA1"},
		param{"SignatureVersion", "1.0"})
}

func rpcSignature(method string, canonicalQuery []byte, secret string) string {
	toSign := make([]byte, 0, len(method)+8+2*len(canonicalQuery))
	toSign = append(toSign, method...)
	toSign = append(toSign, "&%2F&"...)
	toSign = percent.AppendBytes(toSign, canonicalQuery)
	mac := hmac.New(sha1.New, []byte(secret+"&"))
	mac.Write(toSign)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// emptySHA256 is the hash of an empty body: what this API's requests have.
const emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// hashBody returns the body's hash in hexadecimal and leaves the body readable.
func hashBody(req *http.Request) (string, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return emptySHA256, nil
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return "", &ValidationError{Field: "req.Body", Reason: "cannot be read for signing", err: err}
	}
	if err := req.Body.Close(); err != nil {
		return "", &ValidationError{Field: "req.Body", Reason: "cannot be closed after signing", err: err}
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:]), nil
}

func methodOf(req *http.Request) string { return cmp.Or(req.Method, http.MethodGet) }
func hostOf(req *http.Request) string   { return cmp.Or(req.Host, req.URL.Host) }
