package sign

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzSigningKeepsWhatAQueryMeans wants the same parameters after signing, but
// for the signature's own.
func FuzzSigningKeepsWhatAQueryMeans(f *testing.F) {
	for _, seed := range []string{"", "a=1&b=2", "b=%20+&a=*~&a=1", "=&&x", "Page=%7B%22Index%22%3A1%7D", "Signature%54ype=x&Format=xml&Action=y", "%e4%b8%ad=%ff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		want, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		in := &Input{Action: "A", Version: "V", Time: time.Unix(1e9, 0), Nonce: "n", AccessKeyID: "i", AccessKeySecret: "s"}
		for _, name := range []string{"ACS3", "RPC"} {
			req := &http.Request{Method: "POST", Host: "h", URL: &url.URL{Scheme: "https", Host: "h", Path: "/", RawQuery: raw}}
			require.NoError(t, signatures[name](req, in))
			got, err := url.ParseQuery(req.URL.RawQuery)
			require.NoError(t, err)
			switch name {
			case "ACS3":
				delete(want, "SignatureType")
				assert.Equal(t, req.URL.RawQuery, without(req.URL.RawQuery).Canonical())
				fresh := &http.Request{Method: "POST", Host: "h", URL: req.URL}
				require.NoError(t, ACS3Fresh(fresh, in))
				assert.Equal(t, req.Header, fresh.Header, "a canonical query needs no parsing")
			case "RPC":
				for _, name := range rpcParameters {
					delete(want, name)
					delete(got, name)
				}
				if !want.Has("Format") {
					assert.Equal(t, "json", got.Get("Format"))
					delete(got, "Format")
				}
			}
			assert.Equal(t, want, got)
		}
	})
}
