package main

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams/camstest"
)

// inMemory is the program on a fake in memory.
func inMemory(t *testing.T) (*life, *camstest.Server, *strings.Builder) {
	t.Helper()
	service := camstest.NewServer()
	service.SetActivationDelay(300 * time.Millisecond)
	var out strings.Builder
	l := &life{subject: "Example group", members: 3, patience: time.Minute, out: &out}
	l.inSandbox(service)
	var err error
	l.client, err = service.NewClient()
	require.NoError(t, err)
	return l, service, &out
}

func TestAGroupLivesItsLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, service, out := inMemory(t)
		require.NoError(t, l.run(t.Context()))
		lines := regexp.MustCompile(`(?m)^link .*$`).ReplaceAllString(out.String(), "link     ...")
		assert.Equal(t, `created  Example group
status   ACTIVE
link     ...
members  3
removed  one
updated  its description
deleted  Example group
`, lines)
		assert.Empty(t, service.Groups())
	})
}

func TestWithoutAYesNothingIsWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for yes := range 5 {
			l, service, _ := inMemory(t)
			left := yes
			l.ask = func(string) bool { left--; return left >= 0 }
			require.ErrorIs(t, l.run(t.Context()), errDeclined)
			writes := 0
			for _, request := range service.Requests() {
				if !strings.HasPrefix(request.Action, "List") {
					writes++
				}
			}
			assert.Equal(t, yes, writes)
		}
	})
}

func TestAGroupThatItDidNotCreateIsLeftAlone(t *testing.T) {
	t.Parallel()
	l, service, _ := inMemory(t)
	service.AddGroup(camstest.Group{BusinessNumber: l.number, CustSpaceID: l.space, GroupID: "G1", Subject: l.subject})
	assert.ErrorContains(t, l.run(t.Context()), "there is a group")
	assert.Len(t, service.Groups(), 1)
	assert.Len(t, service.Requests(), 1)
}
