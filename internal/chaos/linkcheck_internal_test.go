package chaos

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
)

var (
	caraUser, danUser = strings.Repeat("f", 32), strings.Repeat("g", 32)
	caraHome, danHome = strings.Repeat("h", 32), strings.Repeat("i", 32)
	goodTap, badTap   = strings.Repeat("1", 22), strings.Repeat("2", 22)
	linkCode          = strings.Repeat("k", 32)
)

const (
	toWhatsApp = "linetowhatsapp"
	succeeded  = "you are one of us"
	welcomed   = "welcome here"
	asked      = "was that you?"
)

// linkScene is newScene in which ann also went over to WhatsApp, where she is cara. Then dan
// brought a code of hers, of which she was asked and said nothing.
func linkScene() *scene {
	s := newScene()
	r := s.run
	cara := customer{channel: whatsApp, name: canaryName + " cara", number: 2, turn: 1}
	dan := customer{channel: whatsApp, name: canaryName + " dan", number: 3, turn: 1}
	r.arrived = map[string]bool{cara.name: true, dan.name: true}
	r.says = map[string]hub.Activity{toWhatsApp: {
		Success: hub.LinkSays{Source: hub.Say{Text: succeeded}, Target: hub.Say{Text: welcomed}},
		Tags:    hub.LinkTags{Source: []string{"came"}, Target: []string{"arrived"}},
	}}
	r.links = []*link{{
		who: r.hooks[0].customer, arrives: cara, other: dan, asked: r.hooks[:1:1], links: []string{"x"}, address: "x",
		taps: []*tap{{id: goodTap, by: cara, end: codeUsed}, {id: badTap, by: dan, end: codePending}},
	}}
	for i, p := range []struct{ name, user, home, message, conversation string }{
		{"cara", caraUser, caraHome, "a1", strings.Repeat("v", 26)}, {"dan", danUser, danHome, "a2", strings.Repeat("w", 26)},
	} {
		h := &hook{team: demoTeam, customer: []customer{cara, dan}[i], mark: r.mark(), kind: "arrival", shown: byBoth, message: p.message, body: `"` + p.message + `"`}
		h.posted.Store(1791170418000)
		h.acked.Store(1791170418001)
		r.hooks = append(r.hooks, h)
		key := "1791170418000#" + p.message
		s.put(p.name, "U#"+p.user, "THREAD", "lastKey", key, "lastIn", 1791170418000, "conv", p.conversation, "gpk", "O#demo#1")
		s.put("opened by "+p.name, "U#"+p.user, "C#"+p.conversation+"#opened", "pub", "conversation.opened")
		s.put(p.name+"'s home", "H#"+p.home, "HOME", "u", p.user)
		s.put(p.name+"'s words", "U#"+p.user, "M#"+key, "d", "in", "hm", p.home, "tx", "words", "rw", []byte(h.body))
	}
	s.change("ann's home", "u", annUser)
	s.change("cara's home", "root", annHome)
	s.put("edge", "H#"+annHome, "E#"+caraHome, "evidence", "omnilink")
	s.put("code", "TOK#"+linkCode, "TOKEN", "tap", (&tap{id: goodTap}).kept(), "hm", annHome, "st", "used")
	s.put("bad code", "TOK#"+strings.Repeat("l", 32), "TOKEN", "tap", (&tap{id: badTap}).kept(), "hm", annHome, "st", "pending", "tg", danHome)
	s.put("participation", "H#"+annHome, "O#"+toWhatsApp, "taps", 2, "links", 1, "first", 1791170417500, "linked", 1791170418000, "tg", caraHome,
		"gsk", "1791170417500#"+annHome+"#S")
	s.put("fact", "H#"+annHome, "F#omnilink#"+linkCode, "av", toWhatsApp, "tg", caraHome, "pub", "omnilink.linked", "first", 1, "nw", 1)
	s.put("total 1", "ACT#"+toWhatsApp, "N#1", "taps", 1, "people", 1)
	s.put("total 2", "ACT#"+toWhatsApp, "N#2", "fresh", 1)
	for _, side := range []struct{ tag, home string }{{"came", annHome}, {"arrived", caraHome}} {
		s.put("tag "+side.tag, "H#"+side.home, "G#"+side.tag, "name", side.tag, "st", "on")
		s.put("tagging "+side.tag, "H#"+side.home, "F#tag#"+side.tag+"#1", "name", side.tag, "by", linkBy)
	}
	s.say("told ann", "line", annUser, "1791170418100#s1", succeeded)
	s.say("told cara", whatsApp, caraUser, "1791170418100#s2", welcomed)
	s.say("asked ann", "line", annUser, "1791170419000#q1", asked)
	s.bus = &busWatch{seen: map[string]bool{}, links: map[string]map[string]int{toWhatsApp + " " + annHome + " " + caraHome: {"id1": 2}}}
	for _, it := range s.items {
		if key, ok := strings.CutPrefix(text(it, "SK"), "M#"); ok {
			s.bus.seen[strings.TrimPrefix(text(it, "PK"), "T#demo#U#")+"."+key] = true
		}
	}
	return s
}

// say has a link say something, which the platform took.
func (s *scene) say(name, channel, user, key, words string) {
	id := "c-" + key
	at := int(hub.MessageKey(key).At())
	s.put(name, "U#"+user, "M#"+key, "d", "out", "cl", "transactional", "who", linkBy, "tx", words, "acc", at, "takenAt", at+100, "sentAt", at+100,
		"deliveredAt", at+100, "readAt", at+100, "pid", id, "ch", channel)
	c := fake.Call{Channel: channel, Kind: "push", Text: words, ID: id, At: int64(at) + 50}
	if channel == "line" {
		c.RetryKey = hub.RetryKey(hub.TeamID(demoTeam), hub.UserKey(user), hub.MessageKey(key))
	} else {
		c.Body = `{"biz_opaque_callback_data":"` + user + "." + key + `"}`
	}
	s.calls = append(s.calls, c)
}

func TestCheckerFindsNothingWrongWithALink(t *testing.T) {
	if got := linkScene().broken(); len(got) > 0 {
		t.Errorf("got %q, want nothing", got)
	}
}

// TestCheckerFindsEachFaultOfALink breaks one promise at a time.
func TestCheckerFindsEachFaultOfALink(t *testing.T) {
	for what, do := range map[string]func(s *scene){
		"no edge":                   func(s *scene) { delete(s.items, "edge") },
		"an edge that was undone":   func(s *scene) { s.change("edge", "undone", 1) },
		"two contacts":              func(s *scene) { s.change("cara's home", "root", nil) },
		"a code that is still good": func(s *scene) { s.change("code", "st", "issued") },
		"a code that failed":        func(s *scene) { s.change("code", "st", "failed", "why", "server_error") },
		"a tap with two codes": func(s *scene) {
			s.put("more", "TOK#x", "TOKEN", "tap", (&tap{id: goodTap}).kept(), "hm", annHome, "st", "issued")
		},
		"a tap that nobody made":      func(s *scene) { s.put("more", "TOK#x", "TOKEN", "tap", "none", "hm", annHome, "st", "issued") },
		"a tap that does not count":   func(s *scene) { s.change("participation", "taps", 1) },
		"a tap that counts twice":     func(s *scene) { s.change("participation", "taps", 3) },
		"a link that counts twice":    func(s *scene) { s.change("participation", "links", 2) },
		"a link with somebody else":   func(s *scene) { s.change("participation", "tg", danHome) },
		"a success listed as failure": func(s *scene) { s.change("participation", "gsk", "1791170417500#"+annHome+"#f") },
		"no fact":                     func(s *scene) { delete(s.items, "fact") },
		"a second fact": func(s *scene) {
			s.put("more", "H#"+annHome, "F#omnilink#m", "av", toWhatsApp, "tg", caraHome, "pub", "omnilink.linked")
		},
		"a fact that is not published": func(s *scene) { s.change("fact", "pub", nil) },
		"a total too high":             func(s *scene) { s.change("total 1", "taps", 2) },
		"a person too many":            func(s *scene) { s.change("total 2", "people", 1) },
		"a new contact less":           func(s *scene) { s.change("total 2", "fresh", 0) },
		"silence at the source":        func(s *scene) { s.drop("told ann") },
		"silence at the target":        func(s *scene) { s.drop("told cara") },
		"no question":                  func(s *scene) { s.drop("asked ann") },
		"words said twice":             func(s *scene) { s.say("more", whatsApp, caraUser, "1791170418200#s3", welcomed) },
		"a source that is told it all": func(s *scene) { s.say("more", "line", annUser, "1791170418200#s3", welcomed) },
		"a source without its tag":     func(s *scene) { delete(s.items, "tag came") },
		"a target that was not tagged": func(s *scene) { delete(s.items, "tagging arrived") },
		"a tag put on twice": func(s *scene) {
			s.put("more", "H#"+annHome, "F#tag#came#2", "name", "came", "by", linkBy)
		},
		"a bus that heard nothing": func(s *scene) { clear(s.bus.links) },
		"a bus that heard of two":  func(s *scene) { s.bus.linked(toWhatsApp+" "+annHome+" "+caraHome, "id2") },
		"somebody joined by a code in wrong hands": func(s *scene) {
			s.change("dan's home", "root", annHome)
			s.put("more", "H#"+annHome, "E#"+danHome, "evidence", "omnilink")
		},
		"a question about another":                func(s *scene) { s.change("bad code", "tg", caraHome) },
		"words to who had somebody else's code":   func(s *scene) { s.say("more", whatsApp, danUser, "1791170418200#s3", welcomed) },
		"a tag for who had somebody else's code":  func(s *scene) { s.put("more", "H#"+danHome, "F#tag#arrived#2", "name", "arrived", "by", linkBy) },
		"what a page must not say":                func(s *scene) { s.run.links[0].complain("a page was answered 404") },
		"another link for each card":              func(s *scene) { s.run.links[0].links = []string{"x", "y"} },
		"a card that never came, though answered": func(s *scene) { s.run.links[0].address = "" },
		"a card that never came, though asked for again": func(s *scene) {
			s.loseCard("unknownAt")
			s.run.links[0].address = ""
		},
		"a lost card that went out":      func(s *scene) { s.loseCard("unknownAt", "takenAt") },
		"a lost card that was not sent":  func(s *scene) { s.loseCard("failedAt") },
		"a lost card that still waits":   func(s *scene) { s.loseCard() },
		"a lost card that nobody queued": func(s *scene) { s.loseCard("unknownAt"); delete(s.items, "lost card") },
	} {
		s := linkScene()
		do(s)
		if got := s.broken(); !slices.ContainsFunc(got, func(b string) bool { return strings.Contains(b, "broken links") }) {
			t.Errorf("%s: got %q, want broken links", what, got)
		}
	}
}

// loseCard lets the card be one for which ann asked for the second time: the send of the
// first has some states.
func (s *scene) loseCard(states ...string) {
	l, at := s.run.links[0], 1791170414000
	h := &hook{team: demoTeam, customer: l.who, mark: s.run.mark(), kind: "card", message: "p0", answered: true, body: `{"id":"p0"}`}
	h.posted.Store(int64(at))
	h.acked.Store(int64(at) + 1)
	s.run.hooks = append(s.run.hooks, h)
	l.asked = []*hook{h, l.asked[0]}
	key := fmt.Sprint(at, "#p0")
	s.put("question", "U#"+annUser, "M#"+key, "d", "in", "hm", annHome, "tx", l.arrives.channel, "rw", []byte(h.body))
	s.put("lost card", "U#"+annUser, "M#"+key+"~a", "d", "out", "cl", "bot", "tx", "card", "rt", "token0", "acc", at+100, "ch", "line")
	for _, state := range states {
		s.change("lost card", state, at+200)
	}
	s.bus.seen[annUser+"."+key] = true
}

func TestCheckerTakesACardForLostWhoseSendNobodyKnows(t *testing.T) {
	s := linkScene()
	s.run.Level = Smoke
	s.loseCard("unknownAt")
	// The scene has no kill that would have cut it off.
	if got, want := s.broken(), "unknown sends that were cut off: got 1, want at most 0"; strings.Join(got, "; ") != want {
		t.Errorf("got %q, want %q alone", got, want)
	}
}

// drop takes a send away, with its call.
func (s *scene) drop(name string) {
	id := text(s.items[name], "pid")
	delete(s.items, name)
	s.calls = slices.DeleteFunc(s.calls, func(c fake.Call) bool { return c.ID == id })
}

func TestLinksAreSpreadOverTheWays(t *testing.T) {
	for customers, want := range map[int]int{6: 2, 24: 8, 60: 10, 500: 83} {
		l := Load{Channels: Channels(), Customers: customers}
		list, people, over := l.links(), map[int]bool{}, map[string]bool{}
		for _, one := range list {
			people[one.who.number], over[one.activity()] = true, true
			if one.who.channel+"to"+one.arrives.channel != one.activity() || one.arrives.everywhere() || one.arrives.name == one.other.name {
				t.Errorf("got %+v", one)
			}
		}
		if len(list) != want || len(people) != want || customers >= 24 && len(over) < 4 {
			t.Errorf("%d customers: got %d links of %d people by %v, want %d", customers, len(list), len(people), over, want)
		}
	}
	if got := (Load{Channels: []string{"viber", "twilio"}, Customers: 60}).links(); len(got) != 0 {
		t.Errorf("without sources: got %d links, want none", len(got))
	}
}
