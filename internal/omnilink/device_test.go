package omnilink_test

import (
	"strings"
	"testing"

	"omnihub/internal/hubtest"
	"omnihub/internal/omnilink"
)

// TestWhoTapsInAnotherBrowserThanTheFirstIsAskedAbout: a card that was tapped before is
// forwarded, and tapped in the other's own browser, whoever brings the code back then.
func TestWhoTapsInAnotherBrowserThanTheFirstIsAskedAbout(t *testing.T) {
	const others = "browser-of-somebody-else"
	for _, c := range []struct {
		first, then, back string
		want              omnilink.State
	}{
		{cookie, others, others, omnilink.Pending},
		{cookie, others, cookie, omnilink.Pending},
		{cookie, cookie, others, omnilink.Pending},
		{cookie, cookie, cookie, omnilink.Linked},
		{others, others, others, omnilink.Linked},
	} {
		s := newScene(t)
		wang := s.home(hubtest.WhatsAppAccount, "886900")
		s.member(wang.ID, "M1")
		link := s.link(back, wang)
		var bearer string
		for i, browser := range []string{c.first, c.then} {
			to, err := s.links.Tap(ctx, omnilink.Tapped{Link: link, ID: "tap-of-a-page-000" + string(rune('1'+i)), Browser: browser})
			s.must(err)
			_, bearer, _ = strings.Cut(to, "?c=")
		}
		if got := s.signIn(bearer, "U_mallory", c.back); got.State != c.want {
			t.Errorf("tapped first with %s, then with %s, brought back in %s: got %+v, want %v", c.first, c.then, c.back, got, c.want)
		}
	}
}
