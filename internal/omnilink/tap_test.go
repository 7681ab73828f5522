package omnilink_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/omnilink"
	"omnihub/internal/store"
)

const picture = "https://media.example.tw/whole.jpg"

func withImage(a *hub.Activity) {
	a.Card.Image = &hub.LinkImage{ID: "p1", Width: 1000, Height: 2000, Bytes: 1 << 20, URLs: map[string]string{
		hub.ImageWhole: picture, hub.ImageSquare: "https://media.example.tw/square.jpg",
	}}
}

func TestACardBearsOneLinkForEachCustomer(t *testing.T) {
	s := newScene(t)
	s.change(act, withImage)
	anna, bert := s.anna(), s.home(hubtest.LineAccount, "U_bert")
	c, err := s.links.Card(ctx, act, hub.Scene{Team: team, Account: anna.Account, Home: anna.ID, Thread: anna.User})
	if err != nil || c.Type != hub.Buttons || c.Text != "Come over" || c.Buttons[0].Title != "Go" || c.Media == nil || c.Media.URL != picture {
		t.Errorf("got %+v, %v, want the card with its picture", c, err)
	}
	if _, _, err := channel.Fit(s.line.Capabilities(), c); err != nil {
		t.Errorf("the channel does not show it: %v", err)
	}
	first, again, other := s.link(act, anna), s.link(act, anna), s.link(act, bert)
	if first != again || first == other || len(first) != len("test.")+22 {
		t.Errorf("got %s, %s and for somebody else %s", first, again, other)
	}
	_, token, _ := strings.Cut(first, ".")
	if dump := s.Dump(s.Store.Tables.Contacts) + s.Dump(s.Store.Tables.Ledger); strings.Contains(dump, token) {
		t.Error("the tables hold the token itself")
	}
}

func TestACardThatLeadsNowhereIsTheTextThatThereIsNone(t *testing.T) {
	for name, step := range map[string]func(s *scene, f *hub.Scene, id *hub.ActivityID){
		"no activity": func(_ *scene, _ *hub.Scene, id *hub.ActivityID) { *id = "other" },
		"disabled": func(s *scene, _ *hub.Scene, _ *hub.ActivityID) {
			s.change(act, func(a *hub.Activity) { a.Enabled = false })
		},
		"in another channel": func(s *scene, f *hub.Scene, _ *hub.ActivityID) { f.Account = hubtest.WhatsAppAccount },
		"no source any more": func(s *scene, _ *hub.Scene, _ *hub.ActivityID) { s.remove(hubtest.LineAccount) },
		"no target any more": func(s *scene, _ *hub.Scene, _ *hub.ActivityID) { s.remove(hubtest.WhatsAppAccount) },
		"no LIFF app any more": func(s *scene, f *hub.Scene, id *hub.ActivityID) {
			s.line.app, *id, f.Account = "", back, hubtest.WhatsAppAccount
		},
		"in English, nothing":    func(_ *scene, f *hub.Scene, id *hub.ActivityID) { f.Language, *id = "en-US", "other" },
		"simplified, of nothing": func(_ *scene, f *hub.Scene, id *hub.ActivityID) { f.Language, *id = "zh-Hans", "other" },
		"zh-XX, of nothing":      func(_ *scene, f *hub.Scene, id *hub.ActivityID) { f.Language, *id = "zh-XX", "other" },
		"in no language of ours": func(_ *scene, f *hub.Scene, id *hub.ActivityID) { f.Language, *id = "ja", "other" },
	} {
		s := newScene(t)
		anna := s.anna()
		link := s.link(act, anna)
		f, id := hub.Scene{Team: team, Account: anna.Account, Home: anna.ID, Thread: anna.User}, act
		step(s, &f, &id)
		c, err := s.links.Card(ctx, id, f)
		want := "此連結不存在，請洽客服詢問"
		switch {
		case strings.HasPrefix(name, "in English"):
			want = "This link does not exist. Please ask our customer service."
		case strings.HasPrefix(name, "simplified"):
			want = "此链接不存在，请联系客服"
		}
		if err != nil || c.Type != hub.Text || c.Text != want {
			t.Errorf("%s: got %+v, %v, want %s", name, c, err, want)
		}
		if name == "disabled" || strings.HasSuffix(name, "source any more") || strings.HasSuffix(name, "target any more") {
			if _, err := s.links.Look(ctx, link); !errors.Is(err, omnilink.ErrGone) || hub.CodeOf(err) != hub.NotFound {
				t.Errorf("%s: got %v, want the page gone", name, err)
			}
		}
		if got := s.stats(act); got.Participants != 0 {
			t.Errorf("%s: got %+v, want nobody to have taken part", name, got)
		}
	}
}

// remove takes an account out of the team's settings.
func (s *scene) remove(a hub.AccountID) {
	s.t.Helper()
	s.deleteItem(s.Store.Tables.Config, "T#test", "ACCT#"+string(a))
	s.Clock.Advance(61 * time.Second)
}

func TestALookWritesNothing(t *testing.T) {
	s := newScene(t)
	s.change(act, withImage)
	anna := s.anna()
	link := s.link(act, anna)
	before := s.shape()
	for range 10 {
		v, err := s.links.Look(ctx, link)
		if err != nil || v.Activity.ID != act || v.Login || v.Image != picture || v.Landing.App != "WhatsApp" || v.Target.Platform.ID != hubtest.WhatsAppAccount || v.Team.ID != team {
			t.Fatalf("got %+v, %v", v, err)
		}
	}
	if s.shape() != before {
		t.Error("a look wrote something")
	}
	_, token, _ := strings.Cut(link, ".")
	for _, made := range []string{"", ".", "test", "test.", "test." + token[:21], "test." + token + "x", "test.AAAAAAAAAAAAAAAAAAAAAA", "other." + token, "TEST." + token, "test." + strings.Repeat("x", 5000)} {
		if _, err := s.links.Look(ctx, made); hub.CodeOf(err) != hub.NotFound || errors.Is(err, omnilink.ErrGone) {
			t.Errorf("%.40q: got %v, want it not found", made, err)
		}
		if _, err := s.links.Tap(ctx, omnilink.Tapped{Link: made, ID: "tap-0000000000000001", Browser: cookie}); hub.CodeOf(err) != hub.NotFound {
			t.Errorf("%.40q: got %v for a tap, want it not found", made, err)
		}
	}
}

func TestATapCountsOnceAndARepeatedTapAgain(t *testing.T) {
	s := newScene(t)
	anna := s.anna()
	link := s.link(act, anna)
	first := omnilink.Tapped{Link: link, ID: "tap-of-the-page-0001", Browser: cookie}
	url, err := s.links.Tap(ctx, first)
	if err != nil || !strings.HasPrefix(url, "https://wa.me/1?text=Hello\nOL") {
		t.Fatalf("got %q, %v, want a chat with the text", url, err)
	}
	s.Clock.Advance(time.Minute)
	for range 3 {
		if again, err := s.links.Tap(ctx, first); err != nil || again != url {
			t.Errorf("got %q, %v for the tap again, want the same", again, err)
		}
	}
	if p := s.part(anna); p.Taps != 1 {
		t.Errorf("got %d taps, want one", p.Taps)
	}
	second := first
	second.ID = "tap-of-the-page-0002"
	if other, err := s.links.Tap(ctx, second); err != nil || other == url {
		t.Errorf("got %q, %v for another tap, want another code", other, err)
	}
	p := s.part(anna)
	if p.Taps != 2 || p.First != hub.MillisOf(hubtest.Start) || p.Last != s.now() {
		t.Errorf("got %+v, want two taps and the first one's time", p)
	}
	if got := s.stats(act); got != (omnilink.Statistics{Participants: 1, Failure: 1}) {
		t.Errorf("got %+v, want one who has not arrived", got)
	}
	code, _ := omnilink.CodeIn(url)
	if dump := s.Dump(s.Store.Tables.Ledger) + s.Logged.String(); code == "" || strings.Contains(dump, code) || strings.Contains(dump, code[2:28]) {
		t.Error("the code itself is stored or logged")
	}
	for _, table := range []string{s.Store.Tables.Contacts, s.Store.Tables.Messages, s.Store.Tables.Config, s.Store.Tables.Ledger} {
		// With the id of a tap anybody makes what ties a browser to it.
		if dump := s.Dump(table); strings.Contains(dump, first.ID) || strings.Contains(dump, second.ID) || strings.Contains(dump, first.Browser) {
			t.Errorf("%s holds the id of a tap, or what ties its browser", table)
		}
	}
	s.Clock.Advance(omnilink.ChatLife)
	if _, err := s.links.Tap(ctx, first); hub.CodeOf(err) != hub.Refused {
		t.Errorf("got %v for a tap whose code has ended, want another id wanted", err)
	}
	for _, bad := range []omnilink.Tapped{{Link: link, ID: "short", Browser: cookie}, {Link: link, ID: first.ID, Browser: ""}, {Link: link, ID: first.ID + "#1", Browser: cookie}} {
		if _, err := s.links.Tap(ctx, bad); hub.CodeOf(err) != hub.BadRequest {
			t.Errorf("got %v for %+v", err, bad)
		}
	}
}

func (s *scene) part(h hub.Home) store.Participation {
	s.t.Helper()
	p, err := s.Store.Participation(ctx, team, h.ID, act)
	s.must(err)
	return p
}

func TestATapOfWhichNoLinkCanBeMadeHasItsReason(t *testing.T) {
	for name, step := range map[string]struct {
		change func(*hub.Activity)
		want   hub.LinkReason
	}{
		"disabled since": {func(a *hub.Activity) { a.Enabled = false }, hub.LinkDisabled},
		"no link":        {func(a *hub.Activity) { a.Message = strings.Repeat("x", 480) }, hub.LinkNotMade},
	} {
		s := newScene(t)
		anna := s.anna()
		link := s.link(act, anna)
		// Behind Save's back, which would refuse it.
		a, err := s.acts.Get(ctx, team, act)
		s.must(err)
		step.change(&a.Activity)
		s.must(s.Store.SaveActivity(ctx, team, a.Activity, s.audit("x")))
		s.Clock.Advance(61 * time.Second)
		for i := range 3 {
			tap := omnilink.Tapped{Link: link, ID: fmt.Sprintf("tap-of-the-page-%04d", i/2), Browser: cookie}
			_, err := s.links.Tap(ctx, tap)
			if off := step.want == hub.LinkDisabled; errors.Is(err, omnilink.ErrGone) != off || !off && hub.CodeOf(err) != hub.AccountBroken {
				t.Errorf("%s: got %v, want a link that is gone: %v", name, err, off)
			}
		}
		rows := s.rows(act, store.NotLinked)
		if len(rows) != 1 || rows[0].Reason != step.want || s.part(anna).Taps != 2 {
			t.Errorf("%s: got %+v, %d taps, want %s and two", name, rows, s.part(anna).Taps, step.want)
		}
	}
}

func TestASampleLeadsNowhereAndIsOfItsChannel(t *testing.T) {
	s := newScene(t)
	c, err := s.links.Sample(ctx, team, act, "line")
	if err != nil || c.Text != "Come over" || len(c.Buttons) != 1 {
		t.Fatalf("got %+v, %v", c, err)
	}
	if _, err := s.links.Look(ctx, strings.TrimPrefix(c.Buttons[0].URL, hubtest.API+"/l/")); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v for the sample's link", err)
	}
	if _, err := s.links.Sample(ctx, team, act, "whatsapp"); hub.CodeOf(err) != hub.Refused {
		t.Errorf("got %v in another channel", err)
	}
	if _, err := s.links.Sample(ctx, team, "none", "line"); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v for none", err)
	}
	s.line.app = ""
	if _, err := s.links.Sample(ctx, team, back, "whatsapp"); hub.CodeOf(err) != hub.Refused {
		t.Errorf("got %v for one that leads nowhere", err)
	}
	s.change(act, func(a *hub.Activity) { a.Enabled = false })
	if c, err := s.links.Sample(ctx, team, act, "line"); err != nil || c.Text != "Come over" {
		t.Errorf("got %+v, %v for a disabled one, which may be enabled again", c, err)
	}
}
