package interop

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/cams-go/cams"
	"github.com/cams-go/cams/internal/interop/soak"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// soakPeers are the clients that a day is played with.
var soakPeers = []struct {
	name string
	dial Dial
}{
	{"cams", func(transport http.RoundTripper, provider cams.CredentialsProvider) (Service, []cams.PagerOption, error) {
		client, err := soakClient(transport, provider)
		return client, nil, err
	}},
	{"AWS's limiter", func(transport http.RoundTripper, provider cams.CredentialsProvider) (Service, []cams.PagerOption, error) {
		paces := map[string]awsPace{}
		var opts []cams.Option
		for _, operation := range []string{"ListChatGroupParticipants", "ListChatGroup", "AddChatGroup"} {
			paces[operation] = newAWSPace()
			opts = append(opts, cams.WithLimiter(paces[operation], operation))
		}
		client, err := soakClient(transport, provider, append(opts, cams.WithObserver(awsPaces(paces)))...)
		return client, nil, err
	}},
	{"AWS's retries", func(transport http.RoundTripper, provider cams.CredentialsProvider) (Service, []cams.PagerOption, error) {
		client, err := soakClient(transport, provider, cams.WithRetry(cams.NoRetry()), cams.WithLimiter(cams.Unlimited()))
		return awsClient{client, newAWSRetryer()}, []cams.PagerOption{cams.WithPatience(0)}, err
	}},
}

func soakClient(transport http.RoundTripper, provider cams.CredentialsProvider, opts ...cams.Option) (*cams.Client, error) {
	return cams.NewClient(append(opts, cams.WithHTTPClient(&http.Client{Transport: transport}), cams.WithCredentials(provider))...)
}

// awsPaces returns the tokens of each operation's limiter.
type awsPaces map[string]awsPace

func (p awsPaces) StartCall(ctx context.Context, operation string) context.Context {
	return p[operation].StartCall(ctx, operation)
}

func (p awsPaces) Attempt(ctx context.Context, attempt cams.AttemptInfo) {
	p[attempt.Operation].Attempt(ctx, attempt)
}

func (p awsPaces) EndCall(context.Context, cams.CallInfo) {}

// awsClient repeats calls as AWS's clients do in their standard mode. That does not know
// which operations may be repeated: AWS's own creations have a token that makes them safe.
type awsClient struct {
	client  *cams.Client
	retryer *retry.Standard
}

func newAWSRetryer() *retry.Standard {
	is := func(err error, classes ...error) aws.Ternary {
		for _, class := range classes {
			if errors.Is(err, class) {
				return aws.TrueTernary
			}
		}
		return aws.UnknownTernary
	}
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			return is(err, cams.ErrThrottled, cams.ErrUnavailable, cams.ErrOutcomeUnknown)
		}))
		o.Throttles = append(o.Throttles, retry.IsErrorThrottleFunc(func(err error) aws.Ternary {
			return is(err, cams.ErrThrottled)
		}))
	})
}

func (c awsClient) ListChatGroupParticipants(ctx context.Context, req *cams.ListChatGroupParticipantsRequest) (*cams.ListChatGroupParticipantsResponse, error) {
	return awsRetry(ctx, c.retryer, func() (*cams.ListChatGroupParticipantsResponse, error) {
		return c.client.ListChatGroupParticipants(ctx, req)
	})
}

func (c awsClient) ListChatGroup(ctx context.Context, req *cams.ListChatGroupRequest) (*cams.ListChatGroupResponse, error) {
	return awsRetry(ctx, c.retryer, func() (*cams.ListChatGroupResponse, error) { return c.client.ListChatGroup(ctx, req) })
}

func (c awsClient) AddChatGroup(ctx context.Context, req *cams.AddChatGroupRequest) (*cams.AddChatGroupResponse, error) {
	return awsRetry(ctx, c.retryer, func() (*cams.AddChatGroupResponse, error) { return c.client.AddChatGroup(ctx, req) })
}

// awsRetry is the loop of AWS's retry middleware.
func awsRetry[R any](ctx context.Context, retryer *retry.Standard, call func() (R, error)) (R, error) {
	release := retryer.GetInitialToken()
	for attempt := 1; ; attempt++ {
		value, err := call()
		_ = release(err)
		if err == nil || ctx.Err() != nil || !retryer.IsErrorRetryable(err) || attempt >= retryer.MaxAttempts() {
			return value, err
		}
		var none error
		if release, none = retryer.GetRetryToken(ctx, err); none != nil {
			return value, err
		}
		pause, none := retryer.RetryDelay(attempt, err)
		if none != nil {
			return value, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return value, err
		}
	}
}

// soakResult is written as JSON for the report.
type soakResult struct {
	Client string
	Wall   time.Duration
	soak.Result
}

func playDay(t *testing.T, day soak.Day, name string, dial Dial) soakResult {
	r := soakResult{Client: name}
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		result, err := play(t.Context(), day, dial)
		require.NoError(t, err)
		r.Result = *result
	})
	r.Wall = time.Since(began)
	t.Logf("%s: %+v", name, r)
	return r
}

func TestInABadHourAWSRetriesLoseGroups(t *testing.T) {
	t.Parallel()
	day := soak.Day{Seed: 1, Length: time.Hour, Runs: 4, Groups: 500, WebEvery: 2 * time.Second, CreateEvery: time.Minute}
	for _, peer := range soakPeers {
		t.Run(peer.name, func(t *testing.T) {
			t.Parallel()
			r := playDay(t, day, peer.name, peer.dial)
			assert.Equal(t, 4*500, r.Listed+r.Lost)
			assert.Equal(t, peer.name == "AWS's retries", r.Lost > 0)
		})
	}
}

var (
	soakOut  = flag.String("soak", "", "play a whole day with each client, and write the figures to this file as JSON")
	soakSeed = flag.Uint64("soak.seed", 20200606, "what the day draws its failures from")
	soakOnly = flag.String("soak.client", "", "play it with this client only")
)

// TestMeasureSoak plays one day after the other, because it measures memory and time.
func TestMeasureSoak(t *testing.T) {
	if *soakOut == "" {
		t.Skip("the report measures with -soak")
	}
	day := soak.Day{Seed: *soakSeed, Length: 24 * time.Hour, Runs: 24, Groups: 10_000, WebEvery: 2 * time.Second, CreateEvery: time.Minute}
	var results []soakResult
	for _, peer := range soakPeers {
		if *soakOnly == "" || *soakOnly == peer.name {
			results = append(results, playDay(t, day, peer.name, peer.dial))
		}
	}
	if len(results) > 0 {
		assert.Zero(t, results[0].Lost)
		assert.Zero(t, results[0].Doubled)
	}
	text, err := json.MarshalIndent(results, "", "\t")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(*soakOut, text, 0o644))
}

func TestABadHourLosesNoGroupAndDoublesNone(t *testing.T) {
	t.Parallel()
	day := soak.Day{Seed: 1, Length: time.Hour, Runs: 4, Groups: 1000, WebEvery: 2 * time.Second, CreateEvery: time.Minute}
	got := playDay(t, day, soakPeers[0].name, soakPeers[0].dial)
	assert.Zero(t, got.Lost, "%v", got.Causes)
	assert.Equal(t, 4000, got.Listed)
	assert.Zero(t, got.Missing)
	assert.Zero(t, got.Doubled)
	assert.NotZero(t, got.Seen.Outages)
	assert.NotZero(t, got.Seen.Refused)
}
