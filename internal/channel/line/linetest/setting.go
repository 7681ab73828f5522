package linetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
)

// longLived is the life that LINE tells of a long-lived channel access token, in
// seconds: that of its documented example.
const longLived = 3138007490

// verifies answers the two calls that tell about a channel access token, which need no
// authorization; false if it is another call.
// https://developers.line.biz/en/reference/messaging-api/#verify-channel-access-token
// https://developers.line.biz/en/reference/messaging-api/#verify-channel-access-token-v2-1
func (p *platform) verifies(x *exchange) bool {
	var token string
	jws := false
	switch x.r.Method + " " + x.r.URL.Path {
	case "POST /v2/oauth/verify":
		given, err := url.ParseQuery(string(x.body))
		if kind, _, _ := strings.Cut(x.r.Header.Get("Content-Type"), ";"); err != nil || kind != "application/x-www-form-urlencoded" {
			given = nil
		}
		token = given.Get("access_token")
	case "GET /oauth2/v2.1/verify":
		token, jws = x.r.URL.Query().Get("access_token"), true
	default:
		return false
	}
	var owner *account
	for _, a := range p.Accounts {
		if token != "" && a.Secrets["channel_token"] == token {
			owner = a
		}
	}
	p.Mu.Lock()
	f := p.Faults.of(owner)
	p.Mu.Unlock()
	refuse := func(why string) {
		x.answer(http.StatusBadRequest, map[string]string{"error": "invalid_request", "error_description": why})
	}
	switch isJWS := strings.Count(token, ".") == 2; {
	case jws && !isJWS:
		refuse("The access token not JWS")
	case jws && (owner == nil || f.ExpiredToken):
		refuse("The access token expired")
	case isJWS != jws:
		refuse("access_token in invalid format")
	case owner == nil || f.ExpiredToken:
		refuse("access_token invalid")
	default:
		life := longLived
		if f.TokenExpiresIn > 0 {
			life = f.TokenExpiresIn
		}
		x.answer(200, map[string]any{"client_id": "1350031035", "expires_in": life, "scope": "P CM"})
	}
	return true
}

// setEndpoint enters a webhook URL.
// https://developers.line.biz/en/reference/messaging-api/#set-webhook-endpoint-url
func (p *platform) setEndpoint(x *exchange) {
	endpoint, ok := x.endpoint()
	if !ok || endpoint == "" {
		x.refuse(400, "Invalid webhook endpoint URL")
		return
	}
	p.Mu.Lock()
	x.account.Webhook = endpoint
	p.Journal.Record("endpoint", endpointEntry{x.account.ID, x.account.configured, endpoint})
	p.Mu.Unlock()
	x.answer(200, struct{}{})
}

// tellEndpoint tells the webhook URL, and whether "Use webhook" is on.
// https://developers.line.biz/en/reference/messaging-api/#get-webhook-endpoint-information
func (p *platform) tellEndpoint(x *exchange, f faults) {
	p.Mu.Lock()
	endpoint := x.account.Webhook
	p.Mu.Unlock()
	if endpoint == "" {
		x.refuse(404, "Webhook endpoint not found")
		return
	}
	x.answer(200, map[string]any{"endpoint": endpoint, "active": !f.WebhookOff})
}

// testEndpoint sends a webhook without events.
// https://developers.line.biz/en/reference/messaging-api/#test-webhook-endpoint
func (p *platform) testEndpoint(x *exchange) {
	endpoint, ok := x.endpoint()
	if !ok {
		x.refuse(400, "Invalid webhook endpoint URL")
		return
	}
	p.Mu.Lock()
	hook := x.account.signed(fake.JSON(webhook{Destination: x.account.ExternalID, Events: []event{}}))
	p.Mu.Unlock()
	if endpoint != "" {
		hook.URL = endpoint
	}
	if hook.URL == "" {
		x.refuse(404, "Webhook endpoint not found")
		return
	}
	status := p.Courier.Deliver(x.r.Context(), []fake.Webhook{hook})[0]
	reason, detail := "OK", fmt.Sprint(status)
	switch {
	case status == 0:
		reason, detail = "COULD_NOT_CONNECT", "Connection failed: "+hook.URL
	case status != 200:
		reason = "ERROR_STATUS_CODE"
	}
	x.answer(200, map[string]any{"success": status == 200, "timestamp": p.Now().UTC().Format(time.RFC3339Nano),
		"statusCode": status, "reason": reason, "detail": detail})
}

// endpoint reads the URL of a request. LINE takes https only; here the machine
// itself may be reached by http.
func (x *exchange) endpoint() (string, bool) {
	var in struct {
		Endpoint string `json:"endpoint"`
	}
	if len(x.body) > 0 && json.Unmarshal(x.body, &in) != nil {
		return "", false
	}
	if in.Endpoint == "" {
		return "", true
	}
	u, err := url.Parse(in.Endpoint)
	if err != nil || len(in.Endpoint) > 500 || u.Host == "" {
		return "", false
	}
	local := u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost")
	return in.Endpoint, u.Scheme == "https" || local
}
