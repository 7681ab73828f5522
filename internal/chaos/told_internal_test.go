package chaos

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
)

// more are hashes of those who join the scene on other channels.
var (
	cleoUser, daanUser = strings.Repeat("f", 32), strings.Repeat("g", 32)
	cleoHome, daanHome = strings.Repeat("h", 32), strings.Repeat("i", 32)
)

// newScenes are the first scene with two more people who each wrote ping: cleo of one
// channel, daan of another. Both were answered, somebody wrote to cleo in the platform's
// own inbox, and daan came by a link and was welcomed.
func newScenes(first, second string) *scene {
	s := newScene()
	s.run.Customers, s.run.Channels = 4, []string{"line", whatsApp, first, second}
	person := func(name, channel, user, home, key, id string, number int) *hook {
		h := &hook{
			team: demoTeam, customer: customer{channel: channel, name: canaryName + " " + name, number: number}, mark: s.run.mark(), kind: "ping",
			message: id, answered: true, body: `{"id":"` + id + `"}`,
		}
		h.acked.Store(1)
		s.run.hooks = append(s.run.hooks, h)
		conversation := strings.Repeat(name[:1], 26)
		s.put(name, "U#"+user, "THREAD", "lastKey", key, "lastIn", 1791170415000, "conv", conversation, "gpk", "O#demo#1", "ext", name)
		s.put("opened by "+name, "U#"+user, "C#"+conversation+"#opened", "pub", "conversation.opened")
		s.put(name+"'s home", "H#"+home, "HOME")
		s.put(name+"'s ping", "U#"+user, "M#"+key, "d", "in", "hm", home, "tx", "ping", "rw", []byte(`"`+id+`"`))
		s.put(name+"'s answer", "U#"+user, "M#"+key+"~a", "d", "out", "cl", "bot", "tx", "pong", "acc", 1791170415100, "takenAt", 1791170415200, "pid", "of "+name, "ch", channel)
		return h
	}
	person("cleo", first, cleoUser, cleoHome, "1791170415000#c1", "c1", 2)
	person("daan", second, daanUser, daanHome, "1791170415000#d1", "d1", 3)
	return s
}

// told adds the calls for the answers of a scene of Messenger and Viber, and all that the
// platforms tell of them.
func told() *scene {
	s := newScenes("messenger", "viber")
	ref := cleoUser + ".1791170415000#c1~a"
	s.calls = append(s.calls,
		fake.Call{Channel: "messenger", Kind: "text", Text: "pong", ID: "of cleo", To: "cleo", At: 1791170415150, Body: `{"message":{"metadata":"` + ref + `"}}`},
		fake.Call{Channel: "messenger", Kind: "typing", To: "cleo"},
		fake.Call{Channel: "viber", Kind: "text", Text: "pong", ID: "of daan", To: "daan", At: 1791170415150, Body: `{"tracking_data":"{\"ref\":\"` + daanUser + `.1791170415000#d1~a\"}"}`})
	s.change("cleo's answer", "sentAt", 1791170415300, "deliveredAt", nil)
	s.change("cleo", "deliveredUpTo", 1791170415150, "readUpTo", 1791170415150)
	s.change("daan's answer", "deliveredAt", 1791170415300, "readAt", 1791170415300)
	s.put("cleo's delivery", "U#"+cleoUser, "V#1791170415150#x", "ty", "delivery", "ch", "messenger")
	inbox := &hook{team: demoTeam, customer: s.run.hooks[3].customer, mark: s.run.mark(), kind: "echo", want: wantEcho, message: "e1"}
	entry := &hook{team: demoTeam, customer: s.run.hooks[4].customer, mark: s.run.mark(), kind: "entry", want: wantFact, event: "conversation_started:9", welcomed: true}
	entry.body = `{"user":{"id":"daan"}}`
	entry.said(`{"text":"welcome"}`)
	for _, h := range []*hook{inbox, entry} {
		h.acked.Store(1791170415001)
		s.run.hooks = append(s.run.hooks, h)
	}
	s.put("echo", "U#"+cleoUser, "M#1791170415400#e1", "d", "out", "who", "platform", "tx", inbox.mark, "ch", "messenger")
	s.put("entry", "U#"+daanUser, "V#1791170415001#"+hub.ShortID("conversation_started:9"), "ty", "conversation_started", "ch", "viber")
	s.put("welcome", "U#"+daanUser, "M#1791170415001#9~w", "d", "out", "cl", "bot", "tx", "welcome", "acc", 1791170415002, "takenAt", 1791170415002, "ch", "viber")
	return s
}

func TestCheckerKnowsWhatPlatformsTell(t *testing.T) {
	if got := told().broken(); len(got) > 0 {
		t.Errorf("got %q, want nothing", got)
	}
	for _, c := range []struct {
		what string
		do   func(s *scene)
		want string // a part of what is found
	}{
		{"a watermark that fell back", func(s *scene) { s.change("cleo", "readUpTo", 1791170415149) }, "lost receipts"},
		{"an echo of our own that the send does not show", func(s *scene) { s.change("cleo's answer", "sentAt", nil) }, "lost receipts"},
		{"an echo of our own as another system's message", func(s *scene) {
			s.put("again", "U#"+cleoUser, "M#1791170415300#"+hub.ShortID("of cleo"), "d", "out", "who", "app:1", "tx", "pong", "ch", "messenger")
		}, "sent by nobody"},
		{"a message of the inbox twice", func(s *scene) {
			s.put("again", "U#"+cleoUser, "M#1791170415401#e1", "d", "out", "who", "platform", "ch", "messenger")
		}, "duplicate messages"},
		{"a message of the inbox that is not there", func(s *scene) { delete(s.items, "echo") }, "lost events"},
		{"a receipt by the platform's id that is not shown", func(s *scene) { s.change("daan's answer", "readAt", nil) }, "lost receipts"},
		{"an entry that is not there", func(s *scene) { delete(s.items, "entry") }, "lost events"},
		{"a welcome that was said and is not stored", func(s *scene) { delete(s.items, "welcome") }, "duplicate effects"},
		{"a welcome that is stored and was not said", func(s *scene) { s.run.hooks[6].welcome.Store(nil) }, "platform's id"},
		{"a customer who was not welcomed", func(s *scene) { s.run.hooks[6].welcome.Store(nil); delete(s.items, "welcome") }, "no welcome"},
		{"an unknown send of which an echo told", func(s *scene) {
			s.change("cleo's answer", "takenAt", nil, "sentAt", nil, "pid", nil, "unknownAt", 1791170415300)
		}, "of which the platform has told"},
	} {
		s := told()
		c.do(s)
		if got := s.broken(); !slices.ContainsFunc(got, func(b string) bool { return strings.Contains(b, c.want) }) {
			t.Errorf("%s: got %q, want something about %q", c.what, got, c.want)
		}
	}
}

// found are the calls for the answers of a scene of Instagram and Twilio, whose messages
// can be listed.
func found() *scene {
	s := newScenes("instagram", "twilio")
	ref := daanUser + ".1791170415000%23d1~a"
	s.calls = append(s.calls,
		fake.Call{Channel: "instagram", Kind: "text", Text: "pong", ID: "of cleo", To: "cleo", At: 1791170415150},
		fake.Call{Channel: "twilio", Kind: "text", Text: "pong", ID: "of daan", To: "daan", At: 1791170415150, Body: "StatusCallback=http%3A%2F%2Fx%2F%3Fref%3D" + strings.ReplaceAll(ref, "%", "%25")})
	s.change("cleo's answer", "sentAt", 1791170415300, "readAt", 1791170415300)
	s.change("daan's answer", "sentAt", 1791170415300, "deliveredAt", 1791170415300, "readAt", 1791170415300)
	return s
}

func TestCheckerHoldsSendsAgainstWhatCanBeListed(t *testing.T) {
	if got := found().broken(); len(got) > 0 {
		t.Errorf("got %q, want nothing", got)
	}
	for _, name := range []string{"cleo", "daan"} {
		s := found()
		s.change(name+"'s answer", "takenAt", nil, "sentAt", nil, "deliveredAt", nil, "readAt", nil, "pid", nil, "unknownAt", 1791170415300)
		if got := s.broken(); !slices.ContainsFunc(got, func(b string) bool { return strings.Contains(b, "of which the platform has told") }) {
			t.Errorf("%s's answer is unknown: got %q, want it blamed", name, got)
		}
		s = found()
		s.calls = slices.DeleteFunc(s.calls, func(c fake.Call) bool { return c.To == name })
		if got := s.broken(); !slices.ContainsFunc(got, func(b string) bool { return strings.Contains(b, "platform's id") }) {
			t.Errorf("%s's answer was never sent and is said to be: got %q, want it blamed", name, got)
		}
	}
	s := found()
	s.put("a second", "U#"+cleoUser, "M#1791170415500#desk9", "d", "out", "cl", "person", "tx", "pong", "acc", 1791170415500, "takenAt", 1791170415600, "pid", "of cleo", "ch", "instagram")
	s.run.desk = append(s.run.desk, intent{team: demoTeam, channel: "instagram", user: hub.UserKey(cleoUser), key: "1791170415500#desk9"})
	if got := s.broken(); !slices.ContainsFunc(got, func(b string) bool { return strings.Contains(b, "platform's id") }) {
		t.Errorf("two sends under one id: got %q, want it blamed", got)
	}
}

func TestCheckerKnowsSendsThatCameTooFast(t *testing.T) {
	refused := func(s *scene, times int) { // before the call that its customer got
		for i := range times {
			c := s.calls[len(s.calls)-1]
			c.ID, c.Dropped, c.At = fmt.Sprint("refused ", i), true, c.At-1
			s.calls = slices.Insert(s.calls, len(s.calls)-1, c)
		}
	}
	failed := func(s *scene) { // its only call
		s.calls[len(s.calls)-1].Dropped = true
		s.change("daan's answer", "sentAt", nil, "deliveredAt", nil, "readAt", nil, "failedAt", 1791170415300, "fcode", "rate_limited")
	}
	for _, c := range []struct {
		what string
		do   func(s *scene)
		want string // a part of what is found; "" = nothing is
	}{
		{"sent again", func(s *scene) { refused(s, 1) }, ""},
		{"sent again three times", func(s *scene) { refused(s, 3) }, ""},
		{"sent again and again", func(s *scene) { refused(s, 4) }, "duplicate effects"},
		{"refused for good", failed, ""},
		{"marketing that is sent again", func(s *scene) { refused(s, 1); s.change("daan's answer", "cl", "marketing") }, "duplicate effects"},
		{"arrived twice", func(s *scene) { refused(s, 1); s.calls[len(s.calls)-2].Dropped = false }, "duplicate effects"},
		{"refused, and shown as sent", func(s *scene) { failed(s); s.change("daan's answer", "failedAt", nil, "fcode", nil) }, "lost receipts"},
	} {
		s := found()
		c.do(s)
		got := s.broken()
		if c.want == "" && len(got) > 0 || c.want != "" && !slices.ContainsFunc(got, func(b string) bool { return strings.Contains(b, c.want) }) {
			t.Errorf("%s: got %q, want something about %q", c.what, got, c.want)
		}
	}
}
