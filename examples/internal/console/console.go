// Package console has the output functions that the larger examples share: for text
// from the service, progress, failures and the version.
package console

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"

	"github.com/cams-go/cams"
)

// Printable returns text from the service in a form that is safe on a terminal. It
// quotes and escapes the text if that contains a quote, a backslash, a line break, an
// escape sequence or another character that does not print.
func Printable(s string) string {
	if quoted := strconv.Quote(s); quoted != `"`+s+`"` {
		return quoted
	}
	return s
}

// Fail prints an error in one line. If there were no credentials, a second line says
// how to run the program without them.
func Fail(stderr io.Writer, program string, err error) {
	fmt.Fprintf(stderr, "%s: %v\n", program, err)
	var call *cams.CallError
	if errors.As(err, &call) && call.Reason == "no credentials" {
		fmt.Fprintf(stderr, "%s: -h explains how to run it without an account, in a sandbox\n", program)
	}
}

// Version is what -version prints: the version of package cams, and the commit that
// the program was built from if the build recorded it.
func Version(program string) string {
	info, _ := debug.ReadBuildInfo()
	return version(program, info)
}

func version(program string, info *debug.BuildInfo) string {
	text := program + " " + cams.Version
	if info == nil {
		return text
	}
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			text += ", commit " + setting.Value
		case setting.Key == "vcs.modified" && setting.Value == "true":
			text += ", modified"
		}
	}
	return text
}

// Progress is one line on a terminal that changes. Call Clear before you print
// anything else.
type Progress struct {
	terminal io.Writer // nil shows nothing
	shown    bool
}

// NewProgress shows progress on stderr if that is a terminal. It shows nothing if
// stdout is a pipe, because the output of the pipe's reader would mix with the line.
func NewProgress(stdout, stderr io.Writer) *Progress {
	term := os.Getenv("TERM")
	if term == "" || term == "dumb" || !is(stderr, os.ModeCharDevice) || is(stdout, os.ModeNamedPipe|os.ModeSocket) {
		return &Progress{}
	}
	return &Progress{terminal: stderr}
}

const clearLine = "\r\x1b[K"

// Show replaces the line.
func (p *Progress) Show(format string, args ...any) {
	if p.terminal == nil {
		return
	}
	// A line that is wider than the terminal must not wrap, because Clear clears only one row.
	const doNotWrap, wrap = "\x1b[?7l", "\x1b[?7h"
	io.WriteString(p.terminal, clearLine+doNotWrap+fmt.Sprintf(format, args...)+wrap)
	p.shown = true
}

// Clear removes the line.
func (p *Progress) Clear() {
	if p.shown {
		io.WriteString(p.terminal, clearLine)
		p.shown = false
	}
}

// is reports whether w is a file of one of these kinds.
func is(w io.Writer, kinds os.FileMode) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&kinds != 0
}
