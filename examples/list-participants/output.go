package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/examples/internal/console"
)

// formats has the values of -format, each with the function that writes a page.
var formats = map[string]func(p *printer, page int, members []cams.ChatGroupParticipant) error{
	"table": (*printer).table,
	"json":  (*printer).json,
	"csv":   (*printer).csv,
}

// printer writes members, with one Write for each page.
type printer struct {
	w      io.Writer
	format string
	begun  bool // a page was written, and the header before it
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

// table writes a page for people.
func (p *printer) table(page int, members []cams.ChatGroupParticipant) error {
	if !p.begun {
		fmt.Fprintln(&p.buf, "PAGE  PARTICIPANT")
	}
	for _, member := range members {
		fmt.Fprintf(&p.buf, "%4d  %s\n", page, console.Printable(member.ParticipantNumber))
	}
	return nil
}

// json writes one object a line. The fields of cams types have the API's names in JSON.
func (p *printer) json(_ int, members []cams.ChatGroupParticipant) error {
	lines := json.NewEncoder(&p.buf)
	for _, member := range members {
		if err := lines.Encode(member); err != nil {
			return err
		}
	}
	return nil
}

// csv writes a page for spreadsheets.
func (p *printer) csv(_ int, members []cams.ChatGroupParticipant) error {
	records := csv.NewWriter(&p.buf)
	if !p.begun {
		records.Write([]string{"ParticipantNumber"}) // records.Error returns a failure
	}
	for _, member := range members {
		records.Write([]string{cell(member.ParticipantNumber)})
	}
	records.Flush()
	return records.Error()
}

var (
	phoneNumber = regexp.MustCompile(`^\+?[0-9]+$`)
	formula     = regexp.MustCompile(`^ *[=+@＝＋＠－-]`)
)

// cell returns a member's number in a form that is safe to open in a spreadsheet. A
// text that looks like a formula gets a ' in front. Control characters are quoted. So
// is a semicolon, which begins a new cell in some countries. A phone number stays as
// it is, even with a +.
func cell(number string) string {
	switch shown := console.Printable(number); {
	case shown != number:
		return shown
	case strings.Contains(number, ";"):
		return strconv.Quote(number)
	case formula.MatchString(number) && !phoneNumber.MatchString(number):
		return "'" + number
	}
	return number
}

// outputError is a failure to write to stdout.
type outputError struct{ err error }

func (e *outputError) Error() string { return e.err.Error() }
func (e *outputError) Unwrap() error { return e.err }
