package contact_test

import (
	"fmt"
	"strings"
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// TestACutBeforeAndAfterEachCallOfAJoinEndsWhole: after the cut the contacts stand as
// before or as after, never between, and doing it again ends as without the cut.
func TestACutBeforeAndAfterEachCallOfAJoinEndsWhole(t *testing.T) {
	h := hubtest.New(t)
	whole := book(h, h.Store)
	for name, setUp := range map[string][][2]int{
		"two singles":     nil,
		"two and two":     {{0, 2}, {1, 3}},
		"a further edge":  {{0, 2}, {2, 1}},
		"joined already":  {{1, 0}},
		"three and three": {{1, 2}, {2, 3}, {0, 4}, {4, 5}},
	} {
		// Each world has homes of its own, with ids in one order, so that what lies in
		// their partitions can be compared.
		plain := func(text string, ids []hub.HomeID) string {
			for i, id := range ids {
				text = strings.ReplaceAll(text, string(id), fmt.Sprint("home", i))
			}
			return text
		}
		world := func(tag string) []hub.HomeID {
			ids := make([]hub.HomeID, 6)
			for i := range ids {
				ids[i] = hub.HomeID(fmt.Sprintf("%s%d", hub.Digest(name, tag)[:31], i))
				putHomeAs(t, h, ids[i], string(ids[i]), hub.MillisOf(hubtest.Start)+hub.Millis(i), hub.Person)
			}
			return ids
		}
		prepare := func(tag string) ([]hub.HomeID, string) {
			ids := world(tag)
			for _, pair := range setUp {
				if _, err := join(whole, ids[pair[0]], ids[pair[1]]); err != nil {
					t.Fatal(err)
				}
			}
			return ids, plain(state(t, h, ids), ids)
		}
		ids, before := prepare("whole")
		if _, err := join(whole, ids[1], ids[0]); err != nil {
			t.Fatal(err)
		}
		want := plain(state(t, h, ids), ids)
		for _, after := range []bool{false, true} {
			cuts := 0
			for calls := range 7 {
				ids, _ := prepare(fmt.Sprint(after, calls))
				broken := h.As("broken", hubtest.Cut(calls, after))
				if _, err := book(h, broken).Join(ctx, team, ids[1], ids[0], hub.EvidenceAlias, detail(ids[0], ids[1]), "inbound"); err != nil {
					cuts++
				}
				if got := plain(state(t, h, ids), ids); got != before && got != want {
					t.Errorf("%s, cut after %d calls (answer lost: %v): got\n%s\nneither before nor after", name, calls, after, got)
				}
				for range 2 {
					if _, err := join(whole, ids[1], ids[0]); err != nil {
						t.Error(err)
					}
				}
				if got := plain(state(t, h, ids), ids); got != want {
					t.Errorf("%s, cut after %d calls (answer lost: %v): got\n%s\nwant\n%s", name, calls, after, got, want)
				}
			}
			if cuts < 3 || cuts == 7 {
				t.Errorf("%s: %d of 7 joins were cut, want all calls of a join covered", name, cuts)
			}
		}
	}
}
