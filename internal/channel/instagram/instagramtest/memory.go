package instagramtest

import (
	"encoding/json"
	"time"

	"omnihub/internal/channel/fake"
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
	p.Journal.Record("chat", chatEntry{a.ID, id, c.key, c.lastIn, c.ad, c.blocked})
}

func (p *platform) rememberAccount(a *account) {
	p.Journal.Record("account", accountEntry{a.ID, a.subscribed, a.closed})
}

// recall reads what was recorded. Entries of accounts that are gone are passed over.
func (p *platform) recall() {
	chatOf := func(a *account, id, person string) *chat {
		if a.chats[id] == nil {
			a.chats[id] = &chat{key: person}
		}
		return a.chats[id]
	}
	p.Journal.Replay(func(kind string, entry json.RawMessage) {
		switch kind {
		case "person":
			if who, ok := fake.Recorded[person](entry); ok {
				p.people[who.Key] = &who
			}
		case "chat":
			if e, a, ok := fake.RecordedOf[chatEntry](p.Core, entry); ok {
				c := chatOf(a, e.ID, e.Person)
				c.lastIn, c.ad, c.blocked = e.LastIn, e.Ad, e.Blocked
			}
		case "message":
			if e, a, ok := fake.RecordedOf[messageEntry](p.Core, entry); ok {
				chatOf(a, e.ID, e.Person).keep(e.Message)
			}
		case "accepted":
			if e, a, ok := fake.RecordedOf[acceptedEntry](p.Core, entry); ok && e.Sent != nil {
				a.remember(e.Sent)
			}
		case "told":
			if e, a, ok := fake.RecordedOf[toldEntry](p.Core, entry); ok && a.sent[e.Message] != nil {
				a.sent[e.Message].Owed = fake.Strike(a.sent[e.Message].Owed, e.What)
			}
		case "account":
			if e, a, ok := fake.RecordedOf[accountEntry](p.Core, entry); ok {
				a.subscribed, a.closed = e.Subscribed, e.Closed
			}
		case "token":
			if e, a, ok := fake.RecordedOf[tokenEntry](p.Core, entry); ok && e.Token != nil {
				a.tokens[e.Token.Value] = e.Token
			}
		}
	})
	for _, a := range p.Accounts {
		for _, s := range a.sent {
			if len(s.Owed) > 0 && a.Webhook != "" {
				p.news(a, s, faults{}, s.ID).AfterRestart()
			}
		}
	}
}
