// Group-lifecycle takes a group from its creation to its end, a printed line a step.
// Without flags it does so in a sandbox, a fake service on a loopback port:
//
//	go run ./examples/group-lifecycle
//
// With -business-number and -cust-space-id it runs against the real service. It asks
// before each write, and deletes no group that it did not create.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/cams-go/cams"
)

// life is one run of the program.
type life struct {
	client         *cams.Client
	number, space  string
	subject        string
	members        int           // to wait for
	poll, patience time.Duration // between two looks, and in all
	join           func(link string) error
	ask            func(question string) bool
	out            io.Writer
}

var errDeclined = errors.New("stopped: a write was declined")

func main() {
	l := &life{out: os.Stdout}
	flag.StringVar(&l.number, "business-number", "", "the business's phone number with country code; without it a sandbox is used")
	flag.StringVar(&l.space, "cust-space-id", "", "the channel's instance ID, or an ISV customer's SpaceId")
	flag.StringVar(&l.subject, "subject", "Example group", "the new group's name, which no group may have yet")
	flag.IntVar(&l.members, "members", 3, "members to wait for, who join with the link")
	flag.DurationVar(&l.patience, "wait", 10*time.Minute, "how long to wait for the group, and for its members")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	setUp := l.realService
	if l.number == "" {
		setUp = l.sandbox
	}
	err := setUp(os.Stdin)
	if err == nil {
		err = l.run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "group-lifecycle:", err)
		os.Exit(1)
	}
}

// step asks, does one thing, and prints one line.
func (l *life) step(question string, do func() (string, error)) error {
	if question != "" && !l.ask(question) {
		return errDeclined
	}
	line, err := do()
	if err == nil {
		fmt.Fprintln(l.out, line)
	}
	return err // of an outcome that is unknown, it says where to look
}

// run creates the group and lives its life. It never touches another one.
func (l *life) run(ctx context.Context) error {
	switch old, err := l.find(ctx); {
	case err != nil:
		return err
	case old.GroupID != "":
		return fmt.Errorf("there is a group %q already: choose another -subject", l.subject)
	}
	err := l.step("create the group "+l.subject, func() (string, error) {
		_, err := l.client.AddChatGroup(ctx, &cams.AddChatGroupRequest{BusinessNumber: l.number, CustSpaceID: l.space, Subject: l.subject})
		return "created  " + l.subject, err
	})
	if err != nil {
		return err
	}
	var group cams.ChatGroup
	err = l.step("", func() (string, error) {
		err := l.until(ctx, func() (done bool, err error) {
			group, err = l.find(ctx)
			return group.GroupStatus == cams.GroupStatusActive, err
		})
		return "status   " + string(group.GroupStatus), err
	})
	if err != nil {
		return err
	}
	return l.live(ctx, group.GroupID)
}

// live is the life of a group that is active.
func (l *life) live(ctx context.Context, id string) error {
	var link string
	err := l.step("make its invite link", func() (string, error) {
		resp, err := l.client.AddChatGroupInviteLink(ctx, &cams.AddChatGroupInviteLinkRequest{BusinessNumber: l.number, CustSpaceID: l.space, GroupID: id})
		if err != nil {
			return "", err
		}
		link = resp.InviteLink
		return "link     " + link, l.join(link)
	})
	if err != nil {
		return err
	}
	var members []cams.ChatGroupParticipant
	err = l.step("", func() (string, error) {
		err := l.until(ctx, func() (done bool, err error) {
			req := &cams.ListChatGroupParticipantsRequest{BusinessNumber: l.number, CustSpaceID: l.space, GroupID: id}
			members, err = cams.Collect(cams.NewListChatGroupParticipantsPager(l.client, req).All(ctx))
			return len(members) >= l.members, err
		})
		return fmt.Sprint("members  ", len(members)), err
	})
	if err != nil {
		return err
	}
	return errors.Join( // each is worth a try of its own
		l.step("remove one member", func() (string, error) {
			_, err := l.client.DeleteChatGroupParticipants(ctx, &cams.DeleteChatGroupParticipantsRequest{BusinessNumber: l.number, CustSpaceID: l.space, GroupID: id, List: members[:1]})
			return "removed  one", err
		}),
		l.step("change its description", func() (string, error) {
			_, err := l.client.UpdateChatGroup(ctx, &cams.UpdateChatGroupRequest{BusinessNumber: l.number, CustSpaceID: l.space, GroupID: id, Description: "Made by an example"})
			return "updated  its description", err
		}),
		l.step("delete the group", func() (string, error) {
			_, err := l.client.DeleteChatGroup(ctx, &cams.DeleteChatGroupRequest{BusinessNumber: l.number, CustSpaceID: l.space, GroupID: id})
			return "deleted  " + l.subject, err
		}),
	)
}
