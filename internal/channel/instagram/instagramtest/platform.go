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
	"time"

	"omnihub/internal/channel/fake"
)

const kind = "instagram"

// platform is Instagram, as far as the accounts of its Config are concerned.
type platform struct {
	*fake.Core[*account, faults]
	people map[string]*person // by what the tester calls them; guarded by Mu
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
	texts  fake.Recent      // sends of the last second: texts, links and cards
	files  fake.Recent      // and those with audio or video
	listed fake.Recent      // calls of the Conversations API in the last second
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
	p := &platform{people: map[string]*person{}}
	p.Core = fake.NewCore[faults](kind, c, func(one fake.Account) *account {
		a := &account{
			Account: one, page: one.Secrets["page_id"], username: "shop." + fake.Digits(4, "username", one.ExternalID),
			tokens: map[string]*token{}, chats: map[string]*chat{}, sent: map[string]*sent{},
			subscribed: []string{"messages"},
		}
		switch {
		case !a.byPage():
			a.page = ""
		case a.page == "":
			a.page = "10" + fake.Digits(13, "page", one.ExternalID)
		}
		return a
	})
	p.recall()
	for _, a := range p.Accounts {
		p.issue(a)
	}
	return p
}

// app is the id of the app that an account is connected by.
func (a *account) app() string { return "20" + fake.Digits(13, "app", a.Secrets["app_secret"]) }
