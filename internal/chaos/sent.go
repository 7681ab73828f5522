package chaos

import (
	"encoding/json"
	"slices"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
)

// effects are the calls that the platforms accepted, by the send that they were made
// for, and in the order in which they were accepted.
type effects struct {
	calls map[string][]fake.Call // by the send's name
	order []string               // the name of each send at its first call
}

// effectsOf finds the send of each call: by our name of it, by its retry key or by its
// reply token. A call without a send is something that nobody wanted.
func effectsOf(calls []fake.Call, t *tables, report *Report) effects {
	keys, tokens := map[string]string{}, map[string][]string{}
	for _, ref := range sorted(t.sends) {
		s := t.sends[ref]
		keys[hub.RetryKey(hub.TeamID(s.team), hub.UserKey(s.user), hub.MessageKey(s.key))] = ref
		if s.token != "" {
			tokens[s.token] = append(tokens[s.token], ref)
		}
	}
	e := effects{calls: map[string][]fake.Call{}}
	for _, c := range calls {
		var body struct {
			Ref string `json:"biz_opaque_callback_data"`
		}
		_ = json.Unmarshal([]byte(c.Body), &body) // the platform accepted it
		ref := body.Ref
		switch c.Kind {
		case "loading":
			continue
		case "push":
			ref = keys[c.RetryKey]
		case "reply":
			// Both teams are told the same token.
			for _, of := range tokens[c.ReplyToken] {
				if t.sends[of].text == c.Text {
					ref = of
				}
			}
		}
		if s, ok := t.sends[ref]; !ok || s.text != c.Text {
			report.DoubleSends++
			report.example("duplicate effects", "a %s of %s that nobody queued, at %d", c.Kind, c.Channel, c.At)
			continue
		}
		if len(e.calls[ref]) == 0 {
			e.order = append(e.order, ref)
		}
		e.calls[ref] = append(e.calls[ref], c)
	}
	return e
}

// checkSent compares the calls that the fake platforms accepted with the sends that
// are stored: how often, under which id, what the platform told of them, and in which
// order.
func (r *run) checkSent(t *tables, accepted []fake.Call, report *Report, f faults) {
	e := effectsOf(accepted, t, report)
	r.effects = e
	for _, ref := range sorted(t.sends) {
		s, calls := t.sends[ref], e.calls[ref]
		if len(calls) > 1 {
			// One further call of a transactional message whose answer was lost.
			if s.class == string(hub.ClassTransactional) && len(calls) == 2 && s.answers == "" {
				report.Resent++
			} else {
				report.DoubleSends += len(calls) - 1
				report.example("duplicate effects", "%s, class %s: %d calls", ref, s.class, len(calls))
			}
		}
		if s.out() && (len(calls) == 0 || !slices.ContainsFunc(calls, func(c fake.Call) bool { return c.ID == s.id })) {
			report.WrongIDs++
			report.example("wrong ids", "%s: %d calls, id %q, states %v", ref, len(calls), s.id, s.states)
		}
		if s.states["failed"] && len(calls) > 0 && !s.out() {
			report.FalseFailures++
			report.example("false failures", "%s: failed with %s, and %d calls", ref, s.code, len(calls))
		}
		told := r.checkReceipts(report, s, f, len(calls))
		if s.states["unknown"] && !s.out() {
			r.accountFor(report, s, f, len(calls), told)
		}
	}
	checkOrder(t, report, e, f)
}

// checkReceipts looks whether a send shows what the platform told of it, and answers
// whether it told anything.
func (r *run) checkReceipts(report *Report, s send, f faults, calls int) (told bool) {
	if calls == 0 || s.team != demoTeam || s.channel != whatsApp {
		return false
	}
	owed := f.receipts.owed(s.ref(), calls)
	for _, state := range owed {
		report.Receipts++
		if !s.states[state] {
			report.LostReceipts++
			report.example("lost receipts", "%s of %s", state, s.ref())
		}
	}
	return len(owed) > 0
}

// accountFor finds out why nobody knows how a send ended: the platform lost its
// answer, or the function was cut off.
func (r *run) accountFor(report *Report, s send, f faults, calls int, told bool) {
	if told {
		report.Unreconciled++
		report.example("unreconciled", "%s, class %s, %d calls", s.ref(), s.class, calls)
		return
	}
	if f.lostAnswer(s.channel, s, calls) {
		report.UnknownLost++
		return
	}
	report.UnknownCut++
	report.example("cut off", "%s, class %s, stage %q, %d calls", s.ref(), s.class, s.stage, calls)
}

// accepting is how long it takes at most to write a send down from the moment at which
// it was accepted. Where an invocation may come twice, two workers have the same thread
// in hand for so long.
const accepting = 5_000 // ms

// clockMargin is how far two machines' clocks may differ: of two sends that were accepted
// by different ones the order is known only beyond it.
const clockMargin = 10_000 // ms

// checkOrder holds the order in which the platforms accepted the sends of each thread
// against the order in which the hub accepted them. Queues without order promise none,
// and two threads none between them before they were found to be one person's. Sends
// that answer different ids of one person are accepted side by side, and the change stream
// keeps the order of a partition only: those that left the other way round are counted,
// and break no promise.
func checkOrder(t *tables, report *Report, e effects, f faults) {
	slack := int64(0)
	if f.invocations != nil {
		slack = accepting
	}
	last := map[string]map[string]send{} // by thread and partition
	for _, ref := range e.order {
		s := t.sends[ref]
		if last[s.line] == nil {
			last[s.line] = map[string]send{}
		}
		wrong := false
		for user, before := range last[s.line] {
			if user != s.user {
				if s.accepted+clockMargin < before.accepted {
					report.Crossing++
				}
			} else {
				wrong = s.accepted+slack < before.accepted || slack == 0 && s.accepted == before.accepted && s.key < before.key
			}
			if wrong {
				report.Disordered++
				report.example("out of order", "%s (%s, accepted %d) left after %s (%s, accepted %d), traces %s and %s", ref, s.class, s.accepted,
					before.ref(), before.class, before.accepted, s.trace, before.trace)
				break
			}
		}
		if before, ok := last[s.line][s.user]; !ok || before.accepted < s.accepted {
			last[s.line][s.user] = s
		}
	}
}
