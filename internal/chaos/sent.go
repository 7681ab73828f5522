package chaos

import (
	"fmt"
	"slices"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
)

// effects are the calls that the platforms accepted, by the send that they were made
// for, and in the order in which they were accepted.
type effects struct {
	calls map[string][]fake.Call // by the send's name
	order []string               // the name of each send at its first call
	dice  map[string]int         // how many calls the platforms' dice knew by each name
	place map[string]int         // of each call, by its id: how many of its name the same dice knew before
}

// effectsOf finds the send of each call. A call without a send is something that nobody
// wanted.
// Struck are the times at which the platforms' dice were taken up anew.
func effectsOf(calls []fake.Call, t *tables, report *Report, struck []int64) effects {
	calls = slices.DeleteFunc(slices.Clone(calls), func(c fake.Call) bool {
		idle := traitOf(c.Channel).idle
		return idle != nil && idle(c)
	})
	e := effects{calls: map[string][]fake.Call{}, dice: map[string]int{}, place: map[string]int{}}
	thrown := map[string]int{} // by the dice and what they know
	for i, ref := range match(calls, t) {
		c := calls[i]
		if ref == "" {
			report.DoubleSends++
			report.example("duplicate effects", "a %s of %s that nobody queued, at %d", c.Kind, c.Channel, c.At)
			continue
		}
		if len(e.calls[ref]) == 0 && c.ID != "" { // an answer to a webhook has no place among calls
			e.order = append(e.order, ref)
		}
		e.calls[ref] = append(e.calls[ref], c)
		name := diceName(t.sends[ref])
		e.dice[name]++
		since, _ := slices.BinarySearch(struck, c.At)
		e.place[c.ID] = thrown[fmt.Sprint(since, " ", name)]
		if !c.Dropped { // else the platform tells by another word
			thrown[fmt.Sprint(since, " ", name)]++
		}
	}
	return e
}

// counting are the calls for a send that count: those that its customer got, or the last
// if the platform refused all of them afterwards.
func (e effects) counting(ref string) []fake.Call {
	all := e.calls[ref]
	got := slices.DeleteFunc(slices.Clone(all), func(c fake.Call) bool { return c.Dropped })
	if len(got) == 0 && len(all) > 0 {
		return all[len(all)-1:]
	}
	return got
}

// mostSlowed is how often a send may go out once more since its platform refused it
// afterwards as too fast.
const mostSlowed = 3

// checkSlowed judges a send that went out again so many times after the platform had
// refused it.
func (r *run) checkSlowed(report *Report, s send, times int) {
	report.Slowed++
	if times > mostSlowed || s.class == string(hub.ClassMarketing) || traitOf(s.channel).slows == "" {
		report.DoubleSends += times
		report.example("duplicate effects", "%s, class %s: %d calls after it was refused", s.ref(), s.class, times)
	}
}

// diceName is what a platform's dice know a send by.
func diceName(s send) string {
	if die := traitOf(s.channel).die; die != nil {
		return s.channel + " " + die(s)
	}
	return s.ref()
}

// checkSent compares the calls that the fake platforms accepted with the sends that
// are stored: how often, under which id, what the platform told of them, and in which
// order.
func (r *run) checkSent(t *tables, accepted []fake.Call, report *Report, f faults) {
	e := effectsOf(accepted, t, report, r.struck)
	r.effects = e
	for _, ref := range sorted(t.sends) {
		s, calls := t.sends[ref], e.counting(ref)
		if again := len(e.calls[ref]) - len(calls); again > 0 {
			r.checkSlowed(report, s, again)
		}
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
			report.example("wrong ids", "%s, trace %s: %d calls, id %q, which is that of %q, states %v", ref, s.trace, len(calls), s.id, e.of(s.id), s.states)
		}
		if s.states["failed"] && len(calls) > 0 && !s.out() {
			report.FalseFailures++
			report.example("false failures", "%s: failed with %s, and %d calls", ref, s.code, len(calls))
		}
		told := r.checkReceipts(t, report, s, f, calls)
		if s.states["unknown"] && !s.out() {
			r.accountFor(report, s, f, len(calls), told || len(calls) > 0 && traitOf(s.channel).finds)
		}
	}
	checkOrder(t, report, e, f)
}

// accountFor finds out why nobody knows how a send ended: the platform lost its
// answer, or the function was cut off.
func (r *run) accountFor(report *Report, s send, f faults, calls int, told bool) {
	if told {
		report.Unreconciled++
		report.example("unreconciled", "%s, class %s, %d calls", s.ref(), s.class, calls)
		return
	}
	if traitOf(s.channel).lost(f.platforms[s.channel], s, calls, r.effects.dice[diceName(s)]) {
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
