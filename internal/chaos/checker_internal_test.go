package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
	"omnihub/internal/stack"
)

// Hashes as they stand in keys.
var (
	annUser, benUser   = strings.Repeat("a", 32), strings.Repeat("b", 32)
	annHome, benHome   = strings.Repeat("c", 32), strings.Repeat("d", 32)
	eveUser            = strings.Repeat("e", 32) // of the second team
	conversationOfAnn  = strings.Repeat("x", 26)
	conversationOfBen  = strings.Repeat("y", 26)
	pingKey, wordsKey  = "1791170415000#p1", "1791170416000#w1"
	answerKey, deskKey = pingKey + "~a", "1791170417000#desk1"
)

// scene is a run that went well: ann of LINE wrote ping and was answered, and the desk
// wrote to her; ben of WhatsApp wrote some words, and one webhook was poison.
type scene struct {
	run   *run
	items map[string]item
	calls []fake.Call
	log   string
	dead  int
	bus   *busWatch
}

func newScene() *scene {
	ann, ben := customer{channel: "line", name: canaryName + " 000"}, customer{channel: whatsApp, name: canaryName + " 001", number: 1}
	r := &run{Load: Load{Seed: 1, Channels: []string{"line", whatsApp}, Customers: 2, Level: None, Ordered: true}, office: &office{demo: stack.Demo{Accounts: []stack.Account{{
		Channel: "line", Account: fake.Account{ID: "line1", Secrets: map[string]string{"channel_token": "a-very-secret-token"}},
	}}}}, personal: map[string]bool{"886912345678": true}}
	keep := func(h *hook) *hook {
		h.team, h.mark = demoTeam, r.mark()
		h.posted.Store(1791170415000)
		h.acked.Store(1791170415001)
		r.hooks = append(r.hooks, h)
		return h
	}
	keep(&hook{customer: ann, kind: "ping", message: "p1", answered: true, body: `{"events":[{"id":"p1"}]}`})
	words := keep(&hook{customer: ben, kind: "text", shown: byBoth, message: "w1"})
	words.body = `{"entry":[{"id":"w1","text":"` + words.mark + `"}]}`
	poison := keep(&hook{customer: ben, kind: "poison", want: wantQuarantine, reason: hub.StaleEvent})
	poison.body = `{"entry":[{"id":"s1","text":"` + poison.mark + `"}]}`
	r.desk = []intent{{team: demoTeam, channel: "line", user: hub.UserKey(annUser), key: hub.MessageKey(deskKey), mark: r.mark(), class: hub.ClassPerson}}
	s := &scene{run: r, items: map[string]item{}, log: `{"msg":"message stored"}`}
	s.put("ann", "U#"+annUser, "THREAD", "lastKey", pingKey, "lastIn", 1791170415000, "conv", conversationOfAnn, "gpk", "O#demo#1")
	s.put("ben", "U#"+benUser, "THREAD", "lastKey", wordsKey, "lastIn", 1791170416000, "conv", conversationOfBen, "gpk", "O#demo#1")
	s.put("opened by ann", "U#"+annUser, "C#"+conversationOfAnn+"#opened", "pub", "conversation.opened")
	s.put("opened by ben", "U#"+benUser, "C#"+conversationOfBen+"#opened", "pub", "conversation.opened")
	s.put("ann's home", "H#"+annHome, "HOME")
	s.put("ben's home", "H#"+benHome, "HOME")
	s.put("ping", "U#"+annUser, "M#"+pingKey, "d", "in", "hm", annHome, "tx", "ping", "rw", []byte(`{"id":"p1"}`))
	s.put("words", "U#"+benUser, "M#"+wordsKey, "d", "in", "hm", benHome, "tx", words.mark, "rw", []byte(`{"id":"w1","text":"`+words.mark+`"}`))
	s.put("answer", "U#"+annUser, "M#"+answerKey, "d", "out", "cl", "bot", "tx", "pong", "rt", "token1", "acc", 1791170415100, "takenAt", 1791170415200, "pid", "c1", "ch", "line")
	s.put("desk", "U#"+annUser, "M#"+deskKey, "d", "out", "cl", "person", "tx", "hello", "acc", 1791170417000, "takenAt", 1791170417100, "pid", "c2", "ch", "line")
	s.put("quarantine", "QD#20261004", "q1", "id", "q1", "fcode", "stale_event", "size", len(poison.body), "chunks", 1)
	s.put("quarantined body", "Q#q1", "RAW#000#000", "rw", []byte(poison.body))
	s.calls = []fake.Call{
		{Channel: "line", Kind: "reply", Text: "pong", ID: "c1", ReplyToken: "token1", At: 1791170415150},
		{Channel: "line", Kind: "push", Text: "hello", ID: "c2", RetryKey: hub.RetryKey(hub.TeamID(demoTeam), hub.UserKey(annUser), hub.MessageKey(deskKey)), At: 1791170417050},
	}
	return s
}

// put files an item of the first team under a name.
func (s *scene) put(name, pk, sk string, pairs ...any) {
	it := item{}
	set := func(attribute string, v any) {
		switch v := v.(type) {
		case int:
			it[attribute] = &types.AttributeValueMemberN{Value: strconv.Itoa(v)}
		case []byte:
			it[attribute] = &types.AttributeValueMemberB{Value: v}
		case []string:
			it[attribute] = &types.AttributeValueMemberSS{Value: v}
		case nil:
			delete(it, attribute)
		default:
			it[attribute] = &types.AttributeValueMemberS{Value: fmt.Sprint(v)}
		}
	}
	if old, ok := s.items[name]; ok {
		it = maps.Clone(old)
	} else {
		set("PK", "T#demo#"+pk)
		set("SK", sk)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		set(pairs[i].(string), pairs[i+1])
	}
	s.items[name] = it
}

// change changes attributes of an item; nil removes one.
func (s *scene) change(name string, pairs ...any) { s.put(name, "", "", pairs...) }

func (s *scene) broken() []string {
	t := newTables()
	var list []item
	for _, name := range slices.Sorted(maps.Keys(s.items)) {
		list = append(list, s.items[name])
	}
	t.read(list)
	report := Report{Ordered: true}
	e := evidence{tables: t, calls: s.calls, log: []byte(s.log), queues: map[string]int{"x-InboundDeadLetters-1": s.dead}, bus: s.bus}
	s.run.compare(e, faultsOf(s.run.Load), &report)
	s.run.judge(&report)
	return report.Broken
}

func TestCheckerFindsNothingWhereNothingIsWrong(t *testing.T) {
	if got := newScene().broken(); len(got) > 0 {
		t.Errorf("got %q, want nothing", got)
	}
}

// TestCheckerFindsEachFault breaks one promise at a time.
func TestCheckerFindsEachFault(t *testing.T) {
	for _, c := range []struct {
		what string
		do   func(s *scene)
		want string // a part of what is found
	}{
		{"a message that is gone", func(s *scene) { delete(s.items, "words") }, "lost events"},
		{"a message in two places", func(s *scene) {
			s.put("again", "U#"+benUser, "M#1791170416001#w1", "d", "in", "hm", benHome, "tx", s.run.hooks[1].mark, "rw", []byte(`"w1"`))
		}, "duplicate messages"},
		{"a message that nobody sent", func(s *scene) {
			s.put("made up", "U#"+benUser, "M#1791170416000#w0", "d", "in", "hm", benHome, "rw", []byte("x"))
		}, "sent by nobody"},
		{"a message that was never acknowledged", func(s *scene) { s.run.hooks[1].acked.Store(0) }, "without an acknowledgement"},
		{"other words", func(s *scene) { s.change("words", "tx", "something else") }, "garbled"},
		{"another event", func(s *scene) { s.change("words", "rw", []byte(`{"id":"w1","text":""}`)) }, "garbled"},
		{"a message that was taken back, and is there", func(s *scene) {
			h := &hook{team: demoTeam, customer: s.run.hooks[1].customer, mark: s.run.mark(), kind: "unsend", want: wantAction, target: "w1"}
			h.acked.Store(1)
			s.run.hooks = append(s.run.hooks, h)
			s.put("unsend", "U#"+benUser, "A#w1#unsend#x", "val", "")
		}, "garbled"},
		{"an answer that is not queued", func(s *scene) { delete(s.items, "answer"); s.calls = s.calls[1:] }, "none queued"},
		{"an answer that waits", func(s *scene) {
			s.change("answer", "takenAt", nil, "pid", nil, "gpk", "S#20261004#1", "gsk", "1791170415100#x")
			s.calls = s.calls[1:]
		}, "sends held back"},
		{"a call twice", func(s *scene) { s.calls = append(s.calls, s.calls[1]) }, "duplicate effects"},
		{"a call for nothing", func(s *scene) {
			s.calls = append(s.calls, fake.Call{Channel: "line", Kind: "push", Text: "x", ID: "c9"})
		}, "duplicate effects"},
		{"a reply and a push", func(s *scene) {
			key := hub.RetryKey(hub.TeamID(demoTeam), hub.UserKey(annUser), hub.MessageKey(answerKey))
			s.calls = append(s.calls, fake.Call{Channel: "line", Kind: "push", Text: "pong", ID: "c8", RetryKey: key})
		}, "duplicate effects"},
		{"calls in the wrong order", func(s *scene) { slices.Reverse(s.calls) }, "out of order"},
		{"another id than the platform's", func(s *scene) { s.change("desk", "pid", "c7") }, "platform's id"},
		{"a failure that went out", func(s *scene) {
			s.change("desk", "takenAt", nil, "pid", nil, "failedAt", 1791170417100, "fcode", "permanent")
		}, "said to have failed"},
		{"an unknown send without a cause", func(s *scene) { s.change("desk", "takenAt", nil, "pid", nil, "unknownAt", 1791170417100) }, "without a cause"},
		{"no open conversation", func(s *scene) { s.change("ann", "conv", nil, "gpk", nil) }, "open conversations"},
		{"a conversation without its beginning", func(s *scene) { delete(s.items, "opened by ben") }, "astray"},
		{"a home that is not there", func(s *scene) { delete(s.items, "ben's home") }, "homes astray"},
		{"two threads of one person", func(s *scene) {
			s.run.hooks = append(s.run.hooks, &hook{team: demoTeam, customer: s.run.hooks[1].customer, mark: s.run.mark(), kind: "image", shown: byBoth, message: "w2", body: `"w2"`})
			s.run.hooks[3].acked.Store(1)
			s.put("elsewhere", "U#"+annUser, "M#1791170414000#w2", "d", "in", "hm", annHome, "rw", []byte(`"w2"`))
		}, "exactly one thread"},
		{"a thread that fell back", func(s *scene) { s.change("ben", "lastKey", "1791170415000#w0", "lastIn", 1791170415000) }, "recomputation"},
		{"an open thread that the desk does not see", func(s *scene) { s.change("ben", "gpk", nil) }, "recomputation"},
		{"a late message that is not there", func(s *scene) { s.change("ben", "late", []string{"1791170414000#w9"}) }, "recomputation"},
		{"another team's user", func(s *scene) {
			s.put("eve", "", "", "PK", "T#rival#U#"+eveUser, "SK", "THREAD")
			s.change("words", "who", eveUser)
		}, "across teams"},
		{"poison that is not there", func(s *scene) { delete(s.items, "quarantine"); delete(s.items, "quarantined body") }, "poison"},
		{"poison for another reason", func(s *scene) { s.change("quarantine", "fcode", "poison") }, "poison"},
		{"poison without its end", func(s *scene) { s.change("quarantine", "size", 5000) }, "poison"},
		{"something in quarantine that is no poison", func(s *scene) { s.put("more", "QD#20261004", "q2", "id", "q2", "fcode", "poison") }, "without reason"},
		{"a dead letter", func(s *scene) { s.dead = 1 }, "dead letters"},
		{"a parked send", func(s *scene) { s.change("ann", "held", []string{"1|2"}) }, "held back"},
		{"a number in the log", func(s *scene) { s.log += "to 886912345678" }, "in the log"},
		{"a number in an id in the log", func(s *scene) { s.log += "id=HBgMODg2OTEyMzQ1Njc4FQIA" }, "in the log"},
		{"a name in the log", func(s *scene) { s.log += `"name":"` + canaryName + ` 000"` }, "in the log"},
		{"words in the log", func(s *scene) { s.log += s.run.hooks[1].mark }, "in the log"},
		{"a secret in the log", func(s *scene) { s.log += "Bearer a-very-secret-token" }, "in the log"},
		{"a person less", func(s *scene) { s.run.Customers = 3 }, "people"},
	} {
		s := newScene()
		c.do(s)
		if got := s.broken(); !slices.ContainsFunc(got, func(b string) bool { return strings.Contains(b, c.want) }) {
			t.Errorf("%s: got %q, want something about %q", c.what, got, c.want)
		}
	}
}
