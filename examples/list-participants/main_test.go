package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

var update = flag.Bool("update", false, "write testdata/*.golden anew")

// asProgram makes the test binary be the program, for the tests of func main.
const asProgram = "LIST_PARTICIPANTS_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// result is what a run of the program left behind.
type result struct {
	exit           int
	stdout, stderr string
}

func runIt(ctx context.Context, args ...string) result {
	var stdout, stderr bytes.Buffer
	exit := run(ctx, args, &stdout, &stderr)
	return result{exit, stdout.String(), stderr.String()}
}

func TestSandbox(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, golden string
		args         []string
	}{
		{"no flags", "table", nil},
		{"table", "table", []string{"-format", "table"}},
		{"json", "json", []string{"-format", "json"}},
		{"csv", "csv", []string{"-format=csv"}},
		{"asked for", "json", []string{"-sandbox", "-format", "json"}},
		{"another page size", "csv", []string{"-sandbox", "-format", "csv", "-page-size", "10"}},
		{"prefetch", "json", []string{"-format", "json", "-page-size", "2", "-prefetch", "3"}},
		{"channel", "json", []string{"-format", "json", "-channel-type", "WHATSAPP"}},
		{"a rehearsal", "json", []string{"-format", "json", "-sandbox", "-business-number", "861", "-group-id", "群/1", "-cust-space-id", "c",
			"-region", "cn-hangzhou", "-endpoint", "cams.example.com"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { // one after the other: -update writes what they share
			got := runIt(t.Context(), tt.args...)
			assert.Equal(t, exitDone, got.exit)
			assert.Regexp(t, `^list-participants: this is the embedded sandbox: .* http://127\.0\.0\.1:\d+, .*\n`+
				`list-participants: 8 members in \d pages?, [\dm.]+s\n$`, got.stderr)

			golden := filepath.Join("testdata", tt.golden+".golden")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got.stdout), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), got.stdout)
		})
	}
}

func TestSandboxStartsInTheMiddle(t *testing.T) {
	t.Parallel()
	got := runIt(t.Context(), "-page-index", "3", "-format", "json")
	assert.Equal(t, exitDone, got.exit)
	assert.Equal(t, numbers(demoMembers)[6:], membersIn(t, "json", got.stdout))
	assert.Contains(t, got.stderr, "2 members in 1 page, ")

	got = runIt(t.Context(), "-page-index", "4", "-format", "json")
	assert.Equal(t, exitDone, got.exit)
	assert.Empty(t, got.stdout)
	assert.Contains(t, got.stderr, "0 members in 0 pages, ")
}

func TestWrongUsage(t *testing.T) {
	t.Parallel()
	all := []string{"-business-number", "1", "-group-id", "2", "-cust-space-id", "3"}
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"two missing", []string{"-business-number", "1"}, "missing for the real service: -group-id, -cust-space-id"},
		{"one missing", []string{"-group-id", "2", "-cust-space-id", "3"}, "missing for the real service: -business-number"},
		{"an empty one", []string{"-business-number", "1", "-group-id", "", "-cust-space-id", "3"}, "missing for the real service: -group-id"},
		{"an empty one alone", []string{"-group-id="}, "-business-number, -group-id, -cust-space-id"},
		{"endpoint alone", []string{"-endpoint", "127.0.0.1:1"}, "-business-number, -group-id, -cust-space-id"},
		{"region alone", []string{"-region", "ap-southeast-1"}, "-business-number, -group-id, -cust-space-id"},
		{"no sandbox", []string{"-sandbox=false"}, "-business-number, -group-id, -cust-space-id"},
		{"page size", []string{"-page-size", "0"}, "-page-size must be 1 or more"},
		{"page index", []string{"-page-index", "-1"}, "-page-index must be 1 or more"},
		{"prefetch", []string{"-prefetch", "-1"}, "-prefetch must not be negative"},
		{"format", []string{"-format", "xml"}, `-format "xml" is unknown: use table, json or csv`},
		{"timeout", []string{"-timeout", "0s"}, "-timeout must be more than 0"},
		{"no duration", []string{"-timeout", "soon"}, `invalid value "soon" for flag -timeout`},
		{"no number", []string{"-page-size", "ten"}, `invalid value "ten" for flag -page-size`},
		{"argument", []string{"-sandbox", "group"}, `unexpected argument "group"`},
		{"unknown flag", []string{"-colour"}, "not defined: -colour"},
		{"region", append(all, "-region", "a/b"), "WithRegion"},
		{"endpoint", append(all, "-endpoint", "http://cams.example.com"), "WithEndpoint"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := runIt(t.Context(), tt.args...)
			assert.Equal(t, exitUsage, got.exit)
			assert.Empty(t, got.stdout)
			assert.Contains(t, got.stderr, tt.want)
			assert.Equal(t, 1, strings.Count(got.stderr, "\n"), "one line: %s", got.stderr)
		})
	}
}

// The service's side of the tests below.
var group = camstest.Group{
	BusinessNumber: "8613800138000",
	GroupID:        "group + * ~ / & = % 群组 🎉",
	CustSpaceID:    "cams-空间 a+b&c=d%20",
	Participants:   numbers(57), // the program does not rely on WhatsApp's limit of 8
}

func numbers(n int) []string {
	var numbers []string
	for i := range n {
		numbers = append(numbers, fmt.Sprintf("86138%08d", i+1))
	}
	return numbers
}

// newService starts a fake service of its own and points the environment's
// credentials at it. It returns the flags that list its group.
func newService(t *testing.T, handler func(fake *camstest.Server) http.Handler) (fake *camstest.Server, flags []string) {
	t.Helper()
	fake = camstest.NewServer()
	fake.AddGroup(group)
	if handler == nil {
		handler = func(fake *camstest.Server) http.Handler { return fake }
	}
	server := httptest.NewServer(handler(fake))
	t.Cleanup(server.Close)
	setCredentials(t, camstest.AccessKeyID, camstest.AccessKeySecret, "")
	return fake, []string{"-business-number", group.BusinessNumber, "-group-id", group.GroupID, "-cust-space-id", group.CustSpaceID,
		"-endpoint", server.URL, "-format", "json"}
}

func setCredentials(t *testing.T, id, secret, token string) {
	t.Helper()
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", id)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", secret)
	t.Setenv("ALIBABA_CLOUD_SECURITY_TOKEN", token)
}

func TestRealService(t *testing.T) {
	for _, prefetch := range []string{"0", "2"} {
		for _, format := range []string{"table", "json", "csv"} {
			t.Run(format+" with prefetch "+prefetch, func(t *testing.T) {
				fake, flags := newService(t, nil)
				got := runIt(t.Context(), append(flags, "-format", format, "-prefetch", prefetch, "-channel-type", "WHATSAPP")...)
				assert.Equal(t, exitDone, got.exit, got.stderr)
				assert.Equal(t, group.Participants, membersIn(t, format, got.stdout))
				assert.Regexp(t, `^list-participants: 57 members in 3 pages, \S+\n$`, got.stderr)
				assert.Len(t, fake.Requests(), 3)
			})
		}
	}
}

func TestVerbose(t *testing.T) {
	_, flags := newService(t, nil)
	got := runIt(t.Context(), append(flags, "-v")...)
	assert.Equal(t, exitDone, got.exit)
	assert.Equal(t, 3, strings.Count(got.stderr, "cams attempt"))
	assert.Contains(t, got.stderr, "request_id=")
	assert.NotContains(t, got.stderr, camstest.AccessKeySecret)
	assert.NotContains(t, got.stderr, group.BusinessNumber)
	assert.NotContains(t, got.stderr, group.Participants[0])
}

const resumeHint = `; (\d+) members? listed; resume with -page-index (\d+) and the same -page-size (\d+)\n$`

func TestFailedCall(t *testing.T) {
	const uuid = `[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}`
	tests := []struct {
		name    string
		arrange func(t *testing.T, fake *camstest.Server)
		args    []string
		want    string
		members int
	}{
		{"unknown key", func(t *testing.T, _ *camstest.Server) { setCredentials(t, "unknown", "secret", "") }, nil,
			`InvalidAccessKeyId\.NotFound.*request ID ` + uuid, 0},
		{"unknown group", nil, []string{"-group-id", "none"}, `The group does not exist.*status 200, request ID ` + uuid, 0},
		{"refused in the middle", func(_ *testing.T, fake *camstest.Server) {
			fake.AnswerOnce(camstest.Answer{}, camstest.Answer{}, camstest.Refusal(403, "Forbidden.RAM", "No."))
		}, nil, `Forbidden\.RAM.*request ID ` + uuid + `.*; 40 members listed; resume with -page-index 3 `, 40},
		{"a page again", func(_ *testing.T, fake *camstest.Server) {
			page := camstest.Answer{Body: `{"Code":"OK","Success":true,"Data":{"Total":9,"List":[{"ParticipantNumber":"8613800000001"}]}}`}
			fake.AnswerOnce(page, page)
		}, nil, `repeats a page.*; 1 member listed; resume with -page-index 2 `, 1},
		{"no credentials", func(t *testing.T, _ *camstest.Server) {
			setCredentials(t, "", "", "")
			for _, variable := range []string{"ALIBABA_CLOUD_CREDENTIALS_FILE", "ALIBABA_CLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_ECS_METADATA",
				"ALIBABA_CLOUD_CONFIG_FILE", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN"} {
				t.Setenv(variable, "")
			}
			t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
			t.Setenv("HOME", t.TempDir())
			t.Setenv("USERPROFILE", os.Getenv("HOME"))
		}, nil, `no credentials: .*\n.*sandbox`, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake, flags := newService(t, nil)
			if tt.arrange != nil {
				tt.arrange(t, fake)
			}
			got := runIt(t.Context(), append(flags, tt.args...)...)
			assert.Equal(t, exitFailed, got.exit)
			assert.Regexp(t, tt.want, got.stderr)
			assert.Equal(t, tt.members > 0, regexp.MustCompile(resumeHint).MatchString(got.stderr), got.stderr)
			assert.LessOrEqual(t, strings.Count(got.stderr, "\n"), 1+strings.Count(tt.want, `\n`), "one line, or what is wanted: %s", got.stderr)
			assert.Len(t, membersIn(t, "json", got.stdout), tt.members)
		})
	}
}

// nasty are member numbers that somebody chose with care.
var nasty = []string{
	"8613800000001", "+8613800000002", "861382***",
	"\x1b[2J\x1b[1;1H8613800000003", "8613800000004\n   1  8613800000005", "8613800000006\r\n8613800000007",
	"=cmd|' /C calc'!A0", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1+1)*cmd", "\t=1+1", "\r=1+1", "  =1+1", "＝1+1", "1;=1+1", `1","=1+1`,
}

func listNasty(t *testing.T, format string) string {
	t.Helper()
	fake, flags := newService(t, nil)
	group := group
	group.Participants = nasty
	fake.AddGroup(group)
	got := runIt(t.Context(), append(flags, "-format", format)...)
	require.Equal(t, exitDone, got.exit, got.stderr)
	return got.stdout
}

func TestATableIsOneLineAMemberAndDrivesNoTerminal(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(listNasty(t, "table"), "\n"), "\n")
	require.Len(t, lines, 1+len(nasty))
	assert.Equal(t, "   1  8613800000001", lines[1])
	assert.Equal(t, "   1  +8613800000002", lines[2])
	assert.Equal(t, `   1  "\x1b[2J\x1b[1;1H8613800000003"`, lines[4])
	assert.Equal(t, `   1  "8613800000004\n   1  8613800000005"`, lines[5])
	for _, line := range lines {
		assert.NotContains(t, line, "\x1b")
		assert.NotContains(t, line, "\r")
	}
}

func TestASpreadsheetFindsNoFormulaInTheCSV(t *testing.T) {
	printed := listNasty(t, "csv")
	assert.Equal(t, 1+len(nasty), strings.Count(printed, "\n"), "one line a member")
	for _, comma := range ",;\t" { // where a decimal has a comma, a semicolon parts cells
		cells := csv.NewReader(strings.NewReader(printed))
		cells.Comma, cells.FieldsPerRecord = comma, 1
		records, err := cells.ReadAll()
		require.NoError(t, err)
		require.Len(t, records, 1+len(nasty))
		var members []string
		for _, record := range records[1:] {
			members = append(members, record[0])
		}
		assert.Equal(t, nasty[:3], members[:3], "phone numbers stay")
		assert.Equal(t, []string{"'=cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0", "'-2+3", "'@SUM(1+1)*cmd"}, members[6:10])
		for _, member := range members[3:] {
			assert.NotRegexp(t, `^\s*[-=+@＝＋－＠]|[\x00-\x1f]`, member)
		}
	}
}

func TestJSONHasEachNumberAsItIs(t *testing.T) {
	printed := listNasty(t, "json")
	assert.NotContains(t, printed, "\x1b")
	assert.Equal(t, nasty, membersIn(t, "json", printed))
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
	for _, prefetch := range []string{"0", "1", "7"} {
		for _, format := range []string{"table", "json", "csv"} {
			for _, request := range []int64{1, 2, 5, 12} {
				t.Run(fmt.Sprintf("%s with prefetch %s at request %d", format, prefetch, request), func(t *testing.T) {
					ctx, interrupt := context.WithCancel(t.Context())
					defer interrupt()
					_, flags := newService(t, atRequest(request, interrupt))
					flags = append(flags, "-format", format, "-page-size", "5", "-prefetch", prefetch)

					first := runIt(ctx, flags...)
					assert.Equal(t, exitInterrupted, first.exit, first.stderr)
					require.Regexp(t, `^list-participants: interrupted after \S+`+resumeHint, first.stderr)
					hint := regexp.MustCompile(resumeHint).FindStringSubmatch(first.stderr)
					members := membersIn(t, format, first.stdout)
					assert.Equal(t, hint[1], fmt.Sprint(len(members)))
					if prefetch == "0" {
						assert.Equal(t, fmt.Sprint(request), hint[2])
					}

					second := runIt(t.Context(), append(flags, "-page-index", hint[2])...)
					assert.Equal(t, exitDone, second.exit, second.stderr)
					assert.Equal(t, group.Participants, append(members, membersIn(t, format, second.stdout)...))
				})
			}
		}
	}
}

// writer is a stdout that a test watches.
type writer func(p []byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestInterruptedTooLateIsDone(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var stderr bytes.Buffer
	exit := run(ctx, []string{"-page-size", "8"}, writer(func(p []byte) (int, error) {
		interrupt()
		return len(p), nil
	}), &stderr)
	assert.Equal(t, exitDone, exit, stderr.String())
}

func TestFirstPageStreamsOut(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	printed := make(chan string, 1)
	_, flags := newService(t, atRequest(2, func() {
		assert.Contains(t, <-printed, group.Participants[19], "page 1 is out before page 2 has come")
		interrupt()
	}))
	exit := run(ctx, flags, writer(func(p []byte) (int, error) {
		printed <- string(p)
		return len(p), nil
	}), io.Discard)
	assert.Equal(t, exitInterrupted, exit)
}

func TestTimeout(t *testing.T) {
	_, flags := newService(t, atRequest(2, func() {}))
	got := runIt(t.Context(), append(flags, "-timeout", "200ms")...)
	assert.Equal(t, exitFailed, got.exit)
	assert.Len(t, membersIn(t, "json", got.stdout), 20)
	assert.Regexp(t, `^list-participants: not done within -timeout 200ms: .*; 20 members listed; resume with -page-index 2 .*\n$`, got.stderr)
}

func TestReaderIsGone(t *testing.T) {
	fake, flags := newService(t, nil)
	var stderr bytes.Buffer
	exit := run(t.Context(), flags, writer(func([]byte) (int, error) { return 0, &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE} }), &stderr)
	assert.Equal(t, exitDone, exit)
	assert.Empty(t, stderr.String())
	assert.Len(t, fake.Requests(), 1)
}

func TestServiceIsGone(t *testing.T) {
	t.Parallel()
	cfg, err := parseFlags(nil)
	require.NoError(t, err)
	var stderr bytes.Buffer
	exit := conclude(t.Context(), &stderr, cfg, tally{next: 1}, fmt.Errorf("no answer: %w", syscall.EPIPE))
	assert.Equal(t, exitFailed, exit, "a pipe that breaks on the way to the service is no reader that has enough")
	assert.Contains(t, stderr.String(), "no answer: ")
}

func TestStdoutFails(t *testing.T) {
	_, flags := newService(t, nil)
	var stderr bytes.Buffer
	exit := run(t.Context(), flags, writer(func([]byte) (int, error) { return 0, errors.New("disk full") }), &stderr)
	assert.Equal(t, exitFailed, exit)
	assert.Regexp(t, `page 1 .*disk full; 0 members listed; resume with -page-index 1 `, stderr.String())
}

// program is the program as a process.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("windows has neither SIGINT nor SIGPIPE")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0")
	return cmd
}

func TestProgramIntoAClosedPipe(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	cmd := program(t)
	reader, stdout, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, reader.Close())
	cmd.Stdout, cmd.Stderr = stdout, &stderr
	require.NoError(t, cmd.Run())
	require.NoError(t, stdout.Close())
	assert.Equal(t, 1, strings.Count(stderr.String(), "\n"), "only that it is the sandbox: %s", stderr.String())
}

func TestProgramIsSignalled(t *testing.T) {
	for _, sent := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(sent.String(), func(t *testing.T) {
			midway := make(chan struct{})
			_, flags := newService(t, atRequest(2, func() { close(midway) }))
			var stdout, stderr bytes.Buffer
			cmd := program(t, flags...)
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			require.NoError(t, cmd.Start())
			<-midway
			require.NoError(t, cmd.Process.Signal(sent))
			var exit *exec.ExitError
			require.ErrorAs(t, cmd.Wait(), &exit)
			assert.Equal(t, exitInterrupted, exit.ExitCode())
			assert.Len(t, membersIn(t, "json", stdout.String()), 20)
			assert.Contains(t, stderr.String(), "resume with -page-index 2 and the same -page-size 20")
		})
	}
}

// membersIn reads the members back from what was printed, and fails the test
// if that is not the format.
func membersIn(t *testing.T, format, printed string) []string {
	t.Helper()
	var members []string
	if printed == "" {
		return members
	}
	require.True(t, strings.HasSuffix(printed, "\n"), "whole lines")
	lines := strings.Split(strings.TrimSuffix(printed, "\n"), "\n")
	switch format {
	case "json":
		for _, line := range lines {
			var object map[string]string
			require.NoError(t, json.Unmarshal([]byte(line), &object))
			require.Len(t, object, 1)
			members = append(members, object["ParticipantNumber"])
		}
	case "csv":
		records, err := csv.NewReader(strings.NewReader(printed)).ReadAll()
		require.NoError(t, err)
		require.Equal(t, []string{"ParticipantNumber"}, records[0])
		for _, record := range records[1:] {
			members = append(members, record[0])
		}
	case "table":
		require.Equal(t, []string{"PAGE", "PARTICIPANT"}, strings.Fields(lines[0]))
		for _, line := range lines[1:] {
			fields := strings.Fields(line)
			require.Len(t, fields, 2)
			members = append(members, fields[1])
		}
	}
	return members
}

func TestHelpAndVersion(t *testing.T) {
	t.Parallel()
	help := runIt(t.Context(), "-h")
	assert.Equal(t, exitDone, help.exit)
	assert.Empty(t, help.stderr)
	for _, word := range []string{"Examples:", "Exit codes:", "ALIBABA_CLOUD_ACCESS_KEY_ID", "-page-index n", "-sandbox"} {
		assert.Contains(t, help.stdout, word)
	}
	version := runIt(t.Context(), "-version")
	assert.Equal(t, exitDone, version.exit)
	assert.Contains(t, version.stdout, "list-participants "+cams.Version)
	assert.Empty(t, version.stderr)
}
