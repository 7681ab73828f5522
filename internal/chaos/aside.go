package chaos

import (
	"context"
	"fmt"
	"time"

	"omnihub/internal/channel/fake"
)

// aside is what a customer does in a wave beside writing.
type aside struct {
	*run
	ctx   context.Context
	who   customer
	wave  int
	wrote []*hook
	now   time.Time
	more  []*hook
}

// beside lets a customer do what else customers of the channel do.
func (r *run) beside(ctx context.Context, who customer, wave int, wrote []*hook, now time.Time) ([]*hook, error) {
	b := &aside{run: r, ctx: ctx, who: who, wave: wave, wrote: wrote, now: now}
	for _, do := range traitOf(who.channel).beside {
		if err := do(b); err != nil {
			return nil, err
		}
	}
	return b.more, nil
}

// add makes the webhook of an act of somebody's. What is no message goes by no id of one.
func (b *aside) add(who customer, h *hook, a fake.Act) error {
	h.team, h.customer, h.mark, h.at = demoTeam, who, b.mark(), b.now.UnixMilli()
	a.From, a.At, a.Hold = who.name, h.at, true
	d, err := b.stack.Customer(b.ctx, who.channel, a)
	if err != nil {
		return err
	}
	h.carry(d)
	if h.want == wantAction || h.want == wantFact {
		h.message = ""
	}
	b.learn(h)
	b.more = append(b.more, h)
	return nil
}

// takeBack takes some of the texts back.
func (b *aside) takeBack() error {
	for _, h := range b.wrote {
		if h.kind != "text" || h.edited || b.random.IntN(3) != 0 {
			continue
		}
		h.unsent = true
		if err := b.add(b.who, &hook{kind: "unsend", want: wantAction, target: h.message}, fake.Act{Extra: extra(traitOf(b.who.channel).unsend, "message", h.message)}); err != nil {
			return err
		}
	}
	return nil
}

// gather lets a few customers speak in a group, and correct that.
func (b *aside) gather() error {
	if b.wave != 0 || b.who.turn%5 != 1 {
		return nil
	}
	group := fmt.Sprintf("%s group %d", canaryName, b.who.number)
	id := traitOf(b.who.channel).number(b.Seed, b.marks+1)
	said := fake.Act{ID: id, Extra: extra("group_text", "group", group, "text", marker+" in a group")}
	if err := b.add(b.who, &hook{kind: "group text", group: true}, said); err != nil {
		return err
	}
	edit := fake.Act{Extra: extra("edit", "group", group, "message", id, "text", marker+" corrected")}
	return b.add(b.who, &hook{kind: "edit", want: wantAction, target: id, group: true}, edit)
}

// visit lets somebody come or go who never writes.
func (b *aside) visit() error {
	if b.who.turn%5 != 2 {
		return nil
	}
	visitor := b.who
	visitor.name = fmt.Sprintf("%s visitor %d", canaryName, b.who.number)
	a, kind := fake.Act{Follow: true}, "follow"
	if b.came[visitor.name] {
		a, kind = fake.Act{Block: true}, "block"
	}
	b.came[visitor.name] = a.Follow
	return b.add(visitor, &hook{kind: kind, want: wantFact}, a)
}

// react reacts to the hub's last message, or, if there is none, to the customer's own.
func (b *aside) react() error {
	emoji := []string{"👍", "❤️", "😂", "🙏"}[b.wave%4]
	h := &hook{kind: "reaction", want: wantAction, emoji: emoji}
	err := b.add(b.who, h, fake.Act{Extra: extra("reaction", "emoji", emoji)})
	if err != nil {
		err = b.add(b.who, h, fake.Act{Extra: extra("reaction", "emoji", emoji, "message", b.wrote[0].message)})
	}
	if err != nil {
		return err
	}
	if h.target = traitOf(b.who.channel).target(h.body); h.target == "" {
		return fmt.Errorf("chaos: the webhook of a reaction of %s names no message", b.who.channel)
	}
	return nil
}

// correct corrects some of the texts.
func (b *aside) correct() error {
	for _, h := range b.wrote {
		if h.kind != "text" || h.unsent || b.random.IntN(4) != 0 {
			continue
		}
		h.edited = true
		a := fake.Act{Extra: extra("edit", "message", h.message, "text", h.mark+" corrected")}
		if err := b.add(b.who, &hook{kind: "edit", want: wantAction, target: h.message}, a); err != nil {
			return err
		}
	}
	return nil
}

// enter comes by a link of the brand's.
func (b *aside) enter() error {
	if b.who.turn%5 != 3 {
		return nil
	}
	t := traitOf(b.who.channel)
	return b.add(b.who, &hook{kind: "entry", want: wantFact, welcomed: t.welcomes}, t.entry(b.next()))
}

// inbox has somebody of the account's write in the platform's own inbox.
func (b *aside) inbox() error {
	if b.who.turn%5 != 4 {
		return nil
	}
	return b.add(b.who, &hook{kind: "echo", want: wantEcho}, fake.Act{Extra: extra("echo", "text", b.next())})
}
