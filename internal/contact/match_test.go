package contact_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// changed are the fields by which somebody may be matched that changed so far, as the
// bus tells them.
func changed(t *testing.T, h *hubtest.Hub) (list []contact.Changed) {
	t.Helper()
	for _, e := range h.Published() {
		c, err := contact.ReadChanged(fmt.Sprintf(`{"team":%q,"home":%q,"field":%q}`, e.Team, e.Detail["home"], e.Detail["field"]))
		if err == nil && e.Kind == hub.ContactChanged {
			list = append(list, c)
		}
	}
	return list
}

func TestEqualAndVariantValuesMakeCandidates(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	m := &contact.Matcher{Book: b, Log: h.Log}
	ids := homes(t, h, "match", 8)
	group := putHome(t, h, "group", 1, hub.Group)
	for i, set := range [][]string{
		{"email", "anna@example.com"}, {"email", "Anna@example.com", "phone", "886911223344"}, {"phone", "+886 911 223 344"},
		{"phone", "+5511987654321"}, {"phone", "+551187654321"}, {"phone", "+525512345678"}, {"phone", "+5215512345678"}, {"name", "Anna"},
	} {
		if err := patch(b, ids[i], c.by("contact.patch"), set...); err != nil {
			t.Fatal(err)
		}
	}
	if err := patch(b, group, c.by("contact.patch"), "email", "anna@example.com"); err != nil {
		t.Fatal(err)
	}
	all := changed(t, h)
	for range 2 {
		for _, c := range all {
			if err := m.Match(ctx, c); err != nil {
				t.Fatal(err)
			}
		}
		slices.Reverse(all)
	}
	want := "0-1 same_email, 1-2 same_phone, 3-4 phone_variant, 5-6 phone_variant"
	if got := open(t, b, ids); !sameWords(strings.ReplaceAll(got, ",", ""), strings.ReplaceAll(want, ",", "")) {
		t.Errorf("got %s, want %s", got, want)
	}
	if n := told(t, h); n != 4 {
		t.Errorf("got %d told, want each once", n)
	}
}

// TestNumberThatCameWithAnotherIDIsNotAskedTwice: what the webhook showed of two homes says
// more than that their numbers are the same, whichever comes first.
func TestNumberThatCameWithAnotherIDIsNotAskedTwice(t *testing.T) {
	for _, matchedFirst := range []bool{false, true} {
		h := hubtest.New(t)
		b, c := book(h, h.Store), &calls{h: h}
		ids := homes(t, h, "recycled", 2)
		for _, id := range ids {
			if err := patch(b, id, c.by("contact.patch"), "phone", "+886911223344"); err != nil {
				t.Fatal(err)
			}
		}
		m := &contact.Matcher{Book: b, Log: h.Log}
		match := func() {
			for _, id := range ids {
				if err := m.Match(ctx, contact.Changed{Team: team, Home: id, Field: "phone"}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if matchedFirst {
			match()
		}
		candidate(t, b, ids[0], ids[1], hub.ReasonOtherID)
		match()
		if got, want := open(t, b, ids), "0-1 phone_other_id"; got != want {
			t.Errorf("matched first %v: got %q, want %q", matchedFirst, got, want)
		}
	}
}

func TestMatchOfWhatIsNotThereIsDone(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	m := &contact.Matcher{Book: b, Log: h.Log}
	ids := homes(t, h, "absent", 2)
	for _, id := range ids {
		if err := patch(b, id, c.by("contact.patch"), "email", "anna@example.com"); err != nil {
			t.Fatal(err)
		}
	}
	if err := patch(b, ids[0], hub.Audit{ID: "later", At: hub.MillisOf(h.Clock.Now()) + 1}, "email", ""); err != nil {
		t.Fatal(err)
	}
	for _, c := range []contact.Changed{
		{Team: team, Home: ids[0], Field: "email"}, {Team: team, Home: ids[1], Field: "email"}, {Team: team, Home: ids[1], Field: "phone"},
		{Team: team, Home: "nobody", Field: "email"},
	} {
		if err := m.Match(ctx, c); err != nil {
			t.Errorf("%+v: got %v, want it done", c, err)
		}
	}
	if got := open(t, b, ids); got != "" {
		t.Errorf("got %s, want no candidate", got)
	}
	if strings.Contains(h.Logged.String(), "anna@") {
		t.Error("the value stands in the log")
	}
}

func TestValueThatManyShareMatchesTheFirstOfThem(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	ids := homes(t, h, "shared", contact.MaxFound+5)
	slices.Sort(ids)
	for _, id := range ids {
		if err := patch(b, id, c.by("contact.patch"), "email", "info@example.com"); err != nil {
			t.Fatal(err)
		}
	}
	m := &contact.Matcher{Book: b, Log: h.Log}
	if err := m.Match(ctx, contact.Changed{Team: team, Home: ids[0], Field: "email"}); err != nil {
		t.Fatal(err)
	}
	if got := told(t, h); got != contact.MaxFound-1 {
		t.Errorf("got %d candidates, want %d", got, contact.MaxFound-1)
	}
	if !strings.Contains(h.Logged.String(), "not all matched") {
		t.Error("nothing in the log says that some are left out")
	}
}

func TestWhatIsNoChangeIsRefused(t *testing.T) {
	for _, body := range []string{"", "[]", "{}", `{"team":"test","home":"h"}`, `{"team":"test","home":"h","field":"name"}`, `{"team":"No Team","home":"h","field":"email"}`,
		`{"team":"test","home":"","field":"email"}`, `{"team":7,"home":"x","field":"email"}`} {
		if _, err := contact.ReadChanged(body); hub.CodeOf(err) != hub.Unparsable {
			t.Errorf("%s: got %v, want unparsable", body, err)
		}
	}
}
