package twiliotest

import (
	"encoding/json"
	"time"

	"omnihub/internal/channel/fake"
)

// What the platform records, so that it still knows its customers, messages, windows
// and the states that it has not told yet, after a restart of the local stack. A
// "person" and a "content" are recorded as they are.
type (
	chatEntry struct {
		Account, Person string
		LastIn, Joined  time.Time
		Blocked         bool
	}
	gotEntry struct {
		Account string
		Message *logged
	}
	acceptedEntry struct {
		Account string
		Sent    *sent
	}
	toldEntry  struct{ Account, Message, State string }
	stateEntry struct{ Account, State, Callback, Status, Type string }
)

func (p *platform) rememberChat(n *number, key string, c *chat) {
	p.Journal.Record("chat", chatEntry{n.ID, key, c.lastIn, c.joined, c.blocked})
}

func (p *platform) rememberGot(n *number, l *logged) {
	n.log = append(n.log, l)
	p.Journal.Record("got", gotEntry{n.ID, l})
}

func (p *platform) rememberState(n *number) {
	p.Journal.Record("state", stateEntry{n.ID, n.state, n.callback, n.owner.Status, n.owner.Type})
}

// recall reads what was recorded. Entries of accounts that are gone are passed over.
func (p *platform) recall() {
	p.Journal.Replay(func(kind string, entry json.RawMessage) {
		switch kind {
		case "person":
			if who, ok := fake.Recorded[person](entry); ok {
				p.file(&who)
			}
		case "content":
			if c, ok := fake.Recorded[content](entry); ok {
				p.contents[c.SID] = &c
			}
		case "chat":
			if e, n, ok := fake.RecordedOf[chatEntry](p.Core, entry); ok {
				c := n.chat(e.Person)
				c.lastIn, c.joined, c.blocked = e.LastIn, e.Joined, e.Blocked
			}
		case "got":
			if e, n, ok := fake.RecordedOf[gotEntry](p.Core, entry); ok && e.Message != nil {
				n.log = append(n.log, e.Message)
			}
		case "accepted":
			if e, n, ok := fake.RecordedOf[acceptedEntry](p.Core, entry); ok && e.Sent != nil {
				n.remember(e.Sent)
			}
		case "told":
			if e, n, ok := fake.RecordedOf[toldEntry](p.Core, entry); ok && n.sent[e.Message] != nil {
				n.sent[e.Message].recallTold(e.State)
			}
		case "state":
			if e, n, ok := fake.RecordedOf[stateEntry](p.Core, entry); ok {
				n.state, n.callback, n.owner.Status, n.owner.Type = e.State, e.Callback, e.Status, e.Type
			}
		}
	})
	for _, n := range p.Accounts {
		for _, s := range n.sent {
			if len(s.Owed) > 0 {
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
