package endpoint

import (
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzEndpoints wants of each endpoint that is taken that it is one host and no
// more, that it can be dialed, and that plain HTTP stays on this machine.
func FuzzEndpoints(f *testing.F) {
	for _, seed := range []string{
		"host", "host:8443", "https://host/", "http://127.0.0.1", "http://[::1]:8080", "http://LOCALHOST", "http://127.0.0.1@evil.example",
		"http://127.0.0.1.evil.example", "http://0x7f.1", "http://[::ffff:127.0.0.1]", "http://localhost.", "http://[::1%25lo]", "::1", "a:1:2",
		"http://127.0.0.1\\@evil.example", "http://localhost#@evil.example", "host\r\nx: y", "https://a?b", "[::]:65536",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, endpoint string) {
		u, reason := Parse(endpoint)
		if reason != "" {
			assert.Nil(t, u)
			return
		}
		req, err := http.NewRequest("POST", u.String(), nil)
		require.NoError(t, err)
		assert.Equal(t, u.Host, req.URL.Host)
		assert.Equal(t, u.Host, req.Host)
		assert.Equal(t, u.Scheme+"://"+u.Host+"/", u.String())
		assert.Contains(t, strings.ToLower(endpoint), u.Host, "the host that was written")
		address := u.Host
		if u.Port() == "" {
			address += ":443"
		}
		host, port, err := net.SplitHostPort(address)
		require.NoError(t, err)
		_, err = strconv.ParseUint(port, 10, 16)
		require.NoError(t, err)
		if u.Scheme == "http" {
			assert.True(t, host == "localhost" || net.ParseIP(host).IsLoopback(), "%s", u)
		} else {
			assert.Equal(t, "https", u.Scheme)
		}
	})
}
