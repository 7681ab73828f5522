package scenario

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"omnihub/internal/browser"
	"omnihub/internal/channel/fake"
)

// fetched gets a page as somebody would who is no browser.
func (s *scene) fetched(link, agent, language string) (status int, page string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.ctx, "GET", link, nil)
	s.must(err)
	r.Header.Set("User-Agent", agent)
	r.Header.Set("Accept-Language", language)
	resp, err := stage.front.server.Client().Do(r)
	s.must(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	s.must(err)
	return resp.StatusCode, string(body)
}

// robots look at links before people do.
var robots = []string{
	"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "WhatsApp/2.24.20.89 A", "Line/15.10.0 facebookexternalhit/1.1;line-poker/1.0",
	"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
}

func TestOmniLinkPreviewByARobotSpendsNothing(t *testing.T) {
	s := enter(t)
	from, to := cast("robot")
	link := s.card(from, "robot", cardText, cardButton)
	s.must(s.ResetCounts(s.ctx))
	for _, agent := range robots {
		for range 3 {
			if status, page := s.fetched(link, agent, "zh-TW"); status != http.StatusOK || !strings.Contains(page, cardText) {
				t.Fatalf("%s got %d %s, want the page", agent, status, page)
			}
		}
	}
	counts, err := s.Counts(s.ctx)
	s.must(err)
	read := 0
	for _, c := range counts {
		if c.Caller != "Omnilink" {
			continue
		}
		read += c.Calls
		if c.Write != 0 {
			t.Errorf("got %+v, want reads alone", c)
		}
	}
	if read == 0 {
		t.Errorf("got no calls of Omnilink in %+v", counts)
	}
	s.unlisted("robot")
	tab := s.open(browser.Phone("zh-TW"), link, to)
	taps(tab)
	s.sends(tab)
	s.counted("robot", once)
	s.listed("robot", from, to, succeeded)
}

func TestOmniLinkThatThereIsNot(t *testing.T) {
	s := enter(t)
	at := stage.front.server.URL
	for _, path := range []string{"/l/demo.XXXXXXXXXXXXXXXXXXXXXX", "/l/nobody.XXXXXXXXXXXXXXXXXXXXXX", "/l/x", "/liff?c=demo.OL9", "/liff"} {
		for language, text := range missing {
			if status, page := s.fetched(at+path, browser.Android, language); status != http.StatusNotFound || !strings.Contains(page, text) {
				t.Errorf("%s: got %d %s, want 404 and %s", path, status, page, text)
			}
		}
	}
	tab := s.open(browser.Phone("zh-TW"), at+"/l/demo.XXXXXXXXXXXXXXXXXXXXXX")
	shows(tab, "h1", leadsNowhere, "no-such-link")
	s.ends(tab)
	// The card in an account that is not its campaign's source.
	other := person{"messenger2", "Dan of robot"}
	s.writes(other, "robot")
	s.told(other, leadsNowhere)
	english := person{"messenger2", "Eve of robot"}
	s.writes(english, "hi")
	s.asks("PATCH", "/contacts/"+s.contact(english), object{"language": "en"}, http.StatusOK)
	s.writes(english, "robot")
	s.told(english, missing["en"])
}

func TestOmniLinkBlockedLINEAccount(t *testing.T) {
	s := enter(t)
	from, to := cast("blocked")
	s.befriends(to)
	s.does(to, fake.Act{Block: true})
	tab, source := s.opened("blocked", browser.Phone("zh-TW"), from, to)
	link := tab.URL()
	taps(tab)
	s.signsIn(tab, "allow")
	s.sees(tab, to, "friend", "zh-TW", "blocked")
	s.rest()
	there := s.contact(to)
	s.apart(source, there)
	s.adds(tab)
	// The welcome alone, and no link.
	s.told(to, welcome, welcome)
	s.told(from, cardText)
	s.apart(source, there)
	s.counted("blocked", silent)
	s.listed("blocked", from, to, noneCame)
	// The button again links.
	tab.Go(link)
	taps(tab)
	see(tab, "linked", "zh-TW", "blocked-again")
	s.rest()
	s.joined(source, there, from, to, sourceTag, targetTag)
	s.told(to, welcome, welcome, linkedThere)
	s.told(from, cardText, linkedHere)
	s.counted("blocked", known)
	s.listed("blocked", from, to, succeeded)
	s.ends(tab)
}

// adds adds the account as a friend, as the sign-in's page asks for.
func (s *scene) adds(tab *browser.Tab) {
	s.t.Helper()
	tab.Tap("[data-state=friend] a")
	tab.WaitAt(s.Platform + "/line/R/ti/p/")
	tab.Tap("#add")
	tab.WaitText("body", "Added as a friend.")
	s.rest()
}

// TestOmniLinkBringsANewFriend: who was nobody's contact before the first tap is new, also
// if he was asked to add the account first, and took his time.
func TestOmniLinkBringsANewFriend(t *testing.T) {
	s := enter(t)
	from, to := cast("nofriend")
	tab, source := s.opened("nofriend", browser.Phone("en"), from, to)
	link := tab.URL()
	taps(tab)
	s.signsIn(tab, "allow")
	see(tab, "friend", "en", "no-friend")
	s.rest()
	if home := s.seek(to); home != "" {
		t.Errorf("got the contact %s of who has not followed, want none", home)
	}
	s.counted("nofriend", silent)
	s.adds(tab)
	s.told(to, welcome)
	there := s.contact(to)
	s.apart(source, there)
	s.pass(5 * time.Minute)
	tab.Go(link)
	taps(tab)
	see(tab, "linked", "en", "no-friend-again")
	s.rest()
	s.joined(source, there, from, to, sourceTag, targetTag)
	s.told(from, cardText, linkedHere)
	s.told(to, welcome, linkedThere)
	s.counted("nofriend", once)
	s.listed("nofriend", from, to, succeeded)
	s.ends(tab)
}

func TestOmniLinkInMessengerOnIOS(t *testing.T) {
	s := enter(t)
	from, to := cast("iphone")
	s.befriends(to)
	link := s.card(from, "iphone", cardText, cardButton)
	source := s.contact(from)
	for language, text := range map[string]string{"zh-TW": "請用外部瀏覽器開啟", "zh-CN": "请用外部浏览器打开", "en": "Please open this in your browser"} {
		inApp := s.open(browser.Phone(language).As(browser.MessengerIPhone), link, to)
		shows(inApp, "h1", text, "messenger-ios-"+language)
		if got := inApp.Eval("document.querySelectorAll('#tap').length"); got != "0" {
			t.Errorf("%s: got the button in Messenger's own browser, want none", language)
		}
		if got := inApp.Eval("document.getElementById('link').value"); got != link {
			t.Errorf("%s: got %s to copy, want %s", language, got, link)
		}
		s.ends(inApp)
	}
	s.unlisted("iphone")
	tab := s.open(browser.Phone("zh-TW").As(browser.IPhone), link, to)
	tab.WaitText("h1", cardText)
	taps(tab)
	s.signsIn(tab, "allow")
	see(tab, "linked", "zh-TW", "safari")
	s.rest()
	s.joined(source, s.other(source), from, to, sourceTag, targetTag)
	s.told(to, welcome, linkedThere)
	s.counted("iphone", known)
	s.listed("iphone", from, to, succeeded)
	s.ends(tab)
}

func TestOmniLinkInMessengerOnAndroidIsClosed(t *testing.T) {
	s := enter(t)
	from, to := cast("android")
	link := s.card(from, "android", cardText, cardButton)
	for language, text := range map[string]string{"zh-TW": "目前無法在這裡開啟", "zh-CN": "目前无法在这里打开", "en": "This cannot be opened here"} {
		tab := s.open(browser.Phone(language).As(browser.MessengerAndroid), link, to)
		shows(tab, "h1", text, "messenger-android-"+language)
		if got := tab.Eval("document.forms.length"); got != "0" {
			t.Errorf("%s: got %s forms, want none", language, got)
		}
		s.ends(tab)
	}
	s.told(from, cardText)
	s.told(to)
	s.unlisted("android")
}

func TestOmniLinkOnADesktop(t *testing.T) {
	s := enter(t)
	from, to := cast("desktop")
	s.befriends(to)
	link := s.card(from, "desktop", cardText, cardButton)
	source := s.contact(from)
	for language, texts := range map[string][2]string{
		"zh-TW": {"用手機掃描", "用手機相機掃描 QR code，在手機上繼續。"}, "zh-CN": {"用手机扫描", "用手机相机扫描二维码，在手机上继续。"},
		"en": {"Scan with your phone", "Scan the QR code with your phone’s camera and go on there."},
	} {
		desktop := s.open(browser.Desktop(language), link)
		desktop.WaitText(".scan h2", texts[0])
		shows(desktop, ".scan p", texts[1], "desktop-"+language)
		if got := desktop.Eval("document.querySelectorAll('svg.qr').length"); got != "1" {
			t.Errorf("%s: got %s QR codes, want 1", language, got)
		}
		s.ends(desktop)
	}
	s.unlisted("desktop")
	// The phone has scanned it, and has LINE.
	phone := s.open(browser.Phone("zh-TW"), link)
	taps(phone)
	app := s.inLINE(phone, "zh-TW", to)
	app.Tap("#allow")
	see(app, "linked", "zh-TW", "desktop-phone")
	s.rest()
	s.joined(source, s.other(source), from, to, sourceTag, targetTag)
	s.counted("desktop", known)
	s.ends(app)
}

func TestOmniLinkEachTapCountsAndEachPersonOnce(t *testing.T) {
	s := enter(t)
	from, to := cast("again")
	link := s.card(from, "again", cardText, cardButton)
	source := s.contact(from)
	sent := ""
	for range 2 {
		tab := s.open(browser.Phone("zh-TW"), link, to)
		taps(tab)
		sent = s.sends(tab)
	}
	if again := s.card(from, "again", cardText, cardButton); again != link {
		t.Errorf("got the link %s the second time, want %s", again, link)
	}
	s.joined(source, s.other(source), from, to, sourceTag, targetTag)
	s.told(from, cardText, linkedHere, linkedHere, cardText)
	s.told(to, linkedThere, linkedThere)
	want := once
	want.successes = 2
	s.counted("again", want)
	s.listed("again", from, to, succeeded)
	// What was sent is good for nobody else.
	other := person{to.account, "Cat of again"}
	s.writes(other, sent)
	s.told(other, ended["zh-TW"])
	s.apart(s.contact(other))
	s.counted("again", want)
}
