package chaos

import (
	"slices"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
)

// owed are the states that the platform told of a send which it accepted.
func (e effects) owed(f faults, s send) []string {
	tr, calls := traitOf(s.channel), e.counting(s.ref())
	if len(tr.words) == 0 || len(calls) == 0 {
		return nil
	}
	return f.platforms[s.channel].owed(tr.owing+tr.die(s), e.place[calls[0].ID], len(calls), tr.words...)
}

// of is the send for which the platform made a message of that id; "" = none.
func (e effects) of(id string) string {
	for _, ref := range sorted(e.calls) {
		if slices.ContainsFunc(e.calls[ref], func(c fake.Call) bool { return c.ID == id }) {
			return ref
		}
	}
	return ""
}

// match finds the send of each call: first by what is its alone, then, among those that
// are left, by what several may bear.
func match(calls []fake.Call, t *tables) []string {
	bearers := map[string][]string{}
	for _, ref := range sorted(t.sends) {
		s := t.sends[ref]
		for _, name := range traitOf(s.channel).bears(s) {
			bearers[s.channel+" "+name] = append(bearers[s.channel+" "+name], ref)
		}
	}
	refs, taken := make([]string, len(calls)), map[string]bool{}
	for place := range 2 {
		for i, c := range calls {
			names := traitOf(c.Channel).borne(c)
			if refs[i] != "" || place >= len(names) {
				continue
			}
			for _, of := range bearers[c.Channel+" "+names[place]] {
				// Both teams may be told the same reply token.
				if t.sends[of].text == c.Text && (place == 0 || !taken[of]) {
					refs[i], taken[of] = of, true
					break
				}
			}
		}
	}
	return refs
}

// checkReceipts looks whether a send shows what the platform told of it, and answers
// whether it told anything by our own name of the send.
func (r *run) checkReceipts(t *tables, report *Report, s send, f faults, calls []fake.Call) (named bool) {
	tr := traitOf(s.channel)
	if len(calls) == 0 || s.team != demoTeam {
		return false
	}
	if tr.byID && (len(calls) > 1 || calls[0].ID != s.id || s.id == "") {
		return false // it is about a call of which the hub does not know
	}
	if c := calls[0]; c.Dropped && len(tr.words) > 0 {
		all := len(r.effects.calls[s.ref()])
		if tr.slows != "" && len(f.platforms[s.channel].owed(tr.owing+tr.die(s), all-1, 1, tr.slows)) == 0 {
			return false // it did not say so
		}
		report.Receipts++
		switch {
		case !s.states["failed"]:
			report.LostReceipts++
			report.example("lost receipts", "failed of %s, trace %s, states %v", s.ref(), s.trace, s.states)
		case s.code == string(hub.RateLimited) && tr.slows != "":
			if all == 1 { // else it is counted by the calls
				report.Slowed++
			}
		default:
			report.unanswered(s.code, "%s, trace %s, was taken and refused afterwards", s.ref(), s.trace)
		}
		return true
	}
	for _, state := range r.effects.owed(f, s) {
		named = named || slices.Contains(tr.names, state)
		report.Receipts++
		shown := s.states[state]
		if tr.marks && state != "sent" {
			shown = t.threads[t.root(s.line)].upTo[state] >= calls[0].At
		}
		if !shown {
			report.LostReceipts++
			report.example("lost receipts", "%s of %s, trace %s, states %v, code %q, %d calls", state, s.ref(), s.trace, s.states, s.code, len(calls))
		}
	}
	return named
}

// checkEchoes looks at what stands in the logs as other systems' messages: what somebody
// wrote in a platform's own inbox, and what the second team sent by an account whose
// webhooks the first team gets. A send of the team's own must not be there.
func (r *run) checkEchoes(t *tables, report *Report, f faults) {
	known := map[string]bool{}
	for _, h := range r.hooks {
		if h.want == wantEcho {
			known[h.team+hub.ShortID(h.message)] = true
		}
	}
	for _, ref := range sorted(r.effects.calls) {
		s, calls := t.sends[ref], r.effects.calls[ref]
		if s.team == demoTeam {
			continue
		}
		for _, c := range calls {
			known[demoTeam+hub.ShortID(c.ID)] = true
		}
		tr := traitOf(s.channel)
		if !tr.echoes || len(calls) > 1 || !slices.Contains(r.effects.owed(f, s), "sent") {
			continue
		}
		report.Receipts++
		if len(t.echoes[demoTeam+hub.ShortID(calls[0].ID)]) == 0 {
			report.LostReceipts++
			report.example("lost receipts", "echo of %s, of team %s", ref, s.team)
		}
	}
	for _, key := range sorted(t.echoes) {
		list := t.echoes[key]
		if !known[key] {
			report.Unexpected += len(list)
			report.example("unexpected", "another system's message %s in %s of %s", key, list[0].user, list[0].channel)
		} else if len(list) > 1 {
			report.Doubled += len(list) - 1
			report.example("doubled", "another system's message %s, %d times", key, len(list))
		}
	}
}

// welcomes are the answers to webhooks that count as messages, as calls.
func (r *run) welcomes() []fake.Call {
	var out []fake.Call
	for _, h := range r.hooks {
		if words := h.welcome.Load(); words != nil {
			_, to := traitOf(h.customer.channel).ids(h.body)
			out = append(out, fake.Call{Channel: h.customer.channel, Kind: "welcome", To: to, Text: *words, At: h.acked.Load()})
		}
	}
	return out
}

// checkWelcomes counts the customers who came and were to be welcomed, and were not.
func (r *run) checkWelcomes(report *Report) {
	for _, h := range r.hooks {
		if !h.welcomed || h.team != demoTeam || h.acked.Load() == 0 {
			continue
		}
		report.Sends++
		if h.welcome.Load() == nil {
			report.unanswered("no welcome", "%s of %s", h.mark, h.customer.name)
		}
	}
}
