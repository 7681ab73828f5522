package messengertest

import (
	"net/http"
	"time"

	"omnihub/internal/channel/fake"
)

// Calls of a Page in a second.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/overview/rate-limiting
const (
	perSecond      = 300
	filesPerSecond = 10 // with sound or film
)

// messages takes a message or a sign of attention.
func (p *platform) messages(x *exchange) *refusal {
	p.Mu.Lock()
	may := x.page.token.has("pages_messaging")
	p.Mu.Unlock()
	if !may {
		return lacking("pages_messaging")
	}
	o := parse(x.Body)
	q := readRequest(o)
	if o.Fault != nil {
		return o.Fault
	}
	name := "send " + q.ref
	if q.ref == "" {
		name = "send " + string(x.Body)
	}
	if q.action != "" {
		name = q.action + " " + q.to
	}
	if p.fault(x, name) {
		return nil
	}
	if q.action != "" {
		return p.attend(x, q, name)
	}
	s, refused := p.accept(x, q, name)
	if refused != nil {
		return refused
	}
	p.settle(x, s, name)
	return nil
}

// mayWrite tells why the Page may not write to a customer now; p.Mu is held.
func (p *platform) mayWrite(g *page, q *request) (*person, *chat, *refusal) {
	who := g.byID[q.to]
	switch {
	case g.restricted:
		return nil, nil, restricted()
	case who == nil || q.guest != (who.Ref != ""):
		return nil, nil, noSuchUser()
	case g.elsewhere:
		return nil, nil, controlled()
	}
	c := g.chat(who.name())
	if c.blocked {
		return nil, nil, notAvailable()
	}
	by, human := c.open(p.Now())
	if !by && !(human && q.tag == "HUMAN_AGENT") {
		return nil, nil, outsideWindow()
	}
	return who, c, nil
}

// attend shows the customer that the Page reads or writes.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/sender-actions
func (p *platform) attend(x *exchange, q *request, name string) *refusal {
	kinds := map[string]string{"typing_on": "typing", "typing_off": "typing_off", "mark_seen": "read"}
	p.Mu.Lock()
	who, c, refused := p.mayWrite(x.page, q)
	if refused == nil {
		p.Ledger.Add(fake.Call{Channel: kind, Account: x.page.ID, To: who.name(), Name: who.label(), Kind: kinds[q.action],
			Body: string(x.Body), At: p.Now().UnixMilli(), ID: c.own})
	}
	p.Mu.Unlock()
	if refused != nil {
		return refused
	}
	if !p.spoil(x, name) {
		x.Answer(http.StatusOK, map[string]string{"recipient_id": who.ID})
	}
	return nil
}

// sent is an accepted message.
type sent struct {
	ID      string
	Person  string // the customer's PSID or user_ref
	Ref     string // metadata
	Kind    string
	Text    string
	Payload *payload `json:",omitempty"`
	At      time.Time
	Shown   []shown  `json:",omitempty"`
	Owed    []string // what is to be told of it, in order
}

// accept takes a message, or tells why not; looking and accepting are one step.
func (p *platform) accept(x *exchange, q *request, name string) (*sent, *refusal) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	g, now := x.page, p.Now()
	who, _, refused := p.mayWrite(g, q)
	if refused == nil {
		refused = g.pace(q.kind, now)
	}
	if refused != nil {
		return nil, refused
	}
	s := &sent{ID: messageID(), Person: who.name(), Ref: q.ref, Kind: q.kind, Text: q.text, Payload: q.payload, At: now, Shown: q.shown}
	s.Owed = p.owed(g, x.faults, name)
	g.remember(s)
	p.Journal.Record("accepted", acceptedEntry{g.ID, s})
	p.Ledger.Add(fake.Call{Channel: kind, Account: g.ID, To: who.name(), Name: who.label(), Kind: q.kind, Text: q.text,
		Body: string(x.Body), At: now.UnixMilli(), ID: s.ID})
	return s, nil
}

// remember files an accepted message and what the customer can do with it.
func (g *page) remember(s *sent) {
	g.sent[s.ID] = s
	c := g.chat(s.Person)
	c.last = s.ID
	c.settle()
	c.shown = fake.Newest(append(c.shown, s.Shown...), maxShown)
}

// settle takes the quick replies away: the next message stands below them.
func (c *chat) settle() {
	var left []shown
	for _, s := range c.shown {
		if !s.Quick {
			left = append(left, s)
		}
	}
	c.shown = left
}

// pace refuses what comes too fast, and counts the rest.
func (g *page) pace(kind string, now time.Time) *refusal {
	film := kind == "video" || kind == "audio"
	if g.recent.Full(now, time.Second, perSecond) || film && g.files.Full(now, time.Second, filesPerSecond) {
		return tooFast()
	}
	g.recent.Note(now)
	if film {
		g.files.Note(now)
	}
	return nil
}

// settle answers an accepted message, unless the plan spoils the answer, and tells what
// becomes of it.
func (p *platform) settle(x *exchange, s *sent, name string) {
	p.news(x.page, s, x.faults, name).Around(x.R.Context(), func() {
		if !p.spoil(x, name) {
			x.Answer(http.StatusOK, map[string]string{"recipient_id": s.Person, "message_id": s.ID})
		}
	})
}
