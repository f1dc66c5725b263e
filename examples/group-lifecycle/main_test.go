package main

import (
	"bufio"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
	"github.com/cams-go/cams/examples/internal/sandbox"
)

// inMemory returns the program with a fake service and no network. So it works in a synctest bubble, where waiting takes no
// time.
func inMemory() (*life, *camstest.Server, []cams.Option) {
	l := &life{subject: "Example group", members: 3, patience: time.Minute, out: new(strings.Builder)}
	server := l.sandbox()
	opts := append((&sandbox.Sandbox{Endpoint: "http://127.0.0.1"}).Options(), cams.WithHTTPClient(&http.Client{Transport: server}))
	return l, server, opts
}

// writes returns the names of the operations that were called, except for reads.
func writes(server *camstest.Server) (names []string) {
	for _, request := range server.Requests() {
		if !strings.HasPrefix(request.Action, "List") {
			names = append(names, request.Action)
		}
	}
	return names
}

func TestTheSandboxPrintsTheGolden(t *testing.T) {
	t.Parallel()
	golden, err := os.ReadFile("testdata/golden.txt")
	require.NoError(t, err)
	l, server, _ := inMemory()
	server.SetActivationDelay(0) // this test has real time and real HTTP
	loopback, err := sandbox.Start(server)
	require.NoError(t, err)
	defer loopback.Stop()

	require.NoError(t, l.run(t.Context(), loopback.Options()...))
	assert.Equal(t, string(golden), l.out.(*strings.Builder).String())
	assert.Empty(t, server.Groups())
}

func TestOnlyWhatIsAgreedToIsWritten(t *testing.T) {
	t.Parallel()
	all := []string{"AddChatGroup", "AddChatGroupInviteLink", "DeleteChatGroupParticipants", "UpdateChatGroup", "DeleteChatGroup"}
	for _, no := range []string{"", "\n", "n\n", "Y\n", "yes\n"} { // "" is the end of the input
		for agreed := range all {
			synctest.Test(t, func(t *testing.T) {
				l, server, opts := inMemory()
				l.yes, l.in = false, bufio.NewScanner(strings.NewReader(strings.Repeat("y\n", agreed)+no))
				require.ErrorIs(t, l.run(t.Context(), opts...), errDeclined)
				assert.Equal(t, all[:agreed], append([]string{}, writes(server)...))
			})
		}
	}
}

func TestAGroupThatWasThereIsLeftAlone(t *testing.T) {
	t.Parallel()
	l, server, opts := inMemory()
	server.AddGroup(camstest.Group{BusinessNumber: l.number, CustSpaceID: l.space, GroupID: "theirs", Subject: l.subject})
	require.ErrorContains(t, l.run(t.Context(), opts...), "there is one already")
	assert.Empty(t, writes(server))
}

func TestAGroupWithASimilarNameIsLeftAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, server, opts := inMemory()
		server.AddGroup(camstest.Group{BusinessNumber: l.number, CustSpaceID: l.space, GroupID: "theirs", Subject: l.subject + " 2"})
		require.NoError(t, l.run(t.Context(), opts...))
		require.Len(t, server.Groups(), 1)
		assert.Equal(t, "theirs", server.Groups()[0].GroupID)
	})
}

func TestNoGroupIsTouchedIfTwoCouldBeOurs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, server, opts := inMemory()
		server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
			if r.Action == "AddChatGroup" { // somebody else creates one at the same time
				server.AddGroup(camstest.Group{BusinessNumber: l.number, CustSpaceID: l.space, GroupID: "theirs", Subject: l.subject})
			}
			return camstest.Answer{}, false
		})
		require.ErrorContains(t, l.run(t.Context(), opts...), "cannot tell which one is ours")
		assert.Equal(t, []string{"AddChatGroup"}, writes(server))
		assert.Len(t, server.Groups(), 2)
	})
}

func TestAnUnknownOutcomeEndsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, server, opts := inMemory()
		server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
			return camstest.Answer{Drop: true, After: true}, r.Action == "AddChatGroup"
		})
		err := l.run(t.Context(), opts...)
		require.ErrorIs(t, err, cams.ErrOutcomeUnknown)
		assert.ErrorContains(t, err, "check with ListChatGroup")
		assert.Equal(t, []string{"AddChatGroup"}, writes(server))
	})
}

func TestMembersWhoDoNotComeAreNotAwaitedForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, server, opts := inMemory()
		l.invite = func(string) error { return nil }
		require.ErrorContains(t, l.run(t.Context(), opts...), "not yet after 1m0s")
		assert.Equal(t, []string{"AddChatGroup", "AddChatGroupInviteLink"}, writes(server))
	})
}

func TestAGroupHasOneToEightMembers(t *testing.T) {
	t.Parallel()
	for _, members := range []int{-1, 0, 9} {
		l, server, opts := inMemory()
		l.members = members
		require.ErrorContains(t, l.run(t.Context(), opts...), "-members")
		assert.Empty(t, server.Requests())
	}
}

func TestWhatTheServiceWritesDrivesNoTerminal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, server, opts := inMemory()
		l.members = 2
		server.AnswerFunc(func(r camstest.Request) (camstest.Answer, bool) {
			return camstest.Answer{Body: `{"Code":"OK","Success":true,"InviteLink":"https://x/\u001b[2J\n"}`, After: true}, r.Action == "AddChatGroupInviteLink"
		})
		l.invite = func(string) error {
			link := server.Groups()[0].InviteLink
			return errors.Join(server.Join(link, "8613900000001"), server.Join(link, "8613900000001\x1b\n1"))
		}
		require.NoError(t, l.run(t.Context(), opts...))
		printed := l.out.(*strings.Builder).String()
		assert.Contains(t, printed, `create its invite link: "https://x/\x1b[2J\n"`+"\n")
		assert.Contains(t, printed, `wait for members: "…0001 …1\x1b\n1"`+"\n")
		assert.NotContains(t, printed, "\x1b")
		assert.Equal(t, len(l.steps(t.Context())), strings.Count(printed, "\n"), "a line a step")
	})
}
