package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// readGroups reads the group IDs of a file, or of stdin. The end of ctx ends
// the wait for a stdin that does not.
func readGroups(ctx context.Context, path string, stdin io.Reader) ([]string, error) {
	if path != fromStdin {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, usageError(err.Error())
		}
		return parseGroups(path, string(text))
	}
	type read struct {
		text []byte
		err  error
	}
	done := make(chan read, 1)
	go func() {
		text, err := io.ReadAll(stdin)
		done <- read{text, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return nil, r.err
		}
		return parseGroups("stdin", string(r.text))
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// parseGroups takes one group ID a line, each once.
func parseGroups(source, text string) ([]string, error) {
	var groups []string
	seen := make(map[string]bool)
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(text, "\uFEFF")) {
		n++
		id := strings.TrimSpace(line)
		switch {
		case !utf8.ValidString(id): // the checkpoint could not tell it from others
			return nil, usageError(fmt.Sprintf("%s:%d: the group ID is not UTF-8", source, n))
		case id == "" || id[0] == '#' || seen[id]:
			continue
		}
		seen[id] = true
		groups = append(groups, id)
	}
	if len(groups) == 0 {
		return nil, usageError(source + " holds no group ID")
	}
	return groups, nil
}
