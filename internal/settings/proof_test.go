package settings_test

import (
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

func TestProofIsGoodForWhatItWasMadeForOnly(t *testing.T) {
	h := hubtest.New(t)
	b := &table{}
	r := behind(h, b)
	edge, err := h.Settings.Edge(ctx)
	if err != nil {
		t.Fatal(err)
	}
	code := edge.Prove("picture", hubtest.Team, "a", "b")
	if again := edge.Prove("picture", hubtest.Team, "a", "b"); len(code) != 16 || again != code {
		t.Errorf("got %q, then %q, want one code of 16 characters", code, again)
	}
	for _, test := range []struct {
		name, code, purpose string
		team                hub.TeamID
		parts               []string
		want                hub.Code
	}{
		{"as made", code, "picture", hubtest.Team, []string{"a", "b"}, ""},
		{"another purpose", code, "file", hubtest.Team, []string{"a", "b"}, hub.NotFound},
		{"another team", code, "picture", "other", []string{"a", "b"}, hub.NotFound},
		{"another part", code, "picture", hubtest.Team, []string{"a", "c"}, hub.NotFound},
		{"parts joined", code, "picture", hubtest.Team, []string{"ab"}, hub.NotFound},
		{"a part less", code, "picture", hubtest.Team, []string{"a"}, hub.NotFound},
		{"another code", swap(code, 3), "picture", hubtest.Team, []string{"a", "b"}, hub.NotFound},
		{"a webhook's code", h.PathID[len(h.PathID)-16:], "picture", hubtest.Team, []string{string(hubtest.LineConn)}, hub.NotFound},
	} {
		if err := r.Proved(ctx, test.code, test.purpose, test.team, test.parts...); hub.CodeOf(err) != test.want {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
	if _, err := h.Setup.RotateEdge(ctx); err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(2 * time.Minute)
	if err := r.Proved(ctx, code, "picture", hubtest.Team, "a", "b"); err != nil {
		t.Errorf("after another key was made: got %v, want it good for ever", err)
	}
	newer, err := h.Settings.Edge(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if now := newer.Prove("picture", hubtest.Team, "a", "b"); now == code || r.Proved(ctx, now, "picture", hubtest.Team, "a", "b") != nil {
		t.Errorf("got %q by the new key, want another, good as well", now)
	}
}

func TestMadeUpProofsReadTheKeysOnceAMinute(t *testing.T) {
	h := hubtest.New(t)
	b := &table{}
	r := behind(h, b)
	for _, code := range []string{"", "short", "muchlongerthanaproofcanbe"} {
		if err := r.Proved(ctx, code, "picture", hubtest.Team); hub.CodeOf(err) != hub.NotFound || b.calls.Load() != 0 {
			t.Errorf("%q: got %v with %d readings, want none", code, err, b.calls.Load())
		}
	}
	for range 500 {
		if err := r.Proved(ctx, "aaaaaaaaaaaaaaaa", "picture", hubtest.Team); hub.CodeOf(err) != hub.NotFound {
			t.Fatalf("got %v, want not_found", err)
		}
	}
	if got := b.calls.Load(); got != 1 {
		t.Errorf("got %d readings, want 1", got)
	}
}
