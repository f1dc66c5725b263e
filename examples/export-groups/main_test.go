package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cams-go/cams/camstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asProgram makes the test binary be the program, for the tests of func main.
const asProgram = "EXPORT_GROUPS_AS_PROGRAM"

func TestMain(m *testing.M) {
	os.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", camstest.AccessKeyID)
	os.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", camstest.AccessKeySecret)
	os.Setenv("ALIBABA_CLOUD_SECURITY_TOKEN", "")
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// outcome is what a run of the program left behind.
type outcome struct {
	exit           int
	stdout, stderr string
}

func runIt(ctx context.Context, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	exit := run(ctx, args, strings.NewReader(""), &stdout, &stderr)
	return outcome{exit, stdout.String(), stderr.String()}
}

const (
	businessNumber = "+86 138*~/&=%"
	custSpaceID    = "cams-空间 a+b&c=d%20"
)

// roster is the members of each group.
type roster map[string][]string

// newRoster has n groups of 0 to 22 members each, with IDs that are hard to encode.
func newRoster(n int) roster {
	groups := make(roster)
	for i := range n {
		groups[fmt.Sprintf(`group %d <"\/&> 群组 🎉`, i)] = numbers(i, i*7%23)
	}
	return groups
}

func numbers(group, n int) []string {
	var members []string
	for j := range n {
		members = append(members, fmt.Sprintf("86138%04d%04d", group, j))
	}
	return members
}

// newService starts a fake service of its own with these groups, and returns the
// flags that export them, in pages of 3, to a new file.
func newService(t *testing.T, groups roster, handler func(fake *camstest.Server) http.Handler) (fake *camstest.Server, flags []string, out string) {
	t.Helper()
	fake = camstest.NewServer()
	var list strings.Builder
	for id, members := range groups {
		addGroup(fake, id, members)
		fmt.Fprintln(&list, id)
	}
	if handler == nil {
		handler = func(fake *camstest.Server) http.Handler { return fake }
	}
	server := httptest.NewServer(handler(fake))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	out = filepath.Join(dir, "members.ndjson")
	file := filepath.Join(dir, "groups.txt")
	require.NoError(t, os.WriteFile(file, []byte(list.String()), 0o600))
	return fake, []string{"-business-number", businessNumber, "-cust-space-id", custSpaceID, "-endpoint", server.URL,
		"-groups", file, "-out", out, "-page-size", "3", "-rate", "1e9"}, out
}

func addGroup(fake *camstest.Server, id string, members []string) {
	fake.AddGroup(camstest.Group{BusinessNumber: businessNumber, CustSpaceID: custSpaceID, GroupID: id, Participants: members})
}

// exported reads an export back. It fails the test for a line that is not a
// member's.
func exported(t *testing.T, text string) roster {
	t.Helper()
	groups := make(roster)
	for line := range strings.Lines(text) {
		require.True(t, strings.HasSuffix(line, "\n"), "whole lines")
		var object map[string]string
		require.NoError(t, json.Unmarshal([]byte(line), &object), line)
		require.Len(t, object, 2)
		groups[object["GroupId"]] = append(groups[object["GroupId"]], object["ParticipantNumber"])
	}
	return groups
}

// requireComplete tells that an export has all members of all groups, each once
// and in order.
func requireComplete(t *testing.T, want roster, text string) {
	t.Helper()
	got := exported(t, text)
	for id, members := range want {
		require.Equal(t, members, got[id], id)
	}
	for id := range got {
		require.Contains(t, want, id)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func TestSandbox(t *testing.T) {
	dir := t.TempDir()
	for _, variable := range []string{"TMPDIR", "TEMP", "TMP"} {
		t.Setenv(variable, dir)
	}
	got := runIt(t.Context(), "-rate", "1e9")
	assert.Equal(t, exitDone, got.exit)
	assert.Empty(t, got.stdout)
	assert.Regexp(t, `^export-groups: this is the embedded sandbox: .* http://127\.0\.0\.1:\d+ with 20 groups .*\n`+
		`export-groups: 20 groups, 652 members, 38 requests, [\dm.]+s, in .*members\.ndjson\n$`, got.stderr)

	files, err := filepath.Glob(filepath.Join(dir, "export-groups-*", "members.ndjson"))
	require.NoError(t, err)
	require.Len(t, files, 1, "where it says")
	want := make(roster)
	for i, id := range demoGroupIDs() {
		if members := demoMembers(i); len(members) > 0 {
			want[id] = members
		}
	}
	assert.Equal(t, want, exported(t, read(t, files[0])))
}

func TestSandboxRehearses(t *testing.T) {
	t.Parallel()
	_, flags, out := newService(t, newRoster(5), nil)
	flags = append(flags, "-endpoint", "cams.example.com", "-region", "cn-hangzhou")
	got := runIt(t.Context(), append(flags, "-sandbox")...)
	assert.Equal(t, exitDone, got.exit, got.stderr)
	assert.Contains(t, got.stderr, "5 groups, 132 members")

	got = runIt(t.Context(), flags...)
	assert.Equal(t, exitUsage, got.exit, "the rehearsal's members are not mixed with real ones")
	assert.Contains(t, got.stderr, "belongs to an export with another -sandbox")
	assert.Len(t, exported(t, read(t, out)), 4)
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"-h", "-help", "--help"} {
		got := runIt(t.Context(), arg)
		assert.Equal(t, exitDone, got.exit)
		assert.Empty(t, got.stdout)
		for _, word := range []string{"Examples:", "Exit codes:", "ALIBABA_CLOUD_ACCESS_KEY_ID", "Resuming:", "no snapshot", "-page-size n", "-rate n"} {
			assert.Contains(t, got.stderr, word)
		}
	}
}

func TestWrongUsage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	good := file("groups.txt", "EA1\n")
	out := filepath.Join(dir, "out")
	all := []string{"-business-number", "1", "-cust-space-id", "3", "-out", out, "-endpoint", "127.0.0.1:1", "-groups", good}
	with := func(args ...string) []string { return append(append([]string{}, all...), args...) }
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"two missing", []string{"-business-number", "1"}, "missing for the real service: -cust-space-id, -groups"},
		{"groups alone", []string{"-groups", good}, "missing for the real service: -business-number, -cust-space-id"},
		{"an empty one", with("-groups", ""), "missing for the real service: -groups"},
		{"region alone", []string{"-region", "ap-southeast-1"}, "-business-number, -cust-space-id, -groups"},
		{"no sandbox", []string{"-sandbox=false"}, "-business-number, -cust-space-id, -groups"},
		{"page size", []string{"-page-size", "0"}, "-page-size must be 1 or more"},
		{"workers", []string{"-workers", "0"}, "-workers must be 1 or more"},
		{"rate", []string{"-rate", "0"}, "-rate must be more than 0"},
		{"rate that is none", []string{"-rate", "NaN"}, "-rate must be more than 0"},
		{"too many workers", []string{"-rate", "0.5", "-workers", "31"}, "-workers must not be more than -rate allows"},
		{"no number", []string{"-page-size", "ten"}, `invalid value "ten" for flag -page-size`},
		{"argument", []string{"-sandbox", "group"}, `unexpected argument "group"`},
		{"unknown flag", []string{"-colour"}, "not defined: -colour"},
		{"region", with("-region", "a/b"), "WithRegion"},
		{"endpoint", with("-endpoint", "http://cams.example.com"), "WithEndpoint"},
		{"no such groups", with("-groups", filepath.Join(dir, "none")), "none"},
		{"no groups", with("-groups", file("empty.txt", "\n # a comment\n")), "empty.txt holds no group ID"},
		{"no groups on stdin", with("-groups", "-"), "stdin holds no group ID"},
		{"groups that are not UTF-8", with("-groups", file("latin1.txt", "EA1\n\xe9\n")), "latin1.txt:2: the group ID is not UTF-8"},
		{"an output that is a directory", with("-out", dir), "is not a file that can be resumed"},
		{"an output that was there", with("-out", good), "exists and has no checkpoint"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := runIt(t.Context(), tt.args...)
			assert.Equal(t, exitUsage, got.exit, got.stderr)
			assert.Empty(t, got.stdout)
			assert.Contains(t, got.stderr, tt.want)
			assert.Equal(t, 1, strings.Count(got.stderr, "\n"), "one line: %s", got.stderr)
			assert.NoFileExists(t, out)
			assert.NoFileExists(t, out+".checkpoint")
			assert.Equal(t, "EA1\n", read(t, good))
		})
	}
}

func TestParseGroups(t *testing.T) {
	t.Parallel()
	got, err := parseGroups("file", "\uFEFFEA1\r\n\r\n  EA2\t\n# EA3\n\n #EA4\nEA1\nEA5#\n群 1")
	require.NoError(t, err)
	assert.Equal(t, []string{"EA1", "EA2", "EA5#", "群 1"}, got)
}

func TestExport(t *testing.T) {
	t.Parallel()
	for _, workers := range []string{"1", "4", "100"} {
		t.Run(workers+" workers", func(t *testing.T) {
			t.Parallel()
			groups := newRoster(12)
			fake, flags, out := newService(t, groups, nil)
			fake.SetMaxPageSize(2)
			flags = append(flags, "-workers", workers, "-channel-type", "WHATSAPP")
			got := runIt(t.Context(), flags...)
			assert.Equal(t, exitDone, got.exit, got.stderr)
			assert.Empty(t, got.stdout)
			assert.Regexp(t, `^export-groups: 12 groups, 117 members, \d+ requests, \S+, in .*\n$`, got.stderr)
			requireComplete(t, groups, read(t, out))

			text := read(t, out)
			fake.Reset()
			got = runIt(t.Context(), flags...)
			assert.Equal(t, exitDone, got.exit, got.stderr)
			assert.Empty(t, fake.Requests(), "all is there")
			assert.Equal(t, text, read(t, out))
			assert.Regexp(t, `members.ndjson goes on after 12 of 12 groups, 117 members\n`+
				`export-groups: 0 groups, 0 members, 0 requests, `, got.stderr)
		})
	}
}

func TestVerbose(t *testing.T) {
	t.Parallel()
	groups := roster{"EA1": numbers(1, 6)}
	_, flags, _ := newService(t, groups, nil)
	got := runIt(t.Context(), append(flags, "-v")...)
	assert.Equal(t, exitDone, got.exit)
	assert.Equal(t, 2, strings.Count(got.stderr, "cams attempt"))
	assert.NotContains(t, got.stderr, businessNumber)
	assert.NotContains(t, got.stderr, groups["EA1"][0])
}

func TestGroupsFromStdinToStdout(t *testing.T) {
	t.Parallel()
	groups := newRoster(5)
	_, flags, out := newService(t, groups, nil)
	list := read(t, filepath.Join(filepath.Dir(out), "groups.txt"))
	var stdout, stderr bytes.Buffer
	exit := run(t.Context(), append(flags, "-groups", "-", "-out", "-"), strings.NewReader(list+list), &stdout, &stderr)
	assert.Equal(t, exitDone, exit, stderr.String())
	requireComplete(t, groups, stdout.String())
	assert.Regexp(t, `^export-groups: 5 groups, 47 members, \d+ requests, \S+\n$`, stderr.String())
	assert.NoFileExists(t, out)
}

// The service refuses one group; the others are not concerned.
func TestFailedGroupAmongGoodOnes(t *testing.T) {
	t.Parallel()
	groups := newRoster(8)
	groups["late"] = nil
	fake, flags, out := newService(t, groups, nil)
	addGroup(fake, "late", numbers(9, 4))
	list := filepath.Join(filepath.Dir(out), "groups.txt")
	require.NoError(t, os.WriteFile(list, []byte("none\n"+read(t, list)), 0o600))

	got := runIt(t.Context(), flags...)
	assert.Equal(t, exitFailed, got.exit)
	assert.Regexp(t, `^export-groups: group "none": cams: ListChatGroupParticipants: InvalidParameter: The group does not exist\. `+
		`\(status 200, request ID [0-9A-F-]{36}, 1 attempt\); 0 members written\n`+
		`export-groups: 1 group failed: 9 groups, \d+ members, \d+ requests, \S+; the same command with -out .*members.ndjson goes on from there\n$`, got.stderr)
	groups["late"] = numbers(9, 4)
	requireComplete(t, groups, read(t, out))

	groups["none"] = numbers(10, 5)
	addGroup(fake, "none", groups["none"])
	fake.Reset()
	got = runIt(t.Context(), flags...)
	assert.Equal(t, exitDone, got.exit, got.stderr)
	assert.Len(t, fake.Requests(), 2, "the failed group only")
	requireComplete(t, groups, read(t, out))
}

func TestFailedInTheMiddle(t *testing.T) {
	t.Parallel()
	groups := roster{"EA1": numbers(1, 10)}
	fake, flags, out := newService(t, groups, nil)
	fake.AnswerOnce(camstest.Answer{}, camstest.Answer{}, camstest.Refusal(403, "Forbidden.RAM", "No."))
	got := runIt(t.Context(), flags...)
	assert.Equal(t, exitFailed, got.exit)
	assert.Regexp(t, `group "EA1": .*Forbidden\.RAM.*; 6 members written\n`, got.stderr)
	assert.Equal(t, roster{"EA1": numbers(1, 6)}, exported(t, read(t, out)))

	got = runIt(t.Context(), flags...)
	assert.Equal(t, exitDone, got.exit, got.stderr)
	assert.Regexp(t, `goes on after 0 of 1 group, 6 members\nexport-groups: 1 group, 4 members, 3 requests`, got.stderr)
	requireComplete(t, groups, read(t, out))
}

func TestWrongSecretStopsAll(t *testing.T) {
	groups := newRoster(50)
	fake, flags, out := newService(t, groups, nil)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "wrong")
	got := runIt(t.Context(), append(flags, "-workers", "2")...)
	assert.Equal(t, exitFailed, got.exit)
	assert.Regexp(t, `^export-groups: stopped, as all groups would meet the same: cams: .*SignatureDoesNotMatch.*request ID .*\n$`, got.stderr)
	assert.LessOrEqual(t, len(fake.Requests()), 2)

	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", camstest.AccessKeySecret)
	got = runIt(t.Context(), flags...)
	assert.Equal(t, exitDone, got.exit, got.stderr)
	requireComplete(t, groups, read(t, out))
}

func TestNoCredentials(t *testing.T) {
	fake, flags, out := newService(t, newRoster(3), nil)
	for _, variable := range []string{"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_CREDENTIALS_FILE",
		"ALIBABA_CLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_ECS_METADATA", "ALIBABA_CLOUD_CONFIG_FILE", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN"} {
		t.Setenv(variable, "")
	}
	t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
	t.Setenv("HOME", t.TempDir())
	t.Setenv("USERPROFILE", os.Getenv("HOME"))
	got := runIt(t.Context(), flags...)
	assert.Equal(t, exitFailed, got.exit)
	assert.Contains(t, got.stderr, "credentials")
	assert.Equal(t, 1, strings.Count(got.stderr, "\n"), "one line: %s", got.stderr)
	assert.Empty(t, fake.Requests())
	assert.NoFileExists(t, out)
}

// A group that changes while it is listed cannot be exported exactly, but it is
// not hidden either.
func TestGroupChangesBetweenRuns(t *testing.T) {
	t.Parallel()
	fake, flags, _ := newService(t, roster{"EA1": numbers(1, 10)}, nil)
	fake.AnswerOnce(camstest.Answer{}, camstest.Answer{}, camstest.Refusal(403, "Forbidden.RAM", "No."))
	require.Equal(t, exitFailed, runIt(t.Context(), flags...).exit)
	addGroup(fake, "EA1", numbers(1, 4))
	for range 2 {
		got := runIt(t.Context(), flags...)
		assert.Equal(t, exitDone, got.exit)
		assert.Contains(t, got.stderr, `group "EA1": 6 members written, but the service counts 4: it changed while it was listed`)
	}
}

// atRequest calls do when the n-th request comes, and leaves it unanswered.
func atRequest(n int64, do func()) func(*camstest.Server) http.Handler {
	var requests atomic.Int64
	return func(fake *camstest.Server) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if requests.Add(1) != n {
				fake.ServeHTTP(w, r)
				return
			}
			do()
			<-r.Context().Done() // the caller hangs up
			panic(http.ErrAbortHandler)
		})
	}
}

func TestInterruptedAndResumed(t *testing.T) {
	t.Parallel()
	for _, request := range []int64{1, 2, 7, 30} {
		t.Run(fmt.Sprintf("at request %d", request), func(t *testing.T) {
			t.Parallel()
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			groups := newRoster(12)
			_, flags, out := newService(t, groups, atRequest(request, interrupt))
			got := runIt(ctx, flags...)
			assert.Equal(t, exitInterrupted, got.exit, got.stderr)
			assert.Regexp(t, `^export-groups: interrupted: \d+ groups?, \d+ members?, \d+ requests?, \S+; the same command .* goes on from there\n$`, got.stderr)

			got = runIt(t.Context(), flags...)
			assert.Equal(t, exitDone, got.exit, got.stderr)
			requireComplete(t, groups, read(t, out))
		})
	}
}

func TestInterruptedWhileReadingStdin(t *testing.T) {
	t.Parallel()
	_, flags, out := newService(t, newRoster(1), nil)
	ctx, interrupt := context.WithCancel(t.Context())
	stdin, open := io.Pipe()
	defer open.Close()
	var stderr bytes.Buffer
	interrupt()
	exit := run(ctx, append(flags, "-groups", "-"), stdin, io.Discard, &stderr)
	assert.Equal(t, exitInterrupted, exit)
	assert.Equal(t, "export-groups: interrupted before the first request\n", stderr.String())
	assert.NoFileExists(t, out)
}

// writer is a stdout that a test watches.
type writer func(p []byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestStdoutFails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err    error
		exit   int
		stderr string
	}{
		{errors.New("disk full"), exitFailed, `^export-groups: the output fails: disk full; 0 groups, 0 members, 1 request, \S+; stdout cannot be resumed\n$`},
		{&os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}, exitDone, `^$`},
	} {
		t.Run(tt.err.Error(), func(t *testing.T) {
			t.Parallel()
			fake, flags, _ := newService(t, roster{"EA1": numbers(1, 10), "EA2": numbers(2, 10)}, nil)
			var stderr bytes.Buffer
			exit := run(t.Context(), append(flags, "-out", "-", "-workers", "1"), nil, writer(func([]byte) (int, error) { return 0, tt.err }), &stderr)
			assert.Equal(t, tt.exit, exit)
			assert.Regexp(t, tt.stderr, stderr.String())
			assert.Len(t, fake.Requests(), 1)
		})
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	var terminal bytes.Buffer
	bar := &progress{w: &terminal, on: true}
	bar.show("%d members", 10)
	bar.show("%d members", 9)
	bar.clear()
	bar.clear()
	assert.Equal(t, "\r10 members\r9 members \r         \r", terminal.String())

	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, err)
	defer file.Close()
	assert.False(t, isTerminal(file))
	assert.False(t, isTerminal(&terminal))
}

// program is the program as a process.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0")
	return cmd
}

// See TestKilledAndResumed for why it is not parallel.
func TestProgramIsSignalled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows has no SIGINT to send")
	}
	for _, sent := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(sent.String(), func(t *testing.T) {
			t.Parallel()
			midway := make(chan struct{})
			_, flags, _ := newService(t, newRoster(5), atRequest(6, func() { close(midway) }))
			var stderr bytes.Buffer
			cmd := program(t, flags...)
			cmd.Stderr = &stderr
			require.NoError(t, cmd.Start())
			<-midway
			require.NoError(t, cmd.Process.Signal(sent))
			var exit *exec.ExitError
			require.ErrorAs(t, cmd.Wait(), &exit)
			assert.Equal(t, exitInterrupted, exit.ExitCode())
			assert.Contains(t, stderr.String(), "interrupted: ")
		})
	}
}
