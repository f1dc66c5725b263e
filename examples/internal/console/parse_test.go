package console

import (
	"flag"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestHelpGoesToStdoutAndErrorsDoNot(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args   []string
		err    string
		stdout string
	}{
		"-h":           {[]string{"-h"}, "flag: help requested", "Lists things.\n  -n int\n    \thow many (default 3)\n"},
		"--help":       {[]string{"-n", "4", "--help"}, "flag: help requested", "Lists things.\n  -n int\n    \thow many (default 3)\n"},
		"a wrong flag": {[]string{"-x"}, "flag provided but not defined: -x", ""},
		"flags":        {[]string{"-n", "4", "rest"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flags := flag.NewFlagSet("program", flag.ExitOnError)
			flags.Int("n", 3, "how many")
			var stdout strings.Builder
			err := parse(flags, test.args, "Lists things.", &stdout)
			if test.err == "" {
				assert.NoError(t, err)
			} else {
				assert.EqualError(t, err, test.err)
			}
			assert.Equal(t, test.stdout, stdout.String())
		})
	}
}
