package sign

import (
	"net/url"
	"slices"
	"strings"

	"github.com/cams-go/cams/internal/percent"
)

// Param is one parameter of a query, decoded.
type Param struct{ Name, Value string }

// Query is the parameters of a request.
type Query []Param

// Canonical returns the query in the form that is signed: sorted by name, encoded by RFC
// 3986, name=value joined by "&". An empty value keeps its "=". It sorts q in place.
func (q Query) Canonical() string {
	slices.SortStableFunc(q, func(a, b Param) int { return strings.Compare(a.Name, b.Name) })
	var stack [512]byte
	raw := stack[:0]
	for i, p := range q {
		if i > 0 {
			raw = append(raw, '&')
		}
		raw = percent.Append(raw, p.Name)
		raw = append(raw, '=')
		raw = percent.Append(raw, p.Value)
	}
	return string(raw)
}

// without decodes a query and leaves out the parameters with these names. A part that
// cannot be decoded is kept as it is, and encoded again by Canonical.
func without(raw string, names ...string) Query {
	query := make(Query, 0, 8)
	for raw != "" {
		var pair string
		if pair, raw, _ = strings.Cut(raw, "&"); pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		if name = unescape(name); !slices.Contains(names, name) {
			query = append(query, Param{name, unescape(value)})
		}
	}
	return query
}

func unescape(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}
