package acceptance

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
)

func TestAParameterThatIsAWordOfACodeChangesNothing(t *testing.T) {
	t.Parallel()
	for code, test := range map[string]struct {
		value    string
		requests int
		check    func(*testing.T, error)
	}{
		"SignatureNonceUsed":       {"Nonce", 1, isUnclear},
		"ServiceUnavailable":       {"Service", 1, isUnclear},
		"Throttling.User":          {"Throttling", 3, func(t *testing.T, err error) { assert.ErrorIs(t, err, cams.ErrThrottled) }},
		"InvalidTimeStamp.Expired": {"Time", 1, func(t *testing.T, err error) { assert.ErrorIs(t, err, cams.ErrUnauthenticated) }},
		"ERR-COMMON-001":           {"COMMON", 1, isUnclear},
		"NoPermission":             {"Permission", 1, isRefusal},
	} {
		for how, call := range map[string]caller{
			"Call": anyOperation(cams.Operation{Name: "CreateChatappTemplate"}, map[string]any{"Name": test.value}),
			"WithParameter": func(ctx context.Context, client *cams.Client) (any, error) {
				client, err := client.With(cams.WithParameter("OwnerAccount", test.value))
				require.NoError(t, err)
				return client.AddChatGroup(ctx, &cams.AddChatGroupRequest{BusinessNumber: testNumber, CustSpaceID: space, Subject: "s"})
			},
		} {
			requests := 0
			client := clientOf(t, testCredentials(), cams.WithRetry(cams.RetryPolicy{BaseDelay: 1}), cams.WithLimiter(cams.Unlimited()),
				counted(&requests, answered(400, `{"Code":"`+code+`","Message":"m"}`)))
			_, err := call(t.Context(), client)
			require.Error(t, err)
			assert.True(t, cams.IsCode(err, code), "%s of %s: %v", how, code, err)
			assert.Equal(t, test.requests, requests, "%s of %s", how, code)
			test.check(t, err)
		}
	}
}

func isUnclear(t *testing.T, err error) { assert.ErrorIs(t, err, cams.ErrOutcomeUnknown) }

func TestACodeThatIsAParameterOrASecretIsMasked(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"Alice", "481516", testNumber, testSecret, testToken} {
		client := clientOf(t, testCredentials(), cams.WithRetry(cams.NoRetry()), counted(new(int), answered(400, `{"Code":"`+code+`","Message":"m"}`)))
		_, err := anyOperation(cams.Operation{Name: "X"}, map[string]any{"Name": "Alice", "N": "481516"})(t.Context(), client)
		require.ErrorAs(t, err, new(*cams.APIError))
		assert.NotContains(t, err.Error(), code)
	}
}

func anyOperation(op cams.Operation, params map[string]any) caller {
	return func(ctx context.Context, client *cams.Client) (any, error) {
		return nil, client.Call(ctx, op, params, nil)
	}
}
