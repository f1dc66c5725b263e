package acceptance

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
)

// temporary is a provider's error that says of itself that it is temporary.
type temporary struct{ error }

func (temporary) Temporary() bool { return true }

func TestErrUnavailableIsTheClassOfWhatPasses(t *testing.T) {
	t.Parallel()
	provider := func(err error) cams.Option {
		return cams.WithCredentials(providerFunc(func(context.Context) (cams.Credentials, error) { return cams.Credentials{}, err }))
	}
	for name, test := range map[string]struct {
		first  transportFunc
		option cams.Option
		passes bool
	}{
		"a 503 with a page":           {first: answered(503, "<html>"), passes: true},
		"a 500 with a code":           {first: answered(500, `{"Code":"InternalError"}`), passes: true},
		"a passing code in a 200":     {first: answered(200, `{"Success":false,"Code":"SystemBusy"}`), passes: true},
		"connection refused":          {first: failing(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}), passes: true},
		"a connection that closed":    {first: failing(io.EOF), passes: true},
		"no answer in time":           {first: silent, passes: true},
		"a 200 cut off":               {first: cutOff(200, `{"Code":"OK","Succ`), passes: true},
		"a provider's passing error":  {option: provider(temporary{errors.New("busy")}), passes: true},
		"throttled":                   {first: answered(503, `{"Code":"Throttling"}`)},
		"a 429 with a page":           {first: answered(429, "<html>")},
		"an unknown host":             {first: failing(&net.DNSError{Err: "no such host", Name: "h", IsNotFound: true})},
		"a provider's lasting error":  {option: provider(errors.New("no such role"))},
		"an ordinary refusal":         {first: answered(400, `{"Code":"InvalidParameter"}`)},
		"access denied with a 500":    {first: answered(500, `{"Code":"NoPermission"}`)},
		"a page that is not theirs":   {first: answered(200, "<html>")},
		"a redirect":                  {first: answered(307, "", "Location", "https://example.com/")},
		"a 404 that is not theirs":    {first: answered(404, "<html>")},
		"a key that does not exist":   {first: answered(404, `{"Code":"InvalidAccessKeyId.NotFound"}`)},
		"a subscription that is none": {first: answered(500, `{"Code":"Product.Unsubscript"}`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				requests := 0
				opts := []cams.Option{testCredentials(), cams.WithRetry(cams.NoRetry()), counted(&requests, test.first)}
				if test.option != nil {
					opts = append(opts, test.option)
				}
				client := clientOf(t, opts...)
				_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
				require.Error(t, err)
				assert.Equal(t, test.passes, errors.Is(err, cams.ErrUnavailable), "%v", err)

				_, err = client.AddChatGroup(t.Context(), &cams.AddChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: "cams-k001"})
				if errors.Is(err, cams.ErrOutcomeUnknown) {
					assert.NotErrorIs(t, err, cams.ErrUnavailable, "a creation whose outcome is unknown must not be repeated")
				}
			})
		})
	}
}

func TestACallThatItsCallerEndedDuringAnOutageIsUnavailable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		client := clientOf(t, testCredentials(), counted(&requests, answered(503, "")),
			cams.WithRetry(cams.RetryPolicy{MaxAttempts: 100, BaseDelay: time.Second}))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		_, err := client.ListChatGroupParticipants(ctx, validRequest())
		require.ErrorIs(t, err, context.Canceled)
		assert.ErrorIs(t, err, cams.ErrUnavailable)
	})
}
