package account_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/account"
	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// ends lets a token end so long after now.
func (s *scene) ends(token string, in time.Duration) {
	s.accounts[token].expires, s.accounts[token].told = hub.MillisOf(s.Clock.Now()).Add(in), true
}

func TestPersonIsWarnedThreeTimes(t *testing.T) {
	s := newScene(t)
	s.ends("t1", 30*day)
	s.connect(wish("a1", "t1"))
	s.pass(20*day - time.Hour)
	s.expect("a1", "connected")
	s.pass(2 * time.Hour)
	s.expect("a1", "connected, token_expiring 10")
	s.pass(6 * day)
	s.expect("a1", "connected, token_expiring 10")
	s.pass(day)
	s.expect("a1", "connected, token_expiring 10, token_expiring 3")
	s.pass(2 * day)
	s.expect("a1", "connected, token_expiring 10, token_expiring 3, token_expiring 1")
	s.accounts["t1"].refused = true
	s.pass(2 * day)
	s.expect("a1", "connected, token_expiring 10, token_expiring 3, token_expiring 1, token_expired")
	if st := s.status("a1"); st.Expired == 0 || st.Care.Trouble != hub.TokenExpired || st.Care.Why != "the token is refused" {
		t.Errorf("got %+v", st)
	}

	// A person gives it a new one.
	s.accounts["t1b"] = &owned{name: "page1"}
	w := wish("a1", "t1b")
	delete(w.Secrets, "secret")
	s.connect(w)
	s.expect("a1", "connected, token_expiring 10, token_expiring 3, token_expiring 1, token_expired, token_renewed person")
	if st := s.status("a1"); st.Expired != 0 || st.Care.Trouble != "" || st.Care.Expires != 0 {
		t.Errorf("got %+v", st)
	}
}

func TestWarningsThatWerePassedAreNotMadeUpFor(t *testing.T) {
	s := newScene(t)
	s.ends("t1", 2*day+time.Hour)
	s.connect(wish("a1", "t1"))
	s.pass(2 * time.Hour)
	s.expect("a1", "connected, token_expiring 3")
}

// renews gives the toy the ability.
func (s *scene) renews() *renewing {
	r := &renewing{toy: s.toy, now: s.Clock.Now}
	s.keeper.Adapters["toy"] = r
	return r
}

func TestTokenIsRenewedTenDaysAhead(t *testing.T) {
	s := newScene(t)
	r := s.renews()
	s.ends("t1", 30*day)
	s.connect(wish("a1", "t1"))
	s.pass(20*day - time.Hour)
	if r.n != 0 {
		t.Fatal("renewed too early")
	}
	s.pass(2 * time.Hour)
	st := s.status("a1")
	if st.Platform.Secrets["token"] != "renewed1" || st.Care.Expires != s.accounts["renewed1"].expires || st.Own["token"] != "renewed1" {
		t.Errorf("got %+v", st.Care)
	}
	s.expect("a1", "connected, token_renewed hub")
	s.pass(55 * day)
	s.expect("a1", "connected, token_renewed hub, token_renewed hub")
	if r.n != 2 {
		t.Errorf("renewed %d times in 75 days, want 2", r.n)
	}
}

func TestTokenOfUnknownEndIsRenewedOnceItIsADayOld(t *testing.T) {
	s := newScene(t)
	r := s.renews()
	s.connect(wish("a1", "t1"))
	s.pass(23 * time.Hour)
	if r.n != 0 {
		t.Error("renewed within the first day")
	}
	s.pass(3 * time.Hour)
	if st := s.status("a1"); r.n != 1 || st.Care.Expires == 0 {
		t.Errorf("renewed %d times, ends %d", r.n, st.Care.Expires)
	}
}

func TestTokenThatCannotBeRenewedIsWarnedOf(t *testing.T) {
	s := newScene(t)
	r := s.renews()
	s.ends("t1", 11*day)
	s.accounts["t1"].fixed = true
	s.connect(wish("a1", "t1"))
	s.pass(2 * day)
	s.expect("a1", "connected, token_expiring 10")
	s.took()
	s.pass(2 * day)
	if calls := s.took(); strings.Contains(calls, "refresh") || r.n != 0 {
		t.Errorf("got the calls %q, want no other try", calls)
	}
}

func TestFailingRenewalIsTriedEachHourAndWarnedOfLater(t *testing.T) {
	s := newScene(t)
	s.renews()
	s.ends("t1", 11*day)
	s.connect(wish("a1", "t1"))
	s.down = true
	s.pass(3 * day)
	s.expect("a1", "connected")
	s.took()
	s.pass(3 * time.Hour)
	if got := strings.Count(s.took(), "refresh"); got != 3 {
		t.Errorf("tried %d times in 3 hours, want 3", got)
	}
	s.pass(5 * day)
	s.expect("a1", "connected, token_expiring 3")
	s.down = false
	s.pass(time.Hour)
	s.expect("a1", "connected, token_expiring 3, token_renewed hub")
}

func TestRefusalIsToldOnceForAToken(t *testing.T) {
	s := newScene(t)
	s.connect(wish("a1", "t1"))
	s.accounts["t1"].refused = true
	// A send is refused first; the daily look is later.
	at := hub.MillisOf(s.Clock.Now())
	if err := s.Store.PutTokenExpired(ctx, team, "a1", s.status("a1").Fingerprint, at); err != nil {
		t.Fatal(err)
	}
	s.pass(3 * day)
	s.expect("a1", "connected, token_expired")
	if st := s.status("a1"); st.Expired != at {
		t.Errorf("got %d, want the first refusal's time %d", st.Expired, at)
	}
	// Another token that is refused is told again.
	s.accounts["t1b"] = &owned{name: "page1"}
	s.connect(wish("a1", "t1b"))
	s.accounts["t1b"].refused = true
	s.pass(2 * day)
	s.expect("a1", "connected, token_expired, token_renewed person, token_expired")
}

func TestLostWebhookIsToldOnceForEachLoss(t *testing.T) {
	s := newScene(t)
	s.connect(wish("a1", "t1"))
	s.webhooks["page1"] = "https://other.example/hook"
	s.pass(3 * day)
	s.expect("a1", "connected, webhook_lost")
	if st := s.status("a1"); st.Care.Lost == 0 {
		t.Errorf("got %+v", st.Care)
	}
	if _, err := s.keeper.Actualize(ctx, team, "a1"); err != nil || s.status("a1").Care.Lost != 0 {
		t.Errorf("got %v, %+v", err, s.status("a1").Care)
	}
	s.pass(2 * day)
	s.webhooks["page1"] = "https://other.example/hook"
	s.pass(2 * day)
	s.expect("a1", "connected, webhook_lost, webhook_lost")
}

func TestAccountIsLookedAfterOnceADay(t *testing.T) {
	s := newScene(t)
	s.connect(wish("a1", "t1"))
	s.connect(wish("a2", "t2"))
	s.pass(2 * time.Hour)
	s.took()
	s.pass(10 * day)
	calls := s.took()
	if n := strings.Count(calls, "check a1"); n != 10 {
		t.Errorf("got %d looks in 10 days, want 10", n)
	}
	if n := strings.Count(calls, ","); n != 39 {
		t.Errorf("got %d calls, want 2 a day for each of two accounts", n+1)
	}
}

func TestOneAccountStopsNoOther(t *testing.T) {
	s := newScene(t)
	s.connect(wish("a1", "t1"))
	s.connect(wish("a2", "t2"))
	s.Clock.Advance(2 * time.Hour)
	s.keeper.Adapters["toy"] = &stuck{s.toy}
	out, err := s.keeper.Due(ctx)
	if err != nil || out != (account.Looked{Looked: 4, Left: 1}) { // the hub's own two beside
		t.Errorf("got %+v, %v", out, err)
	}
	if s.status("a2").Care.Due <= hub.MillisOf(s.Clock.Now()) {
		t.Error("the other was not looked after")
	}
}

// stuck is a toy that answers nothing about a1.
type stuck struct{ *toy }

func (k *stuck) Check(c context.Context, a channel.Account) (channel.Standing, error) {
	if a.ID == "a1" {
		return channel.Standing{}, hub.E(hub.RateLimited, "toy: check", nil)
	}
	return k.toy.Check(c, a)
}

func TestTwoRunsAtOnceTellEverythingOnce(t *testing.T) {
	s := newScene(t)
	s.renews()
	for _, id := range []string{"1", "2", "3"} {
		s.ends("t"+id, 9*day)
		s.connect(wish(hub.AccountID("a"+id), hub.Secret("t"+id)))
	}
	s.Clock.Advance(2 * time.Hour)
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			if _, err := s.keeper.Due(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	for _, id := range []hub.AccountID{"a1", "a2", "a3"} {
		s.expect(id, "connected, token_renewed hub")
		if token := s.status(id).Own["token"].Reveal(); s.accounts[token] == nil || s.accounts[token].name != "page"+string(id[1:]) {
			t.Errorf("%s has the token %q", id, token)
		}
	}
}

func TestLookThatIsCutOffIsMadeUpFor(t *testing.T) {
	for _, after := range []bool{false, true} {
		for calls := 0; ; calls++ {
			s := newScene(t)
			s.renews()
			s.ends("t1", 9*day)
			s.connect(wish("a1", "t1"))
			s.webhooks["page1"] = "https://other.example/hook"
			s.Clock.Advance(2 * time.Hour)
			keeper := *s.keeper
			keeper.Setup.Store = s.As("cut", hubtest.Cut(calls, after))
			out, err := keeper.Due(ctx)
			s.pass(3 * time.Hour)
			s.expect("a1", "connected, token_renewed hub, webhook_lost")
			if err == nil && out.Left == 0 && out.Looked > 0 {
				break
			}
			if calls > 100 {
				t.Fatal("there is no end of calls")
			}
		}
	}
}

func TestPersonsTokenStandsAgainstARenewalUnderWay(t *testing.T) {
	s := newScene(t)
	r := s.renews()
	s.ends("t1", 9*day)
	s.connect(wish("a1", "t1"))
	a, err := s.Setup.Account(ctx, team, "a1")
	if err != nil {
		t.Fatal(err)
	}
	s.accounts["person"] = &owned{name: "page1"}
	s.connect(wish("a1", "person"))
	err = s.Setup.Renew(ctx, a, channel.Secrets{"token": "late"}, a.Care)
	refuses(t, "a renewal of what was replaced", err, hub.Conflict, "")
	if got := s.status("a1").Own["token"]; got != "person" || r.n != 0 {
		t.Error("the person's token was overwritten")
	}
}

func TestIdleRunAsksForTheDueOnly(t *testing.T) {
	s := newScene(t)
	s.connect(wish("a1", "t1"))
	s.pass(2 * time.Hour)
	keeper := *s.keeper
	keeper.Setup.Store = s.As("TokenRefresh", nil)
	s.Cloud.Meter().Reset()
	if _, err := keeper.Due(ctx); err != nil {
		t.Fatal(err)
	}
	if calls, _, write := s.Calls("TokenRefresh"); calls != store.Shards || write != 0 {
		t.Errorf("got %d calls and %v WRU, want %d and none", calls, write, store.Shards)
	}
}

func TestSecretsOfAnAccountAreRenewedWhereTheyStand(t *testing.T) {
	s := newScene(t)
	s.setup = channel.Setup{Connection: []channel.Field{{Name: "secret"}, {Name: "token"}}, External: "the page's number", Single: true}
	s.renews()
	s.ends("t1", 9*day)
	s.connect(wish("a1", "t1"))
	s.pass(2 * time.Hour)
	a := s.status("a1")
	c, err := s.Setup.Connection(ctx, team, "toys")
	if err != nil || c.Secrets["token"] != "renewed1" || len(a.Own) != 0 || a.Platform.Secrets["token"] != "renewed1" {
		t.Errorf("got %v of the connection and %d of the account, %v", c.Secrets["token"].Reveal(), len(a.Own), err)
	}
	s.expect("a1", "connected, token_renewed "+settings.ByHub)
}
