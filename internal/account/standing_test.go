package account_test

import (
	"fmt"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// greets makes a home in an account, as a customer's first message does.
func (s *scene) greets(id hub.AccountID) {
	s.t.Helper()
	err := s.Store.PutHome(ctx, team, hub.Home{ID: hub.HomeID("home" + id), Account: id, Channel: "toy", User: "u", External: "x", Kind: hub.Person, Created: 1})
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestAccountWithThreadsIsNotRemoved(t *testing.T) {
	s := newScene(t)
	s.connect(wish("a1", "t1"))
	s.connect(wish("a2", "t2"))
	s.greets("a1")
	_, err := s.keeper.Remove(ctx, team, "a1", false)
	refuses(t, "an account with threads", err, hub.Refused, "deactivate it instead")
	if !s.status("a1").Used || s.status("a2").Used {
		t.Error("want the first marked as used, and it alone")
	}
	if _, err := s.keeper.Remove(ctx, team, "a2", false); err != nil {
		t.Fatal(err)
	}
	if _, err := s.keeper.Status(ctx, team, "a2"); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v, want it gone", err)
	}
	if _, there := s.webhooks["page2"]; there {
		t.Error("its webhook stands at the platform still")
	}
	s.expect("a2", "connected, disconnected")
	_, err = s.keeper.Remove(ctx, team, "nosuch", false)
	refuses(t, "no account", err, hub.NotFound, "")
}

func TestMarkCostsOneWriteOfAProcess(t *testing.T) {
	s := newScene(t)
	st := s.As("Inbound", nil)
	st.Marks = &store.Marks{}
	s.Cloud.Meter().Reset()
	for n := range 5 {
		err := st.PutHome(ctx, team, hub.Home{ID: hub.HomeID(fmt.Sprint("home", n)), Account: "a1", Channel: "toy", User: "u", External: "x", Kind: hub.Person, Created: 1})
		if err != nil {
			t.Fatal(err)
		}
	}
	if calls, read, _ := s.Calls("Inbound"); calls != 7 || read != 0 { // one for the account, one for the day
		t.Errorf("got %d calls and %v RRU for five homes, want 7 and none", calls, read)
	}
}

func TestAccountIsPutOffAndOn(t *testing.T) {
	s := newScene(t)
	s.connect(wish("a1", "t1"))
	for range 2 { // it may be repeated
		if err := s.keeper.Deactivate(ctx, team, "a1"); err != nil {
			t.Fatal(err)
		}
	}
	read := func() *settings.Account {
		a, err := settings.NewReader(s.Store, s.Keyring, s.Clock.Now).Account(ctx, team, "a1")
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if !read().Off {
		t.Error("it is on")
	}
	s.connect(wish("a1", "t1"))
	if !read().Off {
		t.Error("connecting it again has put it on")
	}
	s.pass(2 * day)
	if s.status("a1").Care.Checked.Add(2*day) < hub.MillisOf(s.Clock.Now()) {
		t.Error("it is not looked after while it is off")
	}
	if err := s.keeper.Activate(ctx, team, "a1"); err != nil || read().Off {
		t.Errorf("got %v, off %v, want it on", err, read().Off)
	}
	refuses(t, "no account", s.keeper.Deactivate(ctx, team, "nosuch"), hub.NotFound, "")
}

func TestDisconnectTakesTheWebhookOutFirst(t *testing.T) {
	s := newScene(t)
	s.connect(wish("a1", "t1"))
	s.connect(wish("a2", "t2"))
	s.connect(wish("a3", "t3"))
	s.took()
	s.down = true
	_, err := s.keeper.Disconnect(ctx, team, "toys", false, "a1")
	refuses(t, "the platform is down", err, hub.Transient, "account a1")
	s.status("a1") // it is there
	notes, err := s.keeper.Disconnect(ctx, team, "toys", true, "a1")
	if err != nil || len(notes) != 1 {
		t.Errorf("with force: got %q, %v, want one note", notes, err)
	}
	s.down = false

	// Another system's webhook stays, and so does what a refused token cannot change.
	s.webhooks["page2"] = "https://other.example/hook"
	s.accounts["t3"].refused = true
	s.took()
	notes, err = s.keeper.Disconnect(ctx, team, "toys", false)
	if err != nil || len(notes) != 1 || s.webhooks["page2"] != "https://other.example/hook" {
		t.Errorf("got %q, %v, %v", notes, err, s.webhooks)
	}
	if got := s.took(); got != "registered a2, registered a3" {
		t.Errorf("got the calls %q", got)
	}
	if _, err := s.Setup.Connection(ctx, team, "toys"); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v, want the connection gone", err)
	}
	_, err = s.keeper.Disconnect(ctx, team, "toys", false)
	refuses(t, "once more", err, hub.NotFound, "")
	s.pass(2 * day)
	if got := s.took(); got != "" {
		t.Errorf("what is gone is still looked after: %q", got)
	}

	// The same ids come back: the history goes on.
	s.connect(wish("a1", "t1"))
	s.expect("a1", "connected, disconnected, connected")
	s.Clock.Advance(time.Hour)
	if st := s.status("a1"); st.Care.Gone != 0 || st.Care.Registered == 0 {
		t.Errorf("got %+v", st.Care)
	}
}

func TestActualizeTakesTheWebhookBackAndFollowsTheAPI(t *testing.T) {
	s := newScene(t)
	s.connect(wish("a1", "t1"))
	s.connect(wish("a2", "t2"))
	s.webhooks["page1"] = "https://other.example/hook"
	url, err := s.keeper.Actualize(ctx, team, "a1")
	if err != nil || s.webhooks["page1"] != url {
		t.Errorf("got %q, %v, at the platform %q", url, err, s.webhooks["page1"])
	}
	s.keeper.Setup.URL = "https://new.example"
	moved, err := s.keeper.Actualize(ctx, team, "a1")
	if err != nil || moved == url || s.webhooks["page1"] != moved || s.webhooks["page2"] != moved {
		t.Errorf("got %q, %v, at the platform %v, want both at the new address", moved, err, s.webhooks)
	}
	s.deaf = true
	_, err = s.keeper.Actualize(ctx, team, "a1")
	refuses(t, "a webhook that cannot be reached", err, hub.Refused, "cannot be reached")
	_, err = s.keeper.Actualize(ctx, team, hubtest.LineAccount)
	refuses(t, "a channel without a call for it", err, hub.BadRequest, "a person enters")
}

func TestCheckAsksNowAndListShowsAll(t *testing.T) {
	s := newScene(t)
	s.connect(wish("a1", "t1"))
	s.accounts["t1"].refused = true
	st, err := s.keeper.Check(ctx, team, "a1")
	if err != nil || st.Care.Trouble != hub.TokenExpired || st.Expired == 0 {
		t.Errorf("got %+v, %v", st, err)
	}
	s.down = true
	if _, err = s.keeper.Check(ctx, team, "a1"); hub.CodeOf(err) != hub.Transient {
		t.Errorf("got %v, want transient", err)
	}
	list, err := s.keeper.List(ctx, team)
	var ids []hub.AccountID
	for _, st := range list {
		ids = append(ids, st.Platform.ID)
	}
	if got := fmt.Sprint(ids); err != nil || got != "[a1 line1 whatsapp1]" {
		t.Errorf("got %s, %v", got, err)
	}
	_, err = s.keeper.List(ctx, "nobody")
	refuses(t, "no team", err, hub.NotFound, "")
}
