package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"omnihub/internal/browser"
	"omnihub/internal/channel"
	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/line"
	"omnihub/internal/channel/line/linetest"
	"omnihub/internal/channel/whatsapp"
	"omnihub/internal/channel/whatsapp/whatsapptest"
	"omnihub/internal/hub"
)

const (
	toLINE     = "demo.LLLLLLLLLLLLLLLLLLLLLL"
	toWhatsApp = "demo.WWWWWWWWWWWWWWWWWWWWWW"
	liffID     = "1234567890-AbcdEfgh"
	official   = "U5a1f0c3e9b7d4826a1c0e5f79d3b2468"
)

// world is the pages, over the real adapters and the fake platforms, with a hub that
// keeps its codes in memory.
type world struct {
	t                      *testing.T
	pages, platforms       *httptest.Server
	lineFake, whatsappFake fake.Platform
	line, whatsapp         channel.Account
	login                  channel.Login
	adapter                *line.Adapter
	chat                   channel.ChatLinker

	mu       sync.Mutex
	hooks    []string // bodies of webhooks
	minted   int
	browsers map[string]string // of the taps, by code
	used     map[string]string // who completed, by code
	tied     bool              // whether the last return came from the browser of the tap
	hold     chan struct{}     // a tap waits for it; nil = it does not
	failing  error
	aside    string // where taps lead instead; "" = to the target
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, browsers: map[string]string{}, used: map[string]string{}}
	hooks := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.hooks = append(w.hooks, string(body))
	}))
	h := newHandler(w, "", slog.New(slog.NewTextHandler(io.Discard, nil)))
	w.pages = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/favicon.ico":
		case "/nowhere": // the page that asked stays
			rw.WriteHeader(http.StatusNoContent)
		default:
			h.ServeHTTP(rw, r)
		}
	}))
	h.Base = w.pages.URL
	w.lineFake = linetest.New(fake.Config{Accounts: []fake.Account{{ID: "shop", ExternalID: official, Webhook: hooks.URL + "/line", Secrets: map[string]string{
		"channel_secret": "s1", "channel_token": "t1", "liff_id": liffID, "basic_id": "@shop", "liff_endpoint": w.pages.URL + "/liff"}}}})
	w.whatsappFake = whatsapptest.New(fake.Config{Accounts: []fake.Account{{ID: "shop", ExternalID: "106540352242922", Webhook: hooks.URL + "/whatsapp",
		Secrets: map[string]string{"app_secret": "s2", "verify_token": "v", "access_token": "t2", "display_number": "886277001234"}}}})
	mux := http.NewServeMux()
	mux.Handle("/line/", http.StripPrefix("/line", w.lineFake))
	mux.Handle("/whatsapp/", http.StripPrefix("/whatsapp", w.whatsappFake))
	mux.HandleFunc("/favicon.ico", func(http.ResponseWriter, *http.Request) {})
	w.platforms = httptest.NewServer(mux)
	t.Cleanup(func() { w.pages.Close(); w.platforms.Close(); hooks.Close() })
	at := channel.Platform{BaseURL: w.platforms.URL}
	w.line = channel.Account{ID: "shop", External: official, Secrets: channel.Secrets{line.ChannelToken: "t1", line.LIFFID: liffID, line.BasicID: "@shop"}}
	w.whatsapp = channel.Account{ID: "shop", Secrets: channel.Secrets{whatsapp.DisplayNumber: "+886 2 7700 1234"}}
	w.adapter, w.chat = line.New(at), whatsapp.New(at)
	var ok bool
	if w.login, ok = any(w.adapter).(channel.Login); !ok {
		t.Fatal("LINE has no sign-in")
	}
	return w
}

func (w *world) Look(_ context.Context, token string) (View, error) {
	v := View{Language: "zh-TW", Text: "綁定官方帳號，立即領取 NT$100 購物金！", Button: "立即綁定", Brand: "花開花店"}
	switch token {
	case toLINE:
		v.To = w.login.Landing()
	case toWhatsApp:
		v.Chat, v.To = true, w.chat.Landing()
	default:
		return View{}, hub.E(hub.NotFound, "world: look", nil)
	}
	return v, nil
}

func (w *world) Tap(_ context.Context, token, _, browser string) (Target, error) {
	w.mu.Lock()
	hold := w.hold
	w.mu.Unlock()
	if hold != nil {
		<-hold
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failing != nil {
		return Target{}, w.failing
	}
	w.minted++
	code := fmt.Sprintf("OL%028d", w.minted)
	w.browsers[code] = browser
	if w.aside != "" {
		return Target{w.aside}, nil
	}
	if token == toWhatsApp {
		url, err := w.chat.ChatLink(w.whatsapp, "我要綁定\n"+code)
		return Target{url}, err
	}
	url, err := w.login.LoginLink(w.line, code)
	return Target{url}, err
}

func (w *world) Arrive(_ context.Context, code string) (Arrival, error) {
	w.mu.Lock()
	_, ok := w.browsers[code]
	w.mu.Unlock()
	if !ok {
		return Arrival{}, hub.E(hub.NotFound, "world: arrive", nil)
	}
	page, err := w.login.LoginPage(w.line)
	return Arrival{Language: "zh-TW", Brand: "花開花店", Login: page}, err
}

func (w *world) Return(ctx context.Context, code string, idToken hub.Secret, browser string) (Outcome, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, spent := w.used[code]; spent {
		return "", hub.E(hub.DeadlinePassed, "world: return", nil)
	}
	user, err := w.login.VerifyLogin(ctx, w.line, idToken, "", time.Now())
	if err != nil {
		return "", err
	}
	w.used[code] = user
	if _, err := w.adapter.Profile(ctx, w.line, user); hub.CodeOf(err) == hub.Unreachable {
		return Friend, nil
	} else if err != nil {
		return "", err
	}
	w.tied = browser != "" && browser == w.browsers[code]
	return Linked, nil
}

// taps is how many codes were minted, sawTie whether the last return was tied to its tap,
// and told what came over webhooks.
func (w *world) taps() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.minted
}

func (w *world) sawTie() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tied
}

func (w *world) told() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.hooks)
}

// set changes what the hub does.
func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// act lets a customer of LINE act.
func (w *world) act(a fake.Act) {
	w.t.Helper()
	if _, err := w.lineFake.Act(w.t.Context(), a); err != nil {
		w.t.Fatal(err)
	}
}

// clean is the end of each tab: nothing went wrong in it, and it asked the machines of
// this test alone.
func (w *world) clean(tab *browser.Tab) {
	w.t.Helper()
	if got := tab.Troubles(); len(got) > 0 {
		w.t.Errorf("got troubles %q, want none", got)
	}
	for _, o := range tab.Origins() {
		if o != w.pages.URL && o != w.platforms.URL {
			w.t.Errorf("got a request to %s", o)
		}
	}
}
