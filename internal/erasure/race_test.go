package erasure_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

// run lets time pass, and the worker run.
func (s *scene) run(wait time.Duration) {
	s.t.Helper()
	s.Clock.Advance(wait)
	_, err := s.worker.Due(ctx)
	s.must(err)
}

// TestHomeIsNotMadeAgainBetweenTheSweeps: whoever stores a first message was stopped over
// the whole first sweep.
func TestHomeIsNotMadeAgainBetweenTheSweeps(t *testing.T) {
	s := annaScene(t)
	bert := s.bert()
	old, err := s.Store.Home(ctx, team, s.home)
	s.must(err)
	e := s.erase()
	s.run(time.Second)
	s.must(s.Store.PutHome(ctx, team, hub.Home{
		ID: old.ID, Account: old.Account, Channel: old.Channel, User: old.User, External: old.External, Kind: old.Kind, Created: old.Created,
	}))
	_, err = s.Store.Home(ctx, team, old.ID)
	_, _, profile := s.Store.Profile(ctx, team, old.ID, []string{"name"})
	_, _, tags := s.Store.TagStates(ctx, team, old.ID, nil)
	_, join := s.book.JoinBy(ctx, team, bert, old.ID, hub.EvidencePerson, "", s.audit("join"))
	patch := s.book.Patch(ctx, team, old.ID, []contact.Change{{Field: "name", Value: annaName}}, s.audit("patch"))
	edit := s.Store.Edit(ctx, team, store.Edit{Home: old, Audit: s.audit("edit")})
	for name, got := range map[string]hub.Code{
		"home": hub.CodeOf(err), "profile": hub.CodeOf(profile), "tags": hub.CodeOf(tags), "join": hub.CodeOf(join), "patch": hub.CodeOf(patch),
	} {
		if got != hub.NotFound {
			t.Errorf("%s between the sweeps: got %s, want not found", name, got)
		}
	}
	if hub.CodeOf(edit) != hub.Conflict {
		t.Errorf("an edit of the home as it was read before: got %v, want a conflict", edit)
	}
	if homes, err := s.Store.Homes(ctx, team, []hub.HomeID{old.ID, bert}); err != nil || len(homes) != 1 {
		t.Errorf("got %d homes, %v, want Bert's alone", len(homes), err)
	}
	if there, gone, err := s.Store.Made(ctx, team, old.ID); err != nil || there || !gone {
		t.Errorf("got there %v, gone %v, %v, want it gone", there, gone, err)
	}
	if c, err := s.book.Contact(ctx, team, bert); err != nil || len(c.Homes) != 1 {
		t.Errorf("Bert: got %d homes, %v, want his own alone", len(c.Homes), err)
	}
	s.run(hub.ErasureSettle)
	s.run(hub.ErasureLast)
	s.recorded = nil
	s.clean(e)
}

// TestImportThatTheErasureOvertakesBringsNothingBack: it has read that nobody was erased
// who had the values, and writes after the sweep.
func TestImportThatTheErasureOvertakesBringsNothingBack(t *testing.T) {
	mail, member := contact.Change{Field: "email", Value: annaMail}, contact.Change{Field: "member_id", Value: annaID}
	other := contact.Change{Field: "phone", Value: "+886955000111"}
	for name, do := range map[string]func(*scene, *contact.Book) error{
		"create": func(s *scene, b *contact.Book) error {
			_, _, err := b.Create(ctx, team, "seed", []contact.Change{mail}, s.audit("create"))
			return err
		},
		"upsert": func(s *scene, b *contact.Book) error {
			_, _, err := b.Upsert(ctx, team, other, []contact.Change{mail}, s.audit("upsert"))
			return err
		},
		"upsert of who is there": func(s *scene, b *contact.Book) error {
			_, _, err := b.Upsert(ctx, team, contact.Change{Field: "email", Value: "bert@example.com"}, []contact.Change{{Field: "phone", Value: "+" + digits}}, s.audit("upsert"))
			return err
		},
		"channel user": func(s *scene, b *contact.Book) error {
			h, err := b.User(ctx, team, hubtest.LineAccount, "U_cleo")
			s.must(err)
			_, err = b.UpsertUser(ctx, team, h, false, []contact.Change{mail}, s.audit("upsert"))
			return err
		},
		"member id": func(s *scene, b *contact.Book) error {
			_, _, err := b.Create(ctx, team, "seed", []contact.Change{member}, s.audit("create"))
			return err
		},
	} {
		s := annaScene(t)
		s.bert()
		var e hub.Erasure
		began := false
		st := s.As("Import", func(next http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				body, err := io.ReadAll(r.Body)
				s.must(err)
				r.Body = io.NopCloser(strings.NewReader(string(body)))
				// The first read after what tells who was erased: of the home that is to be
				// written, or of who claims the member id.
				if looked := strings.Contains(string(body), "#X#"); looked && !strings.Contains(string(body), "#X#home#") {
					out, err := next.RoundTrip(r)
					if !began {
						began = true
						e = s.erase()
						s.run(time.Second)
					}
					return out, err
				}
				return next.RoundTrip(r)
			})
		})
		err := do(s, &contact.Book{Store: st, Now: s.Clock.Now, Settings: s.Settings})
		if obstacle(err) != hub.WasErased || !began {
			t.Errorf("%s: got %v, overtaken %v, want it refused as erased", name, err, began)
		}
		s.run(hub.ErasureSettle)
		s.run(hub.ErasureLast)
		s.clean(e)
	}
}

// TestSharedValueStaysWithWhoHasIt: what a living home says is no import.
func TestSharedValueStaysWithWhoHasIt(t *testing.T) {
	s := annaScene(t)
	bert := s.bert()
	mail := contact.Change{Field: "email", Value: annaMail}
	s.must(s.book.Patch(ctx, team, bert, []contact.Change{mail}, s.audit("patch")))
	s.erase()
	s.work()
	home, made, err := s.book.Upsert(ctx, team, mail, []contact.Change{{Field: "name", Value: "Bert"}}, s.audit("upsert"))
	if err != nil || made || home != bert {
		t.Errorf("got %s, %v, %v, want Bert, who shared the address", home, made, err)
	}
}

func TestErasureIsFinishedHoweverLongNothingRan(t *testing.T) {
	s := annaScene(t)
	e := s.erase()
	for range 3 {
		s.Clock.Advance(40*24*time.Hour + time.Minute)
		if n, err := s.worker.Due(ctx); err != nil || n != 1 {
			t.Fatalf("got %d, %v, want the erasure worked on", n, err)
		}
	}
	if e, err := s.office.Erasure(ctx, team, e.ID); err != nil || e.Phase != hub.ErasureClosed {
		t.Errorf("got %s, %v, want it closed", e.Phase, err)
	}
	s.clean(e)
}

// TestRecordsInQuarantineAreErased: relay kept them aside after the erasure began, under
// their keys and as of their own times.
func TestRecordsInQuarantineAreErased(t *testing.T) {
	s := annaScene(t)
	s.bert()
	record := func(pk, sk, text string) events.DynamoDBEventRecord {
		key := map[string]events.DynamoDBAttributeValue{"PK": events.NewStringAttribute(pk), "SK": events.NewStringAttribute(sk)}
		return events.DynamoDBEventRecord{EventName: "INSERT", Change: events.DynamoDBStreamRecord{
			Keys: key, NewImage: map[string]events.DynamoDBAttributeValue{"tx": events.NewStringAttribute(text)},
		}}
	}
	user := "T#test#U#" + string(s.ref(hubtest.LineAccount, lineID).User)
	said := "M#" + string(hub.NewMessageKey(s.now(), "999"))
	created := s.now()
	e := s.erase()
	s.Clock.Advance(time.Second)
	for _, r := range []events.DynamoDBEventRecord{
		record(user, said, texts[0]), record(user, "garbage", texts[1]), record("T#test#H#"+string(s.home), "P#email", annaMail),
		record("T#test#U#bert", said, "bert's record"),
	} {
		s.must(s.rc.Quarantine.Record(ctx, store.OriginOf(r), created, r.Change.NewImage["tx"].String(), "not understood"))
	}
	s.work()
	s.clean(e)
	if ledger := s.Dump(s.Store.Tables.Ledger); !strings.Contains(ledger, "bert's record") {
		t.Errorf("got %s, want Bert's entry as it was", ledger)
	}
}

// TestImportBetweenTheStepsOfASweepMakesNoOther: wherever a worker was cut off, whoever has
// the value is found, or known to be erased.
func TestImportBetweenTheStepsOfASweepMakesNoOther(t *testing.T) {
	mail := contact.Change{Field: "email", Value: annaMail}
	for calls := 0; ; calls++ {
		s := newScene(t)
		home, _, err := s.book.Upsert(ctx, team, mail, nil, s.audit("upsert"))
		s.must(err)
		s.home = home
		e := s.erase()
		s.Clock.Advance(time.Second)
		_, cut := s.cut(store.Shards+calls, true).Due(ctx)
		if again, made, err := s.book.Upsert(ctx, team, mail, nil, s.audit("upsert")); obstacle(err) != hub.WasErased && (err != nil || made || again != home) {
			t.Errorf("cut after %d calls: got %s, made %v, %v, want %s, or refused as erased", calls, again, made, err, home)
		}
		s.run(time.Hour)
		s.run(hub.ErasureSettle)
		s.clean(e)
		if cut == nil {
			return
		}
	}
}
