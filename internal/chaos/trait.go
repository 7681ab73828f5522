package chaos

import (
	"encoding/json"
	"strings"

	"omnihub/internal/channel/fake"
)

// trait is how a platform and its customers behave, as far as a run acts, signs and
// judges by it. It is told from the platform's own pages and shares no code with the
// adapters. What a platform does not have is nil, false or "".
type trait struct {
	// What customers do. All of them can say "ping".
	kinds  []string                                // of messages beside ping
	act    func(kind, mark string, n int) fake.Act // how one of them is done; n is the number of its mark
	number func(seed uint64, n int) string         // a message's id, where the run gives it
	shown  []string                                // the ids by which a customer comes, by turns; nil = there is one
	// show lets an act come by such ids, by an act before it if need be, and answers by
	// which ids it does.
	show     func(a *fake.Act, shown string) (before *fake.Act, by string)
	ids      func(body string) (ids []string, to string) // a customer's ids in a webhook, and the one to write to
	beside   []func(*aside) error                        // what else customers do
	unsend   string                                      // the type of the act that takes a message back
	entry    func(mark string) fake.Act                  // comes by a link that bears the mark
	welcomes bool                                        // who comes so is answered in the webhook's own answer
	target   func(body string) string                    // the message that a reaction is to

	// How webhooks are put together and signed.
	secret  string // the name of what signs them
	sign    func(w webhook, body string) map[string]string
	list    string                       // the member of a body that holds its events; "" = a body is one event
	frame   func(w webhook) string       // a body around %s, which is the list
	event   func(kind, id string) string // the stable name of an event that is no message; nil = its id
	fresh   string                       // in an event: it is not sent again
	repeat  string                       // in place of fresh: it is
	filled  func(words string) string    // how words in JSON stand in a body; nil = as they are
	escapes bool                         // letters beyond ASCII come as escapes

	// How one is spoiled.
	torn   func(body string) string            // as no webhook at all
	broken func(h *hook) string                // as an event that lacks what makes it one
	stray  func(w webhook, body string) string // as an event for an account that is not connected
	dated  bool                                // events bear their time

	// How a call's send is found.
	bears func(s send) []string      // what calls for a send may bear
	borne func(c fake.Call) []string // what a call bears: a name that is one send's alone first, then one that sends may share
	idle  func(c fake.Call) bool     // it sends nothing

	// What the platform tells of sends, and what the hub can know of one whose answer was
	// lost.
	tells bool                // the plan has receipts
	die   func(s send) string // what its dice know a send by; several sends may share it
	owing string              // stands before that name when they decide what is told
	words []string            // for what it tells of each send, as plan.owed takes them; nil = it tells nothing
	// lost tells whether the platform left a call for a send, which it accepted n times,
	// without an answer that tells how it ended; all are those of the sends of that name.
	lost   func(p plan, s send, n, all int) bool
	slows  string   // its word, as plan.owed takes it, for what it took and found too fast afterwards; "" = it says so in the answer
	byID   bool     // what it tells bears its own id alone
	echoes bool     // it shows what the account's side sent, which counts as sent
	marks  bool     // of the other states it tells for all until a time
	names  []string // the states of which it tells by our own name of the send
	finds  bool     // a send that it accepted can be looked for
	news   []string // the types of the events by which it tells, where they are kept
}

// traits are those of every channel.
func traits() map[string]*trait {
	return map[string]*trait{
		"line":      lineTrait(),
		whatsApp:    whatsAppTrait(),
		"messenger": messengerTrait(),
		"instagram": instagramTrait(),
		"twilio":    twilioTrait(),
		"viber":     viberTrait(),
	}
}

// traitOf is a channel's trait, which knows nothing if the channel is not known.
func traitOf(channel string) *trait {
	if t := traits()[channel]; t != nil {
		return t
	}
	return &trait{borne: func(fake.Call) []string { return nil }, bears: func(send) []string { return nil }}
}

// Channels are those that a run knows, in the order in which its customers are spread
// over them.
func Channels() []string {
	return []string{"line", whatsApp, "messenger", "instagram", "twilio", "viber"}
}

// shows are the ids by which a customer's messages come, by turns. Each customer begins
// elsewhere; some always come by both.
func (c customer) shows(i int) string {
	list := traitOf(c.channel).shown
	switch {
	case len(list) == 0:
		return ""
	case c.turn%4 == 3:
		return byBoth
	}
	return list[(c.turn+i)%len(list)]
}

// fill puts words, as they stand in JSON, in place of the placeholder.
func (t *trait) fill(body, words string) string {
	held := placeholder
	if t.filled != nil {
		held, words = t.filled(placeholder), t.filled(words)
	}
	return strings.Replace(body, held, words, 1)
}

// first is an event as it was when it came first: a mark may tell that it is sent again.
func first(event []byte) string {
	text := string(event)
	for _, t := range traits() {
		if t.fresh != "" {
			text = strings.Replace(text, t.repeat, t.fresh, 1)
		}
	}
	return text
}

// named is a member of the body of a call; "" if it is not there.
func named(c fake.Call, path ...string) string {
	var value any
	if json.Unmarshal([]byte(c.Body), &value) != nil {
		return ""
	}
	for _, name := range path {
		m, _ := value.(map[string]any)
		value = m[name]
	}
	text, _ := value.(string)
	return text
}

// extra is what only one platform knows of an act.
func extra(kind string, pairs ...any) json.RawMessage {
	members := map[string]any{"type": kind}
	for i := 0; i+1 < len(pairs); i += 2 {
		members[pairs[i].(string)] = pairs[i+1]
	}
	out, _ := json.Marshal(members) // texts and numbers can always be written
	return out
}
