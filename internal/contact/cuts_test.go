package contact_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// TestACutBeforeAndAfterEachCallHealsWhenItIsDoneAgain cuts what people and programs do
// at every call. After it the same call again ends as without the cut; what is one
// transaction stands as before or as after, never between.
func TestACutBeforeAndAfterEachCallHealsWhenItIsDoneAgain(t *testing.T) {
	for name, c := range map[string]struct {
		whole bool // it is one transaction
		do    func(b *contact.Book, h *hubtest.Hub, ids []hub.HomeID, a hub.Audit) error
	}{
		"patch": {true, func(b *contact.Book, _ *hubtest.Hub, ids []hub.HomeID, a hub.Audit) error {
			return patch(b, ids[1], a, "name", "Mei", "email", "mei@example.com", "member_id", "M2", "phone", "")
		}},
		"undo": {true, func(b *contact.Book, _ *hubtest.Hub, ids []hub.HomeID, a hub.Audit) error {
			return b.Undo(ctx, team, [][2]hub.HomeID{{ids[1], ids[2]}}, a)
		}},
		"join": {true, func(b *contact.Book, _ *hubtest.Hub, ids []hub.HomeID, a hub.Audit) error {
			_, err := b.JoinBy(ctx, team, ids[3], ids[1], hub.EvidencePerson, "", a)
			return err
		}},
		"never": {true, func(b *contact.Book, _ *hubtest.Hub, ids []hub.HomeID, a hub.Audit) error {
			return b.Never(ctx, team, ids[3], ids[0], "brothers", a)
		}},
		"dismiss": {true, func(b *contact.Book, _ *hubtest.Hub, ids []hub.HomeID, a hub.Audit) error {
			return b.Dismiss(ctx, team, ids[3], ids[0], a)
		}},
		"candidate": {true, func(b *contact.Book, _ *hubtest.Hub, ids []hub.HomeID, _ hub.Audit) error {
			return b.Candidate(ctx, team, ids[4], ids[0], hub.ReasonEmail)
		}},
		"create": {false, func(b *contact.Book, _ *hubtest.Hub, _ []hub.HomeID, a hub.Audit) error {
			_, _, err := b.Create(ctx, team, "row", fields("name", "Anna", "member_id", "M9"), a)
			return err
		}},
		"upsert": {false, func(b *contact.Book, _ *hubtest.Hub, _ []hub.HomeID, a hub.Audit) error {
			_, _, err := upsert(b, a, "phone", "886911223399", "name", "Anna")
			return err
		}},
		"channel user": {false, func(b *contact.Book, h *hubtest.Hub, _ []hub.HomeID, a hub.Audit) error {
			user, err := b.User(ctx, team, hubtest.LineAccount, "U9")
			if err == nil {
				_, err = b.UpsertUser(ctx, team, user, false, fields("name", "An", "member_id", "M1"), a)
			}
			return err
		}},
		"event": {true, func(b *contact.Book, h *hubtest.Hub, ids []hub.HomeID, a hub.Audit) error {
			return b.Set(ctx, h.Team, ids[4], hub.Register{Field: "phone", Value: "886911223344", At: a.At, Source: "event"})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// A world is a hub of its own, since what is compared is the whole table.
			world := func() (*hubtest.Hub, []hub.HomeID, hub.Audit) {
				h := hubtest.New(t)
				b, k := book(h, h.Store), &calls{h: h}
				ids := make([]hub.HomeID, 5)
				for i := range ids {
					ids[i] = hub.HomeID(fmt.Sprintf("~home%d", i)) // after all that derives from a pepper
					home := hub.Home{ID: ids[i], Account: hubtest.LineAccount, Channel: "line", User: "u", External: "x", Kind: hub.Person, Created: hub.MillisOf(hubtest.Start)}
					if err := h.Store.PutHome(ctx, team, home); err != nil {
						t.Fatal(err)
					}
				}
				for i := range 2 {
					if _, err := join(b, ids[i], ids[i+1]); err != nil {
						t.Fatal(err)
					}
				}
				candidate(t, b, ids[3], ids[0], hub.ReasonPhone)
				if err := patch(b, ids[1], k.by("contact.patch"), "name", "Anna", "phone", "+886911223344", "member_id", "M1"); err != nil {
					t.Fatal(err)
				}
				h.Clock.Advance(time.Second)
				return h, ids, k.by(name)
			}
			h, ids, a := world()
			before := shape(h)
			if err := c.do(book(h, h.Store), h, ids, a); err != nil {
				t.Fatal(err)
			}
			want := shape(h)
			if want == before {
				t.Fatal("it changes nothing: the test shows nothing")
			}
			for calls, ended := 0, false; !ended; calls++ {
				ended = true
				for _, after := range []bool{false, true} {
					h, ids, a := world()
					if _, err := h.Settings.Team(ctx, team); err != nil {
						t.Fatal(err)
					}
					if err := c.do(book(h, h.As("broken", hubtest.Cut(calls, after))), h, ids, a); err != nil {
						ended = false
					}
					if got := shape(h); c.whole && got != before && got != want {
						t.Errorf("cut after %d calls (answer lost: %v): got\n%s\nneither before nor after", calls, after, got)
					}
					for range 2 {
						if err := c.do(book(h, h.Store), h, ids, a); err != nil {
							t.Errorf("cut after %d calls (answer lost: %v): again: %v", calls, after, err)
						}
					}
					if got := shape(h); got != want {
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

// derived is what differs from hub to hub: hashes by the pepper, and the shards that
// follow from them.
var derived = regexp.MustCompile(`[a-z2-7]{32}|(gpk \S+#)[0-7] `)

// shape is what the table of contacts holds, item by item, without what derives from the
// pepper.
func shape(h *hubtest.Hub) string {
	items := strings.Split(h.Dump(h.Store.Tables.Contacts), "PK T#")
	for i, it := range items {
		items[i] = derived.ReplaceAllString(it, "$1# ")
	}
	slices.Sort(items)
	return strings.Join(items, "\n")
}
