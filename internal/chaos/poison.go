package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
)

// poison makes n webhooks that are signed as they should be and can never be worked
// off, each in another way by turns as far as its platform has it, and one event each.
func (r *run) poison(ctx context.Context, fresh []*hook, n int) ([]*hook, error) {
	fresh = slices.DeleteFunc(slices.Clone(fresh), func(h *hook) bool { return h.kind == "block" }) // who has gone cannot write
	if len(fresh) == 0 {
		return nil, nil
	}
	var out []*hook
	kinds := []func(context.Context, customer) (*hook, error){r.unreadable, r.broken, r.stale, r.astray, r.oversize}
	for len(out) < n {
		who := fresh[r.random.IntN(len(fresh))].customer
		for made := false; !made; r.poisons++ {
			h, err := kinds[r.poisons%len(kinds)](ctx, who)
			if err != nil {
				return nil, err
			}
			if made = h != nil; made {
				out = append(out, h)
			}
		}
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
func (r *run) resign(h *hook, body string) error {
	if body == h.body {
		return fmt.Errorf("chaos: the webhook of %s could not be spoiled", h.customer.channel)
	}
	h.body, h.head = body, r.webhooks[h.team+h.customer.channel].signed(h.head, body)
	return nil
}

// unreadable is a body that is cut off.
func (r *run) unreadable(ctx context.Context, who customer) (*hook, error) {
	t := traitOf(who.channel)
	if t.torn == nil {
		return nil, nil
	}
	h, err := r.poisoned(ctx, who, hub.Unparsable, "", fake.Act{})
	if err != nil {
		return nil, err
	}
	h.alone = true
	return h, r.resign(h, t.torn(h.body))
}

// broken is an event that lacks what makes it one.
func (r *run) broken(ctx context.Context, who customer) (*hook, error) {
	h, err := r.poisoned(ctx, who, hub.Unparsable, "", fake.Act{})
	if err != nil {
		return nil, err
	}
	return h, r.resign(h, traitOf(who.channel).broken(h))
}

// stale is an event that happened ten days ago.
func (r *run) stale(ctx context.Context, who customer) (*hook, error) {
	if !traitOf(who.channel).dated {
		return nil, nil
	}
	return r.poisoned(ctx, who, hub.StaleEvent, "", fake.Act{At: r.now().Add(-10 * 24 * time.Hour).UnixMilli()})
}

// astray is an event for an account that is not connected.
func (r *run) astray(ctx context.Context, who customer) (*hook, error) {
	t := traitOf(who.channel)
	if t.stray == nil {
		return nil, nil
	}
	h, err := r.poisoned(ctx, who, hub.NoAccount, "", fake.Act{})
	if err != nil {
		return nil, err
	}
	return h, r.resign(h, t.stray(r.webhooks[h.team+who.channel], h.body))
}

// oversize is an event over 700 KB: a megabyte of emoji, as UTF-8 or as escapes.
func (r *run) oversize(ctx context.Context, who customer) (*hook, error) {
	h, err := r.poisoned(ctx, who, hub.Oversize, placeholder, fake.Act{})
	if err != nil {
		return nil, err
	}
	h.alone = true
	t, emoji := traitOf(who.channel), strings.Repeat("😀", 256<<10)
	if t.escapes {
		emoji = strings.Repeat(`\ud83d\ude00`, 80<<10)
	}
	return h, r.resign(h, t.fill(h.body, emoji))
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
	// Under another of the customer's ids it would be another message.
	if _, err := r.showing(ctx, of.customer, &a, of.shown); err != nil {
		return nil, err
	}
	h, err := r.poisoned(ctx, of.customer, hub.KeyReused, " in place of other words", a)
	if err != nil {
		return nil, err
	}
	r.hooks = append(r.hooks, h)
	return []*hook{h}, nil
}
