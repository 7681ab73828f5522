package store_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

func poison(h *hubtest.Hub, id string) store.Quarantined {
	return store.Quarantined{
		ID: id, Team: hubtest.Team, Channel: "line", Account: "line1", Reason: hub.Poison, Detail: "why", Size: 3, Chunks: 1,
		At: hub.MillisOf(h.Clock.Now()), Known: store.Known{Event: "E", Hash: "h", Head: []byte("{}"), External: "x", Person: "U1"},
	}
}

func TestReplayIsMarkedUnlessTheEntryCameBack(t *testing.T) {
	ctx, h := context.Background(), hubtest.New(t)
	keep := func(q store.Quarantined) {
		t.Helper()
		if err := h.Store.Quarantine(ctx, q, 0, []byte("raw")); err != nil {
			t.Fatal(err)
		}
	}
	entry := func() store.Quarantined {
		t.Helper()
		q, err := h.Store.QuarantinedEntry(ctx, hubtest.Team, "q1")
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	begin := func() hub.Millis {
		t.Helper()
		begun, err := h.Store.BeginReplay(ctx, entry())
		if err != nil {
			t.Fatal(err)
		}
		return begun
	}
	q := poison(h, "q1")
	keep(q)

	begun := begin()
	h.Clock.Advance(time.Minute)
	if again := begin(); again != begun {
		t.Errorf("a replay that was cut off begins anew under %d, want its old stamp %d", again, begun)
	}
	keep(q) // it fails again before the replay ends
	if kept, err := h.Store.EndReplay(ctx, q, begun); err != nil || kept {
		t.Errorf("got %v, %v, want an entry that came back not to be marked", kept, err)
	}
	if got := entry(); got.Replayed != 0 || got.Begun != 0 {
		t.Errorf("got %+v, want it as if it was never replayed", got)
	}

	begun = begin()
	if kept, err := h.Store.EndReplay(ctx, q, begun); err != nil || !kept || entry().Replayed == 0 {
		t.Errorf("got %v, %v, want it marked", kept, err)
	}
	h.Clock.Advance(time.Hour)
	keep(q) // it fails again later
	if got := entry(); got.Replayed != 0 || got.At != q.At {
		t.Errorf("got %+v, want it as it was", got)
	}
	if list, err := h.Store.QuarantinedBetween(ctx, hubtest.Team, 0, q.At); err != nil || len(list) != 1 {
		t.Errorf("got %d entries, %v, want 1", len(list), err)
	}
	body, known, whole, err := h.Store.QuarantinedWhole(ctx, entry())
	if err != nil || !whole || string(body) != "raw" || known.Person.Reveal() != "U1" || known.External != "x" || string(known.Head) != "{}" || known.Event != "E" || known.Hash != "h" {
		t.Errorf("got %q, %+v, %v, %v", body, known, whole, err)
	}
}

func TestQuarantineIsListedOverDaysAndPages(t *testing.T) {
	ctx, h := context.Background(), hubtest.New(t)
	start := hub.MillisOf(h.Clock.Now())
	// 1.2 MB of entries on the first day: more than a page of the table.
	for i := range 6 {
		q := poison(h, string(rune('a'+i)))
		q.Detail = strings.Repeat("x", 200_000)
		if i == 5 {
			h.Clock.Advance(26 * time.Hour)
			q.At = hub.MillisOf(h.Clock.Now())
		}
		if err := h.Store.Quarantine(ctx, q, 0, []byte("raw")); err != nil {
			t.Fatal(err)
		}
	}
	list, err := h.Store.QuarantinedBetween(ctx, hubtest.Team, start, hub.MillisOf(h.Clock.Now()))
	if err != nil || len(list) != 6 || list[5].ID != "f" {
		t.Errorf("got %d entries, %v, want 6, the newest last", len(list), err)
	}
	list, err = h.Store.QuarantinedBetween(ctx, hubtest.Team, start.Add(time.Hour), hub.MillisOf(h.Clock.Now()))
	if err != nil || len(list) != 1 {
		t.Errorf("got %d entries, %v, want that of the second day", len(list), err)
	}
	if _, err := h.Store.QuarantinedEntry(ctx, hubtest.Team, "a"); err != nil {
		t.Error(err)
	}
	if _, err := h.Store.QuarantinedEntry(ctx, "acme", "a"); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("another team: got %v, want not_found", err)
	}
}

func TestWhatItemsToldIsOfTheirTeamAndTime(t *testing.T) {
	h := hubtest.New(t)
	for line, want := range map[string]string{
		`{"Item":{"PK":{"S":"T#test#H#h"},"SK":{"S":"HOME"},"pub":{"S":"contact.created"},"ra":{"N":"5"}}}`:                            "contact.created",
		`{"Item":{"PK":{"S":"T#test#H#h"},"SK":{"S":"HOME"},"pub":{"S":"contact.created"},"ra":{"N":"5"},"ttl":{"N":"6"}}}`:            "",
		`{"Item":{"PK":{"S":"T#testing#H#h"},"SK":{"S":"HOME"},"pub":{"S":"contact.created"},"ra":{"N":"5"}}}`:                         "",
		`{"Item":{"PK":{"S":"T#test#H#a"},"SK":{"S":"E#b"},"pub":{"S":"contact.linked"},"at":{"N":"5"},"rev":{"N":"2"}}}`:              "contact.linked",
		`{"Item":{"PK":{"S":"T#test#H#a"},"SK":{"S":"E#b"},"pub":{"S":"contact.linked"},"at":{"N":"5"},"undone":{"N":"6"}}}`:           "",
		`{"Item":{"PK":{"S":"T#test#U#u"},"SK":{"S":"THREAD"},"rev":{"N":"2"},"chg":{"M":{"by":{"S":"ming"},"at":{"N":"5"}}}}}`:        "conversation.changed",
		`{"Item":{"PK":{"S":"T#test#U#u"},"SK":{"S":"THREAD"},"rev":{"N":"2"}}}`:                                                       "",
		`{"Item":{"PK":{"S":"T#test#U#u"},"SK":{"S":"M#1791170475123#x"},"rev":{"N":"2"},"sentAt":{"N":"5"},"deliveredAt":{"N":"6"}}}`: "message.status",
		`{"Item":{"PK":{"S":"T#test#U#u"},"SK":{"S":"M#1791170475123#x"},"pub":{"S":"message.received"},"rev":{"N":"1"}}}`:             "message.received",
	} {
		var got []string
		err := h.Store.ReadExport([]byte(line), hubtest.Team, func(told store.Told, err error) error {
			if err != nil {
				t.Errorf("%s: %v", line, err)
			}
			for _, e := range told.Events {
				got = append(got, e.Kind)
				if e.Kind == hub.MessageReceived && strings.Contains(e.ID, "#") {
					t.Errorf("%s: got the id %s of a revision, want the fact's", line, e.ID)
				}
			}
			return nil
		})
		if err != nil || !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: got %q, %v, want %q", line, got, err, want)
		}
	}
}
