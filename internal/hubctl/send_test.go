package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/line/linetest"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

const customer = "U8e742f61d673b39c7fff3cecb7536ef0"

func ref(h *hubtest.Hub) store.Ref {
	return store.Ref{Team: hubtest.Team, User: h.Team.Pepper.User(hubtest.LineAccount, customer)}
}

func send(args ...string) []string {
	return append([]string{"send", "-team", "test", "-account", "line1", "-to", customer}, args...)
}

func TestMessageIsQueuedOnce(t *testing.T) {
	h := hubtest.New(t)
	key := strings.TrimSpace(must(t)(run(h, "", send("-class", "person", "-text", "hello", "-id", "first")...)))
	if !strings.HasSuffix(key, "#first") {
		t.Errorf("got the key %q, want one that ends in the id", key)
	}
	q, err := h.Store.Send(ctx, ref(h), hub.MessageKey(key))
	if err != nil || q.Intent.Content.Text != "hello" || q.Intent.Class != hub.ClassPerson || q.Intent.By != "hubctl" || q.Intent.Account != "line1" {
		t.Fatalf("got %+v, %v", q, err)
	}
	h.Clock.Advance(time.Second)
	if again := strings.TrimSpace(must(t)(run(h, "", send("-class", "person", "-text", "hello", "-id", key)...))); again != key {
		t.Errorf("repeated: got %q, want %q", again, key)
	}
	flex := `{"type":"native","text":"Sale","native":{"type":"flex","contents":{"type":"bubble"}}}`
	other := strings.TrimSpace(must(t)(run(h, flex, send("-class", "marketing", "-content", "-")...)))
	if q, err = h.Store.Send(ctx, ref(h), hub.MessageKey(other)); err != nil || q.Intent.Content.Type != hub.Native || q.Intent.Class != hub.ClassMarketing {
		t.Errorf("got %+v, %v", q, err)
	}
	log, err := h.Store.Log(ctx, ref(h), "", 10)
	if err != nil || len(log) != 2 {
		t.Errorf("got %d messages, %v, want 2", len(log), err)
	}
}

func TestMistakesInAMessageAreNamed(t *testing.T) {
	h := hubtest.New(t)
	for _, m := range []mistake{
		{"", []string{"send", "-team", "test", "-account", "line1", "-class", "person"}, "-to is missing"},
		{"", send("-text", "x"), "-class is missing"},
		{"", send("-class", "person"), "either -text or -content"},
		{"", send("-class", "person", "-text", "x", "-content", "{}"), "either -text or -content"},
		{"", send("-class", "bot", "-text", "x"), "class is"},
		{"", send("-class", "person", "-content", "{"), "content"},
		{"", send("-class", "person", "-content", `{"type":"template","template":{"name":"a","language":"en"}}`), "unsupported"},
		{"", send("-class", "person", "-text", "x", "-id", "a#b"), "the key that was printed"},
		{"", send("-class", "person", "-text", "x", "-id", strings.Repeat("a", 27)), "26 characters"},
		{"", []string{"send", "-team", "test", "-account", "nosuch", "-to", "U1", "-class", "person", "-text", "x"}, "not_found"},
	} {
		m.check(t, h)
	}
}

func TestExamplesOfTheUsageAreGood(t *testing.T) {
	h := hubtest.New(t)
	examples := 0
	for _, part := range strings.Split(usage, "hubctl send -team acme ")[1:] {
		_, content, ok := strings.Cut(part, "-content '")
		content, _, end := strings.Cut(content, "'\n")
		if !ok || !end {
			t.Fatalf("no content in %q", part)
		}
		examples++
		account, to := "line1", customer
		if strings.HasPrefix(part, "-account wa1") {
			account, to = "whatsapp1", "wa:886912345678"
		}
		if _, err := run(h, "", "send", "-team", "test", "-account", account, "-to", to, "-class", "person", "-content", content); err != nil {
			t.Errorf("%s: got %v", content, err)
		}
	}
	if examples != 3 {
		t.Errorf("got %d examples, want 3", examples)
	}
	_, keyword, _ := strings.Cut(usage, "-keyword 'menu=")
	keyword, _, _ = strings.Cut(keyword, "'\n")
	must(t)(run(h, "", "connect", "-no-check", "-team", "test", "-channel", "whatsapp", "-connection", "whatsapp1", "-account", "whatsapp1", "-keyword", "menu="+keyword))
}

func TestQuotaIsAskedFromATerminal(t *testing.T) {
	h := hubtest.New(t)
	line := linetest.New(fake.Config{Now: h.Clock.Now, Accounts: []fake.Account{{
		ID: "line1", ExternalID: hubtest.LineBot, Secrets: map[string]string{"channel_secret": hubtest.LineSecret, "channel_token": hubtest.LineToken},
	}}})
	front := httptest.NewServer(http.StripPrefix("/line", line))
	defer front.Close()
	ask := func(want string) {
		t.Helper()
		if out := must(t)(runAt(h, front.URL, "", "quota", "-team", "test", "-account", "line1")); out != want {
			t.Errorf("got %q, want %q", out, want)
		}
	}
	ask("this month: 0 sent, no limit\n")
	if err := line.SetFaults([]byte(`{"monthly_quota":500}`)); err != nil {
		t.Fatal(err)
	}
	ask("this month: 0 sent, limit 500\n")
	if err := line.SetFaults([]byte(`{"expired_token":true}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := runAt(h, front.URL, "", "quota", "-team", "test", "-account", "line1"); hub.CodeOf(err) != hub.TokenExpired {
		t.Errorf("got %v, want token_expired", err)
	}
}
