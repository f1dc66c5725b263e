package cams

import (
	"net/http"
	"time"

	"github.com/cams-go/cams/internal/sign"
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

// ACS3Signer is Alibaba Cloud's signature V3, ACS3-HMAC-SHA256: the signature
// travels in the Authorization header and covers the method, the path, the
// query, the host, the body, Content-Type and all x-acs-* headers.
//
// With a bearer token it sets the token's header and SignatureType, and no
// Authorization. It rewrites the request's query in canonical order and
// encoding; what the query means stays as it is. With GODEBUG=fips140=only a secret of
// less than 14 bytes is an error; real ones have 30.
type ACS3Signer struct{}

// Sign implements [Signer].
func (ACS3Signer) Sign(req *http.Request, in SigningInput) error {
	return in.sign("ACS3Signer", req, sign.ACS3)
}

// RPCSigner is Alibaba Cloud's older RPC signature, SignatureVersion 1.0 with
// HMAC-SHA1: everything travels in the query, the signature too. It signs the
// method and the query, not the body. With GODEBUG=fips140=only it is an error.
//
// With a bearer token the query carries BearerToken and SignatureType, and no
// signature. The answer's format is json unless the query already asks for
// another Format.
type RPCSigner struct{}

// Sign implements [Signer].
func (RPCSigner) Sign(req *http.Request, in SigningInput) error {
	return in.sign("RPCSigner", req, sign.RPC)
}

// sign applies one of the two signatures.
func (in *SigningInput) sign(signer string, req *http.Request, apply func(*http.Request, *sign.Input) error) error {
	if err := in.validate(req); err != nil {
		return err
	}
	err := apply(req, &sign.Input{
		Action:          in.Action,
		Version:         in.Version,
		Time:            in.Time,
		Nonce:           in.Nonce,
		AccessKeyID:     in.Credentials.AccessKeyID,
		AccessKeySecret: in.Credentials.AccessKeySecret,
		SecurityToken:   in.Credentials.SecurityToken,
		BearerToken:     in.Credentials.BearerToken,
	})
	if err != nil {
		return &ValidationError{Field: signer, Reason: "cannot sign", err: err}
	}
	return nil
}
