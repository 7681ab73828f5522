package twiliotest

import (
	"encoding/json"
	"time"
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
	p.journal.Record("chat", chatEntry{n.ID, key, c.lastIn, c.joined, c.blocked})
}

func (p *platform) rememberGot(n *number, l *logged) {
	n.log = append(n.log, l)
	p.journal.Record("got", gotEntry{n.ID, l})
}

func (p *platform) rememberState(n *number) {
	p.journal.Record("state", stateEntry{n.ID, n.state, n.callback, n.owner.Status, n.owner.Type})
}

// recall reads what was recorded. Entries of accounts that are gone are passed over.
func (p *platform) recall() {
	p.journal.Replay(func(kind string, entry json.RawMessage) {
		switch kind {
		case "person":
			if who, ok := recorded[person](entry); ok {
				p.file(&who)
			}
		case "content":
			if c, ok := recorded[content](entry); ok {
				p.contents[c.SID] = &c
			}
		case "chat":
			e, ok := recorded[chatEntry](entry)
			if n, err := p.number(e.Account); ok && err == nil {
				c := n.chat(e.Person)
				c.lastIn, c.joined, c.blocked = e.LastIn, e.Joined, e.Blocked
			}
		case "got":
			e, ok := recorded[gotEntry](entry)
			if n, err := p.number(e.Account); ok && err == nil && e.Message != nil {
				n.log = append(n.log, e.Message)
			}
		case "accepted":
			e, ok := recorded[acceptedEntry](entry)
			if n, err := p.number(e.Account); ok && err == nil && e.Sent != nil {
				n.remember(e.Sent)
			}
		case "told":
			e, ok := recorded[toldEntry](entry)
			if n, err := p.number(e.Account); ok && err == nil && n.sent[e.Message] != nil {
				n.sent[e.Message].recallTold(e.State)
			}
		case "state":
			e, ok := recorded[stateEntry](entry)
			if n, err := p.number(e.Account); ok && err == nil {
				n.state, n.callback, n.owner.Status, n.owner.Type = e.State, e.Callback, e.Status, e.Type
			}
		}
	})
	for _, n := range p.numbers {
		for _, s := range n.sent {
			if len(s.Owed) > 0 {
				w := p.news(n, s, faults{}, s.ID)
				w.again = true
				go w.tell()
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
	var left []string
	for _, o := range s.Owed {
		if o != state {
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
