// Package twiliotest is a fake Twilio: it takes the sends of WhatsApp numbers, refuses
// what Twilio refuses, lists messages, accounts and senders, and signs and delivers the
// webhooks of customers' acts and the status callbacks of the sends. It is written from
// Twilio's documents alone and shares no code with package twilio.
//
// https://www.twilio.com/docs/whatsapp/api
package twiliotest

import (
	"net/http"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/meta/metatest"
)

const kind = "twilio"

// sandboxNumber is the one that all sandboxes share.
const sandboxNumber = "+14155238886"

// platform is Twilio, as far as the accounts of its Config are concerned.
type platform struct {
	*fake.Core[*number, faults]

	// Guarded by Mu.
	owners   map[string]*owner   // by Account SID
	people   map[string]*person  // by key
	phones   map[string]*person  // by phone number, digits
	ids      map[string]*person  // by Account SID and BSUID
	contents map[string]*content // by ContentSid
}

// owner is an account of Twilio's; numbers with the same account_sid share one.
type owner struct {
	SID    string
	Status string // active, suspended, closed
	Type   string // Full, Trial

	recent fake.Recent // calls of the last second
}

// number is a WhatsApp sender.
type number struct {
	fake.Account
	owner    *owner
	state    string // of the sender: ONLINE …
	callback string // its inbound URL at Twilio, with the overrides

	chats map[string]*chat // by the customer's key
	log   []*logged        // messages in both directions, oldest first
	sent  map[string]*sent // the hub's, by id
}

// chat is what a number and a customer have had with each other.
type chat struct {
	lastIn  time.Time // the customer's last message
	joined  time.Time // the sandbox
	blocked bool
	last    string // the hub's last message that the customer got
	shown   []shown
	pair    metatest.Pair
}

// shown is something to tap in a message of the hub's.
type shown struct {
	Message, Kind string // Kind: quick, list
	Data, Title   string
	Approved      bool // by WhatsApp, as a template
}

// maxShown is how many things to tap a chat remembers.
const maxShown = 300

// New makes a fake Twilio. The secrets of an account are account_sid and auth_token, and
// for a sandbox its join code as sandbox; its ExternalID is the number with "+".
func New(c fake.Config) fake.Platform {
	p := &platform{
		owners:   map[string]*owner{},
		people:   map[string]*person{},
		phones:   map[string]*person{},
		ids:      map[string]*person{},
		contents: builtIn(),
	}
	p.Core = fake.NewCore[faults](kind, c, func(a fake.Account) *number {
		sid := a.Secrets["account_sid"]
		if p.owners[sid] == nil {
			p.owners[sid] = &owner{SID: sid, Status: "active", Type: "Full"}
		}
		return &number{
			Account: a, owner: p.owners[sid], state: "ONLINE", callback: a.Webhook + "#rc=5&rp=all",
			chats: map[string]*chat{}, sent: map[string]*sent{},
		}
	})
	p.recall()
	return p
}

// isSandbox reports whether people must join before they can be written to.
func (n *number) isSandbox() bool { return n.Secrets["sandbox"] != "" }

// chat finds or makes what a number and a customer have had; p.Mu is held.
func (n *number) chat(key string) *chat { return fake.Entry(n.chats, key) }

var _ http.Handler = (*platform)(nil)
