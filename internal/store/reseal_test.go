package store_test

import (
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
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
