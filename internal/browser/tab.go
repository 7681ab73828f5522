package browser

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Tab is a page with cookies of its own, as a person's browser has them.
type Tab struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	asked    []string // addresses of all requests
	troubles []string
}

// Open opens an empty tab on a device.
func (b *Browser) Open(d Device) *Tab {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	b.t.Cleanup(cancel)
	tab := &Tab{t: b.t, ctx: ctx}
	tab.must("open", chromedp.Do(ctx))
	tab.must("listen", chromedp.Listen(ctx, tab.heard))
	scale := d.Scale
	if scale == 0 {
		scale = 1
	}
	_, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: int64(d.Width), Height: int64(d.Height), DeviceScaleFactor: scale, Mobile: d.Mobile})
	tab.must("size", err)
	if d.Agent != "" || d.Language != "" {
		agent := d.Agent
		if agent == "" {
			agent = tab.eval("navigator.userAgent")
		}
		_, err := chromedp.Call(ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: d.Language})
		tab.must("user agent", err)
	}
	scheme := "light"
	if d.Dark {
		scheme = "dark"
	}
	_, err = chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	tab.must("colours", err)
	if d.NoScript {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		tab.must("scripts", err)
	}
	return tab
}

// heard keeps what the tab tells by itself. It must be quick and ask nothing.
func (tab *Tab) heard(ev any) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	switch e := ev.(type) {
	case *network.EventRequestWillBeSent:
		tab.asked = append(tab.asked, e.Request.URL)
	case *runtime.EventExceptionThrown:
		if e.ExceptionDetails != nil {
			tab.troubles = append(tab.troubles, "exception: "+e.ExceptionDetails.Text)
		}
	case *log.EventEntryAdded:
		// What a server answers is the page's matter.
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			tab.troubles = append(tab.troubles, string(e.Entry.Source)+": "+e.Entry.Text)
		}
	}
}

// Troubles are what went wrong in the tab: uncaught exceptions, and what the page's own
// policy refused.
func (tab *Tab) Troubles() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return slices.Clone(tab.troubles)
}

// Origins are the machines that the tab asked anything of, each once, in order.
func (tab *Tab) Origins() (out []string) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	for _, a := range tab.asked {
		if u, err := url.Parse(a); err == nil && strings.HasPrefix(u.Scheme, "http") {
			if o := u.Scheme + "://" + u.Host; !slices.Contains(out, o) {
				out = append(out, o)
			}
		}
	}
	return out
}

// Asked reports whether an address that begins so was asked for.
func (tab *Tab) Asked(prefix string) bool {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return slices.ContainsFunc(tab.asked, func(a string) bool { return strings.HasPrefix(a, prefix) })
}

// First waits for the first address that the tab asks for which begins so.
func (tab *Tab) First(prefix string) (address string) {
	tab.t.Helper()
	tab.wait("a request to "+prefix, func() bool {
		tab.mu.Lock()
		defer tab.mu.Unlock()
		if i := slices.IndexFunc(tab.asked, func(a string) bool { return strings.HasPrefix(a, prefix) }); i >= 0 {
			address = tab.asked[i]
		}
		return address != ""
	})
	return address
}

// must ends the test for what cannot be done.
func (tab *Tab) must(what string, err error) {
	tab.t.Helper()
	if err != nil {
		tab.t.Fatalf("browser: %s: %v; the page is %s, troubles %q", what, err, tab.location(), tab.Troubles())
	}
}

func (tab *Tab) location() string {
	ctx, cancel := context.WithTimeout(tab.ctx, 2*time.Second)
	defer cancel()
	at, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return "not known"
	}
	return at
}

// do runs steps within the test's patience.
func (tab *Tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	tab.must(what, chromedp.Do(ctx, steps...))
}

// Go opens an address and waits until its page has loaded.
func (tab *Tab) Go(address string) {
	tab.t.Helper()
	tab.do("go to "+address, chromedp.Navigate(address))
}

// Tap taps the first element of a CSS selector, once it can be seen.
func (tab *Tab) Tap(selector string) {
	tab.t.Helper()
	tab.do("tap "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// Type types a text into a field.
func (tab *Tab) Type(selector, text string) {
	tab.t.Helper()
	tab.do("type into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Text is the visible text of the first element of a selector.
func (tab *Tab) Text(selector string) string {
	tab.t.Helper()
	return tab.eval(fmt.Sprintf("(document.querySelector(%q)||{innerText:''}).innerText", selector))
}

// Eval is the value of a script's expression, as text.
func (tab *Tab) Eval(expression string) string {
	tab.t.Helper()
	return tab.eval(expression)
}

func (tab *Tab) eval(expression string) string {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[string]("String("+expression+")"))
	tab.must("evaluate "+expression, err)
	return v
}

// WaitText waits until an element can be seen whose text has a part.
func (tab *Tab) WaitText(selector, part string) {
	tab.t.Helper()
	tab.wait(fmt.Sprintf("%q in %s", part, selector), func() bool {
		return tab.try(fmt.Sprintf("String([...document.querySelectorAll(%q)].some(e => e.getClientRects().length > 0 && e.innerText.includes(%q)))", selector, part)) == "true"
	})
}

// WaitAt waits until the tab is at an address that begins so, and its page has loaded.
func (tab *Tab) WaitAt(prefix string) {
	tab.t.Helper()
	tab.wait("the address "+prefix, func() bool {
		return strings.HasPrefix(tab.try("document.readyState+' '+location.href"), "complete "+prefix)
	})
}

// URL is where the tab is.
func (tab *Tab) URL() string { return tab.location() }

// try evaluates an expression to a text; "" if the page is between two others.
func (tab *Tab) try(expression string) string {
	ctx, cancel := context.WithTimeout(tab.ctx, 5*time.Second)
	defer cancel()
	v, _ := chromedp.Run(ctx, chromedp.Evaluate[string](expression))
	return v
}

func (tab *Tab) wait(what string, is func() bool) {
	tab.t.Helper()
	for deadline := time.Now().Add(Patience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			tab.t.Fatalf("browser: %s did not come; the page is %s: %s; troubles %q", what, tab.location(), tab.Text("body"), tab.Troubles())
		}
	}
}

// Cookie gives the tab a cookie for an address.
func (tab *Tab) Cookie(address, name, value string) {
	tab.t.Helper()
	_, err := chromedp.Call(tab.ctx, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: address})
	tab.must("cookie", err)
}

// Shot takes a picture of the whole page, into the folder $SCREENSHOTS, if it is set. The
// name has no ending.
func (tab *Tab) Shot(name string) {
	tab.t.Helper()
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	tab.must("picture", err)
	tab.must("picture", os.MkdirAll(folder, 0o755))
	tab.must("picture", os.WriteFile(filepath.Join(folder, name+".png"), png, 0o644))
}

// Overflows tells which elements stick out of the page sideways.
func (tab *Tab) Overflows() string {
	tab.t.Helper()
	return tab.eval(`[...document.querySelectorAll("body *")].filter(e => { const r = e.getBoundingClientRect(); ` +
		`return r.width > 0 && (r.right > innerWidth + 1 || r.left < -1) }).map(e => e.tagName + "." + e.className).join(" ")`)
}
