package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"omnihub/internal/hub"
)

// Report is what a run found.
type Report struct {
	Seed                      uint64
	Events, Deliveries, Kills int
	Scale                     string
	Took                      time.Duration

	Unacknowledged int // messages of which no delivery was answered 2xx
	Lost           int // messages and reactions that were acknowledged, and are not stored
	Doubled        int // messages and answers that are stored more than once, or were never sent by anybody
	Reactions      int // acknowledged
	DoubleSends    int // calls at the platform beyond one for each message

	People        int // who wrote
	Homes         int
	Opened        int // threads with an open conversation
	SplitThreads  int // people who have not one thread
	SplitContacts int // people who are not one contact
	Homeless      int // messages that belong to a home that does not exist
	Astray        int // conversations that are open without a thread, or the other way round
	NeverOpened   int // conversations that ended and never began

	Unanswered map[string]int // messages whose answer did not go out, by why; unknown ones are left out
	Unknown    int            // sends of which nobody knows the outcome
	Silent     int            // sends that the platform accepted and told nothing of
	Held       int            // sends that wait, and their marks on threads
	WrongIDs   int            // answers that do not bear the platform's id

	Receipts     int  // states of sends that the platform told
	LostReceipts int  // of these, not shown
	Watched      bool // every event of the bus was seen
	Untold       int  // messages that were not told on the bus

	DeadLetters int
	Quarantined int

	Examples map[string][]string // of what went wrong, by what it is; at most maxExamples of each
}

// maxExamples is how many cases of each broken promise are named.
const maxExamples = 3

// example names a case of something that went wrong.
func (r *Report) example(what, format string, args ...any) {
	if r.Examples == nil {
		r.Examples = map[string][]string{}
	}
	if len(r.Examples[what]) < maxExamples {
		r.Examples[what] = append(r.Examples[what], fmt.Sprintf(format, args...))
	}
}

func (r *Report) unanswered(h *hook, t *tables, why string) {
	r.example("unanswered, "+why, "message of %s, by %q, trace %s", h.customer.name, h.shown, t.messages[hub.ShortID(h.message)][0].trace)
	if r.Unanswered == nil {
		r.Unanswered = map[string]int{}
	}
	r.Unanswered[why]++
}

// String is the report in one line.
func (r Report) String() string {
	bus := "not watched throughout"
	if r.Watched {
		bus = fmt.Sprintf("%d untold", r.Untold)
	}
	return fmt.Sprintf("seed %d, %d events, %d deliveries, %d kills: lost %d, duplicate messages %d, duplicate effects %d; "+
		"people %d, homes %d, conversations %d, unanswered %s, unknown %d, held %d; receipts %d, lost %d; reactions %d; bus %s; "+
		"quarantine %d, dead letters %d; visibility × %s, %.1f s",
		r.Seed, r.Events, r.Deliveries, r.Kills, r.Lost, r.Doubled, r.DoubleSends, r.People, r.Homes, r.Opened, counts(r.Unanswered),
		r.Unknown, r.Held, r.Receipts, r.LostReceipts, r.Reactions, bus, r.Quarantined, r.DeadLetters, r.Scale, r.Took.Seconds())
}

// counts writes numbers with their reasons: "0", or "3 (stale_fence 2, waits 1)".
func counts(by map[string]int) string {
	total := 0
	var parts []string
	for _, why := range slices.Sorted(maps.Keys(by)) {
		total += by[why]
		parts = append(parts, fmt.Sprint(why, " ", by[why]))
	}
	if total == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%s)", total, strings.Join(parts, ", "))
}

// Wrong names every promise that the run broke; nil if it held them all. An outbound
// that dies with a send under way leaves it unknown: counted, and never sent twice.
func (r Report) Wrong(l Load) []string {
	wrong := r.broken()
	expect := func(what string, got, want int) {
		if got != want {
			wrong = append(wrong, fmt.Sprintf("%s: got %d, want %d", what, got, want))
		}
	}
	expect("kills", r.Kills, l.Kills)
	expect("messages never acknowledged", r.Unacknowledged, 0)
	expect("people", r.People, l.Customers)
	expect("open conversations", r.Opened, l.Customers)
	if l.Function != "outbound" && r.Unknown > r.Silent {
		expect("unknown sends that the platform has told something of, or has not got", r.Unknown-r.Silent, 0)
	}
	return wrong
}

// WrongAfterRestarts names every promise that a run of Restarts broke. A message
// whose webhook was cut off may be stored all the same, once. A send that was under
// way at a kill may be unknown.
func (r Report) WrongAfterRestarts() []string {
	wrong := r.broken()
	if r.Events == r.Unacknowledged {
		wrong = append(wrong, "no message was acknowledged")
	}
	return wrong
}

// broken names the promises that no kill may break.
func (r Report) broken() []string {
	var wrong []string
	for _, p := range []struct {
		what string
		got  int
	}{
		{"lost messages and reactions", r.Lost}, {"duplicate messages", r.Doubled}, {"duplicate sends", r.DoubleSends},
		{"people without exactly one thread", r.SplitThreads}, {"people who are not one contact", r.SplitContacts},
		{"messages of a home that does not exist", r.Homeless}, {"conversations astray", r.Astray},
		{"conversations that ended and never began", r.NeverOpened},
		{"sends held back", r.Held}, {"answers without the platform's id", r.WrongIDs},
		{"lost receipts", r.LostReceipts}, {"messages not told on the bus", r.Untold},
		{"quarantined", r.Quarantined}, {"dead letters", r.DeadLetters},
	} {
		if p.got != 0 {
			wrong = append(wrong, fmt.Sprintf("%s: got %d, want 0", p.what, p.got))
		}
	}
	if len(r.Unanswered) > 0 {
		wrong = append(wrong, "messages without a sent answer that are not unknown: got "+counts(r.Unanswered)+", want 0")
	}
	return wrong
}
