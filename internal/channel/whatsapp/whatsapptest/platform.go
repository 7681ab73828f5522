// Package whatsapptest is a fake WhatsApp Cloud API: it takes the sends of business
// phone numbers, refuses what Meta refuses, and signs and delivers the webhooks of
// customers' acts and of what becomes of the sends. It is written from Meta's
// documents alone and shares no code with package whatsapp.
//
// https://developers.facebook.com/documentation/business-messaging/whatsapp/
package whatsapptest

import (
	"crypto/sha256"
	"fmt"
	"math/big"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"omnihub/internal/channel/fake"
)

const kind = "whatsapp"

// platform is WhatsApp, as far as the accounts of its Config are concerned.
type platform struct {
	now     func() time.Time
	ledger  *fake.Ledger
	courier fake.Courier
	client  *http.Client
	journal *fake.Journal
	waiting atomic.Int64 // statuses that are still to be told

	mu        sync.Mutex
	numbers   []*number
	people    map[string]*person   // by key
	phones    map[string]*person   // by the phone number that is theirs now
	ids       map[string]*person   // by WABA and BSUID, those of the past included
	templates map[string]*template // by WABA, name and language
	faults    faults
	dice      *fake.Dice
}

// number is a business phone number. Numbers with the same app secret share an app,
// a WhatsApp Business Account (WABA) and a business portfolio.
type number struct {
	fake.Account
	display string // the phone number, digits
	waba    string // also stands for the portfolio
	app     *app   // shared by the numbers with its secret

	configured   string // the webhook URL of the Config
	alternate    string // takes the place of Webhook for messages; "" = none
	unsubscribed bool   // no webhooks come

	chats  map[string]*chat  // by the customer's key
	sent   map[string]*sent  // the hub's messages, by id
	got    map[string]string // the customers' messages: id → the customer's key
	recent []time.Time       // sends of the last second
	pairs  map[string]*pair  // by the customer's key, or the number of someone unknown
}

// chat is what a number and a customer have had with each other.
type chat struct {
	lastIn  time.Time // the customer's last message
	blocked bool
	last    string // the hub's last message that the customer got
	shown   []shown
	form    form // the last Flow that the customer was invited to
}

// shown is something to tap in a message of the hub's.
type shown struct {
	Message, Kind      string // Kind: button_reply, list_reply, button (of a template)
	Data, Title, Extra string // Extra: a row's description
}

// form is an invitation to fill in a Flow.
type form struct{ Message, Token string }

// maxShown is how many things to tap a chat remembers.
const maxShown = 300

// New makes a fake WhatsApp platform. The secrets of an account are app_secret,
// verify_token and access_token, and app_id and waba_id, which are made if they are
// missing; its ExternalID is the phone_number_id.
func New(c fake.Config) fake.Platform {
	p := &platform{
		now:       c.Now,
		ledger:    c.Ledger,
		courier:   fake.Courier{Client: c.Client},
		client:    c.Client,
		journal:   c.Journal,
		people:    map[string]*person{},
		phones:    map[string]*person{},
		ids:       map[string]*person{},
		templates: map[string]*template{},
		dice:      &fake.Dice{},
	}
	if p.now == nil {
		p.now = time.Now
	}
	if p.ledger == nil {
		p.ledger = fake.NewLedger()
	}
	if p.client == nil {
		p.client = &http.Client{Timeout: time.Minute, Transport: &http.Transport{}}
	}
	apps := map[string]*app{}
	for _, a := range c.Accounts {
		secret := a.Secrets["app_secret"]
		if apps[secret] == nil {
			apps[secret] = &app{id: "6" + digits(14, "app", secret), fields: everything()}
		}
		if id := a.Secrets["app_id"]; id != "" {
			apps[secret].id = id
		}
		n := &number{
			Account: a,
			display: "88627" + digits(7, "display", a.ExternalID),
			waba:    "1" + digits(14, "waba", secret),
			app:     apps[secret],

			configured: a.Webhook,
			chats:      map[string]*chat{},
			sent:       map[string]*sent{},
			got:        map[string]string{},
			pairs:      map[string]*pair{},
		}
		if id := a.Secrets["waba_id"]; id != "" {
			n.waba = id
		}
		p.numbers = append(p.numbers, n)
		for _, t := range approved() {
			p.templates[t.key(n.waba)] = t
		}
	}
	p.recall()
	return p
}

// Pending counts the webhooks that are still to be delivered.
func (p *platform) Pending() int { return p.courier.Pending() + int(p.waiting.Load()) }

// number finds an account by either of its names, or the first; p.mu is held.
func (p *platform) number(name string) (*number, error) {
	if name == "" && len(p.numbers) > 0 {
		return p.numbers[0], nil
	}
	for _, n := range p.numbers {
		if name != "" && (n.ID == name || n.ExternalID == name) {
			return n, nil
		}
	}
	return nil, fmt.Errorf("whatsapptest: act: no account %q", name)
}

// chat finds or makes what a number and a customer have had; p.mu is held.
func (n *number) chat(key string) *chat {
	c := n.chats[key]
	if c == nil {
		c = &chat{}
		n.chats[key] = c
	}
	return c
}

// digits derives n digits from names, always the same ones.
func digits(n int64, names ...string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", names))
	of := new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil)
	return fmt.Sprintf("%0*s", n, of.Mod(new(big.Int).SetBytes(sum[:]), of).String())
}
