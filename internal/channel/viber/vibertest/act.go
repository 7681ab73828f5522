package vibertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"omnihub/internal/channel/fake"
)

// made is what an act comes to.
type made struct {
	hook    *fake.Webhook // nil: none
	bot     *bot
	from    string
	event   callback
	message string
}

// Act makes the webhook of an act and delivers it. Events that the webhook is not
// registered for make none. A repeated delivery has the same bytes. The answer to a
// conversation_started is taken as the welcome. The act's Event is not used.
func (p *platform) Act(ctx context.Context, a fake.Act) (fake.Delivery, error) {
	m, err := p.compose(a)
	if err != nil {
		return fake.Delivery{}, err
	}
	delivery := fake.Delivery{Message: m.message, Statuses: []int{}, Header: map[string]string{}}
	if m.event.Token != 0 {
		delivery.Event = tokenText(m.event.Token)
	}
	if m.hook == nil {
		return delivery, nil
	}
	delivery.URL, delivery.Header, delivery.Body = m.hook.URL, m.hook.Header, string(m.hook.Body)
	if a.Hold {
		return delivery, nil
	}
	for range max(a.Repeat, 1) {
		var answer []byte
		delivery.Status, answer = p.Courier.Exchange(ctx, *m.hook)
		delivery.Statuses = append(delivery.Statuses, delivery.Status)
		if m.event.Event != "conversation_started" {
			continue
		}
		delivery.Answer = string(answer)
		if delivery.Status == 200 {
			delivery.Refused = p.welcome(m.bot, m.from, delivery.Event, answer)
		}
	}
	p.Mu.Lock()
	again := make([]fake.Webhook, p.Faults.DuplicateWebhooks)
	if p.Faults.InboundDelivered && m.event.Event == "message" && m.bot.hears("delivered") {
		c := event("delivered", m.event.Token, p.Now())
		c.UserID = m.from
		again = append(again, m.bot.signed(fake.JSON(c)))
	}
	p.Mu.Unlock()
	for i := range again {
		if again[i].Body == nil {
			again[i] = *m.hook
		}
	}
	p.Courier.Later(again)
	return delivery, nil
}

// compose makes the webhook of an act and notes what Viber would know afterwards.
func (p *platform) compose(a fake.Act) (made, error) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	b, err := p.Account(a.Account)
	if err != nil {
		return made{}, err
	}
	var x extra
	if err := p.Extra(a, &x); err != nil {
		return made{}, err
	}
	out := made{bot: b}
	switch x.Type {
	case "taken":
		b.Webhook, b.events = x.URL, nil
		return out, nil
	case "raw":
		p.learn(b, []byte(x.Body))
		return out, p.hook(&out, []byte(x.Body))
	}
	if a.From == "" {
		return made{}, errors.New("vibertest: act: who is it from?")
	}
	at := p.Time(a)
	out.from = p.userID(b, a.From)
	if out.event, err = p.happen(b, out.from, a, x, at); err != nil {
		return made{}, err
	}
	if out.event.Event == "message" {
		out.message = tokenText(out.event.Token)
	}
	if b.Webhook != "" && !b.hears(out.event.Event) {
		return out, nil
	}
	return out, p.hook(&out, fake.JSON(out.event))
}

func (p *platform) hook(m *made, body []byte) error {
	if m.bot.Webhook == "" {
		return errors.New("vibertest: act: the bot has no webhook")
	}
	hook := m.bot.signed(body)
	m.hook = &hook
	return nil
}

// happen lets one act happen; p.Mu is held.
func (p *platform) happen(b *bot, from string, a fake.Act, x extra, at time.Time) (callback, error) {
	set := a.Doings()
	token := newToken()
	if a.ID != "" {
		n, err := strconv.ParseInt(a.ID, 10, 64)
		if err != nil || n <= 0 {
			return callback{}, errors.New("vibertest: act: a message_token is a number of 64 bits")
		}
		token = n
	}
	if x.Type == "" && len(a.Extra) > 0 {
		return callback{}, errors.New("vibertest: act: extra needs a type")
	}
	switch {
	case set != 1:
		return callback{}, fmt.Errorf("vibertest: act: give exactly one of text, image, sticker, follow, block, button, extra; there are %d", set)
	case a.Postback != "":
		return callback{}, errors.New("vibertest: act: Viber has no menu whose buttons no message showed; see button")
	case len(a.FlowAnswer) > 0:
		return callback{}, errors.New("vibertest: act: Viber has no forms")
	case a.Text != "":
		x = extra{Type: "text", Text: a.Text}
	case a.Image != "":
		x = extra{Type: "picture", Link: a.Image}
	case a.Sticker != "":
		x = extra{Type: "sticker", Sticker: a.Sticker}
	case a.Button != "":
		x = extra{Type: "button", Data: a.Button}
	case a.Follow, a.Block:
		return p.subscribe(b, from, a.Follow, token, at)
	}
	switch x.Type {
	case "conversation_started":
		return p.started(b, from, x, token, at), nil
	case "delivered", "seen", "failed":
		return p.status(b, from, x, at)
	case "event":
		c := event(x.Event, token, at)
		c.User = p.person(from)
		return c, nil
	}
	m, err := p.written(b, from, x)
	if err != nil {
		return callback{}, err
	}
	m.Tracking = b.customer(from).Tracking
	p.wrote(b, from)
	c := event("message", token, at)
	c.Sender, c.Message, c.Silent = p.person(from), m, new(bool)
	return c, nil
}

// subscribe lets the customer in or out; p.Mu is held.
func (p *platform) subscribe(b *bot, from string, in bool, token int64, at time.Time) (callback, error) {
	who := b.customer(from)
	if !in && !who.Subscribed {
		return callback{}, errors.New("vibertest: act: the customer is not subscribed")
	}
	who.Subscribed = in
	p.rememberCustomer(b, from)
	if in {
		c := event("subscribed", token, at)
		c.User = p.person(from)
		return c, nil
	}
	c := event("unsubscribed", token, at)
	c.UserID = from
	return c, nil
}

// started opens the conversation, which subscribes nobody; p.Mu is held.
func (p *platform) started(b *bot, from string, x extra, token int64, at time.Time) callback {
	c := event("conversation_started", token, at)
	subscribed := b.customer(from).Subscribed
	p.rememberCustomer(b, from)
	c.Type, c.Context, c.User, c.Subscribed = "open", x.Context, p.person(from), &subscribed
	return c
}

// status tells by hand what became of a message; p.Mu is held.
func (p *platform) status(b *bot, from string, x extra, at time.Time) (callback, error) {
	if x.Message == "" {
		x.Message = b.customer(from).Last
	}
	token, err := strconv.ParseInt(x.Message, 10, 64)
	if err != nil {
		return callback{}, errors.New("vibertest: act: which message? The bot sent none to this customer")
	}
	c := event(x.Type, token, at)
	c.UserID, c.Desc = from, x.Details
	if x.Nobody {
		c.UserID = ""
	}
	return c, nil
}

// tap finds a button that the customer can see, by its ActionBody, without what cannot
// be seen of it, or by its title; p.Mu is held.
func (c *customer) tap(data string) (shown, bool) {
	visible := func(text string) string {
		return strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Cf, r) {
				return -1
			}
			return r
		}, text)
	}
	for _, same := range []func(shown) bool{
		func(s shown) bool { return s.Body == data },
		func(s shown) bool { return visible(s.Body) == visible(data) },
		func(s shown) bool { return s.Text == data },
	} {
		for _, list := range [][]shown{c.Keyboard, c.Carousels} {
			for i := len(list) - 1; i >= 0; i-- {
				if same(list[i]) {
					return list[i], true
				}
			}
		}
	}
	return shown{}, false
}

// learn notes the customer of a body that the tester wrote, as far as it can be read,
// so that he can be answered; p.Mu is held.
func (p *platform) learn(b *bot, body []byte) {
	var c callback
	_ = json.Unmarshal(body, &c) // what cannot be read has none
	switch {
	case c.Event == "message" && c.Sender != nil && userForm.MatchString(c.Sender.ID):
		p.wrote(b, c.Sender.ID)
	case c.Event == "subscribed" && c.User != nil && userForm.MatchString(c.User.ID):
		b.customer(c.User.ID).Subscribed = true
		p.rememberCustomer(b, c.User.ID)
	case c.Event == "unsubscribed" && b.customers[c.UserID] != nil:
		b.customers[c.UserID].Subscribed = false
		p.rememberCustomer(b, c.UserID)
	}
}
