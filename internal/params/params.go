// Package params turns a value of any type into the parameters of a request.
package params

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/cams-go/cams/internal/sign"
)

// Param is a parameter. Without a name it is part of another value, and must be masked
// where it appears alone.
type Param struct {
	Name, Value string
	Private     bool // errors and logs must not show the value
}

// Of converts a struct or a map to parameters. All strings are private. problem says what
// is wrong with it.
func Of(params any) (all []Param, problem string) {
	const invalid = "must be a struct or a map that can be marshalled as JSON"
	text := CompactJSON(params)
	if text == "null" {
		return nil, ""
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &fields) != nil {
		return nil, invalid
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if name == "" || sign.IsReserved(name) {
			return nil, "has a parameter that is reserved for the signature: " + name
		}
		decoder := json.NewDecoder(bytes.NewReader(fields[name]))
		decoder.UseNumber()
		var value any
		if decoder.Decode(&value) != nil {
			return nil, invalid
		}
		switch value := value.(type) {
		case nil:
		case string:
			all = append(all, Param{name, value, true})
		default:
			all = append(all, Param{name, string(fields[name]), false})
			all = append(all, privateIn(value)...)
		}
	}
	return all, ""
}

// privateIn returns the strings and long numbers within a value, so that each is masked
// wherever it appears alone.
func privateIn(value any) (all []Param) {
	switch value := value.(type) {
	case string:
		return []Param{{"", value, true}}
	case json.Number:
		if len(value) >= 6 {
			return []Param{{"", value.String(), true}}
		}
	case []any:
		for _, item := range value {
			all = append(all, privateIn(item)...)
		}
	case map[string]any:
		for key, item := range value {
			if strings.ContainsAny(key, "0123456789") {
				all = append(all, Param{"", key, true})
			}
			all = append(all, privateIn(item)...)
		}
	}
	return all
}

// CompactJSON returns v as compact JSON, the form in which an object or a list is sent in
// one parameter. It returns "" if encoding/json cannot marshal v.
func CompactJSON(v any) string {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false) // the official client sends <, > and & unescaped
	if encoder.Encode(v) != nil {
		return ""
	}
	return strings.TrimSuffix(buffer.String(), "\n")
}
