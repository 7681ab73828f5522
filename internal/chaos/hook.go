package chaos

import (
	"context"
	"encoding/json"
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
	number  int
}

// canaryName is a part of every customer's name, which no log may show.
const canaryName = "Kestrelline"

func (r *run) customer(number int) customer {
	return customer{channel: r.Channels[number%len(r.Channels)], name: fmt.Sprintf("%s %03d", canaryName, number), number: number}
}

// want is what an event must come to.
type want int

const (
	wantMessage    want = iota // one message
	wantAction                 // something done to a message
	wantFact                   // an event that is kept as it came
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
	message  string // with wantMessage: its id
	answered bool   // it has one automatic answer
	shown    string // by which of the customer's ids the webhook names the customer
	target   string // with wantAction: the id of the message
	emoji    string // with a reaction
	event    string // with wantFact: the platform's id of the event
	unsent   bool   // it was taken back later
	group    bool   // it was said in a group
	alone    bool   // its webhook cannot be put together with others

	act     fake.Act // by which it was made
	filling string   // what was put into its text, as JSON
	url     string
	head    map[string]string
	body    string

	posted atomic.Int64 // when it was delivered first, hub's time in ms
	acked  atomic.Int64 // when it was answered 2xx first
}

// carry takes over the webhook that a fake platform made.
func (h *hook) carry(d fake.Delivery) {
	h.message, h.event = d.Message, d.Event
	h.url, h.head, h.body = d.URL, d.Header, d.Body
	if h.kind == "postback" {
		h.message = d.Event // LINE gives it no other id
	}
}

// learn notes the ids by which a webhook names its customer.
func (r *run) learn(h *hook) {
	ids := []string{between(h.body, `"userId":"`, `"`), between(h.body, `"user_id":"`, `"`), between(h.body, `"wa_id":"`, `"`)}
	for _, id := range ids {
		if id != "" {
			r.personal[id] = true
			r.addresses[h.customer.name] = id // of several the phone number
		}
	}
	if phone := ids[2]; phone != "" {
		r.addresses[h.customer.name] = "wa:" + phone
	}
}

// marker is the common beginning of all marks, which no log may show.
const marker = "kestrelmark"

// mark makes the next mark of a run.
func (r *run) mark() string {
	r.marks++
	return fmt.Sprintf("%s%d-%06d", marker, r.Seed, r.marks)
}

// mirror repeats what a fifth of the customers do at the second team, under the same
// ids: the same events of LINE, whose account both teams have, and the same acts at
// another number of WhatsApp.
func (r *run) mirror(ctx context.Context, hooks []*hook) ([]*hook, error) {
	if !r.Rival {
		return nil, nil
	}
	var out []*hook
	for _, h := range hooks {
		w := r.webhooks[rivalTeam+h.customer.channel]
		if h.customer.number%5 != 0 || h.want == wantQuarantine || w.url == "" {
			continue
		}
		m := &hook{
			team: rivalTeam, customer: h.customer, mark: h.mark, kind: h.kind, want: h.want, at: h.at, message: h.message,
			answered: h.answered, shown: h.shown, target: h.target, event: h.event, unsent: h.unsent, group: h.group,
			url: w.url, head: h.head, body: h.body,
		}
		if h.customer.channel == whatsApp {
			if h.kind == "tap" || h.want != wantMessage {
				continue // it is about a message of the first team
			}
			a := h.act
			a.Account, a.ID = w.account, h.message
			d, err := r.stack.Customer(ctx, whatsApp, a)
			if err != nil {
				return nil, err
			}
			if m.body = d.Body; h.filling != "" {
				m.body = strings.Replace(m.body, placeholder, h.filling, 1)
			}
			m.head = w.signed(d.Header, m.body)
		}
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

// targetOf reads out of the webhook of a reaction to which message it is.
func targetOf(body string) (string, error) {
	var w struct {
		Entry []struct {
			Changes []struct {
				Value struct {
					Messages []struct {
						Reaction struct {
							Message string `json:"message_id"`
						}
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &w); err != nil {
		return "", fmt.Errorf("chaos: the webhook of a reaction: %w", err)
	}
	for _, e := range w.Entry {
		for _, c := range e.Changes {
			for _, m := range c.Value.Messages {
				return m.Reaction.Message, nil
			}
		}
	}
	return "", fmt.Errorf("chaos: the webhook of a reaction holds none")
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
