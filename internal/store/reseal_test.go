package store_test

import (
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

// TestSecretThatChangedSinceItWasReadIsNotSealedOver: a rotation seals again what it
// has read; a secret that was entered meanwhile would be lost.
func TestSecretThatChangedSinceItWasReadIsNotSealedOver(t *testing.T) {
	h := hubtest.New(t)
	seen, err := h.Store.Sealed(ctx, hubtest.Team)
	if err != nil || len(seen) == 0 {
		t.Fatalf("got %d sealed settings, %v", len(seen), err)
	}
	if err := h.Setup.Connect(ctx, h.Team, hubtest.LineConn, "line", channel.Secrets{"channel_secret": "entered meanwhile"}); err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, it := range seen {
		err := h.Store.Reseal(ctx, it, it.Fields)
		if _, changed := it.Fields["channel_secret"]; !changed {
			if err != nil {
				t.Errorf("%s: got %v, want what did not change to be sealed", it.Place, err)
			}
			continue
		}
		if refused++; hub.CodeOf(err) != hub.Conflict {
			t.Errorf("%s: got %v, want conflict", it.Place, err)
		}
	}
	if refused != 1 {
		t.Errorf("got %d settings with the secret, want 1", refused)
	}
}

// TestCredentialsThatChangedSinceTheyWereReadAreNotRenewedOver: the care is as it was
// read, but the secrets of the account or of its connection are not, be they renewed or
// not.
func TestCredentialsThatChangedSinceTheyWereReadAreNotRenewedOver(t *testing.T) {
	h := hubtest.New(t)
	read := func() store.Renewal {
		t.Helper()
		team, err := h.Store.Team(ctx, hubtest.Team, store.Strict)
		if err != nil {
			t.Fatal(err)
		}
		account, err := h.Store.Account(ctx, hubtest.Team, hubtest.LineAccount, store.Strict)
		if err != nil {
			t.Fatal(err)
		}
		connection, err := h.Store.Connection(ctx, hubtest.Team, hubtest.LineConn, store.Strict)
		if err != nil {
			t.Fatal(err)
		}
		care, err := h.Store.Care(ctx, hubtest.Team, hubtest.LineAccount)
		if err != nil {
			t.Fatal(err)
		}
		return store.Renewal{
			Keys: team.Keys, Account: account, Connection: connection, Care: care,
			AccountSealed: account.Sealed, ConnectionSealed: connection.Sealed,
		}
	}
	old := map[string][]byte{"channel_secret": []byte("as it was before")}
	for _, c := range []struct {
		name string
		seen func(*store.Renewal)
		want hub.Code
	}{
		{"the account's, renewed", func(r *store.Renewal) { r.Account.Sealed = old }, hub.Conflict},
		{"the connection's, renewed", func(r *store.Renewal) { r.Connection.Sealed = old }, hub.Conflict},
		{"the account's, kept", func(r *store.Renewal) { r.Account.Sealed, r.AccountSealed = old, nil }, hub.Conflict},
		{"the connection's, kept", func(r *store.Renewal) { r.Connection.Sealed, r.ConnectionSealed = old, nil }, hub.Conflict},
		{"the team's keys", func(r *store.Renewal) { r.Keys = nil }, hub.Conflict},
		{"the care", func(r *store.Renewal) { r.Care.Version = 7 }, hub.Conflict},
		{"nothing", func(*store.Renewal) {}, ""},
	} {
		r := read()
		before := r.Care.Version
		c.seen(&r)
		if err := h.Store.Renew(ctx, r); hub.CodeOf(err) != c.want {
			t.Errorf("%s changed: got %v, want code %q", c.name, err, c.want)
		}
		if now := read().Care.Version; now != before && c.want != "" {
			t.Errorf("%s changed: got the care written, from version %d to %d", c.name, before, now)
		}
	}
}
