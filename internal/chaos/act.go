package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"omnihub/internal/channel/fake"
)

// customer is somebody who writes on one channel.
type customer struct {
	channel string
	name    string
	number  int
}

// hook is one signed webhook, ready to be delivered: a message, or a reaction to one.
type hook struct {
	customer customer
	message  string // the message's id; "" = it is a reaction
	shown    string // by which of the customer's ids the webhook names the customer
	target   string // the id of the message that is reacted to
	emoji    string
	delivery fake.Delivery
	acked    atomic.Bool
}

// By which ids a webhook of WhatsApp names its customer.
const (
	byPhone = "phone"
	byUser  = "user"
	byBoth  = "both"
)

// whatsApp is the channel whose customers have several ids, and times in seconds.
const whatsApp = "whatsapp"

// shows are the ids by which a customer's messages come, by turns. Each customer
// begins elsewhere; some always come by both.
func (c customer) shows(i int) string {
	if c.channel != whatsApp {
		return ""
	}
	if c.number%8 == 7 {
		return byBoth
	}
	return []string{byPhone, byUser, byBoth}[(c.number/2+i)%3]
}

// act lets a customer write n times, each time at a second of its own, and react
// once where the channel has reactions. The webhooks are kept.
func (r *run) act(ctx context.Context, who customer, wave, n int) ([]*hook, error) {
	var hooks []*hook
	now := r.now().Truncate(time.Second)
	for i := range n {
		h, err := r.text(ctx, who, who.shows(wave*perWave+i), now.Add(time.Duration(i-n)*time.Second))
		if err != nil {
			return nil, err
		}
		hooks = append(hooks, h)
	}
	if who.channel != whatsApp || len(hooks) == 0 {
		return hooks, nil
	}
	h, err := r.react(ctx, who, wave, hooks[0].message, now)
	if err != nil {
		return nil, err
	}
	return append(hooks, h), nil
}

func (r *run) text(ctx context.Context, who customer, shown string, at time.Time) (*hook, error) {
	act := fake.Act{From: who.name, Text: "ping", Hold: true}
	if shown != "" {
		act.At = at.UnixMilli()
		act.Extra = json.RawMessage(`{"type":"identity","show":"` + shown + `"}`)
	}
	d, err := r.stack.Customer(ctx, who.channel, act)
	return &hook{customer: who, message: d.Message, shown: shown, delivery: d}, err
}

// react lets a customer react to the hub's last message, or, if there is none, to the
// customer's own.
func (r *run) react(ctx context.Context, who customer, wave int, own string, at time.Time) (*hook, error) {
	emoji := []string{"👍", "❤️", "😂", "🙏"}[wave%4]
	act := fake.Act{From: who.name, At: at.UnixMilli(), Hold: true}
	extra := map[string]string{"type": "reaction", "emoji": emoji}
	encode := func() {
		act.Extra, _ = json.Marshal(extra) // texts can always be written
	}
	encode()
	d, err := r.stack.Customer(ctx, who.channel, act)
	if err != nil {
		extra["message"] = own
		encode()
		if d, err = r.stack.Customer(ctx, who.channel, act); err != nil {
			return nil, err
		}
	}
	target, err := targetOf(d.Body)
	return &hook{customer: who, target: target, emoji: emoji, delivery: d}, err
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

func messagesIn(hooks []*hook) int {
	n := 0
	for _, h := range hooks {
		if h.message != "" {
			n++
		}
	}
	return n
}
