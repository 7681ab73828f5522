package twiliotest

import (
	"context"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
)

// sent is an accepted send.
type sent struct {
	ID       string
	Person   string // the customer's key; "" = nobody
	To       string // address
	Callback string // StatusCallback
	Text     string
	At       time.Time
	Media    bool
	Failing  int      // the error that it fails with; 0 = it does not
	Shown    []shown  `json:",omitempty"`
	Owed     []string // the states that are to be told, in order

	told map[string]bool
}

// state is the last one that was told.
func (s *sent) state() string {
	for _, state := range []string{"read", "failed", "undelivered", "delivered", "sent"} {
		if s.told[state] {
			return state
		}
	}
	return "queued"
}

// failedState is how an error is told: what Twilio itself finds as failed, what
// WhatsApp finds as undelivered.
func failedState(code int) string {
	switch code {
	case 63015, 63019, 63028:
		return "failed"
	}
	return "undelivered"
}

// owed are the states that a send will have, by the fault plan; p.mu is held.
func (p *platform) owed(s *sent, f faults, name string) []string {
	if s.Callback == "" {
		return nil
	}
	states := []string{"sent", "delivered"}
	switch {
	case s.Failing != 0:
		states = []string{failedState(s.Failing)}
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

// callback makes the webhook about a state of a send; p.mu is held.
// https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
func (n *number) statusCallback(s *sent, state string, code int) fake.Webhook {
	var l parameters
	l.add("ChannelPrefix", "whatsapp")
	l.add("ApiVersion", "2010-04-01")
	l.add("MessageStatus", state)
	l.add("SmsSid", s.ID)
	l.add("SmsStatus", state)
	l.add("ChannelInstallSid", "XE"+digits(32, n.ExternalID))
	l.add("To", s.To)
	l.add("From", "whatsapp:"+n.ExternalID)
	l.add("MessageSid", s.ID)
	l.add("AccountSid", n.owner.SID)
	to := strings.TrimPrefix(s.To, "whatsapp:")
	l.add("ChannelToAddress", to[:max(0, len(to)-4)]+"XXXX")
	if code != 0 {
		l.add("ErrorCode", itoa(code))
		l.add("ChannelStatusMessage", codes[code].message)
	}
	if state != "sent" {
		l.add("EventType", strings.ToUpper(state))
	}
	if s.told == nil {
		s.told = map[string]bool{}
	}
	s.told[state] = true
	return n.posted(s.Callback, l)
}

// overrides are how often Twilio calls again, and after what: the fragment of a URL.
// https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
type overrides struct {
	retries int
	always  bool // not only if it could not connect
}

func overridesOf(address string) overrides {
	_, fragment, _ := strings.Cut(address, "#")
	values, _ := url.ParseQuery(fragment)
	o := overrides{retries: 1}
	if n, err := strconv.Atoi(values.Get("rc")); err == nil && n >= 0 && n <= 5 {
		o.retries = n
	}
	for _, what := range strings.Split(values.Get("rp"), ",") {
		o.always = o.always || what == "all" || what == "5xx"
	}
	return o
}

// How long Twilio waits between two tries, at first and at most. All of them together
// have 15 seconds.
const (
	firstWait   = 250 * time.Millisecond
	longestWait = 4 * time.Second

	restartTries = 24
)

// news tells the states of one send.
type news struct {
	p      *platform
	n      *number
	s      *sent
	states []string
	after  []time.Duration // of each, since the send
	apart  bool            // they do not wait for each other
	again  bool            // after a restart: the hub may still be starting
}

// news plans when the states of a send are told. They count as pending from now on.
func (p *platform) news(n *number, s *sent, f faults, name string) *news {
	w := &news{p: p, n: n, s: s, states: append([]string{}, s.Owed...), apart: f.ShuffleWebhooks}
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

// tell tells the states, each as often as its URL asks for. One that the hub does not
// take by then is lost, as with Twilio.
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
	o, wait := overridesOf(w.s.Callback), firstWait
	if w.again {
		o = overrides{retries: restartTries, always: true}
	}
	for try := 0; ; try++ {
		status := w.p.courier.Deliver(context.Background(), []fake.Webhook{hook})[0]
		if status/100 == 2 || try >= o.retries || status != 0 && !o.always {
			break
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
	return w.n.statusCallback(w.s, state, w.s.Failing)
}

// done notes that a state is told, or lost.
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
