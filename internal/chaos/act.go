package chaos

import (
	"context"
	"slices"
	"time"

	"omnihub/internal/channel/fake"
)

// act lets a customer write n times, each time at a second of its own, and do what
// else customers do. The webhooks are kept.
func (r *run) act(ctx context.Context, who customer, wave, n int) ([]*hook, error) {
	if n <= 0 {
		return nil, nil
	}
	var hooks []*hook
	now := r.now().Truncate(time.Second)
	for i := range n {
		kind := "ping"
		if list := traitOf(who.channel).kinds; r.random.IntN(4) == 0 {
			kind = list[r.random.IntN(len(list))]
		}
		l := r.linkOf(who)
		if wave == 0 && i == n-1 && l != nil {
			kind = "card"
		}
		h, err := r.say(ctx, who, kind, who.shows(wave*perWave+i), now.Add(time.Duration(i-n)*time.Second))
		if err != nil {
			return nil, err
		}
		if kind == "card" {
			l.asked = append(l.asked, h)
		}
		hooks = append(hooks, h)
	}
	more, err := r.beside(ctx, who, wave, hooks, now)
	return append(hooks, more...), err
}

// say makes one message.
func (r *run) say(ctx context.Context, who customer, kind, shown string, at time.Time) (*hook, error) {
	t := traitOf(who.channel)
	h := &hook{team: demoTeam, customer: who, mark: r.mark(), kind: kind, shown: shown, at: at.UnixMilli()}
	h.answered = slices.Contains([]string{"ping", "tap", "row", "postback", "card"}, kind)
	a := t.act(kind, h.mark, r.marks)
	if kind == "card" {
		a = fake.Act{Text: r.linkOf(who).arrives.channel}
	}
	a.From, a.At, a.Hold = who.name, h.at, true
	if t.number != nil {
		a.ID = t.number(r.Seed, r.marks)
	}
	var err error
	if h.shown, err = r.showing(ctx, who, &a, shown); err != nil {
		return nil, err
	}
	filling := ""
	if kind == "text" {
		filling = r.filling()
	}
	d, err := r.stack.Customer(ctx, who.channel, a)
	if err != nil && kind == "tap" { // nothing was shown to the customer that could be tapped
		return r.say(ctx, who, "ping", shown, at)
	}
	if err != nil {
		return nil, err
	}
	h.carry(d)
	h.act, h.filling = a, filling
	r.learn(h)
	if filling != "" {
		h.body = t.fill(h.body, filling)
		h.head = r.webhooks[h.team+h.customer.channel].signed(h.head, h.body)
	}
	return h, nil
}

// showing lets an act come by some of a customer's ids, and answers by which it does.
func (r *run) showing(ctx context.Context, who customer, a *fake.Act, shown string) (string, error) {
	if shown == "" {
		return "", nil
	}
	before, by := traitOf(who.channel).show(a, shown)
	if before == nil {
		return by, nil
	}
	before.Account, before.From = a.Account, who.name
	_, err := r.stack.Customer(ctx, who.channel, *before)
	return by, err
}
