package wire

import (
	"bytes"
	"strings"
)

// FindString returns the value of the first member with this key, at any depth, if it is
// a string without escapes. The JSON may be truncated anywhere.
func FindString(data []byte, key string) string {
	_, after, found := bytes.Cut(data, []byte(`"`+key+`"`))
	after, isMember := bytes.CutPrefix(bytes.TrimSpace(after), []byte(":"))
	after, isString := bytes.CutPrefix(bytes.TrimSpace(after), []byte(`"`))
	value, _, isWhole := bytes.Cut(after, []byte(`"`))
	if !found || !isMember || !isString || !isWhole || bytes.ContainsRune(value, '\\') {
		return ""
	}
	return string(value)
}

// FindElement returns the text of the first XML element with this name, if it has no
// attributes and no nested elements. The XML of the gateways has neither.
func FindElement(text, element string) string {
	_, after, found := strings.Cut(text, "<"+element+">")
	content, _, closed := strings.Cut(after, "</"+element+">")
	if !found || !closed || strings.Contains(content, "<") {
		return ""
	}
	return strings.TrimSpace(content)
}
