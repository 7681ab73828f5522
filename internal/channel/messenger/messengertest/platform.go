// Package messengertest is a fake Messenger Platform: it takes the sends of Facebook
// Pages, refuses what Meta refuses, and signs and delivers the webhooks of customers'
// acts and of what becomes of the sends. It is written from Meta's documents alone and
// shares no code with packages messenger and meta.
//
// https://developers.facebook.com/documentation/business-messaging/messenger-platform
package messengertest

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

const kind = "messenger"

// platform is Messenger, as far as the accounts of its Config are concerned.
type platform struct {
	now     func() time.Time
	ledger  *fake.Ledger
	courier fake.Courier
	client  *http.Client
	journal *fake.Journal
	waiting atomic.Int64 // webhooks about sends that are still to be told

	mu     sync.Mutex
	pages  []*page
	apps   map[string]*app // by app secret
	faults faults
	dice   *fake.Dice
}

// app is a Meta app, which has one webhook for all its Pages.
type app struct {
	ID      string
	Secret  string   `json:"-"`
	Webhook string   // "" = that of each Page's account
	Fields  []string // of the app's subscription to Pages
}

// page is a Facebook Page with its token.
type page struct {
	fake.Account
	app        *app
	token      *token
	Fields     []string // to which the app is subscribed; none = it gets no webhooks
	restricted bool     // Meta lets it send nothing
	elsewhere  bool     // another app has the threads: the hub's app gets them as standby

	people map[string]*person // by what the tester calls them
	byID   map[string]*person // by PSID and user_ref
	chats  map[string]*chat   // by PSID or user_ref
	sent   map[string]*sent   // the hub's messages, by id
	recent []time.Time        // sends of the last second
	files  []time.Time        // those of them with sound or film
}

// chat is what a Page and a customer have had with each other.
type chat struct {
	lastIn  time.Time // the customer's last act that opens the window
	adUntil time.Time // until then the window is open because of an ad
	blocked bool
	last    string // the hub's last message that the customer got
	own     string // the customer's own last message
	shown   []shown
}

// shown is something to tap in a message of the hub's.
type shown struct {
	Title, Data string
	Quick       bool // gone once anything is tapped or written
}

// maxShown is how many things to tap a chat remembers.
const maxShown = 300

// inbox is the app id of the Page's own inbox.
// https://developers.facebook.com/docs/messenger-platform/handover-protocol
const inbox = "263902037430900"

// New makes a fake Messenger platform. The secrets of an account are app_secret,
// verify_token, access_token and, if it is known, app_id; its ExternalID is the Page's
// id. Accounts with the same app secret share an app.
func New(c fake.Config) fake.Platform {
	p := &platform{
		now:     c.Now,
		ledger:  c.Ledger,
		courier: fake.Courier{Client: c.Client},
		client:  c.Client,
		journal: c.Journal,
		apps:    map[string]*app{},
		dice:    &fake.Dice{},
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
	for _, a := range c.Accounts {
		secret := a.Secrets["app_secret"]
		of := p.apps[secret]
		if of == nil {
			of = &app{ID: a.Secrets["app_id"], Secret: secret, Fields: allFields()}
			if of.ID == "" {
				of.ID = "1" + digits(15, "app", secret)
			}
			p.apps[secret] = of
		}
		p.pages = append(p.pages, &page{
			Account: a,
			app:     of,
			token:   &token{Value: a.Secrets["access_token"], Scopes: allScopes()},
			Fields:  allFields(),
			people:  map[string]*person{},
			byID:    map[string]*person{},
			chats:   map[string]*chat{},
			sent:    map[string]*sent{},
		})
	}
	p.recall()
	return p
}

// Pending counts the webhooks that are still to be delivered.
func (p *platform) Pending() int { return p.courier.Pending() + int(p.waiting.Load()) }

// page finds an account by either of its names, or the first; p.mu is held.
func (p *platform) page(name string) (*page, error) {
	if name == "" && len(p.pages) > 0 {
		return p.pages[0], nil
	}
	for _, g := range p.pages {
		if name != "" && (g.ID == name || g.ExternalID == name) {
			return g, nil
		}
	}
	return nil, fmt.Errorf("messengertest: act: no account %q", name)
}

// chat finds or makes what a Page and a customer have had; p.mu is held.
func (g *page) chat(id string) *chat {
	c := g.chats[id]
	if c == nil {
		c = &chat{}
		g.chats[id] = c
	}
	return c
}

// https://developers.facebook.com/documentation/business-messaging/messenger-platform/policy
const (
	window      = 24 * time.Hour     // after the customer's last act
	humanWindow = 7 * 24 * time.Hour // for HUMAN_AGENT, and after the first message of an ad's click
)

// open reports whether the Page may write now, and whether by HUMAN_AGENT.
func (c *chat) open(now time.Time) (by, human bool) {
	if c.lastIn.IsZero() {
		return false, false
	}
	return now.Sub(c.lastIn) < window || now.Before(c.adUntil), now.Sub(c.lastIn) < humanWindow
}

// digits derives n digits from names, always the same ones.
func digits(n int64, names ...string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", names))
	of := new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil)
	return fmt.Sprintf("%0*s", n, of.Mod(new(big.Int).SetBytes(sum[:]), of).String())
}
