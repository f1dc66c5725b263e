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

// Operation names an operation of the API for [Client.Call].
type Operation struct {
	Name       string // for instance "QueryChatappPhoneNumbers"
	Repeatable bool   // whether it is idempotent, so that it may be retried after an unknown outcome; false is safe
}

// Call calls any operation of the API, version 2020-06-06, by its name. Signing,
// retries, limiting, logs and masking work as for the operations with methods.
//
// params is a struct with json tags, a map with string keys, a pointer to one of them,
// or nil for no parameters. Strings, numbers and booleans are sent as they are, objects
// and lists as compact JSON, all in the query. The official client sends some of three
// operations' parameters in a form instead (CreateChatappTemplate, ModifyChatappTemplate,
// GetPreValidatePhoneId): it is not published whether the service finds them in the query.
// Nil and empty strings are left out. Errors and logs never show strings from params, or
// numbers of six or more characters.
//
// out is a pointer to a struct, which may embed [ResponseMetadata], or to a map with
// string keys. nil ignores the result. A number in an interface, such as a value of a
// map[string]any, is a [json.Number], so that none is rounded. Call replaces what out
// points to if the error is nil, and leaves it as it is otherwise. An invalid argument is
// a [*ValidationError], and nothing is sent. An operation that is not Repeatable may
// return [ErrOutcomeUnknown]. All other errors are those of the package documentation.
func (c *Client) Call(ctx context.Context, op Operation, params, out any) error {
	if op.Name == "" || strings.ContainsFunc(op.Name, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		return &ValidationError{Field: "Operation.Name", Reason: "must be an operation name of letters and digits"}
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
		return &ValidationError{Field: "out", Reason: "must be a pointer to a struct or to a map with string keys"}
	}
	var answer reflect.Value
	err = c.do(ctx, &spec{name: op.Name, repeatable: op.Repeatable}, parameters, func(body []byte) (*ResponseMetadata, error) {
		answer = reflect.New(target.Type().Elem()) // fresh for each attempt
		if err := wire.Unmarshal(body, answer.Interface()); err != nil {
			return nil, err
		}
		metadata := new(ResponseMetadata) // decoded separately, because out may not have it
		return metadata, wire.Unmarshal(body, metadata)
	})
	if err == nil {
		target.Elem().Set(answer.Elem())
	}
	return err
}

// isOut reports whether out is valid for [Client.Call].
func isOut(out reflect.Value) bool {
	if out.Kind() != reflect.Pointer || out.IsNil() {
		return false
	}
	t := out.Type().Elem()
	return t.Kind() == reflect.Struct || t.Kind() == reflect.Map && t.Key().Kind() == reflect.String
}

// parametersOf converts a struct or a map to parameters. All strings are private.
func parametersOf(params any) (parameters, error) {
	invalid := &ValidationError{Field: "params", Reason: "must be a struct or a map that can be marshalled as JSON"}
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
			return nil, &ValidationError{Field: "params", Reason: "has a parameter that is reserved for the signature: " + name}
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

// privateIn returns the strings and long numbers within a value, so that each is masked
// wherever it appears alone.
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
