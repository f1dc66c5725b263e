package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
	"github.com/cams-go/cams/examples/internal/console"
)

// sandbox returns a fake service where members join as soon as there is a link.
func (l *life) sandbox() *camstest.Server {
	server := camstest.NewServer()
	server.SetActivationDelay(300 * time.Millisecond)
	l.number, l.space, l.yes = "8613800000000", "cams-sandbox", true
	l.invite = func(link string) (err error) {
		for i := 1; i <= l.members && err == nil; i++ {
			err = server.Join(link, fmt.Sprint(8613900000000+int64(i)))
		}
		return err
	}
	return server
}

type step struct {
	what  string
	write bool
	do    func() (result string, err error)
}

// take takes one step. It asks if the step writes, and prints a line.
func (l *life) take(step step) error {
	if step.write && !l.yes {
		fmt.Fprintf(l.out, "%s? [y/N] ", step.what)
		if !l.in.Scan() || l.in.Text() != "y" {
			return errDeclined
		}
	}
	result, err := step.do()
	if err == nil {
		fmt.Fprintf(l.out, "%s: %s\n", step.what, console.Printable(result)) // it may come from the service or a member
	}
	return err
}

// masked shows the last four digits of each number.
func masked(members ...cams.ChatGroupParticipant) string {
	var tails []string
	for _, m := range members {
		tails = append(tails, "…"+m.ParticipantNumber[max(0, len(m.ParticipantNumber)-4):])
	}
	return strings.Join(tails, " ")
}
