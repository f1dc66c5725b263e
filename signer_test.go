package cams

import (
	"io"
	"net/http"
	"net/url"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// signable is a request and an input that any signer accepts.
func signable(t testing.TB) (*http.Request, SigningInput) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, "https://cams.ap-southeast-1.aliyuncs.com/?GroupId=a", nil)
	require.NoError(t, err)
	return req, SigningInput{
		Action: "ListChatGroupParticipants", Version: apiVersion,
		Credentials: Credentials{AccessKeyID: "id", AccessKeySecret: "secret"},
		Time:        time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC), Nonce: "nonce",
	}
}

func TestSignersRefuseWhatTheServiceWouldRefuse(t *testing.T) {
	t.Parallel()
	for field, spoil := range map[string]func(*SigningInput){
		"SigningInput.Action":         func(in *SigningInput) { in.Action = "" },
		"SigningInput.Version":        func(in *SigningInput) { in.Version = "" },
		"SigningInput.Nonce":          func(in *SigningInput) { in.Nonce = "" },
		"SigningInput.Time":           func(in *SigningInput) { in.Time = time.Time{} },
		"Credentials.AccessKeyID":     func(in *SigningInput) { in.Credentials.AccessKeyID = "" },
		"Credentials.AccessKeySecret": func(in *SigningInput) { in.Credentials.AccessKeySecret = "line\nbreak" },
		"Credentials.BearerToken":     func(in *SigningInput) { in.Credentials.BearerToken = "b" },
	} {
		for _, signer := range []Signer{ACS3Signer{}, RPCSigner{}} {
			req, in := signable(t)
			spoil(&in)
			var invalid *ValidationError
			require.ErrorAs(t, signer.Sign(req, in), &invalid, field)
			assert.Equal(t, field, invalid.Field)
			assert.Empty(t, req.Header, "nothing is half signed")
		}
	}
	_, in := signable(t)
	for _, signer := range []Signer{ACS3Signer{}, RPCSigner{}} {
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
	err := ACS3Signer{}.Sign(req, in)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.ErrorContains(t, err, "ACS3Signer")
}
