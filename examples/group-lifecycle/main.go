// Group-lifecycle creates a group, uses it and deletes it. It prints one line for each
// step. It runs in a sandbox, a fake service on a loopback port; -h explains how to
// use the real service:
//
//	go run ./examples/group-lifecycle
package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/examples/internal/console"
	"github.com/cams-go/cams/examples/internal/sandbox"
)

const about = `Creates a group, uses it and deletes it, in a sandbox: a fake service on a loopback port.
With -business-number and -cust-space-id it calls the real service, with the default credentials.
Then it asks before each write. It deletes no group that it did not create.
`

type life struct {
	client                     *cams.Client
	number, space, subject, id string
	members                    int           // how many to wait for
	patience                   time.Duration // the longest wait for the group, and for its members
	yes                        bool          // do not ask before a write
	in                         *bufio.Scanner
	out                        io.Writer
	invite                     func(link string) error // the sandbox's members; on the real service you send the printed link
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program, even while it waits for input
	l := &life{in: bufio.NewScanner(os.Stdin), out: os.Stdout, invite: func(string) error { return nil }}
	flag.StringVar(&l.number, "business-number", "", "the business phone `number` with country code")
	flag.StringVar(&l.space, "cust-space-id", "", "your instance `ID`, or the SpaceId of an ISV's customer")
	flag.StringVar(&l.subject, "subject", "Example group", "the new group's `name`; no group may have it already")
	region := flag.String("region", cmp.Or(os.Getenv("ALIBABA_CLOUD_REGION_ID"), "ap-southeast-1"), "the service's `region`")
	flag.IntVar(&l.members, "members", 3, "wait until `n` members, 1 to 8, have joined with the link")
	flag.DurationVar(&l.patience, "wait", 10*time.Minute, "the longest `time` to wait for the group, and for its members")
	flag.BoolVar(&l.yes, "yes", false, "do not ask before a write")
	version := flag.Bool("version", false, "print the version and exit")
	console.Parse(about)
	if *version {
		fmt.Println(console.Version("group-lifecycle"))
		return
	}
	opts := []cams.Option{cams.WithRegion(*region)}
	if l.number+l.space == "" {
		fake, err := sandbox.Start(l.sandbox())
		if err != nil {
			console.Fail(os.Stderr, "group-lifecycle", err)
			os.Exit(1)
		}
		opts = fake.Options()
	}
	if err := l.run(ctx, opts...); err != nil {
		console.Fail(os.Stderr, "group-lifecycle", err)
		os.Exit(1)
	}
}

// run takes the steps in order and ends at the first one that fails. If its outcome is unknown, you have to check.
func (l *life) run(ctx context.Context, opts ...cams.Option) (err error) {
	if l.members < 1 || l.members > 8 {
		return errors.New("-members must be 1 to 8")
	}
	if l.client, err = cams.NewClient(opts...); err != nil {
		return err
	}
	for _, step := range l.steps(ctx) {
		if err := l.take(step); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

var errDeclined = errors.New("you did not answer y, so this step and the rest are not done")

// steps returns the steps. The program asks only before steps that write.
func (l *life) steps(ctx context.Context) []step {
	var members []cams.ChatGroupParticipant
	return []step{
		{"look for a group of this name", false, func() (string, error) {
			groups, err := l.groups(ctx)
			if len(groups) > 0 {
				err = errors.New("there is one already: choose another -subject")
			}
			return "none", err
		}},
		{"create group " + l.subject, true, func() (string, error) {
			_, err := l.client.AddChatGroup(ctx, &cams.AddChatGroupRequest{BusinessNumber: l.number, CustSpaceID: l.space, Subject: l.subject})
			return "accepted", err
		}},
		{"wait until it is active", false, func() (string, error) {
			_, err := l.wait(ctx, func(g cams.ChatGroup) bool { return g.Subject == l.subject && g.GroupStatus == cams.GroupStatusActive })
			if err != nil {
				return "", err
			}
			groups, err := l.groups(ctx)
			if len(groups) != 1 { // somebody else made one in the meantime
				return "", cmp.Or(err, errors.New("there are several: the program cannot tell which one is ours"))
			}
			l.id = groups[0].GroupID // none had this subject before, so it is ours
			return "active", err
		}},
		{"create its invite link", true, func() (string, error) {
			resp, err := l.client.AddChatGroupInviteLink(ctx, &cams.AddChatGroupInviteLinkRequest{BusinessNumber: l.number, CustSpaceID: l.space, GroupID: l.id})
			if err != nil {
				return "", err
			}
			return resp.InviteLink, l.invite(resp.InviteLink)
		}},
		{"wait for members", false, func() (_ string, err error) {
			if _, err := l.wait(ctx, func(g cams.ChatGroup) bool { return g.GroupID == l.id && g.TotalParticipantCount >= l.members }); err != nil {
				return "", err
			}
			req := &cams.ListChatGroupParticipantsRequest{BusinessNumber: l.number, CustSpaceID: l.space, GroupID: l.id}
			members, err = cams.Collect(cams.NewListChatGroupParticipantsPager(l.client, req).All(ctx))
			return masked(members...), err
		}},
		{"remove the first of them", true, func() (string, error) {
			first := members[:min(1, len(members))] // the request refuses an empty list
			_, err := l.client.DeleteChatGroupParticipants(ctx, &cams.DeleteChatGroupParticipantsRequest{BusinessNumber: l.number, CustSpaceID: l.space, GroupID: l.id, List: first})
			return masked(first...), err
		}},
		{"change its description", true, func() (string, error) {
			_, err := l.client.UpdateChatGroup(ctx, &cams.UpdateChatGroupRequest{BusinessNumber: l.number, CustSpaceID: l.space, GroupID: l.id, Description: "Made by an example"})
			return "changed", err
		}},
		{"delete the group", true, func() (string, error) {
			_, err := l.client.DeleteChatGroup(ctx, &cams.DeleteChatGroupRequest{BusinessNumber: l.number, CustSpaceID: l.space, GroupID: l.id})
			return "deleted", err
		}},
	}
}

// wait waits until done returns true for one of the groups with our subject.
func (l *life) wait(ctx context.Context, done func(cams.ChatGroup) bool) (cams.ChatGroup, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, l.patience, fmt.Errorf("not yet after %v", l.patience))
	defer cancel()
	return cams.WaitForChatGroup(ctx, l.client, l.request(), done)
}

// groups lists the groups with exactly our subject. The service's filter may find similar ones too.
func (l *life) groups(ctx context.Context) ([]cams.ChatGroup, error) {
	found, err := cams.Collect(cams.NewListChatGroupPager(l.client, l.request()).All(ctx))
	return slices.DeleteFunc(found, func(g cams.ChatGroup) bool { return g.Subject != l.subject }), err
}

func (l *life) request() *cams.ListChatGroupRequest {
	return &cams.ListChatGroupRequest{BusinessNumber: l.number, CustSpaceID: l.space, Subject: l.subject}
}
