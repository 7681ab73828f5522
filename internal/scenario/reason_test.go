package scenario

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"omnihub/internal/browser"
	"omnihub/internal/stack"
)

// cast are the two customers of a campaign, who is nobody to the hub yet.
func cast(id string) (from, to person) {
	for _, c := range campaigns {
		if c.id == id {
			return person{c.source, "Ann of " + id}, person{c.target, "Bob of " + id}
		}
	}
	panic("no campaign " + id)
}

// opened is the page behind the card that a customer gets of a campaign, in a browser of
// who goes on from there. The card's home goes along.
func (s *scene) opened(id string, d browser.Device, from, to person) (tab *browser.Tab, source string) {
	s.t.Helper()
	link := s.card(from, id, cardText, cardButton)
	source = s.contact(from)
	tab = s.open(d, link, to)
	tab.WaitText("h1", cardText)
	return tab, source
}

// switched turns a campaign off or on, everywhere.
func (s *scene) switched(id, how string) {
	s.t.Helper()
	s.asks("POST", "/activities/"+id+"/"+how, nil, http.StatusOK)
	s.pass(settled)
}

func TestOmniLinkIsDisabledBeforeTheTap(t *testing.T) {
	s := enter(t)
	from, to := cast("offbefore")
	tab, _ := s.opened("offbefore", browser.Phone("zh-TW").As(browser.MessengerIPhone), from, to)
	tabs := map[string]*browser.Tab{"zh-TW": tab}
	for _, language := range languages[1:] {
		tabs[language] = s.open(browser.Phone(language), tab.URL(), to)
	}
	s.switched("offbefore", "disable")
	for _, language := range languages {
		taps(tabs[language])
		shows(tabs[language], "h1", missing[language], "disabled-before-the-tap-"+language)
		s.ends(tabs[language])
	}
	s.counted("offbefore", failedOnce)
	s.listed("offbefore", from, to, disabled)
	// Its card is none any more, and nobody who comes so takes part.
	s.writes(from, "offbefore")
	s.told(from, cardText, leadsNowhere)
	other := person{from.account, "Cat of offbefore"}
	s.writes(other, "offbefore")
	s.told(other, leadsNowhere)
	s.counted("offbefore", failedOnce)
	// On again it links, and the failure is forgotten.
	s.switched("offbefore", "enable")
	tab.Go(s.card(from, "offbefore", cardText, cardButton))
	taps(tab)
	s.sends(tab)
	s.counted("offbefore", once)
	s.listed("offbefore", from, to, succeeded)
}

func TestOmniLinkIsDisabledAfterTheTap(t *testing.T) {
	s := enter(t)
	from, to := cast("offafter")
	tab, source := s.opened("offafter", browser.Phone("en"), from, to)
	taps(tab)
	s.filled(tab)
	s.switched("offafter", "disable")
	s.sends(tab)
	s.told(from, cardText, notLinked)
	said := s.gets(from)
	if got := choicesOf(from.channel(), said[len(said)-1].Body); len(got) != 1 || got[0][0] != askPeople {
		t.Errorf("got the failure with the buttons %q, want that of the module: %s", got, askPeople)
	}
	s.told(to)
	s.apart(source, s.contact(to))
	s.counted("offafter", failedOnce)
	s.listed("offafter", from, to, disabled)
}

func TestOmniLinkIsDisabledBeforeTheSignIn(t *testing.T) {
	s := enter(t)
	from, to := cast("offlogin")
	s.befriends(to)
	tab, source := s.opened("offlogin", browser.Phone("en"), from, to)
	taps(tab)
	tab.WaitAt(s.Platform + "/line/oauth2/v2.1/authorize")
	s.switched("offlogin", "disable")
	s.signsIn(tab, "allow")
	see(tab, "failed", "en", "disabled-before-the-sign-in")
	s.rest()
	s.told(from, cardText, notLinked)
	s.told(to, welcome)
	s.apart(source, s.contact(to))
	s.counted("offlogin", failedOnce)
	s.listed("offlogin", from, to, disabled)
}

// TestOmniLinkOfTwoWhoAreNeverOne: a person has said that they are two.
func TestOmniLinkOfTwoWhoAreNeverOne(t *testing.T) {
	s := enter(t)
	from, to := cast("never")
	s.writes(to, "hello")
	tab, source := s.opened("never", browser.Phone("zh-TW"), from, to)
	there := s.contact(to)
	s.asks("PUT", "/contacts/"+source+"/never/"+there, object{"why": "brothers"}, http.StatusNoContent)
	taps(tab)
	s.sends(tab)
	s.told(from, cardText, notLinked)
	s.told(to)
	s.apart(source, there)
	s.counted("never", failedOnce)
	s.listed("never", from, to, ourFault)
}

// erasing begins the erasure of a contact, and keeps it from being carried out until the
// test lets it.
func (s *scene) erasing(home string) (erase func()) {
	s.t.Helper()
	s.must(s.Faults(s.ctx, map[string]any{stack.Lambda: stack.LambdaPlan{Throttle: 1, Functions: []string{"erase"}}}))
	lift := func() {
		s.t.Helper()
		s.must(s.Faults(s.ctx, map[string]any{stack.Lambda: nil}))
	}
	s.t.Cleanup(func() { _ = stage.stack.Faults(context.Background(), map[string]any{stack.Lambda: nil}) })
	preview := s.asks("GET", "/contacts/"+home+"/erasure", nil, http.StatusOK)
	begun := s.asks("POST", "/contacts/"+home+"/erasure", object{"confirm": preview.Text("confirm")}, http.StatusAccepted)
	return func() {
		s.t.Helper()
		lift()
		for range 20 {
			s.pass(time.Minute)
			if s.asks("GET", "/erasures/"+begun.Text("id"), nil, http.StatusOK).Value("erased_at") != nil {
				return
			}
		}
		s.t.Fatalf("the erasure of %s does not end\n%s", home, warnings())
	}
}

func TestOmniLinkSourceIsErased(t *testing.T) {
	s := enter(t)
	from, to := cast("nosource")
	tab, source := s.opened("nosource", browser.Phone("zh-TW"), from, to)
	taps(tab)
	s.filled(tab)
	erase := s.erasing(source)
	s.sends(tab)
	s.told(from, cardText) // nothing goes to who is being erased
	s.told(to)
	s.apart(s.contact(to))
	s.counted("nosource", failedOnce)
	s.listed("nosource", from, to, noSource)
	erase()
	s.unlisted("nosource")
}

func TestOmniLinkTargetIsErased(t *testing.T) {
	s := enter(t)
	from, to := cast("notarget")
	tab, source := s.opened("notarget", browser.Phone("zh-TW"), from, to)
	taps(tab)
	s.sends(tab)
	q := s.question(from, "zh-TW")
	erase := s.erasing(s.contact(to))
	s.answers(from, q.yes)
	s.told(from, cardText, q.text, notLinked)
	s.told(to)
	s.apart(source)
	s.counted("notarget", failedOnce)
	s.listed("notarget", from, to, noTarget)
	erase()
	s.listed("notarget", from, to, noTarget)
}

func TestOmniLinkMemberIDConflict(t *testing.T) {
	for _, id := range []string{"conflict", "conflictline"} {
		t.Run(id, func(t *testing.T) {
			s := enter(t)
			from, to := cast(id)
			if to.channel() == "line" {
				s.befriends(to)
			} else {
				s.writes(to, "hello")
			}
			there := s.contact(to)
			tab, source := s.opened(id, browser.Phone("zh-TW"), from, to)
			s.member(source, "M-1 of "+id)
			s.member(there, "M-2 of "+id)
			taps(tab)
			if to.channel() == "line" {
				tab.WaitAt(s.Platform + "/line/oauth2/v2.1/authorize")
			} else {
				s.filled(tab)
			}
			s.rest()
			before := append(s.contactOf(source), s.contactOf(there)...)
			if to.channel() == "line" {
				s.signsIn(tab, "allow")
				s.sees(tab, to, "failed", "zh-TW", "member-id-conflict")
				s.rest()
				s.told(to, welcome)
			} else {
				s.sends(tab)
				s.told(to)
			}
			if after := append(s.contactOf(source), s.contactOf(there)...); !slices.Equal(after, before) {
				t.Errorf("got %q in place of %q, want the contacts as they were", only(after, before), only(before, after))
			}
			s.told(from, cardText, notLinked)
			s.apart(source, there)
			s.counted(id, failedOnce)
			s.listed(id, from, to, conflict)
		})
	}
}

// member gives a contact a member id.
func (s *scene) member(home, id string) {
	s.t.Helper()
	s.asks("PATCH", "/contacts/"+home, object{"member_id": id}, http.StatusOK)
}

func TestOmniLinkNothingCame(t *testing.T) {
	s := enter(t)
	from, to := cast("nothing")
	tab, source := s.opened("nothing", browser.Phone("zh-TW").As(browser.InstagramIPhone), from, to)
	taps(tab)
	s.filled(tab)
	s.pass(time.Minute)
	s.counted("nothing", silent)
	s.listed("nothing", from, to, noneCame)
	s.told(from, cardText)
	s.apart(source)
}

func TestOmniLinkHasExpired(t *testing.T) {
	s := enter(t)
	from, to := cast("late")
	tab, source := s.opened("late", browser.Phone("zh-TW"), from, to)
	taps(tab)
	s.filled(tab)
	s.pass(16 * time.Minute)
	s.sends(tab)
	s.told(from, cardText)
	s.told(to, ended["zh-TW"])
	s.apart(source, s.contact(to))
	s.counted("late", silent)
	s.listed("late", from, to, noneCame)
	// The link itself lives on: a tap of today is good.
	s.pass(longBefore)
	tab.Go(s.card(from, "late", cardText, cardButton))
	taps(tab)
	s.sends(tab)
	s.joined(source, s.other(source), from, to, sourceTag, targetTag)
	s.told(to, ended["zh-TW"], linkedThere)
	s.counted("late", once) // his contact came to be by the first tap
	s.listed("late", from, to, succeeded)
}

func TestOmniLinkHasExpiredBeforeTheSignIn(t *testing.T) {
	s := enter(t)
	from, to := cast("latelogin")
	s.befriends(to)
	tab, source := s.opened("latelogin", browser.Phone("zh-TW"), from, to)
	taps(tab)
	tab.WaitAt(s.Platform + "/line/oauth2/v2.1/authorize")
	s.pass(11 * time.Minute)
	s.signsIn(tab, "allow")
	s.sees(tab, to, "expired", "zh-TW", "expired")
	s.rest()
	s.told(from, cardText)
	s.told(to, welcome)
	s.apart(source, s.contact(to))
	s.counted("latelogin", silent)
	s.listed("latelogin", from, to, noneCame)
}
