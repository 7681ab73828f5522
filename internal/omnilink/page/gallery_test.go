package page_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/browser"
	"omnihub/internal/channel"
	"omnihub/internal/omnilink/page"
)

var (
	lineLanding = channel.Landing{App: "LINE", Origins: []string{"https://liff.line.me"}, NotFrom: []channel.InApp{channel.MessengerApp}}
	chatLanding = channel.Landing{App: "WhatsApp", Origins: []string{"https://wa.me", "https://api.whatsapp.com"}}
)

// cardTexts are a short campaign in each language.
var cardTexts = map[page.Lang][3]string{
	page.Traditional: {"綁定官方帳號，立即領取 NT$100 購物金！\n會員專屬優惠不漏接。", "立即綁定", "花開花店"},
	page.Simplified:  {"绑定官方账号，立即领取 100 元购物金！\n会员专属优惠不错过。", "立即绑定", "花开花店"},
	page.English:     {"Link your account and get NT$100 to spend!\nNever miss an offer for members.", "Link now", "Bloom Flowers"},
}

func cardOf(l page.Lang, to channel.Landing, chat bool, at string) page.Card {
	texts := cardTexts[l]
	return page.Card{Text: texts[0], Button: texts[1], Brand: texts[2], Chat: chat, To: to,
		Image: at + "/media/demo/picture.svg", Link: at + "/l/demo.AbCdEfGhIjKlMnOpQrStUv", Tap: "AAAAAAAAAAAAAAAAAAAAAA"}
}

// agents are the devices by the name of their page.
var agents = map[string]page.Device{
	"phone": page.Read(browser.Android), "desktop": page.Read(browser.Windows),
	"messenger-iphone": page.Read(browser.MessengerIPhone), "messenger-android": page.Read(browser.MessengerAndroid),
}

// gallery makes every page, by its name.
func gallery(l page.Lang, at string) map[string]page.Page {
	signIn := func(script string) page.Page {
		return page.Login(l, page.SignIn{Code: "c1", Brand: cardTexts[l][2], Login: channel.LoginPage{
			App: "1234567890-AbcdEfgh", Name: "LINE", Script: at + script, Scripts: []string{at + "/liff/"}, Connects: []string{at}, Friend: at + "/R/ti/p/%40shop"}})
	}
	return map[string]page.Page{
		"tap-whatsapp":         page.Tap(l, agents["phone"], cardOf(l, chatLanding, true, at)),
		"tap-line":             page.Tap(l, agents["phone"], cardOf(l, lineLanding, false, at)),
		"tap-whatsapp-desktop": page.Tap(l, agents["desktop"], cardOf(l, chatLanding, true, at)),
		"tap-line-desktop":     page.Tap(l, agents["desktop"], cardOf(l, lineLanding, false, at)),
		"external":             page.Tap(l, agents["messenger-iphone"], cardOf(l, lineLanding, false, at)),
		"closed":               page.Tap(l, agents["messenger-android"], cardOf(l, lineLanding, false, at)),
		"missing":              page.Missing(l, false),
		"gone":                 page.Missing(l, true),
		"expired":              page.Expired(l),
		"busy":                 page.Busy(l, "/l/x"),
		"login":                signIn("/liff/sdk.js"),
	}
}

// standIn is a LIFF SDK for which nothing ever happens.
const standIn = `window.liff={init:function(){return new Promise(function(){})},isInClient:function(){return true},isLoggedIn:function(){return true}}`

const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 500"><defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="#f7a1b5"/><stop offset="1" stop-color="#7c5cff"/></linearGradient></defs>` +
	`<rect width="800" height="500" fill="url(#g)"/><circle cx="610" cy="170" r="90" fill="#fff" opacity=".5"/><path d="M0 400 Q200 280 400 400 T800 400 V500 H0z" fill="#fff" opacity=".6"/></svg>`

// museum serves the gallery in a language.
func museum(t *testing.T, l page.Lang) string {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	for name, p := range gallery(l, server.URL) {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) { p.Write(w) })
	}
	mux.HandleFunc("GET /liff/sdk.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, standIn)
	})
	mux.HandleFunc("GET /media/demo/picture.svg", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/svg+xml")
		fmt.Fprint(w, picture)
	})
	mux.HandleFunc("GET /favicon.ico", func(http.ResponseWriter, *http.Request) {})
	return server.URL
}

// contrast gives the elements with text whose colours are closer than 4.5 to 1.
// https://www.w3.org/TR/WCAG22/#contrast-minimum
const contrast = `(() => {
  const lum = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 }); return .2126 * r + .7152 * g + .0722 * b };
  const parse = s => s.match(/[\d.]+/g).map(Number);
  const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c.slice(0, 3) } return [255, 255, 255] };
  return [...document.querySelectorAll("body *")].filter(e => e.offsetParent && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .filter(e => { const a = lum(parse(getComputedStyle(e).color).slice(0, 3)), b = lum(behind(e)); return (Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5 })
    .map(e => e.tagName + "." + e.className + " " + e.textContent.trim()).join("; ")
})()`

// small gives the things to tap that are under 44 pixels high.
const small = `[...document.querySelectorAll("button, a, input")].filter(e => e.offsetParent && e.getBoundingClientRect().height < 44).map(e => e.outerHTML).join("; ")`

func TestOmniLinkPagesInARealBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser is started")
	}
	b := browser.Start(t)
	for _, l := range page.Langs() {
		at := museum(t, l)
		var names []string
		for name := range gallery(l, at) {
			names = append(names, name)
		}
		slices.Sort(names)
		for size, device := range map[string]browser.Device{"phone": browser.Phone(string(l)), "desktop": browser.Desktop(string(l))} {
			for _, dark := range []bool{false, true} {
				device.Dark = dark
				tab := b.Open(device)
				for _, name := range names {
					what := fmt.Sprintf("%s-%s-%s", name, size, l)
					if dark {
						what += "-dark"
					}
					tab.Go(at + "/" + name)
					if got := tab.Overflows(); got != "" {
						t.Errorf("%s: got %s sticking out", what, got)
					}
					if got := tab.Eval(contrast); got != "" {
						t.Errorf("%s: got hard to read: %s", what, got)
					}
					if got := tab.Eval(small); got != "" {
						t.Errorf("%s: got too small to tap: %s", what, got)
					}
					tab.Shot(what)
					if name == "login" && size == "phone" {
						states(t, tab, what)
					}
				}
				if got := tab.Troubles(); len(got) > 0 {
					t.Errorf("%s %s: got troubles %q, want none", l, size, got)
				}
				if got := tab.Origins(); len(got) != 1 || got[0] != at {
					t.Errorf("%s %s: got requests to %v, want to ourselves alone", l, size, got)
				}
			}
		}
	}
}

// states shows each state of the sign-in's page.
func states(t *testing.T, tab *browser.Tab, what string) {
	t.Helper()
	for _, state := range []string{"signin", "linked", "pending", "friend", "missing", "expired", "busy", "failed"} {
		tab.Eval(`(document.querySelectorAll("[data-state]").forEach(e => e.hidden = e.dataset.state !== "` + state + `"), 1)`)
		if got := tab.Overflows() + tab.Eval(contrast) + tab.Eval(small); got != "" {
			t.Errorf("%s, %s: got %s", what, state, got)
		}
		tab.Shot(strings.Replace(what, "login", "login-"+state, 1))
	}
}
