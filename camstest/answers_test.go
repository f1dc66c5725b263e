package camstest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestToldAnswers(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		answer Answer
		status int
		body   string
		code   string
	}{
		{"a body alone is a 200", Answer{Body: "hello"}, 200, "hello", ""},
		{"a status alone has no body", Answer{Status: 503}, 503, "", ""},
		{"an unknown status", Answer{Status: 600, Body: "x"}, 600, "x", ""},
		{"a 204 has no body", Answer{Status: 204, Body: "x"}, 204, "", ""},
		{"a code in the body is remembered", Answer{Body: `{"Code":"Throttling"}`}, 200, `{"Code":"Throttling"}`, "Throttling"},
		{"in lower camel case, too", Answer{Status: 429, Body: `{"code":"Throttling"}`}, 429, `{"code":"Throttling"}`, "Throttling"},
		{"a long body", Answer{Body: strings.Repeat("x", 100_000)}, 200, strings.Repeat("x", 100_000), ""},
	}
	for _, tc := range cases {
		s := newServer(1)
		s.Answer(tc.answer)
		for _, f := range faces(t, s) {
			t.Run(tc.name+"/"+f.name, func(t *testing.T) { // not parallel: they share the server
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.base+"/not/checked", nil)
				require.NoError(t, err)
				a := f.send(t, r)
				assert.Equal(t, tc.status, a.StatusCode)
				assert.Equal(t, tc.body, a.text)
				assert.EqualValues(t, len(tc.body), a.ContentLength)
				assert.Regexp(t, upperUUID, a.Header.Get("x-acs-request-id"))
				got := s.Requests()[len(s.Requests())-1]
				assert.Equal(t, tc.status, got.Status)
				assert.Equal(t, tc.code, got.Code)
			})
		}
	}
}

func TestToldHeadersReplaceTheServersOwn(t *testing.T) {
	t.Parallel()
	s := newServer(1)
	told := http.Header{"content-type": {"text/html"}, "X-Ratelimit-User": {"a", "b"}, "X-Acs-Request-Id": nil}
	s.Answer(Answer{Body: "<html>", Header: told})
	told.Set("X-Late", "1")
	for _, f := range faces(t, s) {
		a := f.call(t, caller{})
		assert.Equal(t, []string{"text/html"}, a.Header.Values("Content-Type"))
		assert.Equal(t, []string{"a", "b"}, a.Header.Values("X-Ratelimit-User"))
		assert.Empty(t, a.Header.Values("X-Acs-Request-Id"))
		assert.Empty(t, a.Header.Values("X-Late"), "what was told does not change afterwards")
	}
}

func TestRefusalIsAGatewaysForm(t *testing.T) {
	t.Parallel()
	s := newServer(1)
	s.Answer(Refusal(429, "Throttling.User", `slow "down"`))
	seen := map[string]bool{}
	for _, f := range faces(t, s) {
		for range 3 {
			a := f.call(t, caller{})
			assert.Equal(t, 429, a.StatusCode)
			var fields map[string]any
			require.NoError(t, json.Unmarshal([]byte(a.text), &fields))
			assert.Len(t, fields, 5)
			assert.Equal(t, "Throttling.User", fields["Code"])
			assert.Equal(t, `slow "down"`, fields["Message"])
			assert.Contains(t, fields, "HostId")
			assert.Contains(t, fields, "Recommend")
			assert.Equal(t, a.Header.Get("x-acs-request-id"), fields["RequestId"])
			assert.Regexp(t, upperUUID, fields["RequestId"])
			seen[a.body.RequestID] = true
		}
	}
	assert.Len(t, seen, 6, "each answer has its own request ID")
}

func TestQueueComesFirstThenTheStandingAnswerThenTheServersOwn(t *testing.T) {
	t.Parallel()
	s := newServer(1)
	f := inMemory(s)
	codes := func(n int) (got []string) {
		for range n {
			got = append(got, f.call(t, caller{}).body.Code)
		}
		return got
	}
	s.Answer(Refusal(500, "Always", ""))
	s.AnswerOnce(Refusal(500, "First", ""), Answer{})
	s.AnswerOnce(Refusal(500, "Third", ""))
	assert.Equal(t, []string{"First", "OK", "Third", "Always", "Always"}, codes(5))
	s.Answer(Refusal(500, "Other", ""))
	assert.Equal(t, []string{"Other"}, codes(1))

	s.AnswerOnce(Refusal(500, "Never", ""))
	s.Reset()
	assert.Empty(t, s.Requests())
	assert.Equal(t, []string{"OK"}, codes(1), "Reset keeps groups and keys")
}

func TestAnswerWithOnlyADelayOrHeadersKeepsTheServersOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(3)
		s.Answer(Answer{Delay: 3 * time.Second, Header: http.Header{"X-Ratelimit-User": {"Remain:0"}}})
		f := inMemory(s)
		start := time.Now()
		a := f.call(t, caller{})
		assert.Equal(t, 3*time.Second, time.Since(start))
		assert.Equal(t, "Remain:0", a.Header.Get("X-Ratelimit-User"))
		assert.Equal(t, 3, a.body.Data.Total)
		assert.Equal(t, "InvalidAccessKeyId.NotFound", f.call(t, caller{keyID: "nobody"}).body.Code, "still checked")
	})
}

func TestDelay(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		answer Answer
		want   error
		after  time.Duration
	}{
		{"an answer comes late", Answer{Status: 500, Delay: 4 * time.Second}, nil, 4 * time.Second},
		{"a drop comes late", Answer{Drop: true, Delay: 4 * time.Second}, io.ErrUnexpectedEOF, 4 * time.Second},
		{"a deadline ends it", Answer{Status: 500, Delay: time.Hour}, context.DeadlineExceeded, 10 * time.Second},
	}
	for _, tc := range cases {
		t.Run(tc.name+", in memory", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer(1)
				s.Answer(tc.answer)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				start := time.Now()
				resp, err := s.RoundTrip(caller{}.request(t, "https://cams.example").WithContext(ctx))
				if err == nil {
					require.NoError(t, resp.Body.Close())
				}
				require.ErrorIs(t, err, tc.want)
				assert.Equal(t, tc.after, time.Since(start))
			})
		})
		t.Run(tc.name+", as a handler", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer(1)
				s.Answer(tc.answer)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				start := time.Now()
				serve := func() {
					s.ServeHTTP(httptest.NewRecorder(), caller{}.request(t, "http://cams.example").WithContext(ctx))
				}
				if tc.want == nil {
					serve()
				} else {
					assert.PanicsWithValue(t, http.ErrAbortHandler, serve)
					assert.Zero(t, s.Requests()[0].Status, "it was never answered")
				}
				assert.Equal(t, tc.after, time.Since(start))
			})
		})
	}
}

func TestCancelEndsTheDelayAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(1)
		s.Answer(Answer{Delay: time.Hour})
		reason := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		start := time.Now()
		done := make(chan error)
		go func() {
			resp, err := s.RoundTrip(caller{}.request(t, "https://cams.example").WithContext(ctx))
			if err == nil {
				err = resp.Body.Close()
			}
			done <- err
		}()
		synctest.Wait()
		assert.Zero(t, s.Requests()[0].Status, "seen, not answered yet")
		s.AddGroup(Group{}) // the server is not locked while it waits
		cancel(reason)
		require.ErrorIs(t, <-done, reason)
		assert.Zero(t, time.Since(start))
	})
}

func TestDropCutsTheConnection(t *testing.T) {
	t.Parallel()
	s := newServer(1)
	for _, f := range faces(t, s) {
		s.AnswerOnce(Answer{Drop: true})
		_, err := f.client.Do(caller{}.request(t, f.base))
		require.Error(t, err)
		assert.True(t, errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF), err)
		assert.Equal(t, "OK", f.call(t, caller{}).body.Code, "the next one is well")
	}
	assert.Zero(t, s.Requests()[0].Status)
}

// A call that must fail before its work, in the midst of it, or after it, did what it says.
func TestAnswerAfterTheWorkWasDone(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		answer  Answer
		done    bool
		gone    bool // there was no answer
		code    string
		patient bool // the caller waits long enough
	}{
		{"its own answer", Answer{}, true, false, "OK", true},
		{"its own answer, after", Answer{After: true}, true, false, "OK", true},
		{"another answer", Refusal(500, "InternalError", ""), false, false, "InternalError", true},
		{"another answer, after", Answer{Status: 500, Body: `{"Code":"InternalError"}`, After: true}, true, false, "InternalError", true},
		{"a drop", Answer{Drop: true}, false, true, "", true},
		{"a drop, after", Answer{Drop: true, After: true}, true, true, "", true},
		{"too late an answer", Answer{Status: 500, Delay: time.Hour}, false, true, "", false},
		{"too late an answer, after", Answer{Status: 500, Delay: time.Hour, After: true}, true, true, "", false},
		{"its own answer, too late", Answer{Delay: time.Hour}, true, true, "", false},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := NewServer()
				s.AnswerOnce(tc.answer)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				resp, err := s.RoundTrip(caller{action: "AddChatGroup"}.request(t, "https://cams.example").WithContext(ctx))
				if err == nil {
					require.NoError(t, resp.Body.Close())
				}
				assert.Equal(t, tc.gone, err != nil)
				assert.Equal(t, !tc.patient, errors.Is(err, context.DeadlineExceeded))
				assert.Equal(t, tc.code, s.Requests()[0].Code)
				assert.Equal(t, tc.done, len(s.Groups()) == 1)
			})
		})
	}
}

func TestAnswerAfterARefusalChangesNothing(t *testing.T) {
	t.Parallel()
	s := NewServer()
	s.Answer(Answer{Status: 500, After: true})
	assert.Equal(t, 500, inMemory(s).call(t, caller{action: "AddChatGroup", secret: "guess"}).StatusCode)
	assert.Empty(t, s.Groups())
}

func TestAnswerFuncAimsAtRequests(t *testing.T) {
	t.Parallel()
	s := newServer(1)
	s.AddGroup(Group{BusinessNumber: business, CustSpaceID: space, GroupID: "aimed at"})
	s.AnswerOnce(Refusal(500, "Queued", ""))
	s.AnswerFunc(func(r Request) (Answer, bool) {
		s.Groups() // the server is not locked
		r.Header.Del("Authorization")
		r.Query.Del("GroupId")
		return Refusal(500, "Aimed", ""), r.Action == "ListChatGroupParticipants" && r.Parameter("GroupId") == "aimed at"
	})
	f := inMemory(s)
	aimed := caller{set: map[string]string{"GroupId": "aimed at"}}
	assert.Equal(t, "Aimed", f.call(t, aimed).body.Code)
	aimed.inForm = []string{"*"}
	assert.Equal(t, "Aimed", f.call(t, aimed).body.Code)
	assert.Equal(t, "Queued", f.call(t, caller{}).body.Code)
	assert.Equal(t, "OK", f.call(t, caller{}).body.Code, "what it got is a copy")
	s.Reset()
	assert.Equal(t, "OK", f.call(t, aimed).body.Code)
}

func TestLatencyIsOfEveryAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(1)
		s.SetLatency(40 * time.Millisecond)
		s.AnswerOnce(Answer{}, Refusal(500, "X", ""), Answer{Delay: time.Second})
		for _, want := range []time.Duration{40, 40, 1040, 40} {
			start := time.Now()
			inMemory(s).call(t, caller{})
			assert.Equal(t, want*time.Millisecond, time.Since(start))
		}
		s.SetLatency(0)
		start := time.Now()
		inMemory(s).call(t, caller{})
		assert.Zero(t, time.Since(start))
	})
}
