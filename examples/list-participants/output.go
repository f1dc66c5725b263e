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
		fmt.Fprintf(&p.buf, "%4d  %s\n", page, console.Printable(member.ParticipantNumber))
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

// csv is for spreadsheets.
func (p *printer) csv(_ int, members []cams.ChatGroupParticipant) error {
	records := csv.NewWriter(&p.buf)
	if !p.begun {
		records.Write([]string{"ParticipantNumber"}) // Error tells
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

// cell is a member's number as a spreadsheet may open it. What it could take for a
// formula gets a ' in front. Control characters are quoted, and so is a semicolon,
// which begins a new cell in some countries. A phone number stays, also with a +.
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
