package acceptance

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"expvar"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/credentials-go/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// The functions of this file hold the snippets of docs/howto.md. The tests run them
// against camstest. The one that needs golang.org/x/time is in internal/interop.

func howToFindNumbers(ctx context.Context, client *cams.Client, custSpaceID string) error {
	var answer struct {
		PhoneNumbers []struct{ PhoneNumber, VerifiedName, Status string }
	}
	operation := cams.Operation{Name: "QueryChatappPhoneNumbers", Repeatable: true}
	if err := client.Call(ctx, operation, map[string]any{"CustSpaceId": custSpaceID}, &answer); err != nil {
		return err
	}
	for _, number := range answer.PhoneNumbers {
		fmt.Println(number.PhoneNumber, number.VerifiedName, number.Status)
	}
	return nil
}

func howToFindGroups(ctx context.Context, client *cams.Client, businessNumber, custSpaceID string) error {
	groups := cams.NewListChatGroupPager(client, &cams.ListChatGroupRequest{
		BusinessNumber: businessNumber, CustSpaceID: custSpaceID,
	})
	for group, err := range groups.All(ctx) {
		if err != nil {
			return err
		}
		fmt.Println(group.GroupID, group.GroupStatus, group.Subject)
	}
	return nil
}

func Example_howToFindIDs() {
	server := camstest.NewServer()
	server.AddGroup(camstest.Group{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939", Subject: "Book club"})
	server.Handle("QueryChatappPhoneNumbers", func(r camstest.Request) camstest.Answer { // in the form of the published sample
		if r.Parameter("CustSpaceId") != "cams-k001" {
			return camstest.Refusal(400, "InvalidParameter", "CustSpaceId")
		}
		return camstest.Answer{Body: `{"RequestId":"R","Code":"OK","Message":"SUCCESS","PhoneNumbers":[
			{"PhoneNumber":"8613800000000","VerifiedName":"Alibaba","Status":"CONNECTED"}]}`}
	})
	client, err := server.NewClient()
	if err != nil {
		panic(err)
	}
	fmt.Println(howToFindNumbers(context.Background(), client, "cams-k001"))
	fmt.Println(howToFindGroups(context.Background(), client, "8613800000000", "cams-k001"))
	// Output:
	// 8613800000000 Alibaba CONNECTED
	// <nil>
	// EA939 ACTIVE Book club
	// <nil>
}

func howToProxy(proxy *url.URL) *http.Client {
	transport := cams.NewTransport()
	transport.Proxy = http.ProxyURL(proxy)
	httpClient := &http.Client{Transport: transport} // for cams.WithHTTPClient
	return httpClient
}

func howToTrust(file string) (*http.Client, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, errors.New(file + " holds no certificate")
	}
	transport := cams.NewTransport()
	transport.TLSClientConfig.RootCAs = roots
	httpClient := &http.Client{Transport: transport} // for cams.WithHTTPClient
	return httpClient, nil
}

func TestHowToUseAProxyAndAPrivateRoot(t *testing.T) {
	t.Parallel()
	service := camstest.NewServer()
	service.AddGroup(camstest.Group{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939"})
	endpoint := httptest.NewTLSServer(service)
	defer endpoint.Close()
	file := filepath.Join(t.TempDir(), "roots.pem")
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: endpoint.Certificate().Raw})
	require.NoError(t, os.WriteFile(file, root, 0o600))
	tunnels := make(chan string, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { tunnel(t, w, r, tunnels) }))
	defer proxy.Close()
	proxyURL, err := url.Parse(proxy.URL)
	require.NoError(t, err)

	trusting, err := howToTrust(file)
	require.NoError(t, err)
	client, err := cams.NewClient(
		cams.WithHTTPClient(trusting),
		cams.WithEndpoint(endpoint.URL),
		cams.WithCredentials(cams.StaticCredentials(camstest.AccessKeyID, camstest.AccessKeySecret, "")),
	)
	require.NoError(t, err)
	_, err = migratedCall(t.Context(), client)
	require.NoError(t, err)
	client.CloseIdleConnections()

	client, err = client.With(cams.WithHTTPClient(howToProxy(proxyURL)))
	require.NoError(t, err)
	_, err = migratedCall(t.Context(), client)
	require.ErrorContains(t, err, "certificate", "this client does not trust the private root")
	close(tunnels) // the proxy sends no more
	assert.Equal(t, strings.TrimPrefix(endpoint.URL, "https://"), <-tunnels, "the call went through the proxy")

	_, err = howToTrust("howto_test.go")
	assert.ErrorContains(t, err, "no certificate")
}

// tenants makes a client for each tenant, once.
type tenants struct {
	base        *cams.Client
	credentials func(tenant string) cams.CredentialsProvider
	mu          sync.Mutex
	clients     map[string]*cams.Client
}

func (t *tenants) client(tenant string) (*cams.Client, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if client := t.clients[tenant]; client != nil {
		return client, nil
	}
	client, err := t.base.With(cams.WithCredentials(t.credentials(tenant)))
	if err != nil {
		return nil, err
	}
	if t.clients == nil {
		t.clients = make(map[string]*cams.Client)
	}
	t.clients[tenant] = client
	return client, nil
}

func TestHowToServeSeveralTenants(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := camstest.NewServer()
		server.AddGroup(camstest.Group{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939"})
		server.AddAccessKey("red", "secret", "")
		server.AddAccessKey("blue", "secret", "")
		base, err := server.NewClient(cams.WithRetry(cams.NoRetry()))
		require.NoError(t, err)
		all := &tenants{base: base, credentials: func(tenant string) cams.CredentialsProvider {
			return cams.StaticCredentials(tenant, "secret", "")
		}}
		red, err := all.client("red")
		require.NoError(t, err)
		again, err := all.client("red")
		require.NoError(t, err)
		assert.Same(t, red, again)
		blue, err := all.client("blue")
		require.NoError(t, err)

		refusal := camstest.Refusal(429, "Throttling.User", "m")
		refusal.Header = http.Header{"X-Acs-Retry-After": {"5000"}}
		server.AnswerOnce(refusal)
		_, err = migratedCall(t.Context(), red)
		require.ErrorIs(t, err, cams.ErrThrottled)
		start := time.Now()
		_, err = migratedCall(t.Context(), blue)
		require.NoError(t, err)
		assert.Zero(t, time.Since(start), "the quota of one tenant holds no other back")
		_, err = migratedCall(t.Context(), again)
		require.NoError(t, err)
		assert.Equal(t, 5*time.Second, time.Since(start))

		_, err = all.client("")
		assert.Error(t, err)
	})
}

func howToAssumeARole(accessKeyID, accessKeySecret string) (*cams.Client, error) {
	role, err := credentials.NewCredential(new(credentials.Config).
		SetType("ram_role_arn").
		SetAccessKeyId(accessKeyID).
		SetAccessKeySecret(accessKeySecret).
		SetRoleArn("acs:ram::1000000000000000:role/roster").
		SetRoleSessionName("roster"))
	if err != nil {
		return nil, err
	}
	return cams.NewClient(cams.WithCredentials(cams.CredentialsFrom(role)))
}

func TestHowToAssumeARole(t *testing.T) {
	t.Parallel()
	_, err := howToAssumeARole("id", "secret")
	assert.NoError(t, err)
}

func TestThePolicyOfTheDocumentsAllowsEachOperation(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "docs/howto.md"))
	require.NoError(t, err)
	_, policy, found := strings.Cut(string(text), "```json\n")
	require.True(t, found)
	var document struct {
		Statement []struct{ Action []string }
	}
	require.NoError(t, json.NewDecoder(strings.NewReader(policy)).Decode(&document))
	require.Len(t, document.Statement, 1)
	var want []string
	for _, method := range operationMethods() {
		want = append(want, "cams:"+method.Name)
	}
	assert.ElementsMatch(t, want, document.Statement[0].Action)
}

// keyFile reads an AccessKey pair from a file that something else rewrites.
type keyFile string

func (f keyFile) Credentials(context.Context) (cams.Credentials, error) {
	text, err := os.ReadFile(string(f))
	if err != nil {
		return cams.Credentials{}, err
	}
	var pair struct{ ID, Secret string }
	if err := json.Unmarshal(text, &pair); err != nil {
		return cams.Credentials{}, fmt.Errorf("%s: %w", f, err)
	}
	return cams.Credentials{
		AccessKeyID: pair.ID, AccessKeySecret: pair.Secret,
		Expires: time.Now().Add(10 * time.Minute), // when to read the file again
	}, nil
}

func TestHowToRotateKeys(t *testing.T) {
	t.Parallel()
	server := camstest.NewServer()
	server.AddGroup(camstest.Group{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939"})
	server.AddAccessKey("old", "old-secret", "")
	server.AddAccessKey("new", "new-secret", "")
	file := filepath.Join(t.TempDir(), "key.json")
	write := func(id string) {
		require.NoError(t, os.WriteFile(file, []byte(`{"ID":"`+id+`","Secret":"`+id+`-secret"}`), 0o600))
	}
	client, err := server.NewClient(cams.WithCredentials(keyFile(file)))
	require.NoError(t, err)
	write("old")
	_, err = migratedCall(t.Context(), client)
	require.NoError(t, err)

	write("new")
	server.AnswerOnce(camstest.Refusal(400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled."))
	_, err = migratedCall(t.Context(), client)
	require.NoError(t, err)
	requests := server.Requests()
	require.Len(t, requests, 3)
	for i, key := range []string{"old", "old", "new"} {
		assert.Contains(t, requests[i].Header.Get("Authorization"), "Credential="+key+",")
	}
}

func howToSeeTheAnswer(ctx context.Context, client *cams.Client, req *cams.ListChatGroupParticipantsRequest, w io.Writer) error {
	var info cams.CallInfo
	_, err := client.ListChatGroupParticipants(cams.WithCallInfo(ctx, &info), req)
	if err != nil {
		fmt.Fprintln(w, err)                                             // masked
		fmt.Fprintln(w, info.StatusCode, info.Header, string(info.Body)) // not masked
	}
	return err
}

func TestHowToSeeTheAnswer(t *testing.T) {
	t.Parallel()
	server := camstest.NewServer()
	server.Answer(camstest.Refusal(400, "X", "8613800000001 is no member"))
	client, err := server.NewClient(cams.WithRetry(cams.NoRetry()))
	require.NoError(t, err)
	var text strings.Builder
	require.Error(t, howToSeeTheAnswer(t.Context(), client, validRequest(), &text))
	masked, raw, found := strings.Cut(text.String(), "\n")
	require.True(t, found)
	assert.NotContains(t, masked, "8613800000001")
	assert.Contains(t, raw, "400 map[")
	assert.Contains(t, raw, "8613800000001 is no member")
}

func howToAddAParameter() (*cams.Client, error) {
	client, err := cams.NewClient(cams.WithParameter("OwnerId", "1000"))
	return client, err
}

func howToCallAnother(ctx context.Context, client *cams.Client) (string, error) {
	params := struct {
		CustSpaceID string `json:"CustSpaceId"`
		PhoneNumber string
	}{"cams-k001", "8613800000000"}
	var setting struct {
		cams.ResponseMetadata
		Model struct{ MarketingPaused string }
	}
	operation := cams.Operation{Name: "GetChatappPhoneNumberSetting", Repeatable: true} // a read
	if err := client.Call(ctx, operation, params, &setting); err != nil {
		return "", err
	}
	return setting.Model.MarketingPaused, nil
}

func TestHowToCallAnotherOperation(t *testing.T) {
	t.Parallel()
	server := camstest.NewServer()
	server.Handle("GetChatappPhoneNumberSetting", func(r camstest.Request) camstest.Answer {
		return camstest.Answer{Body: `{"Code":"OK","Success":true,"Model":{"PhoneNumber":"8613800000000","MarketingPaused":"Y"}}`}
	})
	plain, err := howToAddAParameter()
	require.NoError(t, err)
	client, err := plain.With(
		cams.WithHTTPClient(&http.Client{Transport: server}),
		cams.WithCredentials(cams.StaticCredentials(camstest.AccessKeyID, camstest.AccessKeySecret, "")))
	require.NoError(t, err)
	paused, err := howToCallAnother(t.Context(), client)
	require.NoError(t, err)
	assert.Equal(t, "Y", paused)
	for name, value := range map[string]string{"OwnerId": "1000", "CustSpaceId": "cams-k001", "PhoneNumber": "8613800000000"} {
		assert.Equal(t, value, server.Requests()[0].Parameter(name))
	}
}

func howToHurry(ctx context.Context, client *cams.Client, req *cams.ListChatGroupParticipantsRequest) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second) // the whole call
	defer cancel()
	quick, err := client.With(
		cams.WithAttemptTimeout(time.Second),
		cams.WithRetry(cams.RetryPolicy{MaxAttempts: 2}),
	)
	if err != nil {
		return err
	}
	resp, err := quick.ListChatGroupParticipants(ctx, req)
	if err != nil {
		return err
	}
	_ = resp
	return nil
}

func TestHowToLimitOneCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := camstest.NewServer()
		server.Answer(camstest.Answer{Delay: time.Hour})
		client, err := server.NewClient()
		require.NoError(t, err)
		start := time.Now()
		require.ErrorIs(t, howToHurry(t.Context(), client, validRequest()), context.DeadlineExceeded)
		assert.Len(t, server.Requests(), 2)
		assert.Less(t, time.Since(start), 3*time.Second)
	})
}

// meter counts calls, attempts and refusals for too many requests, by operation.
type meter struct{ counters *expvar.Map }

func (m meter) StartCall(ctx context.Context, _ string) context.Context { return ctx }

func (m meter) Attempt(_ context.Context, attempt cams.AttemptInfo) {
	m.counters.Add(attempt.Operation+".attempts", 1)
	if errors.Is(attempt.Err, cams.ErrThrottled) {
		m.counters.Add(attempt.Operation+".throttled", 1)
	}
}

func (m meter) EndCall(_ context.Context, call cams.CallInfo) {
	m.counters.Add(call.Operation+".calls", 1)
	if call.Err != nil {
		m.counters.Add(call.Operation+".errors", 1)
	}
}

func TestHowToCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := camstest.NewServer()
		server.AddGroup(camstest.Group{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939"})
		server.AnswerOnce(camstest.Refusal(429, "Throttling.User", "m"))
		counters := new(expvar.Map)
		client, err := server.NewClient(cams.WithObserver(meter{counters}))
		require.NoError(t, err)
		_, err = migratedCall(t.Context(), client)
		require.NoError(t, err)
		for name, want := range map[string]string{"calls": "1", "attempts": "2", "throttled": "1"} {
			assert.Equal(t, want, counters.Get("ListChatGroupParticipants."+name).String(), name)
		}
		assert.Nil(t, counters.Get("ListChatGroupParticipants.errors"))
	})
}

// sharedClient makes the client at the first request that an instance serves.
var sharedClient = sync.OnceValues(func() (*cams.Client, error) { return cams.NewClient() })

func TestAServerlessInstanceHasOneClient(t *testing.T) {
	t.Parallel()
	first, err := sharedClient()
	require.NoError(t, err)
	second, err := sharedClient()
	require.NoError(t, err)
	assert.Same(t, first, second)
}

// statusOf returns the HTTP status for your caller's request that failed with err.
// ctx is the context of that request.
func statusOf(ctx context.Context, header http.Header, err error) int {
	var invalid *cams.ValidationError
	switch {
	case errors.Is(err, cams.ErrOutcomeUnknown): // first: it wraps deadlines too
		return http.StatusAccepted
	case ctx.Err() != nil:
		return http.StatusGatewayTimeout
	case errors.Is(err, cams.ErrThrottled):
		wait, _ := cams.RetryAfter(err)
		header.Set("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
		return http.StatusServiceUnavailable
	case cams.IsCode(err, "131041"): // WhatsApp's code for a group that does not exist
		return http.StatusNotFound
	case errors.As(err, &invalid) && invalid.Field == "GroupID": // a field that your caller chose
		return http.StatusBadRequest
	case errors.As(err, &invalid), errors.Is(err, cams.ErrUnauthenticated), errors.Is(err, cams.ErrAccessDenied):
		return http.StatusInternalServerError // for you to fix
	case errors.Is(err, context.DeadlineExceeded): // the attempt timeout: ctx has not ended
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}

func TestWhichErrorBecomesWhichStatus(t *testing.T) {
	t.Parallel()
	throttled := camstest.Refusal(400, "Throttling.User", "m")
	throttled.Header = http.Header{"X-Acs-Retry-After": {"1500"}}
	for name, test := range map[string]struct {
		answer camstest.Answer
		want   int
	}{
		"throttled":            {throttled, 503},
		"a wrong key":          {camstest.Refusal(404, "InvalidAccessKeyId.NotFound", "m"), 500},
		"no permission":        {camstest.Refusal(403, "NoPermission", "m"), 500},
		"no such group":        {camstest.Refusal(400, "131041", "m"), 404},
		"no such group either": {camstest.Refusal(200, "ERR-FB-001", "(#131041) Group unknown"), 404},
		"WhatsApp's limit":     {camstest.Refusal(200, "ERR-FB-001", "(#131208) Group Rate Limit Hit"), 503},
		"another refusal":      {camstest.Refusal(400, "Product.Unsubscript", "m"), 502},
		"a refusal in a 200":   {camstest.Refusal(200, "InvalidParameter", "m"), 502},
		"a page of a proxy":    {camstest.Answer{Status: 502, Body: "<html>"}, 502},
		"a broken connection":  {camstest.Answer{Drop: true}, 502},
		"a service that hangs": {camstest.Answer{Delay: time.Hour}, 504},
	} {
		synctest.Test(t, func(t *testing.T) {
			server := camstest.NewServer()
			server.Answer(test.answer)
			client, err := server.NewClient(cams.WithRetry(cams.NoRetry()))
			require.NoError(t, err)
			_, err = client.ListChatGroupParticipants(t.Context(), validRequest())
			header := http.Header{}
			assert.Equal(t, test.want, statusOf(t.Context(), header, err), name)
			if name == "throttled" {
				assert.Equal(t, "2", header.Get("Retry-After"), "the wait that the service asked for, rounded up")
			}
			_, err = client.AddChatGroup(t.Context(), &cams.AddChatGroupRequest{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", Subject: "s"})
			if test.answer.Drop || test.answer.Delay > 0 || test.answer.Status == 502 {
				assert.Equal(t, 202, statusOf(t.Context(), header, err), "%s: the group may be there", name)
			} else {
				assert.Equal(t, test.want, statusOf(t.Context(), header, err), name)
			}

			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			server.Answer(camstest.Answer{Delay: time.Hour})
			patient, err := client.With(cams.WithAttemptTimeout(time.Hour))
			require.NoError(t, err)
			_, err = patient.ListChatGroupParticipants(ctx, validRequest())
			assert.Equal(t, 504, statusOf(ctx, header, err), "the deadline of your caller")
		})
	}
	client, err := camstest.NewServer().NewClient()
	require.NoError(t, err)
	for field, want := range map[string]int{"GroupID": 400, "CustSpaceID": 500} {
		req := validRequest()
		reflect.ValueOf(req).Elem().FieldByName(field).SetString("")
		_, err = client.ListChatGroupParticipants(t.Context(), req)
		assert.Equal(t, want, statusOf(t.Context(), http.Header{}, err), field)
	}
}
