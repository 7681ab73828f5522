package chaos

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Report is what a run found. It is written as JSON as it stands; times are
// milliseconds of the hub's clock.
type Report struct {
	Scenario   string
	Seed       uint64
	Level      Level
	Ordered    bool   // the queues kept the order of a group
	Scale      string // of the visibility times
	Seconds    float64
	Delivering float64 // seconds in which webhooks were delivered

	Events     int // of platforms, each with a mark of its own
	Messages   int // of these
	Deliveries int // of events
	Retries    int // posts that were not answered 2xx, and were done again
	Kills      map[string]int
	Points     map[string]int // kills at failpoints
	Strikes    map[string]int // faults of the local cloud and of invocations, by kind
	MovedClock float64        // seconds

	Acknowledged   int // events that were answered 2xx and are there
	Lost           int // events that were answered 2xx and are not there, and sends that are gone
	Recovered      int // events that are there though no delivery was answered 2xx
	Unacknowledged int // events that were never answered 2xx, and are not there
	Unexpected     int // what is stored and nobody sent
	Doubled        int // events and answers that are stored more than once
	Garbled        int // messages with other words than were sent, or with words that were taken back

	Sends         int            // that were queued
	Unanswered    map[string]int // of these, those that did not go out, by why; unknown ones are left out
	DoubleSends   int            // calls at the platforms beyond one for each send, or for none
	FalseFailures int            // sends that are said to have failed, and went out
	WrongIDs      int            // sends that do not bear the platform's id
	Disordered    int            // sends that left before one that was accepted earlier in their thread
	Crossing      int            // the same, of sends that answer different ids of one person

	Unknown      int // sends of which nobody knows how they ended
	UnknownLost  int // of these, the platform lost its answer
	UnknownCut   int // of these, the function was cut off between claim and result
	Unreconciled int // of these, the platform told of it later
	Reconciled   int // sends that were unknown until the platform told of them
	Resent       int // sends that were made once more
	Slowed       int // sends that a platform took and then refused: too many to one person, who came by two ids

	Receipts, LostReceipts int  // states of sends that the platform told; of these, not shown
	Watched                bool // every event of the bus was seen
	Untold                 int  // messages that were not told on the bus

	People, Homes, Opened int // who wrote; homes; open conversations of theirs
	SplitThreads          int // people who have not one thread
	SplitContacts         int // people who are not one contact
	Homeless              int // messages that belong to no home, and homes that lead to no root
	Astray                int // conversations and reactions in the wrong place
	NeverOpened           int // conversations that ended and never began
	Miscounted            int // what threads remember otherwise than a recomputation
	Crossed               int // references from one team to another
	Held                  int // sends that wait, and their marks on threads

	Links, BrokenLinks int // customers who went over to another channel; of these, those with whom something is not as it should be
	LostCards          int // cards that did not come, so that a customer asked again
	Arrived            int // people whom only a link brought to write

	Poison, PoisonFound int // webhooks that had to end in quarantine; of these, there as they should be
	Quarantined         int // entries
	Innocent            int // entries that are nobody's poison
	DeadLetters         int

	LogBytes   int
	Leaks      int            // kinds of secrets, names, numbers and words in the log
	PeakMemory map[string]int // MB of the largest process of each function

	Stored50, Stored99 float64 // from the first delivery of a message to its being stored
	Sent50, Sent99     float64 // from the acceptance of a send to the platform's
	Recovery99         float64 // from a kill until all that was in hand was stored, or sent

	Figures  map[string]float64  `json:",omitempty"` // of a scenario only
	Broken   []string            // promises
	Examples map[string][]string // of what went wrong, by what it is; at most maxExamples of each
}

// maxExamples is how many cases of each broken promise are named.
const maxExamples = 3

// maxMemory is the most that a process of a function may hold, in MB.
const maxMemory = 128

// example names a case of something that went wrong.
func (r *Report) example(what, format string, args ...any) {
	if r.Examples == nil {
		r.Examples = map[string][]string{}
	}
	if len(r.Examples[what]) < maxExamples {
		r.Examples[what] = append(r.Examples[what], fmt.Sprintf(format, args...))
	}
}

func (r *Report) unanswered(why, format string, args ...any) {
	r.example("unanswered, "+why, format, args...)
	if r.Unanswered == nil {
		r.Unanswered = map[string]int{}
	}
	r.Unanswered[why]++
}

// tell puts into the report what was done.
func (r *run) tell(report *Report) {
	report.Deliveries, report.Retries = r.posts, r.retries
	report.Delivering = r.delivering.Seconds()
	report.MovedClock = float64(r.offset.Load()) / 1e9
	report.Kills = map[string]int{}
	for _, k := range r.kills {
		report.Kills[k.function]++
	}
}

// String is the report in one line.
func (r Report) String() string {
	bus := "bus not watched throughout"
	if r.Watched {
		bus = fmt.Sprintf("bus %d untold", r.Untold)
	}
	order := "shuffled"
	if r.Ordered {
		order = fmt.Sprintf("out of order %d (across ids %d)", r.Disordered, r.Crossing)
	}
	peak := 0
	for _, mb := range r.PeakMemory {
		peak = max(peak, mb)
	}
	line := fmt.Sprintf("%s seed %d, faults %s, %d events (%d messages), %d deliveries, kills %s, points %s, strikes %s: "+
		"lost %d, duplicate messages %d, duplicate effects %d, garbled %d, unexpected %d, recovered %d; "+
		"sends %d, %s, not out %s, unknown %d (answer lost %d, cut off %d), reconciled %d, resent %d, slowed %d; receipts %d, lost %d; %s; links %d, broken %d, cards lost %d; "+
		"p50/p99 webhook→stored %.0f/%.0f ms, stored→sent %.0f/%.0f ms; recovery after kill p99 %.1f s; "+
		"quarantine %d/%d, dead letters %d; crossed %d, log %d MB, leaks %d, peak memory %d MB; "+
		"%.0f messages/s delivering, %.0f over all; visibility × %s, %.1f s",
		r.Scenario, r.Seed, r.Level, r.Events, r.Messages, r.Deliveries, counts(r.Kills), counts(r.Points), counts(r.Strikes),
		r.Lost, r.Doubled, r.DoubleSends, r.Garbled, r.Unexpected, r.Recovered,
		r.Sends, order, counts(r.Unanswered), r.Unknown, r.UnknownLost, r.UnknownCut, r.Reconciled, r.Resent, r.Slowed, r.Receipts, r.LostReceipts, bus, r.Links, r.BrokenLinks, r.LostCards,
		r.Stored50, r.Stored99, r.Sent50, r.Sent99, r.Recovery99/1000,
		r.PoisonFound, r.Poison, r.DeadLetters, r.Crossed, r.LogBytes>>20, r.Leaks, peak,
		rate(r.Messages, r.Delivering), rate(r.Messages, r.Seconds), r.Scale, r.Seconds)
	for _, name := range sorted(r.Figures) {
		line += fmt.Sprintf("; %s %.4g", name, r.Figures[name])
	}
	return line
}

func rate(n int, seconds float64) float64 {
	if seconds == 0 {
		return 0
	}
	return float64(n) / seconds
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

func sum(by map[string]int) int {
	total := 0
	for _, n := range by {
		total += n
	}
	return total
}

// judge names every promise of the standard run that was broken.
func (l Load) judge(r *Report) {
	r.broken()
	r.expect("kills by time", sum(r.Kills), l.Kills)
	r.expect("events never acknowledged", r.Unacknowledged, 0)
	r.expect("events that are there without an acknowledgement", r.Recovered, 0)
	people := l.Customers
	for n := range l.Customers {
		if l.Rival && l.customer(n).everywhere() {
			people++
		}
	}
	people += r.Arrived
	r.expect("people", r.People, people)
	r.expect("open conversations", r.Opened, people)
	r.answered()
	cuts := l.Level != None || r.Kills["outbound"] > 0 || len(r.Points) > 0
	if r.UnknownCut > 0 && !cuts {
		r.blame("unknown sends without a cause: got %d, want 0", r.UnknownCut)
	}
	if most := 1 + r.Sends/100; r.Slowed > most {
		r.blame("sends that came too fast for their platform: got %d, want at most %d", r.Slowed, most)
	}
	// A process has at most ten sends in hand when it dies.
	if most := 10*(r.Kills["outbound"]+sum(r.Points)) + r.Sends/50; r.UnknownCut > most {
		r.blame("unknown sends that were cut off: got %d, want at most %d", r.UnknownCut, most)
	}
}

// answered blames the sends that are neither out nor unknown.
func (r *Report) answered() {
	if len(r.Unanswered) > 0 {
		r.blame("sends that did not go out and are not unknown: got %s, want 0", counts(r.Unanswered))
	}
}

func (r *Report) expect(what string, got, want int) {
	if got != want {
		r.blame("%s: got %d, want %d", what, got, want)
	}
}

func (r *Report) blame(format string, args ...any) {
	r.Broken = append(r.Broken, fmt.Sprintf(format, args...))
}

// broken names the promises that nothing may break.
func (r *Report) broken() {
	for _, p := range []struct {
		what string
		got  int
	}{
		{"lost events and sends", r.Lost}, {"duplicate messages", r.Doubled}, {"duplicate effects", r.DoubleSends},
		{"stored, and sent by nobody", r.Unexpected}, {"garbled messages", r.Garbled}, {"sends said to have failed that went out", r.FalseFailures},
		{"people without exactly one thread", r.SplitThreads}, {"people who are not one contact", r.SplitContacts},
		{"messages and homes astray", r.Homeless}, {"conversations and reactions astray", r.Astray},
		{"conversations that ended and never began", r.NeverOpened}, {"counts that a recomputation does not find", r.Miscounted},
		{"references across teams", r.Crossed}, {"sends held back", r.Held}, {"sends without the platform's id", r.WrongIDs},
		{"unknown sends of which the platform has told", r.Unreconciled}, {"lost receipts", r.LostReceipts},
		{"messages not told on the bus", r.Untold}, {"broken links", r.BrokenLinks}, {"dead letters", r.DeadLetters}, {"quarantined without reason", r.Innocent},
		{"poison that is not in quarantine as it should be", r.Poison - r.PoisonFound}, {"secrets and personal data in the log", r.Leaks},
	} {
		r.expect(p.what, p.got, 0)
	}
	if r.Ordered {
		r.expect("sends out of order", r.Disordered, 0)
	}
	for _, function := range sorted(r.PeakMemory) {
		if mb := r.PeakMemory[function]; mb >= maxMemory {
			r.blame("memory of %s: got %d MB, want under %d", function, mb, maxMemory)
		}
	}
}

// Blame writes the broken promises and cases of them.
func (r Report) Blame(w io.Writer) {
	for _, b := range r.Broken {
		fmt.Fprintln(w, "broken promise:", b)
	}
	for _, what := range sorted(r.Examples) {
		for _, e := range r.Examples[what] {
			fmt.Fprintf(w, "  %s: %s\n", what, e)
		}
	}
}
