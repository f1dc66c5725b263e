package main

import "github.com/cams-go/cams/examples/internal/console"

// main.go is the program of the README. This file adds -h to it.
func init() {
	console.Parse(`Prints the members of a group. It calls the real service: there is no sandbox, and there are no flags.

usage: quickstart <business number> <group ID> <customer space ID>`)
}
