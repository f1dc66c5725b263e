package acceptance

import (
	"bytes"
	"flag"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite testdata/api.txt")

// root is where the module begins.
const root = "../.."

// goSources returns all Go code of tests and examples, without indentation.
func goSources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && (strings.HasSuffix(path, "_test.go") || strings.Contains(path, "examples")) && strings.HasSuffix(path, ".go") {
			source, err := os.ReadFile(path)
			require.NoError(t, err)
			all.WriteString(unindented(string(source)))
		}
		return err
	})
	require.NoError(t, err)
	return all.String()
}

func unindented(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString(strings.TrimSpace(line) + "\n")
	}
	return b.String()
}

func TestEverySnippetOfTheDocumentsIsCompiled(t *testing.T) {
	t.Parallel()
	sources := goSources(t)
	for _, document := range []string{"README.md", "docs/howto.md", "docs/migrating.md"} {
		text, err := os.ReadFile(filepath.Join(root, document))
		require.NoError(t, err)
		blocks := strings.Split(string(text), "```go\n")[1:]
		require.NotEmpty(t, blocks)
		for _, block := range blocks {
			snippet, _, closed := strings.Cut(block, "```")
			require.True(t, closed)
			assert.True(t, strings.Contains(sources, unindented(snippet)), "no Go file contains this snippet of %s:\n%s", document, snippet)
		}
	}
}

func TestEveryLinkOfTheDocumentsLeadsSomewhere(t *testing.T) {
	t.Parallel()
	var documents []string
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*.md", "examples/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		documents = append(documents, found...)
	}
	for _, document := range documents {
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		for _, part := range strings.Split(string(text), "](")[1:] {
			link, _, _ := strings.Cut(part, ")")
			if strings.Contains(link, "://") {
				continue
			}
			target, anchor, _ := strings.Cut(link, "#")
			file := document
			if target != "" {
				file = filepath.Join(filepath.Dir(document), target)
			}
			if assert.FileExists(t, file, document) && anchor != "" {
				assert.Contains(t, anchorsOf(t, file), anchor, document)
			}
		}
	}
}

// anchorsOf returns the anchors that GitHub makes of a document's headings.
func anchorsOf(t *testing.T, document string) (anchors []string) {
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if hashes, heading, found := strings.Cut(line, " "); found && strings.Trim(hashes, "#") == "" {
			anchors = append(anchors, strings.Map(func(r rune) rune {
				switch {
				case r == ' ':
					return '-'
				case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
					return unicode.ToLower(r)
				}
				return -1
			}, strings.TrimSpace(heading)))
		}
	}
	return anchors
}

func TestTheTablesOfLogKeysAndMetricsAreComplete(t *testing.T) {
	t.Parallel()
	howto, err := os.ReadFile(filepath.Join(root, "docs/howto.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(howto), "## Which log keys and metrics are there?")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	for file, names := range map[string]*regexp.Regexp{
		"observer.go":         regexp.MustCompile(`slog\.\w+\("(\w+)"`),
		"camsotel/metrics.go": regexp.MustCompile(`"((?:rpc|cams)\.[a-z_.]+)"`),
	} {
		source, err := os.ReadFile(filepath.Join(root, file))
		require.NoError(t, err)
		found := names.FindAllStringSubmatch(string(source), -1)
		require.NotEmpty(t, found, file)
		for _, name := range found {
			assert.Contains(t, section, "`"+name[1]+"`", file)
		}
	}
}

// TestTheExportedAPIIsAsRecorded shows each change of the API as a change of a file.
// To record a change: go test -run TestTheExportedAPI ./internal/acceptance -update
func TestTheExportedAPIIsAsRecorded(t *testing.T) {
	t.Parallel()
	api := exportedAPI(t, root, "cams") + exportedAPI(t, filepath.Join(root, "camstest"), "camstest")
	if *update {
		require.NoError(t, os.WriteFile(filepath.Join(root, "testdata/api.txt"), []byte(api), 0o644))
	}
	recorded, err := os.ReadFile(filepath.Join(root, "testdata/api.txt"))
	require.NoError(t, err)
	assert.True(t, string(recorded) == api, "the exported API has changed: if this is intended, run with -update and add it to CHANGELOG.md")
}

func TestEveryExportedNameIsDocumented(t *testing.T) {
	t.Parallel()
	for dir, name := range map[string]string{root: "cams", filepath.Join(root, "camstest"): "camstest"} {
		for _, decl := range exportedDecls(t, dir, name) {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				assert.NotEmpty(t, decl.Doc.Text(), "%s.%s", name, decl.Name)
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						assert.NotEmpty(t, decl.Doc.Text()+spec.Doc.Text(), "%s.%s", name, spec.Name)
					case *ast.ValueSpec:
						assert.NotEmpty(t, decl.Doc.Text()+spec.Doc.Text()+spec.Comment.Text(), "%s.%s", name, spec.Names[0])
					}
				}
			}
		}
	}
}

// exportedAPI is the exported declarations of a package, without comments and bodies.
func exportedAPI(t *testing.T, dir, name string) string {
	t.Helper()
	seen := map[string]bool{}
	for _, decl := range exportedDecls(t, dir, name) {
		if function, ok := decl.(*ast.FuncDecl); ok {
			function.Body, function.Doc = nil, nil
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GenDecl:
				n.Doc = nil
			case *ast.TypeSpec:
				n.Doc, n.Comment = nil, nil
			case *ast.ValueSpec:
				n.Doc, n.Comment = nil, nil
			case *ast.Field:
				n.Doc, n.Comment = nil, nil
			}
			return true
		})
		var text bytes.Buffer
		require.NoError(t, printer.Fprint(&text, token.NewFileSet(), decl))
		one := strings.ReplaceAll(text.String(), "// contains filtered or unexported fields", "")
		seen[strings.Join(strings.Fields(one), " ")] = true
	}
	return "package " + name + "\n" + strings.Join(slices.Sorted(maps.Keys(seen)), "\n") + "\n\n"
}

func exportedDecls(t *testing.T, dir, name string) []ast.Decl {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	var decls []ast.Decl
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		require.NoError(t, err)
		require.Equal(t, name, file.Name.Name)
		ast.FileExports(file)
		for _, decl := range file.Decls {
			if general, ok := decl.(*ast.GenDecl); ok && general.Tok == token.IMPORT {
				continue
			}
			if function, ok := decl.(*ast.FuncDecl); ok && !isExportedMethod(function) {
				continue
			}
			decls = append(decls, decl)
		}
	}
	return decls
}

// isExportedMethod is false for an exported method of an unexported type.
func isExportedMethod(function *ast.FuncDecl) bool {
	if function.Recv == nil {
		return true
	}
	receiver := function.Recv.List[0].Type
	if pointer, ok := receiver.(*ast.StarExpr); ok {
		receiver = pointer.X
	}
	name, ok := receiver.(*ast.Ident)
	return !ok || name.IsExported()
}
