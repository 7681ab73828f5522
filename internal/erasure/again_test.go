package erasure_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// TestImportedPersonComesBackAndIsErasedAgain: the id of an imported person's home has no
// epoch.
func TestImportedPersonComesBackAndIsErasedAgain(t *testing.T) {
	s := newScene(t)
	mail := contact.Change{Field: "email", Value: annaMail}
	upsert := func() hub.HomeID {
		t.Helper()
		home, made, err := s.book.Upsert(ctx, team, mail, nil, s.audit("upsert"))
		if err != nil || !made {
			t.Fatalf("got made %v, %v", made, err)
		}
		s.Clock.Advance(time.Second)
		return home
	}
	run := func(wait time.Duration) {
		t.Helper()
		s.Clock.Advance(wait)
		_, err := s.worker.Due(ctx)
		s.must(err)
	}
	s.home = upsert()
	first := s.erase()
	run(time.Second)
	s.must(s.office.Allow(ctx, team, mail, s.audit("allow")))
	fresh := upsert()
	run(hub.ErasureSettle)
	run(hub.ErasureLast)
	if _, err := s.Store.Home(ctx, team, fresh); err != nil || fresh == s.home {
		t.Fatalf("got %s, %v, want another home than %s, which stays", fresh, err, s.home)
	}
	_, err := s.office.Again(ctx, []hub.Erasure{first}, first.At)
	s.must(err)
	run(time.Second)
	run(hub.ErasureSettle)
	if _, err := s.Store.Home(ctx, team, fresh); err != nil {
		t.Errorf("after the first erasure was done again: got %v, want the new home to stay", err)
	}
	s.home = fresh
	second := s.erase()
	if second.ID == first.ID {
		t.Error("got the first erasure, want one of the new home")
	}
	run(time.Second)
	run(hub.ErasureSettle)
	s.clean(second)
}

func TestCreateBringsNoErasedHomeBack(t *testing.T) {
	s := newScene(t)
	create := func() (hub.HomeID, error) {
		home, _, err := s.book.Create(ctx, team, "call", []contact.Change{{Field: "name", Value: annaName}}, s.audit("create"))
		return home, err
	}
	var err error
	s.home, err = create()
	s.must(err)
	e := s.erase()
	s.work()
	if _, err := create(); obstacle(err) != hub.WasErased {
		t.Errorf("got %v, want it refused as erased", err)
	}
	s.clean(e)
}

// TestHomeThatIsMadeAfterTheErasureBeganIsErased: two threads are one, and whoever stores
// the first message of the second has not made its home yet.
func TestHomeThatIsMadeAfterTheErasureBeganIsErased(t *testing.T) {
	y := newToys(t)
	y.come(y.event("wa:"+digits, channel.Event{Kind: channel.EventMessage, Message: channel.Message{Text: texts[0]}, Aliases: aliases("wa:" + digits)}))
	y.home = y.homeOf("toy1", "wa:"+digits)
	own := y.ref("toy1", userID)
	from, _, err := y.Store.Advance(ctx, own, store.Arrival{Key: hub.NewMessageKey(y.now(), "m"), Account: "toy1", External: userID, Kind: hub.Person})
	y.must(err)
	to, err := y.Store.Thread(ctx, y.ref("toy1", "wa:"+digits))
	y.must(err)
	y.must(y.Store.Fuse(ctx, team, &from, &to))
	y.Clock.Advance(time.Second)
	e := y.erase()
	y.must(y.Store.PutHome(ctx, team, hub.Home{
		ID: y.Team.Pepper.Home("toy1", userID, 0), Account: "toy1", Channel: "toy", User: own.User, External: userID, Kind: hub.Person, Created: from.FirstKey.At(),
	}))
	y.work()
	y.clean(e)
}

// TestWhatAPlatformSaysAheadOfOurClockIsErased: five seconds are no time in the future.
func TestWhatAPlatformSaysAheadOfOurClockIsErased(t *testing.T) {
	y := newToys(t)
	said := y.event(userID, channel.Event{Kind: channel.EventMessage, Message: channel.Message{Text: texts[0]}})
	ahead := y.events[said.Event]
	ahead.At = ahead.At.Add(5 * time.Second)
	y.events[said.Event] = ahead
	y.must(y.rc.Receive(ctx, said))
	y.home = y.homeOf("toy1", userID)
	e := y.erase()
	y.must(y.rc.Receive(ctx, said))
	y.work()
	y.must(y.rc.Receive(ctx, said))
	y.clean(e)
	if th, err := y.Store.ThreadAt(ctx, y.ref("toy1", userID)); err != nil || th.Account != "" {
		t.Errorf("got %+v, %v, want nobody to have come back", th, err)
	}
}

// TestMessageAheadThatComesWhileTheErasureBeginsIsLookedAtAgain: the thread was read
// before it.
func TestMessageAheadThatComesWhileTheErasureBeginsIsLookedAtAgain(t *testing.T) {
	s := annaScene(t)
	ref := s.ref("line1", lineID)
	seen, err := s.Store.Thread(ctx, ref)
	s.must(err)
	_, _, err = s.Store.Advance(ctx, ref, store.Arrival{Key: hub.NewMessageKey(s.now().Add(time.Second), "m"), Account: "line1", External: lineID, Kind: hub.Person})
	s.must(err)
	e := hub.Erasure{Team: team, ID: "x", At: s.now(), Root: s.home, Homes: []hub.HomeID{s.home}, Phase: hub.ErasureBegun, Due: s.now()}
	if err := s.Store.BeginErasure(ctx, e, nil, []hub.Thread{seen}, s.audit("erase")); hub.CodeOf(err) != hub.Conflict {
		t.Errorf("got %v, want a conflict", err)
	}
}

// TestReceiptsOfErasedMessagesLeaveNothing: they are of after the erasure, and about what
// was sent before it.
func TestReceiptsOfErasedMessagesLeaveNothing(t *testing.T) {
	y := newToys(t)
	y.come(y.event(userID, channel.Event{Kind: channel.EventMessage, Message: channel.Message{Text: texts[0]}}))
	y.home = y.homeOf("toy1", userID)
	e := y.erase()
	y.work()
	y.come(y.event(userID, channel.Event{Kind: channel.EventReceipt, Receipt: channel.Receipt{Target: "pid-of-ours", State: hub.Read}}))
	y.come(y.event(userID, channel.Event{Kind: channel.EventWatermark, Watermark: channel.Watermark{State: hub.Read, UpTo: y.now()}}))
	y.clean(e)
}

// TestMarkOfATimeInTheFutureDoesNotComeBack: the platform's time is no time of the log.
func TestMarkOfATimeInTheFutureDoesNotComeBack(t *testing.T) {
	y := newToys(t)
	said := y.event(userID, channel.Event{Kind: channel.EventMessage, Message: channel.Message{Text: texts[0]}})
	ahead := y.events[said.Event]
	ahead.At = ahead.At.Add(time.Hour)
	y.events[said.Event] = ahead
	y.come(said)
	y.home = y.homeOf("toy1", userID)
	e := y.erase()
	y.work()
	y.must(y.rc.Receive(ctx, said))
	y.clean(e)
}

// TestAliasesThatWereClaimedButNotSettledAreGivenBack: the event was cut off before the
// thread told of its claims, or was overtaken by the erasure.
func TestAliasesThatWereClaimedButNotSettledAreGivenBack(t *testing.T) {
	for i, kind := range []channel.EventKind{channel.EventMessage, channel.EventMessage, channel.EventSubscription, channel.EventEntry} {
		overtaken := i > 0
		y := newToys(t)
		y.come(y.event(userID, channel.Event{Kind: channel.EventMessage, Message: channel.Message{Text: texts[0]}}))
		y.home = y.homeOf("toy1", userID)
		said := y.event(userID, channel.Event{
			Kind: kind, Message: channel.Message{Text: texts[1]}, Subscribed: true, Entry: channel.Entry{Source: "link"}, Aliases: aliases(userID, "wa:"+digits),
		})
		begin := func() {
			y.Clock.Advance(time.Second)
			y.erase()
		}
		cut := false
		rc := y.receiver(y.As("Inbound", before("aka", func() bool {
			cut = true
			if overtaken {
				begin()
			}
			return overtaken
		})))
		rc.Adapters = y.rc.Adapters
		if err := rc.Receive(ctx, said); err == nil || !cut {
			t.Fatalf("%s: got %v, cut off %v, want the event to come again", kind, err, cut)
		}
		if !overtaken {
			begin()
		}
		y.work()
		y.must(y.rc.Receive(ctx, said))
		contacts := y.Dump(y.Store.Tables.Contacts)
		if strings.Contains(contacts, "u#toy1") {
			t.Errorf("%s, overtaken %v: an alias is claimed for somebody who was erased:\n%s", kind, overtaken, contacts)
		}
	}
}

// TestClaimThatIsNotedWhileTheErasureBeginsIsErased: the note comes after the erasure has
// read which there are, and the claim after the first sweep.
func TestClaimThatIsNotedWhileTheErasureBeginsIsErased(t *testing.T) {
	y := newToys(t)
	y.come(y.event(userID, channel.Event{Kind: channel.EventMessage, Message: channel.Message{Text: texts[0]}}))
	y.home = y.homeOf("toy1", userID)
	ref, al, at := y.ref("toy1", userID), store.Alias{Hash: "h"}, y.now()
	e := y.erase()
	y.must(y.Store.NoteClaim(ctx, ref, al, e.At-1))
	y.Clock.Advance(time.Second)
	_, err := y.worker.Due(ctx)
	y.must(err)
	_, err = y.Store.ClaimAlias(ctx, team, al, "toy1", ref.User, "")
	y.must(err)
	for _, wait := range []time.Duration{hub.ErasureSettle, hub.ErasureLast} {
		y.Clock.Advance(wait)
		_, err = y.worker.Due(ctx)
		y.must(err)
	}
	y.clean(e)
	if c, err := y.Store.Alias(ctx, team, al, "toy1"); err != nil || c.User != "" || c.Erased < at {
		t.Errorf("got %+v, %v, want it given back", c, err)
	}
}

// before is a transport that calls do before the first request whose body has a word, and
// breaks that request unless do lets it pass.
func before(word string, do func() bool) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		done := false
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			if !done && bytes.Contains(body, []byte("ADD "+word)) {
				if done = true; !do() {
					return nil, errors.New("cut off")
				}
			}
			return next.RoundTrip(r)
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
