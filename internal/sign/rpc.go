package sign

import (
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"slices"

	"github.com/cams-go/cams/internal/percent"
)

// rpcParameters are the parameters that the RPC signature adds to a query.
var rpcParameters = []string{
	"Action", "Version", "Timestamp", "SignatureNonce", "AccessKeyId", "SecurityToken",
	"SignatureMethod", "SignatureVersion", "Signature", "BearerToken", signatureType,
}

var sha1MACs = macs{newHash: sha1.New}

// IsReserved reports whether the signature sets the parameter with this name.
func IsReserved(name string) bool { return slices.Contains(rpcParameters, name) }

// RPC signs with the older RPC signature, SignatureVersion 1.0 with HMAC-SHA1. The
// signature and all it needs are in the query. It covers the method and the query. RPC
// asks for an answer in JSON unless the query has a Format.
//
// With a bearer token the query has BearerToken and SignatureType, and no signature. RPC
// returns an error with GODEBUG=fips140=only, which forbids HMAC-SHA1.
func RPC(req *http.Request, in *Input) error {
	if req.Header == nil {
		req.Header = make(http.Header, 4)
	}
	req.Header[headerAction] = []string{in.Action}
	req.Header[headerVersion] = []string{in.Version}

	query := rpcQuery(req.URL.RawQuery, in)
	canonical := query.Canonical()
	if in.BearerToken == "" {
		text := methodOf(req) + "&%2F&" + percent.Encode(canonical)
		signature, err := sha1MACs.append(nil, in.AccessKeySecret+"&", []byte(text))
		if err != nil {
			return err
		}
		canonical += "&Signature=" + percent.Encode(base64.StdEncoding.EncodeToString(signature))
	}
	req.URL.RawQuery = canonical
	return nil
}

// rpcQuery returns the request's own parameters and the signature's, except Signature.
func rpcQuery(raw string, in *Input) Query {
	query := without(raw, rpcParameters...)
	if !slices.ContainsFunc(query, func(p Param) bool { return p.Name == "Format" }) {
		query = append(query, Param{"Format", "json"})
	}
	query = append(query,
		Param{"Action", in.Action},
		Param{"Version", in.Version},
		Param{"Timestamp", in.timestamp()},
		Param{"SignatureNonce", in.Nonce})
	if in.BearerToken != "" {
		return append(query, Param{"BearerToken", in.BearerToken}, Param{signatureType, bearerToken})
	}
	if in.SecurityToken != "" {
		query = append(query, Param{"SecurityToken", in.SecurityToken})
	}
	return append(query,
		Param{"AccessKeyId", in.AccessKeyID},
		Param{"SignatureMethod", "HMAC-SHA1"},
		Param{"SignatureVersion", "1.0"})
}
