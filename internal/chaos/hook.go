package chaos

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
)

// customer is somebody who writes on one channel.
type customer struct {
	channel string
	name    string
	number  int // among all
	turn    int // among those of the channel
}

// canaryName is a part of every customer's name, which no log may show.
const canaryName = "Kestrelline"

func (l Load) customer(number int) customer {
	n := len(l.Channels)
	return customer{channel: l.Channels[number%n], name: fmt.Sprintf("%s %03d", canaryName, number), number: number, turn: number / n}
}

// everywhere tells whether a customer is one of the second team's too.
func (c customer) everywhere() bool { return c.turn%5 == 0 }

// want is what an event must come to.
type want int

const (
	wantMessage    want = iota // one message
	wantAction                 // something done to a message
	wantFact                   // an event that is kept as it came
	wantEcho                   // a message of the account's side that the hub did not send
	wantQuarantine             // one entry of the quarantine, and nothing else
)

// hook is one event of a platform, in a signed webhook of its own, and what it must
// come to.
type hook struct {
	team     string
	customer customer
	mark     string // stands in the event, wherever the event has room for words
	kind     string // "ping", "text", "image", "reaction", "follow", …
	want     want
	reason   hub.Code // with wantQuarantine

	at       int64  // platform time, ms
	message  string // with wantMessage and wantEcho: its id
	answered bool   // it has one automatic answer
	shown    string // by which of the customer's ids the webhook names the customer
	target   string // with wantAction: the id of the message
	emoji    string // with a reaction
	event    string // with wantFact: the platform's id of the event; "" = it is found by its mark
	unsent   bool   // it was taken back later
	edited   bool   // it was corrected later
	welcomed bool   // the webhook's own answer is a message to the customer
	group    bool   // it was said in a group
	alone    bool   // its webhook cannot be put together with others

	act     fake.Act // by which it was made
	filling string   // what was put into its text, as JSON
	url     string
	head    map[string]string
	body    string

	welcome atomic.Pointer[string] // what the webhook's own answer said to the customer first
	posted  atomic.Int64           // when it was delivered first, hub's time in ms
	acked   atomic.Int64           // when it was answered 2xx first
}

// carry takes over the webhook that a fake platform made.
func (h *hook) carry(d fake.Delivery) {
	h.message, h.event = d.Message, d.Event
	if name := traitOf(h.customer.channel).event; name != nil && h.event != "" {
		h.event = name(h.kind, h.event)
	}
	h.url, h.head, h.body = d.URL, d.Header, d.Body
	if h.want == wantMessage && h.message == "" {
		h.message = d.Event // the platform gives it no other id
	}
}

// said notes what an answer to the webhook says to the customer, where that counts as a
// message.
func (h *hook) said(answer string) {
	if words := named(fake.Call{Body: answer}, "text"); h.welcomed && words != "" {
		h.welcome.CompareAndSwap(nil, &words)
	}
}

// learn notes the ids by which a webhook names its customer.
func (r *run) learn(h *hook) {
	ids, to := traitOf(h.customer.channel).ids(h.body)
	for _, id := range ids {
		if id != "" {
			r.personal[id] = true
		}
	}
	if to != "" {
		r.addresses[h.customer.name] = to
	}
}

// marker is the common beginning of all marks, which no log may show.
const marker = "kestrelmark"

// mark makes the next mark of a run.
func (r *run) mark() string {
	mark := r.next()
	r.marks++
	return mark
}

// next is the mark that comes next.
func (r *run) next() string { return fmt.Sprintf("%s%d-%06d", marker, r.Seed, r.marks+1) }

// mirror repeats what a fifth of the customers do at the second team, under the same
// ids: the same events, where both teams have the account, and the same acts where the
// second team has another account of the platform's.
func (r *run) mirror(ctx context.Context, hooks []*hook) ([]*hook, error) {
	if !r.Rival {
		return nil, nil
	}
	var out []*hook
	for _, h := range hooks {
		w := r.webhooks[rivalTeam+h.customer.channel]
		if !h.customer.everywhere() || h.want == wantQuarantine || w.url == "" {
			continue
		}
		t := traitOf(h.customer.channel)
		m := &hook{
			team: rivalTeam, customer: h.customer, mark: h.mark, kind: h.kind, want: h.want, at: h.at, message: h.message,
			answered: h.answered && h.kind != "card", shown: h.shown, target: h.target, event: h.event, unsent: h.unsent, group: h.group,
			url: w.url, head: h.head, body: h.body,
		}
		if w.external != r.webhooks[demoTeam+h.customer.channel].external {
			if h.kind == "tap" || h.want != wantMessage {
				continue // it is about a message of the first team
			}
			a := h.act
			a.Account, a.ID = w.account, h.message
			if _, err := r.showing(ctx, h.customer, &fake.Act{Account: w.account}, h.shown); err != nil {
				return nil, err
			}
			d, err := r.stack.Customer(ctx, h.customer.channel, a)
			if err != nil {
				return nil, err
			}
			m.head, m.body = d.Header, t.fill(d.Body, h.filling)
		}
		m.head = w.signed(m.head, m.body)
		out = append(out, m)
	}
	r.hooks = append(r.hooks, out...)
	return out, nil
}

func messagesIn(hooks []*hook) int {
	n := 0
	for _, h := range hooks {
		if h.want == wantMessage {
			n++
		}
	}
	return n
}

// between is the part of a text between two others; "" if they are not there.
func between(text, before, after string) string {
	_, rest, ok := strings.Cut(text, before)
	if !ok {
		return ""
	}
	found, _, _ := strings.Cut(rest, after)
	return found
}
