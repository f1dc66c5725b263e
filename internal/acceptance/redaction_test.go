package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
)

// prints returns a value in every form in which people may see it.
func prints(t *testing.T, value any) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		out[verb] = fmt.Sprintf(verb, value)
	}
	marshalled, err := json.Marshal(value)
	if err == nil {
		out["JSON"] = string(marshalled)
	}
	if marshalled, err := xml.Marshal(value); err == nil {
		out["XML"] = string(marshalled)
	}
	var text, object bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("message", "value", value)
	slog.New(slog.NewJSONHandler(&object, nil)).Info("message", "value", value)
	out["slog text"], out["slog JSON"] = text.String(), object.String()
	return out
}

// forbidden returns all spellings of values that nobody may see. In hexadecimal too: %x prints texts that way.
func forbidden(values ...string) []string {
	var out []string
	for _, value := range values {
		for _, spelling := range []string{value, url.QueryEscape(value), url.QueryEscape(url.QueryEscape(value)), html.EscapeString(value)} {
			out = append(out, spelling, fmt.Sprintf("%x", spelling))
		}
	}
	return out
}

func requireClean(t *testing.T, name string, value any, secrets []string) {
	t.Helper()
	for form, text := range prints(t, value) {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s in %s shows %q: %.300s", name, form, secret, text)
			}
		}
	}
}

// walk visits an error and all that it unwraps to.
func walk(err error, visit func(error)) {
	if err == nil {
		return
	}
	visit(err)
	switch wrapper := err.(type) {
	case interface{ Unwrap() error }:
		walk(wrapper.Unwrap(), visit)
	case interface{ Unwrap() []error }:
		for _, inner := range wrapper.Unwrap() {
			walk(inner, visit)
		}
	}
}

func TestNoPrintShowsASecret(t *testing.T) {
	t.Parallel()
	secrets := forbidden(testSecret, testToken, "bearer-token-0123")
	creds := cams.Credentials{AccessKeyID: "LTAI5tExampleExample", AccessKeySecret: testSecret, SecurityToken: testToken, BearerToken: "bearer-token-0123"}
	in := cams.SigningInput{Action: "a", Version: "v", Credentials: creds, Time: time.Now(), Nonce: "n"}
	client, err := cams.NewClient(testCredentials())
	require.NoError(t, err)
	static := cams.StaticCredentials("LTAI5tExampleExample", testSecret, testToken)
	for name, value := range map[string]any{
		"Credentials":        creds,
		"*Credentials":       &creds,
		"[]Credentials":      []cams.Credentials{creds},
		"a struct with them": struct{ C cams.Credentials }{creds},
		"SigningInput":       in,
		"*SigningInput":      &in,
		"StaticCredentials":  static,
		"a struct with it":   struct{ P cams.CredentialsProvider }{static},
		"*Client":            client,
		"a struct with one":  struct{ C *cams.Client }{client},
		"a hidden client":    struct{ c *cams.Client }{client},
		"a hidden provider":  struct{ p cams.CredentialsProvider }{static},
		"Option":             cams.WithCredentials(static),
		"ACS3Signer":         cams.ACS3Signer{},
	} {
		requireClean(t, name, value, secrets)
	}
	assert.Equal(t, "Credentials{AccessKeyID:LTAI*** AccessKeySecret:*** SecurityToken:*** BearerToken:***}", creds.String())
}

func TestNoLogOfOurTypesShowsAPhoneNumber(t *testing.T) {
	t.Parallel()
	req := validRequest()
	req.Page = &cams.Page{Size: 1, Index: 2}
	resp := &cams.ListChatGroupParticipantsResponse{ResponseMetadata: cams.ResponseMetadata{RequestID: "r"}, Data: cams.ListChatGroupParticipantsData{Total: 1, List: []cams.ChatGroupParticipant{{ParticipantNumber: testNumber}}}}
	for name, value := range map[string]any{"request": req, "response": resp, "data": &resp.Data, "participant": &resp.Data.List[0],
		"request by value": *req, "response by value": *resp, "data by value": resp.Data, "participant by value": resp.Data.List[0],
		"nil request": (*cams.ListChatGroupParticipantsRequest)(nil), "nil response": (*cams.ListChatGroupParticipantsResponse)(nil)} {
		for _, form := range []string{"slog text", "slog JSON"} {
			assert.NotContains(t, prints(t, value)[form], testNumber, name)
		}
	}
}

func TestNoPrintOfAPagerShowsAPhoneNumber(t *testing.T) {
	t.Parallel()
	client, mock := newClient(t)
	answerWith(mock, 200, nil, `{"Code":"OK","Success":true,"Data":{"Total":2,"List":[{"ParticipantNumber":"`+testNumber+`"}]}}`)
	pager := cams.NewListChatGroupParticipantsPager(client, validRequest())
	page, err := pager.NextPage(t.Context())
	require.NoError(t, err)
	require.Equal(t, testNumber, page.Data.List[0].ParticipantNumber)
	requireClean(t, "a pager", pager, forbidden(testNumber))
	requireClean(t, "a struct with one", struct {
		P *cams.ListChatGroupParticipantsPager
	}{pager}, forbidden(testNumber))
	requireClean(t, "a hidden pager", struct {
		p *cams.ListChatGroupParticipantsPager
	}{pager}, forbidden(testNumber))
}

// echo answers with everything that the request contained, as a careless server may.
func echo(status int, format string) httpmock.Responder {
	return func(req *http.Request) (*http.Response, error) {
		var headers strings.Builder
		_ = req.Header.Write(&headers)
		everything := req.URL.RequestURI() + " " + strings.ReplaceAll(headers.String(), "\r\n", " ") + " " + req.Header.Get("Authorization") +
			" " + url.QueryEscape(req.URL.RawQuery) + " " + req.URL.Query().Get("BusinessNumber") + " +4915112345678 " +
			" " + html.EscapeString(req.Header.Get("x-acs-security-token"))
		quoted, _ := json.Marshal(everything)
		res := httpmock.NewStringResponse(status, strings.ReplaceAll(strings.ReplaceAll(format, "%q", string(quoted)), "%s", everything))
		res.Header.Set("X-Acs-Request-Id", req.Header.Get("x-acs-security-token"))
		return res, nil
	}
}

func TestNoErrorAndNoLogShowsASecretOrAPhoneNumber(t *testing.T) {
	t.Parallel()
	responders := map[string]httpmock.Responder{
		"a refusal":                echo(400, `{"Code":"SignatureDoesNotMatch","Message":%q,"RequestId":%q,"HostId":%q,"Recommend":%q,"AccessDeniedDetail":%q}`),
		"a refusal by code":        echo(400, `{"Code":%q}`),
		"a refusal in a 200":       echo(200, `{"Success":false,"Message":%q,"AccessDeniedDetail":{"AuthAction":%q,"AuthPrincipalDisplayName":%q}}`),
		"a refusal in XML":         echo(400, `<Error><Code>X</Code><Message>%s</Message></Error>`),
		"an HTML page":             echo(502, `<html>%s</html>`),
		"a throttled HTML page":    echo(429, `%s`),
		"JSON of another shape":    echo(200, `{"Code":"OK","Success":true,"Data":%q}`),
		"truncated JSON":           echo(200, `{"RequestId":%q,"Data":{"List":[{"ParticipantNumber":"4915112345678"},{"Par`),
		"a number with a fraction": echo(200, `{"Code":"OK","Success":true,"Data":{"Total":4915112345678.5}}`),
		"a string that is all":     echo(200, `%q`),
		"a network error":          httpmock.NewErrorResponder(&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("refused " + testToken)}),
		"an error with the number": httpmock.NewErrorResponder(errors.New("cannot reach " + testNumber)),
		"no responder": func(req *http.Request) (*http.Response, error) {
			return httpmock.ConnectionFailure(req)
		},
		"an error of the transport with the URL": func(req *http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("proxy: %w", &url.Error{Op: "Post", URL: req.URL.String(), Err: errors.New(req.Header.Get("Authorization"))})
		},
	}
	for name, responder := range responders {
		for signing, signer := range map[string]cams.Signer{"ACS3": cams.ACS3Signer{}, "RPC": cams.RPCSigner{}} {
			for kind, creds := range map[string]cams.Credentials{
				"STS":    {AccessKeyID: "id", AccessKeySecret: testSecret, SecurityToken: testToken},
				"bearer": {BearerToken: testToken},
			} {
				t.Run(name+"/"+signing+"/"+kind, func(t *testing.T) {
					t.Parallel()
					var log bytes.Buffer
					secrets := forbidden(testSecret, testToken, testNumber, "4915112345678")
					client, mock := newClient(t, cams.WithSigner(signer),
						cams.WithCredentials(providerFunc(func(context.Context) (cams.Credentials, error) { return creds, nil })),
						cams.WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
					mock.RegisterNoResponder(func(req *http.Request) (*http.Response, error) {
						_, signature, ok := strings.Cut(req.Header.Get("Authorization"), "Signature=")
						if !ok {
							signature = req.URL.Query().Get("Signature")
						}
						if signature != "" {
							secrets = append(secrets, forbidden(signature)...)
						}
						secrets = append(secrets, req.URL.RawQuery)
						return responder(req)
					})
					resp, err := client.ListChatGroupParticipants(t.Context(), validRequest())
					require.Error(t, err)
					assert.Nil(t, resp)
					walk(err, func(err error) { requireClean(t, fmt.Sprintf("%T", err), err, secrets) })
					if wrapper := new(url.Error); errors.As(err, &wrapper) {
						requireClean(t, "*url.Error", wrapper, secrets)
					}
					for _, secret := range secrets {
						assert.NotContains(t, log.String(), secret)
					}
					assert.Contains(t, log.String(), "ListChatGroupParticipants")
				})
			}
		}
	}
}

func TestNoLogOfASuccessShowsASecretOrAPhoneNumber(t *testing.T) {
	t.Parallel()
	for name, repeated := range map[string]string{"a token": testToken, "the number": testNumber, "a key": testSecret} {
		for where, answer := range map[string]struct {
			header http.Header
			body   string
		}{
			"in the body":   {nil, `{"Code":"OK","Success":true,"RequestId":"` + repeated + `"}`},
			"in the header": {http.Header{"X-Acs-Request-Id": {repeated}}, `{"Code":"OK","Success":true}`},
		} {
			var log bytes.Buffer
			client, mock := newClient(t, cams.WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
			answerWith(mock, 200, answer.header, answer.body)
			resp, err := client.ListChatGroupParticipants(t.Context(), validRequest())
			require.NoError(t, err)
			assert.Contains(t, log.String(), `"request_id":"[redacted]"`, "%s %s", name, where)
			if answer.header == nil {
				assert.Equal(t, repeated, resp.RequestID, "the answer itself stays as it came")
			}
		}
	}
}

func TestMaskedErrorsStillMatch(t *testing.T) {
	t.Parallel()
	client, mock := newClient(t)
	mock.RegisterNoResponder(httpmock.NewErrorResponder(&net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("%s: %w", testSecret, net.ErrClosed)}))
	_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
	require.ErrorIs(t, err, net.ErrClosed)
	var op *net.OpError
	require.ErrorAs(t, err, &op)
	assert.Equal(t, "dial", op.Op)
	assert.NotContains(t, err.Error(), testSecret)
}

func TestNoErrorAndNoLogShowsAUserID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"IN.1648738043044942", "US.13491208655302741918", "DE.ENT.8fk2Jd83Kd9"} {
		for _, status := range []int{200, 400} {
			var log bytes.Buffer
			client, mock := newClient(t, cams.WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
			answerWith(mock, status, nil, `{"Code":"InvalidParameter.User","Success":false,"Message":"(#131212) Participant `+id+` is not a member","RequestId":"`+id+`"}`)
			_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
			require.True(t, cams.IsCode(err, "InvalidParameter.User"), err)
			require.ErrorContains(t, err, "InvalidParameter.User: (#131212) Participant [redacted] is not a member")
			requireClean(t, "the error", err, forbidden(id))
			assert.NotContains(t, log.String(), id)
			assert.Contains(t, log.String(), "(#131212) Participant [redacted] is not a member")
		}
	}
}
