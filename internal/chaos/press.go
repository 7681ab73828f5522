package chaos

import (
	"context"
	"fmt"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
)

// plans sets what befalls the account that suffers, or all of a platform.
func (p *pacing) plans(ctx context.Context, plans map[string]any) error {
	for _, channel := range p.Channels {
		if _, ok := plans[channel]; !ok {
			plans[channel] = nil
		}
	}
	return p.stack.Faults(ctx, plans)
}

// meet lets everybody write once, so that they may be written to.
func (p *pacing) meet(ctx context.Context) error {
	accounts := map[string][]string{}
	for _, a := range p.office.demo.Accounts {
		accounts[a.Channel] = append(accounts[a.Channel], a.ID)
	}
	for _, channel := range p.Channels {
		switch list := accounts[channel]; {
		case len(list) > 1 && p.pressed.account == "":
			p.pressed, p.aside = crowd{channel: channel, account: list[0]}, crowd{channel: channel, account: list[1]}
		case len(list) > 0 && p.other.account == "":
			p.other = crowd{channel: channel, account: list[0]}
		}
	}
	if p.pressed.account == "" || p.other.account == "" {
		return fmt.Errorf("chaos: pacing needs a channel with two accounts, and another channel")
	}
	var hooks []*hook
	for i, c := range []*crowd{&p.pressed, &p.aside, &p.other} {
		for n := range max(p.Customers/3, 2) {
			who := customer{channel: c.channel, name: fmt.Sprintf("%s %d of crowd %d", canaryName, n, i), number: n, turn: n}
			h, err := p.speak(ctx, who, c.account, "hello")
			if err != nil {
				return err
			}
			hooks = append(hooks, h)
			c.names, c.addresses = append(c.names, who.name), append(c.addresses, p.addresses[who.name])
		}
	}
	return p.arrive(ctx, hooks)
}

// member is one of a crowd.
func (p *pacing) member(c crowd, n int) customer {
	return customer{channel: c.channel, name: c.names[n], number: n, turn: n}
}

// speak makes a message to an account. "ping" has an answer.
func (p *pacing) speak(ctx context.Context, who customer, account, words string) (*hook, error) {
	h := &hook{team: demoTeam, customer: who, mark: p.mark(), kind: words, at: p.now().UnixMilli(), answered: words == "ping"}
	if len(traitOf(who.channel).shown) > 0 {
		h.shown = byBoth
	}
	d, err := p.stack.Customer(ctx, who.channel, fake.Act{Account: account, From: who.name, Text: words, At: h.at, Hold: true})
	if err != nil {
		return nil, err
	}
	h.carry(d)
	p.learn(h)
	p.hooks = append(p.hooks, h)
	return h, nil
}

// arrive delivers webhooks and lets them be stored.
func (p *pacing) arrive(ctx context.Context, hooks []*hook) error {
	if err := p.deliver(ctx, hooks, 0); err != nil {
		return err
	}
	return p.settle(ctx)
}

// press sends n messages to each customer of a crowd, by turns, and answers their names.
func (p *pacing) press(ctx context.Context, c crowd, n int) ([]string, error) {
	var names []string
	for range n {
		for i := range c.addresses {
			name, err := p.one(ctx, c, i)
			if err != nil {
				return nil, err
			}
			names = append(names, name)
		}
	}
	return names, nil
}

func (p *pacing) one(ctx context.Context, c crowd, i int) (string, error) {
	err := p.send(ctx, c.channel, c.account, c.addresses[i], classes[p.marks%len(classes)], hub.TextContent("said the desk"))
	if err != nil {
		return "", err
	}
	return p.desk[len(p.desk)-1].ref(), nil
}

// each is how many messages each thread gets in a phase.
func (p *pacing) each() int { return max(p.Messages/max(p.Customers, 1), 2) }

// steady sends to the others for a while, at an even pace, and files the sends under
// the phase.
func (p *pacing) steady(ctx context.Context, phase string) error {
	again := time.NewTicker(steadyEvery)
	defer again.Stop()
	for n := 0; n < int(steadyFor/steadyEvery); n++ {
		c := []crowd{p.aside, p.other}[n%2]
		name, err := p.one(ctx, c, n/2%len(c.addresses))
		if err != nil {
			return err
		}
		p.steadies[phase] = append(p.steadies[phase], name)
		select {
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// timed times the others, and then lets the platforms forget what it lent.
func (p *pacing) timed(ctx context.Context, phase string) error {
	if err := p.steady(ctx, phase); err != nil {
		return err
	}
	if err := p.doze(ctx); err != nil {
		return err
	}
	return p.pass(ctx, lent)
}

// pass lets time pass, a minute at a time, with a moment for what falls due.
func (p *pacing) pass(ctx context.Context, d time.Duration) error {
	for ; d > 0; d -= time.Minute {
		if err := p.advance(ctx, time.Minute); err != nil {
			return err
		}
		if err := pause(ctx, 5*nap); err != nil {
			return err
		}
	}
	return nil
}

// p95 is the time within which the sends of a phase were with their platform, but for
// the slowest.
func (p *pacing) p95(phase string) float64 {
	var took []float64
	for _, name := range p.steadies[phase] {
		if calls := p.effects.calls[name]; len(calls) > 0 {
			took = append(took, float64(calls[0].At-hub.MessageKey(between(name+"\n", ".", "\n")).At().Time().UnixMilli()))
		}
	}
	return percentile(took, 95)
}
