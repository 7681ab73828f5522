package omnilink_test

import (
	"strings"
	"testing"

	"omnihub/internal/hubtest"
	"omnihub/internal/omnilink"
)

// TestWhoTapsInAnotherBrowserThanTheFirstIsAskedAbout: a card that was tapped before is
// forwarded, and tapped and brought back in the other's own browser.
func TestWhoTapsInAnotherBrowserThanTheFirstIsAskedAbout(t *testing.T) {
	const others = "browser-of-somebody-else"
	for _, first := range []string{cookie, others} {
		s := newScene(t)
		wang := s.home(hubtest.WhatsAppAccount, "886900")
		s.member(wang.ID, "M1")
		link := s.link(back, wang)
		var bearer string
		for i, browser := range []string{first, others} {
			to, err := s.links.Tap(ctx, omnilink.Tapped{Link: link, ID: "tap-of-a-page-000" + string(rune('1'+i)), Browser: browser})
			s.must(err)
			_, bearer, _ = strings.Cut(to, "?c=")
		}
		want := omnilink.Pending
		if first == others {
			want = omnilink.Linked
		}
		if got := s.signIn(bearer, "U_mallory", others); got.State != want {
			t.Errorf("tapped first with %s: got %+v, want %v", first, got, want)
		}
	}
}
