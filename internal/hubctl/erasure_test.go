package main

import (
	"strings"
	"testing"

	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

func TestErasuresAreListedDoneAgainAndLifted(t *testing.T) {
	h := hubtest.New(t)
	b := &contact.Book{Store: h.Store, Now: h.Clock.Now, Settings: h.Settings}
	c := &control{store: h.Store, key: h.Keyring, now: h.Clock.Now}
	a := hub.Audit{ID: "a", Actor: operator, Action: "x", Target: "home/new", At: hub.MillisOf(h.Clock.Now())}
	email := contact.Change{Field: "email", Value: "anna@example.com"}
	home, _, err := b.Create(ctx, hubtest.Team, "anna", []contact.Change{email}, a)
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.erasures().Preview(ctx, hubtest.Team, home)
	if err != nil {
		t.Fatal(err)
	}
	e, err := c.erasures().Begin(ctx, hubtest.Team, home, p.Token, a)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Store.EraseHome(ctx, e, home, h.Team.Pepper.Value); err != nil {
		t.Fatal(err)
	}
	if out := must(t)(run(h, "", "erasure", "list", "-team", "test")); !strings.Contains(out, e.ID) || !strings.Contains(out, "begun") || !strings.Contains(out, "hub:operator") {
		t.Errorf("got %s", out)
	}
	for args, want := range map[string]string{
		"-since 1h": "1 of 1 ", "-since 1h -from " + h.Store.Tables.Contacts: "1 of 1 ", "-since 2030-01-01T00:00:00Z": "0 of 1 ",
	} {
		out := must(t)(run(h, "", append([]string{"erasure", "again", "-team", "test"}, strings.Fields(args)...)...))
		if !strings.Contains(out, want) {
			t.Errorf("%s: got %q, want %q", args, out, want)
		}
	}
	if out := must(t)(run(h, "", "erasure", "allow", "-team", "test", "-field", "email", "-value", "Anna@Example.com")); !strings.Contains(out, "email") {
		t.Errorf("got %s", out)
	}
	for _, m := range []mistake{
		{"", []string{"erasure", "allow", "-team", "test", "-field", "email", "-value", "anna@example.com"}, "not_found"},
		{"", []string{"erasure", "allow", "-team", "test", "-field", "email", "-value", "x"}, "no e-mail address"},
		{"", []string{"erasure", "allow", "-team", "test"}, "-field is missing"},
		{"", []string{"erasure", "again", "-team", "test"}, "-since is missing"},
		{"", []string{"erasure", "list"}, "-team is missing"},
	} {
		m.check(t, h)
	}
}
