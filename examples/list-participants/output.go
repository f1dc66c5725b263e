package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/cams-go/cams"
)

// formats are the values of -format, each with what writes one page in it.
var formats = map[string]func(p *printer, page int, members []cams.ChatGroupParticipant) error{
	"table": (*printer).table,
	"json":  (*printer).json,
	"csv":   (*printer).csv,
}

// printer writes members page by page: one Write a page.
type printer struct {
	w      io.Writer
	format string
	begun  bool // there was a page, and with it the header
	buf    bytes.Buffer
}

func newPrinter(w io.Writer, format string) *printer { return &printer{w: w, format: format} }

func (p *printer) print(page int, members []cams.ChatGroupParticipant) error {
	p.buf.Reset()
	if err := formats[p.format](p, page, members); err != nil {
		return err
	}
	p.begun = true
	if p.buf.Len() == 0 {
		return nil
	}
	_, err := p.w.Write(p.buf.Bytes())
	return err
}

// table is for people.
func (p *printer) table(page int, members []cams.ChatGroupParticipant) error {
	if !p.begun {
		fmt.Fprintln(&p.buf, "PAGE  PARTICIPANT")
	}
	for _, member := range members {
		fmt.Fprintf(&p.buf, "%4d  %s\n", page, member.ParticipantNumber)
	}
	return nil
}

// json is one object a line: the SDK's types carry the API's field names.
func (p *printer) json(_ int, members []cams.ChatGroupParticipant) error {
	lines := json.NewEncoder(&p.buf)
	for _, member := range members {
		if err := lines.Encode(member); err != nil {
			return err
		}
	}
	return nil
}

func (p *printer) csv(_ int, members []cams.ChatGroupParticipant) error {
	records := csv.NewWriter(&p.buf)
	if !p.begun {
		records.Write([]string{"ParticipantNumber"}) // Error tells
	}
	for _, member := range members {
		records.Write([]string{member.ParticipantNumber})
	}
	records.Flush()
	return records.Error()
}

// outputError is a failure to write to stdout.
type outputError struct{ err error }

func (e *outputError) Error() string { return e.err.Error() }
func (e *outputError) Unwrap() error { return e.err }

// progress is one line on a terminal that changes. It makes room for members
// on the same terminal.
type progress struct {
	w     io.Writer
	on    bool
	shown int // its length
}

// show shows how far a listing came. total is 0 if it is not known.
func (p *progress) show(members, total int) {
	if !p.on {
		return
	}
	p.clear()
	line := counted(members, "member") + " ..."
	if total > 0 {
		line = fmt.Sprintf("%d of %s ...", members, counted(total, "member"))
	}
	p.shown = len(line)
	io.WriteString(p.w, line)
}

func (p *progress) clear() {
	if p.shown > 0 {
		io.WriteString(p.w, "\r"+strings.Repeat(" ", p.shown)+"\r")
		p.shown = 0
	}
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
