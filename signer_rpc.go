package cams

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"slices"

	"github.com/cams-go/cams/internal/percent"
)

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
		param{"Timestamp", timestamp(in.Time)},
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
