package whatsapptest

import (
	"context"
	"sort"
	"time"

	"omnihub/internal/channel/fake"
)

// sent is an accepted send.
type sent struct {
	ID       string
	Person   string // the customer's key; "" = nobody
	To       string // digits, or a BSUID
	Input    string // To as it was written
	ByUser   bool   // To is a BSUID
	Ref      string // biz_opaque_callback_data
	At       time.Time
	Category string   // of the price
	Free     bool     // as an answer within the window
	Failing  int      // the code that it fails with; 0 = it does not
	Dropped  bool     // the customer does not get it
	Quotable bool     // the customer can answer it
	Shown    []shown  `json:",omitempty"`
	Form     *form    `json:",omitempty"`
	Owed     []string // the states that are to be told, in order

	told map[string]bool
}

func (s *sent) pairKey() string {
	if s.Person != "" {
		return s.Person
	}
	return s.To
}

// owed are the states that a send will have, by the fault plan. A customer who has
// blocked the number never gets it, and nobody is told why.
func (p *platform) owed(n *number, s *sent, f faults, name string) []string {
	if n.route("messages") == "" {
		return nil
	}
	states := []string{"sent", "delivered"}
	switch {
	case s.Failing != 0:
		states = []string{"failed"}
	case s.Dropped:
		states = []string{"sent"}
	case p.dice.Hit(float64(f.StatusRead), "read", name):
		states = append(states, "read")
	}
	var out []string
	for _, state := range states {
		if !p.dice.Hit(f.StatusMissing, "missing "+state, name) {
			out = append(out, state)
		}
	}
	return out
}

// status makes the webhook's part about a state of a send; p.mu is held.
func (p *platform) status(n *number, s *sent, state string, code int, details string, at time.Time) change {
	out := status{ID: s.ID, Status: state, Timestamp: seconds(at), Ref: s.Ref}
	who := p.people[s.Person]
	v := value{}
	switch {
	case who == nil && s.ByUser:
		out.RecipientUserID = s.To
	case who == nil:
		out.RecipientID = s.To
	default:
		c := contact{Profile: profile{Name: who.Profile}}
		if state != "sent" {
			c.Profile.Username = who.Username
		}
		if !s.ByUser {
			c.WaID = s.To
		} else if who.Show != showUser {
			c.WaID = who.Phone
		}
		if who.Show != showPhone || s.ByUser {
			c.UserID = p.userID(n.waba, who)
		}
		out.RecipientID, out.RecipientUserID = c.WaID, c.UserID
		v.Contacts = []contact{c}
	}
	if s.told == nil {
		s.told = map[string]bool{}
	}
	switch {
	case state == "failed":
		v.Contacts = nil
		f := failed(code, details)
		f.Href = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"
		out.Errors = []failure{f}
	case state == "sent", state == "delivered", state == "read" && !s.told["delivered"]:
		out.Pricing = &pricing{Billable: !s.Free, Model: "PMP", Type: "regular", Category: s.Category}
		if s.Free {
			out.Pricing.Type = "free_customer_service"
		}
	}
	s.told[state] = true
	v.Statuses = []status{out}
	return n.messages(v)
}

// How often a status is tried that the hub does not take, and how long the platform
// waits in between: at first, and at most. Meta goes on for days.
const (
	statusTries  = 12
	restartTries = 24 // the hub may still be starting
	firstWait    = 250 * time.Millisecond
	longestWait  = 4 * time.Second
)

// news tells the states of one send.
type news struct {
	p      *platform
	n      *number
	s      *sent
	states []string
	after  []time.Duration // of each, since the send
	apart  bool            // they do not wait for each other
	tries  int
}

// news plans when the states of a send are told. They count as pending from now on.
func (p *platform) news(n *number, s *sent, f faults, name string) *news {
	w := &news{p: p, n: n, s: s, states: append([]string{}, s.Owed...), apart: f.ShuffleWebhooks, tries: statusTries}
	for _, state := range w.states {
		late := share(f.Seed, "late "+state+" "+name) * float64(f.StatusLateMS)
		w.after = append(w.after, time.Duration(late*float64(time.Millisecond)))
	}
	if f.StatusShuffle {
		place := func(i int) float64 { return share(f.Seed, "place "+w.states[i]+" "+name) }
		sort.Slice(w.states, func(i, j int) bool { return place(i) < place(j) })
	}
	p.waiting.Add(int64(len(w.states)))
	return w
}

// tellNow tells all states once, at once; what the hub does not take is left.
func (w *news) tellNow(ctx context.Context) {
	var left []string
	for _, state := range w.states {
		hook := w.compose(state)
		if w.p.courier.Deliver(ctx, []fake.Webhook{hook})[0]/100 == 2 {
			w.done(state, hook)
		} else {
			left = append(left, state)
		}
	}
	w.states, w.after = left, make([]time.Duration, len(left))
}

// tell tells the states, each until the hub has taken it or all tries are spent.
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

func (w *news) insist(state string) {
	hook := w.compose(state)
	wait := firstWait
	for try := 1; w.p.courier.Deliver(context.Background(), []fake.Webhook{hook})[0]/100 != 2; try++ {
		if try == w.tries {
			w.p.waiting.Add(-1) // it stays owed, and is told after a restart
			return
		}
		pause(wait)
		wait = min(2*wait, longestWait)
	}
	w.done(state, hook)
}

// compose makes the webhook of a state.
func (w *news) compose(state string) fake.Webhook {
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	c := w.p.status(w.n, w.s, state, w.s.Failing, "", w.p.now())
	return w.n.signed(c.Field, encode(webhook{objectName, []entry{{ID: w.n.waba, Changes: []change{c}}}}))
}

// done notes that the hub knows a state.
func (w *news) done(state string, hook fake.Webhook) {
	w.p.mu.Lock()
	again := make([]fake.Webhook, w.p.faults.DuplicateWebhooks)
	w.p.journal.Record("told", toldEntry{w.n.ID, w.s.ID, state})
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
