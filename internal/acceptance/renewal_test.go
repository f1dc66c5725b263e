package acceptance

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/aliyun/credentials-go/credentials"
	"github.com/aliyun/credentials-go/credentials/providers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// renewing returns a provider of credentials that are valid for an hour. Each renewal
// takes so long, and ends with its context. lasted is how long each of them ran.
func renewing(takes time.Duration, lasted *[]time.Duration) cams.CredentialsProvider {
	asked := 0
	return providerFunc(func(ctx context.Context) (cams.Credentials, error) {
		if asked++; asked > 1 {
			start := time.Now()
			defer func() { *lasted = append(*lasted, time.Since(start)) }()
			select {
			case <-ctx.Done():
				return cams.Credentials{}, ctx.Err()
			case <-time.After(takes):
			}
		}
		creds := someCredentials
		creds.Expires = time.Now().Add(time.Hour)
		return creds, nil
	})
}

func TestARenewalHoldsOneCallALittleWhileTheOldCredentialsAreValid(t *testing.T) {
	t.Parallel()
	const second = time.Second
	for name, test := range map[string]struct {
		takes  time.Duration
		lasted []time.Duration // the renewals in the two minutes before the old credentials end
		waited []time.Duration // the calls that waited
	}{
		"a fast one":                  {second, []time.Duration{second}, []time.Duration{second}},
		"one of three seconds":        {3 * second, []time.Duration{3 * second}, []time.Duration{2 * second}},
		"one of fifty seconds":        {50 * second, []time.Duration{50 * second}, []time.Duration{2 * second}},
		"one that hangs for a minute": {time.Hour, []time.Duration{60 * second, 60 * second}, []time.Duration{2 * second, 2 * second}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var lasted, waited []time.Duration
				client := newClientWith(t, renewing(test.takes, &lasted))
				require.NoError(t, list(t.Context(), client))
				time.Sleep(57*time.Minute + second)
				end := time.Now().Add(130 * second)
				for time.Now().Before(end) {
					start := time.Now()
					require.NoError(t, list(t.Context(), client))
					if took := time.Since(start); took > 0 {
						waited = append(waited, took)
					}
					time.Sleep(second / 10)
				}
				time.Sleep(second)
				synctest.Wait()
				assert.Equal(t, test.waited, waited)
				assert.Equal(t, test.lasted, lasted)
			})
		})
	}
}

func TestACallThatNeedsTheRenewalKeepsItRunning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var lasted []time.Duration
		client := newClientWith(t, renewing(70*time.Second, &lasted), cams.WithAttemptTimeout(time.Minute))
		require.NoError(t, list(t.Context(), client))
		time.Sleep(59*time.Minute + 30*time.Second)
		start := time.Now()
		require.NoError(t, list(t.Context(), client), "with the old credentials")
		assert.Equal(t, 2*time.Second, time.Since(start))
		time.Sleep(30 * time.Second)
		require.NoError(t, list(t.Context(), client), "with the new ones, of the same renewal")
		assert.Equal(t, 70*time.Second, time.Since(start))
		assert.Equal(t, []time.Duration{70 * time.Second}, lasted)
	})
}

func TestASessionOfCredentialsGoIsUsedForThreeMinutesAndNoLonger(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]time.Duration{"it fails from the start": time.Second, "it fails at the end": 179 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var fails error
				provider := cams.CredentialsFrom(credentials.FromCredentialsProvider("ecs_ram_role", goProvider(func() (*providers.Credentials, error) {
					return &providers.Credentials{AccessKeyId: "id", AccessKeySecret: testSecret, SecurityToken: "token"}, fails
				})))
				_, err := provider.Credentials(t.Context())
				require.NoError(t, err)
				fails = &net.OpError{Op: "dial", Err: errors.New("refused")}
				end := time.Now().Add(3 * time.Minute)
				for time.Sleep(first); time.Now().Before(end); time.Sleep(time.Second / 4) {
					_, err := provider.Credentials(t.Context())
					require.NoError(t, err)
				}
				require.Equal(t, end, time.Now())
				_, err = provider.Credentials(t.Context())
				assert.ErrorIs(t, err, fails)
			})
		})
	}
}

func TestCredentialsEndByTheServicesClock(t *testing.T) {
	t.Parallel()
	for name, behind := range map[string]time.Duration{
		"this machine's clock is ahead":  2 * time.Hour,
		"this machine's clock is right":  0,
		"this machine's clock is behind": -2 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, client := service(t)
				services := func() time.Time { return time.Now().Add(-behind) }
				server.SetClock(services)
				require.NoError(t, list(t.Context(), client), "it corrects its clock")

				asked := 0
				client, err := client.With(cams.WithCredentials(providerFunc(func(context.Context) (cams.Credentials, error) {
					asked++
					return cams.Credentials{AccessKeyID: camstest.AccessKeyID, AccessKeySecret: camstest.AccessKeySecret, Expires: services().Add(time.Hour)}, nil
				})))
				require.NoError(t, err)
				for range 3 {
					require.NoError(t, list(t.Context(), client))
				}
				assert.Equal(t, 1, asked)
				time.Sleep(time.Hour)
				require.NoError(t, list(t.Context(), client))
				assert.Equal(t, 2, asked)
			})
		})
	}
}

func TestACorrectionOfTheClockReachesTheCredentialsAtHand(t *testing.T) {
	t.Parallel()
	for _, behind := range []time.Duration{2 * time.Hour, -2 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			server, client := service(t)
			services := func() time.Time { return time.Now().Add(-behind) }
			server.SetClock(services)
			asked := 0
			client, err := client.With(cams.WithCredentials(providerFunc(func(context.Context) (cams.Credentials, error) {
				asked++
				return cams.Credentials{AccessKeyID: camstest.AccessKeyID, AccessKeySecret: camstest.AccessKeySecret, Expires: services().Add(time.Hour)}, nil
			})))
			require.NoError(t, err)
			for range 57 { // the first call corrects the clock
				require.NoError(t, list(t.Context(), client))
				assert.Equal(t, 1, asked)
				time.Sleep(time.Minute)
			}
			require.NoError(t, list(t.Context(), client))
			assert.Equal(t, 2, asked, "three minutes before the end")
		})
	}
}

// afterSuspension returns t as it was read before this machine was suspended for so long:
// its monotonic reading, the second word, is too late by that time.
func afterSuspension(t time.Time, suspended time.Duration) time.Time {
	(*[2]int64)(unsafe.Pointer(&t))[1] += int64(suspended)
	return t
}

func TestASuspendedMachineDoesNotUseCredentialsBeyondTheirEnd(t *testing.T) { // without synctest, which has no monotonic clock
	t.Parallel()
	expires := afterSuspension(time.Now().Add(-time.Hour), 2*time.Hour)
	require.Positive(t, time.Until(expires), "by the monotonic clock")
	require.Negative(t, time.Until(expires.Round(0)), "by the wall clock")
	asked := 0
	client := newClientWith(t, providerFunc(func(context.Context) (cams.Credentials, error) {
		asked++
		creds := someCredentials
		creds.Expires = expires
		return creds, nil
	}))
	require.NoError(t, list(t.Context(), client))
	require.NoError(t, list(t.Context(), client))
	assert.Equal(t, 2, asked)
}
