package whatsapptest

import (
	"encoding/json"
	"time"

	"omnihub/internal/channel/fake"
)

// What the platform records, so that it still knows its customers, what they were
// shown, its windows and the states that it has not told yet, after a restart of the
// local stack. A "person" is recorded as it is.
type (
	chatEntry struct {
		Account, Person string
		LastIn          time.Time
		Blocked         bool
	}
	gotEntry      struct{ Account, Person, Message string }
	acceptedEntry struct {
		Account string
		Sent    *sent
	}
	toldEntry struct{ Account, Message, State string }
	// webhookEntry is where webhooks go since a call changed it, in place of the URL that
	// the account was configured with; another configuration counts more.
	webhookEntry struct {
		Account, Configured, URL, Alternate string
		Unsubscribed                        bool
		Fields                              []string
	}
	templateEntry struct {
		WABA     string
		Gone     bool
		Template *template
	}
)

func (p *platform) rememberChat(n *number, key string, c *chat) {
	p.Journal.Record("chat", chatEntry{n.ID, key, c.lastIn, c.blocked})
}

func (p *platform) rememberGot(n *number, id, key string) {
	n.got[id] = key
	p.Journal.Record("got", gotEntry{n.ID, key, id})
}

// recall reads what was recorded. Entries of accounts that are gone are passed over.
func (p *platform) recall() {
	p.Journal.Replay(func(kind string, entry json.RawMessage) {
		switch kind {
		case "person":
			if who, ok := fake.Recorded[person](entry); ok {
				p.file(&who)
			}
		case "chat":
			if e, n, ok := fake.RecordedOf[chatEntry](p.Core, entry); ok {
				c := n.chat(e.Person)
				c.lastIn, c.blocked = e.LastIn, e.Blocked
			}
		case "got":
			if e, n, ok := fake.RecordedOf[gotEntry](p.Core, entry); ok {
				n.got[e.Message] = e.Person
			}
		case "accepted":
			if e, n, ok := fake.RecordedOf[acceptedEntry](p.Core, entry); ok && e.Sent != nil {
				n.remember(e.Sent)
				_ = n.pace(e.Sent.pairKey(), e.Sent.At) // it was allowed then
			}
		case "told":
			if e, n, ok := fake.RecordedOf[toldEntry](p.Core, entry); ok && n.sent[e.Message] != nil {
				n.sent[e.Message].recallTold(e.State)
			}
		case "webhook":
			if e, n, ok := fake.RecordedOf[webhookEntry](p.Core, entry); ok && n.configured == e.Configured {
				n.Webhook, n.alternate, n.unsubscribed, n.app.fields = e.URL, e.Alternate, e.Unsubscribed, e.Fields
			}
		case "template":
			e, ok := fake.Recorded[templateEntry](entry)
			switch {
			case !ok || e.Template == nil:
			case e.Gone:
				delete(p.templates, e.Template.key(e.WABA))
			default:
				p.templates[e.Template.key(e.WABA)] = e.Template
			}
		}
	})
	for _, n := range p.Accounts {
		for _, s := range n.sent {
			if len(s.Owed) > 0 && n.route("messages") != "" {
				p.news(n, s, faults{}, s.ID).AfterRestart()
			}
		}
	}
}

// recallTold strikes a state off what is owed.
func (s *sent) recallTold(state string) {
	if s.told == nil {
		s.told = map[string]bool{}
	}
	s.told[state] = true
	s.Owed = fake.Strike(s.Owed, state)
}
