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

var sha256MACs = macs{newHash: sha256.New}

// acs3Headers are the signature's own headers that it covers, in the order of their names.
var acs3Headers = [...]struct{ key, name string }{
	{"X-Acs-Accesskey-Id", "x-acs-accesskey-id"},
	{headerAction, "x-acs-action"},
	{"X-Acs-Content-Sha256", "x-acs-content-sha256"},
	{"X-Acs-Date", "x-acs-date"},
	{"X-Acs-Security-Token", "x-acs-security-token"},
	{"X-Acs-Signature-Nonce", "x-acs-signature-nonce"},
	{headerVersion, "x-acs-version"},
}

// The headers that it does not cover: one of them is set.
const (
	headerAuthorization = "Authorization"
	headerBearerToken   = "X-Acs-Bearer-Token"
)

// ACS3 signs with signature V3. The signature is in the Authorization header and covers
// the method, the path, the query, the host, the body, Content-Type and all x-acs-*
// headers. ACS3 rewrites the query in canonical form.
//
// With a bearer token it sets the token's header and the parameter SignatureType, and no
// Authorization header. It returns an error if the body cannot be read, or if the secret
// is too short for GODEBUG=fips140=only.
func ACS3(req *http.Request, in *Input) error {
	for _, header := range acs3Headers {
		delete(req.Header, header.key)
	}
	delete(req.Header, headerAuthorization)
	delete(req.Header, headerBearerToken)
	req.URL.RawQuery = without(req.URL.RawQuery, signatureType).Canonical()
	return ACS3Fresh(req, in)
}

// ACS3Fresh is ACS3 for a request that has not been signed before and whose query is in
// canonical form.
func ACS3Fresh(req *http.Request, in *Input) error {
	bodyHash, err := hashBody(req)
	if err != nil {
		return err
	}
	var room [12]Param // on the stack
	covered, unsigned := setACS3Headers(room[:0], req, in, bodyHash)
	if in.BearerToken != "" {
		unsigned[0] = in.BearerToken
		req.Header[headerBearerToken] = unsigned
		query := append(without(req.URL.RawQuery), Param{signatureType, bearerToken})
		req.URL.RawQuery = query.Canonical()
		return nil
	}
	req.Header[headerAuthorization] = unsigned
	unsigned[0], err = authorization(req, covered, bodyHash, in)
	return err
}

// authorization returns the value of the Authorization header. Its buffers are arrays to
// stay on the stack.
func authorization(req *http.Request, covered []Param, bodyHash string, in *Input) (string, error) {
	var namesBuf, authBuf [512]byte
	var canonicalBuf [1024]byte
	var toSignBuf, sumBuf [128]byte
	names := appendNames(namesBuf[:0], covered)
	hashed := sha256.Sum256(appendCanonicalRequest(canonicalBuf[:0], req, covered, names, bodyHash))
	toSign := hex.AppendEncode(append(toSignBuf[:0], acs3Algorithm+"\n"...), hashed[:])
	sum, err := sha256MACs.append(sumBuf[:0], in.AccessKeySecret, toSign)
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

// setACS3Headers sets the signature's own headers. It appends to covered all headers that the
// signature covers: host, Content-Type and each x-acs-* header, with lower-case names and
// trimmed values, sorted. It also returns room for the value of one that it does not cover.
func setACS3Headers(covered []Param, req *http.Request, in *Input, bodyHash string) (_ []Param, unsigned []string) {
	if req.Header == nil {
		req.Header = make(http.Header, 12)
	}
	accessKeyID := ""
	if in.SecurityToken != "" { // else only the Authorization header has it
		accessKeyID = in.AccessKeyID
	}
	values := []string{accessKeyID, in.Action, bodyHash, in.timestamp(), in.SecurityToken, in.Nonce, in.Version, ""}
	covered = appendOtherHeaders(covered, req) // before the signature's own headers are set
	for i, header := range acs3Headers {
		if value := values[i]; value != "" {
			req.Header[header.key] = values[i : i+1 : i+1]
			covered = append(covered, Param{header.name, strings.TrimSpace(value)})
		}
	}
	if !slices.IsSortedFunc(covered, byName) { // the caller set other headers
		slices.SortFunc(covered, byName)
	}
	return covered, values[len(acs3Headers):]
}

func byName(a, b Param) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Value, b.Value))
}

// appendOtherHeaders appends the headers that the signature covers besides its own.
func appendOtherHeaders(covered []Param, req *http.Request) []Param {
	covered = append(covered, Param{"host", hostOf(req)})
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
