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

func TestWhatsAppsLimitsAreThrottlingWhateverTheStatus(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 400, 403, 429} {
		for _, code := range []string{"131208", "80007", "130429", "4"} {
			for _, body := range []string{`{"Code":"` + code + `","Message":"m"}`, `{"Code":"ERR-FB-001","Message":"(#` + code + `) m"}`} {
				for _, op := range allOperations() {
					client := clientOf(t, testCredentials(), cams.WithRetry(cams.NoRetry()), counted(new(int), answered(status, body)))
					_, err := op.call(t.Context(), client)
					require.ErrorIs(t, err, cams.ErrThrottled, "%s: %d %s", op.name, status, body)
					assert.NotErrorIs(t, err, cams.ErrUnavailable)
					assert.NotErrorIs(t, err, cams.ErrOutcomeUnknown)
				}
			}
		}
	}
}

func TestWhatsAppsPassingFailuresPassAndACreationStaysSafe(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 400, 500} {
		for _, code := range []string{"131000", "131016"} {
			for _, body := range []string{`{"Code":"` + code + `","Message":"m"}`, `{"Code":"ERR-FB-001","Message":"(#` + code + `) m"}`} {
				for _, op := range allOperations() {
					requests := 0
					client := clientOf(t, testCredentials(), cams.WithRetry(cams.RetryPolicy{BaseDelay: 1}), counted(&requests, answered(status, body)))
					_, err := op.call(t.Context(), client)
					if op.name == "AddChatGroup" || op.name == "AddChatGroupInviteLink" {
						require.ErrorIs(t, err, cams.ErrOutcomeUnknown, "%s: %d %s", op.name, status, body)
						assert.NotErrorIs(t, err, cams.ErrUnavailable)
						assert.Equal(t, 1, requests)
						continue
					}
					require.ErrorIs(t, err, cams.ErrUnavailable, "%s: %d %s", op.name, status, body)
					assert.Equal(t, 3, requests)
				}
			}
		}
	}
}

func TestIsCodeSeesTheCodeOfWhatsAppInAMessage(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{
		`{"Code":"131041","Message":"m"}`:                              true,
		`{"Code":"ERR-FB-131041","Message":"m"}`:                       true,
		`{"Code":"ERR-FB-001","Message":"(#131041) Group unknown"}`:    true,
		`{"Code":"ERR-FB-001","Message":"(#1310410) Group unknown"}`:   false,
		`{"Code":"ERR-FB-001","Message":"131041 groups are too many"}`: false,
	} {
		client := clientOf(t, testCredentials(), cams.WithRetry(cams.NoRetry()), counted(new(int), answered(200, body)))
		_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
		require.ErrorAs(t, err, new(*cams.APIError))
		assert.Equal(t, want, cams.IsCode(err, "X", "131041"), body)
		assert.False(t, cams.IsCode(err, "X"), body)
		assert.False(t, cams.IsCode(err), body)
	}
	assert.False(t, cams.IsCode(nil, "131041"))
}
