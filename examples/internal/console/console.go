// Package console has what the larger examples print in the same way: text of the
// service, progress, failures and their version.
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

// Printable returns text of the service as a terminal may show it: as it is, or
// quoted, with escapes, if it holds a line break, an escape sequence or another
// character that does not print.
func Printable(s string) string {
	if quoted := strconv.Quote(s); quoted != `"`+s+`"` {
		return quoted
	}
	return s
}

// Fail prints an error in one line, and what to do about it in another, where that
// is known.
func Fail(stderr io.Writer, program string, err error) {
	fmt.Fprintf(stderr, "%s: %v\n", program, err)
	var call *cams.CallError
	if errors.As(err, &call) && call.Reason == "no credentials" {
		fmt.Fprintf(stderr, "%s: -h tells how to run it without an account, in a sandbox\n", program)
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

// Progress is one line on a terminal that changes. Clear it before anything else is
// printed.
type Progress struct {
	terminal io.Writer // nil shows nothing
	shown    bool
}

// NewProgress shows progress on stderr if that is a terminal. It shows nothing if
// stdout is a pipe: what the reader of the pipe prints would get into the line.
func NewProgress(stdout, stderr io.Writer) *Progress {
	term := os.Getenv("TERM")
	if term == "" || term == "dumb" || !is(stderr, os.ModeCharDevice) || is(stdout, os.ModeNamedPipe|os.ModeSocket) {
		return &Progress{}
	}
	return &Progress{terminal: stderr}
}

// Show replaces the line.
func (p *Progress) Show(format string, args ...any) {
	if p.terminal == nil {
		return
	}
	// A line that is wider than the terminal must not wrap: only its last row could be cleared.
	const clear, doNotWrap, wrap = "\r\x1b[K", "\x1b[?7l", "\x1b[?7h"
	io.WriteString(p.terminal, clear+doNotWrap+fmt.Sprintf(format, args...)+wrap)
	p.shown = true
}

// Clear takes the line away.
func (p *Progress) Clear() {
	if p.shown {
		io.WriteString(p.terminal, "\r\x1b[K")
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
