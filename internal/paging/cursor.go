// Package paging knows when a numbered list ends, and fetches pages ahead. It
// knows nothing of what is listed.
package paging

import (
	"cmp"
	"fmt"
	"hash/maphash"
)

// How far a listing may go past Total: by as much again, at least by margin. Without
// a Total, as far as noTotal items.
const (
	margin  = 1000
	noTotal = 100_000
)

// Cursor is where a listing stands. The rules are the table in the package
// documentation of cams.
type Cursor struct {
	Index int  // the number of the next page
	Total int  // as the latest page tells it
	Done  bool // no page is left

	start, size int // the first page, and items a page as asked for
	length      int // items on the longest page: how long a page really is
	received    int // items so far
	pages       int // pages that had items
	empty       int // empty pages since

	// Fingerprints of pages, to tell a repeated one: the latest, and one further back.
	latest, kept Fingerprint
}

// NewCursor makes a cursor at the page of this number, counted from 1.
func NewCursor(index, size int) Cursor { return Cursor{start: index, size: size, Index: index} }

// Accept moves the cursor over the page at Index, which has this many items.
// repeated says that the items came before, and only tell that the list has ended.
// stalled says why the service does not go on; the cursor is then where it was.
func (c *Cursor) Accept(total, items int, page Fingerprint) (repeated bool, stalled string) {
	switch {
	case items == 0:
		return false, c.acceptEmpty(total)
	case page != 0 && (page == c.latest || page == c.kept):
		if !c.isEnd(total) {
			return false, c.stall("repeats a page", total)
		}
		c.Done = true
		return true, ""
	case c.isFarPast(total):
		return false, c.stall("goes on far past Total", total)
	}
	c.pages++
	c.empty = 0
	c.Index++
	c.length = max(c.length, items)
	c.received += items
	c.Total = total
	c.Done = c.position() == total
	c.latest = page
	// Brent's way to find a cycle of any length while keeping one page: the
	// kept one is replaced after 1, 2, 4, 8, ... pages.
	if c.pages&(c.pages-1) == 0 {
		c.kept = page
	}
	return false, ""
}

// acceptEmpty leaves Index at an empty page that is the end: what is added later
// comes there.
func (c *Cursor) acceptEmpty(total int) (stalled string) {
	switch {
	case c.isPast(total):
		c.Done = true
	case c.empty == 2:
		return c.stall("is the third empty one in a row", total)
	default:
		c.empty++
		c.Index++
	}
	c.Total = total
	return ""
}

func (c *Cursor) stall(why string, total int) string {
	return fmt.Sprintf("page %d %s (%d received, Total %d)", c.Index, why, c.received, total)
}

// isPast tells whether the page at Index lies past Total. A single short page does
// not show how long pages are: it may be the last. It divides, as any Index and
// Total may come.
func (c *Cursor) isPast(total int) bool {
	length := c.length
	if c.pages < 2 {
		length = max(c.length, c.size)
	}
	return total <= 0 || c.Index-1 > (total-1)/length
}

// isFarPast tells whether so much has come that the service seems to ignore Page.
func (c *Cursor) isFarPast(total int) bool {
	if total <= 0 {
		return c.received > noTotal
	}
	return c.received-total > max(total, margin)
}

// isEnd tells, of a page that came again, whether the service does that past
// the end of its list. The latter condition is for a listing that got but one
// page, a short one: the last, if the pages before it are as long as asked for.
func (c *Cursor) isEnd(total int) bool {
	return total > 0 && c.position() >= total ||
		c.pages == 1 && (c.start-1)*c.size+c.received == total
}

// position is how many items of the whole list lie behind the cursor. The pages
// before the start are taken to be as long as the longest one received; if that
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
	return (left-1)/cmp.Or(c.length, c.size) + 1
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
