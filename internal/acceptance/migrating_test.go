package acceptance

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/credentials-go/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// The functions of this file hold the snippets of docs/migrating.md. The tests run
// them against camstest.

func migratedClient(accessKeyID, accessKeySecret string) (*cams.Client, error) {
	client, err := cams.NewClient(
		cams.WithRegion("ap-southeast-1"),
		cams.WithCredentials(cams.StaticCredentials(accessKeyID, accessKeySecret, "")),
	)
	if err != nil {
		return nil, err
	}
	return client, nil
}

func migratedCall(ctx context.Context, client *cams.Client) (numbers []string, err error) {
	resp, err := client.ListChatGroupParticipants(ctx, &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: "8613800000000",
		GroupID:        "EA939",
		CustSpaceID:    "cams-k001",
		Page:           &cams.Page{Index: 1, Size: 20},
	})
	if err != nil {
		return nil, err
	}
	for _, participant := range resp.Data.List {
		numbers = append(numbers, participant.ParticipantNumber)
	}
	return numbers, nil
}

func migratedLoop(ctx context.Context, client *cams.Client) (numbers []string, err error) {
	pager := cams.NewListChatGroupParticipantsPager(client, &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: "8613800000000",
		GroupID:        "EA939",
		CustSpaceID:    "cams-k001",
	}, cams.WithPageSize(100))
	for participant, err := range pager.All(ctx) {
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, participant.ParticipantNumber)
	}
	return numbers, nil
}

func migratedErrors(err error) string {
	var apiErr *cams.APIError
	var responseErr *cams.ResponseError
	switch {
	case errors.Is(err, cams.ErrThrottled):
		return "slow down"
	case cams.IsCode(err, "Product.Unsubscript"):
		return "subscribe first"
	case errors.Is(err, cams.ErrAccessDenied), errors.Is(err, cams.ErrUnauthenticated):
		return "check the RAM policy, or the AccessKey"
	case errors.As(err, &apiErr):
		return fmt.Sprintf("%d %s: %s (%s)", apiErr.StatusCode, apiErr.Code, apiErr.Message, apiErr.RequestID)
	case errors.As(err, &responseErr):
		return fmt.Sprintf("%d %s: %s", responseErr.StatusCode, responseErr.Reason, responseErr.Snippet)
	case errors.Is(err, context.DeadlineExceeded):
		return "too slow"
	}
	return "no answer: " + err.Error()
}

func migratedTimeouts(ctx context.Context, req *cams.ListChatGroupParticipantsRequest, rest ...cams.Option) error {
	client, err := cams.NewClient(append(rest,
		cams.WithAttemptTimeout(5*time.Second),
	)...)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	resp, err := client.ListChatGroupParticipants(ctx, req)
	if err != nil {
		return err
	}
	_ = resp
	return nil
}

func migratedRetries() (patient, once cams.Option) {
	patient = cams.WithRetry(cams.RetryPolicy{MaxAttempts: 4, BaseDelay: 500 * time.Millisecond, MaxDelay: 5 * time.Second})
	once = cams.WithRetry(cams.NoRetry())
	return patient, once
}

func migratedSTS(accessKeyID, accessKeySecret, securityToken string) cams.Option {
	temporary := cams.WithCredentials(cams.StaticCredentials(accessKeyID, accessKeySecret, securityToken))
	return temporary
}

func migratedRole(accessKeyID, accessKeySecret, roleARN string) (*cams.Client, error) {
	role, err := credentials.NewCredential(new(credentials.Config).
		SetType("ram_role_arn").
		SetAccessKeyId(accessKeyID).
		SetAccessKeySecret(accessKeySecret).
		SetRoleArn(roleARN).
		SetRoleSessionName("roster"))
	if err != nil {
		return nil, err
	}
	return cams.NewClient(cams.WithCredentials(cams.CredentialsFrom(role)))
}

func migratedTransport(proxy *url.URL, roots *x509.CertPool, rest ...cams.Option) (*cams.Client, error) {
	transport := cams.NewTransport()
	transport.Proxy = http.ProxyURL(proxy)
	transport.TLSClientConfig.RootCAs = roots
	return cams.NewClient(append(rest,
		cams.WithHTTPClient(&http.Client{Transport: transport}),
	)...)
}

func migratedDetails(ctx context.Context, client *cams.Client, req *cams.ListChatGroupParticipantsRequest) (string, error) {
	var info cams.CallInfo
	resp, err := client.ListChatGroupParticipants(cams.WithCallInfo(ctx, &info), req)
	requestID := info.Header.Get("X-Acs-Request-Id")
	_ = resp
	return requestID, err
}

func migratedOperation(ctx context.Context, client *cams.Client) (string, error) {
	var answer struct {
		PhoneNumbers []struct{ PhoneNumber, Status string }
	}
	op := cams.Operation{Name: "QueryChatappPhoneNumbers", Repeatable: true}
	err := client.Call(ctx, op, map[string]any{"CustSpaceId": "cams-k001"}, &answer)
	if err != nil {
		return "", err
	}
	return answer.PhoneNumbers[0].Status, nil
}

// migratedStub is an API of one page.
type migratedStub []cams.ChatGroupParticipant

func (s migratedStub) ListChatGroupParticipants(context.Context, *cams.ListChatGroupParticipantsRequest) (*cams.ListChatGroupParticipantsResponse, error) {
	return &cams.ListChatGroupParticipantsResponse{
		ResponseMetadata: cams.ResponseMetadata{Code: "OK", Success: true},
		Data:             cams.ListChatGroupParticipantsData{Total: len(s), List: s},
	}, nil
}

func TestMigratedSnippets(t *testing.T) {
	t.Parallel()
	server := camstest.NewServer()
	server.AddAccessKey("temporary-id", "temporary-secret", "token")
	server.AddGroup(camstest.Group{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939",
		Participants: []string{"8613800000001", "8613800000002"},
	})
	want := []string{"8613800000001", "8613800000002"}

	t.Run("client", func(t *testing.T) {
		client, err := migratedClient("id", "secret")
		require.NoError(t, err)
		assert.Equal(t, "cams.Client(cams.ap-southeast-1.aliyuncs.com)", fmt.Sprint(client))
		_, err = migratedClient("", "")
		assert.ErrorAs(t, err, new(*cams.ValidationError), "empty credentials are refused at once")
		_, err = cams.NewClient(cams.WithRegion(""))
		assert.ErrorAs(t, err, new(*cams.ValidationError), "an empty region is refused at once")
	})

	t.Run("calls", func(t *testing.T) {
		patient, _ := migratedRetries()
		client, err := server.NewClient(patient, migratedSTS("temporary-id", "temporary-secret", "token"))
		require.NoError(t, err)
		one, err := migratedCall(t.Context(), client)
		require.NoError(t, err)
		all, err := migratedLoop(t.Context(), client)
		require.NoError(t, err)
		assert.Equal(t, want, one)
		assert.Equal(t, want, all)
	})

	t.Run("timeouts", func(t *testing.T) {
		assert.NoError(t, migratedTimeouts(t.Context(),
			&cams.ListChatGroupParticipantsRequest{BusinessNumber: "8613800000000", GroupID: "EA939", CustSpaceID: "cams-k001"},
			cams.WithHTTPClient(&http.Client{Transport: server}),
			cams.WithCredentials(cams.StaticCredentials(camstest.AccessKeyID, camstest.AccessKeySecret, ""))))
	})

	t.Run("role", func(t *testing.T) {
		_, err := migratedRole("id", "secret", "acs:ram::1000000000000000:role/roster")
		assert.NoError(t, err)
	})

	t.Run("a parameter", func(t *testing.T) {
		client, err := server.NewClient(cams.WithParameter("OwnerId", "1000"))
		require.NoError(t, err)
		server.Reset()
		_, err = migratedCall(t.Context(), client)
		require.NoError(t, err)
		assert.Equal(t, "1000", server.Requests()[0].Parameter("OwnerId"))
	})

	t.Run("details", func(t *testing.T) {
		answer := camstest.Answer{Body: `{"Code":"OK","Success":true}`, Header: http.Header{"X-Acs-Request-Id": {"R-1"}}}
		server.AnswerOnce(answer)
		client, err := server.NewClient()
		require.NoError(t, err)
		requestID, err := migratedDetails(t.Context(), client, validRequest())
		require.NoError(t, err)
		assert.Equal(t, "R-1", requestID)

		answer.Status = 400
		server.AnswerOnce(answer)
		requestID, err = migratedDetails(t.Context(), client, validRequest())
		require.Error(t, err)
		assert.Equal(t, "R-1", requestID)
	})

	t.Run("another operation", func(t *testing.T) {
		server.Handle("QueryChatappPhoneNumbers", func(camstest.Request) camstest.Answer {
			return camstest.Answer{Body: `{"Code":"OK","PhoneNumbers":[{"PhoneNumber":"8613800000000","Status":"CONNECTED"}]}`}
		})
		client, err := server.NewClient()
		require.NoError(t, err)
		status, err := migratedOperation(t.Context(), client)
		require.NoError(t, err)
		assert.Equal(t, "CONNECTED", status)
	})

	t.Run("a stub", func(t *testing.T) {
		stub := migratedStub{{ParticipantNumber: "8613800000001"}}
		members, err := cams.Collect(cams.NewListChatGroupParticipantsPager(stub, validRequest()).All(t.Context()))
		require.NoError(t, err)
		assert.Equal(t, []cams.ChatGroupParticipant(stub), members)
	})
}

func TestMigratedErrors(t *testing.T) {
	t.Parallel()
	for want, answer := range map[string]camstest.Answer{
		"slow down":                                               camstest.Refusal(429, "Throttling.User", "Slow down."),
		"subscribe first":                                         camstest.Refusal(400, "Product.Unsubscript", "Not subscribed."),
		"check the RAM policy, or the AccessKey":                  camstest.Refusal(403, "NoPermission", "No."),
		"200 InvalidParameter: No such group. (R-1)":              {Body: `{"Success":false,"Code":"InvalidParameter","Message":"No such group.","RequestId":"R-1"}`},
		"502 HTTP status 502 without the service's error: <html>": {Status: 502, Body: "<html>"},
		"204 the answer is empty: ":                               {Status: 204},
		"too slow":                                                {Delay: time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) { // an hour passes at once
			server := camstest.NewServer()
			server.Answer(answer)
			_, once := migratedRetries()
			client, err := server.NewClient(once)
			require.NoError(t, err)
			_, err = migratedCall(t.Context(), client)
			require.Error(t, err)
			assert.Equal(t, want, migratedErrors(err))
		})
	}
	assert.Equal(t, "no answer: EOF", migratedErrors(io.EOF))
}

func TestMigratedTransport(t *testing.T) {
	t.Parallel()
	server := camstest.NewServer()
	server.AddGroup(camstest.Group{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939", Participants: []string{"8613800000001"}})
	endpoint := httptest.NewTLSServer(server)
	defer endpoint.Close()
	roots := x509.NewCertPool()
	roots.AddCert(endpoint.Certificate())
	tunnels := make(chan string, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { tunnel(t, w, r, tunnels) }))
	defer proxy.Close()
	proxyURL, err := url.Parse(proxy.URL)
	require.NoError(t, err)

	client, err := migratedTransport(proxyURL, roots,
		cams.WithEndpoint(endpoint.URL),
		cams.WithCredentials(cams.StaticCredentials(camstest.AccessKeyID, camstest.AccessKeySecret, "")))
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	numbers, err := migratedCall(t.Context(), client)
	require.NoError(t, err)
	assert.Equal(t, []string{"8613800000001"}, numbers)
	assert.Equal(t, strings.TrimPrefix(endpoint.URL, "https://"), <-tunnels, "the call went through the proxy")
}

func TestMembersOfAGroup(t *testing.T) {
	t.Parallel()
	server := camstest.NewServer()
	server.AddGroup(camstest.Group{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939",
		Participants: []string{"8613800000001"},
	})
	client, err := server.NewClient()
	if err != nil {
		t.Fatal(err)
	}
	numbers, err := migratedLoop(t.Context(), client) // your code
	if err != nil || len(numbers) != 1 {
		t.Fatal(numbers, err)
	}
	server.AnswerOnce(camstest.Refusal(403, "NoPermission", "You are not authorized."))
	if _, err = migratedLoop(t.Context(), client); !errors.Is(err, cams.ErrAccessDenied) {
		t.Fatal(err)
	}
}

func TestMembersOfAGroupOverTCP(t *testing.T) {
	t.Parallel()
	server := camstest.NewServer()
	server.AddGroup(camstest.Group{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939", Participants: []string{"8613800000001"}})
	loopback := httptest.NewServer(server)
	defer loopback.Close()
	client, err := cams.NewClient(
		cams.WithEndpoint(loopback.URL),
		cams.WithCredentials(cams.StaticCredentials(camstest.AccessKeyID, camstest.AccessKeySecret, "")),
	)
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	numbers, err := migratedCall(t.Context(), client)
	require.NoError(t, err)
	assert.Len(t, numbers, 1)
}

// tunnel is a proxy's answer to CONNECT.
func tunnel(t *testing.T, w http.ResponseWriter, r *http.Request, tunnels chan<- string) {
	tunnels <- r.Host
	splice(t, w, r.Host)
}
