package instagram_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/instagram"
	"omnihub/internal/channel/instagram/instagramtest"
	"omnihub/internal/hub"
)

// world is the adapter over against the fake platform, with a hub between that verifies,
// splits and parses all that comes.
type world struct {
	t        *testing.T
	adapter  *instagram.Adapter
	platform fake.Platform

	mu     sync.Mutex
	now    time.Time
	events []channel.Event
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: time.Date(2026, 10, 21, 7, 28, 0, 0, time.UTC)}
	hooks := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		request := &channel.Request{Method: r.Method, RawQuery: r.URL.RawQuery, Body: body,
			Header: map[string]string{"x-hub-signature-256": r.Header.Get("X-Hub-Signature-256")}}
		c := channel.Credentials{Secrets: channel.Secrets{instagram.AppSecret: "one", instagram.InstagramAppSecret: "two", instagram.VerifyToken: "v"}}
		if r.Method == http.MethodGet {
			answer, err := w.adapter.Handshake(request, c)
			if err != nil {
				rw.WriteHeader(403)
			}
			_, _ = io.WriteString(rw, answer)
			return
		}
		if err := w.adapter.Verify(request, c); err != nil {
			rw.WriteHeader(401)
			return
		}
		list, err := w.adapter.Split(request)
		for _, s := range list {
			e, failed := w.adapter.Parse(s.Head, s.Raw)
			if failed != nil {
				err = failed
				continue
			}
			w.mu.Lock()
			w.events = append(w.events, e)
			w.mu.Unlock()
		}
		if err != nil {
			t.Errorf("%s: got %v", body, err)
		}
	}))
	w.platform = instagramtest.New(fake.Config{Now: w.clock, Accounts: []fake.Account{
		{ID: "shop", ExternalID: account, Webhook: hooks.URL, Secrets: map[string]string{
			"app_secret": "one", "verify_token": "v", "access_token": "EAAC1", "page_id": pageID}},
		{ID: "club", ExternalID: "17841405309211855", Webhook: hooks.URL, Secrets: map[string]string{
			"app_secret": "one", "verify_token": "v", "access_token": "IGAA1", "login": "instagram", "instagram_app_secret": "two"}},
	}})
	api := httptest.NewServer(http.StripPrefix("/instagram", w.platform))
	w.adapter = instagram.New(channel.Platform{BaseURL: api.URL})
	t.Cleanup(func() { w.settle(); api.Close(); hooks.Close() })
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) settle() {
	w.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); w.platform.Pending() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("got %d pending webhooks, want 0", w.platform.Pending())
		}
	}
}

// got settles and gives the events since the last call.
func (w *world) got() []channel.Event {
	w.t.Helper()
	w.settle()
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.events
	w.events = nil
	return out
}

// act acts, and gives the one event that the hub got of it.
func (w *world) act(a fake.Act) channel.Event {
	w.t.Helper()
	w.got()
	d, err := w.platform.Act(w.t.Context(), a)
	if err != nil || d.Status != 200 {
		w.t.Fatalf("act: got %d, %v", d.Status, err)
	}
	list := w.got()
	if len(list) != 1 {
		w.t.Fatalf("act: got %d events, want 1: %s", len(list), d.Body)
	}
	return list[0]
}

// routes are an account of each route.
func routes() map[string]channel.Account {
	return map[string]channel.Account{
		"facebook": {External: account, Secrets: channel.Secrets{instagram.AccessToken: "EAAC1", instagram.PageID: pageID, instagram.AppSecret: "one"}},
		"login": {External: "17841405309211855", Secrets: channel.Secrets{
			instagram.AccessToken: "IGAA1", instagram.Login: instagram.LoginInstagram, instagram.AppSecret: "one"}},
	}
}

// TestBothRoutesWorkFromEndToEnd: each form goes out, comes back as an echo with the same
// id, and is found after a lost answer; what a tap bears comes back.
func TestBothRoutesWorkFromEndToEnd(t *testing.T) {
	for name, acct := range routes() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			hello := w.act(fake.Act{Account: acct.External, From: "mei", Text: "ping"})
			if hello.Kind != channel.EventMessage || hello.Message.Text != "ping" || hello.Account != acct.External {
				t.Fatalf("got %+v", hello)
			}
			to := hub.Personal(hello.User)
			for form, content := range sends() {
				if content.Type == hub.Native && form == "native" {
					continue // the fake knows no posts
				}
				w.advance(time.Minute)
				since := hub.MillisOf(w.clock())
				sent, err := w.adapter.Send(t.Context(), acct, channel.Outgoing{To: to, Content: content})
				if err != nil || sent.PlatformID == "" {
					t.Errorf("%s: got %+v, %v", form, sent, err)
					continue
				}
				echoes := w.got()
				if len(echoes) != 1 || echoes[0].Kind != channel.EventEcho || echoes[0].ID != sent.PlatformID || echoes[0].User != hello.User || echoes[0].Echo != (channel.Echo{}) {
					t.Errorf("%s: got %+v, want its echo", form, echoes)
				}
				found, ok, err := w.adapter.Find(t.Context(), acct, channel.Outgoing{To: to, Content: content}, since, nil)
				if err != nil || !ok || found != sent {
					t.Errorf("%s: found %+v, %v, %v, want %+v", form, found, ok, err, sent)
				}
				w.advance(time.Minute)
				if _, ok, err := w.adapter.Find(t.Context(), acct, channel.Outgoing{To: to, Content: content}, hub.MillisOf(w.clock()), nil); ok || err != nil {
					t.Errorf("%s: found later: got %v, %v, want nothing", form, ok, err)
				}
			}
			for data, want := range map[string]string{"book&a=1": "postback", "answer=a": "message"} {
				if e := w.act(fake.Act{Account: acct.External, From: "mei", Button: data}); e.Message.Data != data || e.Message.Type != hub.Choice || e.Type != want {
					t.Errorf("%s: got %+v", data, e)
				}
			}
			if err := w.adapter.Typing(t.Context(), acct, hello.User, hello.ID); err != nil {
				t.Errorf("typing: got %v", err)
			}
			if err := w.adapter.MarkRead(t.Context(), acct, hello.User, hello.ID); err != nil {
				t.Errorf("read: got %v", err)
			}
			if p, err := w.adapter.Profile(t.Context(), acct, hello.User); err != nil || p.Name != "mei" || p.Username != "mei" || p.Picture == "" {
				t.Errorf("profile: got %+v, %v", p, err)
			}
		})
	}
}

// TestALostSendIsFound: the answer was dropped, the message was sent once.
func TestALostSendIsFound(t *testing.T) {
	for name, acct := range routes() {
		w := newWorld(t)
		hello := w.act(fake.Act{Account: acct.External, From: "mei", Text: "ping"})
		if err := w.platform.SetFaults(json.RawMessage(`{"accept_then_drop":1,"status_missing":1}`)); err != nil {
			t.Fatal(err)
		}
		m := channel.Outgoing{To: hub.Personal(hello.User), Content: hub.TextContent("pong")}
		since := hub.MillisOf(w.clock())
		if _, err := w.adapter.Send(t.Context(), acct, m); hub.CodeOf(err) != hub.Unclear {
			t.Errorf("%s: got %v, want %s", name, err, hub.Unclear)
		}
		if sent, ok, err := w.adapter.Find(t.Context(), acct, m, since, nil); !ok || err != nil || sent.PlatformID == "" {
			t.Errorf("%s: got %+v, %v, %v, want it found", name, sent, ok, err)
		}
		m.Content.Text = "never sent"
		if sent, ok, err := w.adapter.Find(t.Context(), acct, m, since, nil); ok || err != nil {
			t.Errorf("%s: got %+v, %v, %v, want nothing", name, sent, ok, err)
		}
	}
}

// TestRefusalsOfThePlatform: each of its refusals has its code.
func TestRefusalsOfThePlatform(t *testing.T) {
	for name, acct := range routes() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			m := channel.Outgoing{To: "1234567890123456", Content: hub.TextContent("pong"), Class: hub.ClassPerson}
			send := func() hub.Code {
				_, err := w.adapter.Send(t.Context(), acct, m)
				return hub.CodeOf(err)
			}
			want := func(what string, want hub.Code) {
				t.Helper()
				if got := send(); got != want {
					t.Errorf("%s: got %q, want %q", what, got, want)
				}
			}
			extra := func(x string) {
				t.Helper()
				if _, err := w.platform.Act(t.Context(), fake.Act{Account: acct.External, From: "mei", Extra: json.RawMessage(x)}); err != nil {
					t.Fatal(err)
				}
			}
			want("a stranger", hub.Unreachable)
			m.To = hub.Personal(w.act(fake.Act{Account: acct.External, From: "mei", Text: "ping"}).User)
			want("a customer", "")
			w.advance(25 * time.Hour)
			want("after a day", hub.WindowClosed)
			m.AfterWindow = true
			want("a person after a day", "")
			m.Class = hub.ClassBot
			want("a bot after a day", hub.WindowClosed)
			m.Class = hub.ClassPerson
			w.advance(6 * 24 * time.Hour)
			want("a person after a week", hub.WindowClosed)
			m.AfterWindow = false
			w.act(fake.Act{Account: acct.External, From: "mei", Text: "again"})
			for range 100 {
				want("within the rate", "")
			}
			want("too fast", hub.RateLimited)
			w.advance(time.Second)
			if _, err := w.platform.Act(t.Context(), fake.Act{Account: acct.External, From: "mei", Block: true}); err != nil {
				t.Fatal(err)
			}
			want("one who blocked us", hub.Unreachable)
			if _, err := w.adapter.Profile(t.Context(), acct, m.To.Reveal()); hub.CodeOf(err) != hub.Unreachable {
				t.Errorf("profile: got %v, want %s", err, hub.Unreachable)
			}
			if _, err := w.platform.Act(t.Context(), fake.Act{Account: acct.External, From: "mei", Follow: true}); err != nil {
				t.Fatal(err)
			}
			extra(`{"type":"access","off":true}`)
			want("access off", hub.AccountBroken)
			if _, err := w.adapter.Check(t.Context(), acct); hub.CodeOf(err) != hub.AccountBroken || !strings.Contains(err.Error(), "Allow access to messages") {
				t.Errorf("check: got %v, want %s", err, hub.AccountBroken)
			}
			extra(`{"type":"access"}`)
			extra(`{"type":"token","scopes":[]}`)
			want("no permissions", hub.AccountBroken)
			if _, err := w.adapter.Check(t.Context(), acct); hub.CodeOf(err) != hub.AccountBroken {
				t.Errorf("check: got %v, want %s", err, hub.AccountBroken)
			}
			extra(`{"type":"token","revoked":true,"expires_in":3600}`)
			want("revoked", hub.TokenExpired)
			extra(`{"type":"token","expires_in":0}`)
			want("expired", hub.TokenExpired)
			if _, err := w.adapter.Check(t.Context(), acct); hub.CodeOf(err) != hub.TokenExpired {
				t.Errorf("check: got %v, want %s", err, hub.TokenExpired)
			}
		})
	}
}

// TestConnectExpireRefreshDisconnect walks through the life of an account.
func TestConnectExpireRefreshDisconnect(t *testing.T) {
	w := newWorld(t)
	for name, acct := range routes() {
		standing, err := w.adapter.Check(t.Context(), acct)
		if err != nil || standing.External != acct.External || !strings.HasPrefix(standing.Name, "@shop.") || standing.Expires != 0 {
			t.Errorf("%s: check: got %+v, %v", name, standing, err)
		}
		steps := []struct {
			do   func(ctx context.Context, a channel.Account) error
			want bool
		}{{w.adapter.Register, true}, {w.adapter.Register, true}, {w.adapter.Unregister, false}, {w.adapter.Unregister, false}, {w.adapter.Register, true}}
		for n, step := range steps {
			err := step.do(t.Context(), acct)
			there, asked := w.adapter.Registered(t.Context(), acct)
			if err != nil || asked != nil || there != step.want {
				t.Errorf("%s: step %d: got %v, %v, %v, want %v", name, n, there, err, asked, step.want)
			}
		}
	}
	acct := routes()["login"]
	if _, _, err := w.adapter.Refresh(t.Context(), acct); hub.CodeOf(err) != hub.Transient {
		t.Errorf("too young: got %v, want %s", err, hub.Transient)
	}
	w.advance(50 * 24 * time.Hour)
	values, expires, err := w.adapter.Refresh(t.Context(), acct)
	if want := hub.MillisOf(w.clock().Add(60 * 24 * time.Hour)); err != nil || len(values) != 1 || values[instagram.AccessToken] == "" || expires != want {
		t.Fatalf("refresh: got %v, %d, %v, want a token until %d", values, expires, err, want)
	}
	w.advance(11 * 24 * time.Hour)
	if _, err := w.adapter.Check(t.Context(), acct); hub.CodeOf(err) != hub.TokenExpired {
		t.Errorf("the old one: got %v, want %s", err, hub.TokenExpired)
	}
	acct.Secrets = values
	acct.Secrets[instagram.Login] = instagram.LoginInstagram
	if _, err := w.adapter.Check(t.Context(), acct); err != nil {
		t.Errorf("the new one: got %v, want it good", err)
	}
	if _, _, err := w.adapter.Refresh(t.Context(), routes()["login"]); hub.CodeOf(err) != hub.TokenExpired {
		t.Errorf("an expired one: got %v, want %s", err, hub.TokenExpired)
	}
}
