package twiliotest

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
)

// logged is a message in either direction, as the list of messages shows it.
type logged struct {
	ID, From, To, Text string
	Media              int
	At                 time.Time
	Direction          string // inbound, outbound-api
	sent               *sent  // of the hub's
}

// messageResource is Twilio's Message.
// https://www.twilio.com/docs/messaging/api/message-resource#message-properties
type messageResource struct {
	SID          string            `json:"sid"`
	AccountSID   string            `json:"account_sid"`
	APIVersion   string            `json:"api_version"`
	Body         string            `json:"body"`
	DateCreated  string            `json:"date_created"`
	DateUpdated  string            `json:"date_updated"`
	DateSent     *string           `json:"date_sent"`
	Direction    string            `json:"direction"`
	ErrorCode    *int              `json:"error_code"`
	ErrorMessage *string           `json:"error_message"`
	From         string            `json:"from"`
	To           string            `json:"to"`
	Service      *string           `json:"messaging_service_sid"`
	NumMedia     string            `json:"num_media"`
	NumSegments  string            `json:"num_segments"`
	Price        *string           `json:"price"`
	PriceUnit    *string           `json:"price_unit"`
	Status       string            `json:"status"`
	URI          string            `json:"uri"`
	Sub          map[string]string `json:"subresource_uris"`
}

// resource is a message as the API shows it; p.Mu is held.
func (p *platform) resource(l *logged, n *number) messageResource {
	at := l.At.UTC().Format(time.RFC1123Z)
	uri := "/2010-04-01/Accounts/" + n.owner.SID + "/Messages/" + l.ID
	out := messageResource{
		SID: l.ID, AccountSID: n.owner.SID, APIVersion: "2010-04-01", Body: l.Text, DateCreated: at, DateUpdated: at, DateSent: &at,
		Direction: l.Direction, From: l.From, To: l.To, NumMedia: strconv.Itoa(l.Media), NumSegments: "1", Status: "received",
		URI: uri + ".json", Sub: map[string]string{"media": uri + "/Media.json"},
	}
	if s := l.sent; s != nil {
		out.Status = s.state()
		if s.Failing != 0 && s.told[failedState(s.Failing)] {
			out.ErrorCode = &s.Failing
		}
	}
	return out
}

// listMessages lists messages, newest first, of one page.
// https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
func (p *platform) listMessages(x *exchange) {
	query := x.r.URL.Query()
	size, err := strconv.Atoi(query.Get("PageSize"))
	if err != nil || size < 1 || size > 1000 {
		size = 50
	}
	since, err := time.Parse(time.DateOnly, query.Get("DateSent>"))
	if query.Has("DateSent>") && err != nil {
		x.refuse(refuse(20001, "DateSent>"))
		return
	}
	p.Mu.Lock()
	list := []messageResource{}
	for _, n := range p.Accounts {
		if n.owner != x.owner {
			continue
		}
		for i := len(n.log) - 1; i >= 0 && len(list) < size; i-- {
			l := n.log[i]
			if (!query.Has("To") || query.Get("To") == l.To) && (!query.Has("From") || query.Get("From") == l.From) && !l.At.Before(since) {
				list = append(list, p.resource(l, n))
			}
		}
	}
	p.Mu.Unlock()
	uri := x.r.URL.RequestURI()
	x.answer(http.StatusOK, map[string]any{
		"messages": list, "page": 0, "page_size": size, "start": 0, "end": max(len(list)-1, 0), "uri": uri, "first_page_uri": uri,
		"next_page_uri": nil, "previous_page_uri": nil,
	})
}

func (p *platform) showMessage(x *exchange, id string) {
	p.Mu.Lock()
	var found *messageResource
	for _, n := range p.Accounts {
		for _, l := range n.log {
			if n.owner == x.owner && l.ID == id {
				m := p.resource(l, n)
				found = &m
			}
		}
	}
	p.Mu.Unlock()
	if found == nil {
		x.refuse(refuse(20404, x.r.URL.Path))
		return
	}
	x.answer(http.StatusOK, found)
}

// showAccount shows the account.
// https://www.twilio.com/docs/iam/api/account
func (p *platform) showAccount(x *exchange) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	created := "Thu, 01 Oct 2026 00:00:00 +0000"
	x.answer(http.StatusOK, map[string]any{
		"sid": x.owner.SID, "owner_account_sid": x.owner.SID, "friendly_name": "Demo brand", "status": x.owner.Status, "type": x.owner.Type,
		"auth_token": "hidden", "date_created": created, "date_updated": created, "uri": "/2010-04-01/Accounts/" + x.owner.SID + ".json",
		"subresource_uris": map[string]string{"messages": "/2010-04-01/Accounts/" + x.owner.SID + "/Messages.json"},
	})
}

type senderResource struct {
	SID        string            `json:"sid"`
	Status     string            `json:"status"`
	SenderID   string            `json:"sender_id"`
	Webhook    senderWebhook     `json:"webhook"`
	Profile    map[string]string `json:"profile"`
	Properties map[string]string `json:"properties"`
	URL        string            `json:"url"`
}

type senderWebhook struct {
	CallbackURL    string  `json:"callback_url"`
	CallbackMethod string  `json:"callback_method"`
	FallbackURL    *string `json:"fallback_url"`
	StatusURL      *string `json:"status_callback_url"`
}

// listSenders lists the account's WhatsApp senders. The sandbox is none of them.
// https://www.twilio.com/docs/whatsapp/api/senders
func (p *platform) listSenders(x *exchange) {
	if x.r.URL.Query().Get("Channel") != "whatsapp" {
		x.refuse(refuse(20001, "Channel"))
		return
	}
	p.Mu.Lock()
	list := []senderResource{}
	for _, n := range p.Accounts {
		if n.owner != x.owner || n.isSandbox() || n.ExternalID == sandboxNumber {
			continue
		}
		sid := "XE" + fake.Digits(32, n.ExternalID)
		list = append(list, senderResource{
			SID: sid, Status: n.state, SenderID: "whatsapp:" + n.ExternalID,
			Webhook: senderWebhook{CallbackURL: n.callback, CallbackMethod: http.MethodPost},
			Profile: map[string]string{"name": "Demo " + n.ID}, Properties: map[string]string{"quality_rating": "HIGH"},
			URL: "https://messaging.twilio.com" + sendersPath + "/" + sid,
		})
	}
	p.Mu.Unlock()
	base := "https://messaging.twilio.com" + sendersPath + "?" + url.Values{"PageSize": {"50"}, "Page": {"0"}}.Encode()
	x.answer(http.StatusOK, map[string]any{
		"senders": list,
		"meta": map[string]any{"page": 0, "page_size": 50, "key": "senders", "url": strings.TrimSuffix(base, "?"), "first_page_url": base,
			"next_page_url": nil, "previous_page_url": nil},
	})
}
