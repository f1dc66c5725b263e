package acceptance

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// go doc silently drops the example of a name that it does not show, such as a method
// of an alias.
func TestEveryExampleIsShownAndRun(t *testing.T) {
	t.Parallel()
	for path, dir := range map[string]string{"github.com/cams-go/cams": root, "github.com/cams-go/cams/camstest": filepath.Join(root, "camstest")} {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		fset := token.NewFileSet()
		var files []*ast.File
		for _, name := range names {
			file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
			require.NoError(t, err)
			files = append(files, file)
		}
		all := doc.Examples(files...)
		shown := shownExamples(t, fset, files, path)
		for _, example := range all {
			assert.Contains(t, shown, example.Name, "%s: Example%s belongs to nothing that go doc shows", path, example.Name)
			assert.NotEmpty(t, example.Output, "%s: Example%s has no output, so it is not run", path, example.Name)
			assert.NotEmpty(t, example.Doc, "%s: Example%s does not say what it shows", path, example.Name)
		}
	}
}

// shownExamples are the names of the examples that a package's documentation has.
func shownExamples(t *testing.T, fset *token.FileSet, files []*ast.File, path string) (names []string) {
	t.Helper()
	docs, err := doc.NewFromFiles(fset, files, path)
	require.NoError(t, err)
	add := func(examples []*doc.Example) {
		for _, example := range examples {
			names = append(names, example.Name)
		}
	}
	add(docs.Examples)
	functions := docs.Funcs
	for _, typ := range docs.Types {
		add(typ.Examples)
		functions = append(append(functions, typ.Funcs...), typ.Methods...)
	}
	for _, function := range functions {
		add(function.Examples)
	}
	return names
}

func TestEveryExampleProgramIsShortAndSaysHowToRunIt(t *testing.T) {
	t.Parallel()
	long := []string{"list-participants", "group-lifecycle", "rosters", "sync", "replicas"}
	directories, err := filepath.Glob(filepath.Join(root, "examples/[a-hj-z]*")) // not internal
	require.NoError(t, err)
	require.NotEmpty(t, directories)
	for _, directory := range directories {
		name := filepath.Base(directory)
		files, err := filepath.Glob(filepath.Join(directory, "*.go"))
		require.NoError(t, err)
		header, lines := "", 0
		for _, path := range files {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments|parser.PackageClauseOnly)
			require.NoError(t, err)
			header += file.Doc.Text()
			if !strings.HasSuffix(path, "_test.go") {
				lines += strings.Count(string(text), "\n")
			}
		}
		if !slices.Contains(long, name) {
			assert.LessOrEqual(t, lines, 85, name)
		}
		assert.Regexp(t, `\tgo (run|test -v) (\.|-C )(/?examples/`+name+`|)`, header, name) // a module of its own is run in its folder
	}
}

func TestEveryExampleProgramExplainsItselfOnStdout(t *testing.T) {
	t.Parallel()
	programs := t.TempDir()
	build := exec.Command("go", "build", "-o", programs+"/", "./examples/...")
	build.Dir = root
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)
	paths, err := filepath.Glob(filepath.Join(programs, "*"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		program := exec.Command(path, "-h")
		var stdout, stderr strings.Builder
		program.Stdout, program.Stderr = &stdout, &stderr
		assert.NoError(t, program.Run(), filepath.Base(path))
		assert.Contains(t, stdout.String(), "sandbox", filepath.Base(path))
		assert.Regexp(t, "(?i)flags|  -", stdout.String(), filepath.Base(path))
		assert.Empty(t, stderr.String(), filepath.Base(path))
	}
}

func TestTheIndexOfTheExamplesHasEachWithItsCommand(t *testing.T) {
	t.Parallel()
	index, err := os.ReadFile(filepath.Join(root, "examples/README.md"))
	require.NoError(t, err)
	directories, err := filepath.Glob(filepath.Join(root, "examples/[a-hj-z]*")) // not internal
	require.NoError(t, err)
	for _, directory := range directories {
		name := filepath.Base(directory)
		assert.Regexp(t, `\| \[`+name+`\]\(`+name+`/.*go (run|test).* \S*examples/`+name, string(index))
	}
}
