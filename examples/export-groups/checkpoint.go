package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/cams-go/cams"
)

// files is an output that can be resumed: the members' file, and its checkpoint.
//
// The checkpoint is a journal. Its first line is a header, what must not change
// between runs. Each other line is a record: the position of a group after a
// page, and the length of the output with that page. A page is saved in four
// steps, each after the one before:
//
//  1. append the page to the output
//  2. sync the output
//  3. append the record to the checkpoint
//  4. sync the checkpoint
//
// The page counts once its record is whole. So whatever a kill or a power cut
// leaves undone, opening the files mends it: a record without its end is cut off
// the checkpoint, and what lies beyond the last record's length is cut off the
// output. The page is then asked for again. A record without its page cannot be;
// if the output is shorter, someone else changed it, and it is left alone.
type files struct {
	path               string
	output, checkpoint *os.File

	mu        sync.Mutex // guards all below
	positions map[string]position
	length    int64 // of the output, up to the last record
	end       int64 // of the checkpoint, up to the last record
	err       error // the first one: nothing is saved after it
}

// checkpointFormat tells a checkpoint of this program from other files.
const checkpointFormat = name + " checkpoint 1"

// header is the first line of a checkpoint.
type header struct {
	Format         string
	BusinessNumber string
	CustSpaceID    string           `json:"CustSpaceId"`
	ChannelType    cams.ChannelType `json:",omitempty"`
	PageSize       int
	Sandbox        bool `json:",omitempty"` // whose members are not real
}

// record is any other line of a checkpoint.
type record struct {
	position
	Length int64 // of the output, with this page
}

// openFiles opens an output and its checkpoint, new or to be resumed. Before it
// changes anything, it makes sure that the two belong together and to want.
func openFiles(path string, want header) (*files, error) {
	f := &files{path: path, positions: make(map[string]position)}
	if err := f.open(want); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *files) open(want header) (err error) {
	length, err := size(f.path)
	if err != nil {
		return err
	}
	recorded, err := size(f.checkpointPath())
	if err != nil {
		return err
	}
	if recorded == 0 && length > 0 {
		return f.withoutCheckpoint()
	}

	if f.checkpoint, err = openLocked(f.checkpointPath()); err != nil {
		return err
	}
	journal, err := io.ReadAll(f.checkpoint)
	if err != nil {
		return err
	}
	first := line(want)
	if len(journal) < len(first) && bytes.HasPrefix(first, journal) { // new, or killed when it was
		if length, err := size(f.path); err != nil || length > 0 {
			return cmp.Or(err, f.withoutCheckpoint())
		}
		if err := f.append(f.checkpoint, 0, first); err != nil {
			return err
		}
		f.end = int64(len(first))
	} else if err := f.load(journal, want); err != nil {
		return err
	}
	if err := f.checkLength(); err != nil {
		return err
	}

	// All is well: cut off what was not finished.
	if err := f.checkpoint.Truncate(f.end); err != nil {
		return err
	}
	if f.output, err = os.OpenFile(f.path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	if err := f.output.Truncate(f.length); err != nil {
		return err
	}
	return f.output.Sync()
}

// load reads a checkpoint that begins with a whole line.
func (f *files) load(journal []byte, want header) error {
	first, rest, whole := bytes.Cut(journal, []byte("\n"))
	var got header
	if err := json.Unmarshal(first, &got); err != nil || !whole || got.Format != want.Format {
		return usageError(f.checkpointPath() + " is not a checkpoint of this program")
	}
	if got != want {
		return usageError(fmt.Sprintf("%s belongs to an export with another %s: give the same, or another -out",
			f.checkpointPath(), strings.Join(differences(got, want), ", ")))
	}
	f.end = int64(len(first) + 1)
	for n := 2; len(rest) > 0; n++ {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		var r record
		err := json.Unmarshal(line, &r)
		if !whole || err != nil && len(after) == 0 {
			return nil // the record that was being written
		}
		if err != nil || r.GroupID == "" || r.NextIndex < 1 || r.Members < 0 || r.Length < f.length {
			return usageError(fmt.Sprintf("%s:%d: the checkpoint is damaged; to export anew choose another -out", f.checkpointPath(), n))
		}
		f.positions[r.GroupID] = r.position
		f.length = r.Length
		f.end += int64(len(line) + 1)
		rest = after
	}
	return nil
}

// differences names the flags by which two headers differ.
func differences(a, b header) (flags []string) {
	for _, field := range []struct {
		flag    string
		differs bool
	}{
		{"-business-number", a.BusinessNumber != b.BusinessNumber},
		{"-cust-space-id", a.CustSpaceID != b.CustSpaceID},
		{"-channel-type", a.ChannelType != b.ChannelType},
		{"-page-size", a.PageSize != b.PageSize},
		{"-sandbox", a.Sandbox != b.Sandbox},
	} {
		if field.differs {
			flags = append(flags, field.flag)
		}
	}
	return flags
}

// checkLength makes sure that the output holds all that is recorded.
func (f *files) checkLength() error {
	if f.length == 0 {
		return nil
	}
	output, err := os.Open(f.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	defer output.Close()
	last := make([]byte, 1)
	if err == nil {
		_, err = output.ReadAt(last, f.length-1)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, io.EOF):
		return usageError(fmt.Sprintf("%s is missing or shorter than the %d bytes that %s says: members are lost; bring it back, or export anew to another -out",
			f.path, f.length, f.checkpointPath()))
	case err != nil:
		return err
	case last[0] != '\n':
		return usageError(fmt.Sprintf("%s is not what %s says: it was changed; bring it back, or export anew to another -out",
			f.path, f.checkpointPath()))
	}
	return nil
}

func (f *files) at(groupID string) position {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at, ok := f.positions[groupID]; ok {
		return at
	}
	return position{GroupID: groupID, NextIndex: 1}
}

func (f *files) save(page []byte, at position) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		if err := f.saveNow(page, at); err != nil {
			f.err = &outputError{err}
		}
	}
	return f.err
}

func (f *files) saveNow(page []byte, at position) error {
	length := f.length + int64(len(page))
	record := line(record{at, length})
	if len(page) > 0 {
		if err := f.append(f.output, f.length, page); err != nil {
			return err
		}
	}
	if err := f.append(f.checkpoint, f.end, record); err != nil {
		return err
	}
	f.length = length
	f.end += int64(len(record))
	return nil
}

// append writes data at what is the end of a file, and waits until it is on disk.
func (f *files) append(file *os.File, end int64, data []byte) error {
	if _, err := file.WriteAt(data, end); err != nil {
		return err
	}
	return file.Sync()
}

func (f *files) close() {
	for _, file := range []*os.File{f.output, f.checkpoint} {
		if file != nil {
			file.Close() // it is synced
		}
	}
}

func (f *files) checkpointPath() string { return f.path + ".checkpoint" }

func (f *files) withoutCheckpoint() error {
	return usageError(f.path + " exists and has no checkpoint: to export anew choose another -out, or delete it")
}

// size is 0 for a file that is not there.
func size(path string) (int64, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil:
		return 0, err
	case !info.Mode().IsRegular():
		return 0, usageError(path + " is not a file that can be resumed (-out - writes to stdout)")
	}
	return info.Size(), nil
}

func line(v any) []byte {
	text, _ := json.Marshal(v) // strings, numbers and booleans: it cannot fail
	return append(text, '\n')
}
