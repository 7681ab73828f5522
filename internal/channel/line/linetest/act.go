package linetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
)

// extra is what only customers of LINE do, by type:
//
//	location    title, address, latitude, longitude
//	file        name, size
//	video       duration (ms)
//	audio       duration (ms)
//	postback    data, params
//	unsend      message (the id)
//	group_text  group, text, standby
//	verify      (the console's Verify button: a webhook without events)
//	raw         body (any bytes, signed as LINE would)
type extra struct {
	Type      string          `json:"type"`
	Title     string          `json:"title"`
	Address   string          `json:"address"`
	Latitude  float64         `json:"latitude"`
	Longitude float64         `json:"longitude"`
	Name      string          `json:"name"`
	Size      int64           `json:"size"`
	Duration  int64           `json:"duration"`
	Data      string          `json:"data"`
	Params    json.RawMessage `json:"params"`
	Message   string          `json:"message"`
	Group     string          `json:"group"`
	Text      string          `json:"text"`
	Standby   bool            `json:"standby"`
	Body      string          `json:"body"`
}

// Act makes the webhook of a customer's act and delivers it. A repeated delivery
// has the same bytes but for isRedelivery, and so another signature.
func (p *platform) Act(ctx context.Context, a fake.Act) (fake.Delivery, error) {
	hooks, delivery, err := p.compose(a)
	if err != nil {
		return fake.Delivery{}, err
	}
	delivery.URL, delivery.Header, delivery.Body = hooks.first.URL, hooks.first.Header, string(hooks.first.Body)
	delivery.Statuses = []int{}
	if a.Hold {
		return delivery, nil
	}
	list := []fake.Webhook{hooks.first}
	for len(list) < a.Repeat {
		list = append(list, hooks.again)
	}
	delivery.Statuses = p.courier.Deliver(ctx, list)
	delivery.Status = delivery.Statuses[len(delivery.Statuses)-1]

	p.mu.Lock()
	duplicates := p.faults.DuplicateWebhooks
	p.mu.Unlock()
	later := make([]fake.Webhook, duplicates)
	for i := range later {
		later[i] = hooks.again
	}
	p.courier.Later(later)
	return delivery, nil
}

// requests are a webhook's first delivery and the ones after it.
type requests struct{ first, again fake.Webhook }

// compose makes the webhook and notes what LINE would know afterwards.
func (p *platform) compose(a fake.Act) (requests, fake.Delivery, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	acct, err := p.account(a.Account)
	if err != nil {
		return requests{}, fake.Delivery{}, err
	}
	var x extra
	if len(a.Extra) > 0 {
		if err := strict(a.Extra, &x); err != nil {
			return requests{}, fake.Delivery{}, fmt.Errorf("linetest: act: extra: %w", err)
		}
	}
	switch x.Type {
	case "verify":
		hook := acct.signed(encode(webhook{Destination: acct.ExternalID, Events: []event{}}))
		return requests{hook, hook}, fake.Delivery{}, nil
	case "raw":
		p.learn(acct, []byte(x.Body))
		hook := acct.signed([]byte(x.Body))
		return requests{hook, hook}, fake.Delivery{}, nil
	}
	if a.From == "" {
		return requests{}, fake.Delivery{}, errors.New("linetest: act: who is it from?")
	}
	at := p.now()
	if a.At != 0 {
		at = time.UnixMilli(a.At)
	}
	e := event{
		Mode:           "active",
		Timestamp:      at.UnixMilli(),
		Source:         source{Type: "user", UserID: p.userID(a.From)},
		WebhookEventID: a.Event,
	}
	if e.WebhookEventID == "" {
		e.WebhookEventID = eventID(at)
	}
	who := p.customer(acct, e.Source.UserID)
	if err := p.fill(&e, a, x, who); err != nil {
		return requests{}, fake.Delivery{}, err
	}
	if a.Block || a.Follow {
		p.rememberCustomer(acct, e.Source.UserID, who)
	}
	to := e.Source.UserID
	if e.Source.GroupID != "" {
		to = e.Source.GroupID
		p.customer(acct, to)
	}
	var issued *token
	if e.Mode == "active" && e.Type != "unfollow" && e.Type != "unsend" {
		e.ReplyToken = hexToken()
		issued = &token{to: to, event: at, delivered: p.now()}
		acct.tokens[e.ReplyToken] = issued
		p.rememberToken(acct, e.ReplyToken, issued)
	}
	request := func(again bool) fake.Webhook {
		e.DeliveryContext.IsRedelivery = again
		hook := acct.signed(encode(webhook{Destination: acct.ExternalID, Events: []event{e}}))
		hook.Leaving = func() {
			if issued != nil {
				p.mu.Lock()
				defer p.mu.Unlock()
				issued.delivered = p.now()
				p.rememberToken(acct, e.ReplyToken, issued)
			}
		}
		return hook
	}
	delivery := fake.Delivery{Event: e.WebhookEventID}
	if e.Message != nil {
		delivery.Message = e.Message.ID
	}
	return requests{request(false), request(true)}, delivery, nil
}

// learn notes the customers and the reply tokens of a body that the tester wrote, as
// far as it can be read, so that they can be answered; p.mu is held.
func (p *platform) learn(acct *account, body []byte) {
	var w webhook
	_ = json.Unmarshal(body, &w) // a broken body has none
	for _, e := range w.Events {
		to := e.Source.GroupID
		if to == "" {
			to = e.Source.UserID
		}
		p.customer(acct, to)
		if e.ReplyToken != "" {
			learned := &token{to: to, event: time.UnixMilli(e.Timestamp), delivered: p.now()}
			acct.tokens[e.ReplyToken] = learned
			p.rememberToken(acct, e.ReplyToken, learned)
		}
	}
}

// customer finds or makes a customer; p.mu is held.
func (p *platform) customer(a *account, id string) *customer {
	c := a.customers[id]
	if c == nil {
		c = &customer{}
		a.customers[id] = c
		p.rememberCustomer(a, id, c)
	}
	return c
}

// fill sets what the act decides of the event; p.mu is held.
func (p *platform) fill(e *event, a fake.Act, x extra, who *customer) error {
	set := 0
	for _, is := range []bool{a.Text != "", a.Image != "", a.Sticker != "", a.Follow, a.Block, len(a.Extra) > 0} {
		if is {
			set++
		}
	}
	if set != 1 {
		return fmt.Errorf("linetest: act: give exactly one of text, image, sticker, follow, block, extra; there are %d", set)
	}
	if who.blocked && !a.Follow && x.Type != "group_text" {
		return errors.New("linetest: act: the customer has blocked the account; only follow is possible")
	}
	m := &message{ID: a.ID, MarkAsReadToken: quoteToken()}
	if m.ID == "" {
		m.ID = messageID()
	}
	e.Type = "message"
	switch {
	case a.Text != "":
		m.Type, m.Text, m.QuoteToken = "text", a.Text, quoteToken()
	case a.Image != "":
		m.Type, m.QuoteToken, m.ContentProvider = "image", quoteToken(), &contentProvider{Type: "line"}
		if strings.HasPrefix(a.Image, "https://") {
			m.ContentProvider = &contentProvider{Type: "external", OriginalContentURL: a.Image, PreviewImageURL: a.Image}
		}
	case a.Sticker != "":
		m.Type, m.QuoteToken, m.StickerResourceType, m.Keywords = "sticker", quoteToken(), "STATIC", []string{"hello", "hi"}
		m.PackageID, m.StickerID = "446", a.Sticker
		if pack, sticker, ok := strings.Cut(a.Sticker, "/"); ok {
			m.PackageID, m.StickerID = pack, sticker
		}
	case a.Follow:
		e.Type, e.Follow = "follow", &follow{IsUnblocked: who.blocked}
		who.blocked = false
	case a.Block:
		e.Type = "unfollow"
		who.blocked = true
	case x.Type == "location":
		m.Type, m.Title, m.Address, m.Latitude, m.Longitude = "location", x.Title, x.Address, &x.Latitude, &x.Longitude
	case x.Type == "file":
		m.Type, m.FileName, m.FileSize = "file", x.Name, x.Size
	case x.Type == "video":
		m.Type, m.QuoteToken, m.Duration, m.ContentProvider = "video", quoteToken(), x.Duration, &contentProvider{Type: "line"}
	case x.Type == "audio":
		m.Type, m.Duration, m.ContentProvider = "audio", x.Duration, &contentProvider{Type: "line"}
	case x.Type == "group_text" && x.Text != "" && x.Group != "":
		m.Type, m.Text, m.QuoteToken = "text", x.Text, quoteToken()
		e.Source = source{Type: "group", GroupID: p.groupID(x.Group), UserID: e.Source.UserID}
		if x.Standby {
			e.Mode = "standby"
		}
	case x.Type == "postback" && x.Data != "":
		e.Type, e.Postback = "postback", &postback{Data: x.Data, Params: x.Params}
	case x.Type == "unsend" && x.Message != "":
		e.Type, e.Unsend = "unsend", &unsend{MessageID: x.Message}
	default:
		return fmt.Errorf("linetest: act: extra of type %q is unknown or lacks a member", x.Type)
	}
	if e.Type == "message" {
		e.Message = m
	}
	return nil
}
