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
	"sync"
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

// macs makes HMACs. It keeps one for the next signature with the same key, because a new
// one hashes the key again and makes five allocations. The garbage collector empties the
// pool, and package fmt cannot print what is in it.
type macs struct {
	newHash func() hash.Hash
	kept    sync.Pool // of *keyed
}

// keyed is an HMAC, the key that it was made for, and room for its input and result.
type keyed struct {
	hash.Hash
	key  string
	room []byte
}

// append appends the HMAC of text to to. It returns an error where crypto/hmac panics:
// with GODEBUG=fips140=only, for SHA-1 and for a key shorter than 14 bytes.
func (m *macs) append(to []byte, key string, text []byte) (sum []byte, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("%v", reason)
		}
	}()
	mac, ok := m.kept.Get().(*keyed)
	if ok && mac.key == key {
		mac.Reset()
	} else {
		mac = &keyed{Hash: hmac.New(m.newHash, []byte(key)), key: key}
	}
	mac.room = append(mac.room[:0], text...) // so that text need not escape
	mac.Write(mac.room)
	mac.room = mac.Sum(mac.room[:0])
	to = append(to, mac.room...)
	m.kept.Put(mac)
	return to, nil
}
