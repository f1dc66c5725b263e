package wire

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// HasMember reports whether a JSON object has a member with this name, in any case, that
// is neither null nor empty. If name is "", any member counts except those in except,
// which are in lower case.
func HasMember(object []byte, name string, except ...string) bool {
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return false
	}
	for key, value := range members {
		wanted := strings.EqualFold(key, name) || name == "" && !slices.Contains(except, strings.ToLower(key))
		switch string(bytes.TrimSpace(value)) {
		case "null", `""`, "{}", "[]":
		default:
			if wanted {
				return true
			}
		}
	}
	return false
}
