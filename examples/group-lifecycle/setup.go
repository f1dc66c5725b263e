package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// realService asks on the terminal before each write. Members join by themselves.
func (l *life) realService(stdin io.Reader) (err error) {
	answers := bufio.NewScanner(stdin)
	l.poll = 5 * time.Second
	l.join = func(string) error { return nil }
	l.ask = func(question string) bool {
		fmt.Fprintf(l.out, "%s? [y/N] ", question)
		return answers.Scan() && answers.Text() == "y"
	}
	l.client, err = cams.NewClient(cams.WithUserAgent("group-lifecycle-example"))
	return err
}

// sandbox is a fake service on a loopback port, where all questions are answered
// with yes and members join at once. It ends with the program.
func (l *life) sandbox(io.Reader) error {
	service := camstest.NewServer()
	service.SetActivationDelay(300 * time.Millisecond)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go http.Serve(listener, service)
	l.inSandbox(service)
	l.client, err = cams.NewClient(
		cams.WithEndpoint("http://"+listener.Addr().String()),
		cams.WithCredentials(cams.StaticCredentials(camstest.AccessKeyID, camstest.AccessKeySecret, "")),
	)
	return err
}

func (l *life) inSandbox(service *camstest.Server) {
	l.number, l.space, l.poll = "8613800000000", "cams-sandbox", 100*time.Millisecond
	l.ask = func(string) bool { return true }
	l.join = func(link string) error {
		for i := range l.members {
			if err := service.Join(link, fmt.Sprintf("861390000000%d", i)); err != nil {
				return err
			}
		}
		return nil
	}
}

// find returns the group with the subject, or none.
func (l *life) find(ctx context.Context) (cams.ChatGroup, error) {
	req := &cams.ListChatGroupRequest{BusinessNumber: l.number, CustSpaceID: l.space, Subject: l.subject}
	for group, err := range cams.NewListChatGroupPager(l.client, req).All(ctx) {
		if err != nil || group.Subject == l.subject {
			return group, err
		}
	}
	return cams.ChatGroup{}, nil
}

// until looks again and again.
func (l *life) until(ctx context.Context, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, l.patience)
	defer cancel()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-time.After(l.poll):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
