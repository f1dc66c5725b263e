package interop

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/internal/interop/soak"
)

const (
	soakNumber  = "8613800000000"
	soakListed  = "cams-listed"  // the space whose groups the job lists
	soakCreated = "cams-created" // the space in which groups are created
	soakWorkers = 16
)

// Service is what the day needs of a client.
type Service interface {
	cams.ListChatGroupParticipantsAPI
	cams.ListChatGroupAPI
	AddChatGroup(context.Context, *cams.AddChatGroupRequest) (*cams.AddChatGroupResponse, error)
}

// Dial returns a client, and how its job outlasts outages.
type Dial func(http.RoundTripper, cams.CredentialsProvider) (Service, []cams.PagerOption, error)

type player struct {
	*world
	api    Service
	opts   []cams.PagerOption
	result soak.Result
}

// play plays a day with a client.
func play(ctx context.Context, day soak.Day, dial Dial) (*soak.Result, error) {
	w := newWorld(day)
	api, opts, err := dial(w, w)
	if err != nil {
		return nil, err
	}
	p := &player{world: w, api: api, opts: opts, result: soak.Result{Causes: map[string]int{}}}
	for i := range p.result.Web {
		p.result.Web[i].Causes = map[string]int{}
	}
	var weather, work sync.WaitGroup
	over := make(chan struct{})
	for _, run := range []func(<-chan struct{}){w.breakNowAndThen, w.changeQuota, p.weigh} {
		weather.Go(func() { run(over) })
	}
	for _, run := range []func(context.Context){p.listAll, p.serveWeb, p.createAll} {
		work.Go(func() { run(ctx) })
	}
	work.Wait()
	p.result.Took = time.Since(w.start)
	close(over)
	weather.Wait()
	p.countCreated()
	p.result.Seen = w.seen
	return &p.result, nil
}

func groupID(i int) string { return fmt.Sprint("group-", i) }

// listAll is the job.
func (p *player) listAll(ctx context.Context) {
	for run := range p.Runs {
		time.Sleep(time.Until(p.start.Add(p.Length / time.Duration(p.Runs) * time.Duration(run))))
		p.listOnce(ctx)
	}
}

func (p *player) listOnce(ctx context.Context) {
	complete := 0
	req := &cams.ListChatGroupParticipantsRequest{BusinessNumber: soakNumber, CustSpaceID: soakListed}
	for roster, err := range cams.Rosters(ctx, p.api, req, groups(p.Groups), soakWorkers, p.opts...) {
		switch {
		case err != nil:
			p.result.Causes["the run ended: "+cause(err)]++
		case roster.Err != nil:
			p.result.Causes[cause(roster.Err)]++
		case len(roster.Participants) == 1:
			complete++
		}
	}
	p.result.Listed += complete
	p.result.Lost += p.Groups - complete
}

// cause is an error's text without what differs from call to call.
func cause(err error) string {
	text, _, _ := strings.Cut(err.Error(), " (status")
	return text
}

func groups(n int) iter.Seq2[cams.ChatGroup, error] {
	return func(yield func(cams.ChatGroup, error) bool) {
		for i := range n {
			if !yield(cams.ChatGroup{GroupID: groupID(i)}, nil) {
				return
			}
		}
	}
}

// serveWeb makes web calls at a constant rate, whether earlier ones have ended or not.
func (p *player) serveWeb(ctx context.Context) {
	var calls sync.WaitGroup
	var mu sync.Mutex
	for i := 0; time.Since(p.start) < p.Length; i++ {
		calls.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, deadlines[i%2])
			defer cancel()
			calm := p.isCalm()
			_, err := p.api.ListChatGroupParticipants(ctx, &cams.ListChatGroupParticipantsRequest{
				BusinessNumber: soakNumber, CustSpaceID: soakListed, GroupID: groupID(i % p.Groups),
			})
			calm = calm && p.isCalm()
			mu.Lock()
			defer mu.Unlock()
			web := &p.result.Web[i%2]
			web.All.Count(err)
			if calm {
				web.Calm.Count(err)
				if err != nil {
					web.Causes[cause(err)]++
				}
			}
		})
		time.Sleep(p.WebEvery)
	}
	calls.Wait()
}

// createAll creates groups, one after the other.
func (p *player) createAll(ctx context.Context) {
	for i := range int(p.Length / p.CreateEvery) {
		time.Sleep(time.Until(p.start.Add(time.Duration(i) * p.CreateEvery)))
		p.create(ctx, groupID(i))
	}
}

// create does what the documents say: it creates again what was surely not created, and
// looks before it does so if the outcome is unknown.
func (p *player) create(ctx context.Context, subject string) {
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	for ; ctx.Err() == nil; time.Sleep(10 * time.Second) {
		err := within(ctx, func(ctx context.Context) error {
			_, err := p.api.AddChatGroup(ctx, &cams.AddChatGroupRequest{BusinessNumber: soakNumber, CustSpaceID: soakCreated, Subject: subject})
			return err
		})
		if err == nil || errors.Is(err, cams.ErrOutcomeUnknown) && p.isCreated(ctx, subject) {
			return
		}
	}
}

func (p *player) isCreated(ctx context.Context, subject string) (found bool) {
	for ; ctx.Err() == nil; time.Sleep(10 * time.Second) {
		err := within(ctx, func(ctx context.Context) error {
			resp, err := p.api.ListChatGroup(ctx, &cams.ListChatGroupRequest{BusinessNumber: soakNumber, CustSpaceID: soakCreated, Subject: subject, Page: &cams.Page{Index: 1, Size: 10}})
			if err == nil {
				for _, group := range resp.Data.List {
					found = found || group.Subject == subject
				}
			}
			return err
		})
		if err == nil {
			return found
		}
	}
	return false
}

func within(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return call(ctx)
}

// countCreated looks into the service's own books.
func (p *player) countCreated() {
	times := map[string]int{}
	for _, group := range p.service.Groups() {
		if group.CustSpaceID == soakCreated {
			times[group.Subject]++
		}
	}
	p.result.Created = len(times)
	p.result.Missing = int(p.Length/p.CreateEvery) - len(times)
	for _, n := range times {
		if n > 1 {
			p.result.Doubled++
		}
	}
}

// weigh measures the live memory each hour.
func (p *player) weigh(over <-chan struct{}) {
	for sleep(time.Hour, over) {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		p.result.Heap = append(p.result.Heap, stats.HeapAlloc)
	}
}

var deadlines = [2]time.Duration{time.Second, 5 * time.Second}
