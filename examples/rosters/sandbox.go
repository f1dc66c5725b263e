package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// The account of the sandbox.
const (
	sandboxNumber = "8613800000000"
	sandboxSpace  = "cams-sandbox"
)

// startSandbox starts a fake service on a loopback port.
func startSandbox(groups, quota int) (options []cams.Option, stop func(), err error) {
	service := camstest.NewServer()
	service.SetLatency(40 * time.Millisecond)
	if quota > 0 {
		service.SetTokenBucket(float64(quota), quota)
	}
	for i := range groups {
		service.AddGroup(camstest.Group{
			BusinessNumber: sandboxNumber, CustSpaceID: sandboxSpace, GroupID: fmt.Sprintf("G%05d", i), Subject: fmt.Sprint("Group ", i),
			Participants: []string{fmt.Sprintf("861390000%04d", i), fmt.Sprintf("861380000%04d", i)},
		})
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	server := &http.Server{Handler: service}
	go server.Serve(listener)
	return []cams.Option{
		cams.WithEndpoint("http://" + listener.Addr().String()),
		cams.WithCredentials(cams.StaticCredentials(camstest.AccessKeyID, camstest.AccessKeySecret, "")),
	}, func() { server.Close() }, nil
}

// progress is a line that is written again and again.
type progress struct {
	to     io.Writer
	start  time.Time
	last   time.Time
	before int // groups that an earlier run wrote
}

func (p *progress) show(done, total int) {
	if !isTerminal(p.to) || time.Since(p.last) < 500*time.Millisecond {
		return
	}
	p.last = time.Now()
	perGroup := time.Since(p.start) / time.Duration(max(1, done-p.before))
	left := (perGroup * time.Duration(max(0, total-done))).Round(time.Second)
	fmt.Fprintf(p.to, "\r\x1b[K%d of %d groups, about %v left", done, total, left)
}

// end clears the line.
func (p *progress) end() {
	if !p.last.IsZero() {
		fmt.Fprint(p.to, "\r\x1b[K")
	}
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
