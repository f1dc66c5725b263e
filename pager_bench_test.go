package cams_test

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/cams-go/cams"
	"github.com/stretchr/testify/require"
)

// BenchmarkPrefetch lists 100 pages of a service that takes 50 ms a request.
// The metric bound-ms is what a listing may take at most: 15 % more than its
// first page and then the rounds of the others.
func BenchmarkPrefetch(b *testing.B) {
	const pages, perRequest = 100, 50 * time.Millisecond
	members := numbered(pages)
	api := apiFunc(func(_ context.Context, page cams.Page) (*cams.ListChatGroupParticipantsResponse, error) {
		time.Sleep(perRequest)
		return response(pages, members[page.Index-1:page.Index]), nil
	})
	for _, prefetch := range []int{1, 16} {
		b.Run(fmt.Sprint("prefetch=", prefetch), func(b *testing.B) {
			b.ReportAllocs()
			var slowest time.Duration
			for b.Loop() {
				began := time.Now()
				list, err := cams.Collect(newPager(api, &cams.Page{Size: 1}, cams.WithPrefetch(prefetch)).All(b.Context()))
				slowest = max(slowest, time.Since(began))
				require.NoError(b, err)
				require.Len(b, list, pages)
			}
			bound := 1.15 * (1 + math.Ceil(float64(pages-1)/float64(prefetch))) * float64(perRequest.Milliseconds())
			b.ReportMetric(float64(slowest.Microseconds())/1000, "wall-ms")
			b.ReportMetric(bound, "bound-ms")
		})
	}
}

// BenchmarkMillion lists a long and a short group, whose service makes each page
// when it is asked for it. The metric peak-live-KiB is the most memory that was
// live at a hundred moments of the listing, above what was before: it does not
// grow with the group.
func BenchmarkMillion(b *testing.B) {
	for _, prefetch := range []int{1, 16} {
		for _, members := range []int{10_000, 1_000_000} {
			b.Run(fmt.Sprintf("members=%d/prefetch=%d", members, prefetch), func(b *testing.B) {
				api := apiFunc(func(_ context.Context, page cams.Page) (*cams.ListChatGroupParticipantsResponse, error) {
					from := (page.Index - 1) * page.Size
					list := make([]cams.ChatGroupParticipant, min(page.Size, members-from))
					for i := range list {
						list[i].ParticipantNumber = fmt.Sprintf("86138%08d", from+i)
					}
					return response(members, list), nil
				})
				before := liveHeap()
				peak := before
				b.ReportAllocs()
				for b.Loop() {
					listed := 0
					for _, err := range newPager(api, &cams.Page{Size: 100}, cams.WithPrefetch(prefetch)).All(b.Context()) {
						require.NoError(b, err)
						if listed++; listed%(members/100) == 0 {
							peak = max(peak, liveHeap())
						}
					}
					require.Equal(b, members, listed)
				}
				b.ReportMetric(float64(peak-before)/1024, "peak-live-KiB")
			})
		}
	}
}

// liveHeap is how many bytes are in use.
func liveHeap() int {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}
