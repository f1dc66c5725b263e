// Package official makes the call as the official generated SDK does, with the same generic core.
//
// It does not use the generated module itself (github.com/alibabacloud-go/cams-20200606). That module only adds
// models and a method around client.CallApi. Both are here, in the form that the generator writes.
package official

import (
	"net/http"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/aliyun/credentials-go/credentials"
)

// Request mirrors the generated request model.
type Request struct {
	BusinessNumber *string `json:"BusinessNumber,omitempty" xml:"BusinessNumber,omitempty"`
	ChannelType    *string `json:"ChannelType,omitempty" xml:"ChannelType,omitempty"`
	CustSpaceId    *string `json:"CustSpaceId,omitempty" xml:"CustSpaceId,omitempty"`
	GroupId        *string `json:"GroupId,omitempty" xml:"GroupId,omitempty"`
	Page           *Page   `json:"Page,omitempty" xml:"Page,omitempty" type:"Struct"`
}

// Page mirrors the generated model of the Page parameter.
type Page struct {
	Index *int32 `json:"Index,omitempty" xml:"Index,omitempty"`
	Size  *int32 `json:"Size,omitempty" xml:"Size,omitempty"`
}

// shrinkRequest is the request that the generated code sends: Page is a JSON string.
type shrinkRequest struct {
	BusinessNumber *string `json:"BusinessNumber,omitempty" xml:"BusinessNumber,omitempty"`
	ChannelType    *string `json:"ChannelType,omitempty" xml:"ChannelType,omitempty"`
	CustSpaceId    *string `json:"CustSpaceId,omitempty" xml:"CustSpaceId,omitempty"`
	GroupId        *string `json:"GroupId,omitempty" xml:"GroupId,omitempty"`
	PageShrink     *string `json:"Page,omitempty" xml:"Page,omitempty"`
}

// Response mirrors the generated response model.
type Response struct {
	Headers    map[string]*string `json:"headers,omitempty" xml:"headers,omitempty"`
	StatusCode *int32             `json:"statusCode,omitempty" xml:"statusCode,omitempty"`
	Body       *ResponseBody      `json:"body,omitempty" xml:"body,omitempty"`
}

// ResponseBody mirrors the generated model of the answer's body.
type ResponseBody struct {
	AccessDeniedDetail *string           `json:"AccessDeniedDetail,omitempty" xml:"AccessDeniedDetail,omitempty"`
	Code               *string           `json:"Code,omitempty" xml:"Code,omitempty"`
	Data               *ResponseBodyData `json:"Data,omitempty" xml:"Data,omitempty" type:"Struct"`
	Message            *string           `json:"Message,omitempty" xml:"Message,omitempty"`
	RequestId          *string           `json:"RequestId,omitempty" xml:"RequestId,omitempty"`
	Success            *bool             `json:"Success,omitempty" xml:"Success,omitempty"`
}

// ResponseBodyData mirrors the generated model of Data.
type ResponseBodyData struct {
	List  []*ResponseBodyDataList `json:"List,omitempty" xml:"List,omitempty" type:"Repeated"`
	Total *int32                  `json:"Total,omitempty" xml:"Total,omitempty"`
}

// ResponseBodyDataList mirrors the generated model of one member.
type ResponseBodyDataList struct {
	ParticipantNumber *string `json:"ParticipantNumber,omitempty" xml:"ParticipantNumber,omitempty"`
}

// Config says how to reach the service.
type Config struct {
	Protocol   string // "HTTP" or "HTTPS"
	Endpoint   string // host, or host:port
	Credential credentials.Credential
	RPC        bool         // sign with the older RPC signature, in the query
	HTTPClient *http.Client // nil means the core's default
	Attempts   int          // if positive, the runtime options Autoretry and MaxAttempts
}

// Client is the generated SDK's client.
type Client struct {
	core    *openapi.Client
	runtime *dara.RuntimeOptions
}

// NewClient returns a client for cfg.
func NewClient(cfg Config) (*Client, error) {
	config := &openapiutil.Config{
		Protocol:   dara.String(cfg.Protocol),
		Endpoint:   dara.String(cfg.Endpoint),
		Credential: cfg.Credential,
	}
	if cfg.RPC {
		config.SignatureAlgorithm = dara.String("v2")
	}
	if cfg.HTTPClient != nil {
		config.HttpClient = caller{cfg.HTTPClient}
	}
	core, err := openapi.NewClient(config)
	if err != nil {
		return nil, err
	}
	runtime := &dara.RuntimeOptions{}
	if cfg.Attempts > 0 {
		runtime.Autoretry, runtime.MaxAttempts = dara.Bool(true), dara.Int(cfg.Attempts)
	}
	return &Client{core, runtime}, nil
}

// caller passes the core's requests to an http.Client, as the core's own client does.
type caller struct{ client *http.Client }

func (c caller) Call(req *http.Request, _ *http.Transport) (*http.Response, error) {
	return c.client.Do(req)
}

// ListChatGroupParticipants is the generated method.
func (c *Client) ListChatGroupParticipants(in *Request) (*Response, error) {
	return c.Call(NewOpenAPIRequest(in))
}

// NewOpenAPIRequest is the first half of the generated method: it converts the model into the core's request.
func NewOpenAPIRequest(in *Request) *openapiutil.OpenApiRequest {
	request := &shrinkRequest{}
	openapiutil.Convert(in, request)
	if !dara.IsNil(in.Page) {
		request.PageShrink = openapiutil.ArrayToStringWithSpecifiedStyle(in.Page, dara.String("Page"), dara.String("json"))
	}

	query := map[string]any{}
	if !dara.IsNil(request.BusinessNumber) {
		query["BusinessNumber"] = request.BusinessNumber
	}
	if !dara.IsNil(request.ChannelType) {
		query["ChannelType"] = request.ChannelType
	}
	if !dara.IsNil(request.CustSpaceId) {
		query["CustSpaceId"] = request.CustSpaceId
	}
	if !dara.IsNil(request.GroupId) {
		query["GroupId"] = request.GroupId
	}
	if !dara.IsNil(request.PageShrink) {
		query["Page"] = request.PageShrink
	}
	return &openapiutil.OpenApiRequest{Query: openapiutil.Query(query)}
}

// Call is the second half of the generated method: it calls the core and converts the answer into the model.
func (c *Client) Call(req *openapiutil.OpenApiRequest) (*Response, error) {
	body, err := c.CallOperation("ListChatGroupParticipants", req)
	if err != nil {
		return nil, err
	}
	resp := &Response{}
	err = dara.Convert(body, &resp)
	return resp, err
}

// CallOperation calls any operation through the core, as each generated method does.
func (c *Client) CallOperation(action string, req *openapiutil.OpenApiRequest) (map[string]any, error) {
	params := &openapiutil.Params{
		Action:      dara.String(action),
		Version:     dara.String("2020-06-06"),
		Protocol:    dara.String("HTTPS"),
		Pathname:    dara.String("/"),
		Method:      dara.String("POST"),
		AuthType:    dara.String("AK"),
		Style:       dara.String("RPC"),
		ReqBodyType: dara.String("formData"),
		BodyType:    dara.String("json"),
	}
	return c.core.CallApi(params, req, c.runtime)
}
