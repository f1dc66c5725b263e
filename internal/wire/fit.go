package wire

import (
	"encoding/json"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// extraKey is the key under which fit puts the text for a field Extra. No field has it,
// so encoding/json passes over it.
const extraKey = ""

// extraText is a text in a tree that [json.Marshal] does not repeat: it writes {}.
type extraText struct{ text string }

// fit returns a value of a tree with its scalars converted to the types that s needs,
// and whether it is now of the kind of s. It leaves what it cannot convert, so that
// encoding/json reports it.
func (s *shape) fit(value any) (fitted any, ok bool) {
	switch {
	case value == nil, s.kind == reflect.Interface, s.kind == reflect.Invalid:
		return value, true
	case s.kind == reflect.String:
		return toString(value)
	case s.kind == reflect.Bool:
		return toBool(value)
	case isNumber(s.kind):
		return s.toNumber(value)
	case s.isContainer() && value == "":
		return nil, true // some gateways write "" for nothing
	}
	object, isObject := value.(map[string]any)
	list, isList := value.([]any)
	switch {
	case isObject && s.kind == reflect.Struct:
		s.fitMembers(object)
	case isObject && s.kind == reflect.Map:
		for key := range object {
			object[key], _ = s.elem.fit(object[key])
		}
	case isList && (s.kind == reflect.Slice || s.kind == reflect.Array):
		for i := range list {
			list[i], _ = s.elem.fit(list[i])
		}
	default:
		return value, false
	}
	return value, true
}

// fitMembers gives each field of a struct one member, under its exact name, and moves the
// other members to the text for Extra.
func (s *shape) fitMembers(object map[string]any) {
	extra := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		f := s.like(key)
		if f == nil && s.extra == nil {
			continue // encoding/json passes over it
		}
		value := object[key]
		delete(object, key)
		if f == nil {
			extra[key] = value
			continue
		}
		if _, taken := object[f.name]; taken {
			extra[key] = value
			continue
		}
		fitted, ok := f.shape.fit(value)
		if !ok && s.extra != nil {
			extra[key], fitted = value, nil
		}
		object[f.name] = fitted
	}
	if s.extra != nil && len(extra) > 0 {
		text, _ := compact(extra) // it came from JSON
		object[extraKey] = extraText{string(text)}
	}
}

// keepExtra sets the fields Extra of v, which was decoded from a fitted tree.
func (s *shape) keepExtra(tree any, v reflect.Value) {
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	object, isObject := tree.(map[string]any)
	list, _ := tree.([]any)
	switch {
	case isObject && s.kind == reflect.Struct:
		for _, f := range s.fields {
			if child, err := v.FieldByIndexErr(f.index); err == nil {
				f.shape.keepExtra(object[f.name], child)
			}
		}
		if extra, ok := object[extraKey].(extraText); ok {
			if field, err := v.FieldByIndexErr(s.extra); err == nil {
				field.SetString(extra.text)
			}
		}
	case s.kind == reflect.Slice || s.kind == reflect.Array:
		for i := range min(len(list), v.Len()) {
			s.elem.keepExtra(list[i], v.Index(i))
		}
	}
}

func isNumber(kind reflect.Kind) bool {
	return reflect.Int <= kind && kind <= reflect.Float64
}

func toString(value any) (any, bool) {
	switch v := value.(type) {
	case json.Number:
		if integer, ok := toInteger(string(v)); ok {
			return string(integer), true // for instance 8.61e12, a phone number from a spreadsheet
		}
		return string(v), true
	case bool:
		return strconv.FormatBool(v), true
	}
	_, ok := value.(string)
	return value, ok
}

func toBool(value any) (any, bool) {
	text, isScalar := scalarText(value)
	switch strings.ToLower(text) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	case "":
		if isScalar {
			return nil, true // as if absent
		}
	}
	_, ok := value.(bool)
	return value, ok
}

// toNumber converts to a number that s can hold.
func (s *shape) toNumber(value any) (any, bool) {
	text, isScalar := scalarText(value)
	if isScalar && text == "" {
		return nil, true // as if absent
	}
	number, isInteger := toInteger(text)
	var err error
	switch {
	case s.kind == reflect.Float32 || s.kind == reflect.Float64:
		if !isInteger && isJSONNumber(text) {
			number = json.Number(text)
		}
		_, err = strconv.ParseFloat(string(number), s.bits)
	case s.kind <= reflect.Int64:
		_, err = strconv.ParseInt(string(number), 10, s.bits)
	default:
		_, err = strconv.ParseUint(string(number), 10, s.bits)
	}
	if err != nil {
		return value, false
	}
	return number, true
}

// isJSONNumber excludes the other forms of [strconv.ParseFloat]: "Inf", "0x1p4", ".5".
func isJSONNumber(text string) bool {
	return strings.ContainsAny(text[:min(1, len(text))], "-0123456789") && json.Valid([]byte(text))
}

// maxExact is the limit up to which float64 represents every integer exactly.
const maxExact = 1 << 53

// toInteger returns the integer that a text means, if it does.
func toInteger(text string) (json.Number, bool) {
	if strings.ContainsAny(text, ".eE") {
		float, err := strconv.ParseFloat(text, 64)
		if err != nil || float != math.Trunc(float) || math.Abs(float) > maxExact {
			return "", false
		}
		return json.Number(strconv.FormatInt(int64(float), 10)), true
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return json.Number(strconv.FormatInt(n, 10)), true // text may be 08 or +8, which is not valid JSON
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return json.Number(strconv.FormatUint(n, 10)), true
	}
	return "", false
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
