package cams_test

import (
	"context"
	"fmt"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// pace lets one request through at each tick.
type pace struct{ *time.Ticker }

// Wait implements cams.Limiter.
func (p pace) Wait(ctx context.Context) error {
	select {
	case <-p.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// If you know your quota, pass a limiter. rate.NewLimiter(10, 1) of
// golang.org/x/time/rate is one: 10 requests a second for all goroutines together.
func ExampleWithLimiter() {
	start := time.Now()
	ticker := time.NewTicker(time.Millisecond) // 100 ms makes 10 a second
	defer ticker.Stop()
	server := camstest.NewServer()
	client, err := server.NewClient(cams.WithLimiter(pace{ticker})) // in your program: cams.NewClient
	if err != nil {
		fmt.Println(err)
		return
	}
	req := &cams.ListChatGroupRequest{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", Page: &cams.Page{Index: 1, Size: 20}}
	for range 3 {
		if _, err := client.ListChatGroup(context.Background(), req); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(len(server.Requests()), "requests in 3 ticks or more:", time.Since(start) >= 3*time.Millisecond)
	// Output: 3 requests in 3 ticks or more: true
}
