package linetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"omnihub/internal/channel/fake"
)

// Act makes the webhook of a customer's act and delivers it. A repeated delivery
// has the same bytes but for isRedelivery, and so another signature.
func (p *platform) Act(ctx context.Context, a fake.Act) (fake.Delivery, error) {
	hooks, delivery, err := p.compose(a)
	if err != nil {
		return fake.Delivery{}, err
	}
	return p.Deliver(ctx, a, delivery, &hooks.first, &hooks.again), nil
}

// requests are a webhook's first delivery and the ones after it.
type requests struct{ first, again fake.Webhook }

// compose makes the webhook and notes what LINE would know afterwards.
func (p *platform) compose(a fake.Act) (requests, fake.Delivery, error) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	acct, err := p.Account(a.Account)
	if err != nil {
		return requests{}, fake.Delivery{}, err
	}
	var x extra
	if err := p.Extra(a, &x); err != nil {
		return requests{}, fake.Delivery{}, err
	}
	switch x.Type {
	case "verify":
		hook := acct.signed(fake.JSON(webhook{Destination: acct.ExternalID, Events: []event{}}))
		return requests{hook, hook}, fake.Delivery{}, nil
	case "raw":
		p.learn(acct, []byte(x.Body))
		hook := acct.signed([]byte(x.Body))
		return requests{hook, hook}, fake.Delivery{}, nil
	}
	at := p.Time(a)
	e := event{Mode: "active", Timestamp: at.UnixMilli(), WebhookEventID: a.Event}
	if e.WebhookEventID == "" {
		e.WebhookEventID = eventID(at)
	}
	if x.Standby {
		e.Mode = "standby"
	}
	if err := p.source(&e, acct, a, x); err != nil {
		return requests{}, fake.Delivery{}, err
	}
	if err := p.fill(&e, acct, a, x); err != nil {
		return requests{}, fake.Delivery{}, err
	}
	p.remember(&e, acct, x)
	var issued *token
	if e.Mode == "active" && answerable(&e) {
		e.ReplyToken = hexToken()
		issued = &token{to: e.chat(), event: at, delivered: p.Now()}
		acct.tokens[e.ReplyToken] = issued
		p.rememberToken(acct, e.ReplyToken, issued)
	}
	request := func(again bool) fake.Webhook {
		e.DeliveryContext.IsRedelivery = again
		hook := acct.signed(fake.JSON(webhook{Destination: acct.ExternalID, Events: []event{e}}))
		hook.Leaving = func() {
			if issued != nil {
				p.Mu.Lock()
				defer p.Mu.Unlock()
				issued.delivered = p.Now()
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

// source sets whom the event comes from; p.Mu is held.
func (p *platform) source(e *event, acct *account, a fake.Act, x extra) error {
	group := ""
	if x.Group != "" {
		group = p.groupID(x.Group)
	}
	switch {
	case x.Type == "account_link" && x.Result == "failed":
		return nil
	case x.ofGroup():
		if group == "" {
			return fmt.Errorf("linetest: act: extra of type %q needs a group", x.Type)
		}
		e.Source = &source{Type: "group", GroupID: group}
		p.customer(acct, group)
		return nil
	case a.From == "":
		return errors.New("linetest: act: who is it from?")
	}
	e.Source = &source{Type: "user", UserID: p.userID(a.From)}
	who := p.customer(acct, e.Source.UserID)
	if group != "" {
		e.Source.Type, e.Source.GroupID = "group", group
		if p.customer(acct, group).Blocked {
			return errors.New("linetest: act: the account is not in the group; only join is possible")
		}
		return nil
	}
	if who.Blocked && !a.Follow {
		return errors.New("linetest: act: the customer has blocked the account; only follow is possible")
	}
	return nil
}

// answerable reports whether LINE gives a reply token with the event.
func answerable(e *event) bool {
	switch e.Type {
	case "unfollow", "unsend", "leave", "memberLeft":
		return false
	}
	return e.Source != nil
}

// remember notes what LINE knows of the customers after the event; p.Mu is held.
func (p *platform) remember(e *event, acct *account, x extra) {
	if e.Source == nil {
		return
	}
	chat := acct.customers[e.chat()]
	seen := func(id string, in bool) {
		if chat.Members == nil {
			chat.Members = map[string]bool{}
		}
		p.customer(acct, id)
		if chat.Members[id] = true; !in {
			delete(chat.Members, id)
		}
	}
	switch e.Type {
	case "follow":
		chat.Blocked, chat.Stranger = false, false
	case "unfollow", "leave":
		chat.Blocked = true
	case "join":
		chat.Blocked = false
	case "memberJoined":
		seen(e.Joined.Members[0].UserID, true)
	case "memberLeft":
		seen(e.Left.Members[0].UserID, false)
	}
	switch {
	case e.Source.GroupID != "" && e.Source.UserID != "":
		seen(e.Source.UserID, true)
	case e.Source.GroupID == "":
		chat.Stranger = chat.Stranger || x.Stranger && chat.Unmet
		if chat.Unmet = false; e.Type == "message" {
			chat.Wrote = p.Now()
		}
	}
	p.rememberCustomer(acct, e.chat())
}

// learn notes the customers and the reply tokens of a body that the tester wrote, as
// far as it can be read, so that they can be answered; p.Mu is held.
func (p *platform) learn(acct *account, body []byte) {
	var w webhook
	_ = json.Unmarshal(body, &w) // a broken body has none
	for _, e := range w.Events {
		to := e.chat()
		if to == "" {
			continue
		}
		p.customer(acct, to).Unmet = false
		p.rememberCustomer(acct, to)
		if e.ReplyToken != "" {
			learned := &token{to: to, event: time.UnixMilli(e.Timestamp), delivered: p.Now()}
			acct.tokens[e.ReplyToken] = learned
			p.rememberToken(acct, e.ReplyToken, learned)
		}
	}
}
