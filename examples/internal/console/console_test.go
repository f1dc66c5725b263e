package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
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

func TestProgressLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	const clear, doNotWrap, wrap = "\r\x1b[K", "\x1b[?7l", "\x1b[?7h"
	var terminal strings.Builder
	progress := &Progress{terminal: &terminal}
	progress.Show("%d of 10000 groups", 900)
	progress.Show("short")
	progress.Clear()
	progress.Clear()
	assert.Equal(t, clear+doNotWrap+"900 of 10000 groups"+wrap+clear+doNotWrap+"short"+wrap+clear, terminal.String())
}
