package cams

import (
	"bytes"
	"cmp"
	"crypto/sha256"
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
	values := setACS3Headers(req, &in, bodyHash)
	req.URL.RawQuery = acs3Query(req.URL.RawQuery, in.Credentials.BearerToken != "")
	if in.Credentials.BearerToken != "" {
		return nil
	}

	var stack [8]param // what we send ourselves never needs more
	headers := appendSignedHeaders(stack[:0], req)
	var nameBuf [256]byte
	names := appendHeaderNames(nameBuf[:0], headers)
	var buf [1024]byte
	canonical := appendCanonicalRequest(buf[:0], req, headers, names, bodyHash)
	values[7] = acs3Authorization(canonical, names, &in.Credentials)
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

	values := &[8]string{in.Action, in.Version, timestamp(in.Time), in.Nonce, bodyHash}
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
