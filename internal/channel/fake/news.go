package fake

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sort"
	"time"
)

// News is what a platform has to tell of one send, each piece in a webhook: that it was
// delivered, that it was read.
type News struct {
	Owed    []string                  // names of what is to be told, in order
	Webhook func(what string) Webhook // makes one; Core.Mu is held
	Told    func(what string)         // notes that the hub knows it; Core.Mu is held

	Taken       func(status int) bool // by what answer the hub has taken it; nil = by any of 200 to 299
	Tries       int                   // of one that the hub does not take; 0 = 12
	Unreached   bool                  // it is tried again only if there was no answer at all
	Forgettable bool                  // what is not taken after all tries is told, too; else it stays owed
}

// How often a webhook is tried that the hub does not take, and how long the platform
// waits in between: at first, and at most. The real ones go on for hours.
const (
	newsTries    = 12
	restartTries = 24 // the hub may still be starting
	firstWait    = 250 * time.Millisecond
	longestWait  = 4 * time.Second
)

// Owed is what of a send will be told, by the fault plan.
func (c *Core[A, F]) Owed(f StatusPlan, name string, of ...string) []string {
	var out []string
	for _, what := range of {
		if !c.Hit(f.StatusMissing, "missing "+what, name) {
			out = append(out, what)
		}
	}
	return out
}

// Telling tells the news of one send.
type Telling struct {
	news       News
	courier    *Courier
	duplicates func(Webhook) []Webhook
	left       []string
	after      []time.Duration // of each, since the send
	apart      bool            // they do not wait for each other
	early      bool            // before the send is answered
}

// Telling plans when the news of a send are told; name tells the send from others. They
// count as pending from now on. It is called without Mu.
func (c *Core[A, F]) Telling(n News, f StatusPlan, name string) *Telling {
	t := &Telling{news: n, courier: &c.Courier, duplicates: c.duplicates, left: append([]string{}, n.Owed...), apart: f.ShuffleWebhooks,
		early: c.Hit(f.StatusEarly, "early", name)}
	if f.StatusShuffle {
		place := func(i int) float64 { return share(f.Seed, "place "+t.left[i]+" "+name) }
		sort.Slice(t.left, func(i, j int) bool { return place(i) < place(j) })
	}
	for _, what := range t.left {
		late := share(f.Seed, "late "+what+" "+name) * float64(f.StatusLateMS)
		t.after = append(t.after, time.Duration(late*float64(time.Millisecond)))
	}
	t.news.Webhook = func(what string) Webhook {
		c.Mu.Lock()
		defer c.Mu.Unlock()
		return n.Webhook(what)
	}
	t.news.Told = func(what string) {
		c.Mu.Lock()
		defer c.Mu.Unlock()
		n.Told(what)
	}
	if n.Taken == nil {
		t.news.Taken = func(status int) bool { return status/100 == 2 }
	}
	if n.Tries == 0 {
		t.news.Tries = newsTries
	}
	c.Courier.pending.Add(int64(len(t.left)))
	return t
}

// Around tells the news of a send that answer answers: after it, even if the answer is
// lost, or before it if the fault plan says so.
func (t *Telling) Around(ctx context.Context, answer func()) {
	if t.early {
		t.now(ctx)
	}
	defer func() { go t.all() }()
	answer()
}

// Later tells the news in the background.
func (t *Telling) Later() { go t.all() }

// AfterRestart tells in the background what was owed when the platform stopped. The hub
// may still be starting: it is tried more often, whatever the answers are.
func (t *Telling) AfterRestart() {
	t.news.Tries, t.news.Unreached = restartTries, false
	go t.all()
}

// now tells each once, at once; what the hub does not take is left.
func (t *Telling) now(ctx context.Context) {
	var left []string
	for _, what := range t.left {
		hook := t.news.Webhook(what)
		if t.news.Taken(t.courier.Deliver(ctx, []Webhook{hook})[0]) {
			t.done(what, hook)
		} else {
			left = append(left, what)
		}
	}
	t.left, t.after = left, make([]time.Duration, len(left))
}

// all tells each until the hub has taken it or all tries are spent.
func (t *Telling) all() {
	began := time.Now()
	for i, what := range t.left {
		one := func() {
			pause(t.after[i] - time.Since(began))
			t.insist(what)
		}
		if t.apart {
			go one()
		} else {
			one()
		}
	}
}

// insist repeats one: a retry has the same bytes.
func (t *Telling) insist(what string) {
	hook := t.news.Webhook(what)
	for try, wait := 1, firstWait; ; try++ {
		status := t.courier.Deliver(context.Background(), []Webhook{hook})[0]
		if t.news.Taken(status) {
			break
		}
		if try >= t.news.Tries || t.news.Unreached && status != 0 {
			if t.news.Forgettable {
				break
			}
			t.courier.pending.Add(-1) // it stays owed, and is told after a restart
			return
		}
		pause(wait)
		wait = min(2*wait, longestWait)
	}
	t.done(what, hook)
}

func (t *Telling) done(what string, hook Webhook) {
	t.news.Told(what)
	t.courier.Later(t.duplicates(hook))
	t.courier.pending.Add(-1)
}

// share is a number from 0 up to 1 that depends on the seed and the name alone.
func share(seed int64, name string) float64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", seed, name))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}

func pause(d time.Duration) {
	if d > 0 {
		<-time.After(d)
	}
}
