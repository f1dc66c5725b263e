package acceptance

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/credentials-go/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

func TestAProviderThatHangsDelaysNobodyAndIsNotAskedTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked, release := 0, make(chan struct{})
		client := newClientWith(t, providerFunc(func(context.Context) (cams.Credentials, error) { // ignores its context
			asked++
			<-release
			return someCredentials, nil
		}))
		start := time.Now()
		var group sync.WaitGroup
		for n := range 20 {
			group.Go(func() {
				deadline := time.Duration(n+1) * time.Second / 2
				ctx, cancel := context.WithTimeout(context.Background(), deadline)
				defer cancel()
				err := list(ctx, client)
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				assert.EqualError(t, err, "cams: ListChatGroupParticipants: stopped by the caller's context: context deadline exceeded (1 attempt)")
				assert.Equal(t, deadline, time.Since(start), "not a moment later")
			})
		}
		group.Go(func() {
			err := list(context.Background(), client)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.EqualError(t, err, "cams: ListChatGroupParticipants: no credentials: no complete answer within the attempt timeout of 15s (1 attempt)")
			assert.Equal(t, 15*time.Second, time.Since(start))
		})
		group.Wait()
		for range 3 { // no caller waits any more
			group.Go(func() {
				assert.NoError(t, list(context.Background(), client), "served by what the first ones asked for")
			})
		}
		synctest.Wait()
		assert.Equal(t, 1, asked)
		close(release)
		group.Wait()
		assert.Equal(t, 1, asked)
	})
}

func TestAProviderThatHangsEndsTheCallAfterItsAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		client := newClientWith(t, providerFunc(func(context.Context) (cams.Credentials, error) {
			<-release
			return someCredentials, nil
		}), cams.WithRetry(cams.RetryPolicy{}), cams.WithAttemptTimeout(time.Second))
		start := time.Now()
		err := list(context.Background(), client)
		assert.EqualError(t, err, "cams: ListChatGroupParticipants: no credentials: no complete answer within the attempt timeout of 1s (3 attempts)")
		assert.LessOrEqual(t, time.Since(start), 3*time.Second+600*time.Millisecond)
	})
}

func TestAProvidersContextEndsWhenNobodyWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked, hang := 0, true
		var ended time.Duration
		start := time.Now()
		client := newClientWith(t, providerFunc(func(ctx context.Context) (cams.Credentials, error) {
			asked++
			if hang {
				<-ctx.Done()
				ended = time.Since(start)
				time.Sleep(time.Second) // it takes a while to stop
				return cams.Credentials{}, ctx.Err()
			}
			time.Sleep(time.Second)
			return someCredentials, ctx.Err()
		}))
		var group sync.WaitGroup
		for n := range 3 {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(n+1)*time.Second)
				defer cancel()
				assert.ErrorIs(t, list(ctx, client), context.DeadlineExceeded)
			})
		}
		group.Wait()
		synctest.Wait()
		assert.Equal(t, 3*time.Second, ended, "with the last of them, not with the first")
		hang = false
		for range 3 { // it is still stopping
			group.Go(func() { assert.NoError(t, list(context.Background(), client), "an old cancel is no error of theirs") })
		}
		group.Wait()
		assert.Equal(t, 2, asked)
		assert.Equal(t, 5*time.Second, time.Since(start))
	})
}

func TestAProviderSeesNothingOfOneCallersContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type tenant struct{}
		client := newClientWith(t, providerFunc(func(ctx context.Context) (cams.Credentials, error) {
			assert.Nil(t, ctx.Value(tenant{}), "the answer goes to callers with other values too")
			_, limited := ctx.Deadline()
			assert.False(t, limited, "others may have more time")
			return someCredentials, nil
		}))
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), tenant{}, "a"), time.Second)
		defer cancel()
		assert.NoError(t, list(ctx, client))
	})
}

func TestAProviderThatCallsItsOwnClientIsToldSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var client *cams.Client
		client = newClientWith(t, providerFunc(func(ctx context.Context) (cams.Credentials, error) {
			return cams.Credentials{}, list(ctx, client)
		}))
		start := time.Now()
		assert.EqualError(t, list(t.Context(), client), "cams: ListChatGroupParticipants: no credentials: no credentials: "+
			"the provider called the client that waits for it: give it a client with other credentials (1 attempt)")
		assert.Zero(t, time.Since(start), "no deadlock until some timeout")
	})
}

// spilling is an error with a harmless text and secrets in its fields.
type spilling struct{ Body string }

func (spilling) Error() string { return "refused" }

var errProvider = errors.New("no such role")

func TestWhateverAProviderDoesEndsInAClearErrorWithoutSecrets(t *testing.T) {
	t.Parallel()
	type answer = func() (cams.Credentials, error)
	fail := func(err error) answer { return func() (cams.Credentials, error) { return cams.Credentials{}, err } }
	give := func(creds cams.Credentials) answer { return func() (cams.Credentials, error) { return creds, nil } }
	from := func(get func() (*credentials.CredentialModel, error)) answer {
		provider := cams.CredentialsFrom(goModel{get: get})
		return func() (cams.Credentials, error) { return provider.Credentials(context.Background()) }
	}
	text := func(s string) *string { return &s }
	long := strings.Repeat(leaked, 10)
	for name, test := range map[string]struct {
		answer answer
		want   string
	}{
		"it panics with an error":    {func() (cams.Credentials, error) { panic(errProvider) }, "the provider panicked: no such role"},
		"it panics with a secret":    {func() (cams.Credentials, error) { panic("secret=" + leaked) }, "the provider panicked: secret=[redacted]"},
		"it panics with its fields":  {func() (cams.Credentials, error) { panic(spilling{leaked}) }, "the provider panicked: refused"},
		"it panics with a struct":    {func() (cams.Credentials, error) { panic(struct{ Secret string }{leaked}) }, "the provider panicked: [redacted]"},
		"it dereferences nil":        {func() (cams.Credentials, error) { return *(*cams.Credentials)(nil), nil }, "the provider panicked: runtime error: invalid memory address or nil pointer dereference"},
		"it ends its goroutine":      {func() (cams.Credentials, error) { runtime.Goexit(); panic("unreachable") }, "the provider returned neither credentials nor an error"},
		"its error is a nil pointer": {fail((*spilling)(nil)), "the provider panicked: value method github.com/cams-go/cams/internal/acceptance.spilling.Error called using nil *spilling pointer"},
		"empty credentials":          {give(cams.Credentials{}), "the provider returned unusable credentials: Credentials.AccessKeyID is empty, and so are the other fields"},
		"no secret":                  {give(cams.Credentials{AccessKeyID: "id"}), "the provider returned unusable credentials: Credentials.AccessKeySecret is empty"},
		"a secret alone":             {give(cams.Credentials{AccessKeySecret: leaked}), "the provider returned unusable credentials: Credentials.AccessKeyID is empty"},
		"a token alone":              {give(cams.Credentials{SecurityToken: leaked}), "the provider returned unusable credentials: Credentials.AccessKeyID is empty"},
		"a token with a line break":  {give(cams.Credentials{AccessKeyID: "id", AccessKeySecret: leaked, SecurityToken: leaked + "\r\nX: y"}), "the provider returned unusable credentials: Credentials.SecurityToken holds a line break or another control character"},
		"a bearer token and a key":   {give(cams.Credentials{AccessKeyID: "id", AccessKeySecret: leaked, BearerToken: leaked}), "the provider returned unusable credentials: Credentials.BearerToken cannot be used together with an AccessKey"},
		"a nil model":                {from(func() (*credentials.CredentialModel, error) { return nil, nil }), "the provider returned neither credentials nor an error"},
		"an empty model":             {from(func() (*credentials.CredentialModel, error) { return &credentials.CredentialModel{}, nil }), "the provider returned unusable credentials: Credentials.AccessKeyID is empty, and so are the other fields"},
		"a model without a secret": {from(func() (*credentials.CredentialModel, error) {
			return &credentials.CredentialModel{AccessKeyId: text("id")}, nil
		}), "the provider returned unusable credentials: Credentials.AccessKeySecret is empty"},
		"a model that panics": {from(func() (*credentials.CredentialModel, error) { panic("token: " + leaked) }), "the provider panicked: token: [redacted]"},
		"an error with credentials": {func() (cams.Credentials, error) {
			return cams.Credentials{SecurityToken: leaked}, errors.New("cannot renew " + leaked)
		}, "cannot renew [redacted]"},
		"an error with a secret":       {fail(fmt.Errorf("%w: AccessKeySecret: %s, token %q", errProvider, leaked, leaked)), "no such role: AccessKeySecret: [redacted], token [redacted]"},
		"an error with JSON":           {fail(fmt.Errorf("%w: %s", errProvider, `{"AccessKeySecret":"`+leaked+`"}`)), "no such role: [redacted]"},
		"an error with a struct":       {fail(fmt.Errorf("%w: %+v", errProvider, struct{ Secret string }{leaked})), "no such role: [redacted]"},
		"an error with a long secret":  {fail(fmt.Errorf("%w: %s", errProvider, long)), "no such role: [redacted]"},
		"an error with a URL":          {fail(errors.Join(errProvider, &url.Error{Op: "Get", URL: "http://u:" + leaked + "@h/?k=" + leaked, Err: errors.New("password " + leaked)})), `no such role Get "http://[redacted]@h/?[redacted] password [redacted]`},
		"an error with secret fields":  {fail(errors.Join(errProvider, spilling{leaked})), "no such role refused"},
		"an error that hides a secret": {fail(fmt.Errorf("%w%.0w", errProvider, errors.New("secret="+leaked))), "no such role"},
		"an error of many lines":       {fail(fmt.Errorf("%w\r\nsecret:\n\t%s", errProvider, leaked)), "no such role  secret:  [redacted]"},
		"an error that says nothing":   {fail(errors.New("")), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			policy := cams.RetryPolicy{}
			if name == "an error with a URL" { // a request's, which may pass
				policy = cams.NoRetry()
			}
			client := newClientWith(t, providerFunc(func(context.Context) (cams.Credentials, error) {
				if asked++; asked > 1 {
					return someCredentials, nil
				}
				return test.answer()
			}), cams.WithRetry(policy))
			err := list(t.Context(), client)
			require.EqualError(t, err, "cams: ListChatGroupParticipants: no credentials: "+test.want+" (1 attempt)")
			walk(err, func(err error) { requireClean(t, fmt.Sprintf("%T", err), err, forbidden(leaked)) })
			if strings.HasPrefix(test.want, "no such role") {
				assert.ErrorIs(t, err, errProvider, "the cause can be told")
			}
			if wrapper := new(url.Error); errors.As(err, &wrapper) {
				requireClean(t, "*url.Error", wrapper, forbidden(leaked))
			}
			if strings.HasPrefix(test.want, "the provider returned unusable") {
				assert.ErrorAs(t, err, new(*cams.ValidationError))
			}
			assert.NoError(t, list(t.Context(), client), "the next call asks again")
		})
	}
}

func TestAnInvalidKeyOrTokenIsRefusedByNameAndNotShown(t *testing.T) {
	withoutEnvironment(t)
	fields := map[string]func(value string) cams.Credentials{
		"AccessKeyID":     func(v string) cams.Credentials { return cams.Credentials{AccessKeyID: v, AccessKeySecret: "s"} },
		"AccessKeySecret": func(v string) cams.Credentials { return cams.Credentials{AccessKeyID: "i", AccessKeySecret: v} },
		"SecurityToken": func(v string) cams.Credentials {
			return cams.Credentials{AccessKeyID: "i", AccessKeySecret: "s", SecurityToken: v}
		},
		"BearerToken": func(v string) cams.Credentials { return cams.Credentials{BearerToken: v} },
	}
	for value, reason := range map[string]string{
		leaked + "\r":                "holds a line break or another control character", // a variable from a file with Windows line ends
		leaked + "\n":                "holds a line break or another control character",
		leaked + "\t":                "holds a line break or another control character",
		" " + leaked:                 "holds a space",
		leaked + " x":                "holds a space",
		leaked + "\u00a0":            "holds a space",
		"\u3000" + leaked:            "holds a space",
		"\ufeff" + leaked:            "holds a byte order mark",
		"\u200b" + leaked:            "holds a character that is not ASCII",
		"\u201c" + leaked + "\u201d": "holds a character that is not ASCII",
		leaked + "\xff":              "holds a character that is not ASCII",
		`"` + leaked + `"`:           "begins or ends with a quote",
		leaked + "'":                 "begins or ends with a quote",
		"`" + leaked:                 "begins or ends with a quote",
	} {
		for field, with := range fields {
			creds := with(value)
			want := "Credentials." + field + " " + reason
			isClear := func(err error, prefix string) {
				t.Helper()
				require.EqualError(t, err, prefix+want)
				invalid := new(cams.ValidationError)
				require.ErrorAs(t, err, &invalid)
				requireClean(t, field, err, forbidden(leaked))
			}
			if field != "BearerToken" {
				_, err := cams.NewClient(cams.WithCredentials(cams.StaticCredentials(creds.AccessKeyID, creds.AccessKeySecret, creds.SecurityToken)))
				isClear(err, "cams: WithCredentials got unusable credentials: ")
			}
			bridge := cams.CredentialsFrom(goModel{get: func() (*credentials.CredentialModel, error) {
				return &credentials.CredentialModel{AccessKeyId: &creds.AccessKeyID, AccessKeySecret: &creds.AccessKeySecret,
					SecurityToken: &creds.SecurityToken, BearerToken: &creds.BearerToken}, nil
			}})
			_, err := bridge.Credentials(t.Context())
			isClear(err, "the provider returned unusable credentials: ")
			err = list(t.Context(), newClientWith(t, providerFunc(func(context.Context) (cams.Credentials, error) { return creds, nil })))
			require.ErrorContains(t, err, "the provider returned unusable credentials: "+want+" (1 attempt)")
			requireClean(t, field, err, forbidden(leaked))
			if field == "BearerToken" {
				continue
			}
			t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", creds.AccessKeyID)
			t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", creds.AccessKeySecret)
			t.Setenv("ALIBABA_CLOUD_SECURITY_TOKEN", creds.SecurityToken)
			_, err = cams.DefaultCredentials().Credentials(t.Context())
			require.ErrorContains(t, err, want)
			require.ErrorAs(t, err, new(*cams.ValidationError))
			requireClean(t, field, err, forbidden(leaked))
		}
	}
}

func TestKeysAndTokensOfAnyServiceAreAccepted(t *testing.T) {
	t.Parallel()
	for _, creds := range []cams.Credentials{
		{AccessKeyID: "LTAI5tExampleExample", AccessKeySecret: "abcABC019"},
		{AccessKeyID: "STS.NUexample", AccessKeySecret: "a+b/c==", SecurityToken: "CAIS/+=aZ09=="},
		{BearerToken: "eyJhbGciOi.eyJzdWIiOi.SflKxw-_~+/="},
	} {
		assert.NoError(t, list(t.Context(), newClientWith(t, providerFunc(func(context.Context) (cams.Credentials, error) { return creds, nil }))))
	}
}

func TestAProvidersErrorIsNotTakenForTheServicesAnswer(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]camstest.Answer{
		"throttled":          camstest.Refusal(429, "Throttling.User", "m"),
		"a server error":     camstest.Refusal(503, "ServiceUnavailable", "m"),
		"a wait":             {Status: 400, Header: http.Header{"X-Acs-Retry-After": {"1500"}}, Body: `{"Code":"Other"}`},
		"no service, broken": {Status: 502, Body: "<html>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				vault, vaultClient := service(t, cams.WithRetry(cams.NoRetry()))
				vault.Answer(answer)
				asked := 0
				client := newClientWith(t, providerFunc(func(ctx context.Context) (cams.Credentials, error) {
					asked++
					return cams.Credentials{}, list(ctx, vaultClient)
				}), cams.WithRetry(cams.RetryPolicy{}))
				require.ErrorContains(t, list(t.Context(), client), "no credentials")
				assert.Equal(t, 1, asked, "the refusal is that of another client")
			})
		})
	}
}

func TestAProvidersErrorThatSaysItMayPassIsRepeated(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err   error
		again bool
	}{
		"temporary":              {selfDescribed{temporary: true}, true},
		"a timeout":              {fmt.Errorf("vault: %w", selfDescribed{timeout: true}), true},
		"its own deadline":       {fmt.Errorf("vault: %w", context.DeadlineExceeded), true},
		"no connection":          {fmt.Errorf("vault: %w", &url.Error{Op: "Get", URL: "http://vault", Err: &net.OpError{Op: "dial", Err: errors.New("refused")}}), true},
		"a connection that ends": {&url.Error{Op: "Get", URL: "http://vault", Err: io.EOF}, true},
		"one that is closed":     {&url.Error{Op: "Get", URL: "http://vault", Err: errors.New("http: server closed idle connection")}, true},
		"neither":                {selfDescribed{}, false},
		"no URL":                 {&url.Error{Op: "parse", URL: "://vault", Err: errors.New("missing protocol scheme")}, false},
		"no URL of HTTP":         {&url.Error{Op: "Get", URL: "ftp://vault", Err: errors.New(`unsupported protocol scheme "ftp"`)}, false},
		"a file that ends":       {io.ErrUnexpectedEOF, false},
		"no such host":           {&url.Error{Op: "Get", URL: "http://vault", Err: &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}}, false},
		"a bad certificate":      {&url.Error{Op: "Get", URL: "http://vault", Err: &tls.CertificateVerificationError{Err: errors.New("unknown")}}, false},
		"no such file":           {&os.PathError{Op: "open", Path: "f", Err: os.ErrNotExist}, false},
		"credentials-go's text":  {errors.New("refresh Ecs sts token err, httpStatus: 503, message = "), false}, // not from there
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				client := newClientWith(t, providerFunc(func(context.Context) (cams.Credentials, error) {
					if asked++; asked < 3 {
						return cams.Credentials{}, test.err
					}
					return someCredentials, nil
				}), cams.WithRetry(cams.RetryPolicy{}))
				err := list(t.Context(), client)
				if test.again {
					require.NoError(t, err)
					assert.Equal(t, 3, asked)
					return
				}
				require.ErrorIs(t, err, test.err)
				assert.Equal(t, 1, asked)
			})
		})
	}
}

// selfDescribed is an error that says whether it may pass.
type selfDescribed struct{ temporary, timeout bool }

func (e selfDescribed) Error() string { return "failed" }

func (e selfDescribed) Temporary() bool { return e.temporary }

func (e selfDescribed) Timeout() bool { return e.timeout }
