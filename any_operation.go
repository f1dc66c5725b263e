package cams

import (
	"context"
	"reflect"
	"strings"
	"unicode"

	"github.com/cams-go/cams/internal/params"
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
	given, problem := parametersOf(params)
	if problem != "" {
		return &ValidationError{Field: "params", Reason: problem}
	}
	if out == nil {
		out = new(ResponseMetadata)
	}
	target := reflect.ValueOf(out)
	if !isOut(target) {
		return &ValidationError{Field: "out", Reason: "must be a pointer to a struct or to a map with string keys"}
	}
	var answer reflect.Value
	err := c.do(ctx, &spec{name: op.Name, repeatable: op.Repeatable}, given, func(body []byte) (*ResponseMetadata, error) {
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

// parametersOf converts a struct or a map to parameters.
func parametersOf(given any) (all parameters, problem string) {
	list, problem := params.Of(given)
	for _, p := range list {
		all = append(all, parameter{p.Name, p.Value, p.Private})
	}
	return all, problem
}
