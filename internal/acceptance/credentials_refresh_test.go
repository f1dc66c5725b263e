package acceptance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/credentials-go/credentials"
	"github.com/aliyun/credentials-go/credentials/providers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

func TestAColdStartRefreshesOnce(t *testing.T) {
	t.Parallel()
	const callers = 200
	var started sync.WaitGroup
	started.Add(callers)
	u := newURI(t, func(w http.ResponseWriter, r *http.Request, hit int64) {
		started.Wait()
		issue(time.Hour)(w, r, hit)
	})
	provider := u.provider(t)
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			started.Done()
			creds, err := provider.Credentials(t.Context())
			assert.NoError(t, err)
			assert.Equal(t, "token-1", creds.SecurityToken)
		})
	}
	group.Wait()
	t.Logf("%d cold callers: %d refresh", callers, u.hits.Load())
	assert.EqualValues(t, 1, u.hits.Load())
}

func TestATokenNearItsExpiryIsRefreshedAtEachUseButOneAtATime(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]time.Duration{"expired": -time.Hour, "near": 2 * time.Minute} {
		u := newURI(t, issue(good))
		provider := u.provider(t)
		for use := 1; use <= 3; use++ {
			creds, err := provider.Credentials(t.Context())
			require.NoError(t, err, name)
			assert.Equal(t, fmt.Sprintf("token-%d", use), creds.SecurityToken, name)
		}
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				_, err := provider.Credentials(t.Context())
				assert.NoError(t, err)
			})
		}
		group.Wait()
		t.Logf("%s: 50 callers at once: %d refreshes, at most %d at a time", name, u.hits.Load()-3, u.most.Load())
		assert.EqualValues(t, 1, u.most.Load())
		assert.LessOrEqual(t, u.hits.Load(), int64(53))
	}
}

func TestEachAttemptIsSignedWithTheCredentialsOfItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		server, client := service(t, cams.WithCredentials(providerFunc(func(context.Context) (cams.Credentials, error) {
			asked++
			return cams.Credentials{AccessKeyID: "id", AccessKeySecret: fmt.Sprintf("secret-%d", asked), SecurityToken: fmt.Sprintf("token-%d", asked)}, nil
		})))
		server.AddAccessKey("id", "secret-2", "token-2")
		server.AnswerOnce(camstest.Refusal(503, "ServiceUnavailable", "m"))
		require.NoError(t, list(t.Context(), client))
		requests := server.Requests()
		require.Len(t, requests, 2)
		assert.Equal(t, "token-1", requests[0].Header.Get("x-acs-security-token"))
		assert.Equal(t, "token-2", requests[1].Header.Get("x-acs-security-token"))
	})
}

// The test sets the environment, so it is not parallel.
func TestAnExpiredTokenIsRefreshedOnceOrTheError(t *testing.T) {
	chain := func(t *testing.T, u *uri) cams.CredentialsProvider {
		withoutEnvironment(t)
		t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", u.URL)
		return cams.DefaultCredentials()
	}
	anew := issue(time.Hour) // so its holder sees no reason to refresh
	same := func(w http.ResponseWriter, r *http.Request, _ int64) { issue(time.Hour)(w, r, 1) }
	for name, test := range map[string]struct {
		answer   func(http.ResponseWriter, *http.Request, int64)
		provider func(*testing.T, *uri) cams.CredentialsProvider
		asked    int64
		requests int64 // of three calls
		is       error
	}{
		"the default chain":                            {anew, chain, 2, 4, nil},
		"the default chain, whose token stays expired": {same, chain, 4, 3, cams.ErrUnauthenticated},
		// CredentialsFrom cannot replace a credential that keeps its token. Only its maker can build a new one.
		"a credential of credentials-go, which keeps it": {anew, func(t *testing.T, u *uri) cams.CredentialsProvider { return u.provider(t) }, 1, 3, cams.ErrUnauthenticated},
		"a static token": {anew, func(*testing.T, *uri) cams.CredentialsProvider {
			return cams.StaticCredentials("id", testSecret, "token-1")
		}, 0, 3, cams.ErrUnauthenticated},
		"a provider of yours": {anew, func(t *testing.T, u *uri) cams.CredentialsProvider {
			return providerFunc(func(context.Context) (cams.Credentials, error) {
				return cams.Credentials{AccessKeyID: "id", AccessKeySecret: testSecret, SecurityToken: fmt.Sprint("token-", u.hits.Add(1))}, nil
			})
		}, 4, 4, nil},
	} {
		t.Run(name, func(t *testing.T) {
			u := newURI(t, test.answer)
			var requests atomic.Int64
			client := newClientWith(t, test.provider(t, u), cams.WithRetry(cams.RetryPolicy{}), accepting(func(token string) string {
				requests.Add(1)
				if token == "token-1" {
					return "InvalidSecurityToken.Expired"
				}
				return ""
			}))
			for range 3 {
				require.ErrorIs(t, list(t.Context(), client), test.is)
			}
			assert.Equal(t, test.requests, requests.Load(), "no token is refused twice in a call")
			assert.Equal(t, test.asked, u.hits.Load())
		})
	}
}

func TestFiftyCallsWithOneExpiredTokenRefreshItOnce(t *testing.T) {
	withoutEnvironment(t)
	u := newURI(t, issue(time.Hour))
	t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", u.URL)
	const calls = 50
	var first sync.WaitGroup
	first.Add(calls)
	var requests, refused atomic.Int64
	client := clientOf(t, accepting(func(token string) string {
		requests.Add(1)
		if token != "token-1" {
			return ""
		}
		if refused.Add(1) <= calls {
			first.Done()
			first.Wait() // all have been sent with the old token before the first is refused
		}
		return "InvalidSecurityToken.Expired"
	}))
	var group sync.WaitGroup
	for range calls {
		group.Go(func() { assert.NoError(t, list(t.Context(), client)) })
	}
	group.Wait()
	t.Logf("%d calls with an expired token: %d refresh, %d requests", calls, u.hits.Load()-1, requests.Load())
	assert.EqualValues(t, 2, u.hits.Load(), "the first token and one refresh")
	assert.EqualValues(t, 2*calls, requests.Load())
}

func TestARefusedIdentityMakesAProviderBeAskedAgainOnce(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]camstest.Answer{
		"an unknown key":                  camstest.Refusal(404, "InvalidAccessKeyId.NotFound", "m"),
		"a disabled key":                  camstest.Refusal(400, "InvalidAccessKeyId.Inactive", "m"),
		"a wrong secret":                  camstest.Refusal(400, "SignatureDoesNotMatch", "m"),
		"an expired token":                camstest.Refusal(400, "InvalidSecurityToken.Expired", "m"),
		"a token of another key":          camstest.Refusal(400, "InvalidSecurityToken.MismatchWithAccessKey", "m"),
		"an expired token, another way":   camstest.Refusal(403, "SecurityTokenExpired", "m"),
		"an expired token as a parameter": camstest.Refusal(400, "InvalidParameter", "The specified parameter SecurityToken.Expired is not valid."),
		"a malformed token":               camstest.Refusal(400, "InvalidSecurityToken.Malformed", "m"),
		"a key that is disabled":          camstest.Refusal(403, "Forbidden.AccessKeyDisabled", "m"),
		"a key that cannot be read":       camstest.Refusal(400, "IncompleteSignature", "m"),
		"no token":                        camstest.Refusal(400, "MissingSecurityToken", "m"),
	} {
		for kind, rotates := range map[string]bool{"other credentials are tried": true, "the same ones are not": false} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				asked := 0
				provider := providerFunc(func(context.Context) (cams.Credentials, error) {
					asked++
					id := camstest.AccessKeyID
					if rotates && asked == 1 {
						id = "old"
					}
					return cams.Credentials{AccessKeyID: id, AccessKeySecret: camstest.AccessKeySecret, Expires: time.Now().Add(time.Hour)}, nil
				})
				server, client := service(t, cams.WithCredentials(provider))
				server.AnswerOnce(refusal)
				err := list(t.Context(), client)
				assert.Equal(t, 2, asked)
				if rotates {
					require.NoError(t, err)
					require.Len(t, server.Requests(), 2)
					return
				}
				require.ErrorAs(t, err, new(*cams.APIError))
				assert.Len(t, server.Requests(), 1)
			})
		}
	}
}

func TestAProviderIsNotAskedForCredentialsThatNoAttemptWouldUse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		provider := providerFunc(func(ctx context.Context) (cams.Credentials, error) {
			if asked++; asked == 2 {
				<-ctx.Done()
				return cams.Credentials{}, ctx.Err()
			}
			return cams.Credentials{AccessKeyID: camstest.AccessKeyID, AccessKeySecret: camstest.AccessKeySecret, SecurityToken: fmt.Sprint("token-", asked),
				Expires: time.Now().Add(time.Hour)}, nil
		})
		server, client := service(t, cams.WithCredentials(provider), cams.WithRetry(cams.NoRetry()))
		server.Answer(camstest.Refusal(400, "InvalidSecurityToken.Expired", "m"))
		start := time.Now()
		require.ErrorIs(t, list(t.Context(), client), cams.ErrUnauthenticated)
		assert.Zero(t, time.Since(start))
		assert.Equal(t, 1, asked)
		require.ErrorContains(t, list(t.Context(), client), "no credentials", "but the next call does not use the refused ones")
		assert.Equal(t, 2, asked)
	})
}

func TestAFetchOlderThanTheRejectionDoesNotBringTheTokenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		client := newClientWith(t, providerFunc(func(context.Context) (cams.Credentials, error) {
			asked++
			creds := cams.Credentials{AccessKeyID: "id", AccessKeySecret: testSecret, SecurityToken: "token-1"}
			switch {
			case asked == 2:
				time.Sleep(2 * time.Second) // began with the old token at hand
			case asked > 2:
				creds.SecurityToken = "token-2"
			}
			return creds, nil
		}), accepting(func(token string) string {
			time.Sleep(time.Second)
			if token == "token-1" {
				return "InvalidSecurityToken.Expired"
			}
			return ""
		}), cams.WithRetry(cams.RetryPolicy{}))
		var group sync.WaitGroup
		group.Go(func() { assert.NoError(t, list(t.Context(), client)) }) // refused at 1 s
		group.Go(func() {
			time.Sleep(time.Second / 2) // asks at 0.5 s, gets the answer at 2.5 s
			assert.NoError(t, list(t.Context(), client))
		})
		group.Wait()
		assert.LessOrEqual(t, asked, 4)
	})
}

func TestOneProviderServesTwoClients(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		busy, asked := false, 0 // unguarded: the race detector watches
		provider := cams.CredentialsFrom(credentials.FromCredentialsProvider("shared", goProvider(func() (*providers.Credentials, error) {
			assert.False(t, busy, "one at a time")
			busy = true
			time.Sleep(time.Millisecond)
			busy = false
			asked++
			return &providers.Credentials{AccessKeyId: "id", AccessKeySecret: testSecret}, nil
		})))
		var group sync.WaitGroup
		for range 2 {
			client := newClientWith(t, provider)
			for range 20 {
				group.Go(func() {
					for range 5 {
						assert.NoError(t, list(t.Context(), client))
					}
				})
			}
		}
		group.Wait()
		assert.Equal(t, 5, asked, "200 calls, asked for by 40 at a time")
	})
}

func TestASessionOfCredentialsGoIsUsedWhileItsRefreshFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  error
		uses bool
	}{
		"the metadata service is unavailable": {errors.New("refresh Ecs sts token err, httpStatus: 503, message = "), true},
		"no connection":                       {&net.OpError{Op: "dial", Err: errors.New("refused")}, true},
		"it refuses":                          {errors.New("refresh Ecs sts token err, httpStatus: 403, message = "), false},
		"any other error":                     {errors.New("no role"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked, fails := 0, error(nil)
				provider := cams.CredentialsFrom(credentials.FromCredentialsProvider("ecs_ram_role", goProvider(func() (*providers.Credentials, error) {
					asked++
					return &providers.Credentials{AccessKeyId: "id", AccessKeySecret: "secret", SecurityToken: fmt.Sprint(asked)}, fails
				})))
				_, err := provider.Credentials(t.Context())
				require.NoError(t, err)
				fails = test.err
				for range 17 {
					time.Sleep(10 * time.Second)
					creds, err := provider.Credentials(t.Context())
					require.Equal(t, test.uses, err == nil, err)
					if err == nil {
						assert.Equal(t, "1", creds.SecurityToken)
					}
				}
				assert.Equal(t, 18, asked, "it is asked again, but not at each use")
				time.Sleep(10 * time.Second)
				_, err = provider.Credentials(t.Context())
				assert.Error(t, err, "the session has ended")
				fails = nil
				creds, err := provider.Credentials(t.Context())
				require.NoError(t, err)
				assert.Equal(t, "20", creds.SecurityToken)
			})
		})
	}
}

func TestARefreshThatHangsDelaysOneCallALittle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		asked := 0
		client := newClientWith(t, providerFunc(func(context.Context) (cams.Credentials, error) {
			if asked++; asked > 1 {
				<-release
			}
			return cams.Credentials{AccessKeyID: "id", AccessKeySecret: "secret", Expires: time.Now().Add(time.Hour)}, nil
		}))
		require.NoError(t, list(t.Context(), client))
		time.Sleep(58 * time.Minute)
		for _, longest := range []time.Duration{2 * time.Second, 0, 0} {
			start := time.Now()
			require.NoError(t, list(t.Context(), client))
			assert.LessOrEqual(t, time.Since(start), longest)
		}
		synctest.Wait()
		assert.Equal(t, 2, asked)
		close(release)
	})
}
