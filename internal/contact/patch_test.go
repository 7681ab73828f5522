package contact_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

func patch(b *contact.Book, home hub.HomeID, a hub.Audit, pairs ...string) error {
	return b.Patch(ctx, team, home, fields(pairs...), a)
}

func fields(pairs ...string) []contact.Change {
	var list []contact.Change
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, contact.Change{Field: pairs[i], Value: pairs[i+1]})
	}
	return list
}

func audits(t *testing.T, h *hubtest.Hub) []hub.Audit {
	t.Helper()
	list, _, err := h.Store.Audits(ctx, team, store.Day(hub.MillisOf(h.Clock.Now())), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestPatchSetsFieldsWithTheirAudit(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	ids := homes(t, h, "patch", 1)
	attributes(t, h)
	defined := len(audits(t, h))
	h.Clock.Advance(time.Second)
	if err := patch(b, ids[0], c.by("contact.patch"), "name", "安娜", "email", "Anna@Example.com", "phone", "886911223344", "attr.size", "XL"); err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(time.Second)
	if err := patch(b, ids[0], c.by("contact.patch"), "name", "", "phone", "+886911223355"); err != nil {
		t.Fatal(err)
	}
	if got, want := values(t, b, ids[0]), "attr.size=XL email=anna@example.com phone=+886911223355"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	list := audits(t, h)[defined:]
	if len(list) != 2 || list[0].Actor.ID != "anna" || list[0].Action != "contact.patch" {
		t.Fatalf("got audits %+v, want one for each call", list)
	}
	hash := func(v string) string { return h.Team.Pepper.Value("audit", v) }
	second := list[1]
	if second.Before["name"] != hash("安娜") || second.After["name"] != "" || second.Before["phone"] != hash("+886911223344") || second.After["phone"] != hash("+886911223355") {
		t.Errorf("got %+v, want the hashes of the values before and after", second)
	}
	if len(second.Before) != 2 {
		t.Errorf("got %+v, want the fields that changed alone", second)
	}
	text := fmt.Sprint(list)
	for _, clear := range []string{"安娜", "anna@", "+886"} {
		if strings.Contains(text, clear) {
			t.Errorf("%q stands in the audit", clear)
		}
	}
	keys := ""
	for _, r := range h.Changes(h.Store.Tables.Contacts) {
		keys += r.Change.Keys["PK"].String() + r.Change.Keys["SK"].String() + " "
	}
	for _, clear := range []string{"anna@example.com", "886911223344"} {
		if strings.Contains(keys, clear) {
			t.Errorf("%q stands in a key", clear)
		}
	}
}

func TestPatchAgainChangesNothing(t *testing.T) {
	h := hubtest.New(t)
	ids := homes(t, h, "again", 1)
	b, a := book(h, h.As("Patch", nil)), one(h, "contact.patch")
	change := []string{"name", "Anna", "email", "a@example.com", "member_id", "M1", "note", ""}
	if err := patch(b, ids[0], a, change...); err != nil {
		t.Fatal(err)
	}
	before := h.Dump(h.Store.Tables.Contacts)
	h.Cloud.Meter().Reset()
	if err := patch(b, ids[0], a, change...); err != nil {
		t.Fatal(err)
	}
	if _, _, write := h.Calls("Patch"); write != 0 || h.Dump(h.Store.Tables.Contacts) != before {
		t.Errorf("got %v WRU, want nothing written", write)
	}
	// The value that stands, said again later, passes what was said of another home, and
	// tells nobody.
	said := len(h.Published())
	h.Clock.Advance(time.Minute)
	if err := patch(b, ids[0], one(h, "contact.patch"), "name", "Anna"); err != nil {
		t.Fatal(err)
	}
	c, err := b.Contact(ctx, team, ids[0])
	if err != nil || c.Fields[1].At != hub.MillisOf(h.Clock.Now()) {
		t.Errorf("got %+v, %v, want the name as of now", c.Fields, err)
	}
	if got := len(h.Published()); got != said {
		t.Errorf("got %d more told, want nothing", got-said)
	}
}

func TestPatchWinsOverARegisterOfTheFuture(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	ids := homes(t, h, "future", 1)
	ahead := hub.MillisOf(h.Clock.Now()) + 60000
	if err := h.Store.SetRegister(ctx, team, ids[0], hub.Register{Field: "name", Value: "Zoe", At: ahead, Source: "platform"}); err != nil {
		t.Fatal(err)
	}
	if err := patch(b, ids[0], one(h, "contact.patch"), "name", "Anna"); err != nil {
		t.Fatal(err)
	}
	c, err := b.Contact(ctx, team, ids[0])
	if err != nil || len(c.Fields) != 1 || c.Fields[0].Value != "Anna" || c.Fields[0].At != ahead+1 {
		t.Errorf("got %+v, %v, want Anna, just after", c.Fields, err)
	}
}

func TestPatchOfWhatIsNotThere(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	before := h.Dump(h.Store.Tables.Contacts)
	if err := patch(b, "nobody", one(h, "x"), "name", "Anna"); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v, want not found", err)
	}
	if err := b.Patch(ctx, "other", "nobody", fields("name", "Anna"), one(h, "x")); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("another team: got %v, want not found", err)
	}
	if got := h.Dump(h.Store.Tables.Contacts); got != before {
		t.Errorf("got %s written", got)
	}
}

func TestPatchCostsWhatItsBudgetSays(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.As("Patch", nil)), &calls{h: h}
	ids := homes(t, h, "cost", 2)
	if _, err := b.Settings.Team(ctx, team); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name        string
		home        hub.HomeID
		change      []string
		calls       int
		read, write float64
	}{
		// The check of the home, the register and the audit: 2 WRU each in a transaction.
		{"one field", ids[0], []string{"name", "Anna"}, 2, 2, 6},
		{"with a finder", ids[0], []string{"email", "a@example.com"}, 2, 2, 8},
		{"two fields", ids[0], []string{"name", "An", "language", "en"}, 2, 3, 8},
		// The claim, and the root in place of the check.
		{"a member id", ids[0], []string{"member_id", "M1"}, 3, 3, 8},
		{"another one", ids[0], []string{"member_id", "M2"}, 3, 3, 10},
		{"refused", ids[1], []string{"member_id", "M2"}, 2, 3, 0},
	} {
		h.Cloud.Meter().Reset()
		err := patch(b, step.home, c.by("contact.patch"), step.change...)
		if refused := hub.CodeOf(err) == hub.Refused; refused != (step.write == 0) || err != nil && !refused {
			t.Fatal(err)
		}
		calls, read, write := h.Calls("Patch")
		if calls != step.calls || read != step.read || write != step.write {
			t.Errorf("%s: got %d calls, %v RRU, %v WRU, want %d, %v, %v", step.name, calls, read, write, step.calls, step.read, step.write)
		}
	}
}

func TestMemberIDBelongsToOneHomeOfOneContact(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	ids := homes(t, h, "member", 4)
	set := func(home hub.HomeID, id string) error { return patch(b, home, c.by("contact.patch"), "member_id", id) }
	if err := set(ids[0], "M1"); err != nil {
		t.Fatal(err)
	}
	if got := values(t, b, ids[0]); got != "member=M1" {
		t.Errorf("got %s, want the member id, and not among the fields", got)
	}
	if o := obstacle(set(ids[1], "M1")); o.Code != hub.MemberIDTaken || !slices.Equal(o.Homes, ids[:1]) {
		t.Errorf("got %+v, want it taken by the first home", o)
	}
	if _, err := join(b, ids[0], ids[1]); err != nil {
		t.Fatal(err)
	}
	if err := set(ids[1], "M1"); err != nil {
		t.Errorf("the contact's own: got %v, want nothing to do", err)
	}
	for _, other := range []string{"M2", ""} {
		if o := obstacle(set(ids[1], other)); o.Code != hub.MemberIDConflict || !slices.Equal(o.Homes, ids[:1]) {
			t.Errorf("%q at the other home: got %+v, want a conflict that names the first", other, o)
		}
	}
	if err := set(ids[2], "M3"); err != nil {
		t.Fatal(err)
	}
	before := state(t, h, ids)
	if _, err := join(b, ids[1], ids[2]); obstacle(err).Code != hub.MemberIDConflict || state(t, h, ids) != before {
		t.Errorf("got %v, want two member ids to be refused, and nothing changed", err)
	}
	if err := set(ids[0], "M4"); err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]hub.HomeID{"M1": "", "M3": ids[2], "M4": ids[0]} {
		list, _, err := b.Find(ctx, team, "member_id", value, "", 10)
		if err != nil || (len(list) == 0) != (want == "") || want != "" && list[0].Home != want {
			t.Errorf("%s: got %v, %v, want %q", value, list, err, want)
		}
	}
	if err := set(ids[3], "M1"); err != nil {
		t.Errorf("one that was given back: got %v, want it free", err)
	}
	h.Clock.Advance(time.Second)
	if err := set(ids[0], ""); err != nil {
		t.Fatal(err)
	}
	if got := values(t, b, ids[1]); got != "" {
		t.Errorf("got %s, want no member id", got)
	}
	if _, err := join(b, ids[1], ids[2]); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids[:3] {
		if got := values(t, b, id); got != "member=M3" {
			t.Errorf("got %s, want the one of the side that has one, though the other was cleared later", got)
		}
	}
}

func TestOfManyWhoTakeAMemberIDOneHasIt(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	for round := range 3 {
		ids := homes(t, h, fmt.Sprint("race", round), 20)
		value := fmt.Sprint("M", round)
		var steps []func() error
		for i, id := range ids {
			a := hub.Audit{ID: fmt.Sprint(round, i), Actor: hub.Actor{Kind: hub.ActorMember, ID: "anna"}, At: hub.MillisOf(h.Clock.Now())}
			steps = append(steps, settle(func() error { return patch(b, id, a, "member_id", value) }))
		}
		for i := range 10 { // and joins of those that have none meanwhile
			steps = append(steps, func() error {
				_, err := join(b, ids[2*i], ids[2*i+1])
				return err
			})
		}
		if err := atOnce(8, steps); err != nil {
			t.Fatal(err)
		}
		holders := map[hub.HomeID]bool{}
		for _, id := range ids {
			c, err := b.Contact(ctx, team, id)
			if err != nil {
				t.Fatal(err)
			}
			if c.MemberID != "" {
				holders[c.Root] = true
				if !slices.ContainsFunc(c.Homes, func(h hub.Home) bool { return h.ID == c.Holder }) {
					t.Errorf("the contact of %s has its member id from %s, which is none of its homes", id, c.Holder)
				}
			}
		}
		if len(holders) != 1 {
			t.Errorf("got %d contacts with %s, want one", len(holders), value)
		}
	}
}
