package cams

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/cams-go/cams/internal/sign"
	"github.com/cams-go/cams/internal/wire"
)

// Operation is an operation of the API that this package has no method for, or
// any other, by its name. See [Client.Call].
type Operation struct {
	Name       string // for instance "QueryChatappPhoneNumbers"
	Repeatable bool   // whether it may be sent again after an unclear outcome; false is safe
}

// Call calls any operation of the API, version 2020-06-06, by its name. It signs,
// repeats, limits, logs and masks as for the operations that have methods.
//
// params is a struct with json tags or a map with string keys, or a pointer to
// one; nil for no parameters. Strings, numbers and booleans are sent as they are,
// objects and lists as compact JSON; nil and empty strings are left out. No error
// and no log shows a string or a long number in it.
//
// out is a pointer to a struct, which may embed [ResponseMetadata], or to a
// map[string]any; nil takes no result. It is written if the error is nil. A bad argument is a
// [*ValidationError], and nothing is sent. Errors are those of other calls; an
// operation that is not Repeatable may end as [ErrOutcomeUnknown].
func (c *Client) Call(ctx context.Context, op Operation, params, out any) error {
	if op.Name == "" || strings.ContainsFunc(op.Name, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		return &ValidationError{Field: "Operation.Name", Reason: "is not the name of an operation"}
	}
	parameters, err := parametersOf(params)
	if err != nil {
		return err
	}
	if out == nil {
		out = new(ResponseMetadata)
	}
	target := reflect.ValueOf(out)
	if !isOut(target) {
		return &ValidationError{Field: "out", Reason: "is no pointer to a struct or to a map with string keys"}
	}
	var answer reflect.Value
	err = c.do(ctx, &operation{name: op.Name, repeatable: op.Repeatable}, parameters, func(body []byte) (*ResponseMetadata, error) {
		answer = reflect.New(target.Type().Elem()) // it holds nothing of an earlier attempt
		if err := wire.Unmarshal(body, answer.Interface()); err != nil {
			return nil, err
		}
		metadata := new(ResponseMetadata) // out may have it anywhere, or not at all
		return metadata, wire.Unmarshal(body, metadata)
	})
	if err == nil {
		trimRequestID(answer.Elem())
		target.Elem().Set(answer.Elem())
	}
	return err
}

// trimRequestID trims the request ID of a struct that embeds [ResponseMetadata].
func trimRequestID(answer reflect.Value) {
	if answer.Kind() != reflect.Struct {
		return
	}
	field, ok := answer.Type().FieldByName("ResponseMetadata")
	if ok && len(field.Index) == 1 && field.Type == reflect.TypeFor[ResponseMetadata]() {
		metadata := answer.FieldByIndex(field.Index).Addr().Interface().(*ResponseMetadata)
		metadata.RequestID = strings.TrimSpace(metadata.RequestID)
	}
}

// isOut reports whether a value can hold an answer.
func isOut(out reflect.Value) bool {
	if out.Kind() != reflect.Pointer || out.IsNil() {
		return false
	}
	t := out.Type().Elem()
	return t.Kind() == reflect.Struct || t.Kind() == reflect.Map && t.Key().Kind() == reflect.String
}

// parametersOf makes parameters of a struct or a map. All their strings are private.
func parametersOf(params any) (parameters, error) {
	invalid := &ValidationError{Field: "params", Reason: "is no struct and no map that JSON can hold"}
	text := compactJSON(params)
	if text == "null" {
		return nil, nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &fields) != nil {
		return nil, invalid
	}
	var all parameters
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if name == "" || sign.IsReserved(name) {
			return nil, &ValidationError{Field: "params", Reason: "has a parameter that belongs to the signature: " + name}
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
			all = append(all, parameter{name, value, private})
		default:
			all = append(all, parameter{name, string(fields[name]), shown})
			all = append(all, privateIn(value)...)
		}
	}
	return all, nil
}

// privateIn returns the strings and long numbers within a value, to be masked alone.
func privateIn(value any) (all parameters) {
	switch value := value.(type) {
	case string:
		return parameters{{"", value, private}}
	case json.Number:
		if len(value) >= 6 {
			return parameters{{"", value.String(), private}}
		}
	case []any:
		for _, item := range value {
			all = append(all, privateIn(item)...)
		}
	case map[string]any:
		for key, item := range value {
			if strings.ContainsAny(key, "0123456789") {
				all = append(all, parameter{"", key, private})
			}
			all = append(all, privateIn(item)...)
		}
	}
	return all
}
