package scenario

import (
	"net/http"
	"testing"
	"time"

	"omnihub/internal/browser"
)

// TestOmniLinkAfterMessengersWindow: a day after the customer last wrote, Messenger takes
// no message to him any more. The link is made all the same, and the target is told; what
// the source was to be told has failed for good.
func TestOmniLinkAfterMessengersWindow(t *testing.T) {
	s := enter(t)
	from, to := cast("window")
	tab, source := s.opened("window", browser.Phone("zh-TW"), from, to)
	s.pass(25 * time.Hour)
	taps(tab)
	s.sends(tab)
	check := func() {
		t.Helper()
		s.joined(source, s.other(source), from, to, sourceTag, targetTag)
		s.told(from, cardText)
		s.told(to, linkedThere)
		s.counted("window", once)
		s.listed("window", from, to, succeeded)
	}
	check()
	own := s.asks("GET", "/contacts/"+source, nil, http.StatusOK)
	thread := ""
	for i := range homesOf(own) {
		if own.Text("homes", i, "id") == source {
			thread = own.Text("homes", i, "thread")
		}
	}
	last := s.asks("GET", "/threads/"+thread+"/messages?limit=1", nil, http.StatusOK)
	got := last.Text("items", 0, "text") + ": " + last.Text("items", 0, "state") + ", " + last.Text("items", 0, "failure", "code")
	if want := linkedHere + ": failed, window_closed"; got != want {
		t.Errorf("got the last message %s, want %s", got, want)
	}
	// Nor does it come once he writes again.
	s.writes(from, "hello again")
	s.pass(time.Hour)
	check()
}
