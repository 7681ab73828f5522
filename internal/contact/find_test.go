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
	want := []store.Match{{Home: ids[0], Root: root}, {Home: ids[1], Root: root}, {Home: ids[2], Root: ids[2]}}
	for _, size := range []int{1, 2, 50} {
		for field, value := range map[string]string{"email": " SHOP@example.com", "phone": "886 911 223 344"} {
			if got := looked(t, b, field, value, size); !slices.Equal(got, want) {
				t.Errorf("%s by %d: got %v, want %v", field, size, got, want)
			}
		}
	}
	if got := looked(t, b, "crm_id", "0035g", 50); len(got) != 4 {
		t.Errorf("CRM id: got %v, want all four", got)
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

// TestLookUpsCostTheSameHoweverManyThereAre compares what is asked of the tables among
// 10 homes and among 10,000.
func TestLookUpsCostTheSameHoweverManyThereAre(t *testing.T) {
	if testing.Short() {
		t.Skip("ten thousand homes")
	}
	h := hubtest.New(t)
	b := book(h, h.As("Look", nil))
	c := &calls{h: h}
	first := homes(t, h, "one of many", 10)
	for i, id := range first {
		if err := patch(b, id, c.by("x"), "email", fmt.Sprintf("a%d@example.com", i), "phone", fmt.Sprintf("+88691122%04d", i), "member_id", fmt.Sprint("M", i)); err != nil {
			t.Fatal(err)
		}
	}
	costs := func() string {
		out := ""
		for _, look := range []func() error{
			func() error { _, _, err := b.Find(ctx, team, "email", "a3@example.com", "", 10); return err },
			func() error { _, _, err := b.Find(ctx, team, "phone", "+886911220003", "", 10); return err },
			func() error { _, _, err := b.Find(ctx, team, "member_id", "M3", "", 10); return err },
			func() error { _, err := b.Contact(ctx, team, first[3]); return err },
			func() error { _, _, err := b.List(ctx, team, "", 10); return err },
			func() error { return patch(b, first[3], c.by("x"), "email", "a3@example.com") },
		} {
			h.Clock.Advance(time.Millisecond)
			h.Cloud.Meter().Reset()
			if err := look(); err != nil {
				t.Fatal(err)
			}
			calls, read, write := h.Calls("Look")
			out += fmt.Sprintf("%d calls %v RRU %v WRU\n", calls, read, write)
		}
		return out
	}
	few := costs()
	var steps []func() error
	for i := range 10000 - len(first) {
		id := hub.HomeID(hub.Digest("crowd", fmt.Sprint(i)))
		steps = append(steps, func() error {
			err := h.Store.PutHome(ctx, team, hub.Home{
				ID: id, Account: hubtest.LineAccount, Channel: "line", User: "u", External: "x", Kind: hub.Person, Created: hub.MillisOf(hubtest.Start) + hub.Millis(i),
			})
			if err != nil || i%10 != 0 {
				return err
			}
			r := hub.Register{Field: "email", Value: fmt.Sprintf("c%d@example.com", i), At: 1, Source: "event"}
			return b.Set(ctx, h.Team, id, r)
		})
	}
	if err := atOnce(8, steps); err != nil {
		t.Fatal(err)
	}
	if many := costs(); many != few {
		t.Errorf("among 10,000 homes:\n%s\namong 10:\n%s", many, few)
	}
	t.Log(few)
}
