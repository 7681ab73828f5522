package contact_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

func candidate(t *testing.T, b *contact.Book, x, y hub.HomeID, reason string) {
	t.Helper()
	if err := b.Candidate(ctx, team, x, y, reason); err != nil {
		t.Fatal(err)
	}
}

// open are the candidates that are to be decided, as numbers of homes, newest first.
func open(t *testing.T, b *contact.Book, ids []hub.HomeID) string {
	t.Helper()
	var out []string
	before := ""
	for {
		list, next, err := b.Open(ctx, team, before, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			x, y := slices.Index(ids, c.A), slices.Index(ids, c.B)
			out = append(out, fmt.Sprintf("%d-%d %s", min(x, y), max(x, y), c.Reason))
		}
		if before = next; next == "" {
			return strings.Join(out, ", ")
		}
	}
}

// decided is what became of a contact's candidates.
func decided(t *testing.T, b *contact.Book, home hub.HomeID) string {
	t.Helper()
	list, err := b.Candidates(ctx, team, home)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range list {
		out = append(out, c.Reason+":"+string(c.Decision))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// told are the candidates that were published.
func told(t *testing.T, h *hubtest.Hub) int {
	t.Helper()
	n := 0
	for _, e := range h.Published() {
		if e.Kind == hub.ContactCandidate {
			n++
		}
	}
	return n
}

func TestCandidateIsKeptOnceForEachReason(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	ids := homes(t, h, "candidate", 3)
	for range 2 {
		for _, reason := range []string{hub.ReasonPhone, hub.ReasonEmail} {
			candidate(t, b, ids[0], ids[1], reason)
			candidate(t, b, ids[1], ids[0], reason)
			h.Clock.Advance(time.Second)
		}
	}
	candidate(t, b, ids[0], ids[0], hub.ReasonPhone)
	if got, want := open(t, b, ids), "0-1 same_email, 0-1 same_phone"; got != want || told(t, h) != 2 {
		t.Errorf("got %s, told %d times, want %s, each told once", got, told(t, h), want)
	}
	for _, id := range ids[:2] {
		if got, want := decided(t, b, id), "same_email: same_phone:"; got != want {
			t.Errorf("got %s at home %s, want %s at both", got, id, want)
		}
	}
}

func TestCandidateIsClosedByAJoinAndOpenAgainAfterItsUndoing(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	ids := homes(t, h, "closed", 3)
	candidate(t, b, ids[0], ids[1], hub.ReasonPhone)
	h.Clock.Advance(time.Second)
	candidate(t, b, ids[0], ids[2], hub.ReasonEmail)
	for range 2 {
		for _, y := range ids[1:] {
			if _, err := b.JoinBy(ctx, team, ids[0], y, hub.EvidencePerson, "", c.by("contact.join")); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if got := open(t, b, ids); got != "" {
				t.Errorf("got %s to be decided, want nothing", got)
			}
		}
		if got, want := decided(t, b, ids[2]), "same_email:joined same_phone:joined"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		before := told(t, h)
		if err := b.Undo(ctx, team, [][2]hub.HomeID{{ids[1], ids[0]}}, c.by("contact.undo")); err != nil {
			t.Fatal(err)
		}
		if got, want := open(t, b, ids), "0-1 same_phone"; got != want || told(t, h) != before+1 {
			t.Errorf("got %s, told %d times more, want %s, told once more", got, told(t, h)-before, want)
		}
	}
}

func TestCandidateOfOneContactIsKeptQuietly(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	ids := homes(t, h, "quiet", 3)
	for _, p := range [][2]int{{0, 1}, {1, 2}} {
		if _, err := join(b, ids[p[0]], ids[p[1]]); err != nil {
			t.Fatal(err)
		}
	}
	candidate(t, b, ids[0], ids[2], hub.ReasonPhone)
	if got := open(t, b, ids); got != "" || told(t, h) != 0 {
		t.Errorf("got %s to be decided, told %d times, want none", got, told(t, h))
	}
	if err := b.Undo(ctx, team, [][2]hub.HomeID{{ids[1], ids[2]}}, one(h, "contact.undo")); err != nil {
		t.Fatal(err)
	}
	if got, want := open(t, b, ids), "0-2 same_phone"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDismissedCandidateStaysDismissed(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	ids := homes(t, h, "dismissed", 3)
	candidate(t, b, ids[0], ids[1], hub.ReasonPhone)
	for range 2 {
		if err := b.Dismiss(ctx, team, ids[1], ids[0], c.by("contact.dismiss")); err != nil {
			t.Fatal(err)
		}
		candidate(t, b, ids[0], ids[1], hub.ReasonPhone)
	}
	if got := open(t, b, ids) + decided(t, b, ids[0]) + decided(t, b, ids[1]); got != "same_phone:dismissedsame_phone:dismissed" {
		t.Errorf("got %s, want it dismissed at both", got)
	}
	if list := audits(t, h); len(list) != 1 {
		t.Errorf("got %+v, want one audit", list)
	}
	candidate(t, b, ids[0], ids[1], hub.ReasonEmail)
	if got, want := open(t, b, ids), "0-1 same_email"; got != want {
		t.Errorf("another reason: got %s, want %s", got, want)
	}
	if err := b.Dismiss(ctx, team, ids[1], ids[2], c.by("contact.dismiss")); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("nothing to dismiss: got %v, want not found", err)
	}
}

func TestNeverJoinStandsUntilItIsTakenBack(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	ids := homes(t, h, "never said", 4)
	candidate(t, b, ids[0], ids[1], hub.ReasonPhone)
	old, err := h.Store.Home(ctx, team, ids[0])
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := b.Never(ctx, team, ids[1], ids[0], "brothers", c.by("contact.never")); err != nil {
			t.Fatal(err)
		}
	}
	if list := audits(t, h); len(list) != 1 {
		t.Errorf("got %+v, want one audit", list)
	}
	if now, err := h.Store.Home(ctx, team, ids[0]); err != nil || now.Version != old.Version+1 {
		t.Errorf("got version %d, %v, want it raised: a join under way must see it", now.Version, err)
	}
	candidate(t, b, ids[0], ids[1], hub.ReasonEmail)
	if got := open(t, b, ids) + decided(t, b, ids[1]); got != "same_phone:never" {
		t.Errorf("got %s, want it decided, and nothing new", got)
	}
	if _, err := join(b, ids[1], ids[2]); err != nil {
		t.Fatal(err)
	}
	for _, y := range []int{1, 2} {
		if _, err := join(b, ids[0], ids[y]); obstacle(err).Code != hub.NeverJoin {
			t.Errorf("home %d: got %v, want it refused", y, err)
		}
	}
	candidate(t, b, ids[0], ids[2], hub.ReasonEmail) // by way of home 1 they must not be
	if got := open(t, b, ids); got != "" {
		t.Errorf("got %s to be decided, want nothing that cannot be", got)
	}
	o := obstacle(b.Never(ctx, team, ids[1], ids[2], "", c.by("contact.never")))
	if o.Code != hub.AlreadyOne || len(o.Edges) != 1 {
		t.Errorf("got %+v, want the edge between the two", o)
	}
	if err := b.Never(ctx, team, ids[0], "nobody", "", c.by("contact.never")); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v, want not found", err)
	}
	if err := b.Never(ctx, team, ids[0], ids[3], strings.Repeat("w", 501), c.by("contact.never")); hub.CodeOf(err) != hub.BadRequest {
		t.Errorf("got %v, want a bad request", err)
	}
	for range 2 {
		if err := b.TakeNeverBack(ctx, team, ids[0], ids[1], c.by("contact.allow")); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := open(t, b, ids), "0-2 same_email, 0-1 same_phone"; !sameWords(got, want) && !sameWords(got, "0-1 same_phone, 0-2 same_email") {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := join(b, ids[0], ids[2]); err != nil {
		t.Errorf("after it was taken back: %v", err)
	}
}

// TestNeverAndJoinAtOnceDoNotBothStand: of two who decide at the same time one is told
// that the other was first.
func TestNeverAndJoinAtOnceDoNotBothStand(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	for round := range 10 {
		ids := homes(t, h, fmt.Sprint("both", round), 4)
		for _, p := range [][2]int{{0, 1}, {2, 3}} {
			if _, err := join(b, ids[p[0]], ids[p[1]]); err != nil {
				t.Fatal(err)
			}
		}
		a := hub.Audit{ID: fmt.Sprint(round), At: hub.MillisOf(h.Clock.Now()), Actor: hub.Actor{Kind: hub.ActorMember, ID: "anna"}}
		err := atOnce(2, []func() error{
			settle(func() error { _, err := b.Join(ctx, team, ids[0], ids[2], hub.EvidenceAlias, "", "hub"); return err }),
			settle(func() error { return b.Never(ctx, team, ids[1], ids[3], "", a) }),
		})
		if err != nil {
			t.Fatal(err)
		}
		c, err := b.Contact(ctx, team, ids[0])
		if err != nil {
			t.Fatal(err)
		}
		never, err := h.Store.NeverBetween(ctx, team, ids[1], ids[3])
		if err != nil || never == (len(c.Homes) == 4) {
			t.Errorf("got %d homes, never %v, %v: want one of the two", len(c.Homes), never, err)
		}
	}
}
