package scenario

import (
	"testing"
	"time"

	"omnihub/internal/browser"
	"omnihub/internal/channel/fake"
)

// What the demo team's own activities say.
const (
	demoCard   = "加入會員，優惠不漏接"
	demoHere   = "已完成綁定，謝謝你！"
	demoThere  = "歡迎加入，之後的優惠會在這裡通知你。"
	demoSource = "omnilink source"
	demoTarget = "omnilink member"
)

// pairs are the ways that the demo team's activities lead.
var pairs = []struct {
	activity       string
	source, target string // accounts
	word           string // asks for the card
	agent          string // the browser in which it opens
	language       string
	done           string                 // what the sign-in's page says then
	want           counts                 // who arrives was known before, or not
	way            func(s *scene, w *way) // from the open page to the end
}{
	{"messengertowhatsapp", "messenger1", "whatsapp1", "whatsapp", browser.MessengerIPhone, "zh-TW", "", once, toWhatsApp},
	{"linetowhatsapp", "line1", "whatsapp1", "whatsapp", browser.LINEIPhone, "en", "", once, toWhatsApp},
	{"instagramtowhatsapp", "instagram1", "whatsapp1", "whatsapp", browser.InstagramIPhone, "zh-CN", "", known, toWhatsAppOfAFriend},
	{"messengertoline", "messenger1", "line1", "line", browser.IPhone, "zh-TW", "完成！", once, toLINEByFriendship},
	{"whatsapptoline", "whatsapp1", "line1", "line", browser.Android, "en", "Done!", known, toLINEInItsApp},
	{"instagramtoline", "instagram1", "line1", "line", browser.InstagramIPhone, "zh-CN", "完成！", known, toLINEOfAFriend},
}

// way is a customer's way through a pair.
type way struct {
	from, to       person
	word, language string
	agent, done    string
	name           string
	source         string // the home of who came
}

// TestOmniLinkPairs plays a customer through each pair of source and target: from the
// message that asks for the card to one contact, both messages, the tags and the counters.
func TestOmniLinkPairs(t *testing.T) {
	for i, p := range pairs {
		t.Run(p.activity, func(t *testing.T) {
			enterAs := enter
			if i == 0 {
				enterAs = brief
			}
			s := enterAs(t)
			w := &way{
				person{p.source, "from " + p.activity}, person{p.target, "to " + p.activity}, p.word, p.language, p.agent, p.done, p.activity, "",
			}
			p.way(s, w)
			s.rest()
			s.told(w.from, demoCard, demoHere)
			target := s.other(w.source)
			s.joined(w.source, target, w.from, w.to, demoSource, demoTarget)
			s.counted(p.activity, p.want)
			s.listed(p.activity, w.from, w.to, succeeded)
		})
	}
}

// asked asks for the card of a way, and answers its link.
func (s *scene) asked(w *way) string {
	s.t.Helper()
	link := s.card(w.from, w.word, demoCard, "立即加入")
	w.source = s.contact(w.from)
	return link
}

// page asks for the card, and opens its link.
func (s *scene) page(w *way) *browser.Tab {
	s.t.Helper()
	tab := s.open(browser.Phone(w.language).As(w.agent), s.asked(w), w.to)
	shows(tab, "h1", demoCard, w.name+"-1-card")
	return tab
}

func toWhatsApp(s *scene, w *way) {
	s.t.Helper()
	tab := s.page(w)
	taps(tab)
	if text := s.filled(tab); code(text, "你好，我要加入會員") == "" {
		s.t.Errorf("got the text %q, want the message and a code", text)
	}
	tab.Shot("scenario-" + w.name + "-2-chat")
	s.sends(tab)
	s.ends(tab)
	all := s.gets(w.to)
	if len(all) == 0 || all[len(all)-1].Text != demoThere {
		s.t.Errorf("%s got %+v, want %s\n%s", w.to.name, all, demoThere, warnings())
	}
}

// longBefore is so long before a tap that somebody counts as known.
const longBefore = time.Minute

// toWhatsAppOfAFriend is the way of somebody who has written there before.
func toWhatsAppOfAFriend(s *scene, w *way) {
	s.t.Helper()
	s.writes(w.to, "hello")
	s.pass(longBefore)
	toWhatsApp(s, w)
	s.told(w.to, demoThere)
}

// toLINEByFriendship goes through LINE Login in the phone's browser, after Messenger's own
// could not, and adds the account as a friend there.
func toLINEByFriendship(s *scene, w *way) {
	s.t.Helper()
	inApp := s.open(browser.Phone(w.language).As(browser.MessengerIPhone), s.asked(w))
	shows(inApp, "h1", "請用外部瀏覽器開啟", w.name+"-0-external")
	tab := s.open(browser.Phone(w.language).As(w.agent), inApp.Eval("document.getElementById('link').value"), w.to)
	shows(tab, "h1", demoCard, w.name+"-1-card")
	taps(tab)
	s.signsIn(tab, "allow_friend")
	see(tab, "linked", w.done, w.name+"-2-linked")
	s.rest()
	s.ends(inApp, tab)
	s.told(w.to, welcome, demoThere)
}

// toLINEInItsApp goes on in LINE's app, as a phone that has it does.
func toLINEInItsApp(s *scene, w *way) {
	s.t.Helper()
	s.befriends(w.to)
	tab := s.page(w)
	taps(tab)
	app := s.inLINE(tab, w.language, w.to)
	app.Tap("#allow")
	see(app, "linked", w.done, w.name+"-2-linked")
	s.rest()
	s.ends(app)
	s.told(w.to, welcome, demoThere)
	app.Tap("[data-state=linked] button")
	app.WaitAt(s.Platform + "/line/liff/closed")
}

// toLINEOfAFriend goes through LINE Login in the source's own browser.
func toLINEOfAFriend(s *scene, w *way) {
	s.t.Helper()
	s.befriends(w.to)
	tab := s.page(w)
	taps(tab)
	s.signsIn(tab, "allow")
	see(tab, "linked", w.done, w.name+"-2-linked")
	s.rest()
	s.ends(tab)
	s.told(w.to, welcome, demoThere)
}

// befriends lets a customer of LINE add the account as a friend, long before all else.
func (s *scene) befriends(p person) {
	s.t.Helper()
	s.does(p, fake.Act{Follow: true})
	s.pass(longBefore)
}
