package percent_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams/internal/percent"
)

func TestEncodeFollowsRFC3986(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                      "",
		"AZaz09-_.~":            "AZaz09-_.~",
		" ":                     "%20",
		"+*/&=%":                "%2B%2A%2F%26%3D%25",
		"\x00\xff":              "%00%FF",
		"群😀":                    "%E7%BE%A4%F0%9F%98%80",
		`{"Index":1,"Size":20}`: "%7B%22Index%22%3A1%2C%22Size%22%3A20%7D",
	} {
		assert.Equal(t, want, percent.Encode(in), "%q", in)
		assert.Equal(t, want, string(percent.AppendBytes(nil, []byte(in))), "%q", in)
	}
}

func FuzzEncodeRoundTrips(f *testing.F) {
	for _, seed := range []string{"", " +*~/&=%", "群😀", "\x00\xff\n", "8613800000000"} {
		f.Add(seed)
	}
	// What the official Go client does to url.QueryEscape's output.
	official := strings.NewReplacer("+", "%20", "*", "%2A", "%7E", "~")
	f.Fuzz(func(t *testing.T, in string) {
		encoded := percent.Encode(in)
		back, err := url.PathUnescape(encoded)
		require.NoError(t, err)
		assert.Equal(t, in, back)
		back, err = url.QueryUnescape(encoded)
		require.NoError(t, err)
		assert.Equal(t, in, back, "a form decoder must read the same")
		assert.Equal(t, official.Replace(url.QueryEscape(in)), encoded)
	})
}
