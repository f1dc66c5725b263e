// Package paging decides when a list with numbered pages ends, prefetches pages, lets
// requests outlast an outage, and lists many things in order. It does not depend on what is
// listed.
//
// # When a list ends
//
// The API has no page token. This table shows how the cursor treats a page. The first line
// that matches applies.
//
//	the page                                          what follows
//	is empty and past Total                           the end
//	is empty, the third one in a row                  stalled
//	is empty                                          the next page
//	is a repeat; all of Total has been received       the end; the page is dropped
//	is a repeat; Total is absent or not reached       stalled
//	has members, after far too many for Total         stalled
//	brings the members received to exactly Total      the end
//	anything else: shorter than Size (the service     the next page
//	may cap it), Total absent, passed or changed
//
// Total is that of the latest page that has one; zero or less counts as absent. Members received
// are counted from the start of the list: the pages before the first one requested
// count as (Index-1) times the longest page received. If a listing starts after page 1
// and gets a short page, it asks for one more page, because it cannot tell a capped
// page from the last one. If the service then repeats the short page, and the pages
// before it would complete Total at the requested Size, that page was the last.
//
// An empty page is past Total if the pages before it would hold all of Total. Each of
// them counts as long as the longest page received, or as Size until a second page with
// members has arrived. If no page had a Total, every empty page is past it. So a Total
// that is one too high costs a request or two, and no error. If Total is at least three pages
// too high, the listing ends in stalled after all members have arrived; the
// error text has the number of members received, and Total.
//
// Far too many for Total means more than twice Total and more than Total + 1000, or
// more than 100,000 without a Total. The service then probably ignores the page number,
// and the listing would never end.
//
// Each page is compared with the page before it and with one earlier page. So the pager
// also detects a service that repeats a cycle of several pages, but only after some
// members may have been listed twice. Pages without any full number (all empty or
// masked, as in published samples) are not compared.
package paging

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"slices"
)

// How far a listing may go past Total: up to twice Total, or Total + margin if that is
// more. Without a Total it may have noTotal items.
const (
	margin  = 1000
	noTotal = 100_000
)

// Cursor is the position of a listing. The table in the package documentation has the
// rules.
type Cursor struct {
	Index   int  // number of the next page
	Total   int  // of the latest page that has one
	Done    bool // the listing has ended
	Changed bool // the list changed: Total did, or an item of the page before came again

	start, size int // number of the first page, and requested items per page
	length      int // items on the longest page so far, the real page length
	received    int // items so far
	pages       int // pages with items so far
	empty       int // empty pages in a row

	// Fingerprints to detect a repeated page: of the latest page and of an earlier one.
	latest, kept Fingerprint
	previous     map[uint64]bool // hashes of the keys of the latest page: a print of a pager shows no key
}

// NewCursor returns a cursor at page index, counted from 1.
func NewCursor(index, size int) Cursor { return Cursor{start: index, size: size, Index: index} }

// Accept moves the cursor past the page at Index, whose items have these keys. The key of
// an item that cannot be identified is "". repeated means that the page is a repeat and
// the list has ended: ignore its items. stalled says why the listing makes no progress;
// then the cursor does not move.
func (c *Cursor) Accept(total int, keys []string) (repeated bool, stalled string) {
	if total <= 0 { // absent: what an earlier page said still counts
		total = c.Total
	}
	items, page := len(keys), fingerprintOf(keys)
	switch {
	case items == 0:
		return false, c.acceptEmpty(total)
	case page != 0 && (page == c.latest || page == c.kept):
		if !c.isEnd(total) {
			return false, c.stall("repeats a page", total)
		}
		c.Done = true
		c.setTotal(total)
		return true, ""
	case c.isFarPast(total):
		return false, c.stall("goes on far past Total", total)
	}
	c.Changed = c.shares(keys) || c.Changed
	c.pages++
	c.empty = 0
	c.Index++
	c.length = max(c.length, items)
	c.received += items
	c.setTotal(total)
	if c.Done = c.position() == total; !c.Done {
		c.remember(keys)
	}
	c.latest = page
	// Brent's algorithm finds a cycle of any length with one kept page, which is
	// replaced after 1, 2, 4, 8, ... pages.
	if c.pages&(c.pages-1) == 0 {
		c.kept = page
	}
	return false, ""
}

// shares reports whether an item of the page before is on this one too.
func (c *Cursor) shares(keys []string) bool {
	return len(c.previous) > 0 && slices.ContainsFunc(keys, func(key string) bool { return c.previous[maphash.String(seed, key)] })
}

// remember keeps the keys of a page to compare the next one with.
func (c *Cursor) remember(keys []string) {
	c.previous = make(map[uint64]bool, len(keys))
	for _, key := range keys {
		c.previous[maphash.String(seed, key)] = key != ""
	}
}

func (c *Cursor) setTotal(total int) {
	c.Changed = c.Changed || c.Total > 0 && total != c.Total
	c.Total = total
}

// acceptEmpty handles an empty page. If it is the end, Index stays there, because items
// that are added later appear on that page.
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
	c.setTotal(total)
	return ""
}

func (c *Cursor) stall(why string, total int) string {
	return fmt.Sprintf("page %d %s (%d received, Total %d)", c.Index, why, c.received, total)
}

// isPast reports whether the page at Index is past Total. With fewer than two pages it
// also considers the requested size, because a single short page may be the last one. It
// divides, because a product of a large Index would overflow.
func (c *Cursor) isPast(total int) bool {
	length := c.length
	if c.pages < 2 {
		length = max(c.length, c.size)
	}
	return total <= 0 || c.Index-1 > (total-1)/length
}

// isFarPast reports whether so many items have been received that the service seems to
// ignore Page.
func (c *Cursor) isFarPast(total int) bool {
	if total <= 0 {
		return c.received > noTotal
	}
	return c.received-total > max(total, margin)
}

// isEnd reports whether a repeated page means the end of the list, because all of Total
// has been received. The second condition is for a listing that received one short page:
// it was the last one if the pages before it have the requested size.
func (c *Cursor) isEnd(total int) bool {
	return total > 0 && c.position() >= total ||
		c.pages == 1 && (c.start-1)*c.size+c.received == total
}

// position returns how many items of the whole list are before the cursor. It assumes
// that the pages before the start are as long as the longest page received. If that page
// was the last and shorter, the position is too low, never too high, and an empty page
// ends the listing.
func (c *Cursor) position() int { return (c.start-1)*c.length + c.received }

// PagesLeft returns how many pages are left according to Total, at least one. If Total is
// absent or already reached, it returns the largest int.
func (c *Cursor) PagesLeft() int {
	left := c.Total - c.position()
	if left <= 0 {
		return int(^uint(0) >> 1)
	}
	return (left-1)/cmp.Or(c.length, c.size) + 1
}

// Fingerprint identifies the content of a page. 0 means unknown, and equals no other.
type Fingerprint uint64

// seed is random for each process: fingerprints are compared only within a listing.
var seed = maphash.MakeSeed()

// fingerprintOf returns the fingerprint of a page whose items have these keys. The key of
// an item that cannot be identified is "". If all are, the fingerprint is 0.
func fingerprintOf(keys []string) Fingerprint {
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
