package sign

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strings"
)

const acs3Algorithm = "ACS3-HMAC-SHA256"

// ACS3 signs with signature V3. The signature is in the Authorization header and covers
// the method, the path, the query, the host, the body, Content-Type and all x-acs-*
// headers. ACS3 rewrites the query in canonical form.
//
// With a bearer token it sets the token's header and the parameter SignatureType, and no
// Authorization header. It returns an error if the body cannot be read, or if the secret
// is too short for GODEBUG=fips140=only.
func ACS3(req *http.Request, in *Input) error {
	bodyHash, err := hashBody(req)
	if err != nil {
		return err
	}
	covered := setACS3Headers(req, in, bodyHash)
	query := without(req.URL.RawQuery, signatureType)
	if in.BearerToken != "" {
		query = append(query, Param{signatureType, bearerToken})
		req.URL.RawQuery = query.Canonical()
		return nil
	}
	req.URL.RawQuery = query.Canonical()

	value, err := authorization(req, covered, bodyHash, in)
	if err != nil {
		return err
	}
	req.Header["Authorization"][0] = value
	return nil
}

// authorization returns the value of the Authorization header. Its buffers are arrays to
// stay on the stack.
func authorization(req *http.Request, covered []Param, bodyHash string, in *Input) (string, error) {
	var namesBuf, authBuf [512]byte
	var canonicalBuf [1024]byte
	names := appendNames(namesBuf[:0], covered)
	hashed := sha256.Sum256(appendCanonicalRequest(canonicalBuf[:0], req, covered, names, bodyHash))
	key := append(make([]byte, 0, 256), in.AccessKeySecret...) // and toSign in the rest
	toSign := append(key[len(key):], acs3Algorithm+"\n"...)
	sum, err := appendHMAC(toSign[:0], sha256.New, key, hex.AppendEncode(toSign, hashed[:]))
	if err != nil {
		return "", err
	}

	auth := append(authBuf[:0], acs3Algorithm+" Credential="...)
	auth = append(auth, in.AccessKeyID...)
	auth = append(auth, ",SignedHeaders="...)
	auth = append(auth, names...)
	auth = append(auth, ",Signature="...)
	return string(hex.AppendEncode(auth, sum)), nil
}

// setACS3Headers replaces the headers of an earlier signature. It returns all
// headers that the new one covers: host, Content-Type and each x-acs-* header,
// with lower-case names and trimmed values, sorted.
func setACS3Headers(req *http.Request, in *Input, bodyHash string) []Param {
	if req.Header == nil {
		req.Header = make(http.Header, 12)
	}
	accessKeyID := ""
	if in.SecurityToken != "" { // else only the Authorization header has it
		accessKeyID = in.AccessKeyID
	}
	ours := [...]struct{ key, name, value string }{
		{"X-Acs-Accesskey-Id", "x-acs-accesskey-id", accessKeyID},
		{headerAction, "x-acs-action", in.Action},
		{"X-Acs-Content-Sha256", "x-acs-content-sha256", bodyHash},
		{"X-Acs-Date", "x-acs-date", in.timestamp()},
		{"X-Acs-Security-Token", "x-acs-security-token", in.SecurityToken},
		{"X-Acs-Signature-Nonce", "x-acs-signature-nonce", in.Nonce},
		{headerVersion, "x-acs-version", in.Version},
	}
	for _, header := range ours {
		delete(req.Header, header.key)
	}
	delete(req.Header, "Authorization")
	delete(req.Header, "X-Acs-Bearer-Token")
	covered := otherHeaders(req) // before the signature's own headers are set
	values := make([]string, len(ours)+1)
	for i, header := range ours {
		if header.value != "" {
			values[i] = header.value
			req.Header[header.key] = values[i : i+1 : i+1]
			covered = append(covered, Param{header.name, strings.TrimSpace(header.value)})
		}
	}
	if in.BearerToken != "" {
		req.Header["X-Acs-Bearer-Token"] = []string{in.BearerToken}
	} else {
		req.Header["Authorization"] = values[len(ours):] // to be filled in
	}
	if !slices.IsSortedFunc(covered, byName) { // the caller set other headers
		slices.SortFunc(covered, byName)
	}
	return covered
}

func byName(a, b Param) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Value, b.Value))
}

// otherHeaders returns the headers that the signature covers besides its own.
func otherHeaders(req *http.Request) []Param {
	covered := append(make([]Param, 0, 8), Param{"host", hostOf(req)})
	for key, values := range req.Header {
		if len(values) == 0 || !isCovered(key) {
			continue
		}
		trimmed := make([]string, len(values))
		for i, value := range values {
			trimmed[i] = strings.TrimSpace(value)
		}
		slices.Sort(trimmed)
		covered = append(covered, Param{strings.ToLower(key), strings.Join(trimmed, ",")})
	}
	return covered
}

// isCovered reports whether the signature covers a header with this name.
func isCovered(key string) bool {
	const prefix = "x-acs-"
	return len(key) >= len(prefix) && strings.EqualFold(key[:len(prefix)], prefix) || strings.EqualFold(key, "Content-Type")
}

// appendCanonicalRequest appends the text that is signed.
func appendCanonicalRequest(text []byte, req *http.Request, covered []Param, names []byte, bodyHash string) []byte {
	text = append(text, methodOf(req)...)
	text = append(text, '\n')
	text = append(text, cmp.Or(req.URL.EscapedPath(), "/")...)
	text = append(text, '\n')
	text = append(text, req.URL.RawQuery...)
	text = append(text, '\n')
	for _, header := range covered {
		text = append(text, header.Name...)
		text = append(text, ':')
		text = append(text, header.Value...)
		text = append(text, '\n')
	}
	text = append(text, '\n')
	text = append(text, names...)
	text = append(text, '\n')
	return append(text, bodyHash...)
}

// appendNames appends the names of headers as Authorization lists them.
func appendNames(names []byte, headers []Param) []byte {
	for i, header := range headers {
		if i > 0 {
			names = append(names, ';')
		}
		names = append(names, header.Name...)
	}
	return names
}

// emptySHA256 is the hash of an empty body. The requests of this API have no body.
const emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// hashBody returns the body's hash in hexadecimal and leaves the body readable.
func hashBody(req *http.Request) (string, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return emptySHA256, nil
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return "", err
	}
	if err := req.Body.Close(); err != nil {
		return "", err
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:]), nil
}
