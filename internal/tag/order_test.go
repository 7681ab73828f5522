package tag_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"omnihub/internal/hub"
	"omnihub/internal/tag"
)

// said is one call of a history.
type said struct {
	home   int
	name   string
	remove bool
	call   tag.Call
}

// TestAnyOrderAndRepetitionEndsInTheSameState: taggings and removals with fixed times
// and ids, in any order, each any number of times, some before and some after checks, end
// in the state that the latest of them, and its end, make.
func TestAnyOrderAndRepetitionEndsInTheSameState(t *testing.T) {
	s := newScene(t)
	days := map[string]int{"ever": 0, "one": 1, "four": 4}
	names := []string{"ever", "four", "one"}
	for _, name := range names {
		s.define(t, name, days[name])
	}
	world := 0
	rapid.Check(t, func(t *rapid.T) {
		world++
		homes := []hub.HomeID{s.home(t, fmt.Sprint(world, " a")), s.home(t, fmt.Sprint(world, " b"))}
		var history []said
		for i := range rapid.IntRange(1, 7).Draw(t, "calls") {
			history = append(history, said{
				home: rapid.IntRange(0, 1).Draw(t, "home"), name: rapid.SampledFrom(names).Draw(t, "tag"), remove: rapid.Bool().Draw(t, "remove"),
				call: tag.Call{
					ID: fmt.Sprint("call ", i), Source: "api", By: "member:anna",
					At: s.now().Add(-time.Duration(rapid.IntRange(0, 4).Draw(t, "half days ago")) * day / 2),
				},
			})
		}
		indices := make([]int, 0, 2*len(history))
		for i := range history {
			for range rapid.IntRange(1, 2).Draw(t, "times") {
				indices = append(indices, i)
			}
		}
		for _, i := range rapid.Permutation(indices).Draw(t, "order") {
			if rapid.IntRange(0, 3).Draw(t, "check") == 0 {
				s.Clock.Advance(day)
				s.run(t)
			}
			h := history[i]
			add, remove := []string{h.name}, []string(nil)
			if h.remove {
				add, remove = remove, add
			}
			s.change(t, homes[h.home], add, remove, h.call)
		}
		s.Clock.Advance(6 * day)
		s.run(t)
		s.Clock.Advance(2 * day)
		s.run(t)

		var want []string
		for home := range homes {
			for _, name := range names {
				of := slices.DeleteFunc(slices.Clone(history), func(h said) bool { return h.home != home || h.name != name })
				if len(of) == 0 {
					continue
				}
				last := slices.MaxFunc(of, func(a, b said) int {
					switch {
					case a.call.At != b.call.At:
						return int(a.call.At - b.call.At)
					case a.remove != b.remove && a.remove, a.remove == b.remove && a.call.ID > b.call.ID:
						return 1
					}
					return -1
				})
				standing := hub.TagOn
				switch {
				case last.remove:
					standing = hub.TagOff
				case days[name] > 0:
					standing = hub.TagExpired
				}
				want = append(want, fmt.Sprintf("home %d: %s %s %d %s", home, name, standing, last.call.At, last.call.ID))
				if listed := slices.Contains(s.listed(t, name), homes[home]); listed != (standing == hub.TagOn) {
					t.Errorf("home %d is in the list of %s: %v", home, name, listed)
				}
			}
		}
		var got []string
		for i, home := range homes {
			states, err := s.Store.TagsAt(ctx, team, home)
			if err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(states, func(a, b hub.TagState) int { return slices.Index(names, a.Name) - slices.Index(names, b.Name) })
			for _, st := range states {
				got = append(got, fmt.Sprintf("home %d: %s %s %d %s", i, st.Name, st.Standing, st.At, st.ID))
				for _, r := range s.records(t, home) {
					if r.Tag == st.Tag && r.At <= st.Forgot {
						t.Errorf("home %d: a record of %s of the time that was forgotten stands", i, st.Name)
					}
				}
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got\n%v\nwant\n%v\nof %+v", got, want, history)
		}
	})
}

// listed are the homes of a tag's list.
func (s *scene) listed(t failer, name string) (homes []hub.HomeID) {
	t.Helper()
	for _, b := range s.bearers(t, name) {
		homes = append(homes, b.Home)
	}
	return homes
}
