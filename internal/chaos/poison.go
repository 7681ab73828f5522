package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
)

// poison makes n webhooks that are signed as they should be and can never be worked
// off, each in another way by turns, and one event each.
func (r *run) poison(ctx context.Context, fresh []*hook, n int) ([]*hook, error) {
	fresh = slices.DeleteFunc(slices.Clone(fresh), func(h *hook) bool { return h.kind == "block" }) // who has gone cannot write
	if len(fresh) == 0 {
		return nil, nil
	}
	var out []*hook
	kinds := []func(context.Context, customer) (*hook, error){r.unreadable, r.broken, r.stale, r.astray, r.oversize}
	for range n {
		who := fresh[r.random.IntN(len(fresh))].customer
		h, err := kinds[r.poisons%len(kinds)](ctx, who)
		if err != nil {
			return nil, err
		}
		r.poisons++
		out = append(out, h)
	}
	r.hooks = append(r.hooks, out...)
	return out, nil
}

// poisoned makes a text whose event has to end in quarantine.
func (r *run) poisoned(ctx context.Context, who customer, reason hub.Code, words string, a fake.Act) (*hook, error) {
	h := &hook{team: demoTeam, customer: who, mark: r.mark(), kind: "poison", want: wantQuarantine, reason: reason}
	a.From, a.Text, a.Hold = who.name, h.mark+words, true
	d, err := r.stack.Customer(ctx, who.channel, a)
	if err != nil {
		return nil, err
	}
	h.carry(d)
	return h, nil
}

// resign puts another body into a hook's webhook.
func (r *run) resign(h *hook, body string) {
	h.body, h.head = body, r.webhooks[h.team+h.customer.channel].signed(h.head, body)
}

// unreadable is a body that is cut off.
func (r *run) unreadable(ctx context.Context, who customer) (*hook, error) {
	h, err := r.poisoned(ctx, who, hub.Unparsable, "", fake.Act{})
	if err != nil {
		return nil, err
	}
	h.alone = true
	r.resign(h, h.body[:len(h.body)-2])
	return h, nil
}

// broken is an event that lacks what makes it one.
func (r *run) broken(ctx context.Context, who customer) (*hook, error) {
	h, err := r.poisoned(ctx, who, hub.Unparsable, "", fake.Act{})
	if err != nil {
		return nil, err
	}
	// LINE's message loses its id, WhatsApp's its time.
	body := strings.Replace(h.body, `"id":"`+h.message+`"`, `"no":"`+h.message+`"`, 1)
	if who.channel == whatsApp {
		body = strings.Replace(h.body, `"timestamp":"`, `"timestamp":"x`, 1)
	}
	if body == h.body {
		return nil, fmt.Errorf("chaos: the webhook of %s could not be broken", who.channel)
	}
	r.resign(h, body)
	return h, nil
}

// stale is an event that happened ten days ago.
func (r *run) stale(ctx context.Context, who customer) (*hook, error) {
	return r.poisoned(ctx, who, hub.StaleEvent, "", fake.Act{At: r.now().Add(-10 * 24 * time.Hour).UnixMilli()})
}

// astray is an event for a number that is not connected. LINE has no such thing: its
// webhooks are for one account.
func (r *run) astray(ctx context.Context, who customer) (*hook, error) {
	if who.channel != whatsApp {
		return r.stale(ctx, who)
	}
	h, err := r.poisoned(ctx, who, hub.NoAccount, "", fake.Act{})
	if err != nil {
		return nil, err
	}
	r.resign(h, strings.ReplaceAll(h.body, r.webhooks[h.team+whatsApp].external, "999999999999999"))
	return h, nil
}

// oversize is an event over 700 KB: a megabyte of emoji, as UTF-8 or as escapes.
func (r *run) oversize(ctx context.Context, who customer) (*hook, error) {
	h, err := r.poisoned(ctx, who, hub.Oversize, placeholder, fake.Act{})
	if err != nil {
		return nil, err
	}
	h.alone = true
	emoji := strings.Repeat("😀", 256<<10)
	if who.channel == whatsApp {
		emoji = strings.Repeat(`\ud83d\ude00`, 80<<10)
	}
	r.resign(h, strings.Replace(h.body, placeholder, emoji, 1))
	return h, nil
}

// reuse takes one of the messages of an earlier wave, which is stored by now, and
// sends other words under its id.
func (r *run) reuse(ctx context.Context, behind []*hook) ([]*hook, error) {
	var texts []*hook
	for _, h := range behind {
		if h.team == demoTeam && (h.kind == "ping" || h.kind == "text" && !h.unsent) {
			texts = append(texts, h)
		}
	}
	if r.Poison == 0 || len(texts) == 0 {
		return nil, nil
	}
	of := texts[r.random.IntN(len(texts))]
	a := fake.Act{ID: of.message, At: of.at}
	if of.shown != "" {
		// Under another of the customer's ids it would be another message.
		return r.reused(ctx, of, a, json.RawMessage(`{"type":"identity","show":"`+of.shown+`"}`))
	}
	return r.reused(ctx, of, a, nil)
}

func (r *run) reused(ctx context.Context, of *hook, a fake.Act, extra json.RawMessage) ([]*hook, error) {
	a.Extra = extra
	h, err := r.poisoned(ctx, of.customer, hub.KeyReused, " in place of other words", a)
	if err != nil {
		return nil, err
	}
	r.hooks = append(r.hooks, h)
	return []*hook{h}, nil
}
