package cams

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"io"
	"net/http"
	"sort"
	"strings"
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
	var stack [8]param // what we send ourselves never needs more
	headers := setACS3Headers(stack[:0], req, &in, bodyHash)
	req.URL.RawQuery = acs3Query(req.URL.RawQuery, in.Credentials.BearerToken != "")
	if in.Credentials.BearerToken != "" {
		delete(req.Header, headerAuthorization)
		req.Header[headerBearerToken] = []string{in.Credentials.BearerToken}
		return nil
	}
	var nameBuf [256]byte
	names := appendHeaderNames(nameBuf[:0], headers)
	var buf [1024]byte
	canonical := appendCanonicalRequest(buf[:0], req, headers, names, bodyHash)
	req.Header[headerAuthorization] = []string{acs3Authorization(canonical, names, &in.Credentials)}
	return nil
}

// acs3Query is the query in canonical form, with SignatureType for a bearer
// token and without it otherwise.
func acs3Query(raw string, bearer bool) string {
	const signatureType = "SignatureType"
	if !bearer && isCanonical(raw, signatureType) {
		return raw
	}
	query := parseQuery(raw, func(name string) bool { return name == signatureType })
	if bearer {
		query = append(query, param{signatureType, "BEARERTOKEN"})
	}
	return query.canonical()
}

// acs3Headers are the headers that the signature adds and covers, sorted by the
// name that it covers them under.
var acs3Headers = [...]struct{ key, name string }{
	{headerAccessKeyID, "x-acs-accesskey-id"},
	{headerAction, "x-acs-action"},
	{headerContentSHA256, "x-acs-content-sha256"},
	{headerDate, "x-acs-date"},
	{headerSecurityToken, "x-acs-security-token"},
	{headerNonce, "x-acs-signature-nonce"},
	{headerVersion, "x-acs-version"},
}

// setACS3Headers replaces the headers of an earlier signature; it appends all
// that the new one covers, sorted.
func setACS3Headers(dst params, req *http.Request, in *SigningInput, bodyHash string) params {
	if req.Header == nil {
		req.Header = make(http.Header, 12)
	}
	delete(req.Header, headerBearerToken)
	for _, header := range acs3Headers {
		delete(req.Header, header.key)
	}
	others := otherHeaders(req.Header) // while there is none of ours
	accessKeyID := in.Credentials.AccessKeyID
	if in.Credentials.SecurityToken == "" {
		accessKeyID = "" // Authorization has it
	}
	// In the order of acs3Headers; one array is one allocation.
	values := &[len(acs3Headers)]string{accessKeyID, in.Action, bodyHash, timestamp(in.Time),
		in.Credentials.SecurityToken, in.Nonce, in.Version}

	dst = append(dst, param{"host", hostOf(req)})
	for i, header := range acs3Headers {
		if values[i] != "" {
			req.Header[header.key] = values[i : i+1 : i+1]
			dst = append(dst, param{header.name, strings.TrimSpace(values[i])})
		}
	}
	if len(others) > 0 {
		dst = append(dst, others...)
		dst.sort()
	}
	return dst
}

// otherHeaders is what the signature covers of headers that it does not add.
func otherHeaders(h http.Header) (covered params) {
	for key, values := range h {
		if !isCovered(key) || len(values) == 0 {
			continue
		}
		trimmed := make([]string, len(values))
		for i, value := range values {
			trimmed[i] = strings.TrimSpace(value)
		}
		sort.Strings(trimmed)
		covered = append(covered, param{strings.ToLower(key), strings.Join(trimmed, ",")})
	}
	return covered
}

// isCovered reports whether the signature covers a header of this name.
func isCovered(key string) bool {
	const prefix = "x-acs-"
	return len(key) > len(prefix) && strings.EqualFold(key[:len(prefix)], prefix) || strings.EqualFold(key, "content-type")
}

// appendCanonicalRequest appends the text that the signature is computed of.
func appendCanonicalRequest(dst []byte, req *http.Request, headers params, names []byte, bodyHash string) []byte {
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
	dst = append(dst, names...)
	dst = append(dst, '\n')
	return append(dst, bodyHash...)
}

// appendHeaderNames appends the names as SignedHeaders lists them.
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
func acs3Authorization(canonical, names []byte, creds *Credentials) string {
	canonicalHash := sha256.Sum256(canonical)
	var buf [512]byte
	toSign := append(buf[:0], acs3Algorithm+"\n"...)
	toSign = hex.AppendEncode(toSign, canonicalHash[:])
	signature := hmacSHA256(creds.AccessKeySecret, toSign)

	auth := append(buf[:0], acs3Algorithm+" Credential="...)
	auth = append(auth, creds.AccessKeyID...)
	auth = append(auth, ",SignedHeaders="...)
	auth = append(auth, names...)
	auth = append(auth, ",Signature="...)
	return string(hex.AppendEncode(auth, signature[:]))
}

// hmacSHA256 is RFC 2104 in two calls of sha256.Sum256, on the stack: hmac.New
// would make half of a signature's allocations. A test holds it to crypto/hmac.
func hmacSHA256(key string, message []byte) [sha256.Size]byte {
	var block [sha256.BlockSize]byte
	if len(key) > len(block) {
		hashed := sha256.Sum256([]byte(key))
		copy(block[:], hashed[:])
	} else {
		copy(block[:], key)
	}
	var buf [256]byte
	padded := buf[:subtle.XORBytes(buf[:], block[:], innerPad)]
	inner := sha256.Sum256(append(padded, message...))
	subtle.XORBytes(padded, block[:], outerPad)
	return sha256.Sum256(append(padded, inner[:]...))
}

var (
	innerPad = bytes.Repeat([]byte{0x36}, sha256.BlockSize)
	outerPad = bytes.Repeat([]byte{0x5c}, sha256.BlockSize)
)

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
