package scenario

import (
	"strings"

	"omnihub/internal/browser"
)

// open opens a link in a device's browser, which belongs to customers of the platforms.
func (s *scene) open(d browser.Device, link string, owners ...person) *browser.Tab {
	s.t.Helper()
	tab := s.chrome.Open(d)
	s.own(tab, owners...)
	tab.Go(link)
	return tab
}

// own gives a browser to customers of the platforms.
func (s *scene) own(tab *browser.Tab, owners ...person) {
	s.t.Helper()
	for _, p := range owners {
		tab.Cookie(s.Platform, p.channel()+"_customer", p.name)
	}
}

// taps taps the button of a link's page.
func taps(tab *browser.Tab) { tab.Tap("#tap button") }

// sends sends the text that WhatsApp has filled in, and answers it.
func (s *scene) sends(tab *browser.Tab) string {
	s.t.Helper()
	text := s.filled(tab)
	tab.Tap("#send")
	tab.WaitText("#told", "Sent.")
	s.rest()
	return text
}

// filled is the text that WhatsApp has filled in.
func (s *scene) filled(tab *browser.Tab) string {
	s.t.Helper()
	tab.WaitAt(s.Platform + "/whatsapp/wa.me/886277001234")
	return tab.Eval("document.querySelector('textarea').value")
}

// code is the code at the end of a text, after what the campaign says; "" if that is not
// how the text is.
func code(text, message string) string {
	said, code, ok := strings.Cut(text, "\n")
	if !ok || said != message || len(code) != 30 || !strings.HasPrefix(code, "OL") {
		return ""
	}
	return code
}

// signsIn signs in to LINE in a browser that is not LINE's own, with one of the buttons of
// its page: allow, allow_friend or deny.
func (s *scene) signsIn(tab *browser.Tab, button string) {
	s.t.Helper()
	tab.WaitAt(s.Platform + "/line/oauth2/v2.1/authorize")
	tab.Tap("#" + button)
}

// inLINE is what a phone does with an address of LIFF's to which a tap leads: LINE's app
// opens it, in its own browser.
func (s *scene) inLINE(tab *browser.Tab, language string, owner person) *browser.Tab {
	s.t.Helper()
	link := tab.First(s.Platform + "/line/liff/")
	return s.open(browser.Phone(language).As(browser.LINEIPhone), link, owner)
}

// ends checks that nothing went wrong in a browser, and that it asked the machines of the
// stage alone.
func (s *scene) ends(tabs ...*browser.Tab) {
	s.t.Helper()
	for _, tab := range tabs {
		if got := tab.Troubles(); len(got) > 0 {
			s.t.Errorf("got troubles %q, want none", got)
		}
		for _, o := range tab.Origins() {
			if o != stage.front.server.URL && o != s.API && o != s.Platform {
				s.t.Errorf("got a request to %s", o)
			}
		}
	}
}
