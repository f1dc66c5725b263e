package camsotel_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// serviceCodes are the codes that the client or its documents name.
var serviceCodes = []string{
	"999999", "AuthenticationFail.OIDCToken.Invalid", "ERR-COMMON-001", "Forbidden.RAM", "IncompleteSignature",
	"InternalError", "InvalidAccessKeyId.NotFound", "InvalidParameter", "InvalidSecurityToken.Expired",
	"InvalidTimeStamp.Expired", "InvalidTimeStamp.Format", "MissingBusinessNumber", "NoPermission",
	"Product.Unsubscript", "Ram.PermissionDeny", "ServiceUnavailable", "SignatureDoesNotMatch", "SignatureNonceUsed",
	"System.LimitControl", "SystemBusy", "Throttling", "Throttling.Api", "Throttling.User", "Unknown.ResourceOwnerId",
}

type provider func(context.Context) (cams.Credentials, error)

func (f provider) Credentials(ctx context.Context) (cams.Credentials, error) { return f(ctx) }

type signer struct{}

func (signer) Sign(*http.Request, cams.SigningInput) error { return errors.New("no pen") }

type closed struct{}

func (closed) Wait(context.Context) error { return errors.New("closed") }

// failure is a call that fails, and what is recorded.
type failure struct {
	class   string // error.type
	code    string // rpc.status_code
	answer  camstest.Answer
	options []cams.Option
	cancel  time.Duration // after which the caller cancels
	patient time.Duration // the caller's deadline
	write   bool
}

// failures holds all ways in which a call can fail.
func failures() map[string]failure {
	all := map[string]failure{
		"an answer of a proxy":      {class: "502", answer: camstest.Answer{Status: 502, Body: "<html>"}},
		"a redirect":                {class: "307", answer: camstest.Answer{Status: 307, Body: "<html>"}},
		"no JSON":                   {class: "invalid_answer", answer: camstest.Answer{Body: "hello"}},
		"no connection":             {class: "no_answer", answer: camstest.Answer{Drop: true}},
		"an attempt timeout":        {class: "timeout", answer: camstest.Answer{Delay: time.Minute}},
		"a deadline":                {class: "deadline_exceeded", answer: camstest.Answer{Delay: time.Minute}, patient: time.Second},
		"a write without an answer": {class: "outcome_unknown", answer: camstest.Answer{Drop: true}, write: true},
		"a write cancelled":         {class: "outcome_unknown", answer: camstest.Answer{Delay: time.Minute}, cancel: time.Second, write: true},
		"no credentials": {class: "no_credentials", options: []cams.Option{cams.WithCredentials(provider(func(context.Context) (cams.Credentials, error) {
			return cams.Credentials{}, errors.New("none")
		}))}},
		"no signature": {class: "not_signed", options: []cams.Option{cams.WithSigner(signer{})}},
		"no admission": {class: "limited", options: []cams.Option{cams.WithLimiter(closed{})}},
	}
	for _, code := range serviceCodes {
		all["code "+code] = failure{class: code, code: code, answer: camstest.Refusal(400, code, "m")}
	}
	for _, code := range []string{"two words", "Größe", "EA939", "-", ".a", "LTAI5tExample", "a/b", "1234.567", strings.Repeat("a", 65)} {
		all["no code "+code] = failure{class: "_OTHER", answer: camstest.Refusal(400, code, "m")}
	}
	return all
}

func TestAFailureIsRecordedByItsClassAlone(t *testing.T) {
	t.Parallel()
	for name, fails := range failures() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newTelemetry()
				server, client := service(t, o, append([]cams.Option{cams.WithRetry(cams.NoRetry())}, fails.options...)...)
				server.AnswerOnce(fails.answer)
				require.Error(t, fails.call(client))

				span := o.span(t)
				assert.Equal(t, codes.Error, span.Status.Code)
				assert.Empty(t, span.Status.Description)
				attrs := values(span.Attributes)
				assert.Equal(t, fails.class, attrs["error.type"])
				assert.Equal(t, fails.code, or(attrs["rpc.status_code"]))
				if name != "no admission" { // a call that a limiter holds back makes no attempt
					require.Len(t, span.Events, 1)
					assert.NotEmpty(t, values(span.Events[0].Attributes)["cams.attempt.reason"])
					assert.Equal(t, fails.cancel == 0, values(span.Events[0].Attributes)["error.type"] != nil, "the attempt of a write that was canceled is no error, the call is")
				}
				if !fails.write {
					calls := histogram(t, o.metrics(t)["rpc.client.call.duration"])
					assert.Contains(t, calls, strings.TrimSpace(fails.code+" "+fails.class), "as on the span")
				}
			})
		})
	}
}

// TestWhatTheCallerCanceledIsNoError has the ways in which a caller can cancel a call.
func TestWhatTheCallerCanceledIsNoError(t *testing.T) {
	t.Parallel()
	for name, canceled := range map[string]failure{
		"a request":              {answer: camstest.Answer{Delay: time.Minute}, cancel: time.Second},
		"a pause":                {answer: camstest.Refusal(503, "ServiceUnavailable", "m"), cancel: time.Nanosecond},
		"a wait for the limiter": {cancel: time.Second, options: []cams.Option{cams.WithLimiter(never{})}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newTelemetry()
				server, client := service(t, o, canceled.options...)
				server.Answer(canceled.answer)
				require.ErrorIs(t, canceled.call(client), context.Canceled)

				span := o.span(t)
				assert.Equal(t, codes.Unset, span.Status.Code)
				attrs := values(span.Attributes)
				assert.Equal(t, "canceled", attrs["rpc.status_code"])
				assert.NotContains(t, attrs, "error.type")
				assert.Contains(t, histogram(t, o.metrics(t)["rpc.client.call.duration"]), "canceled", "as on the span")
			})
		})
	}
}

// never is a limiter that lets nothing through.
type never struct{}

func (never) Wait(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestLeavingALoopThatPrefetchesIsNoError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newTelemetry()
		server, client := service(t, o)
		server.AddGroup(camstest.Group{BusinessNumber: number, GroupID: groupID, CustSpaceID: "cams-k001",
			Participants: []string{number + "1", number + "2", number + "3", number + "4"}})
		server.AnswerOnce(camstest.Answer{})
		server.Answer(camstest.Answer{Delay: time.Minute})
		req := request()
		req.Page = &cams.Page{Size: 1}
		for _, err := range cams.NewListChatGroupParticipantsPager(client, req, cams.WithPrefetch(3)).All(t.Context()) {
			require.NoError(t, err)
			synctest.Wait() // until the next pages are asked for
			break
		}
		stopped := 0
		for _, span := range o.exporter.GetSpans() {
			assert.Equal(t, codes.Unset, span.Status.Code)
			if values(span.Attributes)["rpc.status_code"] == "canceled" {
				stopped++
			}
		}
		assert.Positive(t, stopped)
	})
}

// call makes the call as its caller does.
func (f failure) call(client *cams.Client) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if f.cancel > 0 {
		time.AfterFunc(f.cancel, cancel)
	}
	if f.patient > 0 {
		ctx, cancel = context.WithTimeout(ctx, f.patient)
		defer cancel()
	}
	if f.write {
		_, err := client.AddChatGroup(ctx, &cams.AddChatGroupRequest{BusinessNumber: number, CustSpaceID: "cams-k001", Subject: "s"})
		return err
	}
	return call(ctx, client)
}

// Secrets and numbers of the caller, which must not be recorded.
const (
	keyID  = "LTAI5tQnCJ8wKExample01"
	secret = "bcXq7Vn2kMexampleSecret0Zt4Lw9"
	token  = "CAIS/QExampleToken+4Uz=="
)

// TestNothingOfTheRequestIsRecorded puts each part of the request in each place of an
// answer.
func TestNothingOfTheRequestIsRecorded(t *testing.T) {
	t.Parallel()
	spaced := number[:2] + "-" + number[2:5] + "-" + number[5:9] + "-" + number[9:]
	for _, status := range []int{200, 400, 403, 429, 503} {
		for _, success := range []bool{false, true} {
			o := newTelemetry()
			var signatures []string
			echo := ""
			transport := roundTripper(func(r *http.Request) (*http.Response, error) {
				_, signature, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
				signatures = append(signatures, signature)
				value := strings.NewReplacer("SIGNATURE", signature, "QUERY", r.URL.RawQuery, "URL", r.URL.String()).Replace(echo)
				code := value
				if success {
					code = "OK"
				}
				body := fmt.Sprintf(`{"Code":%q,"Message":%q,"RequestId":%q,"Success":%t,"HostId":%q}`, code, value, value, success, value)
				server := camstest.NewServer()
				server.Answer(camstest.Answer{Status: status, Body: body, Header: http.Header{"X-Acs-Request-Id": {value}}})
				return server.RoundTrip(r)
			})
			_, client := service(t, o, cams.WithHTTPClient(&http.Client{Transport: transport}),
				cams.WithCredentials(cams.StaticCredentials(keyID, secret, token)), cams.WithRetry(cams.NoRetry()), cams.WithLimiter(cams.Unlimited()))
			for _, echo = range []string{number, "+" + number, spaced, groupID, keyID, secret, token, "SIGNATURE", "QUERY", "URL",
				"Error." + number, "Error." + secret, "Error-" + groupID, "Not.SIGNATURE", number + "-SIGNATURE"} {
				err := call(t.Context(), client)
				assert.Equal(t, success && status == 200, err == nil, err)
			}
			recorded := fmt.Sprintf("%+v", o.exporter.GetSpans()) + fmt.Sprintf("%+v", o.metrics(t))
			assert.Contains(t, recorded, list)
			for _, private := range append(signatures, number, spaced, groupID, keyID, secret, token, "cams-k001") {
				assert.NotContains(t, recorded, private)
			}
		}
	}
}
