package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The replicas of a test are processes of the test's binary.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "replica" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestItComparesBothWays(t *testing.T) {
	t.Parallel()
	for name, test := range map[string][]string{
		"with Redis":    {"-redis", startRedis(t)},
		"without Redis": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			require.NoError(t, run(t.Context(), append(test, "-replicas", "2", "-quota", "50", "-duration", "1s"), &out))
			const row = `\d+  +\d+\.\d %  +0  +\d+\.\d %\n`
			const table = ` +replica .*\n +1  +` + row + ` +2  +` + row + ` +all  +` + row
			assert.Regexp(t, `^2 replicas, 50 requests a second, 1s: Redis\n`+table+
				`2 replicas, 50 requests a second, 1s: the default limiters alone\n`+table+`$`, out.String())
		})
	}
}

func TestWithRedisHardlyAnyRequestIsRefused(t *testing.T) {
	t.Parallel()
	shares, allowed, err := measure(t.Context(), settings{replicas: 4, quota: 50, duration: 2 * time.Second, redis: startRedis(t)})
	require.NoError(t, err)
	var all share
	for _, s := range shares {
		all.add(s)
	}
	t.Logf("%+v of %v", shares, allowed)
	assert.Zero(t, all.lost)
	assert.LessOrEqual(t, all.refused, 5)
	assert.GreaterOrEqual(t, all.granted, 50, "of 150, also on a slow machine")
	for _, s := range shares {
		assert.InDelta(t, all.granted/4, s.granted, float64(all.granted)/8, "each has its share")
	}
}

func TestAReplicaSaysThatRedisIsAway(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), []string{"-redis", "127.0.0.1:1", "-duration", "500ms"}, new(strings.Builder))
	assert.ErrorContains(t, err, "asking Redis for a turn")
}

func TestTheHelpIsPrintedToStdout(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, run(t.Context(), []string{"-h"}, &out))
	assert.Contains(t, out.String(), "-quota")
}

func TestAMistakeOnTheCommandLineIsAnError(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"-replicas 0", "-quota -1", "-duration 0", "-nothing", "more"} {
		assert.Error(t, run(t.Context(), strings.Fields(args), new(strings.Builder)), args)
	}
}
