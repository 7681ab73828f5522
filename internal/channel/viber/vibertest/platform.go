// Package vibertest is a fake Viber: it takes the calls of bots, refuses what Viber
// refuses, signs and delivers the webhooks of customers' acts and of what becomes of
// the sends, and takes the welcome out of the answer to a webhook. It is written from
// Viber's documents alone and shares no code with package viber.
//
// https://developers.viber.com/docs/api/rest-bot-api/
package vibertest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"omnihub/internal/channel/fake"
)

const kind = "viber"

// platform is Viber, as far as the accounts of its Config are concerned.
type platform struct {
	now     func() time.Time
	ledger  *fake.Ledger
	courier fake.Courier
	journal *fake.Journal
	waiting atomic.Int64 // callbacks about sends that are still to be told

	mu     sync.Mutex
	bots   []*bot
	names  map[string]string // a customer's id → what the tester calls it
	faults faults
	dice   *fake.Dice
}

// bot is a bot account. Its webhook is the one that was entered last.
type bot struct {
	fake.Account
	events    []string // those that the webhook is registered for; nil = all
	customers map[string]*customer
	sent      map[string]*sent       // the hub's messages, by token
	welcomed  map[string]bool        // conversation_started events that had their welcome
	asked     map[string][]time.Time // when a customer's details were told
}

// customer is what a bot and a person have had with each other. Its members are
// recorded as they are.
type customer struct {
	Subscribed bool
	Tracking   string      // tracking_data of the last message that the customer got
	Keyboard   []shown     // what can be tapped below the chat
	Carousels  []shown     // and in it
	Unanswered []time.Time // sends since the customer last wrote
	Last       string      // the token of the last message that the customer got
}

// shown is a button that bears a text.
type shown struct{ Text, Body string }

// maxShown is how many buttons of carousels a chat remembers.
const maxShown = 200

// New makes a fake Viber. An account's secret is auth_token; its ExternalID is the
// bot's id.
func New(c fake.Config) fake.Platform {
	p := &platform{
		now:     c.Now,
		ledger:  c.Ledger,
		courier: fake.Courier{Client: c.Client},
		journal: c.Journal,
		names:   map[string]string{},
		dice:    &fake.Dice{},
	}
	if p.now == nil {
		p.now = time.Now
	}
	if p.ledger == nil {
		p.ledger = fake.NewLedger()
	}
	for _, a := range c.Accounts {
		p.bots = append(p.bots, &bot{
			Account:   a,
			customers: map[string]*customer{},
			sent:      map[string]*sent{},
			welcomed:  map[string]bool{},
			asked:     map[string][]time.Time{},
		})
	}
	p.recall()
	return p
}

// Pending counts the webhooks that are still to be delivered.
func (p *platform) Pending() int { return p.courier.Pending() + int(p.waiting.Load()) }

// bot finds an account by either of its names, or the first; p.mu is held.
func (p *platform) bot(name string) (*bot, error) {
	if name == "" && len(p.bots) > 0 {
		return p.bots[0], nil
	}
	for _, b := range p.bots {
		if name != "" && (b.ID == name || b.ExternalID == name) {
			return b, nil
		}
	}
	return nil, fmt.Errorf("vibertest: act: no account %q", name)
}

// customer finds or makes a customer; p.mu is held.
func (p *platform) customer(b *bot, id string) *customer {
	c := b.customers[id]
	if c == nil {
		c = &customer{}
		b.customers[id] = c
	}
	return c
}

// wrote notes that a customer wrote: that subscribes, and answers what was sent;
// p.mu is held.
func (p *platform) wrote(b *bot, id string) {
	c := p.customer(b, id)
	c.Subscribed, c.Unanswered = true, nil
	p.rememberCustomer(b, id)
}

// got notes a message that the customer got; p.mu is held.
func (p *platform) got(b *bot, id, token string, m *message) {
	c := p.customer(b, id)
	c.Tracking, c.Last = m.tracking, token
	c.Keyboard = m.keyboard
	c.Carousels = append(c.Carousels, m.carousel...)
	if over := len(c.Carousels) - maxShown; over > 0 {
		c.Carousels = slices.Clone(c.Carousels[over:])
	}
	p.rememberCustomer(b, id)
}

// hears reports whether the bot's webhook gets events of a type; p.mu is held.
func (b *bot) hears(event string) bool {
	switch {
	case b.Webhook == "":
		return false
	case b.events == nil || slices.Contains(always, event):
		return true
	}
	return slices.Contains(b.events, event)
}
