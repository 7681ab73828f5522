package omnilink_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/omnilink"
	"omnihub/internal/store"
)

func TestATapWhoseCodeArrivesMakesOneContact(t *testing.T) {
	s := newScene(t)
	anna := s.anna()
	code := s.code(act, anna)
	there := s.arrive("886911223344")
	x := s.text(there, code)
	for range 3 { // delivered again
		if got, want := s.complete(x), (omnilink.Outcome{State: omnilink.Linked, Activity: act, New: true}); got != want {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	}
	path, err := s.book.Why(ctx, team, anna.ID, there.ID)
	if err != nil || len(path) != 1 || path[0].Evidence != hub.EvidenceOmniLink {
		t.Errorf("got %+v, %v, want one edge by OmniLink", path, err)
	}
	if got, want := s.told(), "line1 U_anna: linked here; whatsapp1 886911223344: "+string(whatsAppModule); got != want {
		t.Errorf("said %q, want %q", got, want)
	}
	for home, want := range map[hub.HomeID]string{anna.ID: "left", there.ID: "arrived"} {
		borne, err := s.tags.Of(ctx, team, []hub.HomeID{home})
		if err != nil || len(borne) != 1 || borne[0].Name != want || borne[0].Source != "OmniLink" {
			t.Errorf("got the tags %+v, %v, want %s", borne, err, want)
		}
	}
	if got, want := s.totals(act), (store.LinkTotals{Links: 1, People: 1, New: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := s.stats(act), (omnilink.Statistics{Participants: 1, Success: 1, New: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	rows := s.rows(act, store.LinkedOnly)
	if len(rows) != 1 || rows[0].Home != anna.ID || rows[0].Target != there.ID || rows[0].External != "U_anna" || rows[0].TargetID != "886911223344" || rows[0].Linked != x.Received {
		t.Errorf("got %+v, want the one success", rows)
	}
}

// TestAHundredWhoBringOneCode: one wins, and whoever else comes is refused; the same one
// again gets the same.
func TestAHundredWhoBringOneCodeMakeOneLink(t *testing.T) {
	for _, same := range []bool{false, true} {
		s := newScene(t)
		anna := s.anna()
		code := s.code(act, anna)
		var attempts []omnilink.Text
		for i := range 100 {
			name := "one"
			if !same {
				name = fmt.Sprint("one of many ", i)
			}
			attempts = append(attempts, s.text(s.home(hubtest.WhatsAppAccount, name), code))
		}
		var mu sync.Mutex
		count := map[omnilink.State]int{}
		var wait sync.WaitGroup
		for _, x := range attempts {
			wait.Go(func() {
				out, err := s.links.CompleteText(ctx, x)
				for hub.CodeOf(err) == hub.Conflict { // as a queue would let it
					out, err = s.links.CompleteText(ctx, x)
				}
				mu.Lock()
				defer mu.Unlock()
				count[out.State]++
				if err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		want := map[omnilink.State]int{omnilink.Linked: 1, omnilink.Refused: 99}
		if same {
			want = map[omnilink.State]int{omnilink.Linked: 100}
		}
		if fmt.Sprint(count) != fmt.Sprint(want) {
			t.Errorf("the same one: %v: got %v, want %v", same, count, want)
		}
		c, err := s.book.Contact(ctx, team, anna.ID)
		if err != nil || len(c.Homes) != 2 || len(c.Edges) != 1 {
			t.Errorf("got %d homes and %d edges, %v, want two and one", len(c.Homes), len(c.Edges), err)
		}
		if got := s.totals(act); got.Links != 1 || got.People != 1 {
			t.Errorf("got %+v, want one link", got)
		}
	}
}

func TestACodeIsGoodUntilItsEndAndNotAtIt(t *testing.T) {
	for late, want := range map[time.Duration]omnilink.State{
		-time.Second: omnilink.Linked, -time.Millisecond: omnilink.Linked, 0: omnilink.Refused, time.Second: omnilink.Refused,
		// Past what the table keeps: the item is there still, since nobody removed it.
		40 * 24 * time.Hour: omnilink.Refused,
	} {
		s := newScene(t)
		anna := s.anna()
		code := s.code(act, anna)
		tapped := s.now()
		x := s.text(s.home(hubtest.WhatsAppAccount, "1"), code)
		x.Received = tapped.Add(omnilink.ChatLife + late)
		// It is worked off later than it came: what counts is when it came.
		s.Clock.Advance(20 * time.Minute)
		if got := s.complete(x); got.State != want {
			t.Errorf("%v after its end: got %v, want %v", late, got.State, want)
		}
		if joined := s.one(anna.ID, x.Home); joined != (want == omnilink.Linked) {
			t.Errorf("%v after its end: one contact: %v", late, joined)
		}
	}
}

func TestTwoMemberIDsStayTwoContacts(t *testing.T) {
	s := newScene(t)
	anna := s.anna()
	code := s.code(act, anna)
	there := s.arrive("1")
	s.member(anna.ID, "M1")
	s.member(there.ID, "M2")
	before := s.contactOf(anna.ID) + s.contactOf(there.ID)
	x := s.text(there, code)
	for range 2 {
		if got, want := s.complete(x), (omnilink.Outcome{State: omnilink.Failed, Reason: hub.LinkMemberConflict, Activity: act}); got != want {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	}
	if after := s.contactOf(anna.ID) + s.contactOf(there.ID); after != before {
		t.Errorf("got\n%s\nwant what was before\n%s", after, before)
	}
	if got, want := s.told(), "line1 U_anna: not linked"; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
	rows := s.rows(act, store.NotLinked)
	if len(rows) != 1 || rows[0].Reason.Text("zh-TW") != "會員編號衝突" || rows[0].Reason.Text("en") != "Member ID conflict." {
		t.Errorf("got %+v, want the failure with its reason", rows)
	}
	if got, want := s.stats(act), (omnilink.Statistics{Participants: 1, Failure: 1, Reasons: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// contactOf is all that lies at a home but its part in activities.
func (s *scene) contactOf(h hub.HomeID) string {
	s.t.Helper()
	var out strings.Builder
	for _, line := range strings.Split(s.Dump(s.Store.Tables.Contacts), "PK T#") {
		if strings.HasPrefix(line, "test#H#"+string(h)+" ") && !strings.Contains(line, "SK O#") && !strings.Contains(line, "SK OT#") && !strings.Contains(line, "SK F#omnilink#") {
			out.WriteString(line + "\n")
		}
	}
	// In the order of the partition, which a scan keeps.
	return out.String()
}

func TestOneMemberIDIsThatOfBoth(t *testing.T) {
	s := newScene(t)
	anna := s.anna()
	there := s.arrive("1")
	s.change(act, func(a *hub.Activity) { a.Confirm = hub.ConfirmNever })
	s.member(anna.ID, "M1")
	if got := s.complete(s.text(there, s.code(act, anna))); got.State != omnilink.Linked || got.New {
		t.Errorf("got %+v, want a link with somebody who was known", got)
	}
	c, err := s.book.Contact(ctx, team, there.ID)
	if err != nil || c.MemberID.Reveal() != "M1" {
		t.Errorf("got %v, want the member id", err)
	}
}

func TestWhatIsMissingIsTheReasonInItsOrder(t *testing.T) {
	for _, step := range []struct {
		name string
		make func(s *scene, anna, there *hub.Home)
		want hub.LinkReason
	}{
		{"no target", func(_ *scene, _, there *hub.Home) { there.ID = "none" }, hub.LinkTargetMissing},
		{"neither", func(s *scene, anna, there *hub.Home) { there.ID = "none"; s.drop(anna.ID) }, hub.LinkTargetMissing},
		{"no source", func(s *scene, anna, _ *hub.Home) { s.drop(anna.ID) }, hub.LinkSourceMissing},
		{"disabled", func(s *scene, _, _ *hub.Home) { s.change(act, func(a *hub.Activity) { a.Enabled = false }) }, hub.LinkDisabled},
		{"deleted", func(s *scene, _, _ *hub.Home) {
			a, err := s.acts.Get(ctx, team, act)
			s.must(err)
			s.must(s.acts.Delete(ctx, team, act, a.Version, s.audit("delete")))
			s.Clock.Advance(time.Minute)
		}, hub.LinkDisabled},
		{"never one person", func(s *scene, anna, there *hub.Home) {
			s.must(s.book.Never(ctx, team, anna.ID, there.ID, "brothers", s.audit("never")))
		}, hub.LinkServerError},
	} {
		s := newScene(t)
		anna := s.anna()
		code := s.code(act, anna)
		there := s.arrive("1")
		step.make(s, &anna, &there)
		if got := s.complete(s.text(there, code)); got.State != omnilink.Failed || got.Reason != step.want {
			t.Errorf("%s: got %+v, want %v", step.name, got, step.want)
		}
		if rows := s.rows(act, store.NotLinked); len(rows) != 1 || rows[0].Reason != step.want {
			t.Errorf("%s: got %+v, want a failure with the reason", step.name, rows)
		}
	}
}

// drop takes away a home, but nothing else of it.
func (s *scene) drop(h hub.HomeID) {
	s.t.Helper()
	s.deleteItem(s.Store.Tables.Contacts, "T#test#H#"+string(h), "HOME")
}

func TestTheSameTwiceCountsByTapAndOnceByPerson(t *testing.T) {
	s := newScene(t)
	anna := s.anna()
	there := s.arrive("1")
	for range 2 {
		s.Clock.Advance(time.Minute)
		if got := s.complete(s.text(there, s.code(act, anna))); got.State != omnilink.Linked {
			t.Fatalf("got %+v", got)
		}
	}
	if got, want := s.totals(act), (store.LinkTotals{Links: 2, People: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := s.stats(act), (omnilink.Statistics{Participants: 1, Success: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if s.told(); s.sayings != 4 {
		t.Errorf("said %d times, want each time to both", s.sayings)
	}
}

// TestTheSameTwiceInAMomentIsNewOnce: at the second tap the target has stood for less than
// clocks may differ.
func TestTheSameTwiceInAMomentIsNewOnce(t *testing.T) {
	s := newScene(t)
	anna := s.anna()
	code := s.code(act, anna)
	there := s.arrive("1")
	for i, code := range []string{code, s.code(act, anna)} {
		if got, want := s.complete(s.text(there, code)), (omnilink.Outcome{State: omnilink.Linked, Activity: act, New: i == 0}); got != want {
			t.Fatalf("link %d: got %+v, want %+v", i+1, got, want)
		}
	}
	if got, want := s.totals(act), (store.LinkTotals{Links: 2, People: 1, New: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := s.stats(act), (omnilink.Statistics{Participants: 1, Success: 1, New: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestAFailureAfterASuccessLeavesItASuccess(t *testing.T) {
	s := newScene(t)
	anna := s.anna()
	there, other := s.arrive("1"), s.arrive("2")
	if got := s.complete(s.text(there, s.code(act, anna))); got.State != omnilink.Linked {
		t.Fatalf("got %+v", got)
	}
	s.member(anna.ID, "M1")
	s.member(other.ID, "M2")
	if got := s.complete(s.text(other, s.code(act, anna))); got.Reason != hub.LinkMemberConflict {
		t.Fatalf("got %+v", got)
	}
	if got, want := s.stats(act), (omnilink.Statistics{Participants: 1, Success: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWhatFollowsNeverUndoesALink(t *testing.T) {
	for name, step := range map[string]struct {
		err   error
		again bool
	}{
		"for now":  {hub.E(hub.Transient, "test", nil), true},
		"for good": {hub.E(hub.Unsupported, "test", nil), false},
	} {
		s := newScene(t)
		anna := s.anna()
		x := s.text(s.arrive("1"), s.code(act, anna))
		if got := s.complete(x); got.State != omnilink.Linked {
			t.Fatalf("%s: got %+v", name, got)
		}
		s.fail = step.err
		if err := s.follow(s.after); (err != nil) != step.again || s.sayings != 2 {
			t.Errorf("%s: got %v after %d sayings, want both tried, and another try: %v", name, err, s.sayings, step.again)
		}
		s.fail = nil
		if got := s.complete(x); got.State != omnilink.Linked || !s.one(anna.ID, x.Home) || s.totals(act).Links != 1 {
			t.Errorf("%s: got %+v, %+v", name, got, s.totals(act))
		}
		if step.again && strings.Count(s.told(), ";") != 1 {
			t.Errorf("%s: said %s, want what was left", name, s.told())
		}
	}
}

func TestWhoBringsFiveBadCodesIsNotLookedAtForAnHour(t *testing.T) {
	s := newScene(t)
	anna := s.anna()
	there := s.arrive("1")
	for i := range 7 {
		x := s.text(there, fmt.Sprint("made up ", i))
		want := omnilink.Refused
		if i >= 5 {
			want = omnilink.TooMany
		}
		for range 3 { // one attempt, however often it is delivered
			if got := s.complete(x); got.State != want {
				t.Errorf("attempt %d: got %v, want %v", i+1, got.State, want)
			}
		}
		s.Clock.Advance(time.Second)
	}
	s.Clock.Advance(time.Minute)
	if got := s.complete(s.text(there, s.code(act, anna))); got.State != omnilink.TooMany {
		t.Errorf("got %+v for a good code after five bad ones", got)
	}
	other := s.arrive("2")
	if got := s.complete(s.text(other, s.code(act, anna))); got.State != omnilink.Linked {
		t.Errorf("got %+v for somebody else", got)
	}
	s.Clock.Advance(time.Hour)
	if got := s.complete(s.text(there, s.code(act, anna))); got.State != omnilink.Pending {
		t.Errorf("got %+v an hour later, want it looked at", got)
	}
}

func TestACodeIsGoodAtItsTargetOnly(t *testing.T) {
	s := newScene(t)
	anna := s.anna()
	code := s.code(act, anna)
	if got := s.complete(s.text(s.home(hubtest.LineAccount, "U_bert"), code)); got.State != omnilink.Refused {
		t.Errorf("got %+v in another account", got)
	}
	if got := s.complete(s.text(s.arrive("1"), code)); got.State != omnilink.Linked {
		t.Errorf("got %+v at the target", got)
	}
}

func TestWhoIsOneContactAlreadyIsLinkedWithoutAQuestion(t *testing.T) {
	s := newScene(t)
	anna := s.anna()
	s.change(act, func(a *hub.Activity) { a.Confirm = hub.ConfirmAlways })
	there, third := s.arrive("1"), s.arrive("2")
	for _, pair := range [][2]hub.HomeID{{anna.ID, third.ID}, {third.ID, there.ID}} {
		_, err := s.book.Join(ctx, team, pair[0], pair[1], hub.EvidencePerson, "", "anna")
		s.must(err)
	}
	for edges := 3; edges <= 3; edges++ {
		for range 2 {
			if got := s.complete(s.text(there, s.code(act, anna))); got.State != omnilink.Linked {
				t.Errorf("got %+v", got)
			}
		}
		if c, err := s.book.Contact(ctx, team, anna.ID); err != nil || len(c.Edges) != edges {
			t.Errorf("got %d edges, %v, want an own one between the two", len(c.Edges), err)
		}
	}
	if got := s.totals(act); got.Links != 2 {
		t.Errorf("got %+v, want both taps", got)
	}
}
