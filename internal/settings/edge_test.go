package settings_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/settings"
)

func TestMadeUpPathIDsReadTheKeysOnceAMinute(t *testing.T) {
	h := hubtest.New(t)
	b := &table{}
	r := behind(h, b)
	wrong := swap(h.PathID, len(h.PathID)-1)
	resolve := func(id string, want hub.Code) {
		t.Helper()
		if _, _, err := r.Resolve(ctx, id); hub.CodeOf(err) != want {
			t.Fatalf("%q: got %v, want %q", id, err, want)
		}
	}
	resolve("no form at all", hub.NotFound)
	if b.calls.Load() != 0 {
		t.Error("an id of the wrong form made the keys be read")
	}
	for minute := range 5 {
		b.calls.Store(0)
		for range 590 {
			resolve(wrong, hub.NotFound)
			resolve(h.PathID, "")
			h.Clock.Advance(100 * time.Millisecond)
		}
		h.Clock.Advance(time.Second)
		if got := b.calls.Load(); got != 1 {
			t.Errorf("minute %d: got %d readings, want 1", minute, got)
		}
	}
	// Good ids need nothing, however long the table is away.
	b.broken.Store(true)
	for range 100 {
		h.Clock.Advance(time.Minute)
		b.calls.Store(0)
		resolve(h.PathID, "")
		if b.calls.Load() != 0 {
			t.Fatal("a good id made the keys be read")
		}
	}
	// What is not known by old keys may be good by a new one: that cannot be told now.
	resolve(wrong, hub.Transient)
	b.broken.Store(false)
	if _, err := h.Setup.RotateEdge(ctx); err != nil {
		t.Fatal(err)
	}
	edge, err := settings.NewReader(h.Store, h.Keyring, h.Clock.Now).Edge(ctx)
	if err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(2 * time.Second)
	resolve(edge.PathID(hubtest.Team, hubtest.LineConn), "")
	resolve(h.PathID, "")
	resolve(wrong, hub.NotFound)
}

// swap changes one character of a path id for another of its alphabet.
func swap(id string, at int) string {
	c := byte('a')
	if id[at] == 'a' {
		c = 'b'
	}
	return id[:at] + string(c) + id[at+1:]
}

func TestEveryCharacterOfAPathIDCounts(t *testing.T) {
	h := hubtest.New(t)
	for i := range h.PathID {
		if h.PathID[i] == '.' {
			continue
		}
		if _, _, err := h.Settings.Resolve(ctx, swap(h.PathID, i)); hub.CodeOf(err) != hub.NotFound {
			t.Errorf("with character %d changed: got %v, want not_found", i, err)
		}
	}
}

func TestMadeUpPathIDsLeaveNothingBehind(t *testing.T) {
	h := hubtest.New(t)
	r := behind(h, &table{})
	if _, _, err := r.Resolve(ctx, h.PathID); err != nil {
		t.Fatal(err)
	}
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	id := []byte("test.aaaaaaaa.aaaaaaaaaaaaaaaa")
	const tries = 20_000
	for n := range tries { // each another one
		for i, v := 5, n; i < 13; i, v = i+1, v/26 {
			id[i] = 'a' + byte(v%26)
		}
		if _, _, err := r.Resolve(ctx, string(id)); hub.CodeOf(err) != hub.NotFound {
			t.Fatalf("%s: got %v, want not_found", id, err)
		}
	}
	if grown := heap() - before; grown > 512<<10 {
		t.Errorf("the heap grew by %d bytes with %d made-up ids, want nothing to be kept of them", grown, tries)
	}
}

func TestLongPathIDCostsNoMoreThanAShortOne(t *testing.T) {
	h := hubtest.New(t)
	r := behind(h, &table{})
	for name, id := range map[string]string{
		"letters": strings.Repeat("a", 1<<20), "dots": strings.Repeat(".", 1<<20), "parts": strings.Repeat("ab.", 1<<18),
		"good with a tail": h.PathID + strings.Repeat("a", 1<<20),
	} {
		if got := testing.AllocsPerRun(100, func() { _, _, _ = r.Resolve(ctx, id) }); got > 2 {
			t.Errorf("%s: got %v allocations, want none to speak of", name, got)
		}
	}
}

func FuzzPathID(f *testing.F) {
	h := hubtest.New(f)
	edge, err := h.Settings.Edge(ctx)
	if err != nil {
		f.Fatal(err)
	}
	for _, id := range []string{h.PathID, h.MetaPath, "", ".", "..", "test.line1", "test.line1.", strings.ToUpper(h.PathID), h.PathID + ".", " " + h.PathID,
		"test.line1\x00." + h.PathID[len(h.PathID)-16:], strings.Repeat("a", 70), "tést.line1.aaaaaaaaaaaaaaaa"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		team, c, ok := edge.Resolve(id)
		_, _, err := h.Settings.Resolve(ctx, id)
		if ok != (err == nil) || err != nil && hub.CodeOf(err) != hub.NotFound {
			t.Fatalf("%q: got %v by the keys, %v by the reader", id, ok, err)
		}
		if ok && edge.PathID(team, c) != id {
			t.Fatalf("%q was taken for %q", id, edge.PathID(team, c))
		}
	})
}
