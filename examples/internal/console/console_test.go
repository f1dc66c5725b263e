package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

func TestTextOfTheServiceCannotDriveATerminal(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                          "",
		"8613800000000":             "8613800000000",
		"+86 138-0000-0000":         "+86 138-0000-0000",
		"861382***":                 "861382***",
		"读书会 📚":                     "读书会 📚",
		"\x1b[2J8613800000000":      `"\x1b[2J8613800000000"`,
		"\u009b2J":                  `"\u009b2J"`, // the escape sequence above in one character
		"1\n   1  8613800000000":    `"1\n   1  8613800000000"`,
		"1\r2":                      `"1\r2"`,
		"1\t2":                      `"1\t2"`,
		"\b\a\x00\x7f":              `"\b\a\x00\x7f"`,
		"\u202e1":                   `"\u202e1"`, // reverses the direction of the text after it
		"1\u2028":                   `"1\u2028"`,
		"\xff":                      `"\xff"`,
		`"\x1b"`:                    `"\"\\x1b\""`, // a text cannot look like the escapes of another
		"\x1b]8;;http://x\x1b\\1":   `"\x1b]8;;http://x\x1b\\1"`,
		"1\ufeff":                   `"1\ufeff"`,
		"https://chat.whatsapp.com": "https://chat.whatsapp.com",
	} {
		assert.Equal(t, want, Printable(text))
	}
}

// screen is a terminal with n columns. It knows the escape sequences that Progress uses.
type screen struct {
	columns, row, column int
	rows                 []string
	noWrap               bool
}

func (s *screen) Write(p []byte) (int, error) {
	for _, token := range regexp.MustCompile(`\x1b\[\??\d*[A-Za-z]|[^\x1b]`).FindAllString(string(p), -1) {
		for len(s.rows) <= s.row {
			s.rows = append(s.rows, "")
		}
		switch token {
		case "\r":
			s.column = 0
		case "\n":
			s.row, s.column = s.row+1, 0
		case "\x1b[K":
			s.rows[s.row] = s.rows[s.row][:min(s.column, len(s.rows[s.row]))]
		case "\x1b[?7l":
			s.noWrap = true
		case "\x1b[?7h":
			s.noWrap = false
		default:
			if s.column == s.columns && s.noWrap {
				s.column--
			} else if s.column == s.columns {
				s.row, s.column = s.row+1, 0
				s.rows = append(s.rows, "")
			}
			line := s.rows[s.row]
			s.rows[s.row] = line[:s.column] + token + line[min(s.column+1, len(line)):]
			s.column++
		}
	}
	return len(p), nil
}

func TestProgressLeavesNothingBehindOnATerminalOfAnyWidth(t *testing.T) {
	t.Parallel()
	for columns := 1; columns <= 80; columns++ {
		terminal := &screen{columns: columns}
		progress := &Progress{terminal: terminal}
		for i := range 3 {
			progress.Show("%d of 10000 groups, about 16m40s left", 900*i)
			require.Len(t, terminal.rows, i+1, "it stays in one row")
			progress.Show("short")
			progress.Clear()
			io.WriteString(terminal, fmt.Sprintf("%d\n", i))
			progress.Clear()
		}
		assert.Equal(t, "0 1 2", strings.Join(strings.Fields(strings.Join(terminal.rows, " ")), " "))
		assert.False(t, terminal.noWrap)
	}
}

func TestProgressIsForTerminalsOnly(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/out")
	require.NoError(t, err)
	defer file.Close()
	reader, pipe, err := os.Pipe()
	require.NoError(t, err)
	defer reader.Close()
	defer pipe.Close()
	device, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0) // a character device, as terminals are
	require.NoError(t, err)
	defer device.Close()
	t.Setenv("TERM", "xterm")

	assert.NotNil(t, NewProgress(device, device).terminal)
	assert.NotNil(t, NewProgress(file, device).terminal, "stdout goes to a file")
	assert.Nil(t, NewProgress(pipe, device).terminal, "the reader of the pipe may print on the same terminal")
	assert.Nil(t, NewProgress(device, file).terminal)
	assert.Nil(t, NewProgress(device, pipe).terminal)
	assert.Nil(t, NewProgress(device, new(bytes.Buffer)).terminal)
	for _, term := range []string{"", "dumb"} {
		t.Setenv("TERM", term)
		assert.Nil(t, NewProgress(device, device).terminal, "TERM=%s", term)
	}
	silent := new(Progress)
	silent.Show("nothing")
	silent.Clear()
}

func TestTheVersionTellsTheCommitIfTheBuildDoes(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "rosters "+cams.Version, version("rosters", nil))
	assert.Equal(t, "rosters "+cams.Version+", commit abc, modified", version("rosters", &debug.BuildInfo{Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026"}, {Key: "vcs.modified", Value: "true"},
	}}))
	assert.Equal(t, "rosters "+cams.Version, version("rosters", &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.modified", Value: "false"}}}))
	assert.Contains(t, Version("rosters"), "rosters "+cams.Version)
}

// failing is a provider that fails.
type failing struct{ err error }

func (f failing) Credentials(context.Context) (cams.Credentials, error) {
	return cams.Credentials{}, f.err
}

func TestMissingCredentialsAreTwoLines(t *testing.T) {
	t.Parallel()
	server := camstest.NewServer()
	client, err := server.NewClient(cams.WithCredentials(failing{errors.New("no key\nanywhere")}))
	require.NoError(t, err)
	_, err = client.ListChatGroup(t.Context(), &cams.ListChatGroupRequest{BusinessNumber: "1", CustSpaceID: "2", Page: &cams.Page{Index: 1, Size: 1}})
	require.Error(t, err)
	var stderr strings.Builder
	Fail(&stderr, "rosters", fmt.Errorf("after 0 groups: %w", err))
	assert.Regexp(t, `^rosters: after 0 groups: .*no credentials: .*\nrosters: .*sandbox\n$`, stderr.String())

	stderr.Reset()
	Fail(&stderr, "rosters", io.EOF)
	assert.Equal(t, "rosters: EOF\n", stderr.String())
}
