package main

import (
	"strings"
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/settings"
)

func TestKeysAreRotatedFromATerminal(t *testing.T) {
	h := hubtest.New(t)
	out := must(t)(run(h, "", "rotate", "-team", "test"))
	if !strings.Contains(out, "data key 2") || !strings.Contains(out, "hubctl rotate -team test -drop") {
		t.Errorf("got %q, want the key's name and what is to be done later", out)
	}
	if _, err := run(h, "", "rotate", "-team", "test", "-drop"); hub.CodeOf(err) != hub.Conflict || !strings.Contains(err.Error(), "15m0s") {
		t.Errorf("too early: got %v, want how long to wait", err)
	}
	h.Clock.Advance(settings.KeyRest)
	if out := must(t)(run(h, "", "rotate", "-team", "test", "-drop")); !strings.Contains(out, "removed: 1") {
		t.Errorf("got %q, want one key removed", out)
	}
	if a, err := stored(h).Account(ctx, hubtest.Team, hubtest.LineAccount); err != nil || a.Platform.Secrets["channel_token"].Reveal() != hubtest.LineToken {
		t.Errorf("got %v, want the secret", err)
	}
}

func TestEdgeKeyIsRotatedFromATerminal(t *testing.T) {
	h := hubtest.New(t)
	path := func(connection, secrets string) string {
		t.Helper()
		out := must(t)(run(h, secrets, "connect", "-team", "test", "-channel", "line", "-connection", connection, "-url", hubtest.API))
		return out[strings.LastIndex(out, "/")+1 : len(out)-1]
	}
	before := path("line1", "")
	if before != h.PathID {
		t.Errorf("got the path %s, want %s", before, h.PathID)
	}
	if out := must(t)(run(h, "", "rotate", "-edge")); !strings.Contains(out, "key 2") {
		t.Errorf("got %q", out)
	}
	if again := path("line1", ""); again != before {
		t.Errorf("got the path %s, want what stands at the platform: %s", again, before)
	}
	after := path("line2", "channel_secret=s")
	edge, err := stored(h).Edge(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]hub.ConnectionID{before: "line1", after: "line2"} {
		if _, c, ok := edge.Resolve(id); !ok || c != want {
			t.Errorf("%s: got %s, %v, want %s", id, c, ok, want)
		}
	}
	if after != edge.PathID(hubtest.Team, "line2") {
		t.Error("the path of a new connection is made with the old key")
	}
}
