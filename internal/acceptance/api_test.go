package acceptance

import (
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What breaks since the last release: go test -v -run TestTheChangelogNamesWhatBreaks ./internal/acceptance
func TestTheChangelogNamesWhatBreaks(t *testing.T) {
	t.Parallel()
	changelog, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	require.NoError(t, err)
	sections := regexp.MustCompile(`(?m)^## \[(.*)\].*$`).FindAllStringSubmatchIndex(string(changelog), 2)
	require.Len(t, sections, 2)
	section := string(changelog[sections[0][0]:sections[1][0]])
	last := "v" + string(changelog[sections[1][2]:sections[1][3]])

	released, err := os.ReadFile(filepath.Join(root, "testdata/api-"+last+".txt"))
	require.NoError(t, err, "record the last release: git show %s:testdata/api.txt >testdata/api-%[1]s.txt, and delete the one before", last)
	now, err := os.ReadFile(filepath.Join(root, "testdata/api.txt"))
	require.NoError(t, err)
	for _, broken := range breaks(t, string(released), string(now)) {
		t.Logf("since %s: %s", last, broken.was)
		assert.Regexp(t, `\b`+broken.name+`\b`, section, "CHANGELOG.md does not name what a program for %s may have to change", last)
	}
}

// declared is an exported name and its declaration in a recorded API.
type declared struct{ name, was string }

// breaks returns what is removed, or changed in a way that can break a program. It does not
// see a constant or a variable of another type.
func breaks(t *testing.T, before, after string) (broken []declared) {
	t.Helper()
	old, now := declarations(t, before), declarations(t, after)
	for _, key := range slices.Sorted(maps.Keys(old)) {
		was, is := old[key], now[key]
		if strings.HasPrefix(was.was, "type ") && !strings.Contains(was.was, " interface ") && isPart(was.was, is.was) {
			continue // only fields are new
		}
		if was != is {
			broken = append(broken, was)
		}
	}
	return broken
}

var grouped = regexp.MustCompile(`(?:^| )([A-Z]\w*)(?: \w+)? = `)

// declarations returns the declarations of a recorded API. The keys have package and receiver.
func declarations(t *testing.T, api string) map[string]declared {
	t.Helper()
	all := map[string]declared{}
	pkg := ""
	for line := range strings.Lines(api) {
		kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch kind {
		case "package":
			pkg = rest + "."
		case "const", "var": // values may change
			for _, match := range grouped.FindAllStringSubmatch(rest, -1) {
				all[pkg+match[1]] = declared{match[1], kind + " " + match[1]}
			}
		case "type":
			name := rest[:strings.IndexAny(rest, " [")]
			all[pkg+name] = declared{name, "type " + rest}
		case "func":
			file, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+line, 0)
			require.NoError(t, err, line)
			function := file.Decls[0].(*ast.FuncDecl)
			text := withoutParameterNames(t, function)
			receiver, _, _ := strings.Cut(strings.TrimPrefix(text, "func "), function.Name.Name)
			all[pkg+receiver+function.Name.Name] = declared{function.Name.Name, text}
		}
	}
	return all
}

func withoutParameterNames(t *testing.T, function *ast.FuncDecl) string {
	t.Helper()
	for _, list := range []*ast.FieldList{function.Recv, function.Type.Params, function.Type.Results} {
		if list == nil {
			continue
		}
		var unnamed []*ast.Field
		for _, field := range list.List {
			for range max(1, len(field.Names)) {
				unnamed = append(unnamed, &ast.Field{Type: field.Type})
			}
		}
		list.List = unnamed
	}
	var text strings.Builder
	require.NoError(t, printer.Fprint(&text, token.NewFileSet(), function))
	return text.String()
}

// isPart reports whether the words of part are in whole, in the same order.
func isPart(part, whole string) bool {
	left := strings.Fields(part)
	for _, word := range strings.Fields(whole) {
		if len(left) > 0 && left[0] == word {
			left = left[1:]
		}
	}
	return len(left) == 0
}

func TestABreakOfTheAPIIsSeen(t *testing.T) {
	t.Parallel()
	const before = "package p\nconst C = 1\nvar ( A = 1 B T = 2 )\nfunc F(a, b int) error\nfunc (s *S) M()\ntype S struct { A int B string }\ntype I interface { M() }\n"
	for name, test := range map[string]struct {
		edit []string
		want []declared
	}{
		"nothing":                  {nil, nil},
		"a value":                  {[]string{"C = 1", "C = 2"}, nil},
		"names of parameters":      {[]string{"a, b int", "a int, _ int"}, nil},
		"a field is new":           {[]string{"B string", "X int B string"}, nil},
		"a variable is new":        {[]string{"A = 1", "A = 1 Z = 3"}, nil},
		"a constant is gone":       {[]string{"const C = 1\n", ""}, []declared{{"C", "const C"}}},
		"a variable is gone":       {[]string{"B T = 2 ", ""}, []declared{{"B", "var B"}}},
		"a parameter is new":       {[]string{"a, b int", "a, b int, c ...int"}, []declared{{"F", "func F(int, int) error"}}},
		"a method is gone":         {[]string{"func (s *S) M()\n", ""}, []declared{{"M", "func (*S) M()"}}},
		"a field is gone":          {[]string{"A int ", ""}, []declared{{"S", "type S struct { A int B string }"}}},
		"a field has another type": {[]string{"B string", "B Text"}, []declared{{"S", "type S struct { A int B string }"}}},
		"an interface grows":       {[]string{"M() }", "M() N() }"}, []declared{{"I", "type I interface { M() }"}}},
		"it is in another package": {[]string{"package p", "package q"}, breaks(t, before, "")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, breaks(t, before, strings.NewReplacer(test.edit...).Replace(before)))
		})
	}
	assert.Len(t, breaks(t, before, ""), 7)
}
