package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/browser"
	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
)

func TestOmniLinkTapLeadsToWhatsApp(t *testing.T) {
	b := browser.Start(t)
	for name, device := range map[string]browser.Device{
		"phone": browser.Phone("zh-TW"), "no script": {Width: 360, Height: 740, Mobile: true, Agent: browser.Android, NoScript: true},
		"instagram": browser.Phone("en").As(browser.InstagramIPhone), "messenger": browser.Phone("en").As(browser.MessengerIPhone),
		"desktop": browser.Desktop("zh-CN"),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tab := b.Open(device)
			tab.Cookie(w.platforms.URL, "whatsapp_customer", "amy")
			tab.Go(w.pages.URL + "/l/" + toWhatsApp)
			if n := w.taps(); n != 0 {
				t.Fatalf("opened: got %d taps, want none", n)
			}
			tab.Tap("#tap button")
			tab.WaitAt(w.platforms.URL + "/whatsapp/wa.me/886277001234")
			if got := tab.Eval("document.querySelector('textarea').value"); got != "我要綁定\nOL0000000000000000000000000001" {
				t.Errorf("got the text %q, want the message and the code", got)
			}
			tab.Tap("#send")
			tab.WaitText("#told", "Sent.")
			if got := w.told(); len(got) != 1 || !strings.Contains(got[0], `\nOL0000000000000000000000000001"`) {
				t.Errorf("got webhooks %q, want the message", got)
			}
			w.clean(tab)
		})
	}
}

func TestOmniLinkSignInWithinLINE(t *testing.T) {
	b, w := browser.Start(t), newWorld(t)
	w.act(fake.Act{From: "amy", Follow: true})
	tab := b.Open(browser.Phone("zh-TW").As(browser.LINEIPhone))
	tab.Cookie(w.platforms.URL, "line_customer", "amy")
	tab.Go(w.pages.URL + "/l/" + toLINE)
	tab.Tap("#tap button")
	tab.WaitAt(w.platforms.URL + "/line/liff/" + liffID + "?c=OL")
	tab.Tap("#allow")
	tab.WaitText("[data-state=linked]", "完成！")
	if got := tab.URL(); got != w.pages.URL+"/liff?c=OL0000000000000000000000000001" {
		t.Errorf("got %s, want the page's own address, without tokens", got)
	}
	if !tab.Asked(w.pages.URL + "/liff?liff.state=") {
		t.Error("got no first redirect with liff.state, want LIFF's own way")
	}
	tab.Shot("flow-line-linked")
	tab.Tap("[data-state=linked] button")
	tab.WaitAt(w.platforms.URL + "/line/liff/closed")
	w.clean(tab)
	// A second try with the same code: it was used.
	tab.Go(w.platforms.URL + "/line/liff/" + liffID + "?c=OL0000000000000000000000000001")
	tab.WaitText("[data-state=expired]", "連結已過期")
}

func TestOmniLinkSignInInABrowserIsTiedToItsTap(t *testing.T) {
	b, w := browser.Start(t), newWorld(t)
	w.act(fake.Act{From: "amy", Follow: true})
	tab := b.Open(browser.Phone("en"))
	tab.Go(w.pages.URL + "/l/" + toLINE)
	tab.Tap("#tap button")
	tab.WaitAt(w.platforms.URL + "/line/oauth2/v2.1/authorize")
	tab.Type("input[name=as]", "amy")
	tab.Tap("#login")
	tab.Tap("#allow")
	tab.WaitText("[data-state=linked]", "Done!")
	if !w.sawTie() {
		t.Error("got it untied, want the browser of the tap known again")
	}
	w.clean(tab)
	// Another browser with the same code.
	w.set(func() { w.browsers["OL0000000000000000000000000002"] = "another's" })
	other := b.Open(browser.Phone("en"))
	other.Cookie(w.platforms.URL, "line_customer", "amy")
	other.Go(w.platforms.URL + "/line/liff/" + liffID + "?c=OL0000000000000000000000000002")
	other.WaitText("[data-state=linked]", "Done!")
	if w.sawTie() {
		t.Error("got it tied, want another browser told apart")
	}
}

func TestOmniLinkSignInIsDenied(t *testing.T) {
	b, w := browser.Start(t), newWorld(t)
	for language, texts := range map[string][3]string{
		"zh-TW": {"需要登入 LINE", "登入並同意授權後即可完成。", "登入 LINE"}, "zh-CN": {"需要登录 LINE", "登录并同意授权后即可完成。", "登录 LINE"},
		"en": {"Please log in to LINE", "Log in and agree to finish.", "Log in to LINE"},
	} {
		tab := b.Open(browser.Phone(language))
		tab.Cookie(w.platforms.URL, "line_customer", "amy "+language)
		tab.Go(w.pages.URL + "/l/" + toLINE)
		tab.Tap("#tap button")
		tab.WaitAt(w.platforms.URL + "/line/oauth2/v2.1/authorize")
		tab.Tap("#deny")
		for i, selector := range []string{"h1", "p", "button"} {
			tab.WaitText("[data-state=signin] "+selector, texts[i])
		}
		tab.Tap("[data-state=signin] button")
		tab.Tap("#allow_friend")
		tab.WaitText("[data-state=linked]", map[bool]string{true: "Done!", false: "完成！"}[language == "en"])
		w.clean(tab)
	}
}

func TestOmniLinkStrangerAndBlockerAddTheAccountFirst(t *testing.T) {
	b := browser.Start(t)
	for _, blocked := range []bool{false, true} {
		w := newWorld(t)
		if blocked {
			w.act(fake.Act{From: "amy", Follow: true})
			w.act(fake.Act{From: "amy", Block: true})
		}
		before := len(w.told())
		tab := b.Open(browser.Phone("zh-TW").As(browser.LINEIPhone))
		tab.Cookie(w.platforms.URL, "line_customer", "amy")
		tab.Go(w.pages.URL + "/l/" + toLINE)
		tab.Tap("#tap button")
		tab.Tap("#allow")
		tab.WaitText("[data-state=friend]", "請先加入好友")
		tab.Shot(fmt.Sprintf("flow-line-friend-blocked-%v", blocked))
		tab.Tap("[data-state=friend] a")
		tab.WaitAt(w.platforms.URL + "/line/R/ti/p/")
		tab.Tap("#add")
		tab.WaitText("body", "Added as a friend.")
		if got := w.told()[before:]; len(got) != 1 || !strings.Contains(got[0], `"type":"follow"`) || strings.Contains(got[0], `"isUnblocked":true`) != blocked {
			t.Errorf("blocked %v: got webhooks %q, want a follow", blocked, got)
		}
		w.clean(tab)
		// The code is spent: the customer taps again.
		tab.Go(w.pages.URL + "/l/" + toLINE)
		tab.Tap("#tap button")
		tab.WaitText("[data-state=linked]", "完成！")
	}
}

func TestOmniLinkTapShowsThatItWorksOrFails(t *testing.T) {
	b, w := browser.Start(t), newWorld(t)
	for _, device := range []browser.Device{browser.Phone("zh-TW"), browser.Desktop("en")} {
		size := map[bool]string{true: "phone", false: "desktop"}[device.Mobile]
		hold := make(chan struct{})
		w.set(func() { w.hold, w.aside, w.failing, w.minted = hold, w.pages.URL+"/nowhere", nil, 0 })
		tab := b.Open(device)
		tab.Go(w.pages.URL + "/l/" + toWhatsApp)
		tab.Tap("#tap button")
		tab.WaitText("#status", "WhatsApp")
		tab.Tap("#tap button") // does nothing
		tab.Shot("flow-tap-opening-" + size)
		close(hold)
		tab.WaitText("#go", "WhatsApp")
		if got := tab.Eval("document.activeElement.id"); got != "go" {
			t.Errorf("got the focus on %q, want it on the link", got)
		}
		if n := w.taps(); n != 1 {
			t.Errorf("got %d taps, want 1", n)
		}
		if got := tab.Overflows(); got != "" {
			t.Errorf("got %s sticking out", got)
		}
		tab.Shot("flow-tap-opened-" + size)
		w.clean(tab)

		w.set(func() { w.hold, w.failing = nil, hub.E(hub.Transient, "world: tap", nil) })
		tab.Go(w.pages.URL + "/l/" + toWhatsApp)
		tab.Tap("#tap button")
		tab.WaitText("#error", map[bool]string{true: "暫時無法開啟", false: "could not be opened"}[device.Mobile])
		tab.Shot("flow-tap-error-" + size)
		w.set(func() { w.failing = nil })
		tab.Tap("#tap button")
		tab.WaitText("#go", "WhatsApp")
	}
}

func TestOmniLinkPagesOfSpecialBrowsers(t *testing.T) {
	b, w := browser.Start(t), newWorld(t)
	at := w.pages.URL + "/l/" + toLINE
	ios := b.Open(browser.Phone("zh-TW").As(browser.MessengerIPhone))
	ios.Go(at)
	ios.WaitText("h1", "請用外部瀏覽器開啟")
	if got := ios.Eval("document.getElementById('link').value"); got != at {
		t.Errorf("got %s to copy, want %s", got, at)
	}
	ios.Tap("#copy button")
	ios.WaitText("#status", "已複製連結")
	android := b.Open(browser.Phone("en").As(browser.MessengerAndroid))
	android.Go(at)
	android.WaitText("h1", "This cannot be opened here")
	if got := android.Eval("document.forms.length"); got != "0" {
		t.Errorf("closed: got %s forms, want none", got)
	}
	desktop := b.Open(browser.Desktop("zh-TW"))
	desktop.Go(at)
	if got := desktop.Eval("document.querySelectorAll('svg.qr').length"); got != "1" {
		t.Errorf("desktop: got %s QR codes, want 1", got)
	}
	for _, unknown := range []string{"/l/demo.XXXXXXXXXXXXXXXXXXXXXX", "/liff", "/liff?c=OL9"} {
		tab := b.Open(browser.Phone("zh-TW"))
		tab.Go(w.pages.URL + unknown)
		tab.WaitText("h1", "此連結不存在，請洽客服詢問")
	}
	for _, tab := range []*browser.Tab{ios, android, desktop} {
		w.clean(tab)
	}
	if n := w.taps(); n != 0 {
		t.Errorf("got %d taps, want none", n)
	}
}

func TestOmniLinkDoubleClickIsOneTap(t *testing.T) {
	b, w := browser.Start(t), newWorld(t)
	tab := b.Open(browser.Phone("zh-TW"))
	tab.Go(w.pages.URL + "/l/" + toWhatsApp)
	tab.Eval("(document.querySelector('#tap button').click(), document.querySelector('#tap button').click(), 1)")
	tab.WaitAt(w.platforms.URL + "/whatsapp/wa.me/")
	if n := w.taps(); n != 1 || !slices.Contains(tab.Origins(), w.platforms.URL) {
		t.Errorf("got %d taps, want 1", n)
	}
}
