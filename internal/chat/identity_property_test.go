package chat_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// TestPeopleAreToldApartInAnyOrder lets two people write under whatever of their ids,
// one of whom gets new ids on the way; each writes under both kinds at least once.
// Whatever comes first and however often: one thread with one floor for each, every
// message once, and never one contact of the two.
func TestPeopleAreToldApartInAnyOrder(t *testing.T) {
	t.Parallel() // it is among the longest
	y := newToys(t)
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		id := func(kind string, person int) string { return fmt.Sprintf("%s%d%d", kind, n, person) }
		names := func(person int, which string) []string {
			phone, user := "wa:"+id("9", person), id("TW.", person)
			switch which {
			case "phone":
				return []string{phone}
			case "user":
				return []string{user}
			}
			return []string{phone, user}
		}
		var list []hub.Envelope
		count, human := map[int]int{}, map[int]bool{}
		write := func(person int, which string) {
			text := "ping" // for the bot
			if rapid.Bool().Draw(t, "for a person") {
				text, human[person] = fmt.Sprintf("p%d", person), true
			}
			e := wrote(text, names(person, which)...)
			list = append(list, y.envelope("toy1", e))
			count[person]++
		}
		for _, person := range []int{1, 2} {
			write(person, "both")
			for range rapid.IntRange(0, 4).Draw(t, "more") {
				write(person, rapid.SampledFrom([]string{"phone", "user", "both"}).Draw(t, "which"))
			}
		}
		moves := rapid.Bool().Draw(t, "moves")
		if moves { // person 1 becomes 3, a new number and a new id
			list = append(list, y.envelope("toy1", changed(names(1, "both"), names(3, "both"))))
			write(3, "both")
		}
		places := make([]int, len(list))
		for i := range places {
			places[i] = i
		}
		var order []hub.Envelope
		for _, i := range rapid.Permutation(places).Draw(t, "order") {
			order = append(order, list[i])
		}
		if rapid.Bool().Draw(t, "again") {
			order = append(order, order...)
		}
		receive(t, y.rc, order)

		one := func(ids ...string) hub.Thread {
			var first hub.Thread
			for i, id := range ids {
				th, err := y.Store.Thread(context.Background(), y.at("toy1", id))
				if err != nil {
					t.Fatalf("%s: %v", id, err)
				}
				if i == 0 {
					first = th
				}
				if th.User != first.User {
					t.Fatalf("%v: got several threads, want one", ids)
				}
			}
			return first
		}
		check := func(th hub.Thread, want int, need hub.Need, texts ...string) {
			log, err := y.Store.Log(context.Background(), y.at("toy1", th.External.Reveal()), "", 100)
			if err != nil {
				t.Fatal(err)
			}
			log = slices.DeleteFunc(log, func(m store.Logged) bool { return !m.Inbound })
			if len(log) != want || th.Conversation == "" || !th.Unread() {
				t.Fatalf("%s: got %d messages, open %v, want %d in one open conversation", th.External, len(log), th.Conversation != "", want)
			}
			if th.Need != need {
				t.Fatalf("%s: waits for %q, want %q", th.External, th.Need, need)
			}
			for _, m := range log {
				if !slices.Contains(texts, m.Text) {
					t.Fatalf("%s: got %q of somebody else", th.External, m.Text)
				}
			}
		}
		used := func(person int) (ids []string) {
			for _, e := range list {
				for _, name := range names(person, "both") {
					if e.User == y.Team.Pepper.User("toy1", name) && !slices.Contains(ids, name) && !strings.Contains(string(e.Raw), `"Kind":"`+string(channel.EventIdentity)) {
						ids = append(ids, name)
					}
				}
			}
			return ids
		}
		first, second := used(1), used(2)
		ones, texts := count[1], []string{"p1", "ping"}
		need := func(person ...int) hub.Need {
			return hub.Met{Bot: !slices.ContainsFunc(person, func(p int) bool { return human[p] })}.For()
		}
		if moves {
			first, ones, texts = append(first, used(3)...), ones+count[3], append(texts, "p3")
		}
		a, b := one(first...), one(second...)
		check(a, ones, need(1, 3), texts...)
		check(b, count[2], need(2), "p2", "ping")
		if a.User == b.User {
			t.Fatal("got one thread of two people")
		}
	})
}
