package chat_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// texts lists a thread's messages, oldest first.
func (y *toys) texts(account hub.AccountID, id string) string {
	y.t.Helper()
	log, err := y.Store.Log(context.Background(), y.at(account, id), "", 100)
	if err != nil {
		y.t.Fatal(err)
	}
	var out []string
	for i := len(log) - 1; i >= 0; i-- {
		out = append(out, log[i].Text)
	}
	return strings.Join(out, " ")
}

// one checks that ids of an account lead to one thread with one floor, and to one
// contact, and answers the thread.
func (y *toys) one(account hub.AccountID, ids ...string) hub.Thread {
	y.t.Helper()
	first, person := y.thread(account, ids[0]), y.contact(account, ids[0])
	for _, id := range ids[1:] {
		if t := y.thread(account, id); t.User != first.User {
			y.t.Errorf("%s and %s: got two threads, want one", ids[0], id)
		}
		if c := y.contact(account, id); c.Root != person.Root {
			y.t.Errorf("%s and %s: got two contacts, want one", ids[0], id)
		}
	}
	return first
}

func TestOnePersonUnderPhoneThenIDThenBothIsOneContactAndThread(t *testing.T) {
	for name, order := range map[string][][]string{
		"phone, id, both": {{"wa:886"}, {"TW.1"}, {"wa:886", "TW.1"}},
		"id, phone, both": {{"TW.1"}, {"wa:886"}, {"wa:886", "TW.1"}},
		"phone, both, id": {{"wa:886"}, {"wa:886", "TW.1"}, {"TW.1"}},
		"both, phone, id": {{"wa:886", "TW.1"}, {"wa:886"}, {"TW.1"}},
		"both, id, phone": {{"wa:886", "TW.1"}, {"TW.1"}, {"wa:886"}},
	} {
		t.Run(name, func(t *testing.T) {
			y := newToys(t)
			var come []hub.Envelope
			for i, ids := range order {
				come = append(come, y.come("toy1", wrote(fmt.Sprint(i), ids...)))
			}
			receive(t, y.rc, come) // everything once more
			th := y.one("toy1", "wa:886", "TW.1")
			if got := y.texts("toy1", "TW.1"); got != "0 1 2" {
				t.Errorf("messages: got %q, want each once, in order", got)
			}
			if th.Conversation == "" || !th.Unread() {
				t.Errorf("got %+v, want one open conversation, unread", th)
			}
			open := 0
			for shard := range 8 {
				list, err := y.Store.Open(context.Background(), hubtest.Team, shard, 10)
				if err != nil {
					t.Fatal(err)
				}
				open += len(list)
			}
			if open != 1 {
				t.Errorf("open threads: got %d, want 1", open)
			}
			if _, err := y.Store.Accept(context.Background(), y.at("toy1", "wa:886"), th.Conversation, "anna"); err == nil && th.User != y.at("toy1", "wa:886").User {
				t.Error("the other id has a floor of its own")
			}
			c := y.contact("toy1", "TW.1")
			for _, e := range c.Edges {
				if e.Evidence != hub.EvidenceAlias || e.Detail == "" || e.By != "hub" {
					t.Errorf("edge: got %+v, want its evidence", e)
				}
			}
			if len(c.Homes) == 2 {
				path, err := y.rc.Contacts.Why(context.Background(), hubtest.Team, c.Homes[0].ID, c.Homes[1].ID)
				if err != nil || len(path) != 1 {
					t.Errorf("why: got %v, %v, want the edge", path, err)
				}
			}
		})
	}
}

func TestMessageThatShowsTwoIDsToBeOneIsAnswered(t *testing.T) {
	for _, first := range [][]string{{"wa:886"}, {"TW.1"}} {
		y := newToys(t)
		sent := y.accept("p")
		y.come("toy1", wrote("hello", first...))
		y.come("toy1", wrote("hello", map[string]string{"wa:886": "TW.1", "TW.1": "wa:886"}[first[0]]))
		y.come("toy1", wrote("ping", "wa:886", "TW.1"))
		log, err := y.Store.Log(context.Background(), y.at("toy1", "TW.1"), "", 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range log {
			if m.Inbound {
				continue
			}
			q, err := y.Store.Send(context.Background(), m.Ref, m.Key)
			if err != nil {
				t.Fatal(err)
			}
			if err := y.sender().Deliver(context.Background(), q, 1); err != nil {
				t.Fatal(err)
			}
		}
		if len(*sent) != 1 {
			t.Errorf("first %v: got %d answers, want 1: the floor is still the bot's", first, len(*sent))
		}
	}
}

func TestRecycledNumberIsACandidateAndNotAJoin(t *testing.T) {
	y := newToys(t)
	y.come("toy1", wrote("I am the first", "wa:886", "TW.1"))
	e := y.come("toy1", wrote("I am another", "wa:886", "TW.2"))
	receive(t, y.rc, []hub.Envelope{e})
	if y.thread("toy1", "TW.1").User == y.thread("toy1", "TW.2").User {
		t.Fatal("got one thread, want two: the number was given to somebody else")
	}
	a, b := y.contact("toy1", "TW.1"), y.contact("toy1", "TW.2")
	if a.Root == b.Root {
		t.Fatal("got one contact, want two")
	}
	candidates := 0
	for _, home := range []hub.HomeID{a.Root, b.Root} {
		for sk := range y.Items(y.Store.Tables.Contacts, "T#test#H#"+string(home)) {
			if strings.HasPrefix(sk, "K#") {
				candidates++
			}
		}
	}
	if candidates != 2 {
		t.Errorf("candidates: got %d, want one at each home", candidates)
	}
	if got := y.texts("toy1", "TW.1") + "|" + y.texts("toy1", "TW.2"); got != "I am the first|I am another" {
		t.Errorf("got %q", got)
	}
}

func TestAccountsOfOneScopeAreJoinedWithThreadsOfTheirOwn(t *testing.T) {
	y := newToys(t)
	y.come("toy1", wrote("to the first", "wa:886", "TW.1"))
	e := y.come("toy2", wrote("to the second", "TW.1"))
	receive(t, y.rc, []hub.Envelope{e, e})
	if a, b := y.contact("toy1", "TW.1"), y.contact("toy2", "TW.1"); a.Root != b.Root || len(a.Homes) != 2 || len(a.Edges) != 1 {
		t.Fatalf("got %+v and %+v, want one contact of two homes", a, b)
	}
	if got := y.texts("toy1", "TW.1") + "|" + y.texts("toy2", "TW.1"); got != "to the first|to the second" {
		t.Errorf("got %q, want a thread for each account", got)
	}
}

func changed(former, now []string) channel.Event {
	e := channel.Event{Kind: channel.EventIdentity, Type: "system"}
	_, e.Former = identity(former)
	e.User, e.Aliases = identity(now)
	return e
}

func TestPlatformsWordOnANewIDMovesThePerson(t *testing.T) {
	for name, play := range map[string]func(y *toys){
		"told, then a message": func(y *toys) {
			y.come("toy1", wrote("old", "wa:886", "TW.1"))
			y.come("toy1", changed([]string{"wa:886", "TW.1"}, []string{"wa:999", "TW.2"}))
			y.come("toy1", wrote("new", "wa:999", "TW.2"))
		},
		"a message, then told": func(y *toys) {
			y.come("toy1", wrote("old", "wa:886", "TW.1"))
			y.come("toy1", wrote("new", "wa:999", "TW.2"))
			y.come("toy1", changed([]string{"wa:886", "TW.1"}, []string{"wa:999", "TW.2"}))
		},
		"no number shown": func(y *toys) {
			y.come("toy1", wrote("old", "TW.1"))
			y.come("toy1", changed([]string{"TW.1"}, []string{"TW.2"}))
			y.come("toy1", wrote("new", "TW.2"))
		},
		"the number stays": func(y *toys) {
			y.come("toy1", wrote("old", "wa:886", "TW.1"))
			y.come("toy1", changed([]string{"TW.1"}, []string{"wa:886", "TW.2"}))
			y.come("toy1", wrote("new", "wa:886", "TW.2"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			y := newToys(t)
			play(y)
			th := y.one("toy1", "TW.1", "TW.2")
			if got := y.texts("toy1", "TW.2"); got != "old new" {
				t.Errorf("got %q, want both messages in one thread", got)
			}
			if th.To() != "TW.2" {
				t.Errorf("address: got %s, want the new one", th.To())
			}
		})
	}
}

func TestNumberOfAPersonWhoMovedAwayGoesToTheNextOneAsACandidate(t *testing.T) {
	y := newToys(t)
	y.come("toy1", wrote("old", "wa:886", "TW.1"))
	y.come("toy1", changed([]string{"wa:886", "TW.1"}, []string{"wa:999", "TW.2"}))
	y.come("toy1", wrote("stranger", "wa:886", "TW.7"))
	if y.thread("toy1", "TW.7").User == y.thread("toy1", "TW.2").User || y.contact("toy1", "TW.7").Root == y.contact("toy1", "TW.2").Root {
		t.Error("got one person, want two: the number was given away")
	}
}

func TestIdentityHoldsAtOnceAndInAnyOrder(t *testing.T) {
	t.Parallel() // it is among the longest
	y := newToys(t)
	for round := range 12 {
		phone, id := fmt.Sprintf("wa:%d", 1000+round), fmt.Sprintf("TW.%d", 1000+round)
		var list []hub.Envelope
		for i, ids := range [][]string{{phone}, {id}, {phone, id}, {phone}, {id}, {phone, id}} {
			list = append(list, y.envelope("toy1", wrote(fmt.Sprint(i), ids...)))
		}
		var wait sync.WaitGroup
		errs := make(chan error, 3*len(list))
		for range 3 {
			for _, e := range list {
				wait.Go(func() {
					var err error
					for range 30 {
						if err = y.rc.Receive(context.Background(), e); err == nil {
							break
						}
					}
					errs <- err
				})
			}
		}
		wait.Wait()
		close(errs)
		for err := range errs {
			if err != nil {
				t.Fatal(err)
			}
		}
		y.one("toy1", phone, id)
		if got := y.texts("toy1", id); got != "0 1 2 3 4 5" {
			t.Fatalf("round %d: got %q, want six messages", round, got)
		}
	}
}

func TestCrashWithinIdentityHealsOnRedelivery(t *testing.T) {
	t.Parallel() // it is among the longest
	for _, after := range []bool{false, true} {
		for calls := range 24 {
			y := newToys(t)
			y.come("toy1", wrote("0", "wa:886"))
			y.come("toy1", wrote("1", "TW.1"))
			y.come("toy2", wrote("x", "TW.1"))
			e := y.envelope("toy1", wrote("2", "wa:886", "TW.1"))
			broken := y.As("broken", hubtest.Cut(calls, after))
			cut := y.receiver(broken).Receive(context.Background(), e) != nil
			receive(t, y.rc, []hub.Envelope{e})
			th := y.one("toy1", "wa:886", "TW.1")
			if c := y.contact("toy2", "TW.1"); c.Root != y.contact("toy1", "TW.1").Root || len(c.Homes) != 3 {
				t.Fatalf("cut after %d calls (answer lost: %v): got %d homes, want 3 in one contact", calls, after, len(c.Homes))
			}
			if got := y.texts("toy1", "TW.1"); got != "0 1 2" || th.Conversation == "" {
				t.Fatalf("cut after %d calls (answer lost: %v): got %q, open %v", calls, after, got, th.Conversation != "")
			}
			if !cut {
				break // all of its calls were played
			}
		}
	}
}
