package vibertest

import (
	"context"
	"sort"
	"time"

	"omnihub/internal/channel/fake"
)

// sent is an accepted send.
type sent struct {
	Token int64
	To    string
	At    time.Time
	Owed  []string // the events that are to be told, in order
}

// owed are the events that a send will have, by the fault plan; p.mu is held.
func (p *platform) owed(b *bot, f faults, name string) []string {
	states := []string{"delivered"}
	if p.dice.Hit(float64(f.StatusRead), "read", name) {
		states = append(states, "seen")
	}
	var out []string
	for _, state := range states {
		if b.hears(state) && !p.dice.Hit(f.StatusMissing, "missing "+state, name) {
			out = append(out, state)
		}
	}
	return out
}

// How often an event is tried that the hub does not take, and how long the platform
// waits in between: at first, and at most. Viber goes on for an hour.
const (
	statusTries  = 12
	restartTries = 24 // the hub may still be starting
	firstWait    = 250 * time.Millisecond
	longestWait  = 4 * time.Second
)

// news tells what became of one send.
type news struct {
	p      *platform
	b      *bot
	s      *sent
	states []string
	after  []time.Duration // of each, since the send
	apart  bool            // they do not wait for each other
	tries  int
}

// news plans when the events of a send are told. They count as pending from now on.
func (p *platform) news(b *bot, s *sent, f faults, name string) *news {
	w := &news{p: p, b: b, s: s, states: append([]string{}, s.Owed...), apart: f.ShuffleWebhooks, tries: statusTries}
	if f.StatusShuffle {
		place := func(i int) float64 { return share(f.Seed, "place "+w.states[i]+" "+name) }
		sort.Slice(w.states, func(i, j int) bool { return place(i) < place(j) })
	}
	for _, state := range w.states {
		late := share(f.Seed, "late "+state+" "+name) * float64(f.StatusLateMS)
		w.after = append(w.after, time.Duration(late*float64(time.Millisecond)))
	}
	p.waiting.Add(int64(len(w.states)))
	return w
}

// tellNow tells all events once, at once; what the hub does not take is left.
func (w *news) tellNow(ctx context.Context) {
	var left []string
	for _, state := range w.states {
		hook := w.compose(state)
		if w.p.courier.Deliver(ctx, []fake.Webhook{hook})[0] == 200 {
			w.done(state, hook)
		} else {
			left = append(left, state)
		}
	}
	w.states, w.after = left, make([]time.Duration, len(left))
}

// tell tells the events, each until the hub has taken it or all tries are spent.
func (w *news) tell() {
	began := time.Now()
	for i, state := range w.states {
		one := func() {
			pause(w.after[i] - time.Since(began))
			w.insist(state)
		}
		if w.apart {
			go one()
		} else {
			one()
		}
	}
}

// insist repeats an event: a retry has the same bytes.
func (w *news) insist(state string) {
	hook := w.compose(state)
	wait := firstWait
	for try := 1; w.p.courier.Deliver(context.Background(), []fake.Webhook{hook})[0] != 200; try++ {
		if try == w.tries {
			w.p.waiting.Add(-1) // it stays owed, and is told after a restart
			return
		}
		pause(wait)
		wait = min(2*wait, longestWait)
	}
	w.done(state, hook)
}

// compose makes the webhook of an event.
func (w *news) compose(state string) fake.Webhook {
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	c := event(state, w.s.Token, w.p.now())
	c.UserID = w.s.To
	return w.b.signed(encode(c))
}

// done notes that the hub knows an event.
func (w *news) done(state string, hook fake.Webhook) {
	w.p.mu.Lock()
	again := make([]fake.Webhook, w.p.faults.DuplicateWebhooks)
	w.p.journal.Record("told", toldEntry{w.b.ID, tokenText(w.s.Token), state})
	w.p.mu.Unlock()
	for i := range again {
		again[i] = hook
	}
	w.p.courier.Later(again)
	w.p.waiting.Add(-1)
}

func pause(d time.Duration) {
	if d > 0 {
		<-time.After(d)
	}
}
