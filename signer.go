package cams

import (
	"cmp"
	"net/http"
	"time"
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

// timestamp is the signing time as both signatures write it.
func timestamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

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

func methodOf(req *http.Request) string { return cmp.Or(req.Method, http.MethodGet) }
func hostOf(req *http.Request) string   { return cmp.Or(req.Host, req.URL.Host) }
