package cams

import (
	"net/http"
	"time"

	"github.com/cams-go/cams/internal/sign"
)

// Signer signs one HTTP request in place.
//
// A Signer is a pure function of its arguments: the same arguments give the same
// signature. It must be safe for concurrent use. It can sign a request again that was
// signed before.
type Signer interface {
	Sign(req *http.Request, in SigningInput) error
}

// SigningInput is what a [Signer] needs besides the request.
type SigningInput struct {
	Action      string      // the operation, for instance "ListChatGroupParticipants"
	Version     string      // the API version, for instance "2020-06-06"
	Credentials Credentials // an AccessKey pair, temporary or not, or a bearer token
	Time        time.Time   // the signing time; the service refuses one more than 15 minutes off
	Nonce       string      // unique for each request; the service refuses a repeat (SignatureNonceUsed)
}

// validate returns an error for input whose signature the service would never accept.
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

// ACS3Signer signs with Alibaba Cloud's signature V3, ACS3-HMAC-SHA256. The signature
// is in the Authorization header and covers the method, the path, the query, the host,
// the body, Content-Type and all x-acs-* headers.
//
// With a bearer token it sets the token's header and the parameter SignatureType, and
// no Authorization header. It rewrites the request's query in canonical order and
// encoding, which does not change its meaning. With GODEBUG=fips140=only a secret
// shorter than 14 bytes is an error; real ones have 30.
type ACS3Signer struct{}

// Sign implements [Signer].
func (ACS3Signer) Sign(req *http.Request, in SigningInput) error {
	if err := in.validate(req); err != nil {
		return err
	}
	return cannotSign("ACS3Signer", sign.ACS3(req, in.input()))
}

// RPCSigner signs with Alibaba Cloud's older RPC signature, also called V2: SignatureVersion
// 1.0 with HMAC-SHA1. Alibaba Cloud calls it discontinued, so use it only if something in
// between needs it. The signature and all it needs are in the query. It covers the method and
// the query, not the body. With GODEBUG=fips140=only it returns an error.
//
// With a bearer token the query has BearerToken and SignatureType, and no signature.
// It asks for an answer in JSON unless the query already has a Format.
type RPCSigner struct{}

// Sign implements [Signer].
func (RPCSigner) Sign(req *http.Request, in SigningInput) error {
	if err := in.validate(req); err != nil {
		return err
	}
	return cannotSign("RPCSigner", sign.RPC(req, in.input()))
}

// sign signs a request that the client has just made, with credentials that it has
// validated. So [ACS3Signer] has nothing to check, to remove or to sort.
func (c *Client) sign(req *http.Request, in SigningInput) error {
	if _, ok := c.signer.(ACS3Signer); ok {
		return cannotSign("ACS3Signer", sign.ACS3Fresh(req, in.input()))
	}
	return c.signer.Sign(req, in)
}

func (in *SigningInput) input() *sign.Input {
	return &sign.Input{
		Action:          in.Action,
		Version:         in.Version,
		Time:            in.Time,
		Nonce:           in.Nonce,
		AccessKeyID:     in.Credentials.AccessKeyID,
		AccessKeySecret: in.Credentials.AccessKeySecret,
		SecurityToken:   in.Credentials.SecurityToken,
		BearerToken:     in.Credentials.BearerToken,
	}
}

func cannotSign(signer string, err error) error {
	if err == nil {
		return nil
	}
	return &ValidationError{Field: signer, Reason: "cannot sign", err: err}
}
