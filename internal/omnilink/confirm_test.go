package omnilink_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/omnilink"
	"omnihub/internal/store"
)

// pending has somebody bring a code of Anna's who is asked first, since she has a member id.
func (s *scene) pending() (anna, there hub.Home, code string) {
	s.t.Helper()
	anna = s.anna()
	s.member(anna.ID, "M1")
	code = s.code(act, anna)
	there = s.arrive("886911223344")
	x := s.text(there, code)
	for range 2 {
		if got, want := s.complete(x), (omnilink.Outcome{State: omnilink.Pending, Activity: act}); got != want {
			s.t.Fatalf("got %+v, want %+v", got, want)
		}
	}
	return anna, there, code
}

func (s *scene) answer(h hub.Home, code, what string) omnilink.Outcome {
	s.t.Helper()
	out, err := s.links.Confirm(ctx, omnilink.Answer{Team: team, Home: h.ID, At: s.now(), Data: "ol1." + s.hash(code) + "." + what})
	s.must(err)
	return out
}

func (s *scene) hash(code string) string { return hub.Digest("omnilink code", code) }

func TestAForwardedLinkJoinsNobodyBeforeTheSourceSaysYes(t *testing.T) {
	s := newScene(t)
	anna, there, code := s.pending()
	if s.one(anna.ID, there.ID) {
		t.Fatal("they are one contact before anybody was asked")
	}
	// The question goes to Anna alone, once, and nothing is written at either side.
	if got, want := s.told(), "line1 U_anna: asked"; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
	for _, h := range []hub.HomeID{anna.ID, there.ID} {
		c, err := s.book.Contact(ctx, team, h)
		if err != nil || len(c.Homes) != 1 || len(c.Edges) != 0 {
			t.Errorf("got %+v, %v, want it single", c, err)
		}
	}
	if got := s.totals(act); got.Links != 0 {
		t.Errorf("got %+v before anybody was asked", got)
	}
	bert := s.home(hubtest.LineAccount, "U_bert")
	for _, h := range []hub.Home{bert, there} {
		if got := s.answer(h, code, "y"); got.State != omnilink.Refused || s.one(anna.ID, there.ID) {
			t.Errorf("got %+v for somebody else's yes", got)
		}
		if got := s.answer(h, code, "n"); got.State != omnilink.Refused {
			t.Errorf("got %+v for somebody else's no", got)
		}
	}
	for range 2 {
		if got, want := s.answer(anna, code, "y"), (omnilink.Outcome{State: omnilink.Linked, Activity: act, New: true}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if !s.one(anna.ID, there.ID) || s.totals(act).Links != 1 {
		t.Errorf("got %+v, want the link", s.totals(act))
	}
	if got := s.answer(anna, code, "n"); got.State != omnilink.Refused || !s.one(anna.ID, there.ID) {
		t.Errorf("got %+v for a no after the yes", got)
	}
}

func TestNoEndsItAndNothingIsJoined(t *testing.T) {
	s := newScene(t)
	anna, there, code := s.pending()
	for _, said := range []string{"n", "n", "y", "y"} {
		if got := s.answer(anna, code, said); got.State != omnilink.Refused {
			t.Errorf("%s: got %+v, want it over", said, got)
		}
	}
	if s.one(anna.ID, there.ID) {
		t.Error("they are one contact")
	}
	if got := s.complete(s.text(there, code)); got.State != omnilink.Refused {
		t.Errorf("got %+v for the code again", got)
	}
	// There is no reason in the list for it: nothing came of the tap.
	rows := s.rows(act, store.NotLinked)
	if len(rows) != 1 || rows[0].Reason != hub.LinkNothingCame {
		t.Errorf("got %+v, want a failure without a reason", rows)
	}
	if got, want := s.told(), "line1 U_anna: asked"; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
}

func TestTheQuestionHoldsForADay(t *testing.T) {
	for late, want := range map[time.Duration]omnilink.State{-time.Second: omnilink.Linked, 0: omnilink.Refused, time.Second: omnilink.Refused} {
		s := newScene(t)
		anna, there, code := s.pending()
		s.Clock.Advance(24*time.Hour + late)
		if got := s.answer(anna, code, "y"); got.State != want || s.one(anna.ID, there.ID) != (want == omnilink.Linked) {
			t.Errorf("%v after its end: got %+v, want %v", late, got, want)
		}
	}
}

func TestYesIsJudgedAsTheLinkItself(t *testing.T) {
	s := newScene(t)
	anna, there, code := s.pending()
	s.member(there.ID, "M2")
	for range 2 {
		if got, want := s.answer(anna, code, "y"), (omnilink.Outcome{State: omnilink.Failed, Reason: hub.LinkMemberConflict, Activity: act}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if s.one(anna.ID, there.ID) {
		t.Error("they are one contact")
	}
}

func TestYesAndNoAtOnceComeToOneOfBoth(t *testing.T) {
	for range 5 {
		s := newScene(t)
		anna, there, code := s.pending()
		var wait sync.WaitGroup
		for _, said := range []string{"y", "n", "y", "n"} {
			wait.Go(func() {
				if _, err := s.links.Confirm(ctx, omnilink.Answer{Team: team, Home: anna.ID, At: s.now(), Data: "ol1." + s.hash(code) + "." + said}); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		c, err := s.Store.LinkCode(ctx, team, s.hash(code))
		if err != nil || s.one(anna.ID, there.ID) != (c.State == store.LinkUsed) || c.State != store.LinkUsed && c.State != store.LinkDeclined {
			t.Errorf("got a code that is %s, and one contact: %v, %v", c.State, s.one(anna.ID, there.ID), err)
		}
	}
}

func TestANoInBetweenIsHeard(t *testing.T) {
	s := newScene(t)
	anna, there, code := s.pending()
	links := s.linker(s.As("racing", before("TransactWriteItems", 1, func() { s.answer(anna, code, "n") })))
	out, err := links.Confirm(ctx, omnilink.Answer{Team: team, Home: anna.ID, At: s.now(), Data: "ol1." + s.hash(code) + ".y"})
	if err != nil || out.State != omnilink.Refused || s.one(anna.ID, there.ID) {
		t.Errorf("got %+v, %v, one contact: %v; want the no to stand", out, err, s.one(anna.ID, there.ID))
	}
}

func TestWhoIsAskedFollowsFromTheRuleAndWhatIsAtStake(t *testing.T) {
	nothing := func(*scene, hub.Home, hub.Home) {}
	for _, step := range []struct {
		name  string
		rule  hub.LinkConfirm
		stake func(s *scene, anna, there hub.Home)
		want  omnilink.State
	}{
		{"nothing", hub.ConfirmMatters, nothing, omnilink.Linked},
		{"nothing, always", hub.ConfirmAlways, nothing, omnilink.Pending},
		{"a member id of the source", hub.ConfirmMatters, func(s *scene, anna, _ hub.Home) { s.member(anna.ID, "M") }, omnilink.Pending},
		{"a member id of the target", hub.ConfirmMatters, func(s *scene, _, there hub.Home) { s.member(there.ID, "M") }, omnilink.Pending},
		{"a member id, never", hub.ConfirmNever, func(s *scene, anna, _ hub.Home) { s.member(anna.ID, "M") }, omnilink.Linked},
		{"a channel more at the source", hub.ConfirmMatters, func(s *scene, anna, _ hub.Home) {
			_, err := s.book.Join(ctx, team, anna.ID, s.home(hubtest.LineAccount, "U_more").ID, hub.EvidencePerson, "", "x")
			s.must(err)
		}, omnilink.Pending},
		{"a channel more at the target", hub.ConfirmMatters, func(s *scene, _, there hub.Home) {
			_, err := s.book.Join(ctx, team, there.ID, s.home(hubtest.LineAccount, "U_more").ID, hub.EvidencePerson, "", "x")
			s.must(err)
		}, omnilink.Pending},
		{"a coupon", hub.ConfirmMatters, func(s *scene, anna, there hub.Home) { s.coupons(there.ID) }, omnilink.Pending},
		{"somebody else's coupon", hub.ConfirmMatters, func(s *scene, anna, there hub.Home) { s.coupons("other") }, omnilink.Linked},
	} {
		s := newScene(t)
		anna := s.anna()
		s.change(act, func(a *hub.Activity) { a.Confirm = step.rule })
		code := s.code(act, anna)
		there := s.arrive("1")
		step.stake(s, anna, there)
		if got := s.complete(s.text(there, code)); got.State != step.want {
			t.Errorf("%s: got %+v, want %v", step.name, got, step.want)
		}
	}
}

// coupons gives a home something of worth.
func (s *scene) coupons(owner hub.HomeID) {
	s.links.Worth = func(_ context.Context, _ hub.TeamID, homes []hub.HomeID) (bool, error) {
		return slices.Contains(homes, owner), nil
	}
}

func TestTheQuestionSpeaksTheCustomersLanguage(t *testing.T) {
	s := newScene(t)
	for language, want := range map[string]string{"": "是", "zh-Hant-HK": "是", "en-GB": "Yes", "zh-CN": "是", "ja": "是"} {
		anna := s.home(hubtest.LineAccount, "U_"+language)
		s.member(anna.ID, "M"+language)
		if language != "" {
			s.must(s.book.Set(ctx, s.Team, anna.ID, hub.Register{Field: "language", Value: language, At: s.now(), Source: "event"}))
		}
		if got := s.complete(s.text(s.arrive("1"+language), s.code(act, anna))); got.State != omnilink.Pending {
			t.Fatalf("got %+v", got)
		}
		s.must(s.follow(s.after, anna.ID))
		asked := s.asked
		if asked.Type != hub.Buttons || len(asked.Buttons) != 2 || asked.Buttons[0].Title != want {
			t.Errorf("%q: got %+v, want %s first", language, asked, want)
		}
		for _, b := range asked.Buttons {
			if !omnilink.IsAnswer(b.Data) || len(b.Data) > 64 {
				t.Errorf("%q is no answer, or too long", b.Data)
			}
		}
		// Every source shows it as it is, or as what can be tapped or typed.
		for kind, a := range s.adapters() {
			if _, _, err := channel.Fit(a.Capabilities(), asked); a.Capabilities().Linking.Source && err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		}
	}
	for _, data := range []string{"", "ol1.", "ol1.x.y", "b1.x.1.y", "ol1." + s.hash("x"), "ol1." + s.hash("x") + ".z", "ol1." + s.hash("x") + ".y.", "OL1." + s.hash("x") + ".y"} {
		if omnilink.IsAnswer(data) {
			t.Errorf("%q was taken for an answer", data)
		}
	}
}

func TestUndoGivesBothSidesBackAsTheyWere(t *testing.T) {
	s := newScene(t)
	anna, there, code := s.pending()
	s.must(s.book.Patch(ctx, team, there.ID, []contact.Change{{Field: "name", Value: "Chen"}, {Field: "email", Value: "chen@example.com"}}, s.audit("patch")))
	folded := func() string {
		out := ""
		for _, h := range []hub.HomeID{anna.ID, there.ID} {
			c, err := s.book.Contact(ctx, team, h)
			s.must(err)
			for i := range c.Homes {
				c.Homes[i].Version = 0
			}
			out += fmt.Sprintf("%s %q %s %+v %+v %+v\n", c.Root, c.MemberID.Reveal(), c.Holder, c.Homes, c.Edges, c.Fields)
		}
		return out
	}
	before := folded()
	if got := s.answer(anna, code, "y"); got.State != omnilink.Linked {
		t.Fatalf("got %+v", got)
	}
	if folded() == before {
		t.Fatal("the link changed nothing")
	}
	s.must(s.book.Undo(ctx, team, [][2]hub.HomeID{{anna.ID, there.ID}}, s.audit("undo")))
	if after := folded(); after != before {
		t.Errorf("got\n%s\nwant\n%s", after, before)
	}
	// What was delivered then comes again: it does not join them again.
	if got := s.answer(anna, code, "y"); got.State != omnilink.Linked || folded() != before {
		t.Errorf("got %+v, and\n%s\nwant it left as it was undone", got, folded())
	}
	s.Clock.Advance(time.Minute)
	if got := s.complete(s.text(there, s.code(act, anna))); got.State != omnilink.Pending {
		t.Errorf("got %+v for another tap", got)
	}
}
