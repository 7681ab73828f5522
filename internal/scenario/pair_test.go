package scenario

import (
	"context"
	"fmt"
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

	// demoMore and demoOffers are the second card and the button of a module that tells
	// the target of its success.
	demoMore, demoOffers = "這個月的會員優惠：滿千折百。", "看看優惠"
)

// pairs are the ways that the demo team's activities lead.
var pairs = []struct {
	activity       string
	source, target string // accounts
	word           string // asks for the card
	agent          string // the browser in which it opens
	language       string
	picture        string                 // the variant of the card's picture that comes; "" = it has none
	more           []string               // what the target is told beside its welcome: the rest of a module
	want           counts                 // who arrives was known before, or not
	way            func(s *scene, w *way) // from the open page to the end
}{
	{"messengertowhatsapp", "messenger1", "whatsapp1", "whatsapp", browser.MessengerIPhone, "zh-TW", "", nil, once, toWhatsApp},
	{"linetowhatsapp", "line1", "whatsapp1", "whatsapp", browser.LINEIPhone, "en", "", []string{demoMore}, once, toWhatsApp},
	{"instagramtowhatsapp", "instagram1", "whatsapp1", "whatsapp", browser.InstagramIPhone, "zh-CN", "", nil, known, toWhatsAppOfAFriend},
	{"messengertoline", "messenger1", "line1", "line", browser.IPhone, "zh-TW", "", nil, once, toLINEByFriendship},
	{"whatsapptoline", "whatsapp1", "line1", "line", browser.Android, "en", "whole", nil, known, toLINEInItsApp},
	{"instagramtoline", "instagram1", "line1", "line", browser.InstagramIPhone, "zh-CN", "square", nil, known, toLINEOfAFriend},
}

// leads is what the page of a link says of where its button leads, by language and app.
var leads = map[string]string{
	"zh-TW": "按下按鈕後會開啟 %s，前往「Demo %s」", "zh-CN": "点击按钮后会打开 %s，前往“Demo %s”", "en": "The button opens %s and takes you to “Demo %s”",
}

var apps = map[string]string{"whatsapp": "WhatsApp", "line": "LINE"}

// way is a customer's way through a pair.
type way struct {
	from, to       person
	word, language string
	agent          string
	name           string
	picture        bool
	more           []string
	source         string // the home of who came
}

// dress gives the demo team's activities what the pairs have beside: pictures that were
// uploaded, and a module that tells of a success.
func dress(ctx context.Context) error {
	var image any
	for _, p := range pairs {
		said := ""
		var err error
		switch {
		case p.picture != "" && image == nil:
			image, err = upload(ctx)
		case p.more != nil:
			said, err = module(ctx, "Success of "+p.activity, kindOf(p.target),
				object{"type": "text", "text": demoThere, "buttons": []any{button(demoOffers, "none")}}, object{"type": "text", "text": p.more[0]})
		}
		if err != nil {
			return err
		}
		if p.picture == "" && said == "" {
			continue
		}
		err = change(ctx, "/activities/"+p.activity, func(now object) object {
			for _, name := range []string{"id", "totals", "created_at", "changed_at", "version"} {
				delete(now, name)
			}
			if p.picture != "" {
				now["card"].(object)["image"] = image
			}
			if said != "" {
				now["success"].(object)["target"] = object{"module": said}
			}
			return now
		})
		if err != nil {
			return err
		}
	}
	return nil
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
				from: person{p.source, "from " + p.activity}, to: person{p.target, "to " + p.activity}, word: p.word, language: p.language,
				agent: p.agent, name: p.activity, picture: p.picture != "", more: p.more,
			}
			p.way(s, w)
			s.rest()
			s.told(w.from, demoCard, demoHere)
			s.pictured(w.from, p.picture)
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
	return s.landed(w, s.asked(w))
}

// landed opens a card's link, and reads its page.
func (s *scene) landed(w *way, link string) *browser.Tab {
	s.t.Helper()
	tab := s.open(browser.Phone(w.language).As(w.agent), link, w.to)
	tab.WaitText(".hint", fmt.Sprintf(leads[w.language], apps[w.to.channel()], w.to.account))
	if got, want := tab.Eval(shownPicture), map[bool]string{true: wholeRatio, false: "none"}[w.picture]; got != want {
		s.t.Errorf("%s: got a picture of the ratio %s, want %s", w.name, got, want)
	}
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
	s.told(w.to, append([]string{demoThere}, w.more...)...)
	if w.more == nil {
		return
	}
	if got := choicesOf(w.to.channel(), s.gets(w.to)[0].Body); len(got) != 1 || got[0][0] != demoOffers {
		s.t.Errorf("got the buttons %q, want that of the module: %s", got, demoOffers)
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
}

// toLINEByFriendship goes through LINE Login in the phone's browser, after Messenger's own
// could not, and adds the account as a friend there.
func toLINEByFriendship(s *scene, w *way) {
	s.t.Helper()
	inApp := s.open(browser.Phone(w.language).As(browser.MessengerIPhone), s.asked(w))
	shows(inApp, "h1", "請用外部瀏覽器開啟", w.name+"-0-external")
	tab := s.landed(w, inApp.Eval("document.getElementById('link').value"))
	taps(tab)
	s.signsIn(tab, "allow_friend")
	see(tab, "linked", w.language, w.name+"-2-linked")
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
	see(app, "linked", w.language, w.name+"-2-linked")
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
	see(tab, "linked", w.language, w.name+"-2-linked")
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
