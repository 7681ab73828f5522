package messengertest

import (
	"encoding/json"
	"time"
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
	p.journal.Record("chat", chatEntry{g.ID, id, c.lastIn, c.adUntil, c.blocked, c.own})
}

func (p *platform) rememberState(g *page) {
	p.journal.Record("state", stateEntry{g.ID, g.restricted, g.elsewhere})
}

// recall reads what was recorded. Entries of accounts that are gone are passed over.
func (p *platform) recall() {
	p.journal.Replay(func(kind string, entry json.RawMessage) {
		switch kind {
		case "person":
			if e, g := recorded[personEntry](p, entry); g != nil && e.Person != nil {
				g.file(e.Person)
			}
		case "chat":
			if e, g := recorded[chatEntry](p, entry); g != nil {
				c := g.chat(e.Person)
				c.lastIn, c.adUntil, c.blocked, c.own = e.LastIn, e.AdUntil, e.Blocked, e.Own
			}
		case "accepted":
			if e, g := recorded[acceptedEntry](p, entry); g != nil && e.Sent != nil {
				g.remember(e.Sent)
			}
		case "told":
			if e, g := recorded[toldEntry](p, entry); g != nil && g.sent[e.Message] != nil {
				g.sent[e.Message].strike(e.What)
			}
		case "token":
			if e, g := recorded[tokenEntry](p, entry); g != nil && e.Token != nil {
				g.token = e.Token
			}
		case "subscribed":
			if e, g := recorded[subscribedEntry](p, entry); g != nil {
				g.Fields = e.Fields
			}
		case "state":
			if e, g := recorded[stateEntry](p, entry); g != nil {
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
	for _, g := range p.pages {
		for _, s := range g.sent {
			if len(s.Owed) > 0 && g.url() != "" && g.byID[s.Person] != nil {
				n := p.news(g, s, faults{}, s.ID)
				n.tries = restartTries
				go n.tell()
			}
		}
	}
}

// strike takes something off what is owed.
func (s *sent) strike(what string) {
	var left []string
	for _, o := range s.Owed {
		if o != what {
			left = append(left, o)
		}
	}
	s.Owed = left
}

// recorded reads an entry and finds the Page that it is about; nil if it is gone.
func recorded[T any](p *platform, entry json.RawMessage) (e T, g *page) {
	var of struct{ Account string }
	if json.Unmarshal(entry, &of) != nil || of.Account == "" || json.Unmarshal(entry, &e) != nil {
		return e, nil
	}
	g, _ = p.page(of.Account)
	return e, g
}
