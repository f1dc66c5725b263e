package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/cams-go/cams"
)

// output is where members go. It is safe for concurrent use.
type output interface {
	// at tells how far an earlier run came with a group.
	at(groupID string) position
	// save writes the lines of a page and how far its group has come with it:
	// both, or neither. After an error it saves nothing more.
	save(page []byte, at position) error
	close()
}

// position is how far the export of a group has come.
type position struct {
	GroupID   string `json:"GroupId"`
	NextIndex int    // the next page to write
	Members   int    // written so far
	Total     int    // members as the service counts them
	Done      bool   // there is no next page
}

// result is what became of a group.
type result struct {
	at  position
	err error // why it failed
}

// exporter exports groups.
type exporter struct {
	api     cams.ListChatGroupParticipantsAPI
	request cams.ListChatGroupParticipantsRequest // less its group
	out     output
	results []result      // one for each group; a worker has its own to itself
	sent    *atomic.Int64 // requests so far

	mu  sync.Mutex // guards all below
	now tally
	bar *progress
}

// tally is how far the export has come, earlier runs included.
type tally struct{ groups, failed, members int }

// newExporter begins where earlier runs of the output ended.
func newExporter(api cams.ListChatGroupParticipantsAPI, request *cams.ListChatGroupParticipantsRequest, out output, groups []string) *exporter {
	e := &exporter{api: api, request: *request, out: out, results: make([]result, len(groups)), sent: new(atomic.Int64), bar: new(progress)}
	for i, id := range groups {
		e.advance(&e.results[i], out.at(id))
	}
	return e
}

// run exports the groups that are not done, up to n at once. A group that fails
// does not stop the others. The error is what stopped the export before it was
// through with all of them.
func (e *exporter) run(ctx context.Context, n int) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	todo := make(chan *result)
	var workers sync.WaitGroup
	for range n {
		workers.Go(func() {
			for r := range todo {
				err := e.export(ctx, r)
				var output *outputError
				switch {
				case err == nil:
				case errors.As(err, &output), errors.Is(err, cams.ErrUnauthenticated):
					stop(err) // no group can do better
				case ctx.Err() == nil:
					e.fail(r, err)
				}
			}
		})
	}
	for i := range e.results {
		if r := &e.results[i]; !r.at.Done && ctx.Err() == nil {
			select {
			case todo <- r:
			case <-ctx.Done():
			}
		}
	}
	close(todo)
	workers.Wait()
	if t := e.tally(); t.groups+t.failed < len(e.results) {
		return context.Cause(ctx)
	}
	return nil
}

// export exports the rest of one group.
//
// If there are pages from an earlier run, it lists the last one of them again,
// but does not write it: that lets the pager tell where the list ends, and a
// page that the service repeats.
func (e *exporter) export(ctx context.Context, r *result) error {
	at := r.at
	request := e.request
	request.GroupID = at.GroupID
	request.Page = &cams.Page{Size: e.request.Page.Size, Index: max(1, at.NextIndex-1)}
	pager := cams.NewListChatGroupParticipantsPager(e.api, &request)
	for pager.HasNext() {
		index := pager.NextIndex()
		page, err := pager.NextPage(ctx)
		if err != nil {
			return err
		}
		var lines []byte
		if index >= at.NextIndex {
			lines = ndjson(at.GroupID, page.Data.List)
			at.Members += len(page.Data.List)
			at.NextIndex = pager.NextIndex()
		}
		at.Total, at.Done = page.Data.Total, !pager.HasNext()
		if err := e.out.save(lines, at); err != nil {
			return err
		}
		e.advance(r, at)
	}
	return nil
}

// ndjson is one line for each member.
func ndjson(groupID string, members []cams.ChatGroupParticipant) []byte {
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for _, member := range members {
		encoder.Encode(struct { // it cannot fail
			GroupID string `json:"GroupId"`
			cams.ChatGroupParticipant
		}{groupID, member})
	}
	return lines.Bytes()
}

func (e *exporter) advance(r *result, at position) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now.members += at.Members - r.at.Members
	if at.Done {
		e.now.groups++
	}
	r.at = at
	e.bar.show("%d of %s, %s, %s ...", e.now.groups, counted(len(e.results), "group"), counted(e.now.members, "member"),
		counted(int(e.sent.Load()), "request"))
}

func (e *exporter) fail(r *result, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now.failed++
	r.err = err
}

func (e *exporter) tally() tally {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now
}

// stream is an output that nothing can be resumed from, such as stdout.
type stream struct {
	mu  sync.Mutex // guards all below
	w   io.Writer
	err error
}

func (s *stream) at(groupID string) position { return position{GroupID: groupID, NextIndex: 1} }

func (s *stream) save(page []byte, _ position) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil && len(page) > 0 {
		if _, err := s.w.Write(page); err != nil {
			s.err = &outputError{err}
		}
	}
	return s.err
}

func (s *stream) close() {}

// outputError is a failure to write members.
type outputError struct{ err error }

func (e *outputError) Error() string { return e.err.Error() }
func (e *outputError) Unwrap() error { return e.err }
