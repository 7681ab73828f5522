package omnilink_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/omnilink"
)

// cost is what a step takes of the tables.
type cost struct {
	calls       int
	read, write float64
}

func TestCompletionCostsWhatItsBudgetSays(t *testing.T) {
	s := newScene(t)
	s.change(act, func(a *hub.Activity) { a.Confirm = hub.ConfirmNever })
	anna := s.anna()
	for _, step := range []struct {
		name         string
		link, follow cost
	}{
		// Code and attempts; homes; participation; what was said against it; one transaction:
		// 8 of the code, the edge and both roots, and 10 of the fact, its mirror, the
		// participation with its place in the index, the totals. Then, for both sides: homes.
		{"two single homes", cost{5, 6, 8 + 10}, cost{1, 2, 0}},
		// Whether one of the three is never one with another; the place in the index stays.
		{"a home more", cost{5, 7, 8 + 8}, cost{1, 2, 0}},
	} {
		there := s.arrive(step.name)
		x := s.text(there, s.code(act, anna))
		s.Cloud.Meter().Reset()
		if out, err := s.linker(s.As("Complete", nil)).CompleteText(ctx, x); err != nil || out.State != omnilink.Linked {
			t.Fatalf("%s: got %+v, %v", step.name, out, err)
		}
		if got := s.cost("Complete"); got != step.link {
			t.Errorf("%s: the link took %+v, want %+v", step.name, got, step.link)
		}
		f := s.follower(s.As("Follow", nil))
		f.Tag = func(context.Context, omnilink.Tagging) error { return nil }
		if err := s.follow(f, there.ID); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if got := s.cost("Follow"); got != step.follow {
			t.Errorf("%s: what follows took %+v, want %+v", step.name, got, step.follow)
		}
	}
}

func (s *scene) cost(caller string) cost {
	calls, read, write := s.Calls(caller)
	return cost{calls, read, write}
}

func TestATapAndACardCostWhatTheySay(t *testing.T) {
	s := newScene(t)
	anna := s.anna()
	links := s.linker(s.As("Link", nil))
	f := hub.Scene{Team: team, Account: anna.Account, Home: anna.ID, Thread: anna.User}
	link := ""
	for _, step := range []struct {
		name string
		do   func() error
		want cost
	}{
		// The token, and both items in one transaction.
		{"the first card", func() error {
			c, err := links.Card(ctx, act, f)
			link = strings.TrimPrefix(c.Buttons[0].URL, hubtest.API+"/l/")
			return err
		}, cost{2, 0.5, 4}},
		{"the card again", func() error { _, err := links.Card(ctx, act, f); return err }, cost{1, 0.5, 0}},
		{"a look", func() error { _, err := links.Look(ctx, link); return err }, cost{1, 0.5, 0}},
		// The token; code, note and participation with its place in the index.
		{"the first tap", func() error {
			_, err := links.Tap(ctx, omnilink.Tapped{Link: link, ID: "tap-0000000000000001", Browser: cookie})
			return err
		}, cost{2, 1, 7}},
		{"another tap", func() error {
			_, err := links.Tap(ctx, omnilink.Tapped{Link: link, ID: "tap-0000000000000002", Browser: cookie})
			return err
		}, cost{2, 1, 6}},
		{"a made-up link", func() error { _, err := links.Look(ctx, "not.a/link"); return swallow(err) }, cost{}},
	} {
		s.Cloud.Meter().Reset()
		if err := step.do(); err != nil {
			t.Fatal(step.name, err)
		}
		if got := s.cost("Link"); got != step.want {
			t.Errorf("%s took %+v, want %+v", step.name, got, step.want)
		}
	}
}

func swallow(err error) error {
	if hub.CodeOf(err) == hub.NotFound {
		return nil
	}
	return fmt.Errorf("got %v, want it not found", err)
}

// TestACutAtEachCallHealsWhenItIsDelivered: after a cut before and after every call of a
// completion, the same message delivered again ends as without the cut.
func TestACutAtEachCallHealsWhenItIsDeliveredAgain(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(s *scene, anna, there hub.Home)
		// deliver is what comes again and again.
		deliver func(s *scene, links *omnilink.Linker, x omnilink.Text) error
	}{
		"a link": {func(*scene, hub.Home, hub.Home) {}, text},
		"a failure": {func(s *scene, anna, there hub.Home) {
			s.member(anna.ID, "M1")
			s.member(there.ID, "M2")
		}, text},
		"a question": {func(s *scene, anna, _ hub.Home) { s.member(anna.ID, "M1") }, text},
		"a yes": {func(s *scene, anna, _ hub.Home) { s.member(anna.ID, "M1") }, func(s *scene, links *omnilink.Linker, x omnilink.Text) error {
			if _, err := s.links.CompleteText(ctx, x); err != nil {
				return err
			}
			_, err := links.Confirm(ctx, omnilink.Answer{Team: team, Home: s.Team.Pepper.Home(hubtest.LineAccount, "U_anna", 0), At: x.Received.Add(1e9), Data: "ol1." + s.hash(x.Code) + ".y"})
			return err
		}},
		"a bad code": {func(*scene, hub.Home, hub.Home) {}, func(s *scene, links *omnilink.Linker, x omnilink.Text) error {
			x.Code = "made up"
			_, err := links.CompleteText(ctx, x)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := func() (*scene, omnilink.Text) {
				s := newScene(t)
				anna := s.anna()
				code := s.code(act, anna)
				there := s.arrive("1")
				c.prepare(s, anna, there)
				x := s.text(there, code)
				// What is cached is so before the cut, as in a process that works.
				_, err := s.Settings.Activity(ctx, team, act)
				s.must(err)
				return s, x
			}
			s, x := world()
			before := s.shape()
			for range 2 {
				if err := c.deliver(s, s.links, x); err != nil {
					t.Fatal(err)
				}
			}
			want := s.shape()
			if want == before {
				t.Fatal("it changes nothing: the test shows nothing")
			}
			for calls, ended := 0, false; !ended; calls++ {
				ended = true
				for _, after := range []bool{false, true} {
					s, x := world()
					if err := c.deliver(s, s.linker(s.As("broken", hubtest.Cut(calls, after))), x); err != nil {
						ended = false
					}
					for range 2 {
						if err := c.deliver(s, s.links, x); err != nil {
							t.Errorf("cut after %d calls (answer lost: %v): again: %v", calls, after, err)
						}
					}
					if got := s.shape(); got != want {
						t.Errorf("cut after %d calls (answer lost: %v): got\n%s\nwant\n%s", calls, after, got, want)
					}
				}
				if calls > 40 {
					t.Fatal("it is cut at every call: the test does not end")
				}
			}
		})
	}
}

func text(_ *scene, links *omnilink.Linker, x omnilink.Text) error {
	_, err := links.CompleteText(ctx, x)
	return err
}

// derived is what differs from hub to hub: hashes by the pepper, tokens, and the shards that follow.
var derived = regexp.MustCompile(`[a-z2-7]{32}|[a-z2-7]{26}|(gpk \S+#)[0-7] |(N#)[0-7] |(#TAG#[a-z2-7]{20}#)[0-7] `)

// shape is what was said, and what the tables of contacts and the Ledger hold, without
// what derives from the pepper.
func (s *scene) shape() string {
	out := s.told() + "\n"
	for _, table := range []string{s.Store.Tables.Contacts, s.Store.Tables.Ledger} {
		items := strings.Split(s.Dump(table), "PK T#")
		for i, it := range items {
			items[i] = derived.ReplaceAllString(it, "$1$2$3# ")
		}
		slices.Sort(items)
		out += strings.Join(items, "\n")
	}
	return out
}
