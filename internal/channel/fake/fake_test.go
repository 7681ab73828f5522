package fake_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
)

func TestLedgerFindsACustomerByEitherName(t *testing.T) {
	l := fake.NewLedger()
	l.Add(fake.Call{Channel: "line", To: "U1", Name: "ann", Text: "1"})
	l.Add(fake.Call{Channel: "viber", To: "U1", Text: "2"})
	l.Add(fake.Call{Channel: "line", To: "U2", Name: "ben", Text: "3"})
	l.Add(fake.Call{Channel: "line", To: "U1", Name: "ann", Text: "4"})
	for _, c := range []struct{ channel, to, want string }{
		{"line", "U1", "14"}, {"line", "ann", "14"}, {"", "U1", "124"}, {"line", "", "134"}, {"", "", "1234"}, {"line", "eve", ""},
	} {
		got := ""
		for _, call := range l.Calls(c.channel, c.to) {
			got += call.Text
		}
		if got != c.want {
			t.Errorf("%s to %s: got %q, want %q", c.channel, c.to, got, c.want)
		}
	}
	if l.Calls("line", "eve") == nil {
		t.Error("got nil, want an empty list: it is shown as JSON")
	}
}

func TestDiceDependOnNothingButSeedAndCall(t *testing.T) {
	roll := func(d *fake.Dice, key string) string {
		out := ""
		for range 64 {
			if d.Hit(0.5, "drop", key) {
				out += "x"
			} else {
				out += "."
			}
		}
		return out
	}
	alone := roll(&fake.Dice{Seed: 7}, "a")
	mixed := &fake.Dice{Seed: 7}
	roll(mixed, "b")
	if got := roll(mixed, "a"); got != alone {
		t.Errorf("after another call: got %s, want %s", got, alone)
	}
	if roll(&fake.Dice{Seed: 8}, "a") == alone || roll(&fake.Dice{Seed: 7}, "c") == alone {
		t.Error("got the same for another seed or call, want another")
	}
	if n := strings.Count(alone, "x"); n < 16 || n > 48 {
		t.Errorf("got %d of 64 at a rate of a half", n)
	}
	d := &fake.Dice{}
	if d.Hit(0, "drop", "a") || !d.Hit(1, "drop", "a") {
		t.Error("rate 0 strikes, or rate 1 does not")
	}
}

func TestCourierCountsWhatIsUnderWay(t *testing.T) {
	gate := make(chan struct{})
	var mu sync.Mutex
	var got []string
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		<-gate
		mu.Lock()
		defer mu.Unlock()
		got = append(got, string(body)+r.Header.Get("X-Mark"))
		w.WriteHeader(200 + len(got))
	}))
	defer hub.Close()
	c := &fake.Courier{}
	left := 0
	hook := func(body string) fake.Webhook {
		return fake.Webhook{URL: hub.URL, Header: map[string]string{"x-mark": "!"}, Body: []byte(body), Leaving: func() { left++ }}
	}
	c.Later([]fake.Webhook{hook("a"), hook("b")})
	if n := c.Pending(); n != 2 {
		t.Errorf("pending: got %d, want 2", n)
	}
	close(gate)
	for deadline := time.Now().Add(20 * time.Second); c.Pending() > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	statuses := c.Deliver(t.Context(), []fake.Webhook{hook("c"), {URL: "http://127.0.0.1:1/"}, {URL: ":"}, hook("d")})
	if len(statuses) != 4 || statuses[0] != 203 || statuses[1] != 0 || statuses[2] != 0 || statuses[3] != 204 {
		t.Errorf("statuses: got %v, want [203 0 0 204]", statuses)
	}
	if strings.Join(got, " ") != "a! b! c! d!" || left != 4 || c.Pending() != 0 {
		t.Errorf("got %v, %d left, %d pending, want a b c d in order, 4, 0", got, left, c.Pending())
	}
	c.Shuffle(true, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if statuses := c.Deliver(ctx, []fake.Webhook{hook("e")}); statuses[0] != 0 || c.Pending() != 0 {
		t.Errorf("given up: got %v, %d pending, want [0], 0", statuses, c.Pending())
	}
}

func TestCourierBringsTheHubsAnswer(t *testing.T) {
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(201)
		_, _ = io.WriteString(w, "to "+string(body))
	}))
	defer hub.Close()
	c := &fake.Courier{}
	status, body := c.Exchange(t.Context(), fake.Webhook{URL: hub.URL, Body: []byte("a")})
	if status != 201 || string(body) != "to a" || c.Pending() != 0 {
		t.Errorf("got %d %q, %d pending, want 201 \"to a\", 0", status, body, c.Pending())
	}
	if status, body := c.Exchange(t.Context(), fake.Webhook{URL: "http://127.0.0.1:1/"}); status != 0 || body != nil || c.Pending() != 0 {
		t.Errorf("nobody there: got %d %q, %d pending, want 0, nothing, 0", status, body, c.Pending())
	}
}
