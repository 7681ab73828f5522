package twiliotest

import (
	"net/url"
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

// owed are the states that a send will have, by the fault plan; p.Mu is held.
func (p *platform) owed(s *sent, f faults, name string) []string {
	if s.Callback == "" {
		return nil
	}
	states := []string{"sent", "delivered"}
	switch {
	case s.Failing != 0:
		states = []string{failedState(s.Failing)}
	case p.Hit(float64(f.StatusRead), "read", name):
		states = append(states, "read")
	}
	return p.Owed(f.StatusPlan, name, states...)
}

// callback makes the webhook about a state of a send; p.Mu is held.
// https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
func (n *number) statusCallback(s *sent, state string, code int) fake.Webhook {
	var l parameters
	l.add("ChannelPrefix", "whatsapp")
	l.add("ApiVersion", "2010-04-01")
	l.add("MessageStatus", state)
	l.add("SmsSid", s.ID)
	l.add("SmsStatus", state)
	l.add("ChannelInstallSid", "XE"+fake.Digits(32, n.ExternalID))
	l.add("To", s.To)
	l.add("From", "whatsapp:"+n.ExternalID)
	l.add("MessageSid", s.ID)
	l.add("AccountSid", n.owner.SID)
	to := strings.TrimPrefix(s.To, "whatsapp:")
	l.add("ChannelToAddress", to[:max(0, len(to)-4)]+"XXXX")
	if code != 0 {
		l.add("ErrorCode", strconv.Itoa(code))
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

// news plans when the states of a send are told, each as often as its URL asks for. One
// that the hub does not take by then is lost, as with Twilio.
func (p *platform) news(n *number, s *sent, f faults, name string) *fake.Telling {
	o := overridesOf(s.Callback)
	return p.Telling(fake.News{
		Owed:        s.Owed,
		Webhook:     func(state string) fake.Webhook { return n.statusCallback(s, state, s.Failing) },
		Told:        func(state string) { p.Journal.Record("told", toldEntry{n.ID, s.ID, state}) },
		Tries:       1 + o.retries,
		Unreached:   !o.always,
		Forgettable: true,
	}, f.StatusPlan, name)
}
