package console

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

// Parse parses the command line of a program that declared its flags with package flag.
// With -h it prints about and the flags on stdout, and ends the program. A wrong flag
// ends it too, with an error of one line.
func Parse(about string) {
	switch err := parse(flag.CommandLine, os.Args[1:], about, os.Stdout); {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case err != nil:
		fmt.Fprintf(os.Stderr, "%v (-h explains the flags)\n", err)
		os.Exit(2)
	}
}

func parse(flags *flag.FlagSet, args []string, about string, stdout io.Writer) error {
	flags.Init(flags.Name(), flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(stdout, about)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
	}
	return err
}
