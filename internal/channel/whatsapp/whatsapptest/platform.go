// Package whatsapptest is a fake WhatsApp Cloud API: it takes the sends of business
// phone numbers, refuses what Meta refuses, and signs and delivers the webhooks of
// customers' acts and of what becomes of the sends. It is written from Meta's
// documents alone and shares no code with package whatsapp.
//
// https://developers.facebook.com/documentation/business-messaging/whatsapp/
package whatsapptest

import (
	"cmp"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/meta/metatest"
)

const kind = "whatsapp"

// platform is WhatsApp, as far as the accounts of its Config are concerned.
type platform struct {
	*fake.Core[*number, faults]

	// Guarded by Mu.
	people    map[string]*person   // by key
	phones    map[string]*person   // by the phone number that is theirs now
	ids       map[string]*person   // by WABA and BSUID, those of the past included
	templates map[string]*template // by WABA, name and language
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

	chats  map[string]*chat          // by the customer's key
	sent   map[string]*sent          // the hub's messages, by id
	got    map[string]string         // the customers' messages: id → the customer's key
	recent fake.Recent               // sends of the last second
	pairs  map[string]*metatest.Pair // by the customer's key, or the number of someone unknown
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
// verify_token and access_token, and app_id, waba_id and display_number, which are made
// if they are missing; its ExternalID is the phone_number_id.
func New(c fake.Config) fake.Platform {
	p := &platform{
		people:    map[string]*person{},
		phones:    map[string]*person{},
		ids:       map[string]*person{},
		templates: map[string]*template{},
	}
	apps := map[string]*app{}
	p.Core = fake.NewCore[faults](kind, c, func(a fake.Account) *number {
		secret := a.Secrets["app_secret"]
		if apps[secret] == nil {
			apps[secret] = &app{id: "6" + fake.Digits(14, "app", secret), fields: everything()}
		}
		apps[secret].id = cmp.Or(a.Secrets["app_id"], apps[secret].id)
		n := &number{
			Account: a,
			display: displayOf(a),
			waba:    cmp.Or(a.Secrets["waba_id"], "1"+fake.Digits(14, "waba", secret)),
			app:     apps[secret],

			configured: a.Webhook,
			chats:      map[string]*chat{},
			sent:       map[string]*sent{},
			got:        map[string]string{},
			pairs:      map[string]*metatest.Pair{},
		}
		for _, t := range approved() {
			p.templates[t.key(n.waba)] = t
		}
		return n
	})
	p.recall()
	return p
}

// chat finds or makes what a number and a customer have had; p.Mu is held.
func (n *number) chat(key string) *chat { return fake.Entry(n.chats, key) }
