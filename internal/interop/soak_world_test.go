package interop

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
	"github.com/cams-go/cams/internal/interop/soak"
)

const (
	latency   = 100 * time.Millisecond
	session   = time.Hour            // how long credentials are valid
	drift     = 2 * time.Minute      // that the service's clock gains in an hour
	jump      = 20 * time.Minute     // by which it is set forward, once
	calmAfter = 10 * time.Second     // after an outage a web call counts as one of a calm time
	forget    = 1000                 // requests after which the fake forgets its record of them
	keyID     = "soak-access-key-id" // of all sessions
	keySecret = "soak-access-key-text"
)

// outageKinds are the ways in which the service is away, with its answer if it comes back
// after the time left.
var outageKinds = []struct {
	name   string
	unsure bool // the request may have been carried out
	answer func(left time.Duration) camstest.Answer
}{
	{"503", false, func(time.Duration) camstest.Answer { return camstest.Refusal(503, "ServiceUnavailable", "m") }},
	{"502 of a proxy", true, func(time.Duration) camstest.Answer {
		return camstest.Answer{Status: 502, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>Bad Gateway</html>"}
	}},
	{"connections break", true, func(time.Duration) camstest.Answer { return camstest.Answer{Drop: true} }},
	{"no answer", true, func(time.Duration) camstest.Answer { return camstest.Answer{Delay: time.Hour} }},
	{"throttled", false, func(time.Duration) camstest.Answer { return camstest.Refusal(429, "Throttling.User", "m") }},
	{"throttled, wait named", false, func(left time.Duration) camstest.Answer {
		answer := camstest.Refusal(429, "Throttling.User", "m")
		answer.Header = http.Header{"X-Acs-Retry-After": {strconv.FormatInt(left.Milliseconds()+1, 10)}}
		return answer
	}},
	{"503, wait named", false, func(time.Duration) camstest.Answer {
		answer := camstest.Refusal(503, "ServiceUnavailable", "m")
		answer.Header = http.Header{"Retry-After": {"5"}}
		return answer
	}},
}

// outage is a time in which another server answers.
type outage struct {
	server  *camstest.Server
	carries bool // it carries writes out before it fails
}

// world is the service and all that goes wrong with it. It is the client's transport.
type world struct {
	soak.Day
	start   time.Time
	service *camstest.Server
	expired *camstest.Server // answers requests with expired credentials

	mu       sync.Mutex
	away     *outage // nil while the service is there
	back     time.Time
	sessions map[string]time.Time // when the service's clock ends them
	asked    int                  // how often the provider was asked
	random   *rand.Rand           // of the provider
	seen     soak.Seen
}

func newWorld(day soak.Day) *world {
	w := &world{Day: day, start: time.Now(), service: camstest.NewServer(), expired: camstest.NewServer(),
		sessions: map[string]time.Time{}, random: rand.New(rand.NewPCG(day.Seed, 0))}
	w.back = w.start.Add(-time.Hour)
	for _, server := range []*camstest.Server{w.service, w.expired} {
		server.SetClock(w.clock)
		server.SetLatency(latency)
	}
	w.expired.Answer(camstest.Refusal(400, "InvalidSecurityToken.Expired", "m"))
	for i := range day.Groups {
		w.service.AddGroup(camstest.Group{BusinessNumber: soakNumber, CustSpaceID: soakListed, GroupID: groupID(i),
			Participants: []string{strconv.Itoa(8613900000000 + i)}})
	}
	return w
}

// clock is the service's: it is fast, and is set forward in the middle of the day. It is never set back: the fake's
// bucket would then stay empty.
func (w *world) clock() time.Time {
	elapsed := time.Since(w.start)
	now := time.Now().Add(time.Duration(elapsed.Hours() * float64(drift)))
	if elapsed > w.Length/2 {
		now = now.Add(jump)
	}
	return now
}

// RoundTrip lets the server answer whose turn it is.
func (w *world) RoundTrip(req *http.Request) (*http.Response, error) {
	carries, server := w.server(req)
	if carries { // and what the service answers is lost
		if res, err := w.service.RoundTrip(req); err == nil {
			res.Body.Close()
		}
	}
	res, err := server.RoundTrip(req)
	if err == nil && res.StatusCode == http.StatusTooManyRequests && server == w.service {
		w.mu.Lock()
		w.seen.Refused++
		w.mu.Unlock()
	}
	return res, err
}

// server counts a request and returns who answers it, and whether the service carries it
// out first.
func (w *world) server(req *http.Request) (carries bool, server *camstest.Server) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen.Requests++; w.seen.Requests%forget == 0 {
		w.service.Reset()
	}
	if w.away != nil {
		w.seen.Meanwhile++
		return w.away.carries && req.Header.Get("X-Acs-Action") == "AddChatGroup", w.away.server
	}
	if ends := w.sessions[req.Header.Get("X-Acs-Security-Token")]; w.clock().After(ends) {
		return false, w.expired
	}
	return false, w.service
}

// isCalm reports whether the service is there, and has been for a while.
func (w *world) isCalm() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.away == nil && time.Since(w.back) >= calmAfter
}

// breakNowAndThen makes outages until the day is over.
func (w *world) breakNowAndThen(over <-chan struct{}) {
	random := rand.New(rand.NewPCG(w.Seed, 1))
	for {
		there := between(random, time.Minute, 9*time.Minute)
		kind := outageKinds[random.IntN(len(outageKinds))]
		during := between(random, 2*time.Second, 5*time.Minute)
		carries := kind.unsure && random.IntN(2) == 0
		if !sleep(there, over) {
			return
		}
		end, server := time.Now().Add(during), camstest.NewServer()
		server.SetClock(w.clock)
		server.SetLatency(latency)
		server.AnswerFunc(func(camstest.Request) (camstest.Answer, bool) { return kind.answer(time.Until(end)), true })
		w.setAway(&outage{server, carries}, during)
		slept := sleep(during, over)
		w.setAway(nil, 0)
		if !slept {
			return
		}
	}
}

func (w *world) setAway(o *outage, during time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away, w.back = o, time.Now(); o != nil {
		w.seen.Outages++
		w.seen.Away += during
	}
}

// changeQuota changes the quota until the day is over. Half of the time refusals name the
// wait.
func (w *world) changeQuota(over <-chan struct{}) {
	random := rand.New(rand.NewPCG(w.Seed, 2))
	for again := true; again; again = sleep(between(random, 2*time.Minute, 20*time.Minute), over) {
		perSecond := math.Round(3 * math.Pow(20, random.Float64())) // 3 to 60, each ratio as often
		w.service.SetTokenBucket(perSecond, int(perSecond))
		w.service.SetRetryAfter(random.IntN(2) == 0)
	}
}

// Credentials implements [cams.CredentialsProvider]. A third of all requests fail for a
// passing reason, and some take long.
func (w *world) Credentials(ctx context.Context) (cams.Credentials, error) {
	w.mu.Lock()
	w.asked++
	token, ends := fmt.Sprint("session-", w.asked), w.clock().Add(session)
	fails, slow := w.random.IntN(3) == 0, w.random.IntN(5) == 0
	if !fails {
		w.seen.Renewals++
		w.sessions[token] = ends
	}
	w.mu.Unlock()
	if slow {
		sleep(3*time.Second, ctx.Done())
	}
	if fails {
		return cams.Credentials{}, passing{}
	}
	w.service.AddAccessKey(keyID, keySecret, token)
	return cams.Credentials{AccessKeyID: keyID, AccessKeySecret: keySecret, SecurityToken: token, Expires: ends}, nil
}

// passing is the provider's error.
type passing struct{}

func (passing) Error() string   { return "the token service is busy" }
func (passing) Temporary() bool { return true }

// between draws a duration: each ratio is as likely.
func between(random *rand.Rand, least, most time.Duration) time.Duration {
	return time.Duration(float64(least) * math.Pow(float64(most)/float64(least), random.Float64()))
}

// sleep reports false if it was interrupted.
func sleep(d time.Duration, interrupt <-chan struct{}) bool {
	select {
	case <-time.After(d):
		return true
	case <-interrupt:
		return false
	}
}
