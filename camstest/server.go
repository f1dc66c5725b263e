package camstest

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"
)

// AccessKeyID and AccessKeySecret are the long-term AccessKey pair that a new [Server] accepts.
const (
	AccessKeyID     = "camstest-access-key-id"
	AccessKeySecret = "camstest-access-key-secret"
)

// Server is the fake service. Create one with [NewServer]. It is safe for concurrent use.
type Server struct {
	mu       sync.Mutex // guards all fields below; never held while hashing, waiting or calling a test's functions
	now      func() time.Time
	groups   groupStore
	secrets  map[string]map[string]string // access key ID -> security token, "" for a long-term key -> secret
	bearers  map[string]bool
	nonces   nonceMemory
	quota    quota
	handlers map[string]func(Request) Answer // by operation
	choose   func(Request) (Answer, bool)
	once     []Answer
	always   *Answer
	latency  time.Duration
	requests []*Request
}

// NewServer returns a server without groups that accepts [AccessKeyID] with [AccessKeySecret].
func NewServer() *Server {
	s := &Server{
		now:      time.Now,
		groups:   groupStore{byKey: make(map[groupKey]*group)},
		secrets:  make(map[string]map[string]string),
		bearers:  make(map[string]bool),
		nonces:   nonceMemory{until: make(map[nonceKey]time.Time)},
		handlers: make(map[string]func(Request) Answer),
	}
	s.AddAccessKey(AccessKeyID, AccessKeySecret, "")
	return s
}

// AddAccessKey makes the server accept an AccessKey pair. If securityToken is empty, it is a long-term key. Otherwise it
// is a temporary one, valid only with that token. The same ID can be added in both forms, and with several tokens.
func (s *Server) AddAccessKey(accessKeyID, accessKeySecret, securityToken string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.secrets[accessKeyID] == nil {
		s.secrets[accessKeyID] = make(map[string]string)
	}
	s.secrets[accessKeyID][securityToken] = accessKeySecret
}

// AddBearerToken makes the server accept a bearer token.
func (s *Server) AddBearerToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bearers[token] = true
}

// SetMaxPageSize makes the server silently limit Page.Size to n: a request for more gets pages of n. 0, the default,
// means no limit.
func (s *Server) SetMaxPageSize(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups.maxPageSize = n
}

// SetClock sets the server's clock, for the dates of requests, quotas and activation delays. The default is [time.Now].
// [Answer].Delay and [Server.SetLatency] use timers of package time instead.
func (s *Server) SetClock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// Reset removes the answers of [Server.Answer], [Server.AnswerOnce] and [Server.AnswerFunc], and the recorded requests. It
// keeps groups, keys, all other settings and used nonces.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.choose, s.once, s.always, s.requests = nil, nil, nil, nil
}

// String returns a fixed text, so that the output of a failed test shows no keys.
func (s *Server) String() string { return "camstest.Server" }

// GoString returns what [Server.String] returns.
func (s *Server) GoString() string { return s.String() }

// ServeHTTP implements [http.Handler]. To drop a connection, it panics with [http.ErrAbortHandler]. It does so for an
// [Answer] with Drop, if the request cannot be read, or if its context ends during a delay.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := readCall(r.Method, r.Host, r.URL, r.Header, r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	out, err := s.serve(r.Context(), c)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), out.header)
	w.WriteHeader(out.status)
	_, _ = io.WriteString(w, out.body) // fails only if the caller is gone
}

// RoundTrip implements [http.RoundTripper] in memory: no connection and no goroutine. When the request's context ends,
// it returns the context's cause, and for a dropped connection an error that wraps [io.ErrUnexpectedEOF].
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) {
	body := r.Body
	if body == nil {
		body = http.NoBody
	}
	defer func() { _ = body.Close() }()
	if r.Context().Err() != nil {
		return nil, context.Cause(r.Context())
	}
	method, host := r.Method, r.Host
	if method == "" {
		method = http.MethodGet
	}
	if host == "" {
		host = r.URL.Host
	}
	c, err := readCall(method, host, r.URL, r.Header, body)
	if err != nil {
		return nil, err
	}
	out, err := s.serve(r.Context(), c)
	if err != nil {
		return nil, err
	}
	answer := &http.Response{
		Status:        fmt.Sprintf("%d %s", out.status, http.StatusText(out.status)),
		StatusCode:    out.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        out.header,
		Body:          io.NopCloser(strings.NewReader(out.body)),
		ContentLength: int64(len(out.body)),
		Request:       r,
	}
	if method == http.MethodHead {
		answer.Body = http.NoBody
	}
	return answer, nil
}

// serve is shared by ServeHTTP and RoundTrip. It records the request, finds its answer and delays it if needed. An error
// means that there is no answer and that the connection must be closed.
func (s *Server) serve(ctx context.Context, c *call) (output, error) {
	record, answer := s.arrive(c)
	code := codeIn(answer.Body)
	if answer.isOwn() || answer.After {
		own, ownCode := s.ownAnswer(c, record)
		if answer.isOwn() {
			answer, code = own.with(answer), ownCode
		}
	}
	if err := wait(ctx, answer.Delay+s.currentLatency()); err != nil {
		return output{}, err
	}
	if answer.Drop {
		return output{}, errDropped
	}
	out := answer.output(s.clock())
	s.mu.Lock()
	defer s.mu.Unlock()
	record.Status, record.Code = out.status, code
	return out, nil
}

// arrive records a request and takes the answer that a test has set for it. It does both in one step, so that even with
// concurrent requests the n-th of Requests gets the n-th of AnswerOnce.
func (s *Server) arrive(c *call) (*Request, Answer) {
	record := &Request{
		Method: c.method, Host: c.host, Action: c.action(), Version: c.version(),
		Query: c.query, Header: c.header, Time: s.clock(), parameters: c.parameters,
	}
	chosen, isChosen := s.chosen(record)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, record)
	switch {
	case isChosen:
		return record, chosen
	case len(s.once) > 0:
		answer := s.once[0]
		s.once = s.once[1:]
		return record, answer
	case s.always != nil:
		return record, *s.always
	}
	return record, Answer{}
}

// chosen calls the function of AnswerFunc without the lock, because the function may use the server.
func (s *Server) chosen(record *Request) (Answer, bool) {
	s.mu.Lock()
	choose := s.choose
	s.mu.Unlock()
	if choose == nil {
		return Answer{}, false
	}
	return choose(record.copy())
}

func (s *Server) currentLatency() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.latency
}

func (s *Server) clock() time.Time {
	s.mu.Lock()
	now := s.now
	s.mu.Unlock()
	return now()
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
