package acceptance

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// failingDial is a client with the default transport whose dialer fails.
func failingDial(t *testing.T, failure func(address string) error, opts ...cams.Option) *cams.Client {
	transport := cams.NewTransport()
	transport.DialContext = func(_ context.Context, _, address string) (net.Conn, error) { return nil, failure(address) }
	return clientOf(t, append([]cams.Option{cams.WithHTTPClient(&http.Client{Transport: transport}), testCredentials()}, opts...)...)
}

func noSuchHost(address string) error {
	host, _, _ := net.SplitHostPort(address)
	return &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
}

// oneAttemptWith makes a call that ends after one attempt, with the hint.
func oneAttemptWith(t *testing.T, client *cams.Client, hint string) {
	t.Helper()
	for _, op := range allOperations() {
		_, err := op.call(t.Context(), client)
		require.ErrorAs(t, err, new(*cams.CallError))
		assert.ErrorContains(t, err, hint+" (1 attempt)", op.name)
		assert.NotErrorIs(t, err, cams.ErrOutcomeUnknown, op.name)
		assert.NotContains(t, err.Error(), "\n")
	}
}

func TestARegionWithoutAnEndpointIsNamedWithWhereItCameFrom(t *testing.T) {
	const published = ": its endpoint is unknown; the published one is cams.ap-southeast-1.aliyuncs.com"
	oneAttemptWith(t, failingDial(t, noSuchHost, cams.WithRegion("cn-nowhere")), "check region cn-nowhere (from WithRegion)"+published)
	t.Setenv("ALIBABA_CLOUD_REGION_ID", "cn-elsewhere")
	oneAttemptWith(t, failingDial(t, noSuchHost), "check region cn-elsewhere (from ALIBABA_CLOUD_REGION_ID)"+published)
	t.Setenv("ALIBABA_CLOUD_REGION_ID", "")
	oneAttemptWith(t, failingDial(t, noSuchHost), "check this machine's network and DNS, or set HTTPS_PROXY")
	oneAttemptWith(t, failingDial(t, noSuchHost, cams.WithEndpoint("cams.example.com")), "check WithEndpoint: the host is unknown")
}

func TestANameServerThatFailsIsAskedAgain(t *testing.T) {
	t.Parallel()
	client := failingDial(t, func(string) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "server misbehaving", IsTemporary: true}}
	}, cams.WithRetry(cams.RetryPolicy{BaseDelay: 1}))
	_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
	assert.ErrorContains(t, err, "server misbehaving (3 attempts)")
}

func TestAProxyThatWantsAPasswordIsAskedOnceAndLearnsNothing(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func() *http.Transport{
		"the default transport": cams.NewTransport,
		"a transport of yours":  func() *http.Transport { return &http.Transport{} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := listen(t, func(_ int, conn *net.TCPConn) {
				req, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					return
				}
				assert.Equal(t, "CONNECT cams.ap-southeast-1.aliyuncs.com:443", req.Method+" "+req.RequestURI)
				req.Header.Del("Proxy-Authorization") // which is for it
				for _, private := range append(forbidden(testSecret, testToken, testNumber), "ACS3", "X-Acs") {
					assert.NotContains(t, fmt.Sprint(req.Header), private)
				}
				io.WriteString(conn, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
			})
			transport := make()
			transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: proxy, User: url.UserPassword("user", testSecret)})
			client := clientOf(t, cams.WithHTTPClient(&http.Client{Transport: transport}), testCredentials())
			oneAttemptWith(t, client, "check the user and password of the proxy, for instance in HTTPS_PROXY")
			transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.example:3128"})
			transport.DialContext = func(_ context.Context, _, address string) (net.Conn, error) { return nil, noSuchHost(address) }
			oneAttemptWith(t, client, "check the proxy, for instance in HTTPS_PROXY: its host is unknown")
		})
	}
}

func TestATLSAlertIsTheEnd(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]*tls.Config{
		"too old a version": {MaxVersion: tls.VersionTLS11}, //nolint:gosec // the server is the bad one
		"a client certificate": {
			ClientAuth: tls.RequireAnyClientCert,
			MaxVersion: tls.VersionTLS12, // within the handshake
		},
		"its own failure": {GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return nil, errors.New("no") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewUnstartedServer(camstest.NewServer())
			server.TLS = config
			server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
			server.StartTLS()
			t.Cleanup(server.Close)
			transport := trusting(server)
			oneAttemptWith(t, clientOf(t, cams.WithEndpoint(server.URL), testCredentials(), cams.WithHTTPClient(&http.Client{Transport: transport})),
				"check the endpoint, and proxies that inspect TLS: client and server cannot agree on TLS, or the server demands a client certificate")
		})
	}
}

func TestEachRefusalNamesWhatTheCallerCanChange(t *testing.T) {
	t.Parallel()
	const region = "check the operation's name, the region and the endpoint (the published one is cams.ap-southeast-1.aliyuncs.com"
	for _, test := range []struct{ code, message, hint string }{
		{"Product.Unsubscript", "", "activate Chat App Message Service"},
		{"InvalidAction.NotFound", "", region},
		{"InvalidApi.NotFound", "", region},
		{"NoSuchVersion", "", region},
		{"InvalidProtocol.NeedSsl", "", "check WithEndpoint"},
		{"Throttling.User", "", "make fewer calls at once"},
		{"System.LimitControl", "", "make fewer calls at once"},
		{"NoPermission", "", "the RAM identity needs the action cams:ListChatGroupParticipants"},
		{"Ram.PermissionDeny", "", "the RAM identity needs the action"},
		{"Authentication.NoAuth", "", "the RAM identity needs the action"},
		{"Forbidden.RAM", "", "the RAM identity needs the action"},
		{"InvalidAccessKeyId.Inactive", "", "check the AccessKey ID"},
		{"MissingAccessKeyId", "", "check the credentials"},
		{"SignatureDoesNotMatch", "", "check the AccessKey secret, and proxies that change Host"},
		{"IncompleteSignature", "", "proxy"},
		{"SignatureNonceUsed", "", "proxy"},
		{"InvalidTimeStamp.Expired", "", "check this machine's clock"},
		{"InvalidSecurityToken.MismatchWithAccessKey", "", "get new temporary credentials"},
		{"SecurityTokenExpired", "", "get new temporary credentials"},
		{"ServiceUnavailable", "", "try again later"},
		{"SystemBusy", "", "try again later"},
		{"999999", "", "try again later"},
		{"InternalServerError", "", "try again later"},
		{"ERR-COMMON-001", "", "try again later"},
		{"ERR-OPERATION-MAAP-0060", "", "bind a WhatsApp Business account"},
		{"ERR-OPERATION-MAAP-0065", "", "check BusinessNumber"},
		{"InvalidParameter.PageInvalid", "", "check Page"},
		{"InvalidParameter.ChannelTypeNotSupport", "", "check ChannelType"},
		{"InvalidParameter.PhoneNumberError", "", "check BusinessNumber"},
		{"Unknown.ResourceOwnerId", "", "check WithParameter"},
		{"131204", "", "the group is full"},
		{"ERR-FB-001", "(#131204) Group is at capacity", "the group is full"},
		{"ERR-FB-131215", "", "this one is not eligible for groups"},
		{"131041", "", "check GroupID"},
		{"131208", "", "make fewer calls for this business number"},
		{"ERR-FB-001", "(#131208) Group Rate Limit Hit", "make fewer calls for this business number"},
		{"80007", "", "make fewer calls for this business number"},
		{"ERR-FB-001", "(#130429) Rate limit hit", "make fewer calls for this business number"},
		{"ERR-FB-001", "(#4) API Too Many Calls", "make fewer calls for this business number"},
		{"131000", "", "try again later"},
		{"ERR-FB-001", "(#131016) Service unavailable", "try again later"},
		{"131020", "", "nobody has joined"},
		{"131059", "", "list again from the first page"},
		{"131201", "", "only a part was done: list the members again"},
		{"131202", "", "a number twice"},
		{"131209", "", "check ProfilePictureFile"},
		{"131210", "", "check ProfilePictureFile"},
		{"131213", "", "no such request to join"},
		{"131214", "", "create groups, because of abuse"},
		{"InvalidParameter", "1312040 is no size", ""},
		{"InvalidParameter", "(#1312080) m", ""},
		{"InvalidParameter", "group #4 is unknown", ""},
		{"ERR-4", "", ""},
		{"Brand.New", "m", ""},
	} {
		client, mock := newClient(t)
		answerWith(mock, 400, nil, `{"Code":"`+test.code+`","Message":"`+test.message+`"}`)
		_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
		require.True(t, cams.IsCode(err, test.code), "%v", err)
		if test.hint == "" {
			assert.NotContains(t, err.Error(), " - ", test.code)
			continue
		}
		assert.Contains(t, err.Error(), " - ", test.code)
		assert.Contains(t, err.Error(), test.hint, test.code)
	}
}

func TestTheLogOfARefusalHasWhatASupportTicketNeeds(t *testing.T) {
	t.Parallel()
	client, mock := newClient(t)
	answerWith(mock, 403, nil, `{"Code":"NoPermission","Message":"no","RequestId":"r1","HostId":"cams.ap-southeast-1.aliyuncs.com",
		"Recommend":"https://api.alibabacloud.com/troubleshoot?q=NoPermission",
		"AccessDeniedDetail":{"AuthAction":"cams:X","NoPermissionType":"ImplicitDeny","EncodedDiagnosticMessage":"AQEAAAAAaGh"}}`)
	_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Error("failed", "err", err)
	var record struct{ Err map[string]any }
	require.NoError(t, json.Unmarshal(out.Bytes(), &record))
	assert.Equal(t, map[string]any{
		"operation": "ListChatGroupParticipants", "code": "NoPermission", "message": "no", "status": 403.0, "request_id": "r1",
		"retry_after": 0.0, "attempts": 1.0, "hint": "the RAM identity needs the action cams:X",
		"recommend": "https://api.alibabacloud.com/troubleshoot?q=NoPermission", "host_id": "cams.ap-southeast-1.aliyuncs.com",
		"auth_action": "cams:X", "no_permission_type": "ImplicitDeny", "diagnostic": "AQEAAAAAaGh",
	}, record.Err)
}

func TestALongMessageDoesNotHideTheHint(t *testing.T) {
	t.Parallel()
	client, mock := newClient(t)
	message := strings.TrimSpace(strings.Repeat("the server signed this ", 40))
	answerWith(mock, 400, nil, `{"Code":"SignatureDoesNotMatch","Message":"`+message+`"}`)
	_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
	var refused *cams.APIError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, message, refused.Message, "the field has all of it")
	assert.Contains(t, err.Error(), "... - check the AccessKey secret, and proxies that change Host (status 400")
	assert.Less(t, len(err.Error()), 350)
}

func TestARefusedSignatureDoesNotRepeatTheRequest(t *testing.T) {
	t.Parallel()
	for name, signer := range map[string]cams.Signer{"ACS3": cams.ACS3Signer{}, "RPC": cams.RPCSigner{}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := camstest.NewServer().NewClient(cams.WithSigner(signer), cams.WithRetry(cams.NoRetry()),
				cams.WithCredentials(cams.StaticCredentials(camstest.AccessKeyID, "wrong", "")))
			require.NoError(t, err)
			_, err = client.ListChatGroupParticipants(t.Context(), validRequest())
			var refused *cams.APIError
			require.ErrorAs(t, err, &refused)
			assert.Contains(t, refused.Message, " server string to sign is:", "the field has all of it")
			assert.Regexp(t, `^cams: ListChatGroupParticipants: SignatureDoesNotMatch: Specified signature is not matched with our calculation\. - `+
				`check the AccessKey secret, and proxies that change Host \(status 400, request ID [-0-9A-F]+, 1 attempt\)$`, err.Error())
		})
	}
}

func TestATransportThatAnswersNothingIsNamed(t *testing.T) {
	t.Parallel()
	nothing := transportFunc(func(*http.Request) (*http.Response, error) { return nil, nil })
	client := clientOf(t, testCredentials(), cams.WithRetry(cams.NoRetry()), withTransport(nothing))
	_, err := client.ListChatGroupParticipants(t.Context(), validRequest())
	assert.ErrorContains(t, err, "the transport acceptance.transportFunc returned neither a response nor an error")
}
