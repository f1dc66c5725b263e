package acceptance

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// operationMethods are the client's methods that are an operation: they take a
// context and a request.
func operationMethods() []reflect.Method {
	var methods []reflect.Method
	client := reflect.TypeFor[*cams.Client]()
	for i := range client.NumMethod() {
		if method := client.Method(i); method.Type.NumIn() == 3 && strings.HasSuffix(method.Type.In(2).String(), method.Name+"Request") {
			methods = append(methods, method)
		}
	}
	return methods
}

// TestEveryOperationIsKnownEverywhere fails where an operation was added and a
// place forgotten: see "Add an operation" in CONTRIBUTING.md.
func TestEveryOperationIsKnownEverywhere(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	fake, err := camstest.NewServer().NewClient(cams.WithRetry(cams.NoRetry()))
	require.NoError(t, err)
	cases := map[string]operationCase{}
	for _, op := range allOperations() {
		cases[op.name] = op
	}
	for _, method := range operationMethods() {
		assert.Contains(t, string(readme), "/"+method.Name+")", "the table of README.md")
		op, ok := cases[method.Name]
		if !assert.True(t, ok, "allOperations lacks %s", method.Name) {
			continue
		}
		_, err := op.call(t.Context(), fake)
		assert.False(t, cams.IsCode(err, "InvalidAction.NotFound"), "the operations of camstest lack %s", method.Name)
	}
	assert.Len(t, cases, len(operationMethods()))
}

// filled makes a value of which every field is set: numbers of people to number,
// other texts to text.
func filled(of reflect.Type, number, text string) reflect.Value {
	value := reflect.New(of).Elem()
	switch of.Kind() {
	case reflect.Pointer:
		value.Set(filled(of.Elem(), number, text).Addr())
	case reflect.Slice:
		value.Set(reflect.Append(value, filled(of.Elem(), number, text)))
	case reflect.Struct:
		for i := range of.NumField() {
			field := filled(of.Field(i).Type, number, text)
			if field.Kind() == reflect.String && strings.HasSuffix(of.Field(i).Name, "Number") {
				field.SetString(number)
			}
			value.Field(i).Set(field)
		}
	case reflect.String:
		value.SetString(text)
	case reflect.Int, reflect.Int64:
		value.SetInt(1)
	case reflect.Bool:
		value.SetBool(true)
	}
	return value
}

// The number is too short to look like a phone number: only a parameter that is
// private is masked.
func TestNoErrorOfAnyOperationShowsANumberOfTheRequest(t *testing.T) {
	t.Parallel()
	const number = "481516"
	for _, method := range operationMethods() {
		client := clientOf(t, testCredentials(), cams.WithRetry(cams.NoRetry()), firstThen(answered(400, `{"Code":"X","Message":"`+number+` is bad"}`), "", new(int)))
		request := filled(method.Type.In(2), number, "text")
		out := method.Func.Call([]reflect.Value{reflect.ValueOf(client), reflect.ValueOf(context.Background()), request})
		err, _ := out[1].Interface().(error)
		require.True(t, cams.IsCode(err, "X"), "%s: %v", method.Name, err)
		assert.NotContains(t, err.Error(), number, method.Name)
	}
}

func TestNoLogOfAnyOperationShowsAPhoneNumber(t *testing.T) {
	t.Parallel()
	for _, method := range operationMethods() {
		for _, of := range []reflect.Type{method.Type.In(2), method.Type.Out(0)} {
			value := filled(of, testNumber, testNumber)
			for _, shown := range []any{value.Interface(), value.Elem().Interface()} {
				for _, form := range []string{"slog text", "slog JSON"} {
					assert.NotContains(t, prints(t, shown)[form], testNumber, "%T in %s", shown, form)
				}
			}
		}
	}
}
