package erasure_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

func TestWhoComesBackBetweenTheSweepsStays(t *testing.T) {
	s := annaScene(t)
	e := s.erase()
	s.Clock.Advance(time.Second) // WhatsApp tells whole seconds
	s.come(s.whatsapp(digits, userID, wrote("before the first sweep")))
	s.Clock.Advance(time.Second)
	_, err := s.worker.Due(ctx)
	s.must(err)
	s.come(s.whatsapp(digits, userID, wrote("between the sweeps")))
	for _, wait := range []time.Duration{hub.ErasureSettle, hub.ErasureLast} {
		s.Clock.Advance(wait)
		_, err = s.worker.Due(ctx)
		s.must(err)
	}
	for _, a := range e.Aliases {
		if c, err := s.Store.Alias(ctx, team, store.Alias{Hash: a}, hubtest.WhatsAppAccount); err != nil || c.User == "" {
			t.Errorf("alias: got %+v, %v, want it to lead to who has come back", c, err)
		}
	}
	s.come(s.whatsapp("", userID, wrote("by the id")))
	s.come(s.whatsapp(digits, "", wrote("by the number")))
	fresh, err := s.Store.Thread(ctx, s.ref(hubtest.WhatsAppAccount, userID))
	s.must(err)
	number, err := s.Store.Thread(ctx, s.ref(hubtest.WhatsAppAccount, "wa:"+digits))
	s.must(err)
	if fresh.Account == "" || number.User != fresh.User {
		t.Errorf("got %+v and %+v, want one thread again", fresh, number)
	}
	text := s.Dump(s.Store.Tables.Messages)
	for _, want := range []string{"before the first sweep", "between the sweeps", "by the id", "by the number"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is lost", want)
		}
	}
	for _, old := range texts {
		if strings.Contains(text, old) {
			t.Errorf("found %q", old)
		}
	}
	for _, h := range e.Homes {
		if _, err := s.Store.Home(ctx, team, h); hub.CodeOf(err) != hub.NotFound {
			t.Errorf("old home: got %v, want not found", err)
		}
	}
}

// TestOldIDThatLeadsToANewOneBringsNothingWithIt: the thread to which an erased id leads
// by now was never erased itself.
func TestOldIDThatLeadsToANewOneBringsNothingWithIt(t *testing.T) {
	y := newToys(t)
	old := y.every("wa:" + digits)
	for _, e := range old {
		y.come(e)
	}
	y.home = y.homeOf("toy1", "wa:"+digits)
	e := y.erase()
	y.work()
	said := func(user string, ids ...string) {
		y.come(y.event(user, channel.Event{Kind: channel.EventMessage, Message: channel.Message{Text: "fresh"}, Aliases: aliases(ids...)}))
	}
	said("TW.7", "TW.7")
	said("wa:"+digits, "wa:"+digits)
	said("TW.7", "TW.7", "wa:"+digits)
	at, err := y.Store.ThreadAt(ctx, y.ref("toy1", "wa:"+digits))
	if err != nil || at.See == "" || at.Erased != e.At {
		t.Fatalf("got %+v, %v, want the number to lead to the other id", at, err)
	}
	before := y.dump()
	for _, e := range old {
		y.must(y.rc.Receive(ctx, e))
	}
	for where, text := range y.dump() {
		if where != "log" && text != before[where] {
			t.Errorf("%s: got\n%s\nwant\n%s", where, text, before[where])
		}
	}
}

func TestRevisionsOfAThreadGoOn(t *testing.T) {
	s := annaScene(t)
	ref := s.ref(hubtest.LineAccount, lineID)
	accept := func() hub.Thread {
		t.Helper()
		th, err := s.Store.Thread(ctx, ref)
		s.must(err)
		th, err = s.Store.Accept(ctx, ref, th.Conversation, "agent")
		s.must(err)
		return th
	}
	before := accept()
	s.erase()
	s.work()
	s.come(s.said(lineID, "500", "hello again"))
	if th := accept(); th.Rev <= before.Rev || th.Fence <= before.Fence {
		t.Errorf("got revision %d and fence %d, want them after %d and %d: an event of the bus would have an old one's id", th.Rev, th.Fence, before.Rev, before.Fence)
	}
}

func TestThreadThatChangedIsReadAgain(t *testing.T) {
	s := annaScene(t)
	ref := s.ref(hubtest.LineAccount, lineID)
	seen, err := s.Store.Thread(ctx, ref)
	s.must(err)
	e := hub.Erasure{Team: team, ID: "x", At: s.now(), Root: s.home, Homes: []hub.HomeID{s.home}, Phase: hub.ErasureBegun, Due: s.now()}
	change := map[string]func(){
		"another id leads to it": func() {
			_, err := s.Store.See(ctx, s.ref(hubtest.LineAccount, "another"), ref.User)
			s.must(err)
		},
		"an alias was settled": func() { s.must(s.Store.Settle(ctx, ref, []string{"alias"})) },
	}
	for name, do := range change {
		do()
		if err := s.Store.BeginErasure(ctx, e, nil, []hub.Thread{seen}, s.audit("erase")); hub.CodeOf(err) != hub.Conflict {
			t.Errorf("%s: got %v, want a conflict", name, err)
		}
		seen, err = s.Store.Thread(ctx, ref)
		s.must(err)
	}
}

func TestFirstArrivalsStay(t *testing.T) {
	s := annaScene(t)
	ref := s.ref(hubtest.LineAccount, lineID)
	id := "wamid." + base64.StdEncoding.EncodeToString([]byte(digits))
	at, err := s.Store.PutArrival(ctx, ref, id, s.now())
	s.must(err)
	s.erase()
	s.work()
	if again, err := s.Store.PutArrival(ctx, ref, id, s.now()); err != nil || again != at {
		t.Errorf("got %d, %v, want %d: it would count as new", again, err, at)
	}
	if strings.Contains(s.Dump(s.Store.Tables.Messages), id) {
		t.Error("the message's id, which holds the number, stands in a key that outlives the erasure")
	}
}

func TestNothingAtOtherHomesNamesAnErasedOne(t *testing.T) {
	s := annaScene(t)
	for i := range 6 {
		name := string(rune('a' + i))
		s.come(s.said("U_other_"+name, "60"+name, "others"))
		other := s.homeOf(hubtest.LineAccount, "U_other_"+name)
		if i%2 == 0 {
			_, err := s.book.JoinBy(ctx, team, other, s.home, hub.EvidencePerson, "", s.audit("join"))
			s.must(err)
			s.must(s.book.Undo(ctx, team, [][2]hub.HomeID{{other, s.home}}, s.audit("undo")))
		} else {
			s.must(s.book.Never(ctx, team, other, s.home, "", s.audit("never")))
		}
		s.must(s.book.Candidate(ctx, team, other, s.home, hub.ReasonEmail))
	}
	s.must(s.book.Patch(ctx, team, s.home, []contact.Change{{Field: "email", Value: "other" + annaMail}}, s.audit("patch")))
	e := s.erase()
	s.work()
	s.clean(e)
}
