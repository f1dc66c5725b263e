package answer

import (
	"cmp"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// Excerpt returns what people can read of a body that is not the service's: of a page its
// text.
func (a *Answer) Excerpt() string {
	head := a.Head()
	switch {
	case a.unreadable() != "":
		return ""
	case !a.isPage(head):
		return head
	}
	return cmp.Or(strings.TrimSpace(markup().ReplaceAllString(head, " ")), head)
}

// isPage reports whether the body is HTML.
func (a *Answer) isPage(head string) bool {
	start := strings.ToLower(strings.TrimSpace(head[:min(len(head), 512)]))
	return strings.HasPrefix(start, "<!doctype html") || strings.HasPrefix(start, "<html") ||
		strings.HasPrefix(start, "<") && strings.Contains(strings.ToLower(a.Header.Get("Content-Type")), "html")
}

// markup matches what is not the text of a page. It is compiled at its first use, so that
// programs start fast.
var markup = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?is)(?:<!--.*?(?:-->|\z)|<(?:style|script)\b.*?(?:</(?:style|script)\s*>|\z)|<[^>]*>|&nbsp;|\s)+`)
})

// unreadable returns the Content-Encoding of a body that cannot be read because of it, or
// "". Some servers send a header that is not true of the body.
func (a *Answer) unreadable() string {
	encoding := strings.Join(a.Header.Values("Content-Encoding"), ", ")
	if encoding == "" || utf8.Valid(a.Body) {
		return ""
	}
	if len(encoding) > 32 || strings.ContainsFunc(encoding, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "of an unknown kind"
	}
	return encoding
}
