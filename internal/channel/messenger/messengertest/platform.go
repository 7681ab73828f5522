// Package messengertest is a fake Messenger Platform: it takes the sends of Facebook
// Pages, refuses what Meta refuses, and signs and delivers the webhooks of customers'
// acts and of what becomes of the sends. It is written from Meta's documents alone and
// shares no code with packages messenger and meta.
//
// https://developers.facebook.com/documentation/business-messaging/messenger-platform
package messengertest

import (
	"cmp"
	"time"

	"omnihub/internal/channel/fake"
)

const kind = "messenger"

// platform is Messenger, as far as the accounts of its Config are concerned.
type platform struct {
	*fake.Core[*page, faults]
	apps map[string]*app // by app secret
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
	recent fake.Recent        // sends of the last second
	files  fake.Recent        // those of them with sound or film
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
	p := &platform{apps: map[string]*app{}}
	p.Core = fake.NewCore[faults](kind, c, func(a fake.Account) *page {
		secret := a.Secrets["app_secret"]
		if p.apps[secret] == nil {
			id := cmp.Or(a.Secrets["app_id"], "1"+fake.Digits(15, "app", secret))
			p.apps[secret] = &app{ID: id, Secret: secret, Fields: allFields()}
		}
		return &page{
			Account: a,
			app:     p.apps[secret],
			token:   &token{Value: a.Secrets["access_token"], Scopes: allScopes()},
			Fields:  allFields(),
			people:  map[string]*person{},
			byID:    map[string]*person{},
			chats:   map[string]*chat{},
			sent:    map[string]*sent{},
		}
	})
	p.recall()
	return p
}

// chat finds or makes what a Page and a customer have had; p.Mu is held.
func (g *page) chat(id string) *chat { return fake.Entry(g.chats, id) }

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
