package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// workers is how many calls a replica makes at the same time.
const workers = 4

const operation = "ListChatGroupParticipants"

// replica is the program that the processes run: it calls the service until its standard
// input ends. Then it prints how many calls were lost.
func replica(ctx context.Context, args []string, stdout io.Writer) error {
	name, endpoint, redis := args[1], args[2], args[3]
	quota, err := strconv.ParseFloat(args[4], 64)
	if err != nil {
		return err
	}
	options := []cams.Option{
		cams.WithEndpoint(endpoint),
		cams.WithCredentials(cams.StaticCredentials(camstest.AccessKeyID, camstest.AccessKeySecret, "")),
		cams.WithUserAgent(name),
	}
	if redis != "" {
		options = append(options, cams.WithLimiter(newSharedLimiter(redis, endpoint, quota), operation))
	}
	client, err := cams.NewClient(options...)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	go func() {
		defer stop()
		_, _ = io.Copy(io.Discard, os.Stdin)
	}()
	lost, err := work(ctx, client)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, lost)
	return err
}

// newSharedLimiter returns a limiter for an operation at an endpoint. The service has a
// quota for each account too: if you have several, add the account to the key. redis_rate
// takes whole numbers only, so a quota of 0.5 a second becomes one request in 2 seconds.
func newSharedLimiter(address, endpoint string, quota float64) sharedLimiter {
	client := redis.NewClient(&redis.Options{
		Addr: address,
		// Without Redis a call fails soon. The wait for Redis ends with the call's context.
		DialTimeout: time.Second, ReadTimeout: time.Second, MaxRetries: -1, DialerRetries: 1, ContextTimeoutEnabled: true,
	})
	every := time.Duration(math.Ceil(float64(time.Second) / quota)) // never above the quota
	return sharedLimiter{redis_rate.NewLimiter(client), "cams:" + endpoint + ":" + operation, every}
}

// work calls the service until ctx ends. It returns how many calls the service refused for
// good. Any other failure, for instance that Redis is away, ends it.
func work(ctx context.Context, client *cams.Client) (lost int64, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var refused atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for ctx.Err() == nil {
				_, err := client.ListChatGroupParticipants(ctx, &cams.ListChatGroupParticipantsRequest{
					BusinessNumber: sandboxNumber, CustSpaceID: sandboxSpace, GroupID: sandboxGroup,
				})
				var refusal *cams.APIError
				switch {
				case err == nil || ctx.Err() != nil:
				case errors.As(err, &refusal):
					refused.Add(1)
				default:
					stop(err)
				}
			}
		})
	}
	all.Wait()
	if cause := context.Cause(ctx); cause != context.Canceled { // the first failure
		return 0, cause
	}
	return refused.Load(), nil
}
