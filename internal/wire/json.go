// Package wire reads the bodies of answers. They may be of any size and hostile. In the
// JSON of Alibaba Cloud's gateways the type of a scalar drifts between string, number
// and boolean: "Total":"8", "Success":"true", a phone number as a number.
package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
)

// maxValues limits the values of an answer. It is enough for thousands of groups or a
// hundred thousand members on one page. A value may take a hundred times its length in
// memory.
const maxValues = 100_000

// ErrTooMany is returned for an answer with more than maxValues values.
var ErrTooMany = errors.New("answer has more than 100,000 values")

// Unmarshal is like [json.Unmarshal], but it replaces what v points to, and:
//
//   - A scalar of the wrong type is converted if that loses no information.
//   - An object key matches in any case. If several match a field, the exact one counts,
//     else the first in byte order.
//   - A number becomes a [json.Number] in an interface.
//   - A struct's field Extra, a string with the tag `json:"-"`, gets the members that the
//     struct has no field for, or whose value its field cannot hold, as a JSON object in
//     order of the keys. It is "" if there are none, and in the values of a map.
//
// An answer that needs nothing of this costs what json.Unmarshal costs, and one pass over
// its bytes that allocates nothing.
func Unmarshal(data []byte, v any) error {
	if bytes.Count(data, []byte{','}) >= maxValues { // cheaper than counting the values
		return ErrTooMany
	}
	s := shapeOf(reflect.TypeOf(v).Elem())
	err := s.decode(data, v)
	if err == nil && s.isSpelledOut(&cursor{data: data}) {
		return nil // before mismatch is declared, which escapes to the heap
	}
	var mismatch *json.UnmarshalTypeError
	if err != nil && !errors.As(err, &mismatch) {
		return err
	}
	return s.decodeFitted(data, v)
}

// decode is [json.Unmarshal], but for the numbers in interfaces.
func (s *shape) decode(data []byte, v any) error {
	if !s.hasInterface || !json.Valid(data) { // its error says what is invalid
		return json.Unmarshal(data, v)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return decoder.Decode(v)
}

// decodeFitted makes the conversions of [Unmarshal] and decodes the result.
func (s *shape) decodeFitted(data []byte, v any) error {
	if bytes.Count(data, []byte{','})+bytes.Count(data, []byte{'['})+bytes.Count(data, []byte{'{'}) > maxValues {
		return ErrTooMany // any brackets count here: each costs memory in a tree
	}
	var tree any
	if err := anything.decode(data, &tree); err != nil {
		return err
	}
	tree, _ = s.fit(tree)
	fitted, err := compact(tree)
	if err != nil {
		return err
	}
	target := reflect.ValueOf(v).Elem()
	target.SetZero() // of what the first try has set
	if err := s.decode(fitted, v); err != nil {
		return err
	}
	s.keepExtra(tree, target)
	return nil
}

// compact is [json.Marshal] without escapes for HTML.
func compact(v any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}
