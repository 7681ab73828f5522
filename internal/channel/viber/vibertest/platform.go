// Package vibertest is a fake Viber: it takes the calls of bots, refuses what Viber
// refuses, signs and delivers the webhooks of customers' acts and of what becomes of
// the sends, and takes the welcome out of the answer to a webhook. It is written from
// Viber's documents alone and shares no code with package viber.
//
// https://developers.viber.com/docs/api/rest-bot-api/
package vibertest

import (
	"slices"

	"omnihub/internal/channel/fake"
)

const kind = "viber"

// platform is Viber, as far as the accounts of its Config are concerned.
type platform struct {
	*fake.Core[*bot, faults]
	names map[string]string // a customer's id → what the tester calls it; guarded by Mu
}

// bot is a bot account. Its webhook is the one that was entered last.
type bot struct {
	fake.Account
	events    []string // those that the webhook is registered for; nil = all
	customers map[string]*customer
	sent      map[string]*sent       // the hub's messages, by token
	welcomed  map[string]bool        // conversation_started events that had their welcome
	asked     map[string]fake.Recent // when a customer's details were told
}

// customer is what a bot and a person have had with each other. Its members are
// recorded as they are.
type customer struct {
	Subscribed bool
	Tracking   string      // tracking_data of the last message that the customer got
	Keyboard   []shown     // what can be tapped below the chat
	Carousels  []shown     // and in it
	Unanswered fake.Recent // sends since the customer last wrote
	Last       string      // the token of the last message that the customer got
}

// shown is a button that bears a text.
type shown struct{ Text, Body string }

// maxShown is how many buttons of carousels a chat remembers.
const maxShown = 200

// New makes a fake Viber. An account's secret is auth_token; its ExternalID is the
// bot's id.
func New(c fake.Config) fake.Platform {
	p := &platform{names: map[string]string{}}
	p.Core = fake.NewCore[faults](kind, c, func(a fake.Account) *bot {
		return &bot{
			Account:   a,
			customers: map[string]*customer{},
			sent:      map[string]*sent{},
			welcomed:  map[string]bool{},
			asked:     map[string]fake.Recent{},
		}
	})
	p.recall()
	return p
}

// customer finds or makes a customer; p.Mu is held.
func (b *bot) customer(id string) *customer { return fake.Entry(b.customers, id) }

// wrote notes that a customer wrote: that subscribes, and answers what was sent;
// p.Mu is held.
func (p *platform) wrote(b *bot, id string) {
	c := b.customer(id)
	c.Subscribed, c.Unanswered = true, nil
	p.rememberCustomer(b, id)
}

// got notes a message that the customer got; p.Mu is held.
func (p *platform) got(b *bot, id, token string, m *message) {
	c := b.customer(id)
	c.Tracking, c.Last = m.tracking, token
	c.Keyboard = m.keyboard
	c.Carousels = fake.Newest(append(c.Carousels, m.carousel...), maxShown)
	p.rememberCustomer(b, id)
}

// hears reports whether the bot's webhook gets events of a type; p.Mu is held.
func (b *bot) hears(event string) bool {
	switch {
	case b.Webhook == "":
		return false
	case b.events == nil || slices.Contains(always, event):
		return true
	}
	return slices.Contains(b.events, event)
}
