package acceptance

import (
	"context"
	"crypto/tls"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

func TestBadOptionsFailInNewClientAndAreNamed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		option cams.Option
		field  string
	}{
		"a nil option":               {nil, "opts[0]"},
		"an empty region":            {cams.WithRegion(""), "WithRegion"},
		"a region with a dot":        {cams.WithRegion("evil.example.com/"), "WithRegion"},
		"an upper-case region":       {cams.WithRegion("AP-SOUTHEAST-1"), "WithRegion"},
		"an empty endpoint":          {cams.WithEndpoint(""), "WithEndpoint"},
		"an endpoint that is no URL": {cams.WithEndpoint("https://%zz"), "WithEndpoint"},
		"another scheme":             {cams.WithEndpoint("ftp://example.com"), "WithEndpoint"},
		"no host":                    {cams.WithEndpoint("https://"), "WithEndpoint"},
		"no host but a port":         {cams.WithEndpoint(":443"), "WithEndpoint"},
		"an empty port":              {cams.WithEndpoint("example.com:"), "WithEndpoint"},
		"a port that is no number":   {cams.WithEndpoint("example.com:https"), "WithEndpoint"},
		"a port of six digits":       {cams.WithEndpoint("example.com:443443"), "WithEndpoint"},
		"a port just too large":      {cams.WithEndpoint("example.com:65536"), "WithEndpoint"},
		"port 0":                     {cams.WithEndpoint("example.com:0"), "WithEndpoint"},
		"IPv6 without brackets":      {cams.WithEndpoint("::1"), "WithEndpoint"},
		"a bracket in the host":      {cams.WithEndpoint("example]"), "WithEndpoint"},
		"two ports":                  {cams.WithEndpoint("example.com:1:2"), "WithEndpoint"},
		"a URL of it":                {cams.WithEndpoint("https://2001:db8::1"), "WithEndpoint"},
		"a space in the host":        {cams.WithEndpoint("exa mple.com"), "WithEndpoint"},
		"an IDN in its Unicode form": {cams.WithEndpoint("例え.example"), "WithEndpoint"},
		"userinfo":                   {cams.WithEndpoint("https://user:hunter2@example.com"), "WithEndpoint"},
		"a path":                     {cams.WithEndpoint("https://example.com/api"), "WithEndpoint"},
		"a query":                    {cams.WithEndpoint("https://example.com/?a=b"), "WithEndpoint"},
		"a fragment":                 {cams.WithEndpoint("https://example.com/#a"), "WithEndpoint"},
		"plain HTTP":                 {cams.WithEndpoint("http://example.com"), "WithEndpoint"},
		"plain HTTP to an address":   {cams.WithEndpoint("http://10.0.0.1"), "WithEndpoint"},
		"plain HTTP to a look-alike": {cams.WithEndpoint("http://localhost.example.com"), "WithEndpoint"},
		"nil credentials":            {cams.WithCredentials(nil), "WithCredentials"},
		"a nil credential":           {cams.WithCredentials(cams.CredentialsFrom(nil)), "WithCredentials"},
		"empty credentials":          {cams.WithCredentials(cams.StaticCredentials("", "", "")), "WithCredentials"},
		"an AccessKey ID alone":      {cams.WithCredentials(cams.StaticCredentials("id", "", "")), "WithCredentials"},
		"a secret alone":             {cams.WithCredentials(cams.StaticCredentials("", testSecret, "")), "WithCredentials"},
		"an ID with a DEL":           {cams.WithCredentials(cams.StaticCredentials("id\x7f", testSecret, "")), "WithCredentials"},
		"a secret with a line break": {cams.WithCredentials(cams.StaticCredentials("id", testSecret+"\n", "")), "WithCredentials"},
		"a nil HTTP client":          {cams.WithHTTPClient(nil), "WithHTTPClient"},
		"a nil signer":               {cams.WithSigner(nil), "WithSigner"},
		"negative attempts":          {cams.WithRetry(cams.RetryPolicy{MaxAttempts: -1}), "WithRetry"},
		"a negative delay":           {cams.WithRetry(cams.RetryPolicy{BaseDelay: -1}), "WithRetry"},
		"no attempt timeout":         {cams.WithAttemptTimeout(0), "WithAttemptTimeout"},
		"a user agent of two lines":  {cams.WithUserAgent("a\r\nb: c"), "WithUserAgent"},
		"a nil logger":               {cams.WithLogger(nil), "WithLogger"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := cams.NewClient(test.option)
			var invalid *cams.ValidationError
			require.ErrorAs(t, err, &invalid)
			assert.Nil(t, client)
			assert.Equal(t, test.field, invalid.Field)
			assert.Contains(t, err.Error(), test.field)
			assert.NotContains(t, err.Error(), "hunter2")
			assert.NotContains(t, err.Error(), testSecret)
		})
	}
}

func TestEndpointsAreReachedAsGiven(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		option cams.Option
		want   string
	}{
		"a region":                   {cams.WithRegion("cn-hangzhou"), "https://cams.cn-hangzhou.aliyuncs.com"},
		"a host":                     {cams.WithEndpoint("cams.example.com"), "https://cams.example.com"},
		"a host and port":            {cams.WithEndpoint("cams.example.com:8443"), "https://cams.example.com:8443"},
		"a URL":                      {cams.WithEndpoint("https://cams.example.com/"), "https://cams.example.com"},
		"a URL in upper case":        {cams.WithEndpoint("HTTPS://CAMS.Example.com"), "https://cams.example.com"},
		"a loopback host":            {cams.WithEndpoint("127.0.0.1:8080"), "https://127.0.0.1:8080"},
		"plain HTTP to loopback":     {cams.WithEndpoint("http://127.0.0.1:8080"), "http://127.0.0.1:8080"},
		"plain HTTP to IPv6":         {cams.WithEndpoint("http://[::1]:8080"), "http://[::1]:8080"},
		"plain HTTP to localhost":    {cams.WithEndpoint("http://LOCALHOST:8080"), "http://localhost:8080"},
		"plain HTTP within 127/8":    {cams.WithEndpoint("http://127.9.8.7"), "http://127.9.8.7"},
		"an IDN in its ASCII form":   {cams.WithEndpoint("xn--r8jz45g.example"), "https://xn--r8jz45g.example"},
		"the default, the published": {cams.WithUserAgent("x"), "https://cams.ap-southeast-1.aliyuncs.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent *http.Request
			client, mock := newClient(t, test.option)
			mock.RegisterNoResponder(func(req *http.Request) (*http.Response, error) {
				sent = req
				return httpmock.NewStringResponse(200, `{"Code":"OK","Success":true}`), nil
			})
			_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
			require.NoError(t, err)
			assert.Equal(t, test.want, sent.URL.Scheme+"://"+sent.URL.Host)
			assert.Equal(t, sent.URL.Host, sent.Host, "the signed host is the one that is sent")
		})
	}
}

func TestTheRegionComesFromTheEnvironmentByDefault(t *testing.T) {
	t.Setenv("ALIBABA_CLOUD_REGION_ID", "eu-central-1")
	client, mock := newClient(t)
	answerWith(mock, 200, nil, `{"Code":"OK","Success":true}`)
	mock.RegisterResponder("POST", "https://cams.eu-central-1.aliyuncs.com/", httpmock.NewStringResponder(200, `{"Code":"OK","Success":true}`))
	_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
	require.NoError(t, err)
	assert.Equal(t, 1, mock.GetCallCountInfo()["POST https://cams.eu-central-1.aliyuncs.com/"])

	t.Setenv("ALIBABA_CLOUD_REGION_ID", "http://evil")
	_, err = cams.NewClient()
	assert.ErrorContains(t, err, "ALIBABA_CLOUD_REGION_ID")
	_, err = cams.NewClient(cams.WithRegion("cn-hangzhou"))
	assert.NoError(t, err, "an option makes the environment irrelevant")
}

func TestARequestTravelsAsDocumented(t *testing.T) {
	t.Parallel()
	client, mock := newClient(t, cams.WithUserAgent("my-service/1.2"),
		cams.WithCredentials(cams.StaticCredentials("test-access-key-id", testSecret, "")))
	var sent *http.Request
	mock.RegisterNoResponder(func(req *http.Request) (*http.Response, error) {
		sent = req
		return httpmock.NewStringResponse(200, `{"Code":"OK","Success":true}`), nil
	})
	req := validRequest()
	req.ChannelType = cams.ChannelTypeWhatsApp
	req.Page = &cams.Page{Size: 20, Index: 1}
	_, err := client.ListChatGroupParticipants(t.Context(), req)
	require.NoError(t, err)

	assert.Equal(t, "POST", sent.Method)
	assert.Equal(t, "/", sent.URL.Path)
	assert.Equal(t, "BusinessNumber=8613800138000&ChannelType=WHATSAPP&CustSpaceId=cams-k001&GroupId=EA939"+
		"&Page=%7B%22Index%22%3A1%2C%22Size%22%3A20%7D", sent.URL.RawQuery)
	assert.Nil(t, sent.Body)
	assert.Equal(t, "application/json", sent.Header.Get("Accept"))
	assert.Empty(t, sent.Header.Get("Content-Type"))
	assert.Regexp(t, `^cams-go/\d+\.\d+\.\d+ \(\w+; \w+\) go\S+ my-service/1\.2$`, sent.UserAgent())
	assert.Equal(t, "ListChatGroupParticipants", sent.Header.Get("x-acs-action"))
	assert.Equal(t, "2020-06-06", sent.Header.Get("x-acs-version"))
	assert.Len(t, sent.Header, 8, "no more headers than documented")

	req.ChannelType, req.Page = "", nil
	_, err = client.ListChatGroupParticipants(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, "BusinessNumber=8613800138000&CustSpaceId=cams-k001&GroupId=EA939", sent.URL.RawQuery,
		"what is not set is not sent")
}

// identifiers are values that are hard to encode.
var identifiers = []string{"plain", "a b", "+*~/&=%", "%20%2B", "客户群组", "😀👩‍👩‍👧", `"\<>'`, "\x01\x7f", "a;b?c#d"}

func TestTheServiceAcceptsOurSignaturesOverRealConnections(t *testing.T) {
	t.Parallel()
	service := camstest.NewServer()
	service.AddAccessKey("sts-key", testSecret, testToken)
	service.AddBearerToken("bearer/token+=")
	for _, id := range identifiers {
		service.AddGroup(camstest.Group{BusinessNumber: testNumber, CustSpaceID: "space " + id, GroupID: id, Participants: []string{"8613800000001"}})
	}
	plain := httptest.NewServer(service)
	t.Cleanup(plain.Close)
	secure := httptest.NewUnstartedServer(service)
	secure.EnableHTTP2 = true
	secure.StartTLS()
	t.Cleanup(secure.Close)

	credentials := map[string]cams.CredentialsProvider{
		"plain":     cams.StaticCredentials(camstest.AccessKeyID, camstest.AccessKeySecret, ""),
		"temporary": cams.StaticCredentials("sts-key", testSecret, testToken),
		"bearer": providerFunc(func(context.Context) (cams.Credentials, error) {
			return cams.Credentials{BearerToken: "bearer/token+="}, nil
		}),
	}
	for kind, provider := range credentials {
		for signing, signer := range map[string]cams.Signer{"ACS3": cams.ACS3Signer{}, "RPC": cams.RPCSigner{}} {
			for face, option := range map[string][]cams.Option{
				"TCP":    {cams.WithEndpoint(plain.URL)},
				"TLS":    {cams.WithEndpoint(secure.URL), cams.WithHTTPClient(secure.Client())},
				"memory": {cams.WithHTTPClient(&http.Client{Transport: service})},
			} {
				t.Run(kind+"/"+signing+"/"+face, func(t *testing.T) {
					t.Parallel()
					client := clientOf(t, append(option, cams.WithCredentials(provider), cams.WithSigner(signer))...)
					for _, id := range identifiers {
						resp, err := client.ListChatGroupParticipants(t.Context(), &cams.ListChatGroupParticipantsRequest{
							BusinessNumber: testNumber, CustSpaceID: "space " + id, GroupID: id,
							ChannelType: cams.ChannelTypeWhatsApp, Page: &cams.Page{Size: 5, Index: 1},
						})
						require.NoError(t, err, "%q", id)
						assert.Equal(t, []cams.ChatGroupParticipant{{ParticipantNumber: "8613800000001"}}, resp.Data.List)
					}
				})
			}
		}
	}
}

func TestASignerThatSpoilsTheRequestIsAnError(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*http.Request){
		"no URL":    func(req *http.Request) { req.URL = nil },
		"no header": func(req *http.Request) { req.Header = nil },
		"nothing":   func(req *http.Request) { *req = http.Request{} },
	} {
		_, client := service(t, cams.WithRetry(cams.NoRetry()), cams.WithSigner(signerFunc(func(req *http.Request, _ cams.SigningInput) error {
			spoil(req)
			return nil
		})))
		resp, err := client.ListChatGroupParticipants(t.Context(), validRequest())
		require.Error(t, err, name)
		assert.Nil(t, resp, name)
		assert.NotContains(t, err.Error(), validRequest().BusinessNumber, name)
	}
}

func TestAnUnknownCertificateIsRefusedOnce(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(camstest.NewServer())
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	defer server.Close()
	client := clientOf(t, cams.WithEndpoint(server.URL), testCredentials())
	_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
	require.ErrorAs(t, err, new(*tls.CertificateVerificationError))
	require.ErrorAs(t, err, new(*url.Error))
	assert.Contains(t, err.Error(), "(1 attempt)", "another attempt would not make it known")
}

func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	var dialled int
	service := camstest.NewServer()
	server := httptest.NewUnstartedServer(service)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			dialled++ // the server's accept loop is one goroutine
		}
	}
	server.Start()
	client := clientOf(t, cams.WithEndpoint(server.URL), testCredentials(), cams.WithRetry(cams.NoRetry()))
	for _, answer := range []camstest.Answer{
		{Body: `{"Code":"OK","Success":true}`}, camstest.Refusal(404, "X", "y"), {Status: 502, Body: "<html>"},
		{Status: 200, Body: strings.Repeat("x", 100_000)}, {Status: 500}, {Status: 204},
	} {
		service.AnswerOnce(answer)
		client.ListChatGroupParticipants(t.Context(), validRequest())
	}
	client.CloseIdleConnections()
	server.Close()
	assert.Equal(t, 1, dialled, "whatever the answer was")
}

func TestACallWithoutAContextOrWithTooLargeAPageIsNotSent(t *testing.T) {
	t.Parallel()
	client, mock := newClient(t)
	if strconv.IntSize == 64 {
		req := validRequest()
		req.Page = &cams.Page{Size: 1, Index: math.MaxInt}
		_, err := client.ListChatGroupParticipants(t.Context(), req)
		assert.EqualError(t, err, "cams: Page.Index is above 2147483647")
	}
	var noContext context.Context
	_, err := client.ListChatGroupParticipants(noContext, validRequest())
	requireInvalidField(t, err, "ctx")
	assert.Zero(t, mock.GetTotalCallCount())
	new(cams.Client).CloseIdleConnections() // no panic
	(*cams.Client)(nil).CloseIdleConnections()
}
