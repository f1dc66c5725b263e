package acceptance

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheRootModuleHasThreeDirectDependencies(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	var direct []string
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(strings.TrimPrefix(line, "require ")); len(fields) == 2 && strings.HasPrefix(fields[1], "v") {
			direct = append(direct, fields[0]) // an indirect one has a comment
		}
	}
	assert.Equal(t, []string{"github.com/aliyun/credentials-go", "github.com/jarcoal/httpmock", "github.com/stretchr/testify"}, direct,
		"others belong into a module of their own, such as camsotel")
	assert.False(t, strings.Contains(string(text), "opentelemetry"), "not even indirectly")
}

func TestEveryModuleIsKeptUpToDate(t *testing.T) {
	t.Parallel()
	dependabot, err := os.ReadFile(filepath.Join(root, ".github/dependabot.yml"))
	require.NoError(t, err)
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == "go.mod" {
			module := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), root)
			assert.Regexp(t, `[\[ ]`+cmp.Or(module, "/")+`[,\]]`, string(dependabot), "the module in %s", path)
		}
		return err
	})
	require.NoError(t, err)
}
