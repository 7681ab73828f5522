package chaos

import (
	"context"
	"slices"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/stack"
)

const (
	// steadyFor is how long others' sends are timed, at one each steadyEvery.
	steadyFor   = 4 * time.Second
	steadyEvery = 50 * time.Millisecond
	// quick is a time within which nobody is held back, whatever the baseline was.
	quick = 250.0 // ms
	// lent is how long a platform takes to forget what is lent in a phase.
	lent = 5 * time.Minute
	// burst is how much is sent to one customer at once: more than any platform lends.
	burst = 70
)

// crowd is a group of customers of one account.
type crowd struct {
	channel, account string
	names, addresses []string
}

// pacing is a run in which platforms ask to wait, are down, and refuse the token, while
// much is sent to few.
type pacing struct {
	*run
	report                *Report
	pressed, aside, other crowd               // customers of the account that suffers, of another one of its platform, and of another platform
	steadies              map[string][]string // names of the timed sends, by phase
	refused               []string            // sends that wait because the token is refused
	until                 int64               // when the token is good again, hub's time in ms
	late                  map[string]bool     // answers whose deadline passes
}

// Pacing sends much to few while one account is told to slow down for minutes, its
// platform is down for two, and its token is refused for a while. Nothing may be lost,
// overtaken, sent twice or given up silently, and nobody else may wait for it. Each
// thread gets the load's messages, divided by its customers.
func Pacing(ctx context.Context, st *stack.Stack, l Load) (Report, error) {
	report := Report{Scenario: "pacing", Seed: l.Seed, Level: None, Ordered: true, Scale: l.Scale, Figures: map[string]float64{}}
	l.Rival, l.Level, l.Failpoints = false, None, 0
	start := time.Now()
	r, err := begin(ctx, st, l)
	if err != nil {
		return report, err
	}
	p := &pacing{run: r, report: &report, steadies: map[string][]string{}, late: map[string]bool{}}
	for _, phase := range []func(context.Context) error{p.meet, p.baseline, p.slowed, p.pair, p.down, p.expired, p.deadline, p.again} {
		if err := phase(ctx); err != nil {
			r.tell(&report)
			return report, err
		}
	}
	report.Seconds = time.Since(start).Seconds()
	r.tell(&report)
	f := faultsOf(Load{Channels: l.Channels})
	for channel := range f.platforms {
		f.platforms[channel] = plan{}
	}
	if err := r.check(ctx, &report, f, nil); err != nil {
		return report, err
	}
	p.judge()
	return report, nil
}

// baseline times the others beside a pressed account that does not suffer.
func (p *pacing) baseline(ctx context.Context) error {
	if _, err := p.press(ctx, p.pressed, p.each()); err != nil {
		return err
	}
	return p.timed(ctx, "baseline")
}

// slowed answers every call of the account with 429 and three minutes to wait, then one
// in three.
func (p *pacing) slowed(ctx context.Context) error {
	type plan struct {
		Seed       uint64  `json:"seed"`
		Account    string  `json:"account"`
		Rate429    float64 `json:"rate429"`
		RetryAfter int     `json:"retry_after"`
	}
	if err := p.plans(ctx, map[string]any{p.pressed.channel: plan{p.Seed, p.pressed.account, 1, 180}}); err != nil {
		return err
	}
	if _, err := p.press(ctx, p.pressed, p.each()); err != nil {
		return err
	}
	if err := p.timed(ctx, "slowed"); err != nil {
		return err
	}
	if err := p.plans(ctx, map[string]any{p.pressed.channel: plan{p.Seed, p.pressed.account, 0.3, 90}}); err != nil {
		return err
	}
	if _, err := p.press(ctx, p.pressed, p.each()); err != nil {
		return err
	}
	return p.settle(ctx)
}

// pair sends one customer more than the platform lends, and others beside.
func (p *pacing) pair(ctx context.Context) error {
	if err := p.plans(ctx, map[string]any{}); err != nil {
		return err
	}
	for n := range burst {
		if _, err := p.one(ctx, p.pressed, 0); err != nil {
			return err
		}
		if n%10 == 0 {
			if _, err := p.one(ctx, p.pressed, 1); err != nil {
				return err
			}
		}
	}
	return p.settle(ctx)
}

// down has both platforms down for two minutes, while the desk and the bot have much
// to say.
func (p *pacing) down(ctx context.Context) error {
	type plan struct {
		Down bool `json:"down"`
	}
	if err := p.plans(ctx, map[string]any{p.pressed.channel: plan{true}, p.other.channel: plan{true}}); err != nil {
		return err
	}
	var hooks []*hook
	for _, c := range []crowd{p.pressed, p.other} {
		if _, err := p.press(ctx, c, p.each()); err != nil {
			return err
		}
		for i := range c.names {
			h, err := p.speak(ctx, p.member(c, i), c.account, "ping")
			if err != nil {
				return err
			}
			hooks = append(hooks, h)
		}
	}
	if err := p.deliver(ctx, hooks, 0); err != nil {
		return err
	}
	if err := p.pass(ctx, 2*time.Minute); err != nil {
		return err
	}
	if err := p.plans(ctx, map[string]any{}); err != nil {
		return err
	}
	return p.settle(ctx)
}

// expired refuses the account's token for two minutes: what is sent then waits for it to
// be good again.
func (p *pacing) expired(ctx context.Context) error {
	type plan struct {
		Account string `json:"account"`
		Expired bool   `json:"expired_token"`
	}
	if err := p.plans(ctx, map[string]any{p.pressed.channel: plan{p.pressed.account, true}}); err != nil {
		return err
	}
	var err error
	if p.refused, err = p.press(ctx, p.pressed, 2); err != nil {
		return err
	}
	if err := p.pass(ctx, 2*time.Minute); err != nil {
		return err
	}
	p.until = p.now().UnixMilli()
	if err := p.plans(ctx, map[string]any{}); err != nil {
		return err
	}
	if _, err = p.press(ctx, p.pressed, 2); err != nil {
		return err
	}
	return p.settle(ctx)
}

// deadline keeps the account's platform down for longer than an answer of the bot is
// worth sending: that fails, what a person said does not.
func (p *pacing) deadline(ctx context.Context) error {
	if err := p.settle(ctx); err != nil {
		return err
	}
	type plan struct {
		Account string `json:"account"`
		Down    bool   `json:"down"`
	}
	if err := p.plans(ctx, map[string]any{p.pressed.channel: plan{p.pressed.account, true}}); err != nil {
		return err
	}
	var hooks []*hook
	for i := range p.pressed.names {
		h, err := p.speak(ctx, p.member(p.pressed, i), p.pressed.account, "ping")
		if err != nil {
			return err
		}
		p.late[demoTeam+hub.ShortID(h.message)] = true
		hooks = append(hooks, h)
	}
	if err := p.deliver(ctx, hooks, 0); err != nil {
		return err
	}
	if err := pause(ctx, 10*nap); err != nil { // the answers are accepted before what follows
		return err
	}
	if _, err := p.press(ctx, p.pressed, 1); err != nil {
		return err
	}
	for range 9 {
		if err := p.advance(ctx, 4*time.Minute); err != nil {
			return err
		}
		if err := pause(ctx, 5*nap); err != nil {
			return err
		}
	}
	if err := p.plans(ctx, map[string]any{}); err != nil {
		return err
	}
	return p.settle(ctx)
}

// again times the others once more, with nothing wrong.
func (p *pacing) again(ctx context.Context) error {
	if err := p.timed(ctx, "afterwards"); err != nil {
		return err
	}
	return p.settle(ctx)
}

// judge names every promise that was broken.
func (p *pacing) judge() {
	r := p.report
	r.broken()
	late := string(hub.DeadlinePassed)
	r.expect("sends that failed visibly with "+late, r.Unanswered[late], len(p.late))
	r.Figures["failed "+late] = float64(r.Unanswered[late])
	waited := 0
	for _, name := range p.refused {
		if calls := p.effects.calls[name]; len(calls) > 0 && calls[0].At >= p.until {
			waited++
		}
	}
	r.expect("sends that waited for the token", waited, len(p.refused))
	for _, why := range sorted(r.Unanswered) {
		if why != late {
			r.blame("sends that failed with %s: got %d, want 0", why, r.Unanswered[why])
		}
	}
	// LINE may have taken an answer by a reply token before it failed.
	if most := len(p.other.names); r.Unknown > most {
		r.blame("unknown sends: got %d, want at most %d, the answers by a reply token during the outage", r.Unknown, most)
	}
	before, during, after := p.p95("baseline"), p.p95("slowed"), p.p95("afterwards")
	r.Figures["others p95 ms before"], r.Figures["others p95 ms while slowed"], r.Figures["others p95 ms after"] = before, during, after
	if calm := slices.Max([]float64{before, after, quick / 2}); during >= 2*calm {
		r.blame("p95 of other accounts' sends: got %.0f ms, want under twice the %.0f ms without", during, calm)
	}
}
