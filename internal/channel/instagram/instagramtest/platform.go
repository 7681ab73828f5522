// Package instagramtest is a fake Instagram: it takes the sends of professional
// accounts by both of Meta's routes, refuses what Meta refuses, and signs and delivers
// the webhooks of customers' acts, of what the account sends, and of what is read. It is
// written from Meta's documents alone and shares no code with package instagram.
//
// The two routes are two hosts. Here graph.facebook.com is at the root and
// graph.instagram.com below /login.
//
// https://developers.facebook.com/documentation/business-messaging/instagram-messaging
// https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api
package instagramtest

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

const kind = "instagram"

// platform is Instagram, as far as the accounts of its Config are concerned.
type platform struct {
	now     func() time.Time
	ledger  *fake.Ledger
	courier fake.Courier
	client  *http.Client
	journal *fake.Journal
	waiting atomic.Int64 // webhooks about sends that are still to be told

	mu       sync.Mutex
	accounts []*account
	people   map[string]*person // by what the tester calls them
	faults   faults
	dice     *fake.Dice
}

// account is a professional account, connected by Facebook Login (with the Page that it
// is linked to) or by Instagram Login. Accounts with the same app secret share an app.
type account struct {
	fake.Account
	page     string // the id of the linked Page; with Instagram Login ""
	username string

	tokens     map[string]*token
	subscribed []string // the fields that the app gets; none: the app is not subscribed
	closed     bool     // the owner has turned off the access to messages

	chats  map[string]*chat // by the customer's id at this account
	sent   map[string]*sent // what the app sent, by id
	texts  []time.Time      // sends of the last second: texts, links and cards
	files  []time.Time      // and those with audio or video
	listed []time.Time      // calls of the Conversations API in the last second
}

// byPage tells that the account is connected by Facebook Login.
func (a *account) byPage() bool { return a.Secrets["login"] != "instagram" }

// chat is what an account and a customer have had with each other.
type chat struct {
	key     string    // what the tester calls the customer
	lastIn  time.Time // the customer's last act
	ad      time.Time // when an advertisement last led the customer here
	blocked bool
	log     []entryOfChat // the newest last
	shown   []shown
}

// entryOfChat is one message, as the Conversations API lists it.
type entryOfChat struct {
	ID     string
	At     time.Time
	Ours   bool // the account wrote it
	ByApp  bool // through the API
	Text   string
	Kind   string `json:",omitempty"` // image, video, audio, file, template; "" = text
	Title  string `json:",omitempty"` // of a template's first card
	Link   string `json:",omitempty"`
	Erased bool   `json:",omitempty"` // the customer took it back
}

// shown is something to tap in a message of the hub's.
type shown struct{ Message, Kind, Data, Title string }

const (
	maxShown = 300 // how many things to tap a chat remembers
	maxLog   = 200 // how many messages
)

// New makes a fake Instagram. The secrets of an account are app_secret, verify_token and
// access_token, with Instagram Login also login ("instagram") and, if webhooks are to be
// signed with it, instagram_app_secret; with Facebook Login also page_id (made if
// absent). Its ExternalID is the id of the professional account.
func New(c fake.Config) fake.Platform {
	p := &platform{
		now:     c.Now,
		ledger:  c.Ledger,
		courier: fake.Courier{Client: c.Client},
		client:  c.Client,
		journal: c.Journal,
		people:  map[string]*person{},
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
	for _, one := range c.Accounts {
		a := &account{
			Account: one, page: one.Secrets["page_id"], username: "shop." + digits(4, "username", one.ExternalID),
			tokens: map[string]*token{}, chats: map[string]*chat{}, sent: map[string]*sent{},
			subscribed: []string{"messages"},
		}
		switch {
		case !a.byPage():
			a.page = ""
		case a.page == "":
			a.page = "10" + digits(13, "page", one.ExternalID)
		}
		p.accounts = append(p.accounts, a)
	}
	p.recall()
	for _, a := range p.accounts {
		p.issue(a)
	}
	return p
}

// Pending counts the webhooks that are still to be delivered.
func (p *platform) Pending() int { return p.courier.Pending() + int(p.waiting.Load()) }

// account finds one by either of its names, or the first; p.mu is held.
func (p *platform) account(name string) (*account, error) {
	if name == "" && len(p.accounts) > 0 {
		return p.accounts[0], nil
	}
	for _, a := range p.accounts {
		if name != "" && (a.ID == name || a.ExternalID == name) {
			return a, nil
		}
	}
	return nil, fmt.Errorf("instagramtest: act: no account %q", name)
}

// app is the id of the app that an account is connected by.
func (a *account) app() string { return "20" + digits(13, "app", a.Secrets["app_secret"]) }

// digits derives n digits from names, always the same ones.
func digits(n int64, names ...string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", names))
	of := new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil)
	return fmt.Sprintf("%0*s", n, of.Mod(new(big.Int).SetBytes(sum[:]), of).String())
}
