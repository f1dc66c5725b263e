// Package bare is the minimum to compare with: the call with only net/http and encoding/json. It sends the same
// parameters and headers, decodes strictly and never retries. It is written as you would write such a call by
// hand. So it does the least work, but another client may still be faster.
//
// There are two minimums: a client that does not sign (its Authorization is fixed, and so is its nonce), and one
// that signs with crypto/hmac, with a new time and nonce for each call.
package bare

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	action          = "ListChatGroupParticipants"
	version         = "2020-06-06"
	signedHeaders   = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version"
	emptyBodySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	authorization   = "ACS3-HMAC-SHA256 Credential=testid,SignedHeaders=" + signedHeaders + ",Signature=0e49131aa37e4216aa05fad5908a8e09e3f03072c142a7c54a6a766a07c7cfec"
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

// Client is an HTTP client, a URL and an AccessKey pair.
type Client struct {
	http                         *http.Client
	url                          string
	accessKeyID, accessKeySecret string
}

// NewClient returns a client that posts to url, for instance "https://host/". Without a secret it does not sign.
func NewClient(client *http.Client, url, accessKeyID, accessKeySecret string) *Client {
	return &Client{client, url, accessKeyID, accessKeySecret}
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
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"?"+strings.ReplaceAll(query.Encode(), "+", "%20"), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "bare")
	if c.accessKeySecret == "" {
		SetSignature(req.Header)
	} else {
		c.sign(req)
	}

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
	header.Set("X-Acs-Action", action)
	header.Set("X-Acs-Version", version)
	header.Set("X-Acs-Date", "2024-01-02T03:04:05Z")
	header.Set("X-Acs-Signature-Nonce", "3156853299f313e23d1673dc12e1703d")
	header.Set("X-Acs-Content-Sha256", emptyBodySHA256)
	header.Set("Authorization", authorization)
}

// sign sets the same headers with a signature of this request.
func (c *Client) sign(req *http.Request) {
	date, nonce := time.Now().UTC().Format(time.RFC3339), rand.Text()
	req.Header.Set("X-Acs-Action", action)
	req.Header.Set("X-Acs-Version", version)
	req.Header.Set("X-Acs-Date", date)
	req.Header.Set("X-Acs-Signature-Nonce", nonce)
	req.Header.Set("X-Acs-Content-Sha256", emptyBodySHA256)
	canonical := "POST\n/\n" + req.URL.RawQuery + "\nhost:" + req.URL.Host + "\nx-acs-action:" + action +
		"\nx-acs-content-sha256:" + emptyBodySHA256 + "\nx-acs-date:" + date + "\nx-acs-signature-nonce:" + nonce +
		"\nx-acs-version:" + version + "\n\n" + signedHeaders + "\n" + emptyBodySHA256
	hashed := sha256.Sum256([]byte(canonical))
	mac := hmac.New(sha256.New, []byte(c.accessKeySecret))
	io.WriteString(mac, "ACS3-HMAC-SHA256\n"+hex.EncodeToString(hashed[:]))
	req.Header.Set("Authorization", "ACS3-HMAC-SHA256 Credential="+c.accessKeyID+",SignedHeaders="+signedHeaders+
		",Signature="+hex.EncodeToString(mac.Sum(nil)))
}
