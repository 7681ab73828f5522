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

// looked are the homes that a look-up finds, by pages of a size.
func looked(t *testing.T, b *contact.Book, field, value string, size int) []store.Match {
	t.Helper()
	var all []store.Match
	after := hub.HomeID("")
	for {
		list, next, err := b.Find(ctx, team, field, value, after, size)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, list...)
		if after = next; next == "" {
			return all
		}
	}
}

func TestLookUpFindsWhoHasTheValueNow(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	ids := homes(t, h, "find", 4)
	slices.Sort(ids)
	for _, id := range ids {
		if err := patch(b, id, c.by("contact.patch"), "email", "shop@example.com", "phone", "+886911223344", "crm_id", "0035g"); err != nil {
			t.Fatal(err)
		}
	}
	root, err := join(b, ids[0], ids[1])
	if err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(time.Second)
	if err := patch(b, ids[3], c.by("contact.patch"), "email", "other@example.com", "phone", ""); err != nil {
		t.Fatal(err)
	}
	want := []store.Match{{Home: ids[0], Root: root}, {Home: ids[2], Root: ids[2]}}
	for _, size := range []int{1, 2, 50} {
		for field, value := range map[string]string{"email": " SHOP@example.com", "phone": "886 911 223 344"} {
			if got := looked(t, b, field, value, size); !slices.Equal(got, want) {
				t.Errorf("%s by %d: got %v, want %v", field, size, got, want)
			}
		}
	}
	if got := looked(t, b, "crm_id", "0035g", 50); len(got) != 3 {
		t.Errorf("CRM id: got %v, want all three contacts", got)
	}
	if got := looked(t, b, "email", "nobody@example.com", 50); got != nil {
		t.Errorf("got %v, want nobody", got)
	}
	for field, value := range map[string]string{"name": "Anna", "email": "", "phone": "0911223344", "attr.size": "XL"} {
		if _, _, err := b.Find(ctx, team, field, value, "", 10); hub.CodeOf(err) != hub.BadRequest {
			t.Errorf("%s: got %v, want a bad request", field, err)
		}
	}
}

// TestLookUpShowsAContactOnceHoweverManyOfItsHomesSayTheValue joins homes that lie far from
// each other in the order of a look-up, of which the first does not say the value now.
func TestLookUpShowsAContactOnceHoweverManyOfItsHomesSayTheValue(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	ids := homes(t, h, "once", 9)
	slices.Sort(ids)
	for _, id := range ids {
		if err := patch(b, id, c.by("contact.patch"), "email", "shop@example.com"); err != nil {
			t.Fatal(err)
		}
	}
	h.Clock.Advance(time.Second)
	if err := patch(b, ids[0], c.by("contact.patch"), "email", ""); err != nil {
		t.Fatal(err)
	}
	for _, p := range [][2]int{{0, 3}, {3, 8}, {1, 7}} {
		if _, err := join(b, ids[p[0]], ids[p[1]]); err != nil {
			t.Fatal(err)
		}
	}
	for size := 1; size <= 9; size++ {
		var got []int
		for _, m := range looked(t, b, "email", "shop@example.com", size) {
			got = append(got, slices.Index(ids, m.Home))
		}
		if want := []int{1, 2, 3, 4, 5, 6}; !slices.Equal(got, want) {
			t.Errorf("by %d: got the homes %v, want %v", size, got, want)
		}
	}
}

// TestFinderThatAHomeDoesNotBearOutIsNotShown plants finders, of a home without the
// register, and of one that is not there, as a write by halves would leave them.
func TestFinderThatAHomeDoesNotBearOutIsNotShown(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	hash := h.Team.Pepper.Value("email", "shop@example.com")
	for _, home := range append(homes(t, h, "bare", 1), "nobody") {
		h.PutItem(h.Store.Tables.Contacts, map[string]any{"PK": "T#test#F#email#" + hash, "SK": string(home)})
	}
	if got := looked(t, b, "email", "shop@example.com", 5); len(got) != 0 {
		t.Errorf("got %v, want nobody", got)
	}
	if home, made, err := upsert(b, one(h, "contact.upsert"), "email", "shop@example.com"); err != nil || !made {
		t.Errorf("got %s, made %v, %v, want a home of its own", home, made, err)
	}
}

func TestPhoneThatAnEventTellsIsFound(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	ids := homes(t, h, "event", 1)
	at := hub.MillisOf(h.Clock.Now())
	set := func(field, value string, at hub.Millis) {
		t.Helper()
		if err := b.Set(ctx, h.Team, ids[0], hub.Register{Field: field, Value: value, At: at, Source: "event"}); err != nil {
			t.Fatal(err)
		}
	}
	set("phone", "886911223344", at)
	set("phone", "886911223355", at-1) // came late: it is not what stands
	set("phone", "886911223344", at)
	set("name", "Anna", at)
	if got, want := values(t, b, ids[0]), "name=Anna phone=+886911223344"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := looked(t, b, "phone", "+886911223344", 5); len(got) != 1 {
		t.Errorf("got %v, want the home", got)
	}
	if got := looked(t, b, "phone", "+886911223355", 5); len(got) != 0 {
		t.Errorf("got %v, want nobody", got)
	}
	finders := 0
	for _, hash := range h.Strings(h.Store.Tables.Contacts, "T#test#H#"+string(ids[0]), "P#phone", "fk") {
		finders++
		if got := h.Items(h.Store.Tables.Contacts, "T#test#F#phone#"+hash); len(got) != 1 {
			t.Errorf("got %v under a hash that the register keeps, want its finder", got)
		}
	}
	if finders != 2 {
		t.Errorf("got %d finders at the register, want both that were ever made", finders)
	}
	set("phone", "call me", at+1) // of no known form: kept as it is
	if got, want := values(t, b, ids[0]), "name=Anna phone=call me"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestListShowsTheNewestFirstAndSkipsEmptyDays(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	day := hub.Millis(24 * time.Hour / time.Millisecond)
	start := hub.MillisOf(hubtest.Start)
	var want []hub.HomeID
	for i := range 25 {
		// Ten homes on the first day, one in each of ten days over a year later, five a
		// thousand days later.
		created := start + hub.Millis(i)
		switch {
		case i >= 20:
			created += 1000 * day
		case i >= 10:
			created += hub.Millis(400+3*i) * day
		}
		want = append(want, putHome(t, h, fmt.Sprint("listed ", i), created, hub.Person))
	}
	slices.Reverse(want)
	for _, size := range []int{1, 3, 10, 100} {
		var got []hub.HomeID
		before, calls := "", 0
		for {
			list, next, err := b.List(ctx, team, before, size)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range list {
				got = append(got, m.Home)
			}
			calls++
			if before = next; next == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("by %d: got %d homes in another order, want all, newest first", size, len(got))
		}
		if most := 25/size + 4; calls > most {
			t.Errorf("by %d: got %d calls, want at most %d", size, calls, most)
		}
	}
	root, err := join(b, want[0], want[24])
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := b.List(ctx, team, "", 1)
	if err != nil || list[0] != (store.Match{Home: want[0], Root: root}) || root != want[24] {
		t.Errorf("got %v, %v, want the newest with its contact's root", list, err)
	}
	for _, before := range []string{"x", "12#a"} {
		if _, _, err := b.List(ctx, team, before, 5); hub.CodeOf(err) != hub.BadRequest {
			t.Errorf("%q: got %v, want a bad request", before, err)
		}
	}
	if list, next, err := b.List(ctx, "other", "", 5); len(list) != 0 || next != "" || err != nil {
		t.Errorf("another team: got %v, %q, %v, want nothing", list, next, err)
	}
}
