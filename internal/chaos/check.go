package chaos

import (
	"bytes"
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
)

// evidence is what a run has left.
type evidence struct {
	tables *tables
	calls  []fake.Call // that the platforms accepted, in their order
	log    []byte
	queues map[string]int   // messages by queue
	peaks  map[string]int64 // bytes of memory, by function
	bus    *busWatch        // nil = it was not watched
}

// gather collects the evidence of a run that has come to rest.
func (r *run) gather(ctx context.Context, bus *busWatch) (evidence, error) {
	e := evidence{bus: bus, log: []byte(r.stack.Log())}
	var err error
	if e.tables, err = readTables(ctx, r.stack); err != nil {
		return e, err
	}
	if e.calls, err = r.stack.Sent(ctx, "", ""); err != nil {
		return e, err
	}
	if e.peaks, err = r.stack.Peaks(ctx); err != nil {
		return e, err
	}
	e.queues, err = queueCounts(ctx, r.stack)
	return e, err
}

// check compares what was sent in with what is stored, what was sent out, what was
// logged and, if it was watched, what was told on the bus.
func (r *run) check(ctx context.Context, report *Report, f faults, bus *busWatch) error {
	e, err := r.gather(ctx, bus)
	if err == nil {
		r.compare(e, f, report)
	}
	return err
}

func (r *run) compare(e evidence, f faults, report *Report) {
	t := e.tables
	report.Homes, report.Held = len(t.homes), t.waiting
	for _, user := range sorted(t.threads) {
		th := t.threads[user]
		if report.Held += len(th.held); len(th.held) > 0 {
			report.example("held", "thread %s, see %q: %v", user, th.see, th.held)
		}
	}
	r.checkEvents(t, report)
	r.checkWords(t, report)
	r.checkQuarantine(t, report)
	r.checkPeople(t, report)
	checkThreads(t, report)
	checkTeams(t, report)
	r.checkAnswers(t, report)
	r.checkLinks(t, report, e.bus)
	r.checkWelcomes(report)
	r.checkSent(t, append(slices.Clone(e.calls), r.welcomes()...), report, f)
	r.checkEchoes(t, report, f)
	r.checkLog(e.log, report)
	r.measure(t, report)
	report.PeakMemory = map[string]int{}
	for function, bytes := range e.peaks {
		report.PeakMemory[function] = int(bytes >> 20)
	}
	for name, n := range e.queues {
		if strings.Contains(name, "DeadLetters") {
			report.DeadLetters += n
		}
	}
	if e.bus == nil {
		return
	}
	report.Watched = e.bus.complete()
	for _, list := range t.messages {
		for _, m := range list {
			if report.Watched && !e.bus.told(m.user, m.key) {
				report.Untold++
				report.example("untold", "%s in %s", m.key, m.user)
			}
		}
	}
}

// checkEvents sorts the events that must be stored: acknowledged, lost, recovered,
// doubled; and what is stored that nobody sent.
func (r *run) checkEvents(t *tables, report *Report) {
	known := map[string]bool{}
	may := map[string]string{} // what may be stored of the reactions to a message
	for _, h := range r.hooks {
		if h.emoji != "" {
			may[h.team+hub.ShortID(h.target)] += h.emoji
		}
	}
	for _, h := range r.hooks {
		report.Events++
		stored := 0
		switch h.want {
		case wantMessage:
			report.Messages++
			key := h.team + hub.ShortID(h.message)
			known[key] = true
			stored = len(t.messages[key])
		case wantAction:
			key := h.team + hub.ShortID(h.target)
			known["action "+key] = true
			stored = r.actions(t, report, h, may[key])
		case wantFact:
			for _, key := range t.factsOf(h) {
				known["fact "+key] = true
				stored += t.facts[key].n
			}
		case wantEcho:
			stored = len(t.echoes[h.team+hub.ShortID(h.message)])
		case wantQuarantine:
			if h.acked.Load() == 0 {
				report.Unacknowledged++
			} else {
				report.Acknowledged++
			}
			continue
		}
		acked := h.acked.Load() != 0
		switch {
		case acked && stored == 0:
			report.Lost++
			report.example("lost", "%s %s of %s, team %s, by %q, message %s", h.kind, h.mark, h.customer.name, h.team, h.shown, h.message)
		case acked:
			report.Acknowledged++
		case stored == 0:
			report.Unacknowledged++
		default:
			report.Recovered++
		}
		if stored > 1 {
			report.Doubled += stored - 1
			report.example("doubled", "%s %s of %s, %d times", h.kind, h.mark, h.customer.name, stored)
		}
	}
	unexpected := func(what, key string, n int) {
		if !known[what+key] {
			report.Unexpected += n
			report.example("unexpected", "%s%s", what, key)
		}
	}
	for key, list := range t.messages {
		unexpected("", key, len(list))
	}
	for key, list := range t.reactions {
		unexpected("action ", key, len(list))
	}
	for key, f := range t.facts {
		if !slices.Contains(traitOf(f.channel).news, f.kind) {
			unexpected("fact ", key, f.n)
		}
	}
}

// actions counts what is stored of an action, and looks whether it lies where the
// customer's log looks for it. A webhook names all ids of a customer, but the hub
// learns only from messages that these are one person's.
func (r *run) actions(t *tables, report *Report, h *hook, may string) int {
	n := 0
	for _, a := range t.reactions[h.team+hub.ShortID(h.target)] {
		if a.kind != h.kind {
			continue
		}
		n++
		if h.emoji == "" {
			continue
		}
		if a.value == "" || !strings.Contains(may, a.value) || r.strayed(t, h, a.user) {
			report.Astray++
			report.example("astray", "reaction %s of %s to %s: %q in %s", h.mark, h.customer.name, h.target, a.value, a.user)
		}
	}
	return n
}

// strayed tells whether a user's partition is none of the customer's, though the hub
// could know.
func (r *run) strayed(t *tables, h *hook, user string) bool {
	if r.logs == nil {
		r.logs, r.met = map[string]map[string]bool{}, map[string]bool{}
		for _, h := range r.hooks {
			for _, m := range t.messages[h.team+hub.ShortID(h.message)] {
				name := h.team + h.customer.name
				if r.logs[name] == nil {
					r.logs[name] = map[string]bool{}
				}
				r.logs[name][t.root(m.user)] = true
				r.met[name] = r.met[name] || h.shown != byPhone
			}
		}
	}
	name := h.team + h.customer.name
	return r.met[name] && !r.logs[name][t.root(user)]
}

// brought is a code as customers bring it, of which the hub keeps the beginning only.
var brought = regexp.MustCompile(`OL[0-9A-Z]{28}`)

// checkWords looks whether each message bears the words that were sent, byte for byte
// as its event had them, and none if the hub knows that it was taken back.
func (r *run) checkWords(t *tables, report *Report) {
	told := map[string]bool{}
	for _, h := range r.hooks {
		if h.kind == "unsend" && h.acked.Load() != 0 {
			told[h.team+h.target] = true
		}
	}
	for _, h := range r.hooks {
		if h.want != wantMessage {
			continue
		}
		for _, m := range t.messages[h.team+hub.ShortID(h.message)] {
			wrong := ""
			switch {
			case told[h.team+h.message] && (!m.scrubbed || m.text != "" || len(m.raw) > 0):
				wrong = "was taken back, and is not empty"
			case h.unsent:
			case m.damaged:
				wrong = "has lost its event"
			case !strings.Contains(brought.ReplaceAllString(h.body, "OL…"), first(m.raw)) || !bytes.Contains(m.raw, []byte(h.message)):
				wrong = "has another event"
			case !utf8.ValidString(m.text):
				wrong = "is no text"
			case h.kind == "text" && !strings.HasPrefix(m.text, h.mark):
				wrong = "has other words"
			}
			if wrong != "" {
				report.Garbled++
				report.example("garbled", "%s %s of %s %s (%d bytes of %q)", h.kind, h.mark, h.customer.name, wrong, len(m.raw), m.text[:min(len(m.text), 60)])
			}
		}
	}
	for _, where := range sorted(t.parts) {
		for _, h := range r.hooks {
			if told[h.team+h.message] && bytes.Contains(t.parts[where], []byte(h.mark)) {
				report.Garbled++
				report.example("garbled", "%s was taken back, and lies in %s", h.mark, where)
			}
		}
	}
}

// checkQuarantine holds the quarantine against the poison: each in one entry, whole,
// for its reason, and nothing else.
func (r *run) checkQuarantine(t *tables, report *Report) {
	report.Quarantined = len(t.quarantine)
	length := len(r.mark())
	whose := map[string]string{} // of a mark: the entry
	bodies := map[string]string{}
	for _, key := range sorted(t.quarantine) {
		body := t.quarantine[key].body()
		bodies[key] = first(body)
		for rest := bodies[key]; ; {
			at := strings.Index(rest, marker)
			if at < 0 {
				break
			}
			if mark := rest[at:min(len(rest), at+length)]; whose[mark] == "" {
				whose[mark] = key
			}
			rest = rest[at+len(marker):]
		}
	}
	found := map[string]bool{}
	for _, h := range r.hooks {
		if h.want != wantQuarantine {
			continue
		}
		report.Poison++
		key := whose[h.mark]
		q, ok := t.quarantine[key]
		switch {
		case !ok:
			report.example("quarantine", "%s, %s, is not there", h.mark, h.reason)
		case q.code != string(h.reason):
			report.example("quarantine", "%s is there for %s, want %s", h.mark, q.code, h.reason)
		case len(q.body()) != q.size || !strings.Contains(h.body, bodies[key]):
			report.example("quarantine", "%s, %s: %d bytes of %d, and not those that came", h.mark, q.code, len(bodies[key]), q.size)
		case found[key]:
			report.example("quarantine", "%s shares an entry", h.mark)
		default:
			report.PoisonFound++
		}
		found[key] = true
	}
	for key, q := range t.quarantine {
		if !found[key] {
			report.Innocent++
			report.example("innocent in quarantine", "%s: %s, %.300q", key, q.code, bodies[key])
		}
	}
}

// checkAnswers counts the messages without exactly one answer that went out.
func (r *run) checkAnswers(t *tables, report *Report) {
	answers := map[string][]send{}
	for _, s := range t.sends {
		if s.answers != "" {
			answers[s.team+s.answers] = append(answers[s.team+s.answers], s)
		}
	}
	asked := map[string]bool{}
	for _, h := range r.hooks {
		key := h.team + hub.ShortID(h.message)
		if h.want != wantMessage || !h.answered || len(t.messages[key]) == 0 {
			continue
		}
		asked[key] = true
		list := answers[key]
		report.Sends += len(list)
		report.Doubled += max(len(list)-1, 0)
		if len(list) == 0 {
			report.unanswered("none queued", "message %s of %s, by %q, trace %s", h.mark, h.customer.name, h.shown, t.messages[key][0].trace)
			continue
		}
		report.outcome(list[0], h.mark)
	}
	for key, list := range answers {
		if !asked[key] {
			report.Unexpected += len(list)
			report.example("unexpected", "answer to %s", key)
		}
	}
	for _, i := range r.desk {
		report.Sends++
		if s, ok := t.sends[i.ref()]; ok {
			report.outcome(s, i.mark)
		} else {
			report.Lost++
			report.example("lost", "send %s of the desk", i.mark)
		}
	}
}

// outcome counts how a send ended.
func (report *Report) outcome(s send, mark string) {
	switch {
	case s.out() && s.states["unknown"]:
		report.Reconciled++
	case s.out():
		if s.stage == "again" || s.stage == "doubt" || s.stage == "lost" {
			report.Reconciled++
		}
	case s.states["unknown"]:
		report.Unknown++
	case s.states["failed"]:
		report.unanswered(s.code, "%s, class %s, in %s, trace %s", mark, s.class, s.ref(), s.trace)
	default:
		report.unanswered("waits", "%s: %s", mark, s.waits)
	}
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
