package contact_test

import (
	"net/http"
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// trip does something instead of a call to the cloud, or before it.
type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestUndoInAContactThatIsPartedMeanwhile has somebody part the contact between the two
// first reads of an undoing: what it read of it is of no contact any more.
func TestUndoInAContactThatIsPartedMeanwhile(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	ids := homes(t, h, "meanwhile", 3)
	near, far := hub.EdgeOf(ids[1], ids[2])
	for _, p := range [][2]hub.HomeID{{ids[0], near}, {near, far}} {
		if _, err := join(b, p[0], p[1]); err != nil {
			t.Fatal(err)
		}
	}
	reads := 0
	st := h.As("Undo", func(next http.RoundTripper) http.RoundTripper {
		return trip(func(r *http.Request) (*http.Response, error) {
			if reads++; reads == 2 {
				if err := b.Undo(ctx, team, [][2]hub.HomeID{{ids[0], near}}, c.by("contact.undo")); err != nil {
					t.Error(err)
				}
			}
			return next.RoundTrip(r)
		})
	})
	if err := book(h, st).Undo(ctx, team, [][2]hub.HomeID{{near, far}}, c.by("contact.undo")); err != nil {
		t.Errorf("got %v, want it undone", err)
	}
	for _, id := range ids {
		if k, err := b.Contact(ctx, team, id); err != nil || len(k.Homes) != 1 {
			t.Errorf("got %+v, %v, want every home alone", k, err)
		}
	}
}

// TestUndoNamesWhatIsUndoneAlready: pairs that are undone already do not keep others from
// being undone, of whatever contact they are now.
func TestUndoNamesWhatIsUndoneAlready(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	ids := homes(t, h, "already", 4)
	joinAll(t, b, ids, [2]int{0, 1}, [2]int{2, 3})
	for _, pairs := range [][][2]hub.HomeID{{pair(ids[0], ids[1])}, {pair(ids[0], ids[1]), pair(ids[2], ids[3])}} {
		if err := b.Undo(ctx, team, pairs, c.by("contact.undo")); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range ids {
		if k, err := b.Contact(ctx, team, id); err != nil || len(k.Homes) != 1 {
			t.Errorf("got %+v, %v, want every home alone", k, err)
		}
	}
}
