package contact_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

func upsert(b *contact.Book, a hub.Audit, field, value string, changes ...string) (hub.HomeID, bool, error) {
	return b.Upsert(ctx, team, contact.Change{Field: field, Value: value}, fields(changes...), a)
}

func TestCreateAgainIsTheSameHome(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	first, made, err := b.Create(ctx, team, "row 1", fields("name", "Anna", "member_id", "M1", "note", ""), c.by("contact.create"))
	if err != nil || !made {
		t.Fatalf("got made %v, %v", made, err)
	}
	before := h.Dump(h.Store.Tables.Contacts)
	again, made, err := b.Create(ctx, team, "row 1", fields("name", "Zoe", "member_id", "M2"), c.by("contact.create"))
	if again != first || made || err != nil || h.Dump(h.Store.Tables.Contacts) != before {
		t.Errorf("got %s, made %v, %v, want the home that is there, as it is", again, made, err)
	}
	other, made, err := b.Create(ctx, team, "row 2", nil, c.by("contact.create"))
	if other == first || !made || err != nil {
		t.Errorf("another seed: got %s, made %v, %v", other, made, err)
	}
	if _, _, err = b.Create(ctx, team, "row 3", fields("member_id", "M1"), c.by("contact.create")); obstacle(err).Code != hub.MemberIDTaken {
		t.Errorf("got %v, want the member id to be taken", err)
	}
	got, err := b.Contact(ctx, team, first)
	if err != nil || got.MemberID != "M1" || got.Holder != first || len(got.Users()) != 0 || got.Homes[0].Kind != hub.Person {
		t.Errorf("got %+v, %v, want a person without a channel", got, err)
	}
	list, _, err := b.List(ctx, team, "", 10)
	if err != nil || len(list) != 2 {
		t.Errorf("got %v, %v listed, want the two that were made", list, err)
	}
	if _, err := join(b, first, other); err != nil || values(t, b, other) != "name=Anna member=M1" {
		t.Errorf("got %s, %v, want the two joined", values(t, b, other), err)
	}
}

func TestUpsertFindsOneMakesOneOrNamesSeveral(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	for field, value := range map[string]string{"member_id": "M1", "phone": "886911223344", "email": "Anna@example.com", "crm_id": "0035g"} {
		home, made, err := upsert(b, c.by("contact.upsert"), field, value, "name", "Anna")
		if err != nil || !made {
			t.Fatalf("%s: got made %v, %v, want a new one", field, made, err)
		}
		h.Clock.Advance(time.Second)
		again, made, err := upsert(b, c.by("contact.upsert"), field, value, "name", "Mei")
		if again != home || made || err != nil {
			t.Errorf("%s: got %s, made %v, %v, want the same home", field, again, made, err)
		}
		if got, err := b.Contact(ctx, team, home); err != nil || !slices.ContainsFunc(got.Fields, func(f contact.Field) bool { return f.Value == "Mei" }) {
			t.Errorf("%s: got %+v, %v, want its name changed", field, got.Fields, err)
		}
		// Another value since: who is found by the first one now is somebody else.
		if err := patch(b, home, c.by("contact.patch"), field, ""); err != nil {
			t.Fatal(err)
		}
		next, made, err := upsert(b, c.by("contact.upsert"), field, value)
		if next == home || !made || err != nil {
			t.Errorf("%s: got %s, made %v, %v, want a new home", field, next, made, err)
		}
	}
	ids := homes(t, h, "several", 3)
	for _, id := range ids {
		if err := patch(b, id, c.by("contact.patch"), "phone", "+886900000000"); err != nil {
			t.Fatal(err)
		}
	}
	before := h.Dump(h.Store.Tables.Contacts)
	_, _, err := upsert(b, c.by("contact.upsert"), "phone", "886900000000", "name", "Anna")
	if o := obstacle(err); o.Code != hub.Ambiguous || len(o.Homes) != 3 || h.Dump(h.Store.Tables.Contacts) != before {
		t.Errorf("got %v, %+v, want all three named, and nothing changed", err, o)
	}
	for _, p := range [][2]int{{0, 1}, {1, 2}} {
		if _, err := join(b, ids[p[0]], ids[p[1]]); err != nil {
			t.Fatal(err)
		}
	}
	home, made, err := upsert(b, c.by("contact.upsert"), "phone", "886900000000", "name", "Anna")
	if home != ids[0] || made || err != nil {
		t.Errorf("joined: got %s, made %v, %v, want the contact's root", home, made, err)
	}
	for _, wrong := range [][]string{{"name", "Anna"}, {"phone", ""}, {"phone", "0911"}, {"phone", "886911223344", "phone", "886911223355"}, {"phone", "886911223344", "age", "7"}} {
		if _, _, err := upsert(b, c.by("contact.upsert"), wrong[0], wrong[1], wrong[2:]...); hub.CodeOf(err) != hub.BadRequest {
			t.Errorf("%v: got %v, want a bad request", wrong, err)
		}
	}
}

func TestUpsertsAtOnceMakeOneHome(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	found := make([]hub.HomeID, 30)
	var steps []func() error
	for i := range found {
		a := hub.Audit{ID: fmt.Sprint(i), Actor: hub.Actor{Kind: hub.ActorProgram, ID: "key"}, At: hub.MillisOf(h.Clock.Now()) + hub.Millis(i)}
		steps = append(steps, func() (err error) {
			for range 100 {
				if found[i], _, err = upsert(b, a, "phone", "886911223344", "name", fmt.Sprint("name ", i)); hub.CodeOf(err) != hub.Conflict {
					return err
				}
			}
			return err
		})
	}
	if err := atOnce(10, steps); err != nil {
		t.Fatal(err)
	}
	if homes := slices.Compact(slices.Sorted(slices.Values(found))); len(homes) != 1 {
		t.Errorf("got %d homes, want one", len(homes))
	}
}

func TestChannelUserIsMadeAndJoinedByItsMemberID(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	person, _, err := b.Create(ctx, team, "row 1", fields("member_id", "M1", "name", "Anna"), c.by("contact.create"))
	if err != nil {
		t.Fatal(err)
	}
	user, err := b.User(ctx, team, hubtest.LineAccount, "U1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.UpsertUser(ctx, team, user, true, fields("name", "An"), c.by("x")); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("one that must be known: got %v, want not found", err)
	}
	h.Clock.Advance(time.Second)
	for i := range 2 {
		made, err := b.UpsertUser(ctx, team, user, false, fields("name", "An", "member_id", "M1"), c.by("contact.upsert"))
		if err != nil || made != (i == 0) {
			t.Fatalf("got made %v, %v", made, err)
		}
	}
	got, err := b.Contact(ctx, team, user.ID)
	if err != nil || len(got.Homes) != 2 || len(got.Edges) != 1 || got.Edges[0].Evidence != hub.EvidenceMemberID || got.Holder != person {
		t.Fatalf("got %+v, %v, want both joined on that evidence, and the member id where it was", got, err)
	}
	if users := got.Users(); len(users) != 1 || users[0].External != "U1" || users[0].Account != hubtest.LineAccount {
		t.Errorf("got %+v, want the channel user", users)
	}
	if got := values(t, b, person); got != "name=An member=M1" {
		t.Errorf("got %s", got)
	}
	if list := audits(t, h); len(list) != 4 {
		t.Errorf("got %d audits, want those of the person, the user, the join and the change", len(list))
	}
	// A further home of the same contact has it by way of the first.
	second, err := b.User(ctx, team, hubtest.LineAccount, "U2")
	if err != nil {
		t.Fatal(err)
	}
	if made, err := b.UpsertUser(ctx, team, second, false, fields("member_id", "M2"), c.by("contact.upsert")); err != nil || !made {
		t.Fatalf("got made %v, %v", made, err)
	}
	if _, err := b.UpsertUser(ctx, team, second, false, fields("member_id", "M1"), c.by("contact.upsert")); obstacle(err).Code != hub.MemberIDConflict {
		t.Errorf("got %v, want two member ids not to be joined", err)
	}
	if _, err := b.User(ctx, team, "nowhere", "U1"); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v, want no such account", err)
	}
}

func TestChannelUserWithAThreadHasItsHome(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	r := store.Ref{Team: team, User: h.Team.Pepper.User(hubtest.LineAccount, "U1")}
	if _, _, err := h.Store.Know(ctx, r, 1, "", store.Arrival{Account: hubtest.LineAccount, External: "U1", Kind: hub.Group}); err != nil {
		t.Fatal(err)
	}
	got, err := b.User(ctx, team, hubtest.LineAccount, "U1")
	want := hub.Home{ID: h.Team.Pepper.Home(hubtest.LineAccount, "U1", 0), Account: hubtest.LineAccount, Channel: "line", User: r.User, External: "U1", Kind: hub.Group}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestImportBringsNobodyBackWhoWasErased(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	h.PutItem(h.Store.Tables.Contacts, map[string]any{"PK": "T#test#X#email#" + h.Team.Pepper.Value("email", "anna@example.com"), "SK": "GONE"})
	before := h.Dump(h.Store.Tables.Contacts)
	user, err := b.User(ctx, team, hubtest.LineAccount, "U1")
	if err != nil {
		t.Fatal(err)
	}
	_, _, create := b.Create(ctx, team, "row 1", fields("email", "Anna@Example.com"), c.by("x"))
	_, _, found := upsert(b, c.by("x"), "email", "anna@example.com")
	_, _, other := upsert(b, c.by("x"), "phone", "886911223344", "email", "anna@example.com")
	_, ofUser := b.UpsertUser(ctx, team, user, false, fields("email", "anna@example.com"), c.by("x"))
	for name, err := range map[string]error{"create": create, "upsert by it": found, "upsert with it": other, "channel user": ofUser} {
		if obstacle(err).Code != hub.WasErased {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
	if got := h.Dump(h.Store.Tables.Contacts); got != before {
		t.Error("something was written")
	}
	ids := homes(t, h, "alive", 1)
	if err := patch(b, ids[0], c.by("x"), "email", "anna@example.com"); err != nil {
		t.Errorf("by a member of the team: got %v, want it set: it is no import", err)
	}
	// Who shares a value with somebody who was erased is found by it as before.
	if home, made, err := upsert(b, c.by("x"), "email", "anna@example.com", "name", "Bert"); home != ids[0] || made || err != nil {
		t.Errorf("a living person by it: got %s, %v, %v, want %s changed", home, made, err, ids[0])
	}
	h.PutItem(h.Store.Tables.Contacts, map[string]any{"PK": "T#test#X#phone#" + h.Team.Pepper.Value("phone", "+886911223344"), "SK": "GONE"})
	if _, _, err := upsert(b, c.by("x"), "email", "anna@example.com", "phone", "886911223344"); obstacle(err).Code != hub.WasErased {
		t.Errorf("a living person with another erased value: got %v, want it refused", err)
	}
}

func TestUpsertIsWrittenDownForTheHomeThatItChanged(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	var home hub.HomeID
	for _, name := range []string{"Bert", "Bertha"} {
		var err error
		if home, _, err = upsert(b, c.by("x"), "email", "bert@example.com", "name", name); err != nil {
			t.Fatal(err)
		}
	}
	list := audits(t, h)
	if len(list) != 2 || list[0].Target != "home/"+string(home) || list[1].Target != list[0].Target {
		t.Errorf("got %+v, want both of %s", list, home)
	}
}
