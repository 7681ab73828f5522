package contact_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// listed is how many entries the list of what nobody has decided has, shown or not.
func listed(t *testing.T, h *hubtest.Hub) int {
	t.Helper()
	list, next, err := h.Store.Undecided(ctx, team, "", 1000)
	if err != nil || next != "" {
		t.Fatal(next, err)
	}
	return len(list)
}

func joinAll(t *testing.T, b *contact.Book, ids []hub.HomeID, pairs ...[2]int) {
	t.Helper()
	for _, p := range pairs {
		if _, err := join(b, ids[p[0]], ids[p[1]]); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCandidateOfHomesThatAThirdJoinsLeavesTheListUntilTheyAreParted(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	ids := homes(t, h, "third", 4)
	candidate(t, b, ids[0], ids[1], hub.ReasonPhone)
	candidate(t, b, ids[0], ids[2], hub.ReasonEmail)
	candidate(t, b, ids[0], ids[3], hub.ReasonEmail)
	if err := b.Dismiss(ctx, team, ids[0], ids[3], c.by("contact.dismiss")); err != nil {
		t.Fatal(err)
	}
	joinAll(t, b, ids, [2]int{0, 2}, [2]int{2, 1}, [2]int{1, 3})
	if got := open(t, b, ids); got != "" || listed(t, h) != 0 {
		t.Errorf("got %q to be decided, %d in the list, want none", got, listed(t, h))
	}
	before := told(t, h)
	if err := b.Undo(ctx, team, [][2]hub.HomeID{{ids[1], ids[2]}}, c.by("contact.undo")); err != nil {
		t.Fatal(err)
	}
	if got, want := open(t, b, ids), "0-1 same_phone"; got != want || listed(t, h) != 1 || told(t, h) != before+1 {
		t.Errorf("got %q, %d in the list, told %d times more, want %q alone, told once", got, listed(t, h), told(t, h)-before, want)
	}
}

// TestUndoOpensTheCandidatesOfAllParts parts a contact into three at once: two, one and one.
func TestUndoOpensTheCandidatesOfAllParts(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	ids := homes(t, h, "parts", 4)
	for _, p := range [][2]int{{0, 1}, {0, 2}, {3, 1}, {2, 3}} {
		candidate(t, b, ids[p[0]], ids[p[1]], hub.ReasonPhone)
		h.Clock.Advance(time.Second)
	}
	joinAll(t, b, ids, [2]int{0, 1}, [2]int{1, 2}, [2]int{2, 3})
	if got := open(t, b, ids); got != "" {
		t.Errorf("got %q to be decided of one contact, want nothing", got)
	}
	before := told(t, h)
	if err := b.Undo(ctx, team, [][2]hub.HomeID{{ids[1], ids[2]}, {ids[3], ids[2]}}, one(h, "contact.undo")); err != nil {
		t.Fatal(err)
	}
	if got, want := open(t, b, ids), "2-3 same_phone, 1-3 same_phone, 0-2 same_phone"; got != want || told(t, h) != before+3 {
		t.Errorf("got %q, told %d times more, want %q, each told once", got, told(t, h)-before, want)
	}
}

// TestUndoOpensAllCandidatesAgainHoweverMany parts two sides of eight homes that have more
// candidates than one transaction takes; it is cut at its last calls, and done again.
func TestUndoOpensAllCandidatesAgainHoweverMany(t *testing.T) {
	const side = 8
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	ids := homes(t, h, "sides", 2*side)
	all := 0
	for i := range side {
		for j := range side {
			candidate(t, b, ids[i], ids[side+j], hub.ReasonPhone)
			candidate(t, b, ids[i], ids[side+j], hub.ReasonEmail)
			all += 2
		}
		if i > 0 {
			joinAll(t, b, ids, [2]int{0, i}, [2]int{side, side + i})
		}
	}
	shown := func() (n int) {
		for before := ""; ; {
			list, next, err := b.Open(ctx, team, before, 100)
			if err != nil {
				t.Fatal(err)
			}
			n += len(list)
			if before = next; next == "" {
				return n
			}
		}
	}
	undo := func(name string, wrap func(http.RoundTripper) http.RoundTripper, a hub.Audit) error {
		joinAll(t, b, ids, [2]int{3, side + 3})
		if n, left := shown(), listed(t, h); n != 0 || left != 0 {
			t.Fatalf("got %d to be decided of one contact, %d in the list, want none", n, left)
		}
		return book(h, h.As(name, wrap)).Undo(ctx, team, [][2]hub.HomeID{{ids[3], ids[side+3]}}, a)
	}
	if err := undo("Whole", nil, c.by("contact.undo")); err != nil {
		t.Fatal(err)
	}
	if n := shown(); n != all {
		t.Errorf("got %d to be decided, want all %d", n, all)
	}
	whole, _, _ := h.Calls("Whole")
	for calls := whole - 3; calls < whole; calls++ {
		for _, after := range []bool{false, true} {
			a := c.by("contact.undo")
			if err := undo("Broken", hubtest.Cut(calls, after), a); err == nil && !after {
				t.Fatalf("cut after %d calls: it is not cut", calls)
			}
			one, err := b.Contact(ctx, team, ids[0])
			if n, parted := shown(), len(one.Homes) == side; err != nil || parted && n != all || !parted && n != 0 {
				t.Errorf("cut after %d calls (answer lost: %v): got %d candidates, parted %v, %v", calls, after, n, parted, err)
			}
			if err := b.Undo(ctx, team, [][2]hub.HomeID{{ids[3], ids[side+3]}}, a); err != nil {
				t.Fatal(err)
			}
			if n := shown(); n != all {
				t.Errorf("cut after %d calls (answer lost: %v), and done again: got %d candidates, want %d", calls, after, n, all)
			}
		}
	}
}

// TestCandidateIsNotLostBetweenAListAndAnUndoing reads the list, which takes off it what is
// joined, while the two are parted.
func TestCandidateIsNotLostBetweenAListAndAnUndoing(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	for round := range 20 {
		ids := homes(t, h, fmt.Sprint("race", round), 3)
		candidate(t, b, ids[0], ids[1], hub.ReasonPhone)
		joinAll(t, b, ids, [2]int{0, 2}, [2]int{2, 1})
		a := hub.Audit{ID: fmt.Sprint(round), At: hub.MillisOf(h.Clock.Now()), Actor: hub.Actor{Kind: hub.ActorMember, ID: "anna"}}
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				if _, _, err := b.Open(ctx, team, "", 100); err != nil {
					t.Error(err)
				}
			})
		}
		all.Go(func() {
			if err := settle(func() error { return b.Undo(ctx, team, [][2]hub.HomeID{{ids[1], ids[2]}}, a) })(); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		list, err := b.Candidates(ctx, team, ids[0])
		if got := strings.Count(open(t, b, ids), "0-1 same_phone"); got != 1 || err != nil || len(list) != 1 {
			t.Fatalf("round %d: got it %d times in the list, %+v, %v, want once: the two are parted", round, got, list, err)
		}
	}
}

// TestUnlistIsRefusedOnceTheContactHasChanged is the same with the worst order of calls.
func TestUnlistIsRefusedOnceTheContactHasChanged(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	ids := homes(t, h, "worst", 3)
	candidate(t, b, ids[0], ids[1], hub.ReasonPhone)
	joinAll(t, b, ids, [2]int{0, 2}, [2]int{2, 1})
	root, err := h.Store.Home(ctx, team, ids[0])
	if err != nil {
		t.Fatal(err)
	}
	list, err := b.Candidates(ctx, team, ids[0])
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	for range 2 {
		if err := b.Undo(ctx, team, [][2]hub.HomeID{{ids[1], ids[2]}}, one(h, "contact.undo")); err != nil {
			t.Fatal(err)
		}
		if err := h.Store.Unlist(ctx, team, root, list[0]); hub.CodeOf(err) != hub.Conflict {
			t.Errorf("got %v, want a conflict: the two are parted", err)
		}
	}
	if got, want := open(t, b, ids), "0-1 same_phone"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOfTwoReasonsTheOneThatIncludesTheOtherStands(t *testing.T) {
	weak, strong := hub.ReasonPhone, hub.ReasonOtherID
	for _, order := range [][]string{{weak, strong}, {strong, weak}, {weak, strong, weak, strong}, {strong, strong, weak, weak}} {
		h := hubtest.New(t)
		b := book(h, h.Store)
		ids := homes(t, h, "reasons", 2)
		for _, reason := range order {
			candidate(t, b, ids[0], ids[1], reason)
			h.Clock.Advance(time.Second)
		}
		if got, want := open(t, b, ids), "0-1 phone_other_id"; got != want {
			t.Errorf("%v: got %q to be decided, want %q", order, got, want)
		}
		for _, id := range ids {
			if got, want := decided(t, b, id), "phone_other_id:"; got != want {
				t.Errorf("%v: got %q, want %q at both homes", order, got, want)
			}
		}
		most := slices.Index(order, strong) + 1
		if got := told(t, h); got != most {
			t.Errorf("%v: told %d times, want %d", order, got, most)
		}
		if err := b.Dismiss(ctx, team, ids[0], ids[1], one(h, "contact.dismiss")); err != nil {
			t.Fatal(err)
		}
		for _, reason := range order {
			candidate(t, b, ids[0], ids[1], reason)
		}
		if got := open(t, b, ids) + decided(t, b, ids[0]) + decided(t, b, ids[1]); got != "phone_other_id:dismissedphone_other_id:dismissed" {
			t.Errorf("%v: got %q, want it dismissed", order, got)
		}
	}
}

func TestStrongerReasonOpensADismissedOneAgain(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	ids := homes(t, h, "stronger", 2)
	candidate(t, b, ids[0], ids[1], hub.ReasonPhone)
	if err := b.Dismiss(ctx, team, ids[0], ids[1], one(h, "contact.dismiss")); err != nil {
		t.Fatal(err)
	}
	candidate(t, b, ids[0], ids[1], hub.ReasonOtherID)
	if got := open(t, b, ids) + ", " + decided(t, b, ids[0]) + " " + decided(t, b, ids[1]); got != "0-1 phone_other_id, phone_other_id: phone_other_id:" {
		t.Errorf("got %q, want it open again, at both homes", got)
	}
}

// TestHalfOfACandidateIsMadeWhole takes one half of a candidate away behind the store's back.
func TestHalfOfACandidateIsMadeWhole(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	ids := homes(t, h, "half", 2)
	for _, reason := range []string{hub.ReasonEmail, hub.ReasonOtherID} {
		candidate(t, b, ids[0], ids[1], reason)
		want := decided(t, b, ids[0])
		for i, id := range ids {
			pk := "T#test#H#" + string(id)
			for sk := range h.Items(h.Store.Tables.Contacts, pk) {
				if !strings.HasPrefix(sk, "K#") {
					continue
				}
				_, err := h.Store.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &h.Store.Tables.Contacts, Key: map[string]types.AttributeValue{
					"PK": &types.AttributeValueMemberS{Value: pk}, "SK": &types.AttributeValueMemberS{Value: sk},
				}})
				if err != nil {
					t.Fatal(err)
				}
			}
			if got := decided(t, b, id); got != "" {
				t.Fatalf("got %q, want nothing left at home %d", got, i)
			}
			candidate(t, b, ids[0], ids[1], hub.ReasonEmail)
			if reason != hub.ReasonEmail {
				candidate(t, b, ids[0], ids[1], reason)
			}
			if got := decided(t, b, id); got != want {
				t.Errorf("%s, without home %d: got %q, want %q", reason, i, got, want)
			}
		}
	}
}
