package instagramtest

import (
	"context"
	"sort"
	"time"

	"omnihub/internal/channel/fake"
)

// What is told of a send.
const (
	newsEcho = "echo" // that it was sent
	newsRead = "read" // that the customer saw it; Instagram tells nothing of delivery
)

// owed is what will be told of a send, by the fault plan and the app's subscription.
func (p *platform) owed(a *account, f faults, name string) []string {
	var out []string
	if !a.told() {
		return nil
	}
	if !p.dice.Hit(f.StatusMissing, "missing echo", name) {
		out = append(out, newsEcho)
	}
	if p.dice.Hit(float64(f.StatusRead), "read", name) && !p.dice.Hit(f.StatusMissing, "missing read", name) {
		out = append(out, newsRead)
	}
	return out
}

// about makes the webhook that tells something of a send; p.mu is held.
func (p *platform) about(a *account, s *sent, what string) fake.Webhook {
	now := p.now().UnixMilli()
	i := item{Sender: party{a.ExternalID}, Recipient: party{s.To}, Timestamp: s.At.UnixMilli()}
	if what == newsRead {
		i = item{Sender: party{s.To}, Recipient: party{a.ExternalID}, Timestamp: now, Read: &read{s.ID}}
	} else {
		m := &message{Mid: s.ID, Echo: true}
		switch s.Kind {
		case "text":
			m.Text = s.Text
		case "template":
			m.Attachments = []attachment{{"template", &payload{Template: s.Template}}}
		default: // the file is Meta's own copy of it
			m.Attachments = []attachment{{s.Kind, &payload{URL: linkOr("")}}}
		}
		i.Message = m
	}
	return a.signed(encode(webhook{"instagram", []entry{{ID: a.ExternalID, Time: now, Messaging: []item{i}}}}), "")
}

// How often a webhook is tried that the hub does not take, and how long the platform
// waits in between: at first, and at most. Meta goes on for 36 hours.
const (
	newsTries    = 12
	restartTries = 24 // the hub may still be starting
	firstWait    = 250 * time.Millisecond
	longestWait  = 4 * time.Second
)

// news tells what becomes of one send.
type news struct {
	p     *platform
	a     *account
	s     *sent
	list  []string
	after []time.Duration // of each, since the send
	apart bool            // they do not wait for each other
	tries int
}

// news plans when things are told of a send. They count as pending from now on.
func (p *platform) news(a *account, s *sent, f faults, name string) *news {
	n := &news{p: p, a: a, s: s, list: append([]string{}, s.Owed...), apart: f.ShuffleWebhooks, tries: newsTries}
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
	return n.p.about(n.a, n.s, what)
}

// done notes that the hub knows it.
func (n *news) done(what string, hook fake.Webhook) {
	n.p.mu.Lock()
	again := n.p.faults.DuplicateWebhooks
	n.p.journal.Record("told", toldEntry{n.a.ID, n.s.ID, what})
	n.p.mu.Unlock()
	n.p.courier.Later(copies(hook, again))
	n.p.waiting.Add(-1)
}

func pause(d time.Duration) {
	if d > 0 {
		<-time.After(d)
	}
}
