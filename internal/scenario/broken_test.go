package scenario

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"omnihub/internal/browser"
	"omnihub/internal/stack"
)

// reconnected changes fields of an account, unseen by its platform, everywhere.
func (s *scene) reconnected(account string, fields object) {
	s.t.Helper()
	path := "/accounts/" + account
	seen := s.asks("GET", path, nil, http.StatusOK)
	a, err := s.CallWith(s.ctx, "admin", stack.Ask{
		Method: "PATCH", Path: path, Body: object{"secrets": fields, "unchecked": true}, Header: map[string]string{"If-Match": seen.Header.Get("ETag")},
	})
	s.must(err)
	if a.Status != http.StatusOK {
		s.t.Fatalf("%s: got %d %s, want it changed", path, a.Status, a.Raw)
	}
	s.pass(settled)
}

// TestOmniLinkCannotBeMade: nobody knows the number any more to which the link would lead.
func TestOmniLinkCannotBeMade(t *testing.T) {
	s := enter(t)
	from, to := cast("notmade")
	tab, source := s.opened("notmade", browser.Phone("en"), from, to)
	s.reconnected("whatsapp2", object{"display_number": ""})
	taps(tab)
	shows(tab, "#error", "could not be opened just now", "no-link-to-the-target")
	s.rest()
	s.told(from, cardText)
	s.apart(source)
	s.counted("notmade", failedOnce)
	s.listed("notmade", from, to, notMade)
}

// TestOmniLinkToLINEWithoutLIFFLeadsNowhere: customers are told that there is no such link,
// and nobody takes part.
func TestOmniLinkToLINEWithoutLIFFLeadsNowhere(t *testing.T) {
	s := enter(t)
	from, to := cast("noliff")
	tab, source := s.opened("noliff", browser.Phone("zh-TW"), from, to)
	link := tab.URL()
	demo, err := s.Demo(s.ctx)
	s.must(err)
	app := ""
	for _, a := range demo.Accounts {
		if a.ID == "line1" {
			app = a.Secrets["liff_id"]
		}
	}
	s.reconnected("line1", object{"liff_id": ""})
	defer s.reconnected("line1", object{"liff_id": app})
	taps(tab)
	tab.WaitText("h1", leadsNowhere)
	if status, page := s.fetched(link, browser.Android, "zh-TW"); status != http.StatusGone || !strings.Contains(page, leadsNowhere) {
		t.Errorf("got %d %s, want 410", status, page)
	}
	s.writes(from, "noliff")
	s.told(from, cardText, leadsNowhere)
	s.apart(source)
	s.unlisted("noliff")
}

// TestOmniLinkWhileLINERefusesTheAccount: the customer is told to try again, which is enough
// once the account is good again, and no sign-in is asked for that could not help.
func TestOmniLinkWhileLINERefusesTheAccount(t *testing.T) {
	s := enter(t)
	from, to := cast("broken")
	s.befriends(to)
	tab, source := s.opened("broken", browser.Phone("zh-TW"), from, to)
	taps(tab)
	tab.WaitAt(s.Platform + "/line/oauth2/v2.1/authorize")
	s.must(s.Faults(s.ctx, map[string]any{"line": object{"expired_token": true}}))
	t.Cleanup(func() { _ = stage.stack.Faults(context.Background(), map[string]any{"line": nil}) })
	s.signsIn(tab, "allow")
	s.sees(tab, to, "busy", "zh-TW", "account-refused")
	s.counted("broken", silent)
	s.must(s.Faults(s.ctx, map[string]any{"line": nil}))
	tab.Tap("[data-state=busy] button")
	see(tab, "linked", "zh-TW", "account-taken-again")
	s.rest()
	s.joined(source, s.other(source), from, to, sourceTag, targetTag)
	s.counted("broken", known)
}
