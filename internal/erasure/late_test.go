package erasure_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// toy is a channel whose raw events name those of a list.
type toy struct {
	caps   channel.Capabilities
	events map[string]channel.Event
}

func (y *toy) Kind() hub.Channel                                  { return "toy" }
func (y *toy) Capabilities() channel.Capabilities                 { return y.caps }
func (y *toy) Verify(*channel.Request, channel.Credentials) error { return nil }
func (y *toy) Split(*channel.Request) ([]channel.Slice, error)    { return nil, nil }
func (y *toy) Setup() channel.Setup                               { return channel.Setup{} }
func (y *toy) Parse(_, raw []byte) (channel.Event, error) {
	e, ok := y.events[string(raw)]
	if !ok {
		return e, hub.E(hub.Unparsable, "toy: parse", fmt.Errorf("no such event"))
	}
	return e, nil
}
func (y *toy) Send(context.Context, channel.Account, channel.Outgoing) (channel.Sent, error) {
	return channel.Sent{}, nil
}

// toys is a scene with an account of the toy channel.
type toys struct {
	*scene
	*toy
}

func newToys(t testing.TB) *toys {
	y := &toys{scene: newScene(t), toy: &toy{events: map[string]channel.Event{}, caps: channel.Capabilities{
		Aliases: true, Groups: true, Echoes: true, Receipts: []hub.State{hub.Delivered, hub.Read}, Window: 24 * time.Hour,
	}}}
	y.must(y.Hub.Setup.Connect(ctx, y.Team, "toy1", "toy", channel.Secrets{"s": "x"}, settings.NewAccount{ID: "toy1", External: "ext", Scope: "portfolio"}))
	y.rc.Adapters = map[hub.Channel]channel.Adapter{"toy": y.toy}
	return y
}

// event is an envelope of an event of a user, as of now.
func (y *toys) event(user string, e channel.Event) hub.Envelope {
	y.n++
	e.ID, e.At, e.User, e.UserKind = fmt.Sprintf("T%d", y.n), y.now(), user, hub.Person
	if e.Kind == channel.EventMessage || e.Kind == channel.EventEcho {
		e.Message.ID, e.Message.Type = "m"+e.ID, hub.Text
	}
	y.events[e.ID] = e
	env := y.envelope("toy1", "toy1", "toy", user, e.ID, "{}")
	env.Event = e.ID
	return env
}

func aliases(ids ...string) (list []channel.Alias) {
	for _, id := range ids {
		a := channel.Alias{Kind: channel.AliasUser, Value: hub.Personal(id)}
		if phone, ok := strings.CutPrefix(id, "wa:"); ok {
			a = channel.Alias{Kind: channel.AliasPhone, Value: hub.Personal(phone)}
		}
		list = append(list, a)
	}
	return list
}

// every is one event of each kind by which something of a person comes in.
func (y *toys) every(user string) []hub.Envelope {
	said := channel.Message{Text: texts[0]}
	list := []channel.Event{
		{Kind: channel.EventMessage, Message: said, Aliases: aliases(user), Profile: channel.Profile{Name: annaName, Phone: "+" + digits}},
		{Kind: channel.EventMessage, Message: said, Entry: channel.Entry{Source: "ad", Ad: "1"}},
		{Kind: channel.EventAction, Action: channel.Action{Kind: channel.Edit, Target: "mT1", Value: texts[4], Actor: user}},
		{Kind: channel.EventAction, Action: channel.Action{Kind: channel.Unsend, Target: "mT1", Actor: user}},
		{Kind: channel.EventReceipt, Receipt: channel.Receipt{Target: "pid-of-ours", State: hub.Read}},
		{Kind: channel.EventWatermark, Watermark: channel.Watermark{State: hub.Read, UpTo: y.now()}},
		{Kind: channel.EventSubscription, Subscribed: true, Aliases: aliases(user, "wa:"+digits)},
		{Kind: channel.EventSubscription},
		{Kind: channel.EventIdentity, Aliases: aliases(user), Former: aliases("wa:" + digits)},
		{Kind: channel.EventLink, Link: hub.AccountLink{OK: true, Nonce: annaID}},
		{Kind: channel.EventEcho, Message: channel.Message{Text: texts[5]}},
		{Kind: channel.EventEntry, Entry: channel.Entry{Source: "link", Ref: annaID}, Aliases: aliases(user)},
		{Kind: channel.EventOther},
	}
	out := make([]hub.Envelope, len(list))
	for i, e := range list {
		out[i] = y.event(user, e)
	}
	broken := y.envelope("toy1", "toy1", "toy", user, texts[6], "{}")
	broken.Event = fmt.Sprint("broken", y.n)
	large := broken
	large.Chunk = &hub.Chunk{ID: hub.Digest("large", fmt.Sprint(y.n)), Total: 1, Size: len(large.Raw), Reason: hub.TooLarge}
	return append(out, broken, large)
}

func TestNoEventOfBeforeComesBackThoughItIsLate(t *testing.T) {
	y := newToys(t)
	known := y.every(userID)
	late := y.every(userID) // of the same time, but they come after the erasure
	moved := y.event("TW.9", channel.Event{Kind: channel.EventIdentity, Aliases: aliases("TW.9"), Former: aliases(userID, "wa:"+digits)})
	for _, e := range known {
		y.come(e)
	}
	y.come(moved)
	y.home = y.homeOf("toy1", "TW.9")
	later := y.event("TW.10", channel.Event{Kind: channel.EventIdentity, Aliases: aliases("TW.10"), Former: aliases("TW.9")})
	e := y.erase()
	y.work()
	y.clean(e)
	before := y.dump()
	for _, e := range append(append(append(known, late...), moved), later) {
		y.must(y.rc.Receive(ctx, e))
	}
	after := y.dump()
	for where := range before {
		if where != "log" && before[where] != after[where] {
			t.Errorf("%s: got\n%s\nwant as before\n%s", where, after[where], before[where])
		}
	}
	for _, again := range known { // sent again by the platform
		again.Received = y.now()
		y.must(y.rc.Receive(ctx, again))
	}
	y.clean(e)
}

func TestClaimsWithoutAThreadAreErased(t *testing.T) {
	y := newToys(t)
	y.come(y.event(userID, channel.Event{Kind: channel.EventIdentity, Aliases: aliases(userID), Former: aliases("wa:" + digits)}))
	y.come(y.event(userID, channel.Event{Kind: channel.EventMessage, Message: channel.Message{Text: texts[0]}}))
	y.home = y.homeOf("toy1", userID)
	e := y.erase()
	if len(e.Aliases) != 2 {
		t.Errorf("got %d aliases, want the id and the number", len(e.Aliases))
	}
	y.work()
	y.clean(e)
}

func TestMessagesThatComeWhileAPersonIsErasedAreOldOrFresh(t *testing.T) {
	s := annaScene(t)
	var come []hub.Envelope
	for i := range 24 {
		come = append(come, s.said(lineID, fmt.Sprint(300+i), fmt.Sprint("concurrent ", i)))
		s.Clock.Advance(time.Millisecond)
	}
	var wg sync.WaitGroup
	for _, e := range come {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 20 {
				if s.rc.Receive(ctx, e) == nil {
					return
				}
			}
			t.Error("a message is refused for ever")
		}()
	}
	p, err := s.office.Preview(ctx, team, s.home)
	s.must(err)
	e, err := s.office.Begin(ctx, team, s.home, p.Token, s.audit("erase"))
	for range 20 {
		if hub.CodeOf(err) != hub.Conflict {
			break
		}
		p, err = s.office.Preview(ctx, team, s.home)
		s.must(err)
		e, err = s.office.Begin(ctx, team, s.home, p.Token, s.audit("erase"))
	}
	s.must(err)
	wg.Wait()
	s.work()
	s.clean(e)
	if text := s.Dump(s.Store.Tables.Messages); strings.Contains(text, "concurrent") {
		t.Error("a message of before the erasure is there")
	}
}

func TestMessageThatWasCutOffBeforeTheErasureStaysAway(t *testing.T) {
	for calls := range 8 {
		s := annaScene(t)
		e := s.said(lineID, "400", texts[0])
		rc := s.receiver(s.As("Inbound", hubtest.Cut(calls, true)))
		_ = rc.Receive(ctx, e)
		s.Clock.Advance(time.Second)
		done := s.erase()
		_ = rc.Receive(ctx, e)
		s.work()
		s.must(s.rc.Receive(ctx, e))
		s.clean(done)
	}
}

func TestSharedAliasStaysWithTheOther(t *testing.T) {
	h := hubtest.New(t)
	al := store.Alias{Hash: "h"}
	for u, account := range map[hub.UserKey]hub.AccountID{"anna": "a1", "bert": "a2"} {
		if _, err := h.Store.ClaimAlias(ctx, team, al, account, u, ""); err != nil {
			t.Fatal(err)
		}
	}
	e := hub.Erasure{Team: team, ID: "x", At: hub.MillisOf(h.Clock.Now()), Users: []hub.UserKey{"anna"}, Aliases: []string{"h"}}
	for range 2 {
		if err := h.Store.EraseAlias(ctx, e, "h"); err != nil {
			t.Fatal(err)
		}
	}
	c, err := h.Store.Alias(ctx, team, al, "a1")
	if err != nil || c.User != "" || c.First != "bert" || c.Account != "a2" || c.Erased != e.At {
		t.Errorf("got %+v, %v, want the other one's alone", c, err)
	}
}

func TestContactsThatShareAThreadAreErasedTogether(t *testing.T) {
	y := newToys(t)
	said := func(user string, ids ...string) {
		y.come(y.event(user, channel.Event{Kind: channel.EventMessage, Message: channel.Message{Text: texts[0]}, Aliases: aliases(ids...)}))
	}
	said("wa:"+digits, "wa:"+digits)
	number := y.homeOf("toy1", "wa:"+digits)
	said(userID, userID)
	id := y.homeOf("toy1", userID)
	said(userID, userID, "wa:"+digits) // now it is known to be one
	y.must(y.book.Undo(ctx, team, [][2]hub.HomeID{{number, id}}, y.audit("undo")))
	for _, home := range []hub.HomeID{number, id} {
		p, err := y.office.Preview(ctx, team, home)
		if err != nil || len(p.Homes) != 2 || p.Threads != 2 || p.Messages != 3 || p.Root != home {
			t.Errorf("got %d homes, %d threads and %d messages, %v, want both homes shown", len(p.Homes), p.Threads, p.Messages, err)
		}
	}
	y.home = id
	e := y.erase()
	if again, err := y.office.Begin(ctx, team, number, "1.x", y.audit("erase")); err != nil || again.ID != e.ID {
		t.Errorf("the other one: got %+v, %v, want it to be in the same erasure", again, err)
	}
	y.work()
	y.clean(e)
}

func TestLongLogIsErasedWhole(t *testing.T) {
	s := annaScene(t)
	ref := s.ref(hubtest.LineAccount, lineID)
	for i := range 250 {
		at := s.now() - hub.Millis(i)
		_, err := s.Store.PutMessage(ctx, ref, hub.Inbound{Key: hub.NewMessageKey(at, fmt.Sprint("x", i)), Type: hub.Text, Text: texts[0], Received: at})
		s.must(err)
	}
	p, err := s.office.Preview(ctx, team, s.home)
	if err != nil || p.Messages < 250 || p.More {
		t.Errorf("got %d messages, %v", p.Messages, err)
	}
	e := s.erase()
	s.work()
	s.clean(e)
	if e, err = s.office.Erasure(ctx, team, e.ID); err != nil || e.Counts.Messages < 250 {
		t.Errorf("got %+v, %v, want all counted", e.Counts, err)
	}
}
