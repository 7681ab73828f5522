package omnilink_test

import (
	"fmt"
	"strings"
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/omnilink"
)

func TestWhatACustomerDoesIsOmniLinksByItsForm(t *testing.T) {
	s := newScene(t)
	code := s.code(act, s.anna())
	for _, step := range []struct {
		said hub.Said
		want bool
	}{
		{hub.Said{Type: hub.Text, Text: "Hello\n" + code}, true},
		{hub.Said{Type: hub.Text, Text: "Hello"}, false},
		{hub.Said{Type: hub.Image, Text: code}, false},
		{hub.Said{Type: hub.Choice, Text: code}, false},
		{hub.Said{Type: hub.Choice, Text: "Yes", Data: "ol1." + s.hash(code) + ".y"}, true},
		{hub.Said{Type: hub.Text, Text: "Yes", Data: "ol1." + s.hash(code) + ".y"}, false},
		{hub.Said{Type: hub.Choice, Data: "b1.aaaaaaaaaaaaaaaa.1.bbbbbb"}, false},
		{hub.Said{}, false},
	} {
		if got := omnilink.Is(step.said); got != step.want {
			t.Errorf("%+v: got %v, want %v", step.said, got, step.want)
		}
	}
}

func TestWhatCameIsCarriedOutAtEachDelivery(t *testing.T) {
	s := newScene(t)
	anna := s.anna()
	s.member(anna.ID, "M1")
	code := s.code(act, anna)
	there := s.arrive("886911")
	came := func(h hub.Home, said hub.Said) hub.Came {
		s.n++
		return hub.Came{
			Team: team, User: h.User, Thread: h.User, Account: h.Account, Channel: h.Channel, Home: h.ID, Key: hub.NewMessageKey(s.now(), fmt.Sprint(s.n)),
			Said: said, Received: s.now(), Trace: "t",
		}
	}
	for _, c := range []hub.Came{
		came(there, hub.Said{Type: hub.Text, Text: "Hello\n" + code}),
		came(anna, hub.Said{Type: hub.Choice, Text: "Yes", Data: "ol1." + s.hash(code) + ".y"}),
		came(anna, hub.Said{Type: hub.Text, Text: "nothing of it"}),
	} {
		for range 2 {
			if answer, err := s.links.Came(ctx, c); err != nil || answer != nil {
				t.Errorf("got %+v, %v, want no answer", answer, err)
			}
		}
	}
	for said, want := range map[string]bool{"Hello\n" + code: true, "nothing of it": false} {
		for _, language := range []string{"", "en"} {
			other := s.home(hubtest.WhatsAppAccount, "88692"+language)
			if language != "" {
				s.must(s.book.Set(ctx, s.Team, other.ID, hub.Register{Field: "language", Value: language, At: s.now(), Source: "event"}))
			}
			got, err := s.links.Came(ctx, came(other, hub.Said{Type: hub.Text, Text: said}))
			if err != nil || (got != nil) != want || want && strings.Contains(got.Text, "expired") != (language == "en") {
				t.Errorf("%q in %q: got %+v, %v, want an answer: %v", said, language, got, err, want)
			}
		}
	}
	if !s.one(anna.ID, there.ID) || s.totals(act).Links != 1 {
		t.Errorf("got %+v, want one link", s.totals(act))
	}
}

func TestTheModulesOfActivitiesAreKnown(t *testing.T) {
	s := newScene(t)
	for module, want := range map[hub.ModuleID]string{whatsAppModule: "[activity/summer]", lineModule: "[]", "": "[]"} {
		if got, err := s.acts.Users(ctx, team, module); err != nil || fmt.Sprint(got) != want {
			t.Errorf("%q: got %v, %v, want %s", module, got, err, want)
		}
	}
}
