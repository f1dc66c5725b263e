package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// size is the size of one program: its stripped binary, and the number of modules compiled into it.
type size struct {
	name    string
	bytes   int64
	modules int
}

// programs are the compared programs, in the order of the table.
var programs = []struct{ dir, name string }{
	{"credentials", "resolves credentials with credentials-go, no call"},
	{"cams", "makes the call with cams and its default credentials"},
	{"official", "makes the call with the official core"},
	{"bridge", "makes the call with cams and a credential of credentials-go (CredentialsFrom)"},
	{"chain", "resolves the default chain with credentials-go's package providers alone, no call"},
}

func measureSizes(work string) ([]size, error) {
	sizes := make([]size, 0, len(programs))
	for _, p := range programs {
		progress("building the program that %s", p.name)
		binary, source := filepath.Join(work, p.dir), "./size/"+p.dir
		if _, err := command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, source); err != nil {
			return nil, err
		}
		info, err := os.Stat(binary)
		if err != nil {
			return nil, err
		}
		// Leave out the main module, which holds the program itself.
		list, err := command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", source)
		if err != nil {
			return nil, err
		}
		modules := map[string]bool{}
		for _, path := range strings.Fields(string(list)) {
			modules[path] = true
		}
		sizes = append(sizes, size{p.name, info.Size(), len(modules)})
	}
	return sizes, nil
}

// sizeTable formats the sizes as a Markdown table, which is also readable on a terminal.
func sizeTable(sizes []size) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| a program that | stripped, bytes | more than credentials only | modules compiled in |\n|---|---:|---:|---:|\n")
	for _, s := range sizes {
		fmt.Fprintf(&b, "| %s | %d | %+.0f KB | %d |\n", s.name, s.bytes, float64(s.bytes-sizes[0].bytes)/1000, s.modules)
	}
	return b.String()
}
