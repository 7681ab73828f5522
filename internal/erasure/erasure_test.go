package erasure_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/chat"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

func TestNothingIsFoundOfAnErasedPerson(t *testing.T) {
	s := annaScene(t)
	bert := s.bert()
	p, err := s.office.Preview(ctx, team, s.home)
	s.must(err)
	if len(p.Homes) < 2 || p.Messages < 5 || p.Threads < 3 || len(p.Remains) == 0 {
		t.Errorf("got %d homes, %d messages, %d threads: want all that the person has", len(p.Homes), p.Messages, p.Threads)
	}
	before := s.dump()
	for _, mark := range []string{lineID, digits, userID, annaMail, annaID, annaNote, texts[1], texts[5], texts[6]} {
		if !strings.Contains(before["contacts"]+before["messages"]+before["ledger"], mark) {
			t.Fatalf("%q is not stored, so that its erasure shows nothing", mark)
		}
	}
	u := "T#test#U#" + string(s.ref(hubtest.LineAccount, lineID).User)
	s.putRecords("a/only", u)
	s.putRecords("b/both", u, "T#test#U#bert", "T#test#H#"+string(s.home))
	s.putRecords("c/none", "T#test#H#"+string(bert))
	s.recorded = s.recorded[:len(s.recorded)-1] // Bert's
	e, err := s.office.Begin(ctx, team, s.home, p.Token, s.audit("contact.erase"))
	s.must(err)
	s.work()
	objects := s.objects()
	if strings.Contains(objects, "a/only") || strings.Contains(objects, u) || !strings.Contains(objects, "T#test#U#bert") || !strings.Contains(objects, string(bert)) {
		t.Errorf("got %s, want the records of others only", objects)
	}
	s.dropRecords("b/both", "c/none")
	s.clean(e)

	done, err := s.office.Erasure(ctx, team, e.ID)
	s.must(err)
	if done.Phase != hub.ErasureClosed || done.Erased == 0 || done.Counts.Messages < 10 || done.Counts.Contacts < 8 || done.Counts.Ledger < 4 || done.Counts.Records != 3 {
		t.Errorf("got %+v, want a certificate with counts", done)
	}
	if c, err := s.book.Contact(ctx, team, bert); err != nil || len(c.Fields) == 0 {
		t.Errorf("Bert: got %+v, %v, want him as he was", c, err)
	}
	list, _, err := s.Store.Bearers(ctx, team, hub.NewTagID(team, "vip"), "", 10)
	if err != nil || len(list) != 0 {
		t.Errorf("got %v, %v, want nobody in the tag's list", list, err)
	}
}

func TestReplayBringsNothingBackAndANewMessageAFreshHome(t *testing.T) {
	s := annaScene(t)
	e := s.erase()
	replay := func() {
		t.Helper()
		for _, old := range s.recorded {
			old.Received = s.now() // it is sent again
			s.must(s.rc.Receive(ctx, old))
		}
	}
	replay() // before the worker comes
	s.work()
	replay()
	s.clean(e)

	s.come(s.whatsapp("", userID, wrote("hello again")))
	s.come(s.whatsapp(digits, userID, wrote("and again")))
	th, err := s.Store.Thread(ctx, s.ref(hubtest.WhatsAppAccount, userID))
	s.must(err)
	if th.Epoch == 0 || th.Conversation == "" || th.Rev < 0 {
		t.Errorf("got %+v, want a thread of the next epoch with an open conversation", th)
	}
	fresh := s.homeOf(hubtest.WhatsAppAccount, userID)
	for _, h := range e.Homes {
		if h == fresh {
			t.Error("got the old home, want a fresh one")
		}
	}
	c, err := s.book.Contact(ctx, team, fresh)
	s.must(err)
	tags, err := s.tags.Of(ctx, team, []hub.HomeID{fresh})
	s.must(err)
	if len(c.Homes) != 1 || c.MemberID != "" || len(tags) != 0 {
		t.Errorf("got %+v with tags %v, want a fresh contact", c, tags)
	}
	replay()
	log, err := s.Store.Log(ctx, s.ref(hubtest.WhatsAppAccount, userID), "", 10)
	s.must(err)
	if len(log) != 2 {
		t.Errorf("got %d messages, want the two new ones", len(log))
	}
	if th, err = s.Store.Thread(ctx, s.ref(hubtest.WhatsAppAccount, "wa:"+digits)); err != nil || th.Account != "" {
		t.Errorf("the number: got %+v, %v, want what the erasure left", th, err)
	}
	s.come(s.whatsapp(digits, "", wrote("by the number alone")))
	if got := s.homeOf(hubtest.WhatsAppAccount, "wa:"+digits); got == s.home {
		t.Error("the number has the old home")
	}
	replay()
	if log, err = s.Store.Log(ctx, s.ref(hubtest.WhatsAppAccount, userID), "", 10); err != nil || len(log) != 3 {
		t.Errorf("got %d messages, %v, want three in one thread", len(log), err)
	}
}

func TestErasureThatIsCutOffAnywhereEndsWhole(t *testing.T) {
	for _, after := range []bool{false, true} {
		for calls := 0; ; calls += 3 {
			s := annaScene(t)
			e := s.erase()
			s.Clock.Advance(time.Second)
			_, err := s.cut(store.Shards+calls, after).Due(ctx) // the reads of what is due are no cuts of an erasure
			whole := err == nil
			s.Clock.Advance(time.Hour)
			_, err = s.worker.Due(ctx)
			s.must(err)
			got, err := s.office.Erasure(ctx, team, e.ID)
			s.must(err)
			for range 2 {
				s.Clock.Advance(26 * time.Hour)
				_, err = s.worker.Due(ctx)
				s.must(err)
			}
			s.clean(e)
			if got.Swept == 0 {
				t.Errorf("cut after %d calls (%v): got %+v, want it to go on", calls, after, got)
			}
			if whole {
				break
			}
		}
	}
}

func TestCountsAreRightThoughTheWorkIsCutOff(t *testing.T) {
	var want hub.ErasureCounts
	for i, calls := range []int{1000, 30, 40, 50, 60} {
		s := annaScene(t)
		e := s.erase()
		s.Clock.Advance(time.Second)
		_, _ = s.cut(calls, true).Due(ctx)
		s.Clock.Advance(time.Hour)
		_, err := s.worker.Due(ctx)
		s.must(err)
		got, err := s.office.Erasure(ctx, team, e.ID)
		s.must(err)
		if i == 0 {
			want = got.Counts
		}
		if got.Counts != want {
			t.Errorf("cut after %d calls: got %+v, want %+v", calls, got.Counts, want)
		}
	}
}

func TestTokenConfirmsJustWhatWasShown(t *testing.T) {
	s := annaScene(t)
	bert := s.bert()
	begin := func(home hub.HomeID, token string) hub.Code {
		_, err := s.office.Begin(ctx, team, home, token, s.audit("erase"))
		return hub.CodeOf(err)
	}
	p, err := s.office.Preview(ctx, team, s.home)
	s.must(err)
	for name, got := range map[string]hub.Code{
		"no token": begin(s.home, ""), "another home": begin(bert, p.Token), "another time": begin(s.home, "9"+p.Token),
	} {
		if want := map[bool]hub.Code{true: hub.BadRequest, false: hub.Conflict}[name == "no token"]; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if _, err := s.book.JoinBy(ctx, team, bert, s.home, hub.EvidencePerson, "", s.audit("join")); err != nil {
		t.Fatal(err)
	}
	if got := begin(s.home, p.Token); got != hub.Conflict {
		t.Errorf("after a join: got %s, want a conflict", got)
	}
	s.must(s.book.Undo(ctx, team, [][2]hub.HomeID{{bert, s.home}}, s.audit("undo")))
	if got := begin(s.home, p.Token); got != hub.Conflict {
		t.Errorf("after the undoing: got %s, want a conflict", got)
	}
	if p, err = s.office.Preview(ctx, team, s.home); err != nil {
		t.Fatal(err)
	}
	s.Clock.Advance(16 * time.Minute)
	if got := begin(s.home, p.Token); got != hub.Conflict {
		t.Errorf("16 minutes later: got %s, want a conflict", got)
	}
	e := s.erase()
	s.work()
	s.clean(e)
	for sk := range s.Items(s.Store.Tables.Contacts, "T#test#H#"+string(bert)) {
		if strings.Contains(sk, string(s.home)) {
			t.Errorf("Bert's home: found %s", sk)
		}
	}
	if err := s.book.Undo(ctx, team, [][2]hub.HomeID{{bert, s.home}}, s.audit("undo")); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("undo: got %v, want not found", err)
	}
}

func TestTwoErasuresAtOnceAreOne(t *testing.T) {
	s := annaScene(t)
	p, err := s.office.Preview(ctx, team, s.home)
	s.must(err)
	ids := make([]string, 6)
	audits := make([]hub.Audit, len(ids))
	for i := range audits {
		audits[i] = s.audit("erase")
	}
	var wg sync.WaitGroup
	for i := range ids {
		wg.Add(1)
		go func() {
			defer wg.Done()
			e, err := s.office.Begin(ctx, team, s.home, p.Token, audits[i])
			if err != nil {
				t.Errorf("got %v", err)
			}
			ids[i] = e.ID
		}()
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] || id == "" {
			t.Errorf("got %v, want one erasure", ids)
		}
	}
	// Two workers at the same time do its work once.
	s.Clock.Advance(time.Second)
	var worked [2]int
	for i := range worked {
		wg.Add(1)
		go func() {
			defer wg.Done()
			n, err := s.worker.Due(ctx)
			if err != nil {
				t.Errorf("got %v", err)
			}
			worked[i] = n
		}()
	}
	wg.Wait()
	if worked[0]+worked[1] != 1 {
		t.Errorf("got %v, want one to work", worked)
	}
}

func TestErasureEndsJoins(t *testing.T) {
	s := annaScene(t)
	bert := s.bert()
	e := s.erase()
	if _, err := s.book.JoinBy(ctx, team, bert, s.home, hub.EvidencePerson, "", s.audit("join")); hub.CodeOf(err) != hub.Conflict {
		t.Errorf("while it goes on: got %v, want a conflict", err)
	}
	s.work()
	if _, err := s.book.JoinBy(ctx, team, bert, s.home, hub.EvidencePerson, "", s.audit("join")); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("after it: got %v, want not found", err)
	}
	s.clean(e)
}

func TestSendOfBeforeTheErasureIsNotSent(t *testing.T) {
	s := annaScene(t)
	ref := s.ref(hubtest.LineAccount, lineID)
	log, err := s.Store.Log(ctx, ref, "", 10)
	s.must(err)
	var q store.Queued
	for _, l := range log {
		if !l.Inbound {
			q, err = s.Store.Send(ctx, l.Ref, l.Key)
			s.must(err)
		}
	}
	before := s.now().Add(-time.Second)
	e := s.erase()
	c := &chat.Composer{Store: s.Store, Settings: s.Settings, Adapters: all.Adapters(channel.Platform{}), Now: s.Clock.Now}
	draft := chat.Draft{Team: team, Account: hubtest.LineAccount, To: lineID, Class: hub.ClassPerson, Content: hub.TextContent(texts[5]), ID: "late", At: before}
	if _, _, err := c.Send(ctx, draft); hub.CodeOf(err) != hub.Erased {
		t.Errorf("a draft of before: got %v, want it refused", err)
	}
	sn := &chat.Sender{Store: s.Store, Settings: s.Settings, Adapters: nil, Now: s.Clock.Now, Owner: "o", Log: s.Log}
	s.must(sn.Deliver(ctx, q, 1))
	s.work()
	s.must(sn.Deliver(ctx, q, 2))
	s.clean(e)
	draft.At = s.now()
	if _, _, err := c.Send(ctx, draft); err != nil {
		t.Errorf("a draft of after it: got %v", err)
	}
}

func TestWhatWasInFlightIsTakenByTheSecondSweep(t *testing.T) {
	s := annaScene(t)
	ref, at := s.ref(hubtest.LineAccount, lineID), s.now()
	seen, err := s.Store.Thread(ctx, ref)
	s.must(err)
	e := s.erase()
	s.Clock.Advance(time.Second)
	_, err = s.worker.Due(ctx)
	s.must(err)
	// Workers that saw the thread before.
	_, err = s.Store.PutMessage(ctx, ref, hub.Inbound{Key: hub.NewMessageKey(at-5, "late"), Type: hub.Text, Text: texts[0], Received: at, Raw: []byte(lineID)})
	s.must(err)
	s.must(s.Store.SetIndexed(ctx, team, s.home, hub.Register{Field: "email", Value: annaMail, At: at}, s.Team.Pepper.Value("email", annaMail)))
	s.must(s.Store.PutHome(ctx, team, hub.Home{ID: s.home, Account: seen.Account, External: seen.External, User: seen.User, Created: at}))
	_, err = s.Store.Park(ctx, store.Queued{Ref: ref, Intent: hub.Intent{Key: hub.NewMessageKey(at-5, "x"), Accepted: at - 5}}, ref.User, at)
	s.must(err)
	s.must(s.Store.PutEarly(ctx, ref, "pid", hub.Stamps{Delivered: at - 3}, at))
	for _, h := range e.Aliases {
		_, err = s.Store.ClaimAlias(ctx, team, store.Alias{Hash: h}, hubtest.WhatsAppAccount, e.Users[0], "")
		s.must(err)
	}
	for _, wait := range []time.Duration{hub.ErasureSettle, hub.ErasureLast} {
		s.Clock.Advance(wait)
		_, err = s.worker.Due(ctx)
		s.must(err)
	}
	s.clean(e)
	th, err := s.Store.ThreadAt(ctx, ref)
	if err != nil || len(th.Held) > 0 {
		t.Errorf("got %+v, %v, want the mark alone", th, err)
	}
}

func TestImportsBringNobodyBackUnlessAllowed(t *testing.T) {
	s := annaScene(t)
	s.erase()
	s.work()
	for _, key := range []contact.Change{{Field: "email", Value: "Anna@annasson.example"}, {Field: "member_id", Value: annaID}, {Field: "phone", Value: "+" + digits}} {
		if _, _, err := s.book.Upsert(ctx, team, key, nil, s.audit("upsert")); obstacle(err) != hub.WasErased {
			t.Errorf("%s: got %v, want it refused as erased", key.Field, err)
		}
		s.must(s.office.Allow(ctx, team, key, s.audit("allow")))
		if err := s.office.Allow(ctx, team, key, s.audit("allow")); hub.CodeOf(err) != hub.NotFound {
			t.Errorf("%s: allowed again: got %v, want not found", key.Field, err)
		}
		if _, made, err := s.book.Upsert(ctx, team, key, nil, s.audit("upsert")); err != nil || !made {
			t.Errorf("%s: got %v, want it made once it is allowed", key.Field, err)
		}
	}
	if _, err := s.book.User(ctx, team, hubtest.LineAccount, lineID); obstacle(err) != hub.WasErased {
		t.Errorf("channel user: got %v, want refused as erased", err)
	}
}

func TestRestoredPersonIsErasedAgain(t *testing.T) {
	s := annaScene(t)
	since := s.now()
	e := s.erase()
	s.work()
	list, err := s.office.Erasures(ctx, team)
	s.must(err)
	// A restore brings back what was there; here an item of each kind does for it.
	u := "T#test#U#" + string(e.Users[0])
	s.PutItem(s.Store.Tables.Messages, map[string]any{"PK": u, "SK": "THREAD", "acct": "line1", "ext": lineID, "lastKey": "0000000000001#x"})
	s.PutItem(s.Store.Tables.Messages, map[string]any{"PK": u, "SK": "M#0000000000001#x", "tx": texts[0]})
	s.PutItem(s.Store.Tables.Contacts, map[string]any{"PK": "T#test#H#" + string(e.Homes[0]), "SK": "HOME", "ext": lineID})
	for since, want := range map[hub.Millis]int{e.At + 1: 0, since: 1} {
		if n, err := s.office.Again(ctx, list, since); err != nil || n != want {
			t.Errorf("got %d, %v, want %d", n, err, want)
		}
	}
	s.work()
	s.clean(e)
	if th, err := s.Store.ThreadAt(ctx, store.Ref{Team: team, User: e.Users[0]}); err != nil || th.Erased != e.At || th.Epoch != 1 {
		t.Errorf("got %+v, %v, want the mark with its time and epoch", th, err)
	}
}
