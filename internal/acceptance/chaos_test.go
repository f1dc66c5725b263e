package acceptance

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// go test -race -run TestChaos ./internal/acceptance -chaos.duration=2m -v
var (
	chaosDuration = flag.Duration("chaos.duration", 2*time.Second, "how long TestChaos runs")
	chaosSeed     = flag.Uint64("chaos.seed", 20200606, "what TestChaos draws its failures from")
)

// chaosTimeout is the attempt timeout: real time, because the connections are real.
const chaosTimeout = 250 * time.Millisecond

// counts counts things by name.
type counts struct {
	mu sync.Mutex
	of map[string]int
}

func (c *counts) add(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[string]int{}
	}
	c.of[name]++
}

func (c *counts) sum() (sum int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.of {
		sum += n
	}
	return sum
}

// String returns one line for each name, the most frequent first.
func (c *counts) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := slices.SortedFunc(maps.Keys(c.of), func(a, b string) int { return c.of[b] - c.of[a] })
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "\n%8d %s", c.of[name], name)
	}
	return b.String()
}

// chaosServer is the fake behind a connection that spoils a fifth of all answers. The
// fake has processed the request and used up its nonce, unless the answer is a refusal.
type chaosServer struct {
	service  *camstest.Server
	mu       sync.Mutex
	random   *rand.Rand
	requests atomic.Int64
	reused   atomic.Int64 // nonces that came twice
	spoiled  counts
}

func (s *chaosServer) intN(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.IntN(n)
}

func (s *chaosServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.requests.Add(1)%1000 == 0 {
		s.service.Reset() // forgets requests, not nonces
	}
	good := httptest.NewRecorder()
	s.service.ServeHTTP(good, r)
	if strings.Contains(good.Body.String(), "SignatureNonceUsed") {
		s.reused.Add(1)
	}
	if s.intN(5) == 0 {
		spoil := spoilers[s.intN(len(spoilers))]
		s.spoiled.add(spoil.name)
		spoil.serve(w, r, good.Body.String())
		return
	}
	maps.Copy(w.Header(), good.Header())
	w.WriteHeader(good.Code)
	w.Write(good.Body.Bytes())
}

func answer(status int, body string, header ...string) func(http.ResponseWriter, *http.Request, string) {
	return func(w http.ResponseWriter, _ *http.Request, _ string) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// raw formats an answer from the good body and its length, writes it, and closes the connection.
func raw(reset bool, format string) func(http.ResponseWriter, *http.Request, string) {
	return func(w http.ResponseWriter, _ *http.Request, good string) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		if reset {
			conn.(*net.TCPConn).SetLinger(0)
		}
		io.WriteString(conn, strings.NewReplacer("{half}", good[:len(good)/2], "{body}", good, "{length}", fmt.Sprint(len(good)),
			"{longer}", fmt.Sprint(len(good)+7), "{hex}", fmt.Sprintf("%x", len(good))).Replace(format))
	}
}

// hang does nothing until the client has gone.
func hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-time.After(4 * chaosTimeout):
	}
}

var spoilers = []struct {
	name  string
	serve func(w http.ResponseWriter, r *http.Request, good string)
}{
	{"500 with a code", answer(500, `{"Code":"InternalError","Message":"m","RequestId":"r"}`)},
	{"503 with a code", answer(503, `{"Code":"ServiceUnavailable","Message":"m","RequestId":"r"}`)},
	{"503 without a body", answer(503, "")},
	{"502 with a page", answer(502, "<html>Bad Gateway</html>", "Content-Type", "text/html")},
	{"504 in XML", answer(504, "<Error><Code>InternalError</Code><Message>m</Message></Error>")},
	{"429 with a wait", answer(429, `{"Code":"Throttling.User"}`, "X-Acs-Retry-After", "3")},
	{"400 Throttling", answer(400, `{"Code":"Throttling.Api"}`)},
	{"429 without a code", answer(429, "<html>", "X-Ratelimit-User", "Limit:1,Remain:0,TimeLeft:2,Reset:1")},
	{"200 Throttling", answer(200, `{"Success":false,"Code":"Throttling"}`)},
	{"a dropped connection", func(http.ResponseWriter, *http.Request, string) { panic(http.ErrAbortHandler) }},
	{"a reset", raw(true, "")},
	{"a reset within the body", raw(true, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{half}")},
	{"a truncated body", raw(false, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{half}")},
	{"a truncated header", raw(false, "HTTP/1.1 200 OK\r\nContent-Le")},
	{"a truncated chunk", raw(false, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{hex}\r\n{half}")},
	{"no last chunk", raw(false, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{hex}\r\n{body}\r\n")},
	{"a Content-Length too long", raw(false, "HTTP/1.1 200 OK\r\nContent-Length: {longer}\r\n\r\n{body}")},
	{"a Content-Length too short", raw(false, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 20\r\n\r\n{body}")},
	{"a Content-Length of letters", raw(false, "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{body}")},
	{"garbage", raw(false, "\x00\x01\x02garbage\r\n\r\n")},
	{"a 101", raw(false, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n{body}")},
	{"a page in a 200", answer(200, "<html>Log in</html>")},
	{"an empty 200", answer(200, "")},
	{"a refusal in a 200", answer(200, `{"Success":false,"Code":"InternalError","Message":"m"}`)},
	{"a redirect to itself", answer(307, "", "Location", "/")},
	{"a redirect elsewhere", answer(302, "", "Location", "http://127.0.0.1:9/")},
	{"InvalidTimeStamp", answer(400, `{"Code":"InvalidTimeStamp.Expired"}`)}, // with the right Date
	{"no answer in time", func(_ http.ResponseWriter, r *http.Request, _ string) { hang(r) }},
	{"half an answer in time", func(w http.ResponseWriter, r *http.Request, good string) {
		io.WriteString(w, good[:len(good)/2])
		w.(http.Flusher).Flush()
		hang(r)
		panic(http.ErrAbortHandler)
	}},
}

// attemptCounter is a log handler that counts the attempts and calls in the client's log.
type attemptCounter struct {
	attempts, calls counts // by why they were repeated, by why they failed
}

func (c *attemptCounter) Enabled(context.Context, slog.Level) bool { return true }

func (c *attemptCounter) WithAttrs([]slog.Attr) slog.Handler { return c }

func (c *attemptCounter) WithGroup(string) slog.Handler { return c }

func (c *attemptCounter) Handle(_ context.Context, record slog.Record) error {
	record.Attrs(func(attr slog.Attr) bool {
		switch attr.Key {
		case "retry_reason":
			c.attempts.add(attr.Value.String())
		case "reason":
			c.calls.add(attr.Value.String())
		}
		return true
	})
	return nil
}

// TestChaos lists groups through failures of every kind until the time is up. If an
// error ends a list, it resumes it. At the end, no member may be lost or repeated, and
// no goroutine or file may be left.
//
// It is not parallel: it counts the goroutines and files of the whole process.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("chaos takes real time: it runs without -short")
	}
	goroutines, files := runtime.NumGoroutine(), openFiles()
	server := &chaosServer{service: camstest.NewServer(), random: rand.New(rand.NewPCG(*chaosSeed, 0))}
	server.service.SetMaxPageSize(40)
	groups := map[string][]string{}
	for _, size := range []int{0, 1, 7, 40, 41, 100, 311, 1024} {
		group := camstest.Group{BusinessNumber: testNumber, CustSpaceID: "cams-k001", GroupID: fmt.Sprintf("group-%d", size)}
		for i := range size {
			group.Participants = append(group.Participants, fmt.Sprintf("86%d%07d", 100+size, i))
		}
		groups[group.GroupID] = group.Participants
		server.service.AddGroup(group)
	}
	overTCP := httptest.NewUnstartedServer(server)
	overTCP.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	overTCP.Start()
	var log attemptCounter
	client, err := cams.NewClient(cams.WithEndpoint(overTCP.URL), cams.WithAttemptTimeout(chaosTimeout),
		cams.WithCredentials(cams.StaticCredentials(camstest.AccessKeyID, camstest.AccessKeySecret, "")),
		cams.WithRetry(cams.RetryPolicy{MaxAttempts: 4, BaseDelay: time.Millisecond, MaxDelay: 20 * time.Millisecond}),
		cams.WithLogger(slog.New(&log)))
	require.NoError(t, err)

	var (
		members, complete, resumed, abandoned atomic.Int64
		failed                                counts
		workers                               sync.WaitGroup
		names                                 = slices.Sorted(maps.Keys(groups))
	)
	const goroutineCount = 24
	end := time.Now().Add(*chaosDuration)
	for worker := range uint64(goroutineCount) {
		workers.Go(func() {
			random := rand.New(rand.NewPCG(*chaosSeed, 1+worker))
			for time.Now().Before(end) && !t.Failed() {
				listing := chaosListing{
					api:      client,
					group:    names[random.IntN(len(names))],
					size:     5 + random.IntN(60),
					prefetch: 1 + random.IntN(8),
					how:      random.IntN(3),
					failed:   &failed,
				}
				want := groups[listing.group]
				if random.IntN(10) == 0 { // its caller cancels it
					listing.stopAfter = 1 + random.IntN(100)
				}
				got, resumptions := listing.run(t)
				resumed.Add(int64(resumptions))
				members.Add(int64(len(got)))
				if stop := listing.stopAfter; stop > 0 && stop <= len(got) {
					abandoned.Add(1)
					want = want[:min(len(got), len(want))]
				} else {
					complete.Add(1)
				}
				if !slices.Equal(want, got) {
					t.Errorf("%+v: got %d members, want %d; they differ", listing, len(got), len(want))
				}
			}
		})
	}
	workers.Wait()

	t.Logf("seed %d, %v, %d goroutines: %d requests of which %d were spoiled, %d retries, %d failed calls; "+
		"%d lists complete after %d resumptions, %d abandoned, %d members, none lost, none repeated; %d nonces reused",
		*chaosSeed, *chaosDuration, goroutineCount, server.requests.Load(), server.spoiled.sum(), log.attempts.sum(), log.calls.sum(),
		complete.Load(), resumed.Load(), abandoned.Load(), members.Load(), server.reused.Load())
	t.Logf("spoiled:%s", &server.spoiled)
	t.Logf("retried because of:%s", &log.attempts)
	t.Logf("calls failed because of:%s", &log.calls)
	t.Logf("lists ended by:%s", &failed)
	assert.LessOrEqual(t, int64(2*failed.of["APIError 400 SignatureNonceUsed"]), server.reused.Load(),
		"net/http may send a read again as it was, and the first such refusal of a call is mended")
	assert.Positive(t, complete.Load())
	assert.Positive(t, log.attempts.sum())
	assert.Positive(t, failed.sum())

	client.CloseIdleConnections()
	overTCP.Close()
	settled := func(now func() int, want int) bool {
		for give := time.Now().Add(5 * time.Second); now() > want; time.Sleep(time.Millisecond) {
			if time.Now().After(give) {
				return false
			}
		}
		return true
	}
	if !settled(runtime.NumGoroutine, goroutines) {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines before, %d after:\n%s", goroutines, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
	}
	assert.True(t, settled(openFiles, files), "%d files before, %d after", files, openFiles())
	t.Logf("goroutines: %d before, %d after; files: %d before, %d after", goroutines, runtime.NumGoroutine(), files, openFiles())
}

// openFiles counts the process's file descriptors, if the system shows them.
func openFiles() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

// chaosListing lists one group to its end, in one of three ways.
type chaosListing struct {
	api                            cams.ListChatGroupParticipantsAPI
	group                          string
	size, prefetch, how, stopAfter int
	failed                         *counts
}

func (l *chaosListing) run(t *testing.T) (members []string, resumptions int) {
	index := 1
	for range 10_000 {
		ctx, cancel := context.WithCancel(t.Context())
		pager := cams.NewListChatGroupParticipantsPager(l.api, &cams.ListChatGroupParticipantsRequest{
			BusinessNumber: testNumber, CustSpaceID: "cams-k001", GroupID: l.group, Page: &cams.Page{Size: l.size, Index: index},
		}, cams.WithPrefetch(l.prefetch))
		take := func(list ...cams.ChatGroupParticipant) (more bool) {
			for _, member := range list {
				members = append(members, member.ParticipantNumber)
			}
			return l.stopAfter == 0 || len(members) < l.stopAfter
		}
		var err error
		switch l.how {
		case 0:
			err = each(pager.All(ctx), func(member cams.ChatGroupParticipant) bool { return take(member) })
		case 1:
			err = each(pager.Pages(ctx), func(page *cams.ListChatGroupParticipantsResponse) bool { return take(page.Data.List...) })
		case 2:
			for more := true; more && pager.HasNext() && err == nil; {
				var page *cams.ListChatGroupParticipantsResponse
				if page, err = pager.NextPage(ctx); err == nil {
					more = take(page.Data.List...)
				}
			}
		}
		cancel()
		if err == nil {
			return members, resumptions
		}
		l.failed.add(kindOf(t, err))
		if t.Failed() {
			return members, resumptions
		}
		resumptions++
		index = pager.NextIndex()
	}
	t.Errorf("%+v: no end", l)
	return members, resumptions
}

// kindOf says why a list ended. An error that says nothing fails the test.
func kindOf(t *testing.T, err error) string {
	var (
		api      *cams.APIError
		protocol *cams.ResponseError
		wrapper  *url.Error
	)
	switch {
	case errors.As(err, &api):
		return fmt.Sprintf("APIError %d %s", api.StatusCode, api.Code)
	case errors.As(err, &protocol):
		return fmt.Sprintf("ResponseError %d %s", protocol.StatusCode, protocol.Reason)
	case errors.Is(err, context.DeadlineExceeded):
		return "attempt timeout"
	case errors.As(err, &wrapper):
		return "transport"
	}
	t.Errorf("untyped: %T %v", err, err)
	return "untyped"
}

// each visits what a sequence yields, until visit returns false or an error comes.
func each[T any](seq iter.Seq2[T, error], visit func(T) bool) error {
	for one, err := range seq {
		if err != nil || !visit(one) {
			return err
		}
	}
	return nil
}
