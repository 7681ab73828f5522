package chaos

import (
	"context"
	"maps"
	"slices"
	"strings"

	"omnihub/internal/hub"
	"omnihub/internal/stack"
)

// check compares what was sent in with what is stored, what was sent out and, if it
// was watched, what was told on the bus.
func check(ctx context.Context, st *stack.Stack, r *Report, hooks []*hook, faults faults, bus *busWatch) error {
	t, err := readTables(ctx, st)
	if err != nil {
		return err
	}
	r.Homes, r.Quarantined, r.Held = len(t.homes), t.quarantined, t.waiting
	for user, th := range t.threads {
		if r.Held += len(th.held); len(th.held) > 0 {
			r.example("held", "thread %s, see %q: %v", user, th.see, th.held)
		}
	}
	checkMessages(t, r, hooks)
	checkReactions(t, r, hooks)
	checkPeople(t, r, hooks)
	if err := checkSent(ctx, st, t, r, hooks, faults); err != nil {
		return err
	}
	if bus != nil {
		r.Watched = bus.complete()
		for _, list := range t.messages {
			for _, m := range list {
				if r.Watched && !bus.told(m.user, m.key) {
					r.Untold++
				}
			}
		}
	}
	queues, err := queueCounts(ctx, st)
	for name, n := range queues {
		if strings.Contains(name, "DeadLetters") {
			r.DeadLetters += n
		}
	}
	return err
}

// checkMessages counts messages that are not stored exactly once, and those without
// exactly one answer that went out.
func checkMessages(t *tables, r *Report, hooks []*hook) {
	want := map[string]bool{}
	answers := map[string][]answer{}
	for _, a := range t.answers {
		answers[a.message] = append(answers[a.message], a)
	}
	for _, h := range hooks {
		if h.message == "" {
			continue
		}
		want[hub.ShortID(h.message)] = true
		stored := len(t.messages[hub.ShortID(h.message)])
		switch {
		case !h.acked.Load():
			r.Unacknowledged++
		case stored == 0:
			r.Lost++
			r.example("lost", "message %s of %s, by %q", h.message, h.customer.name, h.shown)
		}
		if stored == 0 {
			continue
		}
		r.Doubled += stored - 1
		r.Doubled += max(len(answers[hub.ShortID(h.message)])-1, 0)
		switch a := answers[hub.ShortID(h.message)]; {
		case len(a) == 0:
			r.unanswered(h, t, "none queued")
		case a[0].out():
		case a[0].states["unknown"]:
			r.Unknown++
		case a[0].states["failed"]:
			r.unanswered(h, t, a[0].code)
		default:
			r.unanswered(h, t, "waits")
			r.example("waits", "%s %s: %s", h.customer.name, h.message, a[0].waits)
		}
	}
	for id, list := range t.messages {
		if !want[id] {
			r.Doubled += len(list)
		}
	}
}

// checkReactions counts the acknowledged reactions that are not stored, or lie where
// the customer's log does not look: their webhooks name both ids, but the hub learns
// only from messages that these are one person's.
func checkReactions(t *tables, r *Report, hooks []*hook) {
	may, logs, known := map[string]string{}, map[string]map[string]bool{}, map[string]bool{}
	for _, h := range hooks {
		may[h.target] += h.emoji
		for _, m := range t.messages[hub.ShortID(h.message)] {
			if logs[h.customer.name] == nil {
				logs[h.customer.name] = map[string]bool{}
			}
			logs[h.customer.name][t.root(m.user)] = true
			known[h.customer.name] = known[h.customer.name] || h.shown != byPhone
		}
	}
	for _, h := range hooks {
		if h.target == "" || !h.acked.Load() {
			continue
		}
		r.Reactions++
		stored, name := t.reactions[hub.ShortID(h.target)], h.customer.name
		if len(stored) != 1 || stored[0].emoji == "" || !strings.Contains(may[h.target], stored[0].emoji) ||
			known[name] && !logs[name][t.root(stored[0].user)] {
			r.Lost++
			r.example("lost", "reaction of %s to %s: stored %q", name, h.target, stored)
		}
	}
}

// checkPeople looks whether each customer has one thread with one open conversation,
// and is one contact. A customer of whom the platform never told both ids together is
// two to everybody.
func checkPeople(t *tables, r *Report, hooks []*hook) {
	type person struct {
		shown, threads, contacts map[string]bool
		traces                   []string
	}
	people := map[string]*person{}
	for _, h := range hooks {
		for _, m := range t.messages[hub.ShortID(h.message)] {
			p := people[h.customer.name]
			if p == nil {
				p = &person{shown: map[string]bool{}, threads: map[string]bool{}, contacts: map[string]bool{}}
				people[h.customer.name] = p
			}
			p.shown[h.shown] = true
			p.traces = append(p.traces, m.trace)
			p.threads[t.root(m.user)] = true
			root := t.homes[m.home]
			if root == "" {
				r.Homeless++
				r.example("homeless", "message %s of %s, by %q: home %s, user %s", h.message, h.customer.name, h.shown, m.home, m.user)
			}
			p.contacts[root] = true
		}
	}
	live := map[string]bool{}
	for name, p := range people {
		r.People++
		want := len(p.shown)
		if p.shown[byBoth] {
			want = 1
		}
		if len(p.threads) != want {
			r.SplitThreads++
			r.example("split threads", "%s: %v", name, slices.Sorted(maps.Keys(p.threads)))
		}
		if len(p.contacts) != want {
			r.SplitContacts++
			r.example("split contacts", "%s: roots %v, traces %v", name, slices.Sorted(maps.Keys(p.contacts)), p.traces)
		}
		for user := range p.threads {
			c := t.threads[user].conversation
			if c != "" {
				r.Opened++
			}
			live[c] = true
			if t.opened[c] == "" || t.closed[c] != "" {
				r.Astray++
				r.example("astray", "%s: thread %s, conversation %q, opened in %q, closed in %q", name, user, c, t.opened[c], t.closed[c])
			}
		}
	}
	for c := range t.opened {
		if !live[c] && t.closed[c] == "" {
			r.Astray++ // it goes on in nobody's thread
		}
	}
	for c := range t.closed {
		if t.opened[c] == "" {
			r.NeverOpened++
			r.example("never opened", "conversation %s, closed in %s", c, t.closed[c])
		}
	}
}
