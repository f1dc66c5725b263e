// Package sign signs requests for Alibaba Cloud's gateways: [ACS3] with signature V3
// (ACS3-HMAC-SHA256), [RPC] with the older RPC signature (HMAC-SHA1).
//
// Both sign in place and are pure: the same arguments give the same signature. They can
// sign a request again that was signed before.
package sign

import (
	"cmp"
	"crypto/hmac"
	"fmt"
	"hash"
	"net/http"
	"time"
)

// Input is what a signature needs besides the request. It is not validated here.
type Input struct {
	Action  string // the operation
	Version string // the API version
	Time    time.Time
	Nonce   string

	// Either an AccessKey pair, with a SecurityToken if it is temporary, or a BearerToken.
	AccessKeyID, AccessKeySecret, SecurityToken string
	BearerToken                                 string
}

// timestamp returns the signing time in the format of both signatures.
func (in *Input) timestamp() string { return in.Time.UTC().Format(time.RFC3339) }

const (
	headerAction  = "X-Acs-Action"
	headerVersion = "X-Acs-Version"

	// The parameter for a request with a bearer token instead of a signature.
	signatureType = "SignatureType"
	bearerToken   = "BEARERTOKEN"
)

func methodOf(req *http.Request) string { return cmp.Or(req.Method, http.MethodGet) }
func hostOf(req *http.Request) string   { return cmp.Or(req.Host, req.URL.Host) }

// appendHMAC appends the HMAC of text. It returns an error where crypto/hmac panics: with
// GODEBUG=fips140=only, for SHA-1 and for a key shorter than 14 bytes.
func appendHMAC(to []byte, newHash func() hash.Hash, key, text []byte) (sum []byte, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("%v", reason)
		}
	}()
	mac := hmac.New(newHash, key)
	mac.Write(text)
	return mac.Sum(to), nil
}
