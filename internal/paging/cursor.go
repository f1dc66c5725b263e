// Package paging knows when a numbered list ends, and fetches pages ahead. It
// knows nothing of what is listed.
package paging

import "hash/maphash"

// Verdict is what a page means for its listing.
type Verdict int

const (
	New      Verdict = iota // items that did not come before
	Repeated                // it came before, and only says that the list has ended
	Stalled                 // it came before its turn: the service does not go on
)

// Cursor is where a listing stands. The rules are the table in the package
// documentation of cams.
type Cursor struct {
	Index int  // the number of the next page
	Total int  // as the latest page tells it
	Done  bool // no page is left

	start, size int // the first page, and items a page as asked for
	length      int // items on the first page: how long a page really is
	received    int // items so far
	pages       int // pages that had items

	// Fingerprints of pages, to tell a repeated one: the latest, and one further back.
	latest, kept Fingerprint
}

// NewCursor makes a cursor at the page of this number, counted from 1.
func NewCursor(index, size int) Cursor { return Cursor{start: index, size: size, Index: index} }

// Accept moves the cursor over the page at Index, which has this many items. After
// Stalled the cursor is where it was.
func (c *Cursor) Accept(total, items int, page Fingerprint) Verdict {
	if items == 0 {
		c.Total, c.Done = total, true
		return New
	}
	if page != 0 && (page == c.latest || page == c.kept) {
		if !c.isEnd(total) {
			return Stalled
		}
		c.Done = true
		return Repeated
	}
	if c.pages == 0 {
		c.length = items
	}
	c.pages++
	c.Index++
	c.received += items
	c.Total = total
	c.Done = c.position() == total
	c.latest = page
	// Brent's way to find a cycle of any length while keeping one page: the
	// kept one is replaced after 1, 2, 4, 8, ... pages.
	if c.pages&(c.pages-1) == 0 {
		c.kept = page
	}
	return New
}

// isEnd tells, of a page that came again, whether the service does that past
// the end of its list. The latter condition is for a listing that got but one
// page, a short one: the last, if the pages before it are as long as asked for.
func (c *Cursor) isEnd(total int) bool {
	return total > 0 && c.position() >= total ||
		c.pages == 1 && (c.start-1)*c.size+c.received == total
}

// position is how many items of the whole list lie behind the cursor. The pages
// before the start are taken to be as long as the first one received; if that
// was the list's last and shorter, the position is too low, never too high, and
// an empty page ends the listing.
func (c *Cursor) position() int { return (c.start-1)*c.length + c.received }

// PagesLeft is how many pages Total promises, at least one: without a believable
// Total, as many as one likes to ask for.
func (c *Cursor) PagesLeft() int {
	left := c.Total - c.position()
	if left <= 0 {
		return int(^uint(0) >> 1)
	}
	return (left + c.length - 1) / c.length
}

// Fingerprint tells pages apart. 0 is a page that is like no other.
type Fingerprint uint64

// seed is one for the process: fingerprints are compared within a listing only.
var seed = maphash.MakeSeed()

// FingerprintOf is the fingerprint of a page whose items have these keys. An item
// without a key of its own has an empty one.
func FingerprintOf(keys []string) Fingerprint {
	var hash maphash.Hash
	hash.SetSeed(seed)
	known := false
	for _, key := range keys {
		known = known || key != ""
		hash.WriteString(key)
		hash.WriteByte(0)
	}
	if !known {
		return 0
	}
	return max(1, Fingerprint(hash.Sum64()))
}
