// Package bare is the minimum to compare with: the call with only net/http and encoding/json. It sends the same
// parameters and headers. But it does not sign (its Authorization is fixed), makes no nonce, decodes strictly
// and never retries. It is written as you would write such a call by hand. So it does the least work, but
// another client may still be faster.
package bare

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

const (
	emptyBodySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	authorization   = "ACS3-HMAC-SHA256 Credential=testid,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=0e49131aa37e4216aa05fad5908a8e09e3f03072c142a7c54a6a766a07c7cfec"
)

// Request holds the operation's parameters.
type Request struct {
	BusinessNumber, ChannelType, CustSpaceID, GroupID string
	Page                                              Page
}

// Page is sent as JSON.
type Page struct{ Index, Size int }

// Response is the answer, as the API documents it.
type Response struct {
	RequestID          string `json:"RequestId"`
	Code               string
	Message            string
	Success            bool
	AccessDeniedDetail string
	Data               Data
}

// Data is one page of members.
type Data struct {
	Total int
	List  []Participant
}

// Participant is one member.
type Participant struct{ ParticipantNumber string }

// Client is an HTTP client and a URL.
type Client struct {
	http *http.Client
	url  string
}

// NewClient returns a client that posts to url, for instance "https://host/".
func NewClient(client *http.Client, url string) *Client {
	return &Client{http: client, url: url}
}

// ListChatGroupParticipants makes the call.
func (c *Client) ListChatGroupParticipants(ctx context.Context, in Request) (*Response, error) {
	page, err := json.Marshal(in.Page)
	if err != nil {
		return nil, err
	}
	query := url.Values{
		"BusinessNumber": {in.BusinessNumber},
		"ChannelType":    {in.ChannelType},
		"CustSpaceId":    {in.CustSpaceID},
		"GroupId":        {in.GroupID},
		"Page":           {string(page)},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "bare")
	SetSignature(req.Header)

	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	out := &Response{}
	if err := json.Unmarshal(body, out); err != nil {
		return nil, err
	}
	return out, nil
}

// SetSignature sets the headers of a fixed signature.
func SetSignature(header http.Header) {
	header.Set("X-Acs-Action", "ListChatGroupParticipants")
	header.Set("X-Acs-Version", "2020-06-06")
	header.Set("X-Acs-Date", "2024-01-02T03:04:05Z")
	header.Set("X-Acs-Signature-Nonce", "3156853299f313e23d1673dc12e1703d")
	header.Set("X-Acs-Content-Sha256", emptyBodySHA256)
	header.Set("Authorization", authorization)
}
