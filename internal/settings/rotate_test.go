package settings_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/seal"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// under counts the sealed values of the test's team by the key that they stand under,
// the pepper among them, and the team's keys.
func under(t *testing.T, h *hubtest.Hub) (values map[string]int, keys []string) {
	t.Helper()
	it, err := h.Store.Team(ctx, hubtest.Team, store.Strict)
	if err != nil {
		t.Fatal(err)
	}
	list, err := h.Store.Sealed(ctx, hubtest.Team)
	if err != nil {
		t.Fatal(err)
	}
	values = map[string]int{seal.KeyOf(it.Pepper): 1}
	for _, setting := range list {
		for _, v := range setting.Fields {
			values[seal.KeyOf(v)]++
		}
	}
	for _, k := range it.Keys {
		keys = append(keys, k.ID)
	}
	return values, keys
}

// allUnder fails the test unless everything stands under one key, and answers how much
// that is.
func allUnder(t *testing.T, h *hubtest.Hub, key string) int {
	t.Helper()
	values, keys := under(t, h)
	if len(values) != 1 || values[key] < 3 || keys[len(keys)-1] != key {
		t.Errorf("got %v under keys %v, want all under %s", values, keys, key)
	}
	return values[key]
}

// whole fails the test unless a new process opens everything of the test's team.
func whole(t *testing.T, h *hubtest.Hub) {
	t.Helper()
	r := fresh(h)
	c, err := r.Connection(ctx, hubtest.Team, hubtest.LineConn)
	if err != nil || c.Secrets["channel_secret"].Reveal() != hubtest.LineSecret || string(c.Team.Pepper) != string(h.Team.Pepper) {
		t.Errorf("the connection: got %v, want its secret and the team's pepper", err)
	}
	a, err := r.Account(ctx, hubtest.Team, hubtest.LineAccount)
	if err != nil || a.Platform.Secrets["channel_token"].Reveal() != hubtest.LineToken || len(a.Rules.Keywords()) != 1 {
		t.Errorf("the account: got %v, want its token and keyword", err)
	}
}

func TestRotationSealsEverythingAgain(t *testing.T) {
	h := hubtest.New(t)
	all := allUnder(t, h, "1")
	for round := 2; round < 5; round++ {
		name, err := h.Setup.Rotate(ctx, hubtest.Team)
		if err != nil || name != fmt.Sprint(round) {
			t.Fatalf("got key %s, %v, want %d", name, err, round)
		}
		if n := allUnder(t, h, name); n != all {
			t.Errorf("after %d: got %d sealed values, want %d", round, n, all)
		}
		whole(t, h)
	}
	h.Clock.Advance(settings.KeyRest)
	if n, err := h.Setup.Drop(ctx, hubtest.Team); err != nil || n != 3 {
		t.Errorf("drop: got %d, %v, want 3", n, err)
	}
	if n, err := h.Setup.Drop(ctx, hubtest.Team); err != nil || n != 0 {
		t.Errorf("drop again: got %d, %v, want nothing to do", n, err)
	}
	whole(t, h)
	// A name never comes back.
	if name, err := h.Setup.Rotate(ctx, hubtest.Team); err != nil || name != "5" {
		t.Errorf("after the drop: got key %s, %v, want 5", name, err)
	}
	whole(t, h)
	if _, err := h.Setup.Rotate(ctx, "nobody"); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("a team that is not there: got %v, want not_found", err)
	}
}

func TestOldKeysStayWhileTheyAreNeeded(t *testing.T) {
	h := hubtest.New(t)
	it, err := h.Store.Team(ctx, hubtest.Team, store.Strict)
	if err != nil {
		t.Fatal(err)
	}
	// A rotation that was cut off after the new key joined.
	key := seal.NewKey()
	wrapped, err := h.Keyring.Wrap(ctx, key, map[string]string{"purpose": "team data key", "team": string(hubtest.Team)})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Team.Box.Add("2", key); err != nil {
		t.Fatal(err)
	}
	pepper, err := h.Team.Box.Seal(h.Team.Pepper, string(hubtest.Team), "pepper")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Store.AddTeamKey(ctx, it, store.WrappedKey{ID: "2", Wrapped: wrapped, Since: hub.MillisOf(h.Clock.Now())}, pepper); err != nil {
		t.Fatal(err)
	}
	refused := func(want string) {
		t.Helper()
		if n, err := h.Setup.Drop(ctx, hubtest.Team); n != 0 || hub.CodeOf(err) != hub.Conflict || !strings.Contains(err.Error(), want) {
			t.Errorf("got %d, %v, want a conflict about %q", n, err, want)
		}
	}
	refused("15m0s more")
	h.Clock.Advance(settings.KeyRest - time.Second)
	refused("1s more")
	h.Clock.Advance(time.Second)
	refused("not sealed under the newest key")
	whole(t, h)
	if n, err := h.Setup.Reseal(ctx, hubtest.Team); err != nil || n < 2 {
		t.Errorf("reseal: got %d, %v, want every setting", n, err)
	}
	allUnder(t, h, "2")
	if n, err := h.Setup.Reseal(ctx, hubtest.Team); err != nil || n != 0 {
		t.Errorf("reseal again: got %d, %v, want nothing to do", n, err)
	}
	if n, err := h.Setup.Drop(ctx, hubtest.Team); err != nil || n != 1 {
		t.Errorf("drop: got %d, %v, want 1", n, err)
	}
	whole(t, h)
}

// cut breaks the network for good after some calls, before or after the last of them
// reached the table.
type cut struct {
	next    http.RoundTripper
	left    *int
	arrives bool
}

func (c cut) RoundTrip(r *http.Request) (*http.Response, error) {
	*c.left--
	if *c.left < 0 || *c.left == 0 && !c.arrives {
		return nil, errors.New("cut")
	}
	resp, err := c.next.RoundTrip(r)
	if *c.left == 0 && err == nil {
		resp.Body.Close()
		return nil, errors.New("cut")
	}
	return resp, err
}

func TestRotationThatIsCutOffLosesNothing(t *testing.T) {
	h := hubtest.New(t)
	all := allUnder(t, h, "1")
	for calls := 1; calls <= 10; calls++ {
		for _, arrives := range []bool{true, false} {
			left := calls
			broken := settings.Setup{Keyring: h.Keyring, Store: h.As("broken", func(next http.RoundTripper) http.RoundTripper {
				return cut{next, &left, arrives}
			})}
			if _, err := broken.Rotate(ctx, hubtest.Team); left > 0 && err != nil {
				t.Fatalf("%d calls: got %v", calls, err)
			}
			whole(t, h)
			name, err := h.Setup.Rotate(ctx, hubtest.Team)
			if err != nil {
				t.Fatalf("again after %d calls: got %v", calls, err)
			}
			if n := allUnder(t, h, name); n != all {
				t.Errorf("again after %d calls: got %d sealed values, want %d", calls, n, all)
			}
			whole(t, h)
			h.Clock.Advance(settings.KeyRest)
			if _, err := h.Setup.Drop(ctx, hubtest.Team); err != nil {
				t.Errorf("drop after %d calls: got %v", calls, err)
			}
			whole(t, h)
		}
	}
}

func TestRotationsAndChangesAtOnceLoseNothing(t *testing.T) {
	h := hubtest.New(t)
	all := allUnder(t, h, "1")
	var busy sync.WaitGroup
	const rounds, hands = 4, 3
	again := func(change func() error) {
		for {
			if err := change(); hub.CodeOf(err) != hub.Conflict {
				if err != nil {
					t.Error(err)
				}
				return
			}
		}
	}
	for hand := range hands {
		busy.Add(2)
		go func() {
			defer busy.Done()
			for range rounds {
				again(func() error { _, err := h.Setup.Rotate(ctx, hubtest.Team); return err })
			}
		}()
		go func() { // secrets that change meanwhile
			defer busy.Done()
			for round := range rounds {
				again(func() error {
					return h.Setup.Connect(ctx, h.Team, hub.ConnectionID(fmt.Sprint("hand", hand)), "toy", channel.Secrets{"s": hub.Secret(fmt.Sprint(round))})
				})
			}
		}()
	}
	busy.Wait()
	whole(t, h)
	for hand := range hands {
		c, err := fresh(h).Connection(ctx, hubtest.Team, hub.ConnectionID(fmt.Sprint("hand", hand)))
		if err != nil || c.Secrets["s"].Reveal() != fmt.Sprint(rounds-1) {
			t.Errorf("hand %d: got %v, want the last secret", hand, err)
		}
	}
	_, keys := under(t, h)
	newest := keys[len(keys)-1]
	seen := map[string]bool{}
	for _, k := range keys {
		seen[k] = true
	}
	if len(keys) < 1+rounds*hands || len(seen) != len(keys) {
		t.Errorf("got keys %v, want one of each rotation, and no name twice", keys)
	}
	if _, err := h.Setup.Reseal(ctx, hubtest.Team); err != nil {
		t.Fatal(err)
	}
	if n := allUnder(t, h, newest); n != all+hands {
		t.Errorf("got %d sealed values, want %d", n, all+hands)
	}
}

func TestPathIDsOutliveARotation(t *testing.T) {
	h := hubtest.New(t)
	before := h.PathID
	for _, want := range []string{"2", "3"} {
		if name, err := h.Setup.RotateEdge(ctx); err != nil || name != want {
			t.Fatalf("got key %s, %v, want %s", name, err, want)
		}
	}
	edge, err := fresh(h).Edge(ctx)
	if err != nil {
		t.Fatal(err)
	}
	after := edge.PathID(hubtest.Team, hubtest.LineConn)
	if after == before {
		t.Error("the path id is made with the old key")
	}
	for _, id := range []string{before, after} {
		if _, _, ok := edge.Resolve(id); !ok {
			t.Errorf("%s is not known any more", id)
		}
	}
	if _, _, ok := edge.Resolve("test.line1.aaaaaaaaaaaaaaaa"); ok {
		t.Error("a made-up id was taken")
	}
	empty := *h.Store
	empty.Tables.Config = h.Store.Tables.Ledger
	if _, err := (settings.Setup{Store: &empty, Keyring: h.Keyring}).RotateEdge(ctx); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("before the first set-up: got %v, want not_found", err)
	}
}
