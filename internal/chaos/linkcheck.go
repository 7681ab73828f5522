package chaos

import (
	"fmt"
	"slices"
	"strings"

	"omnihub/internal/hub"
)

// standing is what the tables hold of OmniLink.
type standing struct {
	codes  map[string][]item // by what is kept of the page's id of the tap
	parts  map[string]item   // participations, by home and activity
	facts  map[string][]item // links, by home and activity
	edges  map[string]int    // live ones on the evidence of a link, by both homes
	totals map[string]map[string]int
	users  map[string]string // the channel user of each home
	homes  map[string]string // the home of each channel user
	tags   map[string]int    // taggings by links, by home and name
	on     map[string]bool   // tags that stand, by home and name
	sends  map[string][]send // by links, by the thread
}

// linkBy is who joins, tags and sends for a link.
const linkBy = "hub:omnilink"

// standingOf sorts what the tables hold of OmniLink.
func standingOf(t *tables) *standing {
	s := &standing{
		codes: map[string][]item{}, parts: map[string]item{}, facts: map[string][]item{}, edges: map[string]int{}, totals: map[string]map[string]int{},
		users: map[string]string{}, homes: map[string]string{}, tags: map[string]int{}, on: map[string]bool{}, sends: map[string][]send{},
	}
	for _, it := range t.items {
		pk, sk := text(it, "PK"), text(it, "SK")
		if teamOf(pk) != demoTeam {
			continue
		}
		of := pk[strings.LastIndex(pk, "#")+1:]
		kind, rest, _ := strings.Cut(sk, "#")
		switch {
		case strings.Contains(pk, "#TOK#") && text(it, "tap") != "":
			s.codes[text(it, "tap")] = append(s.codes[text(it, "tap")], it)
		case strings.Contains(pk, "#ACT#") && kind == "N":
			if s.totals[of] == nil {
				s.totals[of] = map[string]int{}
			}
			for _, name := range []string{"taps", "people", "fresh"} {
				s.totals[of][name] += int(number(it, name))
			}
		case !strings.Contains(pk, "#H#"):
		case sk == "HOME":
			s.users[of], s.homes[text(it, "u")] = text(it, "u"), of
		case kind == "O":
			s.parts[of+" "+rest] = it
		case kind == "E" && text(it, "evidence") == "omnilink" && number(it, "undone") == 0:
			s.edges[pair(of, rest)]++
		case kind == "G" && text(it, "st") == "on":
			s.on[of+" "+text(it, "name")] = true
		case strings.HasPrefix(sk, "F#omnilink#"):
			s.facts[of+" "+text(it, "av")] = append(s.facts[of+" "+text(it, "av")], it)
		case strings.HasPrefix(sk, "F#tag#") && text(it, "by") == linkBy:
			s.tags[of+" "+text(it, "name")]++
		}
	}
	for _, ref := range sorted(t.sends) {
		if one := t.sends[ref]; one.by == linkBy && one.team == demoTeam {
			s.sends[t.root(one.user)] = append(s.sends[t.root(one.user)], one)
		}
	}
	return s
}

// pair names two homes in one order.
func pair(a, b string) string { return min(a, b) + " " + max(a, b) }

// wanted is what there must be of OmniLink in all, over all links.
type wanted struct {
	taps          map[string]bool // by what is kept of the page's ids
	edges, parts  map[string]bool
	sends, facts  int
	taggings      int
	people, links map[string]int // by activity
}

// checkLinks looks at everybody who went over to another channel: whether the card came, if
// not at once then when it was asked for again, whether both homes are
// one contact by one edge, each code was used once and counted once, both sides were told
// and tagged once, and the bus heard of it under one name; and that nobody else was joined.
func (r *run) checkLinks(t *tables, report *Report, bus *busWatch) {
	if len(r.links) == 0 {
		return
	}
	s := standingOf(t)
	w := &wanted{taps: map[string]bool{}, edges: map[string]bool{}, parts: map[string]bool{}, people: map[string]int{}, links: map[string]int{}}
	report.Arrived = len(r.arrived)
	for _, l := range r.links {
		report.Links++
		c := linkCheck{run: r, t: t, s: s, w: w, l: l, report: report, bus: bus, name: l.who.name + " by " + l.activity()}
		c.cards()
		if l.address != "" {
			c.check()
		}
		if c.broken {
			report.BrokenLinks++
		}
	}
	beyond(report, s, w)
}

// beyond looks for what there is of OmniLink that no link of the run has brought.
func beyond(report *Report, s *standing, w *wanted) {
	wrong := func(format string, args ...any) {
		report.BrokenLinks++
		report.example("broken links", format, args...)
	}
	for _, id := range sorted(s.codes) {
		if !w.taps[id] {
			wrong("%d codes of the tap %s, which nobody made", len(s.codes[id]), id)
		}
	}
	for _, homes := range sorted(s.edges) {
		if !w.edges[homes] {
			wrong("the homes %s are joined, which no link did", homes)
		}
	}
	facts, sends, taggings := 0, 0, 0
	for _, list := range s.facts {
		facts += len(list)
	}
	for _, list := range s.sends {
		sends += len(list)
	}
	for _, n := range s.tags {
		taggings += n
	}
	if facts != w.facts || sends != w.sends || taggings != w.taggings {
		wrong("got %d facts, %d messages and %d taggings, want %d, %d and %d", facts, sends, taggings, w.facts, w.sends, w.taggings)
	}
	sums := map[string]map[string]int{}
	for _, of := range sorted(s.parts) {
		_, activity, _ := strings.Cut(of, " ")
		if sums[activity] == nil {
			sums[activity] = map[string]int{}
		}
		p := s.parts[of]
		sums[activity]["taps"] += int(number(p, "links"))
		if number(p, "linked") != 0 {
			sums[activity]["people"]++
		}
		for _, f := range s.facts[of] {
			sums[activity]["fresh"] += int(number(f, "nw"))
		}
	}
	for activity, n := range w.links {
		got, sum := s.totals[activity], sums[activity]
		for _, name := range []string{"taps", "people", "fresh"} {
			if got[name] != sum[name] {
				wrong("%s: the total %s is %d, and the participations have %d", activity, name, got[name], sum[name])
			}
		}
		if got["taps"] != n || got["people"] != w.people[activity] {
			wrong("%s: got %d links of %d people, want %d of %d", activity, got["taps"], got["people"], n, w.people[activity])
		}
	}
}

// linkCheck is a link that is looked at.
type linkCheck struct {
	*run
	t      *tables
	s      *standing
	w      *wanted
	l      *link
	report *Report
	bus    *busWatch
	name   string
	broken bool

	source, target string // homes
	used, pending  int
}

func (c *linkCheck) wrong(format string, args ...any) {
	c.broken = true
	c.report.example("broken links", "%s: %s", c.name, fmt.Sprintf(format, args...))
}

func (c *linkCheck) expect(what string, got, want int) {
	if got != want {
		c.wrong("%s: got %d, want %d", what, got, want)
	}
}

func (c *linkCheck) check() {
	for _, text := range c.l.wrong {
		c.wrong("%s", text)
	}
	c.expect("links of the card", len(c.l.links), 1)
	for _, tap := range c.l.taps {
		c.code(tap)
	}
	c.target = c.home(c.l.arrives)
	if c.source == "" || c.target == "" {
		c.wrong("source home %q, target home %q", c.source, c.target)
		return
	}
	c.joined()
	c.counted()
	c.told(c.says[c.l.activity()])
	c.alone(c.says[c.l.activity()])
}

// cards looks whether the customer got the card in the end, and whether each one that did
// not come was a send of which nobody knows how it ended.
func (c *linkCheck) cards() {
	lost := c.l.asked
	if c.l.address == "" {
		c.wrong("asked for the card %d times, and did not get it", len(lost))
	} else if len(lost) > 0 {
		lost = lost[:len(lost)-1]
	}
	c.report.LostCards += len(lost)
	for _, h := range lost {
		answer := hub.ShortID(h.message)
		if !slices.ContainsFunc(sorted(c.t.sends), func(ref string) bool {
			s := c.t.sends[ref]
			return s.team == demoTeam && s.answers == answer && s.states["unknown"] && !s.out()
		}) {
			c.wrong("the card that was asked for by %s did not come, and its send is not one of an unknown end", h.mark)
		}
	}
}

// code looks at the code of a tap.
func (c *linkCheck) code(t *tap) {
	c.w.taps[t.kept()] = true
	list := c.s.codes[t.kept()]
	if len(list) != 1 {
		c.wrong("a tap has %d codes", len(list))
		return
	}
	if c.source == "" {
		c.source = text(list[0], "hm")
	}
	if got := text(list[0], "hm"); got != c.source {
		c.wrong("its taps are of the homes %s and %s", c.source, got)
	}
	if got := text(list[0], "st"); got != t.end {
		c.wrong("a code is %s (%q), want %s", got, text(list[0], "why"), t.end)
	}
	switch t.end {
	case codeUsed:
		c.used++
	case codePending:
		c.pending++
		if got, want := text(list[0], "tg"), c.home(c.l.other); got != want {
			c.wrong("the source is asked about the home %q, want %q", got, want)
		}
	}
}

// home is the home of somebody at the target; "" if there is none.
func (c *linkCheck) home(who customer) string {
	if to := c.addresses[who.name]; to != "" && who.channel != whatsApp {
		return c.s.homes[string(c.office.peppers[demoTeam].User(hub.AccountID(c.accountOf(who.channel)), to))]
	}
	for _, h := range c.hooks {
		if h.customer == who && h.want == wantMessage {
			for _, m := range c.t.messages[h.team+hub.ShortID(h.message)] {
				return m.home
			}
		}
	}
	return ""
}

// joined looks at the edge, and at who is the contact.
func (c *linkCheck) joined() {
	between := pair(c.source, c.target)
	c.w.edges[between] = true
	c.expect("edges", c.s.edges[between], 1)
	if a, b := c.t.homes[c.source], c.t.homes[c.target]; a != b || a == "" {
		c.wrong("home %s is of contact %q, and home %s of %q", c.source, a, c.target, b)
	}
}

// counted looks at the participation, the facts and what the bus heard of them.
func (c *linkCheck) counted() {
	of := c.source + " " + c.l.activity()
	p := c.s.parts[of]
	c.w.parts[of] = true
	c.w.people[c.l.activity()]++
	c.w.links[c.l.activity()] += c.used
	c.w.facts += c.used
	c.expect("taps that were counted", int(number(p, "taps")), len(c.l.taps))
	c.expect("links that were counted", int(number(p, "links")), c.used)
	if first, linked := number(p, "first"), number(p, "linked"); first == 0 || linked == 0 || text(p, "tg") != c.target || text(p, "why") != "" {
		c.wrong("its participation has the first tap at %d, the link at %d with %q, and fails for %q", first, linked, text(p, "tg"), text(p, "why"))
	}
	facts, firsts, fresh := c.s.facts[of], 0, 0
	c.expect("facts", len(facts), c.used)
	for _, f := range facts {
		firsts += int(number(f, "first"))
		fresh = max(fresh, int(number(f, "nw")))
		if text(f, "tg") != c.target || text(f, "pub") == "" {
			c.wrong("a fact names the home %q, and is published as %q", text(f, "tg"), text(f, "pub"))
		}
	}
	c.expect("first links", firsts, 1)
	place := text(p, "gsk")
	if want := []string{"s", "S"}[fresh]; !strings.HasSuffix(place, "#"+want) {
		c.wrong("its place in the list is %q, want it to end with %s", place, want)
	}
	if c.bus == nil || !c.bus.complete() {
		return
	}
	if ids := c.bus.links[c.l.activity()+" "+c.source+" "+c.target]; len(ids) != c.used {
		c.wrong("the bus was told of it under %d names, want %d", len(ids), c.used)
	}
}

// told looks at what was said to both sides, and at their tags.
func (c *linkCheck) told(says hub.Activity) {
	for _, side := range []struct {
		home, words string
		tags        []string
	}{{c.source, says.Success.Source.Text, says.Tags.Source}, {c.target, says.Success.Target.Text, says.Tags.Target}} {
		said, other := 0, 0
		for _, one := range c.s.sends[c.t.root(c.s.users[side.home])] {
			c.report.Sends++
			c.report.outcome(one, c.name)
			if one.text == side.words {
				said++
			} else {
				other++
			}
		}
		c.expect("messages about its success", said, c.used)
		c.w.sends += c.used
		if side.home == c.source {
			c.expect("questions", other, c.pending)
			c.w.sends += c.pending
		} else {
			c.expect("other messages to the target", other, 0)
		}
		for _, name := range side.tags {
			c.expect("taggings with "+name, c.s.tags[side.home+" "+name], c.used)
			c.w.taggings += c.used
			if !c.s.on[side.home+" "+name] {
				c.wrong("home %s has not the tag %s", side.home, name)
			}
		}
	}
}

// alone looks whether who had a code that was not for him is joined with nobody, and was
// told nothing.
func (c *linkCheck) alone(says hub.Activity) {
	home := c.home(c.l.other)
	if home == "" {
		if c.l.other.channel == whatsApp || c.pending > 0 {
			c.wrong("who brought a code that was not for him has no home")
		}
		return
	}
	var contact []string
	for h, root := range c.t.homes {
		if root == c.t.homes[home] {
			contact = append(contact, h)
		}
	}
	if !slices.Equal(contact, []string{home}) {
		c.wrong("who brought a code that was not for him is one contact with %v", contact)
	}
	c.expect("messages to who brought a code that was not for him", len(c.s.sends[c.t.root(c.s.users[home])]), 0)
	for _, name := range slices.Concat(says.Tags.Source, says.Tags.Target) {
		c.expect("his taggings with "+name, c.s.tags[home+" "+name], 0)
	}
}
