package messengertest

import (
	"context"
	"encoding/json"
	"sort"
	"time"

	"omnihub/internal/channel/fake"
)

// What is told of a message of the hub's.
const (
	newsEcho      = "echo"
	newsDelivered = "delivered"
	newsRead      = "read"
)

// owed is what will be told of a message, by the fault plan.
func (p *platform) owed(g *page, f faults, name string) []string {
	list := []string{newsEcho, newsDelivered}
	if p.dice.Hit(float64(f.StatusRead), "read", name) {
		list = append(list, newsRead)
	}
	var out []string
	for _, what := range list {
		if g.gets(fieldOf(what)) && !p.dice.Hit(f.StatusMissing, "missing "+what, name) {
			out = append(out, what)
		}
	}
	return out
}

// fieldOf is the webhook field in which something is told.
func fieldOf(what string) string {
	return map[string]string{newsEcho: "message_echoes", newsDelivered: "message_deliveries", newsRead: "message_reads"}[what]
}

// about makes the item that tells something of a message; p.mu is held.
func (p *platform) about(g *page, s *sent, what string) item {
	who := g.byID[s.Person]
	now := p.now().UnixMilli()
	i := item{Sender: who.party(), Recipient: &party{ID: g.ExternalID}, Timestamp: now, field: fieldOf(what)}
	switch what {
	case newsDelivered:
		i.Delivery = &delivery{IDs: []string{s.ID}, Watermark: s.At.UnixMilli()}
	case newsRead:
		i.Read = &read{Watermark: max(s.At.UnixMilli(), now)}
	default:
		i.Sender, i.Recipient = i.Recipient, i.Sender
		i.Timestamp = s.At.UnixMilli()
		i.Message = &message{ID: s.ID, Echo: true, App: json.Number(g.app.ID), Metadata: s.Ref, Text: s.Text}
		if s.Kind != "text" {
			i.Message.Text = ""
			i.Message.Attachments = []attachment{{Type: s.Kind, Payload: s.Payload}}
		}
	}
	return i
}

// party is the customer as webhooks name him.
func (w *person) party() *party {
	if w.Ref != "" {
		return &party{Ref: w.Ref}
	}
	return &party{ID: w.ID}
}

// hook makes the webhook of one item; the time of its entry is a little later.
func (g *page) hook(i item, now time.Time) fake.Webhook {
	e := entry{ID: g.ExternalID, Time: now.UnixMilli()}
	if g.elsewhere {
		e.Standby = []item{i}
	} else {
		e.Messaging = []item{i}
	}
	return g.signed(encode(webhook{"page", []entry{e}}))
}

// How often a webhook is tried that the hub does not take, and how long the platform
// waits in between: at first, and at most.
const (
	newsTries    = 12
	restartTries = 24 // the hub may still be starting
	firstWait    = 250 * time.Millisecond
	longestWait  = 4 * time.Second
)

// news tells what becomes of one message.
type news struct {
	p     *platform
	g     *page
	s     *sent
	list  []string
	after []time.Duration // of each, since the send
	apart bool            // they do not wait for each other
	tries int
}

// news plans when things are told of a message. They count as pending from now on.
func (p *platform) news(g *page, s *sent, f faults, name string) *news {
	n := &news{p: p, g: g, s: s, list: append([]string{}, s.Owed...), apart: f.ShuffleWebhooks, tries: newsTries}
	for _, what := range n.list {
		late := share(f.Seed, "late "+what+" "+name) * float64(f.StatusLateMS)
		n.after = append(n.after, time.Duration(late*float64(time.Millisecond)))
	}
	if f.StatusShuffle {
		place := func(i int) float64 { return share(f.Seed, "place "+n.list[i]+" "+name) }
		sort.Slice(n.list, func(i, j int) bool { return place(i) < place(j) })
	}
	p.waiting.Add(int64(len(n.list)))
	return n
}

// tellNow tells all once, at once; what the hub does not take is left.
func (n *news) tellNow(ctx context.Context) {
	var left []string
	for _, what := range n.list {
		hook := n.compose(what)
		if n.p.courier.Deliver(ctx, []fake.Webhook{hook})[0]/100 == 2 {
			n.done(what, hook)
		} else {
			left = append(left, what)
		}
	}
	n.list, n.after = left, make([]time.Duration, len(left))
}

// tell tells each until the hub has taken it or all tries are spent.
func (n *news) tell() {
	began := time.Now()
	for i, what := range n.list {
		one := func() {
			pause(n.after[i] - time.Since(began))
			n.insist(what)
		}
		if n.apart {
			go one()
		} else {
			one()
		}
	}
}

func (n *news) insist(what string) {
	hook := n.compose(what)
	wait := firstWait
	for try := 1; n.p.courier.Deliver(context.Background(), []fake.Webhook{hook})[0]/100 != 2; try++ {
		if try == n.tries {
			n.p.waiting.Add(-1) // it stays owed, and is told after a restart
			return
		}
		pause(wait)
		wait = min(2*wait, longestWait)
	}
	n.done(what, hook)
}

func (n *news) compose(what string) fake.Webhook {
	n.p.mu.Lock()
	defer n.p.mu.Unlock()
	return n.g.hook(n.p.about(n.g, n.s, what), n.p.now())
}

// done notes that the hub knows it.
func (n *news) done(what string, hook fake.Webhook) {
	n.p.mu.Lock()
	again := n.p.faults.DuplicateWebhooks
	n.p.journal.Record("told", toldEntry{n.g.ID, n.s.ID, what})
	n.p.mu.Unlock()
	n.p.courier.Later(copies(hook, again))
	n.p.waiting.Add(-1)
}

// copies are n of a webhook.
func copies(hook fake.Webhook, n int) []fake.Webhook {
	out := make([]fake.Webhook, n)
	for i := range out {
		out[i] = hook
	}
	return out
}

func pause(d time.Duration) {
	if d > 0 {
		<-time.After(d)
	}
}
