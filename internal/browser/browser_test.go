package browser_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/browser"
)

// served serves a page that tells how it was asked for.
func served(t *testing.T) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Security-Policy", "img-src 'none'")
		_, _ = io.WriteString(w, `<!doctype html><title>x</title><p id="agent">`+r.UserAgent()+`</p><p id="language">`+r.Header.Get("Accept-Language")+
			`</p><p id="size"></p><button onclick="document.getElementById('size').innerText=innerWidth+'x'+innerHeight">size</button><img src="/x.png">`)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestTabIsTheDeviceThatItPretendsToBe(t *testing.T) {
	b, at := browser.Start(t), served(t)
	phone := b.Open(browser.Phone("zh-TW").As(browser.MessengerIPhone))
	phone.Go(at)
	if got := phone.Text("#agent"); got != browser.MessengerIPhone {
		t.Errorf("agent: got %s", got)
	}
	if got := phone.Text("#language"); !strings.HasPrefix(got, "zh-TW") {
		t.Errorf("language: got %s, want zh-TW", got)
	}
	phone.Tap("button")
	if got := phone.Eval("screen.width+'x'+screen.height+' '+devicePixelRatio"); got != "360x740 2" {
		t.Errorf("size: got %s, want 360x740 2", got)
	}
	if got := phone.Text("#size"); got == "" {
		t.Error("got nothing after the tap, want the size")
	}
}

func TestTabTellsWhatWasRefusedAndAsked(t *testing.T) {
	b, at := browser.Start(t), served(t)
	tab := b.Open(browser.Desktop("en"))
	tab.Go(at)
	tab.WaitAt(at)
	if got := tab.Troubles(); !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "Content Security Policy") }) {
		t.Errorf("troubles: got %q, want the picture that the policy refused", got)
	}
	if got := tab.Origins(); !slices.Equal(got, []string{at}) {
		t.Errorf("origins: got %v, want %s alone", got, at)
	}
	tab.Eval(`fetch("http://example.com/").catch(() => 0)`)
	other := b.Open(browser.Desktop("en"))
	other.Cookie(at, "a", "1")
	tab.Go(at)
	if got := tab.Eval("document.cookie"); got != "" {
		t.Errorf("cookies: got %s of another tab, want none", got)
	}
}
