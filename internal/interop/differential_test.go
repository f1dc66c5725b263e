package interop

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"strconv"
	"testing"
	"time"
	"unicode/utf8"

	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/cams-go/cams"
	"github.com/cams-go/cams/internal/interop/official"
	"github.com/stretchr/testify/require"
)

// The random requests are the same in every run. Change the seed to get others.
const (
	seed   = 20200606
	trials = 10_000 // of each signature
)

// trial is one call that both clients make.
type trial struct {
	request     cams.ListChatGroupParticipantsRequest
	credentials cams.Credentials
	time        time.Time
	nonce       string

	// For another operation, instead of request: the core's parameters, and our call.
	operation string
	query     map[string]*string
	call      func(*cams.Client) error
}

func TestRequestsAreTheOfficialCores(t *testing.T) {
	signatures := []struct {
		name   string
		signer cams.Signer
		rpc    bool
	}{
		{"ACS3-HMAC-SHA256", cams.ACS3Signer{}, false},
		{"RPC HMAC-SHA1", cams.RPCSigner{}, true},
	}
	for _, s := range signatures {
		t.Run(s.name, func(t *testing.T) {
			t.Logf("%d random requests, seed %d", trials, seed)
			rng := rand.New(rand.NewPCG(seed, 0))
			for i := range trials {
				trial := randomTrial(rng, i)
				theirs := officialWire(t, trial, s.rpc)
				ours := ourWire(t, trial, s.signer)
				if !reflect.DeepEqual(theirs, ours) {
					require.Equal(t, theirs, ours, "request %d of seed %d: %+q", i, seed, trial.request)
				}
			}
		})
	}
}

// The generated SDK converts a text to JSON and back before the core signs it. That replaces bytes that are
// not UTF-8. cams sends the bytes that it was given. Both signatures are correct; only such texts differ.
func TestTheGeneratedSDKReplacesInvalidUTF8(t *testing.T) {
	const bad = "group\xff"
	trial := randomTrial(rand.New(rand.NewPCG(seed, 0)), 0)
	trial.request.GroupID = bad

	generated := official.NewOpenAPIRequest(officialRequest(&trial.request))
	require.Equal(t, "group\uFFFD", *generated.Query["GroupId"])
	require.Equal(t, bad, ourWire(t, trial, cams.ACS3Signer{}).Params.Get("GroupId"))
}

func officialWire(t *testing.T, tr trial, rpc bool) wire {
	t.Helper()
	c := tr.credentials
	credential := official.AccessKey(c.AccessKeyID, c.AccessKeySecret, c.SecurityToken)
	if c.BearerToken != "" {
		credential = official.Bearer(c.BearerToken)
	}
	seen := &capture{}
	client, err := official.NewClient(official.Config{
		Protocol: "HTTPS", Endpoint: host, Credential: credential, RPC: rpc,
		HTTPClient: &http.Client{Transport: seen},
	})
	require.NoError(t, err)
	if tr.operation == "" {
		tr.operation, tr.query = "ListChatGroupParticipants", officialOpenAPIRequest(&tr.request).Query
	}
	req := &openapiutil.OpenApiRequest{Query: tr.query}
	stamp := tr.time.UTC().Format("2006-01-02T15:04:05Z")
	if rpc {
		req.Query["Timestamp"], req.Query["SignatureNonce"] = &stamp, &tr.nonce
	} else {
		req.Headers = map[string]*string{"x-acs-date": &stamp, "x-acs-signature-nonce": &tr.nonce}
	}
	_, err = client.CallOperation(tr.operation, req)
	require.NoError(t, err)
	return wireOf(t, seen.last)
}

func ourWire(t *testing.T, tr trial, signer cams.Signer) wire {
	t.Helper()
	seen := &capture{}
	client, err := cams.NewClient(
		cams.WithEndpoint(host),
		cams.WithCredentials(provider(tr.credentials)),
		cams.WithHTTPClient(&http.Client{Transport: seen}),
		cams.WithSigner(fixed{signer, tr.time, tr.nonce}),
	)
	require.NoError(t, err)
	if tr.call == nil {
		tr.call = func(c *cams.Client) error {
			_, err := c.ListChatGroupParticipants(context.Background(), &tr.request)
			return err
		}
	}
	require.NoError(t, tr.call(client), "%+q", tr.request)
	return wireOf(t, seen.last)
}

// officialRequest converts our request into the generated model.
func officialRequest(r *cams.ListChatGroupParticipantsRequest) *official.Request {
	out := &official.Request{BusinessNumber: &r.BusinessNumber, CustSpaceId: &r.CustSpaceID, GroupId: &r.GroupID}
	if r.ChannelType != "" {
		channel := string(r.ChannelType)
		out.ChannelType = &channel
	}
	if r.Page != nil {
		index, size := int32(r.Page.Index), int32(r.Page.Size)
		out.Page = &official.Page{Index: &index, Size: &size}
	}
	return out
}

// officialOpenAPIRequest converts our request into what the core gets. It restores the bytes that the
// generated SDK replaces, so that the core signs the same text as cams.
func officialOpenAPIRequest(r *cams.ListChatGroupParticipantsRequest) *openapiutil.OpenApiRequest {
	in := officialRequest(r)
	out := official.NewOpenAPIRequest(in)
	for name, value := range map[string]*string{
		"BusinessNumber": in.BusinessNumber, "ChannelType": in.ChannelType,
		"CustSpaceId": in.CustSpaceId, "GroupId": in.GroupId,
	} {
		if value != nil && !utf8.ValidString(*value) {
			out.Query[name] = value
		}
	}
	return out
}

func randomTrial(rng *rand.Rand, i int) trial {
	tr := trial{
		request: cams.ListChatGroupParticipantsRequest{
			BusinessNumber: randomNumber(rng),
			GroupID:        randomText(rng),
			CustSpaceID:    randomText(rng),
		},
		time:  time.Unix(rng.Int64N(1<<32), rng.Int64N(1e9)),
		nonce: fmt.Sprintf("%016x%016x", rng.Uint64(), rng.Uint64()),
	}
	switch rng.IntN(3) {
	case 0:
		tr.request.ChannelType = cams.ChannelTypeWhatsApp
	case 1:
		tr.request.ChannelType = cams.ChannelType(randomText(rng))
	}
	if rng.IntN(2) == 0 {
		tr.request.Page = &cams.Page{Size: 1 + rng.IntN(1<<31-1), Index: 1 + rng.IntN(1<<31-1)}
	}
	switch i % 3 {
	case 0:
		tr.credentials = cams.Credentials{AccessKeyID: randomSecret(rng), AccessKeySecret: randomSecret(rng)}
	case 1:
		tr.credentials = cams.Credentials{AccessKeyID: randomSecret(rng), AccessKeySecret: randomSecret(rng), SecurityToken: randomSecret(rng)}
	case 2:
		tr.credentials = cams.Credentials{BearerToken: randomSecret(rng)}
	}
	return tr
}

var alphabets = [][]rune{
	[]rune("+*~/&=% ?#;:@!$'(),[]<>|\\^`{}\"-_."),
	[]rune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
	[]rune("中文群组成员测试繁體"),
	[]rune("ßéñøÅπλЖщאבعربहिंदीไทย한국어ひらカナ"),
	[]rune("🙂👩‍👩‍👧‍👦🇸🇬✅🏳️‍🌈𝔘"),
	[]rune("\x00\t\n\r\x1b\x7f\u0085\u00a0\u2028\u2029\ufeff\ufffd"),
}

// randomText returns 1 to 32 characters of one script or of all scripts, or bytes that may not be UTF-8.
func randomText(rng *rand.Rand) string {
	out := make([]rune, 1+rng.IntN(32))
	switch kind := rng.IntN(len(alphabets) + 2); {
	case kind < len(alphabets):
		for i := range out {
			out[i] = alphabets[kind][rng.IntN(len(alphabets[kind]))]
		}
		return string(out)
	case kind == len(alphabets):
		for i := range out {
			script := alphabets[rng.IntN(len(alphabets))]
			out[i] = script[rng.IntN(len(script))]
		}
		return string(out)
	default:
		raw := make([]byte, len(out))
		for i := range raw {
			raw[i] = byte(rng.Uint32())
		}
		return string(raw)
	}
}

// randomNumber returns digits, because cams refuses anything else as a phone number.
func randomNumber(rng *rand.Rand) string { return strconv.FormatUint(rng.Uint64(), 10) }

// randomSecret returns printable ASCII without quotes, because cams refuses anything
// else in credentials.
func randomSecret(rng *rand.Rand) string {
	raw := []byte(randomText(rng))
	for i, c := range raw {
		if c <= ' ' || c > '~' || c == '"' || c == '\'' || c == '`' {
			raw[i] = '~'
		}
	}
	return string(raw)
}
