package interop

import (
	"context"
	"net/http"
	"strings"

	"github.com/alibabacloud-go/tea/tea"
	"github.com/aliyun/credentials-go/credentials"
	"github.com/cams-go/cams"
	"github.com/cams-go/cams/internal/interop/bare"
	"github.com/cams-go/cams/internal/interop/legacy"
	"github.com/cams-go/cams/internal/interop/official"
)

const (
	accessKeyID     = "testid"
	accessKeySecret = "testsecret"
	goroutines      = 64
)

// target says where a client sends its calls. If transport is nil, the client uses its default one.
type target struct {
	scheme, host string
	transport    http.RoundTripper
}

// call makes one call and returns the number of members in the answer.
type call func() (int, error)

// peers are the compared clients, the two minimums first. All send the same parameters.
var peers = []struct {
	name string
	dial func(target) (call, error)
}{
	{"bare", dialBare},
	{"signed", dialSigned},
	{"cams", dialCams},
	{"official", dialOfficial},
	{"legacy", dialLegacy},
}

func dialCams(to target) (call, error) { return dialCamsWith(to) }

func dialCamsWith(to target, opts ...cams.Option) (call, error) {
	opts = append(opts,
		cams.WithEndpoint(to.scheme+"://"+to.host),
		cams.WithCredentials(cams.StaticCredentials(accessKeyID, accessKeySecret, "")),
	)
	if to.transport != nil {
		opts = append(opts, cams.WithHTTPClient(&http.Client{Transport: to.transport}))
	}
	client, err := cams.NewClient(opts...)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	return func() (int, error) {
		resp, err := client.ListChatGroupParticipants(ctx, &cams.ListChatGroupParticipantsRequest{
			BusinessNumber: "8613800000000",
			ChannelType:    cams.ChannelTypeWhatsApp,
			GroupID:        "EA939xyz",
			CustSpaceID:    "cams-k001",
			Page:           &cams.Page{Index: 1, Size: 20},
		})
		if err != nil {
			return 0, err
		}
		return len(resp.Data.List), nil
	}, nil
}

// dialUnsigned makes a client that sends a fixed signature, as bare does.
func dialUnsigned(to target) (call, error) { return dialCamsWith(to, cams.WithSigner(unsigned{})) }

type unsigned struct{}

func (unsigned) Sign(req *http.Request, _ cams.SigningInput) error {
	bare.SetSignature(req.Header)
	return nil
}

func dialBare(to target) (call, error) { return dialBareWith(to, "") }

func dialSigned(to target) (call, error) { return dialBareWith(to, accessKeySecret) }

func dialBareWith(to target, secret string) (call, error) {
	if to.transport == nil {
		// With the default of two idle connections for a host, bare would dial again and again.
		to.transport = &http.Transport{MaxIdleConnsPerHost: goroutines}
	}
	client := bare.NewClient(&http.Client{Transport: to.transport}, to.scheme+"://"+to.host+"/", accessKeyID, secret)
	ctx := context.Background()
	return func() (int, error) {
		resp, err := client.ListChatGroupParticipants(ctx, bare.Request{
			BusinessNumber: "8613800000000",
			ChannelType:    "WHATSAPP",
			GroupID:        "EA939xyz",
			CustSpaceID:    "cams-k001",
			Page:           bare.Page{Index: 1, Size: 20},
		})
		if err != nil {
			return 0, err
		}
		return len(resp.Data.List), nil
	}, nil
}

func dialOfficial(to target) (call, error) { return dialOfficialWith(to, 0) }

func dialOfficialWith(to target, attempts int) (call, error) {
	credential, err := credentials.NewCredential(&credentials.Config{
		Type:            tea.String("access_key"),
		AccessKeyId:     tea.String(accessKeyID),
		AccessKeySecret: tea.String(accessKeySecret),
	})
	if err != nil {
		return nil, err
	}
	config := official.Config{Protocol: strings.ToUpper(to.scheme), Endpoint: to.host, Credential: credential, Attempts: attempts}
	if to.transport != nil {
		config.HTTPClient = &http.Client{Transport: to.transport}
	}
	client, err := official.NewClient(config)
	if err != nil {
		return nil, err
	}
	return func() (int, error) {
		resp, err := client.ListChatGroupParticipants(&official.Request{
			BusinessNumber: tea.String("8613800000000"),
			ChannelType:    tea.String("WHATSAPP"),
			GroupId:        tea.String("EA939xyz"),
			CustSpaceId:    tea.String("cams-k001"),
			Page:           &official.Page{Index: tea.Int32(1), Size: tea.Int32(20)},
		})
		if err != nil {
			return 0, err
		}
		return len(resp.Body.Data.List), nil
	}, nil
}

func dialLegacy(to target) (call, error) { return dialLegacyWith(to, 0) }

func dialLegacyWith(to target, retries int) (call, error) {
	client, err := legacy.NewClient(to.scheme, to.host, accessKeyID, accessKeySecret, to.transport, retries)
	if err != nil {
		return nil, err
	}
	return func() (int, error) {
		resp, err := client.ListChatGroupParticipants(legacy.Request{
			BusinessNumber: "8613800000000",
			ChannelType:    "WHATSAPP",
			GroupID:        "EA939xyz",
			CustSpaceID:    "cams-k001",
			Page:           `{"Index":1,"Size":20}`,
		})
		if err != nil {
			return 0, err
		}
		return len(resp.Data.List), nil
	}, nil
}
