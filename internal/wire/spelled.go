package wire

import (
	"bytes"
	"reflect"
)

// isSpelledOut reports whether the keys of the next value are, in every struct, spelled
// as its fields are, so that encoding/json loses nothing. Other keys are possible where
// there is no Extra to keep them. It consumes the value.
func (s *shape) isSpelledOut(c *cursor) bool {
	switch {
	case !s.isContainer():
		c.skip()
	case s.kind != reflect.Map && s.elem != nil && c.take('['):
		for !c.take(']') {
			if !s.elem.isSpelledOut(c) {
				return false
			}
			c.take(',')
		}
	case c.take('{'):
		for !c.take('}') {
			member, ok := s.known(c.text())
			if !ok || !c.take(':') || !member.isSpelledOut(c) {
				return false
			}
			c.take(',')
		}
	default: // null
		c.skip()
	}
	return true
}

// known returns the shape of an object's member, and whether encoding/json alone treats
// it right.
func (s *shape) known(key []byte) (*shape, bool) {
	if s.kind == reflect.Map {
		return s.elem, true
	}
	if f := s.exact(key); f != nil {
		return f.shape, true
	}
	escaped := bytes.IndexByte(key, '\\') >= 0
	return anything, s.extra == nil && !escaped && s.like(string(key)) == nil
}

// cursor reads JSON that is valid.
type cursor struct {
	data []byte
	at   int
}

// take consumes the next token if it is b.
func (c *cursor) take(b byte) bool {
	for c.at < len(c.data) {
		switch c.data[c.at] {
		case b:
			c.at++
			return true
		case ' ', '\t', '\r', '\n':
			c.at++
		default:
			return false
		}
	}
	return true // so that no loop is endless
}

// text consumes a string, which starts here, and returns it as it is written, without its
// quotes.
func (c *cursor) text() []byte {
	start := c.at + 1
	end := start + bytes.IndexByte(c.data[start:], '"')
	for c.data[end-1] == '\\' && isEscaped(c.data[start:end]) {
		end += 1 + bytes.IndexByte(c.data[end+1:], '"')
	}
	c.at = end + 1
	return c.data[start:end]
}

// isEscaped reports whether what follows text in a string is escaped.
func isEscaped(text []byte) bool {
	return (len(text)-len(bytes.TrimRight(text, `\`)))%2 == 1
}

// skip consumes a value, up to the comma or the bracket after it.
func (c *cursor) skip() {
	for depth := 0; c.at < len(c.data); c.at++ {
		switch c.data[c.at] {
		case '"':
			c.text()
			c.at--
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if depth < 0 || depth == 0 && c.data[c.at] == ',' {
			return
		}
	}
}
