package instagramtest

import (
	"encoding/json"
	"time"
)

// What the platform records, so that it still knows its customers, what was said, its
// windows, its tokens and what it has not told yet, after a restart of the local stack. A
// "person" is recorded as it is.
type (
	chatEntry struct {
		Account, ID, Person string
		LastIn, Ad          time.Time
		Blocked             bool
	}
	messageEntry struct {
		Account, ID, Person string
		Message             entryOfChat
	}
	acceptedEntry struct {
		Account string
		Sent    *sent
	}
	toldEntry    struct{ Account, Message, What string }
	accountEntry struct {
		Account    string
		Subscribed []string
		Closed     bool
	}
	tokenEntry struct {
		Account string
		Token   *token
	}
)

func (p *platform) rememberChat(a *account, id string, c *chat) {
	p.journal.Record("chat", chatEntry{a.ID, id, c.key, c.lastIn, c.ad, c.blocked})
}

func (p *platform) rememberAccount(a *account) {
	p.journal.Record("account", accountEntry{a.ID, a.subscribed, a.closed})
}

// recall reads what was recorded. Entries of accounts that are gone are passed over.
func (p *platform) recall() {
	chatOf := func(a *account, id, person string) *chat {
		if a.chats[id] == nil {
			a.chats[id] = &chat{key: person}
		}
		return a.chats[id]
	}
	p.journal.Replay(func(kind string, entry json.RawMessage) {
		switch kind {
		case "person":
			if who, ok := recorded[person](entry); ok {
				p.people[who.Key] = &who
			}
		case "chat":
			e, ok := recorded[chatEntry](entry)
			if a := p.named(e.Account); ok && a != nil {
				c := chatOf(a, e.ID, e.Person)
				c.lastIn, c.ad, c.blocked = e.LastIn, e.Ad, e.Blocked
			}
		case "message":
			e, ok := recorded[messageEntry](entry)
			if a := p.named(e.Account); ok && a != nil {
				chatOf(a, e.ID, e.Person).keep(e.Message)
			}
		case "accepted":
			e, ok := recorded[acceptedEntry](entry)
			if a := p.named(e.Account); ok && a != nil && e.Sent != nil {
				a.remember(e.Sent)
			}
		case "told":
			e, ok := recorded[toldEntry](entry)
			if a := p.named(e.Account); ok && a != nil && a.sent[e.Message] != nil {
				a.sent[e.Message].tell(e.What)
			}
		case "account":
			e, ok := recorded[accountEntry](entry)
			if a := p.named(e.Account); ok && a != nil {
				a.subscribed, a.closed = e.Subscribed, e.Closed
			}
		case "token":
			e, ok := recorded[tokenEntry](entry)
			if a := p.named(e.Account); ok && a != nil && e.Token != nil {
				a.tokens[e.Token.Value] = e.Token
			}
		}
	})
	for _, a := range p.accounts {
		for _, s := range a.sent {
			if len(s.Owed) > 0 && a.Webhook != "" {
				n := p.news(a, s, faults{}, s.ID)
				n.tries = restartTries
				go n.tell()
			}
		}
	}
}

// named is account without the first as a default.
func (p *platform) named(id string) *account {
	if id == "" {
		return nil
	}
	a, err := p.account(id)
	if err != nil {
		return nil
	}
	return a
}

// tell strikes off what is owed.
func (s *sent) tell(what string) {
	var left []string
	for _, o := range s.Owed {
		if o != what {
			left = append(left, o)
		}
	}
	s.Owed = left
}

func recorded[T any](entry json.RawMessage) (T, bool) {
	var e T
	err := json.Unmarshal(entry, &e)
	return e, err == nil
}
