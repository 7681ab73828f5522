package apikey_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
	"omnihub/internal/team/apikey"
)

var ctx = context.Background()

func put(t *testing.T, h *hubtest.Hub, k apikey.Key, scopes ...string) store.APIKey {
	t.Helper()
	stored := store.APIKey{ID: k.ID, Hash: k.Hash(), Scopes: scopes, Version: 1}
	deed := store.Deed{Team: k.Team, Audit: hub.Audit{ID: k.ID, At: hub.MillisOf(h.Clock.Now())}}
	if err := h.Store.PutAPIKey(ctx, deed, stored); err != nil {
		t.Fatal(err)
	}
	return stored
}

func gate(h *hubtest.Hub) *apikey.Gate {
	return &apikey.Gate{Store: h.As("gate", nil), Now: h.Clock.Now}
}

func admits(t *testing.T, g *apikey.Gate, text hub.Secret) bool {
	t.Helper()
	_, ok, err := g.Admit(ctx, text)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func TestTextReadsBackAsTheKey(t *testing.T) {
	k := apikey.New("acme")
	got, ok := apikey.Parse(k.Text())
	if !ok || got != k || len(k.Text().Reveal()) != len("ohk_acme_")+16+1+32 {
		t.Errorf("got %v, %v", got, ok)
	}
	if other := apikey.New("acme"); other.ID == k.ID || other.Secret == k.Secret {
		t.Error("two keys are alike")
	}
	if shown := fmt.Sprintf("%v %+v %s", k, k, k.Text()); strings.Contains(shown, k.Secret.Reveal()) {
		t.Error("a print shows the secret")
	}
}

func TestGoodKeyIsLetInWithItsScopes(t *testing.T) {
	h := hubtest.New(t)
	k := apikey.New(hubtest.Team)
	put(t, h, k, "contacts:read", "export")
	got, ok, err := gate(h).Admit(ctx, k.Text())
	if err != nil || !ok || got.Team != hubtest.Team || got.Key != k.ID || !slices.Equal(got.Scopes, []string{"contacts:read", "export"}) {
		t.Errorf("got %+v, %v, %v", got, ok, err)
	}
}

func TestMalformedKeysAreRefusedWithoutARead(t *testing.T) {
	h := hubtest.New(t)
	k := apikey.New(hubtest.Team)
	good := k.Text().Reveal()
	for _, text := range []string{
		"", "ohk", "ohk___", good[1:], "ohl" + good[3:], good[:len(good)-1], good + "a", good + "_a", strings.ToUpper(good), good + "\n", " " + good,
		strings.Replace(good, "_test_", "_TEST_", 1), strings.Replace(good, "_test_", "_t_", 1), strings.Replace(good, "_test_", "__", 1),
		strings.Replace(good, "_test_", "_test#MEMBER_", 1), strings.Replace(good, k.ID, k.ID[1:], 1), strings.Replace(good, k.ID, k.ID[1:]+"#", 1),
		strings.Replace(good, "_", "-", -1), strings.Repeat("ohk_", 1<<20), strings.Repeat("a", 1<<20),
	} {
		if admits(t, gate(h), hub.Secret(text)) {
			t.Errorf("%.40q is let in", text)
		}
	}
	if calls, _, _ := h.Calls("gate"); calls != 0 {
		t.Errorf("got %d calls, want none", calls)
	}
}

func TestKeysThatAreNotGoodAreRefused(t *testing.T) {
	h := hubtest.New(t)
	if err := h.Setup.Team(ctx, "other", "Other"); err != nil {
		t.Fatal(err)
	}
	k, missing := apikey.New(hubtest.Team), apikey.New(hubtest.Team)
	put(t, h, k)
	secret, team, id := k, k, k
	secret.Secret, team.Team, id.ID = missing.Secret, "other", missing.ID
	near := k
	near.Secret = k.Secret[:31] + map[bool]hub.Secret{true: "b", false: "a"}[k.Secret[31] == 'a']
	for what, bad := range map[string]apikey.Key{"secret": secret, "last letter": near, "team": team, "id": id, "key": missing} {
		if admits(t, gate(h), bad.Text()) {
			t.Errorf("a key with another %s is let in", what)
		}
	}
	// An item without a hash lets nobody in.
	h.PutItem(h.Store.Tables.Config, map[string]any{"PK": "T#test", "SK": "KEY#" + missing.ID})
	if admits(t, gate(h), missing.Text()) {
		t.Error("a key without a hash is let in")
	}
}

func TestRevokedKeyIsOutAfterThirtySeconds(t *testing.T) {
	h := hubtest.New(t)
	k := apikey.New(hubtest.Team)
	stored := put(t, h, k)
	g := gate(h)
	if !admits(t, g, k.Text()) {
		t.Fatal("the key is refused")
	}
	if err := h.Store.RevokeAPIKey(ctx, store.Deed{Team: hubtest.Team, Audit: hub.Audit{ID: "r", At: hub.MillisOf(h.Clock.Now())}}, stored); err != nil {
		t.Fatal(err)
	}
	if admits(t, gate(h), k.Text()) {
		t.Error("a new process lets a revoked key in")
	}
	h.Clock.Advance(apikey.Kept - time.Millisecond)
	before, _, _ := h.Calls("gate")
	if !admits(t, g, k.Text()) {
		t.Error("what was read a moment ago was read again")
	}
	if after, _, _ := h.Calls("gate"); after != before {
		t.Errorf("got %d calls within %v, want none", after-before, apikey.Kept)
	}
	h.Clock.Advance(time.Millisecond)
	if admits(t, g, k.Text()) || apikey.Kept > 30*time.Second {
		t.Errorf("a revoked key is let in after %v", apikey.Kept)
	}
}

func TestClockThatGoesBackKeepsNothing(t *testing.T) {
	h := hubtest.New(t)
	k := apikey.New(hubtest.Team)
	stored := put(t, h, k)
	g := gate(h)
	admits(t, g, k.Text())
	if err := h.Store.RevokeAPIKey(ctx, store.Deed{Team: hubtest.Team, Audit: hub.Audit{ID: "r", At: 1}}, stored); err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(-time.Hour)
	if admits(t, g, k.Text()) {
		t.Error("a revoked key is let in")
	}
}

func TestNobodyIsLetInWhileTheTableFails(t *testing.T) {
	h := hubtest.New(t)
	k := apikey.New(hubtest.Team)
	put(t, h, k)
	down := true
	g := &apikey.Gate{Now: h.Clock.Now, Store: h.As("gate", func(next http.RoundTripper) http.RoundTripper {
		return trip(func(r *http.Request) (*http.Response, error) {
			if down {
				return nil, errors.New("down")
			}
			return next.RoundTrip(r)
		})
	})}
	if _, ok, err := g.Admit(ctx, k.Text()); ok || hub.CodeOf(err) != hub.Transient || strings.Contains(err.Error(), k.Secret.Reveal()) {
		t.Errorf("got %v, %v", ok, err)
	}
	down = false
	if !admits(t, g, k.Text()) {
		t.Error("the failure was kept")
	}
	// While it is kept the table may fail, and no longer.
	down = true
	if !admits(t, g, k.Text()) {
		t.Error("what is kept is not used")
	}
	h.Clock.Advance(apikey.Kept)
	if _, ok, err := g.Admit(ctx, k.Text()); ok || err == nil {
		t.Errorf("got %v, %v, want an error", ok, err)
	}
}

type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestBearerIsReadFromItsHeader(t *testing.T) {
	for header, want := range map[string]hub.Secret{
		"Bearer ohk_a": "ohk_a", "bearer  ohk_a ": "ohk_a", "Bearer": "", "Basic ohk_a": "", "ohk_a": "", "": "", "Bearerohk_a": "",
	} {
		if got := apikey.Bearer(header); got != want {
			t.Errorf("%q: got %q, want %q", header, got.Reveal(), want.Reveal())
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(apikey.New("acme").Text().Reveal())
	f.Add("ohk_acme_aaaa_bbbb")
	f.Fuzz(func(t *testing.T, text string) {
		if k, ok := apikey.Parse(hub.Secret(text)); ok && k.Text().Reveal() != text {
			t.Errorf("%q reads as another key's text", text)
		}
	})
}
