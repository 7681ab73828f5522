package page_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"image/color"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/boombuler/barcode/qr"

	"omnihub/internal/browser"
	"omnihub/internal/channel"
	"omnihub/internal/omnilink/page"
)

func TestLanguageIsWhatTheBrowserWants(t *testing.T) {
	for accept, want := range map[string]page.Lang{
		"zh-TW,zh;q=0.9,en;q=0.8": page.Traditional, "zh-Hant-HK": page.Traditional, "zh-HK": page.Traditional, "yue": page.Traditional, "zh": page.Traditional,
		"zh-CN,zh;q=0.9": page.Simplified, "zh-Hans": page.Simplified, "zh-SG": page.Simplified, "zh-Hans-TW": page.Simplified, "cmn": page.Simplified,
		"en-US,en;q=0.5": page.English, "EN": page.English, "ja,en;q=0.5,zh-TW;q=0.9": page.Traditional, "de;q=1,en;q=0.1": page.English,
		"zh_TW": page.Traditional, "en;q=0,zh-CN;q=0.1": page.Simplified, "en;q=x,zh-CN;q=0.1": page.Simplified, "en;q=9, zh-CN": page.Simplified,
		"zh-US": page.Traditional, "zh-XX,en;q=0.5": page.Traditional, "cmn-Hant": page.Traditional,
		"": page.English, "ja": page.English, "*": page.English, ",;q=,": page.English, strings.Repeat("ja,", 1000) + "zh-TW": page.English,
	} {
		if got := page.Language(accept, "en-GB"); got != want {
			t.Errorf("%.60q: got %s, want %s", accept, got, want)
		}
	}
	if got := page.Language("", ""); got != page.Traditional {
		t.Errorf("no wish at all: got %s, want %s", got, page.Traditional)
	}
}

func TestDeviceIsReadFromTheUserAgent(t *testing.T) {
	for agent, want := range map[string]page.Device{
		browser.IPhone: {IOS: true}, browser.Android: {Android: true}, browser.Windows: {Desktop: true},
		browser.MessengerIPhone: {IOS: true, InApp: channel.MessengerApp}, browser.MessengerAndroid: {Android: true, InApp: channel.MessengerApp},
		browser.InstagramIPhone: {IOS: true}, browser.LINEIPhone: {IOS: true},
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15": {Desktop: true},
		"Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS]":     {IOS: true, InApp: channel.MessengerApp},
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/138.0.0.0 Safari/537.36":                                     {Desktop: true},
		"facebookexternalhit/1.1": {}, "": {},
	} {
		if got := page.Read(agent); got != want {
			t.Errorf("%s: got %+v, want %+v", agent, got, want)
		}
	}
}

func TestTextsAreWholeInEachLanguage(t *testing.T) {
	for name, p := range gallery(page.English, "https://hub.example") {
		for _, l := range page.Langs() {
			other := gallery(l, "https://hub.example")[name]
			body := string(other.Body)
			if !strings.Contains(body, `<html lang="`+string(l)+`">`) || strings.Contains(body, "{app}") || strings.Contains(body, "{brand}") {
				t.Errorf("%s in %s: got no language of its own, or a place that is not filled in", name, l)
			}
			if got, want := len(tags(body)), len(tags(string(p.Body))); got != want {
				t.Errorf("%s in %s: got %d elements, want %d as in English", name, l, got, want)
			}
			if l != page.English && regexp.MustCompile(`>[^<]*\b(the|Please|button)\b[^<]*<`).MatchString(inline.ReplaceAllString(body, "")) {
				t.Errorf("%s in %s: got English in it", name, l)
			}
		}
	}
}

func tags(body string) []string { return regexp.MustCompile(`<[a-z][^>]*>`).FindAllString(body, -1) }

// inline finds what stands within the page and runs or styles it.
var inline = regexp.MustCompile(`(?s)<(script|style)>(.*?)</(?:script|style)>`)

func TestPolicyAdmitsExactlyWhatStandsInThePage(t *testing.T) {
	for name, p := range gallery(page.Traditional, "https://hub.example") {
		policy := p.Header["Content-Security-Policy"]
		hashes := map[string]bool{}
		for _, m := range inline.FindAllStringSubmatch(string(p.Body), -1) {
			sum := sha256.Sum256([]byte(m[2]))
			hash := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
			hashes[hash] = true
			if !strings.Contains(policy, m[1]+"-src "+hash) {
				t.Errorf("%s: got the policy %s, want the hash of its %s", name, policy, m[1])
			}
		}
		for _, h := range regexp.MustCompile(`'sha256-[^']+'`).FindAllString(policy, -1) {
			if !hashes[h] {
				t.Errorf("%s: got %s in the policy, which nothing in the page has", name, h)
			}
		}
		for _, bad := range []string{" style=", " onclick=", "javascript:", "http-equiv"} {
			if strings.Contains(string(p.Body), bad) {
				t.Errorf("%s: got %q, which the policy would refuse", name, bad)
			}
		}
	}
}

func TestPagesNameNoOtherMachine(t *testing.T) {
	for name, p := range gallery(page.Traditional, "https://hub.example") {
		for _, m := range regexp.MustCompile(`(?:src|href|action)="([^"]*)"`).FindAllStringSubmatch(string(p.Body), -1) {
			if at := m[1]; strings.Contains(at, "//") && !strings.HasPrefix(at, "https://hub.example/") {
				t.Errorf("%s: got %s, want our own addresses alone", name, at)
			}
		}
	}
}

func TestWhatTheTeamWroteIsShownAsText(t *testing.T) {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	c := page.Card{Text: evil, Button: evil, Brand: evil, Image: "javascript:alert(1)", Link: "https://hub.example/l/a", Tap: "x",
		To: channel.Landing{App: evil, Origins: []string{"https://wa.me; script-src *", "javascript:", "https://wa.me"}}}
	for _, d := range agents {
		p := page.Tap(page.English, d, c)
		if body := string(p.Body); strings.Contains(body, "<script>alert") || strings.Contains(body, "<img") {
			t.Errorf("%+v: got %s", d, body)
		}
		if got := p.Header["Content-Security-Policy"]; strings.Contains(got, "*") || strings.Contains(got, "javascript") || !d.Desktop && d.InApp == "" && !strings.HasSuffix(got, "form-action 'self' https://wa.me") {
			t.Errorf("%+v: got the policy %s", d, got)
		}
	}
	for image, shown := range map[string]bool{
		"https://hub.example/media/a.jpg": true, "/media/a.jpg": true, "https://other.example/a.jpg": false, "//other.example/a.jpg": false,
		"http://hub.example/a.jpg": false, "data:image/png;base64,AA": false, "": false,
	} {
		c.Image = image
		p := page.Tap(page.English, page.Device{}, c)
		if got := strings.Contains(string(p.Body), "<img "); got != shown || strings.Contains(p.Header["Content-Security-Policy"], "img-src") != shown {
			t.Errorf("%s: got shown %v, want %v", image, got, shown)
		}
	}
}

func TestQRCodeIsThatOfTheLink(t *testing.T) {
	c := cardOf(page.English, chatLanding, true, "https://hub.example")
	body := string(page.Tap(page.English, page.Device{Desktop: true}, c).Body)
	picture := body[strings.Index(body, "<svg"):]
	picture = picture[:strings.Index(picture, "</svg>")+len("</svg>")]
	var svg struct {
		ViewBox string `xml:"viewBox,attr"`
		Path    struct {
			D string `xml:"d,attr"`
		} `xml:"path"`
	}
	if err := xml.Unmarshal([]byte(picture), &svg); err != nil {
		t.Fatal(err)
	}
	want, err := qr.Encode(c.Link, qr.M, qr.Auto)
	if err != nil {
		t.Fatal(err)
	}
	side := want.Bounds().Dx()
	if box := fmt.Sprintf("0 0 %d %d", side+8, side+8); svg.ViewBox != box {
		t.Errorf("got the view %s, want %s: four modules around", svg.ViewBox, box)
	}
	got := map[[2]int]bool{}
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)`).FindAllStringSubmatch(svg.Path.D, -1) {
		var x, y, n int
		fmt.Sscan(m[1]+" "+m[2]+" "+m[3], &x, &y, &n)
		for i := range n {
			got[[2]int{x + i - 4, y - 4}] = true
		}
	}
	dark := map[[2]int]bool{}
	for x := range side {
		for y := range side {
			if want.At(x, y) == color.Black {
				dark[[2]int{x, y}] = true
			}
		}
	}
	if len(dark) == 0 || !reflect.DeepEqual(got, dark) {
		t.Errorf("got %d dark modules, want the %d of the code", len(got), len(dark))
	}
	c.Link = "https://hub.example/" + strings.Repeat("x", 5000)
	if p := page.Tap(page.English, page.Device{Desktop: true}, c); strings.Contains(string(p.Body), "<svg") || !strings.Contains(string(p.Body), "<form") {
		t.Error("a link too long for a code: got no button, or a code")
	}
}
