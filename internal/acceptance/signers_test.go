package acceptance

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
)

// signable is a request and an input that any signer accepts.
func signable(t testing.TB) (*http.Request, cams.SigningInput) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, "https://cams.ap-southeast-1.aliyuncs.com/?GroupId=a", nil)
	require.NoError(t, err)
	return req, cams.SigningInput{
		Action: "ListChatGroupParticipants", Version: "2020-06-06",
		Credentials: cams.Credentials{AccessKeyID: "id", AccessKeySecret: "secret"},
		Time:        time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC), Nonce: "nonce",
	}
}

func TestSignersRefuseWhatTheServiceWouldRefuse(t *testing.T) {
	t.Parallel()
	for field, spoil := range map[string]func(*cams.SigningInput){
		"SigningInput.Action":         func(in *cams.SigningInput) { in.Action = "" },
		"SigningInput.Version":        func(in *cams.SigningInput) { in.Version = "" },
		"SigningInput.Nonce":          func(in *cams.SigningInput) { in.Nonce = "" },
		"SigningInput.Time":           func(in *cams.SigningInput) { in.Time = time.Time{} },
		"Credentials.AccessKeyID":     func(in *cams.SigningInput) { in.Credentials.AccessKeyID = "" },
		"Credentials.AccessKeySecret": func(in *cams.SigningInput) { in.Credentials.AccessKeySecret = "line\nbreak" },
		"Credentials.BearerToken":     func(in *cams.SigningInput) { in.Credentials.BearerToken = "b" },
	} {
		for _, signer := range []cams.Signer{cams.ACS3Signer{}, cams.RPCSigner{}} {
			req, in := signable(t)
			spoil(&in)
			var invalid *cams.ValidationError
			require.ErrorAs(t, signer.Sign(req, in), &invalid, field)
			assert.Equal(t, field, invalid.Field)
			assert.Empty(t, req.Header, "nothing is half signed")
		}
	}
	_, in := signable(t)
	for _, signer := range []cams.Signer{cams.ACS3Signer{}, cams.RPCSigner{}} {
		assert.Error(t, signer.Sign(nil, in))
		assert.Error(t, signer.Sign(&http.Request{}, in))
		req := &http.Request{URL: &url.URL{Host: "h"}}
		assert.NoError(t, signer.Sign(req, in), "a request without a header map")
	}
}

func TestASignerThatCannotSignNamesItself(t *testing.T) {
	t.Parallel()
	req, in := signable(t)
	req.Body = io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF))
	err := cams.ACS3Signer{}.Sign(req, in)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.ErrorContains(t, err, "ACS3Signer")
}

// GODEBUG=fips140=only is for a whole process, so this takes one of its own.
func TestWhereOnlyFIPSAlgorithmsAreAllowedTheRPCSignerIsAnErrorAndACS3Signs(t *testing.T) {
	const variable = "CAMS_TEST_FIPS"
	if os.Getenv(variable) != "" {
		req, in := signable(t)
		require.ErrorContains(t, cams.ACS3Signer{}.Sign(req, in), "cams: ACS3Signer cannot sign: ", "the secret is too short")
		in.Credentials.AccessKeySecret = strings.Repeat("s", 30)
		require.NoError(t, cams.ACS3Signer{}.Sign(req, in))
		assert.Contains(t, req.Header.Get("Authorization"), "ACS3-HMAC-SHA256 ")

		req, _ = signable(t)
		err := cams.RPCSigner{}.Sign(req, in)
		require.ErrorContains(t, err, "cams: RPCSigner cannot sign: ")
		require.ErrorAs(t, err, new(*cams.ValidationError))
		client := clientOf(t, cams.WithCredentials(cams.StaticCredentials("id", in.Credentials.AccessKeySecret, "")), cams.WithSigner(cams.RPCSigner{}))
		require.ErrorContains(t, client.Call(t.Context(), cams.Operation{Name: "Any"}, nil, nil), "RPCSigner cannot sign: ")
		client, err = cams.NewClient(cams.WithCredentials(cams.StaticCredentials("id", "secret", "")))
		require.NoError(t, err)
		require.ErrorContains(t, client.Call(t.Context(), cams.Operation{Name: "Any"}, nil, nil), "ACS3Signer cannot sign: ")
		fmt.Println("signed by ACS3 only")
		return
	}
	t.Parallel()
	program, err := os.Executable()
	require.NoError(t, err)
	child := exec.Command(program, "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), variable+"=1", "GODEBUG=fips140=only")
	out, err := child.CombinedOutput()
	if strings.Contains(string(out), "fips140") && strings.Contains(string(out), "not supported") {
		t.Skipf("%s", out)
	}
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "signed by ACS3 only")
}
