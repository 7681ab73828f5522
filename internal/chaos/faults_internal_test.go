package chaos

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/channel/fake"
	"omnihub/internal/failpoint"
	"omnihub/internal/hub"
)

// TestLostAnswersAreThoseThatThePlatformLost holds the checker's dice against the fake
// platforms' own: what the checker takes for lost are the calls of which the adapter
// cannot tell how they ended.
func TestLostAnswersAreThoseThatThePlatformLost(t *testing.T) {
	for _, name := range Channels() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, name)
			p := plan{Seed: 3, calls: calls{Rate429: 0.2, Rate500: 0.2, Timeout: 0.03, Drop: 0.2, Late500: 0.2}}
			w.plan(t, p)
			server := httptest.NewServer(http.StripPrefix("/"+name, w.platform))
			defer server.Close()
			adapter := all.Adapters(channel.Platform{BaseURL: server.URL, Client: &http.Client{Timeout: 250 * time.Millisecond}})[hub.Channel(name)]
			lost := 0
			for n := range 60 {
				d := w.act(t, fake.Act{From: fmt.Sprint("customer ", n), Text: "hello"})
				_, to := traitOf(name).ids(d.Body)
				s := send{user: "u", key: fmt.Sprint("k", n), to: to, text: "hello", token: between(d.Body, `"replyToken":"`, `"`)}
				m := channel.Outgoing{To: hub.Personal(to), Content: hub.TextContent(s.text), Ref: s.ref()}
				before := len(w.ledger.Calls("", ""))
				var err error
				if replier, ok := adapter.(channel.Replier); ok {
					_, err = replier.Reply(t.Context(), w.account, hub.Secret(s.token), m)
				} else {
					_, err = adapter.Send(t.Context(), w.account, m)
				}
				accepted := len(w.ledger.Calls("", "")) - before
				code := hub.CodeOf(err)
				want := code == hub.Unclear
				switch {
				case want:
					lost++
				case code.Retryable():
					continue // the hub would try again
				case err != nil:
					t.Fatalf("%d: %v", n, err)
				}
				if got := traitOf(name).lost(p, s, accepted, accepted); got != want {
					t.Errorf("%d: got lost %v, want %v: %v, accepted %d", n, got, want, err, accepted)
				}
			}
			if lost == 0 {
				t.Error("no answer was lost")
			}
		})
	}
}

func TestEachFailpointIsInSomeFunction(t *testing.T) {
	var known []failpoint.Point
	for _, points := range deaths {
		known = append(known, points...)
	}
	for _, p := range failpoint.Points() {
		if !slices.Contains(known, p) {
			t.Errorf("no function dies at %s", p)
		}
	}
}
