package fake

import (
	"encoding/json"
	"sync"
)

// Call is one call that a fake platform accepted, as it is shown to testers.
type Call struct {
	Channel    string `json:"channel"`
	Account    string `json:"account"`        // the hub's name
	To         string `json:"to"`             // the platform's id of the customer or group
	Name       string `json:"name,omitempty"` // what the tester called the customer, if that is not the id
	Kind       string `json:"kind"`           // "reply", "push", …
	Text       string `json:"text"`
	Body       string `json:"body"` // of the request, as received
	At         int64  `json:"at"`   // when it was accepted, ms
	ID         string `json:"id"`   // the platform's id of the message
	RetryKey   string `json:"retry_key,omitempty"`
	ReplyToken string `json:"reply_token,omitempty"`
	Dropped    bool   `json:"dropped,omitempty"` // accepted, but the customer does not get it
}

// Ledger keeps what the fake platforms accepted. It is safe for concurrent use.
type Ledger struct {
	mu      sync.Mutex
	calls   []Call
	journal *Journal
}

// NewLedger makes an empty ledger.
func NewLedger() *Ledger { return &Ledger{} }

// OpenLedger makes a ledger that knows the calls of its journal and records new
// ones there.
func OpenLedger(j *Journal) *Ledger {
	l := &Ledger{journal: j}
	j.Replay(func(kind string, entry json.RawMessage) {
		var c Call
		if kind == "call" && json.Unmarshal(entry, &c) == nil {
			l.calls = append(l.calls, c)
		}
	})
	return l
}

// Add appends a call.
func (l *Ledger) Add(c Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, c)
	l.journal.Record("call", c)
}

// Calls gives the calls of a channel to a customer, oldest first; "" means all. The
// customer may be named by the platform's id or by the tester's name.
func (l *Ledger) Calls(channel, to string) []Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := []Call{}
	for _, c := range l.calls {
		if (channel == "" || c.Channel == channel) && (to == "" || c.To == to || c.Name == to) {
			out = append(out, c)
		}
	}
	return out
}
