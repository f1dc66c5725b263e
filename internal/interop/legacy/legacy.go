// Package legacy makes the call with the legacy SDK's CommonRequest. Its users need that for an operation that
// has no types in the SDK.
package legacy

import (
	"encoding/json"
	"net/http"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
)

// Request holds the operation's parameters; Page is the JSON text that is sent.
type Request struct {
	BusinessNumber, ChannelType, CustSpaceID, GroupID, Page string
}

// Response is what a careful user of CommonRequest decodes the body into.
type Response struct {
	RequestID string `json:"RequestId"`
	Code      string `json:"Code"`
	Message   string `json:"Message"`
	Success   bool   `json:"Success"`
	Data      struct {
		Total int `json:"Total"`
		List  []struct {
			ParticipantNumber string `json:"ParticipantNumber"`
		} `json:"List"`
	} `json:"Data"`
}

// Client is the legacy SDK's client and its target.
type Client struct {
	sdk            *sdk.Client
	scheme, domain string
}

// NewClient returns a client for scheme://domain. If transport is nil, it uses the SDK's default. It repeats up to
// retries times, with AutoRetry.
func NewClient(scheme, domain, accessKeyID, accessKeySecret string, transport http.RoundTripper, retries int) (*Client, error) {
	config := sdk.NewConfig()
	if retries > 0 {
		config.WithAutoRetry(true).WithMaxRetryTime(retries)
	}
	config.Transport = transport
	client, err := sdk.NewClientWithOptions("ap-southeast-1", config,
		credentials.NewAccessKeyCredential(accessKeyID, accessKeySecret))
	if err != nil {
		return nil, err
	}
	return &Client{sdk: client, scheme: scheme, domain: domain}, nil
}

// ListChatGroupParticipants makes the call.
func (c *Client) ListChatGroupParticipants(in Request) (*Response, error) {
	req := requests.NewCommonRequest()
	req.Method = requests.POST
	req.Scheme = c.scheme
	req.Domain = c.domain
	req.Version = "2020-06-06"
	req.ApiName = "ListChatGroupParticipants"
	req.QueryParams["BusinessNumber"] = in.BusinessNumber
	req.QueryParams["ChannelType"] = in.ChannelType
	req.QueryParams["CustSpaceId"] = in.CustSpaceID
	req.QueryParams["GroupId"] = in.GroupID
	req.QueryParams["Page"] = in.Page

	answer, err := c.sdk.ProcessCommonRequest(req)
	if err != nil {
		return nil, err
	}
	resp := &Response{}
	return resp, json.Unmarshal(answer.GetHttpContentBytes(), resp)
}
