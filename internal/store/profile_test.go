package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

func setRegister(t *testing.T, h *hubtest.Hub, home hub.HomeID, value string, at hub.Millis, source string) {
	t.Helper()
	err := h.As("Set", nil).SetRegister(context.Background(), hubtest.Team, home, hub.Register{Field: "name", Value: value, At: at, Source: source})
	if err != nil {
		t.Fatal(err)
	}
}

func registers(t interface{ Fatal(...any) }, h *hubtest.Hub, home hub.HomeID) string {
	list, err := h.Store.Registers(context.Background(), hubtest.Team, home)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(list)
}

func TestRegisterMovesForwardAndTellsOnlyWhatIsNew(t *testing.T) {
	h := hubtest.New(t)
	for _, c := range []struct {
		name, value, source string
		at                  hub.Millis
		want, rev           string
		calls               int
	}{
		{"the first value", "Anna", "event", 20, "[{name Anna 20 event}]", "1", 1},
		{"a repetition", "Anna", "event", 20, "[{name Anna 20 event}]", "1", 1},
		{"an older value", "An", "platform", 10, "[{name Anna 20 event}]", "1", 1},
		{"an older value that is greater", "Zoe", "platform", 10, "[{name Anna 20 event}]", "1", 1},
		{"a smaller value of the same time", "Ann", "platform", 20, "[{name Anna 20 event}]", "1", 1},
		{"a greater value of the same time", "Annette", "platform", 20, "[{name Annette 20 platform}]", "2", 1},
		{"the same value, later", "Annette", "event", 40, "[{name Annette 40 event}]", "2", 2},
		{"another value from between", "Anna", "event", 30, "[{name Annette 40 event}]", "2", 1},
		{"the same value from another source", "Annette", "platform", 40, "[{name Annette 40 platform}]", "2", 2},
		{"clearing", "", "m1", 50, "[{name  50 m1}]", "3", 1},
		{"an older value after clearing", "Anna", "event", 45, "[{name  50 m1}]", "3", 1},
		{"a new value", "Anna", "event", 60, "[{name Anna 60 event}]", "4", 1},
	} {
		h.Cloud.Meter().Reset()
		setRegister(t, h, "h1", c.value, c.at, c.source)
		if got, rev := registers(t, h, "h1"), number(t, h, "h1", "P#name", "rev"); got != c.want || rev != c.rev {
			t.Errorf("%s: got %s, rev %s, want %s, rev %s", c.name, got, rev, c.want, c.rev)
		}
		if calls, read, write := h.Calls("Set"); calls != c.calls || read != 0 || write != float64(c.calls) {
			t.Errorf("%s: got %d calls, %v RRU, %v WRU, want %d, 0, %d", c.name, calls, read, write, c.calls, c.calls)
		}
	}
	if got, want := fmt.Sprint(attributes(h, "h1", "P#name")), "[PK SK at chg pub rev src val]"; got != want {
		t.Errorf("got a register of %s, want %s", got, want)
	}
}

// TestRegistersEndAlikeInAnyOrder sets the same values in two orders, once one after
// the other and once several at a time, with repetitions.
func TestRegistersEndAlikeInAnyOrder(t *testing.T) {
	h := hubtest.New(t)
	n := 0
	one := rapid.Custom(func(t *rapid.T) hub.Register {
		return hub.Register{
			Field: rapid.SampledFrom([]string{"name", "picture"}).Draw(t, "field"), Value: rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "value"),
			At: hub.Millis(rapid.IntRange(1, 4).Draw(t, "at")), Source: rapid.SampledFrom([]string{"event", "platform"}).Draw(t, "source"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		n++
		writes := rapid.SliceOfN(one, 1, 8).Draw(t, "writes")
		set := func(home hub.HomeID, r hub.Register) {
			for range 50 {
				if err := h.Store.SetRegister(context.Background(), hubtest.Team, home, r); err == nil {
					return
				}
			}
		}
		first, second := hub.HomeID(fmt.Sprint("first", n)), hub.HomeID(fmt.Sprint("second", n))
		for _, r := range writes {
			set(first, r)
		}
		again := rapid.SliceOfN(rapid.SampledFrom(writes), 0, 4).Draw(t, "again")
		var wg sync.WaitGroup
		for _, r := range rapid.Permutation(append(again, writes...)).Draw(t, "order") {
			wg.Add(1)
			go func() { defer wg.Done(); set(second, r) }()
		}
		wg.Wait()
		latest := map[string]hub.Register{}
		for _, r := range writes {
			old, ok := latest[r.Field]
			if !ok || fmt.Sprintf("%d %s\x00%s", r.At, r.Value, r.Source) > fmt.Sprintf("%d %s\x00%s", old.At, old.Value, old.Source) {
				latest[r.Field] = r
			}
		}
		var want []hub.Register
		for _, field := range []string{"name", "picture"} {
			if r, ok := latest[field]; ok {
				want = append(want, r)
			}
		}
		for _, home := range []hub.HomeID{first, second} {
			if got := registers(t, h, home); got != fmt.Sprint(want) {
				t.Fatalf("%s: got %s, want %v", home, got, want)
			}
		}
	})
}

func TestLongAndBrokenValuesAreMadeToFit(t *testing.T) {
	h := hubtest.New(t)
	long := strings.Repeat("長", 1000)
	for range 2 {
		setRegister(t, h, "h1", long, 1, "platform")
	}
	list, err := h.Store.Registers(context.Background(), hubtest.Team, "h1")
	if err != nil || len(list) != 1 || len(list[0].Value) != 2046 || !strings.HasPrefix(long, list[0].Value) {
		t.Errorf("got %d bytes, %v, want the beginning, at most 2 KB", len(list[0].Value), err)
	}
	if rev := number(t, h, "h1", "P#name", "rev"); rev != "1" {
		t.Errorf("got rev %s after a repetition, want 1", rev)
	}
	setRegister(t, h, "h2", "a\xffb", 1, "platform")
	if got := registers(t, h, "h2"); got != "[{name a\uFFFDb 1 platform}]" {
		t.Errorf("got %s", got)
	}
}
