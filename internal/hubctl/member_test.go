package main

import (
	"strings"
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
	"omnihub/internal/team/apikey"
)

func TestFirstAdminAndMembersAreSetUpFromATerminal(t *testing.T) {
	h := hubtest.New(t)
	do := func(want string, args ...string) {
		t.Helper()
		out := must(t)(run(h, "", args...))
		for _, part := range strings.Split(want, "|") {
			if !strings.Contains(out, part) {
				t.Errorf("%q: got\n%s\nwant %q in it", args, out, part)
			}
		}
	}
	at := []string{"-team", "test", "-subject"}
	member := func(subject string, more ...string) []string {
		return append(append([]string{"member"}, append(at, subject)...), more...)
	}
	do("is admin, active", member("anna", "-role", "admin", "-name", "Anna", "-email", "Anna@shop.example")...)
	do("is agent, active", member("ben", "-role", "agent", "-name", "Ben")...)
	do("is admin, active", member("ben", "-role", "admin")...)
	do(`"anna"|"Anna"|"anna@shop.example"|"Ben"`, "member", "list", "-team", "test")
	do("is admin, disabled", append([]string{"member", "disable"}, append(at, "anna")...)...)
	do("is admin, active", append([]string{"member", "enable"}, append(at, "anna")...)...)
	do("is removed", append([]string{"member", "remove"}, append(at, "ben")...)...)
	for _, m := range []mistake{
		{"", member("anna", "-role", "agent"), "last active admin"},
		{"", append([]string{"member", "remove"}, append(at, "anna")...), "last active admin"},
		{"", member("anna", "-role", "owner"), "role is one of"},
		{"", member("anna"), "-role is missing"},
		{"", append([]string{"member", "remove"}, append(at, "ben")...), "not_found"},
		{"", []string{"member", "list"}, "-team is missing"},
		{"", []string{"member", "list", "-team", "nosuch"}, "not_found"},
		{"", []string{"member", "-team", "nosuch", "-subject", "x", "-role", "agent"}, "not_found"},
	} {
		m.check(t, h)
	}
	list, err := h.Store.Members(ctx, hubtest.Team)
	if err != nil || len(list) != 1 || list[0].Name != "Anna" || list[0].Role != hub.Admin {
		t.Errorf("got %+v, %v, want Anna alone", list, err)
	}
	entries, _, err := h.Store.Audits(ctx, hubtest.Team, store.Day(hub.MillisOf(h.Clock.Now())), "", 100)
	if err != nil || len(entries) != 6 {
		t.Errorf("got %d audit entries, %v, want 6", len(entries), err)
	}
	for _, e := range entries {
		if e.Actor.String() != "hub:operator" {
			t.Errorf("%s: got the actor %s", e.Action, e.Actor)
		}
	}
}

func TestKeyIsPrintedOnceAndRevoked(t *testing.T) {
	h := hubtest.New(t)
	out := must(t)(run(h, "", "key", "create", "-team", "test", "-name", "shop", "-scopes", "contacts:read, tags:write"))
	k, ok := apikey.Parse(hub.Secret(strings.TrimSpace(out)))
	if !ok {
		t.Fatalf("got %d bytes, want the key and nothing else", len(out))
	}
	list := must(t)(run(h, "", "key", "list", "-team", "test"))
	if !strings.Contains(list, k.ID) || !strings.Contains(list, "contacts:read tags:write") || !strings.Contains(list, "hub:operator") || strings.Contains(list, k.Secret.Reveal()) {
		t.Errorf("got %s", list)
	}
	must(t)(run(h, "", "key", "revoke", "-team", "test", "-key", k.ID))
	if stored, err := h.Store.APIKey(ctx, hubtest.Team, k.ID); err != nil || stored.Revoked == 0 {
		t.Errorf("got %+v, %v, want it revoked", stored, err)
	}
	for _, m := range []mistake{
		{"", []string{"key", "create", "-team", "test", "-name", "shop", "-scopes", "all"}, "scopes are some of"},
		{"", []string{"key", "create", "-team", "test", "-name", "shop"}, "scopes are missing"},
		{"", []string{"key", "create", "-team", "test"}, "-name is missing"},
		{"", []string{"key", "revoke", "-team", "test", "-key", "nosuch"}, "not_found"},
		{"", []string{"key", "list", "-team", "nosuch"}, "not_found"},
	} {
		m.check(t, h)
	}
}
