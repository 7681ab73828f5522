package messengertest

import (
	"encoding/json"
	"time"

	"omnihub/internal/channel/fake"
)

// What the platform records, so that it still knows its customers, what they were
// shown, its windows and what it has not told yet, after a restart of the local stack.
// An "app" is recorded as it is.
type (
	personEntry struct {
		Account string
		Person  *person
	}
	chatEntry struct {
		Account, Person string
		LastIn, AdUntil time.Time
		Blocked         bool
		Own             string
	}
	acceptedEntry struct {
		Account string
		Sent    *sent
	}
	toldEntry  struct{ Account, Message, What string }
	tokenEntry struct {
		Account string
		Token   *token
	}
	subscribedEntry struct {
		Account string
		Fields  []string
	}
	stateEntry struct {
		Account               string
		Restricted, Elsewhere bool
	}
)

func (p *platform) rememberChat(g *page, id string) {
	c := g.chat(id)
	p.Journal.Record("chat", chatEntry{g.ID, id, c.lastIn, c.adUntil, c.blocked, c.own})
}

func (p *platform) rememberState(g *page) {
	p.Journal.Record("state", stateEntry{g.ID, g.restricted, g.elsewhere})
}

// recall reads what was recorded. Entries of accounts that are gone are passed over.
func (p *platform) recall() {
	p.Journal.Replay(func(kind string, entry json.RawMessage) {
		switch kind {
		case "person":
			if e, g, ok := fake.RecordedOf[personEntry](p.Core, entry); ok && e.Person != nil {
				g.file(e.Person)
			}
		case "chat":
			if e, g, ok := fake.RecordedOf[chatEntry](p.Core, entry); ok {
				c := g.chat(e.Person)
				c.lastIn, c.adUntil, c.blocked, c.own = e.LastIn, e.AdUntil, e.Blocked, e.Own
			}
		case "accepted":
			if e, g, ok := fake.RecordedOf[acceptedEntry](p.Core, entry); ok && e.Sent != nil {
				g.remember(e.Sent)
			}
		case "told":
			if e, g, ok := fake.RecordedOf[toldEntry](p.Core, entry); ok && g.sent[e.Message] != nil {
				g.sent[e.Message].Owed = fake.Strike(g.sent[e.Message].Owed, e.What)
			}
		case "token":
			if e, g, ok := fake.RecordedOf[tokenEntry](p.Core, entry); ok && e.Token != nil {
				g.token = e.Token
			}
		case "subscribed":
			if e, g, ok := fake.RecordedOf[subscribedEntry](p.Core, entry); ok {
				g.Fields = e.Fields
			}
		case "state":
			if e, g, ok := fake.RecordedOf[stateEntry](p.Core, entry); ok {
				g.restricted, g.elsewhere = e.Restricted, e.Elsewhere
			}
		case "app":
			var e app
			if json.Unmarshal(entry, &e) == nil {
				for _, a := range p.apps {
					if a.ID == e.ID {
						a.Webhook, a.Fields = e.Webhook, e.Fields
					}
				}
			}
		}
	})
	for _, g := range p.Accounts {
		for _, s := range g.sent {
			if len(s.Owed) > 0 && g.url() != "" && g.byID[s.Person] != nil {
				p.news(g, s, faults{}, s.ID).AfterRestart()
			}
		}
	}
}
