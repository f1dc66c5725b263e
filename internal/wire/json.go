// Package wire reads the bodies of answers. They may be of any size and hostile. In the
// JSON of Alibaba Cloud's gateways the type of a scalar drifts between string, number
// and boolean: "Total":"8", "Success":"true", a phone number as a number.
package wire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// maxValues limits the values of an answer. It is enough for thousands of groups or a
// hundred thousand members on one page. A value may take a hundred times its length in
// memory.
const maxValues = 100_000

// ErrTooMany is returned for an answer with more than maxValues values.
var ErrTooMany = errors.New("answer has more than 100,000 values")

// maxDrift is the largest size in bytes of an answer whose scalars are converted: the
// conversion takes a hundred times that in memory. Real answers are far shorter.
const maxDrift = 1 << 20

// Unmarshal is like [json.Unmarshal], but converts scalars of the wrong type if that
// loses no information. Object keys match in any case.
//
// An answer that needs no conversion costs what json.Unmarshal costs. v must point to a
// zero value, because a first try may fail after it has set part of v.
func Unmarshal(data []byte, v any) error {
	if bytes.Count(data, []byte{','}) >= maxValues { // cheaper than counting the values
		return ErrTooMany
	}
	err := json.Unmarshal(data, v)
	if err == nil {
		return nil // before mismatch is declared, which escapes to the heap
	}
	var mismatch *json.UnmarshalTypeError
	if !errors.As(err, &mismatch) || len(data) > maxDrift {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var tree any
	if decoder.Decode(&tree) != nil {
		return err
	}
	fitted, fitErr := json.Marshal(fitter{}.fit(tree, reflect.TypeOf(v).Elem()))
	if fitErr != nil {
		return err
	}
	return json.Unmarshal(fitted, v)
}

// fitter has the types of the fields of structs, by their lower-case JSON names.
type fitter map[reflect.Type]map[string]reflect.Type

// fit returns value with its scalars converted to the types that t needs. It leaves what
// it cannot convert, so that json.Unmarshal reports it.
func (f fitter) fit(value any, t reflect.Type) any {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return value // its UnmarshalJSON converts
	}
	if isContainer(t.Kind()) && value == "" {
		return nil // as if absent
	}
	switch t.Kind() {
	case reflect.Pointer:
		return f.fit(value, t.Elem())
	case reflect.Struct:
		if object, ok := value.(map[string]any); ok {
			for key, child := range object {
				if field, ok := f.fields(t)[strings.ToLower(key)]; ok {
					object[key] = f.fit(child, field)
				}
			}
		}
	case reflect.Map:
		if object, ok := value.(map[string]any); ok {
			for key, child := range object {
				object[key] = f.fit(child, t.Elem())
			}
		}
	case reflect.Slice:
		if list, ok := value.([]any); ok {
			for i, child := range list {
				list[i] = f.fit(child, t.Elem())
			}
		}
	case reflect.String:
		return toString(value)
	case reflect.Bool:
		return toBool(value)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return toInteger(value)
	}
	return value
}

// isContainer reports whether some gateways write "" for an empty value of this kind.
func isContainer(kind reflect.Kind) bool {
	return kind == reflect.Struct || kind == reflect.Slice || kind == reflect.Map
}

// fields returns the fields that json.Unmarshal fills in a struct.
func (f fitter) fields(t reflect.Type) map[string]reflect.Type {
	if f[t] == nil {
		f[t] = map[string]reflect.Type{}
		for _, field := range reflect.VisibleFields(t) { // includes those of embedded structs
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if field.IsExported() && !field.Anonymous {
				f[t][strings.ToLower(cmp.Or(name, field.Name))] = field.Type
			}
		}
	}
	return f[t]
}

func toString(value any) any {
	switch v := value.(type) {
	case json.Number:
		if integer, ok := toInteger(v).(json.Number); ok {
			return string(integer) // for instance 8.61e12, a phone number from a spreadsheet
		}
		return string(v)
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return value
}

func toBool(value any) any {
	text, ok := scalarText(value)
	if !ok {
		return value
	}
	switch strings.ToLower(text) {
	case "true", "1":
		return true
	case "false", "0":
		return false
	case "":
		return nil // as if absent
	}
	return value
}

// maxExact is the limit up to which float64 represents every integer exactly.
const maxExact = 1 << 53

func toInteger(value any) any {
	text, ok := scalarText(value)
	if !ok {
		return value
	}
	if text == "" {
		return nil // as if absent
	}
	if !strings.ContainsAny(text, ".eE") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return json.Number(strconv.FormatInt(n, 10)) // text may be 08 or +8, which is not valid JSON
		}
		return value
	}
	float, err := strconv.ParseFloat(text, 64)
	if err != nil || float != math.Trunc(float) || math.Abs(float) > maxExact {
		return value
	}
	return json.Number(strconv.FormatInt(int64(float), 10))
}

func scalarText(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return strings.TrimSpace(v), true
	case json.Number:
		return string(v), true
	}
	return "", false
}
