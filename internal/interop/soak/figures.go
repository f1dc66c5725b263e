// Package soak has the figures of a bad day. The tests of internal/interop play it, and the
// report shows it.
package soak

import "time"

// Day says how much happens in a day.
type Day struct {
	Seed         uint64
	Length       time.Duration
	Runs, Groups int           // the job lists all groups in each run; a run starts on time, or late if the last takes longer
	WebEvery     time.Duration // a web call with a deadline of 1 s or 5 s, in turn
	CreateEvery  time.Duration // a group is created
}

// Result is what became of a day.
type Result struct {
	Listed, Lost              int            // groups, in all runs
	Causes                    map[string]int // why groups were lost
	Created, Missing, Doubled int            // groups: once or more, never, more than once
	Web                       [2]Web         // calls with each of the deadlines
	Seen                      Seen
	Heap                      []uint64 // live bytes, an hour after the start and each hour from then on
	Took                      time.Duration
}

// Web counts web calls: all, and those that met no outage.
type Web struct {
	All, Calm Share
	Causes    map[string]int // why calm ones failed
}

// Share counts calls.
type Share struct{ Calls, Succeeded int }

// Seen is what the service saw.
type Seen struct {
	Requests  int
	Meanwhile int // requests during outages
	Refused   int // requests over the quota
	Outages   int
	Away      time.Duration // all outages together
	Renewals  int           // sessions that the provider gave out
}

// Count counts a call that ended with err.
func (s *Share) Count(err error) {
	s.Calls++
	if err == nil {
		s.Succeeded++
	}
}
